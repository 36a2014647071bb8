//! kill -9 of either client and of the server at any moment: nothing acknowledged is lost or shown twice.

use std::collections::{HashMap, HashSet};

use orrery_crypto::{Identity, seal, session};
use orrery_evil_server::{Evil, EvilOptions, Frame};
use orrery_protocol::frame::DropRequest;
use orrery_store::ProfileFolder;
use orrery_tests::Peer;
use serde_json::{Value, json};

use crate::bed::{Bed, peer_options};

/// A small generator with a seed, so that a failing run can be run again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Notes what somebody announced in one run; nothing may be announced again in another.
fn announced(said: &[Value], before: &mut HashSet<String>) {
    for event in said.iter().filter(|event| event["type"] == "message_received") {
        let id = event["message"]["id"].as_str().unwrap().to_owned();
        assert!(before.insert(id), "announced twice: {event}");
    }
}

/// Waits until both have everything and returns what both show: all that was acknowledged, once each, in one order.
fn agreed(ariel: &mut Peer, rhea: &mut Peer, acknowledged: &[String]) -> Vec<String> {
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let last = (ariel.write(&rhea_id, "that is all"), rhea.write(&ariel_id, "all of it"));
    ariel.delivery(&last.0, "delivered");
    rhea.delivery(&last.1, "delivered");
    let (here, there) = (ariel.texts(&rhea_id), rhea.texts(&ariel_id));
    let unique: HashSet<&String> = here.iter().collect();
    assert_eq!(unique.len(), here.len(), "a message stands twice: {here:?}");
    for text in acknowledged {
        assert!(unique.contains(text), "{text} is lost");
    }
    assert_eq!(here, there, "both sides show the same in the same order");
    here
}

#[test]
fn kills_at_any_moment_lose_nothing_that_was_stored_and_show_nothing_twice() {
    let rounds = if std::env::var_os("ORRERY_LONG").is_some() {
        20
    } else {
        6
    };
    let mut bed = Bed::new();
    let (mut ariel, mut rhea) = bed.pair();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let mut dice = Dice(0x0_5eed);
    let mut acknowledged: Vec<String> = Vec::new();
    let (mut by_ariel, mut by_rhea) = (HashSet::new(), HashSet::new());
    for round in 0..rounds {
        // A burst whose last commands may or may not be carried out when the axe falls.
        let certain = dice.roll(8);
        for n in 0..certain {
            let text = format!("a {round}.{n}");
            ariel.write(&rhea_id, &text);
            acknowledged.push(text);
            let text = format!("r {round}.{n}");
            rhea.write(&ariel_id, &text);
            acknowledged.push(text);
        }
        for n in 0..dice.roll(6) {
            ariel.send(json!({ "type": "send_text", "channel": rhea_id, "text": format!("a? {round}.{n}") }));
            rhea.send(json!({ "type": "send_text", "channel": ariel_id, "text": format!("r? {round}.{n}") }));
        }
        match dice.roll(4) {
            0 => {
                announced(&ariel.kill(), &mut by_ariel);
                ariel = bed.peer("ariel");
            }
            1 => {
                announced(&rhea.kill(), &mut by_rhea);
                rhea = bed.peer("rhea");
            }
            2 => bed.server.restart(),
            _ => {
                bed.server.kill();
                announced(&rhea.kill(), &mut by_rhea);
                bed.server.restart();
                rhea = bed.peer("rhea");
            }
        }
    }
    let here = agreed(&mut ariel, &mut rhea, &acknowledged);
    announced(&ariel.kill(), &mut by_ariel);
    announced(&rhea.kill(), &mut by_rhea);
    assert!(by_ariel.len() + by_rhea.len() <= here.len());
}

