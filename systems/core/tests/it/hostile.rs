//! Peers and servers that do what no honest one does. The hostile peer here is a contact: it holds real sessions.

use orrery_core::{Act, Fact, Input, Output};
use orrery_crypto::{Identity, SealKind, Session, seal, session::select_active};
use orrery_protocol::{
    ConnectionId, MessageId, MessageRef, PeerId, Token,
    archive::Archive,
    encode,
    limits::MAX_TEXT,
    note::{Body, Introduction, Item, ItemKind, Note, Receipt},
    record::{ContactState, Delivery},
};
use rand::{SeedableRng, rngs::StdRng};

use crate::hostile_calls::{call_note, empty_ring, offer, signal};
use crate::sim::World;

/// Lets node `from` say anything at all to node `to`, in its real session.
pub(crate) fn say(w: &mut World, from: usize, to: usize, plaintext: &[u8]) {
    let envelope = envelope(w, from, to, plaintext);
    w.feed(to, Input::Delivered { id: None, envelope });
}

fn envelope(w: &mut World, from: usize, to: usize, plaintext: &[u8]) -> Vec<u8> {
    let (own, peer) = (w.id(from), w.id(to));
    let archive = &mut w.nodes[from].archive;
    let mut rows = archive.sessions(&peer).unwrap();
    let active = select_active(rows.iter().map(|row| (row.generation, row.id))).unwrap();
    let row = rows.iter_mut().find(|row| row.id == active).unwrap();
    let mut session = Session::decode(&row.state.0).unwrap();
    let message = session.encrypt(plaintext).unwrap();
    row.state = session.encode();
    archive.put_session(&peer, row).unwrap();
    let mut rng = StdRng::seed_from_u64(w.now);
    seal::seal(&own, &peer, SealKind::Ratchet, &message, &mut rng).unwrap()
}

pub(crate) fn note(w: &World, body: Body) -> Vec<u8> {
    encode(&Note::new(w.wall(), body)).unwrap()
}

fn item(seq: u64, lamport: u64, id: u8, kind: ItemKind) -> Body {
    Body::Item(Item {
        id: MessageId([id; 16]),
        seq,
        lamport,
        kind,
    })
}

fn text(words: &str) -> ItemKind {
    ItemKind::Text {
        text: words.into(),
        reply_to: None,
    }
}

#[test]
fn notes_that_break_their_own_rules_are_dropped_whole() {
    let mut w = World::friends(300, 2);
    let long = "x".repeat(MAX_TEXT + 1);
    let bodies = [
        item(1, 1, 1, text("")),
        item(1, 1, 2, text(&long)),
        item(0, 1, 3, text("seq zero")),
        item(u64::MAX, 1, 4, text("seq beyond")),
        item(1, u64::MAX, 5, text("lamport beyond")),
        Body::Profile(Introduction {
            name: " ".into(),
            via: "wss://x".into(),
            token: Token([1; 32]),
        }),
        Body::Receipt(Receipt {
            delivered: 0,
            beyond: (0..65).collect(),
            read: 0,
        }),
    ];
    let before = w.contact(1, 0).unwrap();
    for body in bodies {
        let bytes = note(&w, body);
        say(&mut w, 0, 1, &bytes);
    }
    for garbage in [&b""[..], b"\xff\xff", &[0x9f; 500]] {
        say(&mut w, 0, 1, garbage);
    }
    assert!(w.history(1, 0).is_empty());
    assert_eq!(w.contact(1, 0).unwrap().their_seq, before.their_seq);
    assert_eq!(w.contact(1, 0).unwrap().name, before.name);
    w.send(0, 1, "and on it goes");
    w.run_for(2000);
    assert_eq!(w.texts(1, 0), ["and on it goes"]);
}

#[test]
fn a_newer_version_is_said_once_and_kept_for_the_update() {
    let mut w = World::friends(301, 2);
    #[derive(serde::Serialize)]
    struct Newer {
        version: u8,
        surprise: &'static str,
    }
    let bytes = encode(&Newer {
        version: 9,
        surprise: "later",
    })
    .unwrap();
    say(&mut w, 0, 1, &bytes);
    say(&mut w, 0, 1, &bytes);
    assert_eq!(w.count(1, |fact| matches!(fact, Fact::VersionMismatch { .. })), 1);
    let peer = w.id(0);
    assert_eq!(w.nodes[1].archive.unread_ciphertexts(&peer).unwrap().len(), 2);
    let bytes = note(&w, item(1, 1, 1, text("still readable")));
    say(&mut w, 0, 1, &bytes);
    assert_eq!(w.texts(1, 0), ["still readable"]);
    w.restart(1);
    assert_eq!(
        w.nodes[1].archive.unread_ciphertexts(&peer).unwrap().len(),
        2,
        "they wait for a newer program"
    );
    assert_eq!(w.count(1, |fact| matches!(fact, Fact::SessionHealed { .. })), 0);
}

