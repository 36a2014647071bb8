//! What a test needs that not every machine gives, and saying so where it does not.
//!
//! The worker's tests take this file in by its path: they cannot depend on this package, which depends on the worker.

use std::{
    env,
    fs::OpenOptions,
    io::Write,
    path::Path,
    process::{Command, Output},
};

/// Where `./dev test` counts what did not run.
const SKIPS: &str = "ORRERY_SKIPS";
/// Names the small file system to the process that runs on it.
const DISK: &str = "ORRERY_TEST_DISK";
/// The last words of a process that did run its test.
const RAN: &str = "ran on a small disk";
/// Ways into a namespace where one may mount: an ordinary user's, and root's where those are forbidden.
const WAYS: [&str; 2] = ["-Urm", "-m"];

/// Says that a test does not run here and why, to whoever reads its output and to whoever counts.
///
/// # Panics
/// When the file for it cannot be written: a skip must not get lost.
pub fn skipped(test: &str, reason: &str) {
    println!("SKIPPED: {test}: {reason}");
    if let Some(path) = env::var_os(SKIPS) {
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut file| writeln!(file, "{test}: {reason}"))
            .expect("the file that skips are counted in");
    }
}

/// Runs a test with a file system of a few MiB to fill. `test` is its full name: this binary runs it again, in a
/// namespace of its own.
///
/// # Panics
/// When it fails.
pub fn on_a_small_disk(test: &str, body: impl FnOnce(&Path)) {
    if let Some(disk) = env::var_os(DISK) {
        body(Path::new(&disk));
        println!("{RAN}");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let Some(way) = WAYS
        .into_iter()
        .find(|way| mounted(way, folder.path(), Path::new("true"), &[]).is_some())
    else {
        skipped(test, "no right to make a small file system in a namespace");
        return;
    };
    let own = env::current_exe().expect("this binary");
    let said = mounted(
        way,
        folder.path(),
        &own,
        &[test, "--exact", "--nocapture", "--test-threads=1"],
    );
    assert!(
        said.is_some_and(|said| said.contains(RAN)),
        "it failed on the small disk; its words stand above"
    );
}

/// What a program says with a small file system mounted on a folder; nothing when it, or the mount, fails.
fn mounted(way: &str, folder: &Path, program: &Path, arguments: &[&str]) -> Option<String> {
    let Output { status, stdout, stderr } = Command::new("unshare")
        .args([way, "sh", "-c", r#"mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@""#])
        .arg(folder)
        .arg(program)
        .args(arguments)
        .env(DISK, folder)
        .output()
        .ok()?;
    let (said, complained) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    print!("{said}");
    eprint!("{complained}");
    status.success().then(|| said.into_owned())
}
