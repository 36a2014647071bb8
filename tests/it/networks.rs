//! Calls between two computers whose networks change: each client is in a network namespace of its own, joined by two cables
//! that can be plugged and pulled. Needs the right to make namespaces.

use std::{
    fs::File,
    io,
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    os::{fd::AsFd, unix::fs::PermissionsExt},
    path::{Path, PathBuf},
    process::{self, Command},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use orrery_tests::{Peer, skipped};
use rustix::{
    process::{Pid, Signal, kill_process},
    thread::{LinkNameSpaceType, move_into_link_name_space},
};
use serde_json::{Value, json};

use crate::{
    bed::Bed,
    calls::{connected, outcome, ring},
};

/// Gauges between what is done, at 50 a second: two seconds.
const A_WHILE: usize = 100;

fn ip(arguments: &str) -> bool {
    let done = Command::new("ip").args(arguments.split(' ')).output();
    done.is_ok_and(|done| done.status.success())
}

/// Connections to the server that are accepted and not passed on yet; when full, the next one waits.
const CONNECTIONS: usize = 16;

/// Two computers, the first letter of their namespaces' names and of their cables' ends being theirs.
struct Computers(String);

impl Computers {
    /// Joined by the first cable; nothing where one may not make namespaces.
    fn new() -> Option<Self> {
        // Other tests of this process have computers, too.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let computers = Self(format!("orrery{}-{count}", process::id()));
        let own = |end: char| computers.name(end);
        let made = ['a', 'b']
            .into_iter()
            .all(|end| ip(&format!("netns add {}", own(end))) && ip(&format!("-n {} link set lo up", own(end))));
        let cabled = made
            && [1, 2].into_iter().all(|cable| {
                ip(&format!(
                    "link add a{cable} netns {} type veth peer name b{cable} netns {}",
                    own('a'),
                    own('b')
                ))
            });
        if !cabled {
            return None;
        }
        computers.plug(1);
        Some(computers)
    }

    fn name(&self, end: char) -> String {
        format!("{}{end}", self.0)
    }

    fn on(&self, end: char, arguments: &str) {
        assert!(ip(&format!("-n {} {arguments}", self.name(end))), "ip {arguments}");
    }

    fn plug(&self, cable: u8) {
        for (end, host) in [('a', 1), ('b', 2)] {
            self.on(end, &format!("addr add 10.77.{cable}.{host}/24 dev {end}{cable}"));
            self.on(end, &format!("link set {end}{cable} up"));
        }
    }

    /// Lets programs there reach what listens here on the loopback interface.
    fn forward(&self, end: char, port: u16) {
        let namespace = File::open(format!("/run/netns/{}", self.name(end))).unwrap();
        let (sender, streams) = sync_channel::<TcpStream>(CONNECTIONS);
        let listens: SyncSender<TcpStream> = sender;
        thread::Builder::new()
            .spawn(move || {
                move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
                for stream in listener.incoming() {
                    if listens.send(stream.unwrap()).is_err() {
                        return;
                    }
                }
            })
            .unwrap();
        thread::Builder::new()
            .spawn(move || {
                for there in streams {
                    let Ok(here) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
                        continue;
                    };
                    pass(&there, &here);
                    pass(&here, &there);
                }
            })
            .unwrap();
    }
}

fn pass(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    for stream in [&from, &to] {
        stream.set_nodelay(true).unwrap();
    }
    thread::Builder::new()
        .spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        })
        .unwrap();
}

impl Drop for Computers {
    fn drop(&mut self) {
        for end in ['a', 'b'] {
            ip(&format!("netns del {}", self.name(end)));
        }
    }
}

