//! A client process behind JSON lines.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    fs::OpenOptions,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// Ten times what anything waited for should take on a slow machine.
pub const DEADLINE: Duration = Duration::from_secs(60);
/// Lines kept for a test that does not read them; the reader waits when it is full, as a pipe would.
const LINES: usize = 100_000;

/// How a peer is started.
#[derive(Clone, Debug)]
pub struct PeerOptions {
    /// Program to run: `env!("CARGO_BIN_EXE_e2e-peer")`.
    pub program: PathBuf,
    /// Display name.
    pub name: String,
    /// Home server.
    pub server: String,
    /// Passphrase, in a file; without one nothing is opened by itself.
    pub passphrase: Option<String>,
    /// Address of its direct connections.
    pub bind: String,
    /// A file for its log at its most talkative; `None` for warnings on standard error.
    pub log: Option<PathBuf>,
    /// Further arguments.
    pub args: Vec<String>,
}

/// A running client.
#[derive(Debug)]
pub struct Peer {
    /// Its display name, for messages.
    pub name: String,
    folder: PathBuf,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    /// Everything it ever said in this run, for looking back.
    pub said: Vec<Value>,
    count: u64,
}

impl Peer {
    /// Starts a client on a profile folder, and waits until its profile is open.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn start(folder: &Path, options: &PeerOptions) -> Self {
        let mut peer = Self::spawn(folder, options);
        peer.wait("an open profile", |event| {
            (event["type"] == "profile_changed" && event["profile"]["phase"] == "open").then_some(())
        });
        peer
    }

    /// Starts a client and waits for nothing.
    ///
    /// # Panics
    /// When the process cannot be started.
    #[must_use]
    pub fn spawn(folder: &Path, options: &PeerOptions) -> Self {
        let profile = folder.join("profile");
        std::fs::create_dir_all(folder).expect("folder");
        let mut command = Command::new(&options.program);
        if let Some(passphrase) = &options.passphrase {
            let file = folder.join("passphrase");
            std::fs::write(&file, passphrase).expect("passphrase file");
            command.arg("--passphrase-file").arg(file);
        }
        command
            .args([OsStr::new("--profile"), profile.as_os_str()])
            .args([
                "--server",
                &options.server,
                "--name",
                &options.name,
                "--bind",
                &options.bind,
                "--low-memory",
            ])
            .args(&options.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        if let Some(log) = &options.log {
            let log = OpenOptions::new().create(true).append(true).open(log);
            command
                .env("ORRERY_LOG", "off,orrery=trace")
                .stderr(log.expect("a file for the log"));
        }
        let mut child = command.spawn().expect("client process");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("stdout");
        let (sender, lines) = sync_channel(LINES);
        thread::Builder::new()
            .name("peer-lines".into())
            .spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let value =
                        serde_json::from_str(&line).unwrap_or_else(|_| json!({ "type": "garbage", "line": line }));
                    if sender.send(value).is_err() {
                        return;
                    }
                }
            })
            .expect("thread");
        Self {
            name: options.name.clone(),
            folder: profile,
            child,
            stdin,
            lines,
            said: Vec::new(),
            count: 0,
        }
    }

    /// Folder of its profile.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Sends a line as it is.
    ///
    /// # Panics
    /// When the process does not read any more.
    pub fn send_line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin
            .write_all(line.as_bytes())
            .and_then(|()| stdin.write_all(b"\n"))
            .and_then(|()| stdin.flush())
            .expect("write");
    }

    /// Sends a command and waits for nothing. Returns its reference.
    pub fn send(&mut self, mut command: Value) -> String {
        self.count += 1;
        let reference = format!("t{}", self.count);
        command["ref"] = Value::from(reference.clone());
        self.send_line(&command.to_string());
        reference
    }

    /// Sends a command and waits for its answer: `Ok` when done, the code when not.
    ///
    /// # Errors
    /// The failure's code.
    pub fn ask(&mut self, command: Value) -> Result<(), String> {
        let what = format!("the answer to {}", command["type"]);
        let reference = self.send(command);
        self.wait(&what, |event| {
            if event["ref"] != reference.as_str() {
                return None;
            }
            match event["type"].as_str() {
                Some("done") => Some(Ok(())),
                Some("failed") => Some(Err(event["code"].as_str().unwrap_or("?").to_owned())),
                _ => None,
            }
        })
    }

    /// Sends a command that must work.
    ///
    /// # Panics
    /// When it does not.
    pub fn tell(&mut self, command: Value) {
        let text = command.to_string();
        if let Err(code) = self.ask(command) {
            panic!("{}: {text} failed with {code}", self.name);
        }
    }

    /// Waits for the first event from now on that `pick` takes.
    ///
    /// # Panics
    /// When none comes before the deadline, or the process ends.
    pub fn wait<T>(&mut self, what: &str, mut pick: impl FnMut(&Value) -> Option<T>) -> T {
        self.try_wait(what, DEADLINE, &mut pick)
            .unwrap_or_else(|why| panic!("{why}"))
    }

    /// The same, looking first through everything it has said so far.
    pub fn seen_or_wait<T>(&mut self, what: &str, pick: impl FnMut(&Value) -> Option<T>) -> T {
        self.seen_within(what, DEADLINE, pick)
    }

    /// The same with a deadline of one's own: for what chance may put off.
    pub fn seen_within<T>(&mut self, what: &str, within: Duration, mut pick: impl FnMut(&Value) -> Option<T>) -> T {
        if let Some(found) = self.said.iter().find_map(&mut pick) {
            return found;
        }
        self.try_wait(what, within, &mut pick)
            .unwrap_or_else(|why| panic!("{why}"))
    }

    /// The same with a deadline of one's own, and no panic.
    ///
    /// # Errors
    /// Why nothing was found, with what was said last.
    pub fn try_wait<T>(
        &mut self,
        what: &str,
        within: Duration,
        pick: &mut impl FnMut(&Value) -> Option<T>,
    ) -> Result<T, String> {
        let deadline = Instant::now() + within;
        loop {
            match self
                .lines
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(event) => {
                    let found = pick(&event);
                    self.said.push(event);
                    if let Some(found) = found {
                        return Ok(found);
                    }
                }
                Err(error) => {
                    let ended = matches!(error, RecvTimeoutError::Disconnected);
                    let mut text = format!(
                        "{}: waited for {what}, but {}",
                        self.name,
                        if ended { "it ended" } else { "it never came" }
                    );
                    for event in self.said.iter().rev().take(12).rev() {
                        let _ = write!(text, "\n    {event}");
                    }
                    return Err(text);
                }
            }
        }
    }

    /// Takes everything that is there now.
    pub fn drain(&mut self) {
        while let Ok(event) = self.lines.try_recv() {
            self.said.push(event);
        }
    }

    /// Its own id.
    pub fn id(&mut self) -> String {
        self.seen_or_wait("its own id", |event| {
            (event["type"] == "profile_changed")
                .then(|| event["profile"]["peer"].as_str().map(str::to_owned))
                .flatten()
        })
    }

    /// Waits until it is logged in at its server.
    pub fn online(&mut self) {
        let last = self.said.iter().rev().find(|event| event["type"] == "server_changed");
        if last.is_some_and(|event| event["server"]["phase"] == "online") {
            return;
        }
        self.wait("the server", |event| {
            (event["type"] == "server_changed" && event["server"]["phase"] == "online").then_some(())
        });
    }

    /// An invite link of its own.
    pub fn invite(&mut self) -> String {
        let reference = self.send(json!({ "type": "create_invite" }));
        self.wait("an invite link", |event| {
            (event["type"] == "invite_created" && event["ref"] == reference.as_str())
                .then(|| event["link"].as_str().unwrap().to_owned())
        })
    }

    /// Makes the two contacts: `self` asks by a link, `other` accepts.
    pub fn befriend(&mut self, other: &mut Self) {
        self.online();
        other.online();
        let link = other.invite();
        let (own, theirs) = (self.id(), other.id());
        self.tell(json!({ "type": "add_contact", "link": link }));
        other.wait("a contact request", |event| {
            (event["type"] == "request_received" && event["peer"] == own.as_str()).then_some(())
        });
        other.tell(json!({ "type": "accept_request", "peer": own }));
        self.wait("the acceptance", |event| {
            (event["type"] == "request_accepted" && event["peer"] == theirs.as_str()).then_some(())
        });
    }

    /// Sends a text to a peer; returns the message's id once it is stored.
    pub fn write(&mut self, to: &str, text: &str) -> String {
        let reference = self.send(json!({ "type": "send_text", "channel": to, "text": text }));
        let wanted = text.to_owned();
        let mut id = None;
        self.wait("the stored message", |event| {
            if event["type"] == "message_sent" && event["message"]["content"]["text"] == wanted.as_str() {
                id = event["message"]["id"].as_str().map(str::to_owned);
            }
            assert!(
                !(event["type"] == "failed" && event["ref"] == reference.as_str()),
                "refused: {event}"
            );
            (event["type"] == "done" && event["ref"] == reference.as_str())
                .then(|| id.clone())
                .flatten()
        })
    }

    /// Waits until a text of somebody else has arrived; returns the message.
    pub fn read(&mut self, text: &str) -> Value {
        self.seen_or_wait(&format!("the text {:?}", &text[..text.len().min(40)]), |event| {
            (event["type"] == "message_received" && event["message"]["content"]["text"] == text)
                .then(|| event["message"].clone())
        })
    }

    /// Waits until a message of its own has come at least this far: `sent`, `delivered`, `read`.
    pub fn delivery(&mut self, id: &str, at_least: &str) {
        let rank = |state: &str| {
            ["sending", "waiting", "failed", "sent", "delivered", "read"]
                .iter()
                .position(|s| *s == state)
        };
        let wanted = rank(at_least);
        self.seen_or_wait(&format!("{at_least} of a message"), |event| {
            let message = &event["message"];
            let right =
                matches!(event["type"].as_str(), Some("message_changed" | "message_sent")) && message["id"] == id;
            (right && message["delivery"].as_str().and_then(rank) >= wanted).then_some(())
        });
    }

    /// All texts of a conversation in order, from the store, page by page.
    pub fn history(&mut self, channel: &str) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        let mut before = Value::Null;
        loop {
            let reference =
                self.send(json!({ "type": "load_history", "channel": channel, "before": before, "limit": 200 }));
            let (mut page, older) = self.wait("a page of history", |event| {
                (event["type"] == "history_loaded" && event["ref"] == reference.as_str()).then(|| {
                    (
                        event["messages"].as_array().unwrap().clone(),
                        event["has_older"] == true,
                    )
                })
            });
            page.append(&mut all);
            all = page;
            match all.first() {
                Some(first) if older => before = first["order"].clone(),
                _ => return all,
            }
        }
    }

    /// The texts of a conversation in order.
    pub fn texts(&mut self, channel: &str) -> Vec<String> {
        let history = self.history(channel);
        history
            .iter()
            .filter_map(|message| message["content"]["text"].as_str().map(str::to_owned))
            .collect()
    }

    /// Ends it in order and waits for the end.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn stop(mut self) {
        self.send_line(r#"{"type":"shutdown"}"#);
        let status = self.child.wait().expect("wait");
        assert!(status.success(), "{} ended with {status}", self.name);
    }

    /// Kills it as a power cut would. Returns everything it said in this run.
    ///
    /// # Panics
    /// When the process cannot be waited for.
    pub fn kill(mut self) -> Vec<Value> {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
        // Up to the end of its output, where the lane closes.
        self.said.extend(self.lines.iter());
        std::mem::take(&mut self.said)
    }

    /// Process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the process to end by itself; its exit code.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().expect("wait").code()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
