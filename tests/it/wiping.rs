//! Whether what holds secrets is built so that it wipes them: a feature here and there that is easily lost in an update.

use std::process::Command;

use serde_json::Value;

/// Packages and the first part of their version, each through which keys, states or passphrases pass.
const WIPED: [(&str, &str); 15] = [
    ("aes", "0.9."),
    ("aes-gcm", "0.11."),
    ("argon2", "0.6."),
    ("bip39", "3."),
    ("block-buffer", "0.12."),
    ("curve25519-dalek", "5."),
    ("digest", "0.11."),
    ("ed25519-dalek", "3."),
    ("ghash", "0.6."),
    ("hmac", "0.13."),
    ("hybrid-array", "0.4."),
    ("ml-kem", "0.3."),
    ("polyval", "0.7."),
    ("sha2", "0.11."),
    ("x25519-dalek", "3."),
];

#[test]
fn every_primitive_that_holds_a_secret_is_built_to_wipe_it() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    for (name, version) in WIPED {
        let of_name = packages
            .iter()
            .filter(|package| package["name"] == name && package["version"].as_str().unwrap().starts_with(version));
        let found: Vec<&Value> = of_name.collect();
        assert_eq!(found.len(), 1, "{name} {version}* is what we use");
        let node = nodes.iter().find(|node| node["id"] == found[0]["id"]).unwrap();
        let features = node["features"].as_array().unwrap();
        assert!(
            features.iter().any(|feature| feature == "zeroize"),
            "{name} does not wipe: {features:?}"
        );
    }
}