#[test]
fn a_lamport_jump_does_not_stop_the_conversation() {
    let mut w = World::friends(302, 2);
    let bytes = note(&w, item(1, 1 << 48, 1, text("far ahead")));
    say(&mut w, 0, 1, &bytes);
    w.send(1, 0, "still here");
    w.send(1, 0, "and here");
    w.run_for(2000);
    assert_eq!(w.texts(0, 1), ["still here", "and here"]);
}

#[test]
fn receipts_for_what_was_never_sent_mean_nothing() {
    let mut w = World::friends(303, 2);
    w.servers[0].down = true;
    w.send(1, 0, "not gone yet");
    w.run_for(3000);
    let bytes = note(
        &w,
        Body::Receipt(Receipt {
            delivered: u64::MAX,
            beyond: vec![u64::MAX, 5],
            read: u64::MAX,
        }),
    );
    say(&mut w, 0, 1, &bytes);
    let row = w.contact(1, 0).unwrap();
    assert!(row.delivered_to_them <= 1 && row.read_by_them <= 1);
    // Who claims to have what it has not only misses it.
    w.servers[0].down = false;
    w.run_for(60_000);
    w.send(1, 0, "next");
    w.run_for(3000);
    assert_eq!(w.delivery(1, 0, "next"), Delivery::Delivered);
}

#[test]
fn nobody_changes_the_words_of_others_or_reaches_into_other_conversations() {
    let mut w = World::friends(304, 3);
    w.send(1, 0, "mine");
    w.send(1, 2, "to somebody else");
    w.run_for(2000);
    let mine = w.message(1, 0, "mine").reference();
    let elsewhere = w.message(1, 2, "to somebody else").reference();
    let react = |target: MessageRef| ItemKind::React {
        target,
        emoji: "👎".into(),
        on: true,
    };
    let bodies = [
        item(
            1,
            10,
            1,
            ItemKind::Edit {
                target: mine.id,
                text: "yours".into(),
            },
        ),
        item(2, 11, 2, ItemKind::Delete { target: mine.id }),
        item(3, 12, 3, react(elsewhere)),
        item(
            4,
            13,
            4,
            react(MessageRef {
                author: PeerId([9; 32]),
                id: mine.id,
            }),
        ),
    ];
    for body in bodies {
        let bytes = note(&w, body);
        say(&mut w, 0, 1, &bytes);
    }
    assert_eq!(w.texts(1, 0), ["mine"]);
    assert!(w.message(1, 2, "to somebody else").reactions.is_empty());
}

#[test]
fn floods_of_reactions_and_gaps_stay_bounded() {
    let mut w = World::friends(305, 2);
    w.send(1, 0, "look at me");
    w.run_for(2000);
    let target = w.message(1, 0, "look at me").reference();
    for n in 0..300u32 {
        let emoji = char::from_u32(0x1F300 + n).unwrap().to_string();
        let kind = ItemKind::React {
            target,
            emoji,
            on: true,
        };
        let bytes = encode(&Note::new(
            w.wall(),
            Body::Item(Item {
                id: MessageId([n as u8; 16].map(|b| b ^ (n >> 8) as u8)),
                seq: 2 + 2 * u64::from(n),
                lamport: 5,
                kind,
            }),
        ))
        .unwrap();
        say(&mut w, 0, 1, &bytes);
    }
    assert!(w.message(1, 0, "look at me").reactions.len() <= 32);
    assert!(w.contact(1, 0).unwrap().their_beyond.len() <= 64);
}

#[test]
fn reactions_on_a_message_to_come_are_as_few_as_on_one_that_came() {
    let mut w = World::friends(309, 2);
    let target = MessageRef {
        author: w.id(0),
        id: MessageId([255; 16]),
    };
    for n in 0..300u32 {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&n.to_be_bytes());
        let kind = ItemKind::React {
            target,
            emoji: char::from_u32(0x1F300 + n).unwrap().to_string(),
            on: true,
        };
        let body = Body::Item(Item {
            id: MessageId(id),
            seq: 2 + u64::from(n),
            lamport: 5,
            kind,
        });
        let bytes = note(&w, body);
        say(&mut w, 0, 1, &bytes);
    }
    let bytes = note(&w, item(1, 1, 255, text("look at me")));
    say(&mut w, 0, 1, &bytes);
    let shown = w.message(1, 0, "look at me").reactions.len();
    assert!((1..=32).contains(&shown), "{shown}");
    assert_eq!(w.shown(1, "look at me"), 1);
}

