//! The dependency walls: who may know whom, by `cargo tree` over normal dependencies.

use std::{collections::BTreeSet, process::Command};

fn tree(package: &str) -> BTreeSet<String> {
    tree_of(package, &[])
}

fn tree_of(package: &str, more: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "-p",
            package,
            "-e",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--offline",
            "--locked",
        ])
        .args(more)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names: BTreeSet<String> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    assert!(names.contains(package), "cargo tree said nothing of {package}");
    names
}

/// Packages of ours that a package of ours depends on, however far down.
fn ours(package: &str) -> BTreeSet<String> {
    tree(package)
        .into_iter()
        .filter(|name| name.starts_with("orrery-") && name != package)
        .collect()
}

/// Packages of ours that a package of ours names itself.
fn direct(package: &str) -> BTreeSet<String> {
    tree_of(package, &["--depth", "1"])
        .into_iter()
        .filter(|name| name.starts_with("orrery-") && name != package)
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| format!("orrery-{name}")).collect()
}

/// Every package that is not ours with its features, as they are built with or without what only tests name.
fn features(edges: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "-e", edges, "--prefix", "none"])
        .args(["--format", "{p} {f}", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all = String::from_utf8(output.stdout).unwrap();
    let foreign = all.lines().filter(|line| !line.starts_with("orrery-"));
    // What was listed before is marked.
    foreign.map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
}

/// A feature that only a test asks for builds a crate, and everything above it, a second time: where that is Bevy, `./dev run` after
/// `./dev test` takes a quarter of an hour. What a test needs of such a crate is named in the workspace's dependencies.
#[test]
fn tests_and_programs_share_one_build() {
    let (programs, tests) = (features("normal,build"), features("normal,build,dev"));
    assert!(programs.len() > 100, "cargo tree said nothing");
    let twice: Vec<&String> = programs.difference(&tests).collect();
    assert!(twice.is_empty(), "built with other features by tests: {twice:#?}");
}

#[test]
fn what_is_pure_knows_no_runtime_network_device_or_gpu() {
    for package in ["protocol", "crypto", "core", "link", "ecs", "ui"] {
        let tree = tree(&format!("orrery-{package}"));
        for forbidden in ["tokio", "webrtc", "rtc", "cpal", "wgpu", "winit"] {
            assert!(!tree.contains(forbidden), "orrery-{package} knows {forbidden}");
        }
    }
}

#[test]
fn the_panels_know_no_bevy_and_the_systems_no_renderer() {
    assert!(!tree("orrery-ui").iter().any(|name| name.starts_with("bevy")));
    for package in ["protocol", "crypto", "core", "voice", "store", "link", "worker"] {
        let tree = tree(&format!("orrery-{package}"));
        assert!(
            !tree
                .iter()
                .any(|name| name.starts_with("bevy") || name.starts_with("egui")),
            "orrery-{package}"
        );
    }
    assert!(
        !tree("orrery-server")
            .iter()
            .any(|name| name.starts_with("bevy") || name == "webrtc")
    );
}

#[test]
fn arrows_point_down_only() {
    assert_eq!(ours("orrery-protocol"), set(&[]));
    assert_eq!(ours("orrery-crypto"), set(&["protocol"]));
    assert_eq!(ours("orrery-core"), set(&["protocol", "crypto"]));
    assert_eq!(ours("orrery-store"), set(&["protocol", "crypto"]));
    assert_eq!(ours("orrery-link"), set(&["protocol"]));
    assert_eq!(ours("orrery-ecs"), set(&["protocol", "link"]));
    assert_eq!(ours("orrery-voice"), set(&[]));
    assert_eq!(ours("orrery-ui"), set(&[]));
    assert_eq!(ours("orrery-shaders"), set(&[]));
    assert_eq!(ours("orrery-server"), set(&["protocol"]));
    assert_eq!(
        ours("orrery-worker"),
        set(&["protocol", "crypto", "core", "voice", "store", "link"])
    );
    // The programs: whatever they name themselves, and nothing of the rooms behind the worker.
    assert_eq!(
        direct("orrery-app"),
        set(&["ecs", "ui", "worker", "shaders", "link", "protocol"])
    );
    assert_eq!(direct("orrery-headless"), set(&["worker", "link", "protocol"]));
}

/// The features of the worker that only tests switch on, as they are when a package is built.
fn opened(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "-p", package, "-e", "normal", "--prefix", "none"])
        .args(["--format", "{p}|{f}", "--offline", "--locked", "--all-features"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all = String::from_utf8(output.stdout).unwrap();
    let worker = all.lines().find(|line| line.starts_with("orrery-worker "));
    let (_, features) = worker.expect("a package on the worker").split_once('|').unwrap();
    let features = features.trim_end_matches(" (*)").split(',').map(str::to_owned);
    features
        .filter(|feature| ["media-peer", "fuzzing"].contains(&feature.as_str()))
        .collect()
}

/// Whatever else is built beside them: no program that is shipped has what opens the inside of a call to a test.
#[test]
fn what_tests_open_is_closed_in_programs() {
    for program in ["orrery-app", "orrery-headless"] {
        assert_eq!(opened(program), BTreeSet::new(), "{program}");
    }
    assert_eq!(opened("orrery-media-peer"), BTreeSet::from(["media-peer".to_owned()]));
}