#[test]
fn a_message_is_announced_once_however_often_one_comes_back() {
    let bed = Bed::new();
    let (mut ariel, mut rhea) = bed.pair();
    let rhea_id = rhea.id();
    ariel.write(&rhea_id, "once");
    rhea.read("once");
    let mut before = HashSet::new();
    for _ in 0..3 {
        announced(&rhea.kill(), &mut before);
        rhea = bed.peer("rhea");
        rhea.online();
    }
    let id = ariel.write(&rhea_id, "after");
    rhea.read("after");
    ariel.delivery(&id, "delivered");
    announced(&rhea.kill(), &mut before);
    assert_eq!(before.len(), 2);
}

/// Whoever is at the end of `folder` now.
fn identity_of(peer_folder: &std::path::Path) -> Identity {
    let folder = ProfileFolder::open(peer_folder).unwrap();
    let mut store = folder.unlock("seven planets drift quietly").unwrap();
    let kept = store.transact(|archive| archive.value("identity")).unwrap().unwrap();
    Identity::from_bytes(&kept.0).unwrap()
}

/// Every ratchet message that was ever deposited for these people, by the key it was encrypted under.
fn encrypted(evil: &Evil, people: &[Identity]) -> HashMap<([u8; 32], u32), HashSet<Vec<u8>>> {
    let mut all: HashMap<_, HashSet<Vec<u8>>> = HashMap::new();
    evil.look(|book| {
        for seen in &book.seen {
            let Frame::Want(DropRequest::Deposit { to, .. }) = &seen.frame else {
                continue;
            };
            let own = people.iter().find(|own| own.peer_id() == *to).unwrap();
            let message = seal::open(own, seen.frame.envelope().unwrap()).unwrap().message;
            if let Ok(place) = session::place(&message) {
                let key = (place.ratchet_key, place.number);
                all.entry(key).or_default().insert(message.to_vec());
            }
        }
    });
    all
}

#[test]
fn clients_killed_in_the_middle_of_sends_and_receives_lose_nothing_show_nothing_twice_and_use_no_message_key_twice() {
    let rounds = std::env::var("ORRERY_KILL_ROUNDS").map_or(12, |rounds| rounds.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let evil = Evil::start(&EvilOptions::local(folder.path().join("server"), 55));
    let start = |name: &str| Peer::start(&folder.path().join(name), &peer_options(name, &evil.url()));
    let (mut ariel, mut rhea) = (start("ariel"), start("rhea"));
    ariel.befriend(&mut rhea);
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let mut dice = Dice(0x0bad_5eed);
    let mut acknowledged: Vec<String> = Vec::new();
    let (mut by_ariel, mut by_rhea) = (HashSet::new(), HashSet::new());
    for round in 0..rounds {
        for n in 0..dice.roll(2) {
            let text = format!("a {round}.{n}");
            ariel.write(&rhea_id, &text);
            acknowledged.push(text);
            let text = format!("r {round}.{n}");
            rhea.write(&ariel_id, &text);
            acknowledged.push(text);
        }
        for n in 0..1 + dice.roll(4) {
            ariel.send(json!({ "type": "send_text", "channel": rhea_id, "text": format!("a? {round}.{n}") }));
            rhea.send(json!({ "type": "send_text", "channel": ariel_id, "text": format!("r? {round}.{n}") }));
        }
        // The axe falls somewhere in what follows: encrypting, storing, sending, receiving, acknowledging.
        std::thread::sleep(std::time::Duration::from_micros(dice.roll(60_000)));
        if dice.roll(2) == 0 {
            announced(&ariel.kill(), &mut by_ariel);
            ariel = start("ariel");
        } else {
            announced(&rhea.kill(), &mut by_rhea);
            rhea = start("rhea");
        }
    }
    let here = agreed(&mut ariel, &mut rhea, &acknowledged);
    announced(&ariel.kill(), &mut by_ariel);
    announced(&rhea.kill(), &mut by_rhea);

    let people = ["ariel", "rhea"].map(|name| identity_of(&folder.path().join(name).join("profile")));
    let encrypted = encrypted(&evil, &people);
    assert!(encrypted.len() >= here.len(), "what was written was encrypted");
    for (key, messages) in &encrypted {
        assert_eq!(messages.len(), 1, "under one key: {} messages, {key:?}", messages.len());
    }
}
