//! This test binary as a process of its own: to be killed, to hold a lock, to be somebody without rights.

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use orrery_protocol::record::{ContactRecord, ContactState};
use orrery_store::{ProfileFolder, Store, StoreError};

use crate::support::{KEY, THEM, US, outgoing, session, text};

const TASK: &str = "ORRERY_STORE_TASK";
const FOLDER: &str = "ORRERY_STORE_FOLDER";

/// What a child does; everything it says on stdout is a line that begins with `> `.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Task {
    /// Writes transaction after transaction and says each number once it is committed.
    Write,
    /// Takes the profile folder, says so, and holds it until stdin ends.
    Hold,
    /// Opens the folder as a profile and says what came of it.
    Look,
}

/// A command that runs this binary as a child; by another `program` if it had to be copied.
pub(crate) fn command(program: Option<&Path>, task: Task, folder: &Path) -> Command {
    let own = std::env::current_exe().unwrap();
    let mut command = Command::new(program.unwrap_or(&own));
    command
        .args([
            "--ignored",
            "--exact",
            "child::as_a_child",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(TASK, format!("{task:?}"))
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// A running child and the lines it says.
pub(crate) struct Running {
    pub(crate) child: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// What it says next; `None` when it is gone.
    pub(crate) fn next(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // A line that the kill cut off was not said.
            if let Some(said) = line.strip_prefix("> ").and_then(|said| said.strip_suffix('\n')) {
                return Some(said.to_owned());
            }
        }
    }

    /// Kills it with no chance to tidy up, and returns what it had said by then.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        let said = std::iter::from_fn(|| self.next()).collect();
        self.child.wait().unwrap();
        said
    }
}

fn say(words: &str) {
    // The test harness leaves its own line open; begin a new one.
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "\n> {words}").unwrap();
    stdout.flush().unwrap();
}

#[test]
#[ignore = "not a test: other tests run it as a process of its own"]
fn as_a_child() {
    let (Ok(task), Some(folder)) = (std::env::var(TASK), std::env::var_os(FOLDER).map(PathBuf::from)) else {
        return;
    };
    match task.as_str() {
        "Write" => keep_writing(&folder),
        "Hold" => {
            let held = ProfileFolder::open(&folder).unwrap();
            say("held");
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
            drop(held);
        }
        "Look" => {
            let state = ProfileFolder::look(&folder);
            say(&format!("{state:?}"));
            let opened = ProfileFolder::open(&folder).map(|_| ());
            say(&format!("{opened:?}"));
            let store = Store::open_with_key(&folder, &KEY).map(|_| ());
            say(&format!("{store:?}"));
        }
        other => panic!("no such task: {other}"),
    }
}

/// Each transaction is what sending a message is: ratchet state, message, outbox row, counters.
fn keep_writing(folder: &Path) {
    say("opening");
    let mut store = Store::open_with_key(folder, &KEY).unwrap();
    loop {
        let number = store
            .transact(|archive| {
                let mut contact = archive.contact(&THEM)?.unwrap_or_else(|| {
                    ContactRecord::new(THEM, ContactState::Contact, "them".into(), "ws://x".into(), 0)
                });
                contact.own_seq += 1;
                let number = contact.own_seq;
                archive.put_session(&THEM, &session(1, number))?;
                archive.put_message(&text(US, number, &format!("common word{number}")))?;
                archive.push_outbox(&outgoing(number))?;
                archive.put_contact(&contact)?;
                Ok::<_, StoreError>(number)
            })
            .unwrap();
        say(&number.to_string());
    }
}
