//! Licences, bans and sources of everything that is built, held against `deny.toml` also where cargo-deny is missing.

use std::{path::PathBuf, process::Command};

use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn policy() -> toml::Table {
    std::fs::read_to_string(root().join("deny.toml"))
        .unwrap()
        .parse()
        .unwrap()
}

/// Whether an SPDX expression can be met with these licences. Handles what registries hold: `A OR B`, `A AND B`,
/// brackets, and the old `A/B`.
fn acceptable(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let text = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let mut at = 0;
    let result = any_of(&tokens, &mut at, allowed);
    result && at == tokens.len()
}

fn any_of(tokens: &[&str], at: &mut usize, allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut result = all_of(tokens, at, allowed);
    while tokens.get(*at) == Some(&"OR") {
        *at += 1;
        result |= all_of(tokens, at, allowed);
    }
    result
}

fn all_of(tokens: &[&str], at: &mut usize, allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut result = one(tokens, at, allowed);
    while tokens.get(*at) == Some(&"AND") {
        *at += 1;
        result &= one(tokens, at, allowed);
    }
    result
}

fn one(tokens: &[&str], at: &mut usize, allowed: &dyn Fn(&str) -> bool) -> bool {
    if tokens.get(*at) == Some(&"(") {
        *at += 1;
        let result = any_of(tokens, at, allowed);
        *at += 1;
        return result;
    }
    let Some(name) = tokens.get(*at) else { return false };
    *at += 1;
    if tokens.get(*at) == Some(&"WITH") {
        let exception = tokens.get(*at + 1).copied().unwrap_or("");
        *at += 2;
        return allowed(&format!("{name} WITH {exception}")) || allowed(name);
    }
    allowed(name)
}

#[test]
fn every_licence_is_one_we_may_ship() {
    let policy = policy();
    let list: Vec<String> = policy["licenses"]["allow"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    let allowed = |name: &str| list.iter().any(|other| other == name);
    let mut refused = Vec::new();
    for package in packages() {
        let licence = package["license"].as_str().unwrap_or("");
        // A licence file instead of an expression needs a person's eye, and a line here.
        if !acceptable(licence, &allowed) {
            refused.push(format!("{} {}: {licence:?}", package["name"], package["version"]));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn every_source_is_the_registry_or_this_repository() {
    for package in packages() {
        match package["source"].as_str() {
            None => assert!(
                package["manifest_path"]
                    .as_str()
                    .unwrap()
                    .starts_with(root().to_str().unwrap())
            ),
            Some(source) => assert!(
                source.starts_with("registry+"),
                "{} comes from {source}",
                package["name"]
            ),
        }
    }
}

#[test]
fn nothing_banned_is_in_the_tree() {
    let policy = policy();
    let bans = policy["bans"]["deny"].as_array().unwrap();
    for package in packages() {
        let (name, version) = (package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
        for ban in bans {
            let text = ban["crate"].as_str().unwrap();
            let (banned, banned_version) = text.split_once("@=").map_or((text, None), |(n, v)| (n, Some(v)));
            let hit = banned == name && banned_version.is_none_or(|v| v == version);
            assert!(!hit, "{name} {version} is banned: {:?}", ban["reason"]);
        }
    }
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    let allowed = |name: &str| matches!(name, "MIT" | "ISC" | "Apache-2.0 WITH LLVM-exception");
    assert!(acceptable("MIT OR GPL-3.0", &allowed));
    assert!(acceptable("GPL-3.0/MIT", &allowed));
    assert!(!acceptable("MIT AND GPL-3.0", &allowed));
    assert!(acceptable("(GPL-3.0 OR MIT) AND ISC", &allowed));
    assert!(acceptable("Apache-2.0 WITH LLVM-exception", &allowed));
    assert!(!acceptable("", &allowed));
}
