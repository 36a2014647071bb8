//! The program itself, and the signals that end it. Its input stays open all the while.

use std::{
    io::{BufRead, BufReader, PipeReader, PipeWriter, Write},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::Value;

/// Ten times what anything here should take.
const DEADLINE: Duration = Duration::from_secs(60);
/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(50);

struct Program {
    child: Child,
    // Waiting for the child would close it there, and the end of the input ends the program too.
    input: ChildStdin,
    output: BufReader<PipeReader>,
    // The end it writes to, kept to see when nothing fits any more.
    writer: PipeWriter,
}

impl Program {
    /// With a profile that is open.
    fn start(folder: &Path) -> Self {
        let passphrase = folder.join("passphrase");
        std::fs::write(&passphrase, "seven planets drift quietly").unwrap();
        let (reader, writer) = std::io::pipe().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_orrery-headless"))
            .args(["--low-memory", "--server", "ws://127.0.0.1:1", "--passphrase-file"])
            .arg(passphrase)
            .arg("--profile")
            .arg(folder.join("profile"))
            .stdin(Stdio::piped())
            .stdout(writer.try_clone().unwrap())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(reader);
        let mut program = Self {
            child,
            input,
            output,
            writer,
        };
        loop {
            // Its output never ends while the other end is kept here.
            while !program.has_spoken() {
                assert_eq!(program.ended(), None, "it ended");
            }
            let mut line = String::new();
            program.output.read_line(&mut line).unwrap();
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["profile"]["phase"] == "open" {
                return program;
            }
        }
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Whether there is something of it to read.
    fn has_spoken(&self) -> bool {
        !self.output.buffer().is_empty() || is_ready(PollFd::new(self.output.get_ref(), PollFlags::IN))
    }

    /// Whether a line more would wait for a reader.
    fn output_is_full(&self) -> bool {
        !is_ready(PollFd::new(&self.writer, PollFlags::OUT))
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        thread::sleep(LOOK);
        self.child.try_wait().unwrap()
    }
}

fn is_ready(pipe: PollFd<'_>) -> bool {
    poll(&mut [pipe], Some(&Timespec::default())).unwrap() > 0
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_signal_closes_the_profile_and_ends_it_well() {
    for signal in ["-TERM", "-INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut program = Program::start(folder.path());
        // Beside the database while it is open, and after an end that was none.
        let log = folder.path().join("profile").join("orrery.db-wal");
        assert!(log.exists());
        program.signal(signal);
        let deadline = Instant::now() + DEADLINE;
        let status = loop {
            assert!(Instant::now() < deadline, "{signal}: it goes on");
            if let Some(status) = program.ended() {
                break status;
            }
        };
        assert_eq!(status.code(), Some(0), "{signal}: {status}");
        assert!(!log.exists(), "{signal}: the profile was not closed");
    }
}

#[test]
fn a_second_signal_of_a_kind_ends_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path());
    let deadline = Instant::now() + DEADLINE;
    // Once nothing fits where nobody reads, it hangs in its output and cannot end well.
    while !program.output_is_full() {
        assert!(Instant::now() < deadline, "its output takes everything");
        program.input.write_all(b"{\"type\":\"resync\"}\n").unwrap();
    }
    // One of each kind is what a script does on Ctrl+C.
    program.signal("-INT");
    program.signal("-TERM");
    assert_eq!(program.ended(), None);
    let status = loop {
        assert!(Instant::now() < deadline, "it goes on");
        program.signal("-TERM");
        if let Some(status) = program.ended() {
            break status;
        }
    };
    assert_eq!(status.code(), Some(128 + 15), "{status}");
}
