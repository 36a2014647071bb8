//! A program on one side of a call, and joining two of them.

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::Value;

/// How long anything may take: a browser starts on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that speaks lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// Ours.
    MediaPeer,
    /// `tests/peers/aiortc_peer.py`.
    Aiortc,
    /// `tests/peers/chromium_peer.py`.
    Chromium,
}

impl Program {
    /// Why it cannot be run here.
    pub(crate) fn missing(self) -> Option<&'static str> {
        match self {
            Self::MediaPeer => None,
            Self::Aiortc if python_of_peers().is_none() => {
                Some("ORRERY_PEERS_PYTHON names no Python with tests/peers/interop.txt installed")
            }
            Self::Aiortc => None,
            Self::Chromium if !in_path("chromium") => Some("chromium is not installed"),
            Self::Chromium if !in_path("python3") => Some("python3, which drives chromium, is not installed"),
            Self::Chromium => None,
        }
    }

    fn command(self) -> Command {
        let script = |python: PathBuf, name: &str| {
            let mut command = Command::new(python);
            command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../peers").join(name));
            command
        };
        match self {
            Self::MediaPeer => Command::new(env!("CARGO_BIN_EXE_media-peer")),
            Self::Aiortc => script(python_of_peers().unwrap(), "aiortc_peer.py"),
            Self::Chromium => script("python3".into(), "chromium_peer.py"),
        }
    }
}

fn python_of_peers() -> Option<PathBuf> {
    std::env::var_os("ORRERY_PEERS_PYTHON")
        .filter(|python| !python.is_empty())
        .map(PathBuf::from)
}

fn in_path(program: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(program).is_file())
}

/// What a side said, and word that it said more.
#[derive(Default)]
struct Said {
    lines: Mutex<Vec<Value>>,
    more: Condvar,
}

type Input = Arc<Mutex<Option<ChildStdin>>>;

/// A program that runs.
pub(crate) struct Side {
    child: Child,
    input: Input,
    said: Arc<Said>,
    complaints: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    pub name: String,
}

impl Side {
    /// Starts it.
    pub(crate) fn start(program: Program, arguments: &[&str]) -> Self {
        let mut child = program
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = Arc::new(Mutex::new(child.stdin.take()));
        let complaints = Arc::<Mutex<String>>::default();
        let (mut stderr, kept) = (child.stderr.take().unwrap(), Arc::clone(&complaints));
        let reader = named("complaints", move || {
            let mut all = String::new();
            stderr.read_to_string(&mut all).unwrap();
            *kept.lock().unwrap() = all;
        });
        Self {
            child,
            input,
            said: Arc::default(),
            complaints,
            readers: vec![reader],
            name: format!("{program:?} {}", arguments.join(" ")),
        }
    }

    /// Passes its descriptions and candidates on to the other side, changed as `change` says, and keeps everything else.
    pub(crate) fn tells(&mut self, other: &Self, change: fn(Value) -> Value) {
        let output = self.child.stdout.take().unwrap();
        let (said, input) = (Arc::clone(&self.said), Arc::clone(&other.input));
        self.readers.push(named("lines", move || {
            for line in BufReader::new(output).lines() {
                let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
                if line.get("sdp").or(line.get("candidate")).is_some() {
                    tell(&input, &change(line));
                } else {
                    said.lines.lock().unwrap().push(line);
                    said.more.notify_all();
                }
            }
            said.lines.lock().unwrap().push(Value::Null);
            said.more.notify_all();
        }));
    }

    /// Gives it a line.
    pub(crate) fn tell(&self, line: &Value) {
        tell(&self.input, line);
    }

    /// Waits for a line with this key, and for this value if one is named. Null when it ended without it.
    pub(crate) fn waits_for(&self, key: &str, value: Option<&str>) -> Value {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.said.lines.lock().unwrap();
        loop {
            let wanted = |line: &&Value| line.is_null() || line.get(key).is_some_and(|v| value.is_none_or(|w| v == w));
            if let Some(line) = lines.iter().find(wanted) {
                return line.get(key).cloned().unwrap_or_default();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{}: no {key} {value:?} in {lines:?}", self.name);
            lines = self.said.more.wait_timeout(lines, left).unwrap().0;
        }
    }

    /// Ends its input, and waits until it has ended.
    pub(crate) fn end(mut self) -> Ended {
        self.input.lock().unwrap().take();
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "{} does not end", self.name);
            thread::sleep(Duration::from_millis(20));
        };
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        Ended {
            status,
            said: std::mem::take(&mut *self.said.lines.lock().unwrap()),
            complaints: std::mem::take(&mut *self.complaints.lock().unwrap()),
        }
    }
}

/// How a side ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub status: ExitStatus,
    /// Its lines.
    pub said: Vec<Value>,
    /// What it wrote to standard error.
    pub complaints: String,
}

impl Drop for Side {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn named(name: &str, body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::Builder::new().name(name.into()).spawn(body).unwrap()
}

/// One that has ended takes no more lines.
fn tell(input: &Input, line: &Value) {
    if let Some(input) = &mut *input.lock().unwrap() {
        let _ = writeln!(input, "{line}");
    }
}