#[test]
fn a_stranger_is_heard_only_when_asking() {
    let mut w = World::new(311, 3);
    // Contacts of the first, strangers to each other; the stranger holds a real session from a request declined.
    w.ask(0, 1);
    w.run_for(1000);
    let asker = w.id(0);
    w.act(1, Act::DeclineRequest(asker)).unwrap();
    let bodies = [
        item(1, 1, 1, text("psst")),
        Body::Accept(Introduction {
            name: "me".into(),
            via: "wss://x".into(),
            token: Token([1; 32]),
        }),
        Body::Presence { here: true, ask: true },
        Body::Heal,
        signal(&w, 0, 1, ConnectionId([1; 16]), 0, offer()),
    ];
    let before = w.nodes[1].outputs.len();
    for body in bodies {
        let bytes = note(&w, body);
        say(&mut w, 0, 1, &bytes);
    }
    let bytes = call_note(&w, 0, 1, 1, 0, 0, empty_ring());
    say(&mut w, 0, 1, &bytes);
    w.run_for(10_000);
    assert_eq!(w.nodes[1].outputs.len(), before);
    assert_eq!(w.state(1, 0), Some(ContactState::Removed));
    assert!(w.history(1, 0).is_empty());
}

#[test]
fn requests_of_many_strangers_stay_bounded() {
    let mut w = World::new(312, 1);
    let invite = w.invite(0);
    w.run_for(100);
    let mut rng = StdRng::seed_from_u64(9);
    let token = orrery_protocol::frame::DepositToken::Request(invite.token.clone());
    let bundle = w.hand_out(crate::sim::SERVER, &invite.peer, &token).unwrap();
    for n in 0..130 {
        let stranger = Identity::generate(&mut rng);
        let own = stranger.peer_id();
        let verified = orrery_crypto::VerifiedBundle::verify(&own, &invite.peer, &bundle).unwrap();
        let mut session = Session::start(&stranger, &verified, 0, &mut rng).unwrap();
        let introduction = Introduction {
            name: format!("S{n}"),
            via: "ws://127.0.0.1:1".into(),
            token: Token([1; 32]),
        };
        let bytes = note(&w, Body::Request(introduction));
        let message = session.encrypt(&bytes).unwrap();
        let envelope = seal::seal(&own, &invite.peer, SealKind::Ratchet, &message, &mut rng).unwrap();
        w.feed(0, Input::Delivered { id: Some(n), envelope });
    }
    let rows = w.nodes[0].archive.contacts().unwrap();
    assert_eq!(rows.len(), 100);
}

#[test]
fn envelopes_of_any_bytes_change_nothing_but_are_acknowledged() {
    let mut w = World::friends(313, 2);
    w.send(0, 1, "real");
    w.run_for(1000);
    let real = w.servers[0].seen.last().unwrap().1.clone();
    let before = w.contact(1, 0);
    let mut number = 1000;
    for at in (0..real.len()).step_by(7) {
        let mut envelope = real.clone();
        envelope[at] ^= 0x40;
        number += 1;
        let count = w.nodes[1].outputs.len();
        w.feed(
            1,
            Input::Delivered {
                id: Some(number),
                envelope,
            },
        );
        assert!(matches!(w.nodes[1].outputs[count..], [Output::Ack(_)]), "byte {at}");
    }
    for len in [0, 1, 31, 32, 33, 100] {
        w.feed(
            1,
            Input::Delivered {
                id: Some(5),
                envelope: real[..len].to_vec(),
            },
        );
    }
    assert_eq!(w.contact(1, 0), before);
}

#[test]
fn no_request_of_ours_is_larger_than_a_server_takes() {
    let mut w = World::new(314, 2);
    w.act(0, Act::SetName("é".repeat(32))).unwrap();
    w.ask(0, 1);
    w.run_for(1000);
    assert_eq!(w.state(1, 0), Some(ContactState::RequestedByThem));
    let to_1 = w.id(1);
    assert!(
        w.servers[0]
            .seen
            .iter()
            .filter(|(to, _)| *to == to_1)
            .all(|(_, envelope)| envelope.len() <= 4352)
    );
}

