//! Peers and servers that do what no honest one does. The hostile peer here is a contact: it holds real sessions.

use orrery_core::{Act, Fact, Input, Output};
use orrery_crypto::{Identity, SealKind, Session, seal, session::select_active};
use orrery_protocol::{
    CallId, ConnectionId, MessageId, MessageRef, PeerId, Token,
    archive::Archive,
    encode,
    limits::{MAX_CANDIDATES, MAX_TEXT},
    note::{Body, Introduction, Item, ItemKind, Note, Receipt},
    record::{ContactState, Delivery},
    signal::{CallSignal, CallStep, ConnectionSignal, ConnectionStep, Member, Purpose, Role},
};
use rand::{SeedableRng, rngs::StdRng};

use crate::sim::World;

/// Lets node `from` say anything at all to node `to`, in its real session.
fn say(w: &mut World, from: usize, to: usize, plaintext: &[u8]) {
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

fn note(w: &World, body: Body) -> Vec<u8> {
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

fn signal(w: &World, from: usize, to: usize, connection: ConnectionId, seq: u32, step: ConnectionStep) -> Body {
    let (from, to) = (w.id(from), w.id(to));
    Body::Connection(ConnectionSignal {
        connection,
        seq,
        role: Role::of(&from, &to),
        from,
        to,
        issued_ms: w.wall(),
        expires_ms: w.wall() + 60_000,
        step,
    })
}

fn offer() -> ConnectionStep {
    ConnectionStep::Offer {
        purpose: Purpose::Conversation,
        sdp: "offer 7".into(),
        random: serde_bytes::ByteArray::new([1; 32]),
    }
}

fn answers(w: &World, node: usize) -> usize {
    w.nodes[node]
        .outputs
        .iter()
        .filter(|output| matches!(output, Output::MakeAnswer { .. }))
        .count()
}

#[test]
fn signals_for_others_by_others_or_of_another_time_are_dropped() {
    let mut w = World::friends(306, 3);
    let id = ConnectionId([1; 16]);
    let good = signal(&w, 0, 1, id, 0, offer());
    let tamper = |change: fn(&mut ConnectionSignal)| {
        let Body::Connection(mut signal) = good.clone() else {
            unreachable!()
        };
        change(&mut signal);
        Body::Connection(signal)
    };
    let bad = [
        tamper(|s| s.from = PeerId([1; 32])),
        tamper(|s| s.to = PeerId([2; 32])),
        tamper(|s| s.role = Role::Answerer),
        tamper(|s| s.expires_ms = s.issued_ms - 1),
        tamper(|s| {
            s.issued_ms -= 61_000;
            s.expires_ms -= 61_000
        }),
        tamper(|s| {
            s.issued_ms += 120_000;
            s.expires_ms += 120_000
        }),
        tamper(|s| s.expires_ms += 1_000_000),
    ];
    for body in bad {
        let bytes = note(&w, body);
        say(&mut w, 0, 1, &bytes);
        assert_eq!(answers(&w, 1), 0);
    }
    // What was meant for one is of no use with another.
    let Body::Connection(for_2) = signal(&w, 0, 2, id, 0, offer()) else {
        unreachable!()
    };
    let bytes = note(&w, Body::Connection(for_2));
    say(&mut w, 0, 1, &bytes);
    assert_eq!(answers(&w, 1), 0);
    let bytes = note(&w, good);
    say(&mut w, 0, 1, &bytes);
    assert_eq!(answers(&w, 1), 1);
    let bytes = note(&w, signal(&w, 0, 1, id, 1, offer()));
    say(&mut w, 0, 1, &bytes);
    assert_eq!(answers(&w, 1), 1, "one offer a connection");
}

#[test]
fn answers_nobody_asked_for_second_answers_and_floods_of_candidates_are_dropped() {
    let mut w = World::friends(307, 2);
    // Node 0 offers; node 1 is hostile.
    let channel = w.channel(1);
    w.nodes[1].connected = true;
    w.act(0, Act::OpenChannel(channel)).unwrap();
    w.until("the offer is made", |w| {
        w.nodes[0]
            .outputs
            .iter()
            .any(|output| matches!(output, Output::MakeOffer { .. }))
    });
    w.kill(1);
    w.run_for(100);
    let connection = w.nodes[0]
        .outputs
        .iter()
        .find_map(|output| match output {
            Output::MakeOffer { connection, .. } => Some(*connection),
            _ => None,
        })
        .unwrap();
    let answer = || ConnectionStep::Answer {
        sdp: "answer 9".into(),
        random: serde_bytes::ByteArray::new([2; 32]),
    };
    let count = |w: &World, is: fn(&Output) -> bool| w.nodes[0].outputs.iter().filter(|output| is(output)).count();
    let taken = |output: &Output| matches!(output, Output::TakeAnswer { .. });
    let bytes = note(&w, signal(&w, 1, 0, ConnectionId([5; 16]), 0, answer()));
    say(&mut w, 1, 0, &bytes);
    assert_eq!(count(&w, taken), 0, "of a connection we never offered");
    for n in 0..200u32 {
        let lines = vec![format!("candidate {n}"); 3];
        let bytes = note(
            &w,
            signal(&w, 1, 0, connection, n + 1, ConnectionStep::Candidates { lines }),
        );
        say(&mut w, 1, 0, &bytes);
    }
    let bytes = note(
        &w,
        signal(
            &w,
            1,
            0,
            connection,
            300,
            ConnectionStep::Bind {
                mac: serde_bytes::ByteArray::new([3; 32]),
            },
        ),
    );
    say(&mut w, 1, 0, &bytes);
    for n in 0..2 {
        let bytes = note(&w, signal(&w, 1, 0, connection, 301 + n, answer()));
        say(&mut w, 1, 0, &bytes);
    }
    assert_eq!(count(&w, taken), 1);
    let lines: usize = w.nodes[0]
        .outputs
        .iter()
        .map(|output| match output {
            Output::AddCandidates { lines, .. } => lines.len(),
            _ => 0,
        })
        .sum();
    assert!(lines <= MAX_CANDIDATES, "{lines}");
    // A binding that was made up.
    w.feed(
        0,
        Input::Secured {
            connection,
            local_fingerprint: [1; 32],
            remote_fingerprint: [2; 32],
        },
    );
    let bytes = note(
        &w,
        signal(
            &w,
            1,
            0,
            connection,
            310,
            ConnectionStep::Bind {
                mac: serde_bytes::ByteArray::new([3; 32]),
            },
        ),
    );
    say(&mut w, 1, 0, &bytes);
    assert_eq!(w.count(0, |fact| matches!(fact, Fact::BindingFailed { .. })), 1);
}

#[test]
fn a_binding_reflected_back_proves_nothing() {
    let mut w = World::friends(308, 2);
    let channel = w.channel(1);
    w.act(0, Act::OpenChannel(channel)).unwrap();
    w.until("the offer is made", |w| {
        w.nodes[0]
            .outputs
            .iter()
            .any(|output| matches!(output, Output::MakeOffer { .. }))
    });
    w.kill(1);
    w.run_for(100);
    let connection = w.nodes[0]
        .outputs
        .iter()
        .find_map(|output| match output {
            Output::MakeOffer { connection, .. } => Some(*connection),
            _ => None,
        })
        .unwrap();
    let answer = ConnectionStep::Answer {
        sdp: "answer 9".into(),
        random: serde_bytes::ByteArray::new([2; 32]),
    };
    let bytes = note(&w, signal(&w, 1, 0, connection, 0, answer));
    say(&mut w, 1, 0, &bytes);
    w.feed(
        0,
        Input::Secured {
            connection,
            local_fingerprint: [1; 32],
            remote_fingerprint: [2; 32],
        },
    );
    w.run_for(100);
    // Its own MAC, read by the hostile peer from its mailbox.
    let stored = w.nodes[1].archive.value("identity").unwrap().unwrap();
    let identity = Identity::from_bytes(&stored.0).unwrap();
    let (own, peer) = (w.id(0), w.id(1));
    let mac = w.mailbox_of(1).kept.clone().into_values().find_map(|envelope| {
        let message = seal::open(&identity, &envelope).ok()?.message;
        let _ = (own, peer);
        let mut rng = StdRng::seed_from_u64(1);
        let rows = w.nodes[1].archive.sessions(&own).unwrap();
        let plain = rows.iter().find_map(|row| {
            Session::decode(&row.state.0)
                .unwrap()
                .decrypt(&message, 1_790_000_000_000, &mut rng)
                .ok()
        })?;
        match orrery_protocol::decode::<Note>(&plain).ok()?.body {
            Body::Connection(ConnectionSignal {
                step: ConnectionStep::Bind { mac },
                ..
            }) => Some(mac),
            _ => None,
        }
    });
    let bytes = note(
        &w,
        signal(&w, 1, 0, connection, 1, ConnectionStep::Bind { mac: mac.unwrap() }),
    );
    say(&mut w, 1, 0, &bytes);
    assert_eq!(w.count(0, |fact| matches!(fact, Fact::BindingFailed { .. })), 1);
}

fn call_note(w: &World, from: usize, to: usize, call: u8, seq: u32, age_ms: u64, step: CallStep) -> Vec<u8> {
    let lifetime = if matches!(step, CallStep::Ring { .. }) {
        45_000
    } else {
        60_000
    };
    let issued_ms = w.wall() - age_ms;
    note(
        w,
        Body::Call(CallSignal {
            call: CallId([call; 16]),
            seq,
            from: w.id(from),
            to: w.id(to),
            issued_ms,
            expires_ms: issued_ms + lifetime,
            step,
        }),
    )
}

fn empty_ring() -> CallStep {
    CallStep::Ring {
        members: Vec::new(),
        token: None,
    }
}

#[test]
fn rings_of_strangers_of_yesterday_and_again_do_not_ring() {
    let mut w = World::friends(309, 3);
    let rings = |w: &World| {
        w.nodes[1]
            .outputs
            .iter()
            .filter(|output| matches!(output, Output::Ring(Some(_))))
            .count()
    };
    let bytes = call_note(&w, 0, 1, 1, 0, 50_000, empty_ring());
    say(&mut w, 0, 1, &bytes);
    assert_eq!(rings(&w), 0, "expired");
    let bytes = call_note(&w, 0, 1, 2, 0, 0, empty_ring());
    say(&mut w, 0, 1, &bytes);
    assert_eq!(rings(&w), 1);
    w.act(1, Act::DeclineCall(CallId([2; 16]))).unwrap();
    say(&mut w, 0, 1, &bytes);
    assert_eq!(rings(&w), 1, "the same ring again");
    // No contact any more.
    let other = w.id(2);
    w.act(1, Act::RemoveContact(other)).unwrap();
    let bytes = call_note(&w, 2, 1, 3, 0, 0, empty_ring());
    say(&mut w, 2, 1, &bytes);
    assert_eq!(rings(&w), 1);
}

#[test]
fn nobody_joins_or_fills_a_call_uninvited() {
    let mut w = World::friends(310, 4);
    let id = crate::calls::talk(&mut w, 0, 1);
    let before = crate::calls::call(&w, 1).unwrap();
    let forged = |w: &World, step| {
        note(
            w,
            Body::Call(CallSignal {
                call: id,
                seq: 0,
                from: w.id(2),
                to: w.id(1),
                issued_ms: w.wall(),
                expires_ms: w.wall() + 60_000,
                step,
            }),
        )
    };
    let member = |n: u8, w: &World| Member {
        peer: if n == 0 { w.id(3) } else { PeerId([n; 32]) },
        name: "x".into(),
        via: "ws://127.0.0.1:1".into(),
        token: None,
    };
    for step in [
        CallStep::Accept { token: None },
        CallStep::Roster {
            members: vec![member(0, &w)],
        },
        CallStep::Leave,
        CallStep::Cancel,
        CallStep::State {
            muted: true,
            deafened: true,
        },
    ] {
        let bytes = forged(&w, step);
        say(&mut w, 2, 1, &bytes);
    }
    assert_eq!(crate::calls::call(&w, 1).unwrap(), before);
    // One who is in may introduce, but not more than fit, and no nonsense.
    let members: Vec<Member> = (0..16).map(|n| member(n, &w)).collect();
    let bytes = note(
        &w,
        Body::Call(CallSignal {
            call: id,
            seq: 50,
            from: w.id(0),
            to: w.id(1),
            issued_ms: w.wall(),
            expires_ms: w.wall() + 60_000,
            step: CallStep::Roster { members },
        }),
    );
    say(&mut w, 0, 1, &bytes);
    assert!(crate::calls::call(&w, 1).unwrap().participants.len() <= 15);
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
