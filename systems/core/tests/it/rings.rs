//! Rings that nobody wants, and connections that never prove whose they are.

use orrery_core::{
    Act, Fact, Input, Output,
    io::{Link, Ring},
};
use orrery_protocol::{ConnectionId, limits::MAX_CANDIDATES, record::CallOutcome, signal::ConnectionStep};

use crate::calls::{call, outcomes, ring, talk};
use crate::hostile::{note, say};
use crate::hostile_calls::{call_note, empty_ring, offer, signal};
use crate::sim::World;

fn rings(w: &World, node: usize) -> usize {
    let is = |output: &&Output| matches!(output, Output::Ring(Some(Ring::Incoming)));
    w.nodes[node].outputs.iter().filter(is).count()
}

/// Somebody calls and is declined, or is not let through.
fn try_once(w: &mut World, from: usize, to: usize) {
    let peer = w.id(to);
    w.act(from, Act::StartCall(peer)).unwrap();
    w.run_for(2000);
    if let Some(here) = call(w, to) {
        w.act(to, Act::DeclineCall(here.call)).unwrap();
        w.run_for(2000);
    }
    assert!(call(w, from).is_none(), "the caller is not left waiting");
}

#[test]
fn a_contact_who_rings_without_end_is_heard_five_times_in_five_minutes() {
    let mut w = World::friends(9100, 3);
    for _ in 0..12 {
        try_once(&mut w, 0, 1);
    }
    assert_eq!(rings(&w, 1), 5);
    let here = outcomes(&w, 1, 0);
    let count = |of: CallOutcome| here.iter().filter(|outcome| **outcome == of).count();
    assert_eq!(
        (count(CallOutcome::Declined), count(CallOutcome::Missed)),
        (5, 7),
        "it is all in the history"
    );
    let there = outcomes(&w, 0, 1);
    assert_eq!(there.iter().filter(|outcome| **outcome == CallOutcome::Busy).count(), 7);
    // Nobody else is kept out by it, and it ends.
    try_once(&mut w, 2, 1);
    assert_eq!(rings(&w, 1), 6);
    w.run_for(300_000);
    try_once(&mut w, 0, 1);
    assert_eq!(rings(&w, 1), 7);
}

#[test]
fn who_is_answered_may_ring_as_often_again() {
    let mut w = World::friends(9110, 2);
    for _ in 0..4 {
        try_once(&mut w, 0, 1);
    }
    let id = talk(&mut w, 0, 1);
    w.act(1, Act::LeaveCall(id)).unwrap();
    w.run_for(2000);
    for _ in 0..6 {
        try_once(&mut w, 0, 1);
    }
    assert_eq!(rings(&w, 1), 4 + 1 + 5);
}

#[test]
fn somebody_blocked_rings_unheard_and_unseen() {
    let mut w = World::friends(9120, 2);
    let peer = w.id(0);
    w.act(1, Act::BlockContact(peer)).unwrap();
    w.run_for(2000);
    let (outputs, history, row) = (w.nodes[1].outputs.len(), w.history(1, 0), w.contact(1, 0));
    // With the tools of this release, and with any other.
    let other = w.id(1);
    w.act(0, Act::StartCall(other)).unwrap();
    for n in 1..20 {
        let bytes = call_note(&w, 0, 1, n, 0, 0, empty_ring());
        say(&mut w, 0, 1, &bytes);
    }
    w.run_for(60_000);
    let said = &w.nodes[1].outputs[outputs..];
    assert!(said.iter().all(|output| matches!(output, Output::Ack(_))), "{said:?}");
    assert_eq!(w.history(1, 0), history);
    assert_eq!(w.contact(1, 0), row);
    assert_eq!(outcomes(&w, 0, 1), [CallOutcome::Unanswered]);
    // Also one that rings already.
    w.act(1, Act::UnblockContact(peer)).unwrap();
    w.run_for(5000);
    ring(&mut w, 0, 1);
    w.act(1, Act::BlockContact(peer)).unwrap();
    assert!(call(&w, 1).is_none());
}

fn offered(w: &World, node: usize) -> Option<ConnectionId> {
    w.nodes[node].outputs.iter().find_map(|output| match output {
        Output::MakeOffer { connection, .. } => Some(*connection),
        _ => None,
    })
}

