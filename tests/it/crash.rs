//! kill -9 of either client and of the server at any moment: nothing acknowledged is lost or shown twice.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::bed::Bed;

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
    let last = (ariel.write(&rhea_id, "that is all"), rhea.write(&ariel_id, "all of it"));
    ariel.delivery(&last.0, "delivered");
    rhea.delivery(&last.1, "delivered");
    let (here, there) = (ariel.texts(&rhea_id), rhea.texts(&ariel_id));
    let unique: HashSet<&String> = here.iter().collect();
    assert_eq!(unique.len(), here.len(), "a message stands twice: {here:?}");
    for text in &acknowledged {
        assert!(unique.contains(text), "{text} is lost");
    }
    assert_eq!(here, there, "both sides show the same in the same order");
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
