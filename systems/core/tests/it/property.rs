//! Whatever happens on the way, at rest both sides show the same, each message once, in one order.

use orrery_core::{Act, Fact, io::Change};
use orrery_protocol::record::{CallOutcome, Delivery, MessageKind, MessageRecord};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    calls::{assert_over, call, hear, outcomes},
    sim::{CALM, Net, World},
};

fn storm(seed: u64) {
    println!("storm {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut w = World::friends(seed, 3);
    let pairs = [(0usize, 1usize), (0, 2), (1, 2)];
    let mut sent = 0u32;
    let mut words: Vec<(usize, usize, String)> = Vec::new();
    for _ in 0..150 {
        let (a, b) = pairs[dice.random_range(0..3)];
        let (from, to) = if dice.random_bool(0.5) { (a, b) } else { (b, a) };
        let channel = w.channel(to);
        let history = if w.nodes[from].core.is_some() {
            w.history(from, to)
        } else {
            Vec::new()
        };
        let any = (!history.is_empty()).then(|| history[dice.random_range(0..history.len())].clone());
        let alive = w.nodes[from].core.is_some();
        match dice.random_range(0..100) {
            0..35 if alive => {
                sent += 1;
                let text = format!("m{sent}");
                w.send(from, to, &text);
                words.push((from, to, text));
            }
            35..43 if alive => {
                if let Some(message) = any.filter(|m| m.author == w.id(from)) {
                    let text = format!("edited {}", dice.random_range(0..1000));
                    let _ = w.act(
                        from,
                        Act::EditText {
                            channel,
                            id: message.id,
                            text,
                        },
                    );
                }
            }
            43..48 if alive => {
                if let Some(message) = any.filter(|m| m.author == w.id(from)) {
                    let _ = w.act(
                        from,
                        Act::DeleteMessage {
                            channel,
                            id: message.id,
                        },
                    );
                }
            }
            48..56 if alive => {
                if let Some(message) = any {
                    let emoji = ["👍", "❤", "🎉"][dice.random_range(0..3)].to_owned();
                    let on = dice.random_bool(0.7);
                    let _ = w.act(
                        from,
                        Act::React {
                            channel,
                            target: message.reference(),
                            emoji,
                            on,
                        },
                    );
                }
            }
            56..60 if alive => {
                let own = any.filter(|m| m.author == w.id(from));
                let cancel = |message: &MessageRecord| Act::CancelMessage {
                    channel,
                    id: message.id,
                };
                if let Some(message) = own
                    && w.act(from, cancel(&message)).is_ok()
                    && let MessageKind::Text { text: was } = &message.kind
                {
                    words.retain(|(_, _, text)| text != was);
                }
            }
            60..66 if alive => {
                if let Some(message) = any {
                    let _ = w.act(
                        from,
                        Act::MarkRead {
                            channel,
                            up_to: message.order(),
                        },
                    );
                }
            }
            66..70 if alive => drop(w.act(from, Act::OpenChannel(channel))),
            70..72 if alive => drop(w.act(from, Act::CloseChannel(channel))),
            72..76 => w.restart(from),
            76..79 if alive => w.kill(from),
            79..82 => {
                if w.nodes[from].core.is_none() {
                    w.start(from);
                    w.connect(from);
                }
            }
            82..84 if alive => w.disconnect(from),
            84..87 if alive => w.connect(from),
            87..89 => w.nodes[from].failing_commits = dice.random_range(0..4),
            89..92 => {
                w.net = Net {
                    loss: dice.random_range(0.0..0.4),
                    repeat: 0.2,
                    delay: (2, dice.random_range(10..2000)),
                }
            }
            92..94 => w.net = CALM,
            94..96 => w.transport.swallow = dice.random_bool(0.5),
            96..97 => w.servers[0].down = true,
            _ => w.servers[0].down = false,
        }
        let pause = dice.random_range(0..3000);
        w.run_for(pause);
    }
    // Calm returns.
    w.net = CALM;
    w.transport.swallow = false;
    w.servers[0].down = false;
    for node in 0..3 {
        w.nodes[node].failing_commits = 0;
        if w.nodes[node].core.is_none() {
            w.start(node);
        }
        w.connect(node);
    }
    w.run_for(1_800_000);
    for (a, b) in pairs {
        w.assert_same(a, b);
        for (from, to) in [(a, b), (b, a)] {
            for message in w.history(from, to).iter().filter(|m| m.author == w.id(from)) {
                assert!(
                    message.delivery >= Delivery::Delivered,
                    "seed {seed}: {:?}",
                    message.delivery
                );
            }
        }
    }
    for (from, to, text) in &words {
        let (from, to) = (*from, *to);
        let shown = w.nodes[to]
            .facts
            .iter()
            .filter(|fact| {
                matches!(fact, Fact::Message { record, change: Change::Received }
                    if record.author == w.id(from)
                        && w.history(from, to).iter().any(|m| m.id == record.id && record.author == m.author)
                        && matches!(&record.kind, MessageKind::Text { text: is } if is == text))
            })
            .count();
        assert!(shown <= 1, "seed {seed}: {text} shown {shown} times");
    }
    // Each row was told as new exactly once.
    for (a, b) in pairs {
        for (node, other) in [(a, b), (b, a)] {
            for message in w.history(node, other).iter().filter(|m| m.author == w.id(other)) {
                let told = w.count(node, |fact| {
                    matches!(fact, Fact::Message { record, change: Change::Received }
                        if record.reference() == message.reference())
                });
                assert_eq!(told, 1, "seed {seed}");
            }
        }
    }
    for node in 0..3 {
        assert_eq!(
            w.nodes[node].archive.outbox_len(),
            0,
            "seed {seed}: something still waits"
        );
    }
}

#[test]
fn after_any_storm_both_sides_show_the_same() {
    for seed in storms(30) {
        storm(400_000 + seed);
    }
}

/// The storms to go through: the few that every run can afford, as many as `ORRERY_STORMS` asks for, or the one that
/// `ORRERY_STORM` names.
fn storms(few: u64) -> std::ops::Range<u64> {
    let asked = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match asked("ORRERY_STORM") {
        Some(one) => one..one + 1,
        None => 0..asked("ORRERY_STORMS").unwrap_or(few),
    }
}

/// Calls among four people of whom not all are contacts, with everything that can go wrong.
///
/// How many rows of answered calls it left, so that a storm in which nobody ever talks is noticed.
fn call_storm(seed: u64) -> usize {
    println!("storm {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut w = World::new(seed, 4);
    for (a, b) in [(0, 1), (0, 2), (1, 2), (2, 3), (1, 3)] {
        w.befriend(a, b);
    }
    w.run_for(3000);
    for _ in 0..120 {
        let who = dice.random_range(0..4usize);
        let other = (who + dice.random_range(1..4usize)) % 4;
        let peer = w.id(other);
        let running = call(&w, who);
        let alive = w.nodes[who].core.is_some();
        match dice.random_range(0..100) {
            0..20 if alive => drop(w.act(who, Act::StartCall(peer))),
            20..50 => {
                if let Some(call) = running {
                    let _ = w.act(who, Act::AcceptCall(call.call));
                }
            }
            50..53 => {
                if let Some(call) = running {
                    let _ = w.act(who, Act::DeclineCall(call.call));
                }
            }
            53..62 => {
                if let Some(call) = running {
                    let _ = w.act(who, Act::LeaveCall(call.call));
                }
            }
            62..76 => {
                if let Some(call) = running {
                    let _ = w.act(who, Act::AddToCall(call.call, peer));
                }
            }
            76..80 if alive => drop(w.act(who, Act::SetMuted(dice.random_bool(0.5)))),
            80..83 => w.restart(who),
            83..85 if alive => w.kill(who),
            85..90 if !alive => {
                w.start(who);
                w.connect(who);
            }
            90..92 => w.cut(who, other),
            92..95 => w.mend(who, other),
            95..97 => {
                w.net = Net {
                    loss: 0.15,
                    repeat: 0.2,
                    delay: (2, dice.random_range(10..300)),
                }
            }
            97..98 => w.nodes[who].failing_commits = dice.random_range(0..3),
            _ => w.net = CALM,
        }
        let pause = dice.random_range(0..6000);
        w.run_for(pause);
        for node in 0..4 {
            if call(&w, node).is_none_or(|call| call.phase != orrery_core::io::Phase::Active) {
                assert!(w.nodes[node].sound.is_empty(), "seed {seed}: sound without a call");
            }
        }
    }
    w.net = CALM;
    for node in 0..4 {
        w.nodes[node].failing_commits = 0;
        if w.nodes[node].core.is_none() {
            w.start(node);
        }
        w.connect(node);
        for other in 0..4 {
            w.mend(node, other);
        }
    }
    w.run_for(180_000);
    // Whoever is in a call hears and is heard by everybody it shows there.
    for node in 0..4 {
        let Some(state) = call(&w, node) else {
            assert!(w.nodes[node].sound.is_empty());
            continue;
        };
        for participant in &state.participants {
            let other = w.nodes.iter().position(|n| n.id == participant.peer).unwrap();
            assert!(
                hear(&w, node, other),
                "seed {seed}: {node} shows {other} and does not hear it"
            );
            assert_eq!(call(&w, other).map(|call| call.call), Some(state.call));
        }
    }
    for node in 0..4 {
        if let Some(state) = call(&w, node) {
            w.act(node, Act::LeaveCall(state.call)).unwrap();
        }
        w.run_for(1000);
    }
    w.run_for(120_000);
    assert_over(&w, &[0, 1, 2, 3]);
    assert_eq!(w.transport.count(), 0, "seed {seed}: a connection that nobody needs");
    let answered = |node: usize, with: usize| {
        outcomes(&w, node, with)
            .iter()
            .filter(|outcome| **outcome == CallOutcome::Answered)
            .count()
    };
    (0..4)
        .flat_map(|node| (0..4).map(move |with| (node, with)))
        .map(|(node, with)| answered(node, with))
        .sum()
}

#[test]
fn after_any_storm_of_calls_everybody_hears_whom_it_sees() {
    let storms = storms(30);
    let count = storms.end - storms.start;
    let answered: usize = storms.map(|seed| call_storm(500_000 + seed)).sum();
    assert!(
        count == 1 || answered as u64 > 2 * count,
        "{answered} in {count} storms"
    );
}
