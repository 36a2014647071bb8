//! Real clients whose server is evil: it reads and may change every frame. Whatever it does, nothing false is shown: no
//! message but what its author wrote, under that author, once and in order; no call with a stranger; no session with
//! anybody else's keys. Where it only withholds, repeats or turns around, everything arrives once it is honest.

mod calls;
mod impersonation;
mod keys;
mod lies;
mod mail;
mod random;

use std::{collections::HashMap, time::Duration};

use orrery_evil_server::{Evil, EvilOptions};
use orrery_protocol::PeerId;
use orrery_tests::Peer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bed::peer_options;

/// An evil server and its guests.
struct Den {
    folder: TempDir,
    evil: Evil,
}

impl Den {
    fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let evil = Evil::start(&EvilOptions::local(folder.path().join("server"), seed));
        Self { folder, evil }
    }

    fn peer(&self, name: &str) -> Peer {
        Peer::start(&self.folder.path().join(name), &peer_options(name, &self.evil.url()))
    }

    /// Two that are contacts: the server was honest so far.
    fn pair(&self) -> (Peer, Peer) {
        let (mut ariel, mut rhea) = (self.peer("ariel"), self.peer("rhea"));
        ariel.befriend(&mut rhea);
        (ariel, rhea)
    }

    /// The server turns honest, and everybody logs in anew, at once.
    fn turn_honest(&self, peers: &mut [&mut Peer]) {
        self.anew(peers, || _ = self.evil.turn_honest());
    }

    /// Every connection is cut, and everybody logs in anew under the mischief of now.
    fn cut(&self, peers: &mut [&mut Peer]) {
        self.anew(peers, || self.evil.cut());
    }

    fn anew(&self, peers: &mut [&mut Peer], cut: impl FnOnce()) {
        let mut marks = Vec::new();
        for peer in &mut *peers {
            peer.drain();
            marks.push(peer.said.len());
        }
        cut();
        for (peer, mark) in peers.iter_mut().zip(marks) {
            log_in_anew(peer, mark);
        }
    }
}

/// How its connection stands: `online`, `offline`, `connecting`.
fn phase(event: &Value) -> Option<String> {
    let told = event["type"] == "server_changed";
    told.then(|| event["server"]["phase"].as_str().unwrap().to_owned())
}

/// Its connection was cut after it had said so many lines: it is told to make another one until it has one.
fn log_in_anew(peer: &mut Peer, mark: usize) {
    peer.drain();
    if peer.said[..mark].iter().rev().find_map(phase).as_deref() == Some("online")
        && !peer.said[mark..]
            .iter()
            .any(|event| phase(event).as_deref() == Some("offline"))
    {
        peer.wait("the end of the connection", |event| {
            phase(event).filter(|phase| phase == "offline")
        });
    }
    let mut last = peer.said.iter().rev().find_map(phase).unwrap_or_default();
    while last != "online" {
        if last == "offline" {
            peer.send(json!({ "type": "reconnect" }));
        }
        last = peer.wait("the server", phase);
    }
}

fn id_of(peer: &mut Peer) -> PeerId {
    peer.id().parse().unwrap()
}

/// What was written, by author and id.
#[derive(Default)]
struct Ledger {
    written: HashMap<(String, String), String>,
    /// Others who may have asked to be contacts.
    others: Vec<String>,
}

impl Ledger {
    /// Writes a text and notes it.
    fn write(&mut self, author: &mut Peer, to: &str, text: &str) -> String {
        let id = author.write(to, text);
        self.written.insert((author.id(), id.clone()), text.to_owned());
        id
    }

    /// Holds what somebody was shown against what was written: in every announcement and in the whole conversation.
    fn holds(&self, reader: &mut Peer, other: &str) {
        reader.drain();
        let own = reader.id();
        let mut announced = Vec::new();
        for event in &reader.said {
            match event["type"].as_str().unwrap_or_default() {
                "message_received" => {
                    let message = &event["message"];
                    assert_eq!(message["author"], other, "{event}");
                    if message["content"]["type"] == "text" {
                        self.is_genuine(message);
                    }
                    announced.push(message["id"].as_str().unwrap().to_owned());
                }
                "request_received" | "request_accepted" => {
                    let peer = event["peer"].as_str().unwrap();
                    assert!(
                        peer == other || self.others.iter().any(|known| known == peer),
                        "{event}"
                    );
                }
                "garbage" => panic!("{event}"),
                _ => {}
            }
        }
        let count = announced.len();
        announced.sort();
        announced.dedup();
        assert_eq!(announced.len(), count, "{} announced something twice", reader.name);
        let mut last = None;
        for message in reader.history(other) {
            if message["content"]["type"] == "text" {
                self.is_genuine(&message);
            }
            let order = &message["order"];
            let author: PeerId = order["author"].as_str().unwrap().parse().unwrap();
            assert!(order["author"] == other || order["author"] == own.as_str(), "{message}");
            let place = (order["lamport"].as_u64(), author, order["seq"].as_u64());
            assert!(last < Some(place), "out of order or twice: {message}");
            last = Some(place);
        }
    }

    fn is_genuine(&self, message: &Value) {
        let field = |name: &str| message[name].as_str().unwrap().to_owned();
        let written = self.written.get(&(field("author"), field("id")));
        let shown = message["content"]["text"].as_str();
        assert_eq!(written.map(String::as_str), shown, "nobody wrote this: {message}");
    }

    /// Everything has arrived on both sides, and both show the same.
    fn all_arrived(&self, one: &mut Peer, other: &mut Peer) {
        let (one_id, other_id) = (one.id(), other.id());
        let rest = |peer: &mut Peer, channel: &str| {
            let shown = peer.texts(channel);
            let missing = self.written.values().filter(|text| !shown.contains(text)).cloned();
            missing.collect::<Vec<String>>()
        };
        for (peer, channel) in [(&mut *one, &other_id), (&mut *other, &one_id)] {
            for text in rest(peer, channel) {
                peer.read(&text);
            }
        }
        assert_eq!(one.texts(&other_id), other.texts(&one_id));
        assert_eq!(one.texts(&other_id).len(), self.written.len());
        self.holds(one, &other_id);
        self.holds(other, &one_id);
    }
}

/// How often somebody was rung.
fn rings(peer: &mut Peer) -> usize {
    peer.drain();
    let incoming = |event: &&Value| event["type"] == "call_changed" && event["call"]["phase"] == "incoming";
    let mut calls: Vec<&str> = peer
        .said
        .iter()
        .filter(incoming)
        .filter_map(|event| event["call"]["call"].as_str())
        .collect();
    calls.sort_unstable();
    calls.dedup();
    calls.len()
}

/// Waits for a notice, also one of before; the whole event.
fn notice(peer: &mut Peer, kind: &str) -> Value {
    peer.seen_or_wait(kind, |event| (event["notice"] == kind).then(|| event.clone()))
}

/// Whether an event that `pick` takes comes within a moment.
fn comes_within(peer: &mut Peer, moment: Duration, pick: impl Fn(&Value) -> bool) -> bool {
    peer.try_wait("", moment, &mut |event| pick(event).then_some(()))
        .is_ok()
}