#[test]
fn a_binding_that_never_comes_closes_the_connection_after_twenty_seconds() {
    let mut w = World::friends(9130, 2);
    let channel = w.channel(1);
    let began = w.now;
    w.act(0, Act::OpenChannel(channel)).unwrap();
    w.until("the offer is made", |w| offered(w, 0).is_some());
    w.kill(1);
    w.run_for(100);
    let connection = offered(&w, 0).unwrap();
    let answer = ConnectionStep::Answer {
        sdp: "answer 9".into(),
        random: serde_bytes::ByteArray::new([2; 32]),
    };
    let bytes = note(&w, signal(&w, 1, 0, connection, 0, answer));
    say(&mut w, 1, 0, &bytes);
    // DTLS is up and the channel is open: everything but the proof.
    w.feed(
        0,
        Input::Secured {
            connection,
            local_fingerprint: [1; 32],
            remote_fingerprint: [2; 32],
        },
    );
    w.feed(0, Input::DirectOpen { connection });
    w.send(0, 1, "not over this");
    for n in 0..100 {
        let message = vec![n; 100];
        w.feed(0, Input::DirectReceived { connection, message });
    }
    let closed = |w: &World| {
        let is = |output: &Output| matches!(output, Output::Disconnect { connection: id } if *id == connection);
        w.nodes[0].outputs.iter().any(is)
    };
    let link = |w: &World| {
        w.nodes[0].facts.iter().rev().find_map(|fact| match fact {
            Fact::Contact { direct, .. } => Some(*direct),
            _ => None,
        })
    };
    w.run_for(began + 19_500 - w.now);
    assert!(!closed(&w));
    assert_eq!(link(&w), Some(Link::Connecting));
    w.run_for(1000);
    assert!(closed(&w));
    // A binding that comes too late finds nothing.
    let bind = ConnectionStep::Bind {
        mac: serde_bytes::ByteArray::new([3; 32]),
    };
    let bytes = note(&w, signal(&w, 1, 0, connection, 1, bind));
    say(&mut w, 1, 0, &bytes);
    w.feed(0, Input::DirectOpen { connection });
    let over = |output: &&Output| matches!(output, Output::SendDirect { .. } | Output::StartSound { .. });
    assert_eq!(
        w.nodes[0].outputs.iter().filter(over).count(),
        0,
        "nothing went over it"
    );
    assert_ne!(link(&w), Some(Link::Connected));
}

#[test]
fn candidates_before_their_offer_are_few_and_only_of_the_latest_connection() {
    let mut w = World::friends(9140, 2);
    let (first, second) = (ConnectionId([1; 16]), ConnectionId([2; 16]));
    let flood = |w: &mut World, connection| {
        for n in 0..200u32 {
            let lines = vec![format!("candidate {n}"); 3];
            let bytes = note(
                w,
                signal(w, 0, 1, connection, n + 1, ConnectionStep::Candidates { lines }),
            );
            say(w, 0, 1, &bytes);
        }
    };
    let given = |w: &World, id: ConnectionId| -> usize {
        let lines = w.nodes[1].outputs.iter().map(|output| match output {
            Output::AddCandidates { connection, lines } if *connection == id => lines.len(),
            _ => 0,
        });
        lines.sum()
    };
    let made = |w: &World| {
        let is = |output: &&Output| matches!(output, Output::MakeAnswer { .. });
        w.nodes[1].outputs.iter().filter(is).count()
    };
    flood(&mut w, first);
    flood(&mut w, second);
    assert_eq!(
        (made(&w), given(&w, first) + given(&w, second)),
        (0, 0),
        "nothing is tried before there is an offer"
    );
    let bytes = note(&w, signal(&w, 0, 1, second, 0, offer()));
    say(&mut w, 0, 1, &bytes);
    assert_eq!((made(&w), given(&w, second)), (1, MAX_CANDIDATES));
    // None of the many that follow, and none of the connection that was overtaken.
    flood(&mut w, second);
    assert_eq!(given(&w, second), MAX_CANDIDATES);
    let bytes = note(&w, signal(&w, 0, 1, first, 0, offer()));
    say(&mut w, 0, 1, &bytes);
    assert_eq!((made(&w), given(&w, first)), (2, 0));
}
