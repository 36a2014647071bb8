//! The program: what it says and ends, and what it leaves behind.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_orrery-headless");

#[test]
fn twelve_new_words_are_another_dozen_each_time_and_open_nothing_by_themselves() {
    let words = || {
        let output = Command::new(PROGRAM).arg("--new-recovery-phrase").output().unwrap();
        assert!(output.status.success());
        assert!(output.stderr.is_empty());
        String::from_utf8(output.stdout).unwrap()
    };
    let (one, two) = (words(), words());
    assert_eq!((one.split_whitespace().count(), one.lines().count()), (12, 1));
    assert_ne!(one, two);
    assert!(orrery_worker::RecoveryPhrase::parse(&one).is_ok());
}

/// Begun with every right to a core dump that this machine gives.
#[cfg(target_os = "linux")]
#[test]
fn nothing_of_its_memory_is_dumped_when_it_dies() {
    use std::os::unix::process::ExitStatusExt;

    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -S -c \"$(ulimit -H -c)\"; exec \"$0\" \"$@\"", PROGRAM])
        .args(["--server", "ws://127.0.0.1:1", "--profile", "profile"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    // Kept: nobody to read the events is an end as well.
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut first).unwrap();
    assert!(first.contains("ready"), "{first}");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    for limit in line.split_whitespace().skip(4).take(2) {
        // One byte: with 0 Linux would still hand the dump to a program that collects them.
        assert!(matches!(limit, "0" | "1"), "{line}");
    }
    let killed = Command::new("kill").args(["-ABRT", &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(6));
    assert!(!status.core_dumped());
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["profile"]);
}
