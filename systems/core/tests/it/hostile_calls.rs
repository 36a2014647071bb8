//! Connections and calls with a peer that keeps to no rule.

use orrery_core::{Act, Fact, Input, Output};
use orrery_crypto::{Identity, Session, seal};
use orrery_protocol::{
    CallId, ConnectionId, PeerId,
    archive::Archive,
    limits::MAX_CANDIDATES,
    note::{Body, Note},
    signal::{CallSignal, CallStep, ConnectionSignal, ConnectionStep, Member, Purpose, Role},
};
use rand::{SeedableRng, rngs::StdRng};

use crate::hostile::{note, say};
use crate::sim::World;

pub(crate) fn signal(
    w: &World,
    from: usize,
    to: usize,
    connection: ConnectionId,
    seq: u32,
    step: ConnectionStep,
) -> Body {
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

pub(crate) fn offer() -> ConnectionStep {
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

pub(crate) fn call_note(w: &World, from: usize, to: usize, call: u8, seq: u32, age_ms: u64, step: CallStep) -> Vec<u8> {
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

pub(crate) fn empty_ring() -> CallStep {
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
        CallStep::Unheard { peers: vec![w.id(0)] },
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
