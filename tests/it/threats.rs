//! The table of hostile tests in the threat model, held against the tests that there are.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where tests are written.
const PLACES: [&str; 4] = ["client", "systems", "server", "tests"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A source file: the package it belongs to, its path without ending, and its text.
struct Source {
    package: String,
    place: PathBuf,
    text: String,
}

/// The name in a folder's `Cargo.toml`.
fn package_of(folder: &Path) -> Option<String> {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let name = manifest.lines().find_map(|line| line.strip_prefix("name = "))?;
    Some(name.trim_matches('"').to_owned())
}

/// Adds every source file below a folder.
fn read_sources(folder: &Path, package: &str, sources: &mut Vec<Source>) {
    let package = package_of(folder).unwrap_or_else(|| package.to_owned());
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                read_sources(&path, &package, sources);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(Source {
                package: package.clone(),
                text: fs::read_to_string(&path).unwrap(),
                place: path.with_extension(""),
            });
        }
    }
}

/// Whether a function of this name is a test.
fn has_test(text: &str, function: &str) -> bool {
    let Some((before, _)) = text.split_once(&format!("fn {function}(")) else {
        return false;
    };
    // The attributes right above it.
    let above = before.rsplit_once('\n').map_or("", |(above, _)| above);
    let mut attributes = above.lines().rev().take_while(|line| {
        let line = line.trim_start();
        line.starts_with("#[") || line.starts_with("//")
    });
    attributes.any(|line| {
        let line = line.trim_start();
        line.starts_with("#[test]") || line.starts_with("#[tokio::test")
    })
}

/// Whether there is `package[::binary] module::…::function`, as `cargo nextest` prints it: in a file of that module, or of one
/// around it, which holds the rest inside.
fn exists(sources: &[Source], name: &str) -> bool {
    let Some((package, path)) = name.split_once(' ') else {
        return false;
    };
    let package = package.split("::").next().unwrap();
    let mut modules: Vec<&str> = path.split("::").collect();
    let function = modules.pop().unwrap();
    let places: Vec<PathBuf> = (1..=modules.len())
        .map(|count| modules[..count].iter().collect())
        .collect();
    sources.iter().any(|source| {
        source.package == package
            && places
                .iter()
                .any(|place| source.place.ends_with(place) || source.place.ends_with(place.join("mod")))
            && has_test(&source.text, function)
    })
}

/// The rows of the table: the number, and what stands in the last column.
fn rows(document: &str) -> Vec<(u32, &str)> {
    let (_, section) = document.split_once("\n## Hostile tests\n").expect("the heading");
    let section = section.split("\n## ").next().unwrap();
    section
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').collect();
            let number = cells.first()?.trim().parse().ok()?;
            assert_eq!(cells.len(), 4, "{line}");
            Some((number, cells[3].trim()))
        })
        .collect()
}

/// What stands in backticks.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    assert!(cell.matches('`').count().is_multiple_of(2), "{cell}");
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn every_test_that_the_threat_model_names_exists_where_it_says() {
    let document = fs::read_to_string(root().join("docs/THREAT_MODEL.md")).unwrap();
    let rows = rows(&document);
    let numbers: Vec<u32> = rows.iter().map(|(number, _)| *number).collect();
    let expected: Vec<u32> = (1..=39).chain(50..=55).chain(64..=65).collect();
    assert_eq!(numbers, expected, "one row a number, in order");

    let mut sources = Vec::new();
    for place in PLACES {
        read_sources(&root().join(place), "", &mut sources);
    }
    let mut found = 0;
    for (number, cell) in rows {
        assert!(!cell.is_empty(), "{number}");
        for name in names(cell) {
            assert!(exists(&sources, name), "{number}: there is no {name}");
            found += 1;
        }
    }
    assert!(found > 0, "no test is named");
    for wrong in [
        "orrery-tests::it threats::no_such_test",
        "orrery-core::it threats::every_test_that_the_threat_model_names_exists_where_it_says",
        "orrery-tests::it walls::every_test_that_the_threat_model_names_exists_where_it_says",
        "orrery-tests::it threats::has_test",
    ] {
        assert!(!exists(&sources, wrong), "{wrong}");
    }
}