#[test]
fn an_id_stands_for_what_came_under_it_first() {
    let mut w = World::friends(315, 2);
    let call = crate::calls::talk(&mut w, 0, 1);
    w.act(0, Act::LeaveCall(call)).unwrap();
    w.run_for(3000);
    let bodies = [
        item(1, 10, 7, text("first")),
        item(2, 11, 7, text("second")),
        item(1, 12, 7, text("third")),
        item(
            3,
            13,
            7,
            ItemKind::Edit {
                target: MessageId([7; 16]),
                text: "an edit under the id of what it edits".into(),
            },
        ),
        // The row of a call that this very person made has that call's id.
        Body::Item(Item {
            id: MessageId(call.0),
            seq: 4,
            lamport: 14,
            kind: text("instead of the call"),
        }),
    ];
    let calls = crate::calls::rows(&w, 1, 0);
    assert_eq!(calls.len(), 1);
    for body in bodies {
        let bytes = note(&w, body);
        say(&mut w, 0, 1, &bytes);
    }
    assert_eq!(w.texts(1, 0), ["first"]);
    assert_eq!(w.shown(1, "second") + w.shown(1, "third"), 0);
    assert_eq!(crate::calls::rows(&w, 1, 0), calls);
    w.send(0, 1, "and on it goes");
    w.run_for(2000);
    assert_eq!(w.shown(1, "and on it goes"), 1);
}

#[test]
fn names_too_large_are_refused_on_every_way_in() {
    let mut w = World::friends(316, 3);
    let introduction = |name: String| Introduction {
        name,
        via: crate::sim::SERVER.into(),
        token: Token([1; 32]),
    };
    let before = w.contact(1, 0).unwrap();
    // A byte too long, many emoji, and as long as a message can be at all.
    for name in ["x".repeat(65), "🦀".repeat(17), "🦀".repeat(4000)] {
        for body in [
            Body::Profile(introduction(name.clone())),
            Body::Accept(introduction(name.clone())),
            Body::Request(introduction(name.clone())),
        ] {
            let bytes = note(&w, body);
            say(&mut w, 0, 1, &bytes);
            assert_eq!(w.contact(1, 0).unwrap(), before, "{}", name.len());
        }
    }
    // A megabyte fits no envelope and no direct message.
    let bytes = note(&w, Body::Profile(introduction("🦀".repeat(250_000))));
    let mut rng = StdRng::seed_from_u64(1);
    assert!(seal::seal(&w.id(0), &w.id(1), SealKind::Ratchet, &bytes, &mut rng).is_err());
    let ignored = |w: &World| w.nodes[1].core.as_ref().unwrap().ignored();
    let count = ignored(&w);
    w.feed(
        1,
        Input::Delivered {
            id: None,
            envelope: vec![1; 1 << 20],
        },
    );
    assert_eq!(ignored(&w), count + 1);
    // By somebody in a call who brings others in.
    let id = crate::calls::talk(&mut w, 0, 1);
    let step = orrery_protocol::signal::CallStep::Roster {
        members: vec![orrery_protocol::signal::Member {
            peer: w.id(2),
            name: "🦀".repeat(3000),
            via: crate::sim::SERVER.into(),
            token: None,
        }],
    };
    let mut bytes = call_note(&w, 0, 1, 1, 50, 0, step);
    let at = bytes.windows(16).position(|window| window == [1; 16]).unwrap();
    bytes[at..at + 16].copy_from_slice(&id.0);
    say(&mut w, 0, 1, &bytes);
    let shown = crate::calls::call(&w, 1).unwrap();
    assert!(
        shown
            .participants
            .iter()
            .all(|participant| participant.name.len() <= 64)
    );
}

#[test]
fn what_is_ignored_is_counted() {
    let mut w = World::friends(317, 2);
    let ignored = |w: &World| w.nodes[1].core.as_ref().unwrap().ignored();
    w.send(0, 1, "real");
    w.run_for(2000);
    assert_eq!(ignored(&w), 0);
    let real = w.servers[0].seen.last().unwrap().1.clone();
    let mut changed = real.clone();
    changed[100] ^= 1;
    // Not sealed at all, as SDP of a server's own would be; sealed for somebody else; changed; cut; holding garbage.
    let (to_0, garbage) = (w.sealed(1, 0, b"whatever"), w.sealed(0, 1, b"\x01\x07 no message"));
    let all = [
        b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n".to_vec(),
        to_0,
        changed,
        real[..90].to_vec(),
        garbage,
    ];
    let outputs = w.nodes[1].outputs.len();
    for (n, envelope) in all.into_iter().enumerate() {
        w.feed(1, Input::Delivered { id: None, envelope });
        assert_eq!(ignored(&w), n as u64 + 1, "{n}");
    }
    assert_eq!(w.nodes[1].outputs.len(), outputs, "and nothing else comes of it");
}