/// A minute of a steady tone.
fn tone(path: &Path) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for n in 0..48_000 * 60 {
        let sample = (n as f32 * 220.0 * std::f32::consts::TAU / 48_000.0).sin();
        writer.write_sample((sample * 9000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// The longest silence between the first and the last sound, in milliseconds.
fn longest_silence(path: &Path) -> usize {
    let mut reader = hound::WavReader::open(path).unwrap();
    let samples: Vec<f32> = reader
        .samples::<i16>()
        .map(|sample| f32::from(sample.unwrap()) / 32768.0)
        .collect();
    let loud = |window: &[f32]| window.iter().map(|s| s * s).sum::<f32>() / window.len() as f32 > 1e-4;
    let heard: Vec<bool> = samples.chunks_exact(480).map(loud).collect();
    let first = heard.iter().position(|loud| *loud).expect("something was heard");
    let last = heard.iter().rposition(|loud| *loud).unwrap();
    let silences = heard[first..last].split(|loud| *loud).map(<[bool]>::len);
    silences.max().unwrap_or(0) * 10
}

/// Two clients in a call, the first of which speaks without a pause.
struct Talk {
    computers: Computers,
    ariel: Peer,
    rhea: Peer,
    call: String,
    heard: PathBuf,
    _bed: Bed,
}

impl Talk {
    fn begin(test: &str) -> Option<Self> {
        let Some(computers) = Computers::new() else {
            skipped(test, "no right to make network namespaces");
            return None;
        };
        let bed = Bed::new();
        let port = bed.server.url().rsplit(':').next().unwrap().parse().unwrap();
        let (mic, heard) = (bed.folder.path().join("mic.wav"), bed.folder.path().join("heard.wav"));
        tone(&mic);
        let path = |p: &Path| p.to_str().unwrap().to_owned();
        let start = |end: char, name: &str, args: &[&str]| {
            computers.forward(end, port);
            let mut options = bed.options(name);
            let script = bed.folder.path().join(format!("{name}.sh"));
            let program = options.program.to_str().unwrap();
            let words = format!(
                "#!/bin/sh\nexec ip netns exec {} {program} \"$@\"\n",
                computers.name(end)
            );
            std::fs::write(&script, words).unwrap();
            std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
            options.program = script;
            options.bind = "0.0.0.0:0".into();
            options.args = args.iter().map(|arg| (*arg).to_owned()).collect();
            Peer::start(&bed.home(name), &options)
        };
        let mut ariel = start('a', "ariel", &["--mic", &path(&mic), "--gauges", "50"]);
        let mut rhea = start('b', "rhea", &["--speaker", &path(&heard), "--gauges", "50"]);
        ariel.tell(json!({ "type": "set_settings", "settings": { "transmit": "continuous" } }));
        ariel.befriend(&mut rhea);
        let call = ring(&mut ariel, &mut rhea);
        rhea.tell(json!({ "type": "accept_call", "call": call }));
        connected(&mut ariel, &call, 1);
        connected(&mut rhea, &call, 1);
        let mut talk = Self {
            computers,
            ariel,
            rhea,
            call,
            heard,
            _bed: bed,
        };
        talk.hear(A_WHILE);
        Some(talk)
    }

    /// Waits until the listener has heard so many gauges' worth of sound.
    fn hear(&mut self, gauges: usize) {
        let mut left = gauges;
        self.rhea.wait("sound", |event| {
            let speakers = event["speakers"].as_array()?;
            let heard = speakers.iter().any(|gauge| gauge["level"].as_f64() > Some(0.2));
            left -= usize::from(heard);
            (left == 0).then_some(())
        });
    }

    fn interrupted(&mut self) {
        for peer in [&mut self.ariel, &mut self.rhea] {
            phase(peer, "lost");
        }
    }

    fn resumed(&mut self) {
        for peer in [&mut self.ariel, &mut self.rhea] {
            phase(peer, "connected");
        }
    }

    /// Ends the call; how long the listener heard nothing.
    fn end(mut self) -> usize {
        self.ariel.tell(json!({ "type": "leave_call", "call": self.call }));
        assert_eq!(outcome(&mut self.rhea, &self.call), "answered");
        self.ariel.stop();
        self.rhea.stop();
        longest_silence(&self.heard)
    }
}

fn phase(peer: &mut Peer, phase: &str) {
    peer.wait(phase, |event| {
        let participants = event["call"]["participants"].as_array()?;
        let is = |one: &Value| one["phase"] == phase;
        (event["type"] == "call_changed" && participants.iter().all(is)).then_some(())
    });
}

#[test]
fn a_call_moves_to_another_network_when_its_own_is_gone() {
    // Who speaks moves, and who listens.
    for (end, host) in [('a', 1), ('b', 2)] {
        let Some(mut talk) = Talk::begin("a_call_moves_to_another_network_when_its_own_is_gone") else {
            return;
        };
        talk.computers.plug(2);
        talk.hear(A_WHILE);
        talk.computers
            .on(end, &format!("addr del 10.77.1.{host}/24 dev {end}1"));
        talk.hear(A_WHILE);
        let silence = talk.end();
        println!("FIGURE: silent for {silence} ms when the network of {end} was gone");
        assert!(silence < 6000, "{silence} ms");
    }
}

#[test]
fn an_address_that_was_not_used_is_lost_and_nobody_hears_it() {
    let Some(mut talk) = Talk::begin("an_address_that_was_not_used_is_lost_and_nobody_hears_it") else {
        return;
    };
    talk.computers.on('a', "addr add 10.99.0.1/24 dev lo");
    talk.hear(A_WHILE);
    talk.computers.on('a', "addr del 10.99.0.1/24 dev lo");
    talk.hear(2 * A_WHILE);
    let silence = talk.end();
    println!("FIGURE: silent for {silence} ms while the connection was replaced");
    assert!(silence < 500, "{silence} ms");
}

/// As long as a clock must jump to be taken for a sleep, and a little more.
const SLEEP: Duration = Duration::from_secs(17);

#[test]
fn a_computer_that_sleeps_in_a_call_is_back_in_it_when_it_wakes() {
    let bed = Bed::new();
    let mic = bed.folder.path().join("mic.wav");
    tone(&mic);
    let mut ariel = bed.peer_with("ariel", &["--mic", mic.to_str().unwrap()]);
    let mut rhea = bed.peer_with("rhea", &["--gauges", "50"]);
    ariel.befriend(&mut rhea);
    let call = ring(&mut ariel, &mut rhea);
    rhea.tell(json!({ "type": "accept_call", "call": call }));
    connected(&mut ariel, &call, 1);
    connected(&mut rhea, &call, 1);
    // A program that is stopped is what a computer that sleeps is to its clocks and to the other side.
    let program = Pid::from_raw(ariel.pid().cast_signed()).unwrap();
    kill_process(program, Signal::STOP).unwrap();
    phase(&mut rhea, "lost");
    thread::sleep(SLEEP);
    kill_process(program, Signal::CONT).unwrap();
    let woke = Instant::now();
    phase(&mut rhea, "connected");
    rhea.wait("sound", |event| {
        let speakers = event["speakers"].as_array()?;
        let heard = speakers.iter().any(|gauge| gauge["level"].as_f64() > Some(0.2));
        heard.then_some(())
    });
    println!("FIGURE: heard again {} ms after waking", woke.elapsed().as_millis());
    rhea.tell(json!({ "type": "leave_call", "call": call }));
    assert_eq!(outcome(&mut ariel, &call), "answered");
}

#[test]
fn a_path_that_swallows_everything_is_shown_and_left() {
    let Some(mut talk) = Talk::begin("a_path_that_swallows_everything_is_shown_and_left") else {
        return;
    };
    talk.computers.plug(2);
    talk.hear(A_WHILE);
    // The addresses stay where they were: only silence tells.
    talk.computers.on('b', "link set b1 down");
    talk.interrupted();
    talk.resumed();
    talk.hear(A_WHILE);
    let silence = talk.end();
    println!("FIGURE: silent for {silence} ms when the path swallowed everything");
    assert!(silence < 8000, "{silence} ms");
}
