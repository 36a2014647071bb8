//! Keys on a real X server that has no window at all: pressed and let go by `xdotool`, heard by a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command as Process, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use orrery_link::{Command, TransmitMode, pair};

use super::*;

/// Far beyond what is expected: a key is heard within a twentieth of a second.
const DEADLINE: Duration = Duration::from_secs(20);
/// Longer than the X server waits before it repeats a key.
const HOLD: Duration = Duration::from_millis(1200);

/// Lines heard and not read yet; a listener that hears more waits.
const LINES: usize = 64;

/// Ended with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn there(program: &str) -> bool {
    let found = Process::new(program)
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    found.is_ok()
}

/// Says that the test does not run here and why, to whoever reads its output and where `./dev test` counts that.
fn skipped(why: &str) {
    let said = format!("keys::desktop::x11::keys_are_heard_down_and_up_while_no_window_is_ours_and_given_back: {why}");
    println!("SKIPPED: {said}");
    if let Some(path) = std::env::var_os("ORRERY_SKIPS") {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        writeln!(file, "{said}").unwrap();
    }
}

/// A display of its own, and its name.
fn display() -> (Running, String) {
    let (mut read, write) = std::io::pipe().unwrap();
    let mut server = Process::new("Xvfb");
    // It tells the number of its display on its standard output.
    server
        .args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "640x480x24",
            "-nolisten",
            "tcp",
            "-noreset",
        ])
        .stdin(Stdio::null())
        .stdout(write)
        .stderr(Stdio::null());
    let running = Running(server.spawn().unwrap());
    // With it goes our end to write to: should the server end, so does the reading.
    drop(server);
    let (mut number, mut byte) = (String::new(), [0]);
    while read.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
        number.push(char::from(byte[0]));
    }
    (running, format!(":{}", number.trim()))
}

struct Listener {
    _process: Running,
    lines: Receiver<String>,
}

impl Listener {
    fn start(display: &str) -> Self {
        let mut process = Process::new(std::env::current_exe().unwrap());
        process
            .args(["--exact", "keys::desktop::x11::listens", "--ignored", "--nocapture"])
            .env("DISPLAY", display)
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = process.spawn().unwrap();
        let output: ChildStdout = process.stdout.take().unwrap();
        let (sender, lines) = sync_channel(LINES);
        let read = move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some((_, said)) = line.split_once("heard ") {
                    let _ = sender.send(said.to_owned());
                }
            }
        };
        std::thread::Builder::new().spawn(read).unwrap();
        let listener = Self {
            _process: Running(process),
            lines,
        };
        assert!(listener.next().starts_with("ready"));
        listener
    }

    fn next(&self) -> String {
        self.lines.recv_timeout(DEADLINE).expect("nothing was heard")
    }

    fn nothing(&self) {
        if let Ok(said) = self.lines.recv_timeout(Duration::from_millis(300)) {
            panic!("{said}");
        }
    }
}

fn hand(display: &str, args: &[&str]) {
    let done = Process::new("xdotool")
        .args(args)
        .env("DISPLAY", display)
        .status()
        .unwrap();
    assert!(done.success());
}

#[test]
fn keys_are_heard_down_and_up_while_no_window_is_ours_and_given_back() {
    for program in ["Xvfb", "xdotool"] {
        if !there(program) {
            skipped(&format!("{program} is not installed"));
            return;
        }
    }
    let (_server, display) = display();
    let listener = Listener::start(&display);
    hand(&display, &["keydown", "F8"]);
    assert_eq!(listener.next(), "talk true");
    // The X server repeats the key; nobody is told of it.
    std::thread::sleep(HOLD);
    listener.nothing();
    hand(&display, &["keyup", "F8"]);
    assert_eq!(listener.next(), "talk false");

    hand(&display, &["key", "ctrl+alt+m"]);
    assert_eq!(listener.next(), "pressed Mute");
    // Let go in the other order: Ctrl and Alt first.
    for step in [
        ["keydown", "ctrl"],
        ["keydown", "alt"],
        ["keydown", "m"],
        ["keyup", "ctrl"],
        ["keyup", "alt"],
        ["keyup", "m"],
    ] {
        hand(&display, &step);
    }
    assert_eq!(listener.next(), "pressed Mute");
    hand(&display, &["key", "m"]);
    listener.nothing();

    let second = Listener::start(&display);
    assert_eq!(second.next(), "taken [Talk, Mute]", "another program has them");
    drop(listener);
    let third = Listener::start(&display);
    hand(&display, &["key", "F8"]);
    assert_eq!(
        (third.next().as_str(), third.next().as_str()),
        ("talk true", "talk false")
    );
}

/// Hears keys and says what it heard, until it is ended.
#[test]
#[ignore = "run by `keys_are_heard_down_and_up_while_no_window_is_ours_and_given_back`, on a display of its own"]
fn listens() {
    let settings = Settings {
        transmit: TransmitMode::PushToTalk,
        talk_key: Some("F8".into()),
        mute_key: Some("Ctrl+Alt+M".into()),
        ..Settings::default()
    };
    let (app, worker) = pair();
    let (talk, pressed) = (TalkKey::default(), Pressed::default());
    talk.connect(Some(app.command_sender()));
    let mut grabs = Grabs::default();
    let (sender, woken) = sync_channel(LINES);
    let sender = Mutex::new(sender);
    pass_on(Arc::clone(&grabs.uses), talk, pressed.clone(), move || {
        let _ = sender.lock().unwrap().send(());
    });
    let taken = grabs.hold(&keys_of(&settings));
    println!("heard ready");
    if !taken.is_empty() {
        println!("heard taken {taken:?}");
    }
    // What nobody ends ends itself.
    while woken.recv_timeout(2 * DEADLINE).is_ok() {
        while let Some(request) = worker.try_command() {
            if let Command::HoldTalkKey { held } = request.command {
                println!("heard talk {held}");
            }
        }
        for what in pressed.take() {
            println!("heard pressed {what:?}");
        }
    }
}
