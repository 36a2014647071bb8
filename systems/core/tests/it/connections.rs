//! Peer connections over a transport that may lie.

use orrery_core::{
    Act, Fact, Input, Output,
    io::{Direct, Link, Policy},
};
use orrery_protocol::{ConnectionId, signal::Role};

use crate::sim::{Net, World};

fn link(w: &World, node: usize, other: usize) -> Link {
    let id = w.id(other);
    let facts = w.nodes[node]
        .core
        .as_ref()
        .unwrap()
        .snapshot(&mut w.nodes[node].archive.clone())
        .unwrap();
    facts
        .iter()
        .find_map(|fact| match fact {
            Fact::Contact { record, direct, .. } if record.peer == id => Some(*direct),
            _ => None,
        })
        .unwrap_or_default()
}

fn connected(w: &World, a: usize, b: usize) -> bool {
    link(w, a, b) == Link::Connected && link(w, b, a) == Link::Connected
}

#[test]
fn an_open_conversation_connects_whoever_opens_it() {
    for opener in 0..2 {
        let mut w = World::friends(80, 2);
        let channel = w.channel(1 - opener);
        w.act(opener, Act::OpenChannel(channel)).unwrap();
        w.until("connected", |w| connected(w, 0, 1));
        // The lower peer id offers, whoever wants.
        assert_eq!(Role::of(&w.id(0), &w.id(1)), Role::Offerer);
        let offers = |w: &World, n: usize| {
            w.nodes[n]
                .outputs
                .iter()
                .filter(|output| matches!(output, Output::MakeOffer { .. }))
                .count()
        };
        assert_eq!((offers(&w, 0), offers(&w, 1)), (1, 0));
        assert_eq!(w.transport.count(), 1);
    }
}

#[test]
fn both_opening_at_once_make_one_connection() {
    for seed in 0..20 {
        let mut w = World::friends(8100 + seed, 2);
        w.net.delay = (5, 200);
        for node in 0..2 {
            let channel = w.channel(1 - node);
            w.act(node, Act::OpenChannel(channel)).unwrap();
            w.run_for(seed * 13 % 90);
        }
        w.until("connected", |w| connected(w, 0, 1));
        w.run_for(30_000);
        assert!(connected(&w, 0, 1), "seed {seed}");
        assert_eq!(w.transport.count(), 1);
    }
}

#[test]
fn a_closed_conversation_lets_its_connection_go_after_a_while() {
    let mut w = World::friends(82, 2);
    let (there, here) = (w.channel(1), w.channel(0));
    w.act(0, Act::OpenChannel(there)).unwrap();
    w.until("connected", |w| connected(w, 0, 1));
    w.act(0, Act::CloseChannel(there)).unwrap();
    w.run_for(30_000);
    assert!(connected(&w, 0, 1));
    w.run_for(40_000);
    assert_eq!((link(&w, 0, 1), w.transport.count()), (Link::None, 0));
    assert_eq!(link(&w, 1, 0), Link::None);
    // Who asked for it keeps it, also when the other side never looks.
    w.act(1, Act::OpenChannel(here)).unwrap();
    w.until("connected", |w| connected(w, 0, 1));
    let made = w.transport.count();
    w.run_for(600_000);
    assert!(connected(&w, 0, 1));
    assert_eq!(w.transport.count(), made);
}

#[test]
fn certificates_of_somebody_between_fail_the_binding() {
    let mut w = World::friends(83, 2);
    w.transport.intercepted = true;
    let channel = w.channel(1);
    w.act(0, Act::OpenChannel(channel)).unwrap();
    w.run_for(5000);
    let failed = |fact: &Fact| matches!(fact, Fact::BindingFailed { .. });
    assert!(w.count(0, failed) >= 1 || w.count(1, failed) >= 1);
    assert!(!connected(&w, 0, 1));
    w.send(0, 1, "not over that");
    w.run_for(5000);
    assert_eq!(w.transport.messages, 0, "nothing was sent over it");
    assert_eq!(w.texts(1, 0), ["not over that"]);
    w.transport.intercepted = false;
    w.run_for(700_000);
    assert!(connected(&w, 0, 1), "it is tried again");
}

#[test]
fn somebody_else_at_the_other_end_is_said_and_the_connection_is_made_anew() {
    let mut w = World::friends(89, 2);
    let channel = w.channel(1);
    w.act(0, Act::OpenChannel(channel)).unwrap();
    let made = |w: &World| {
        w.nodes[0].outputs.iter().find_map(|output| match output {
            Output::MakeOffer { connection, .. } => Some(*connection),
            _ => None,
        })
    };
    w.until("an offer is made", |w| made(w).is_some());
    let connection = made(&w).unwrap();
    let other = w.id(1);
    w.feed(0, Input::Impostor { connection });
    assert_eq!(
        w.count(0, |fact| matches!(fact, Fact::BindingFailed { peer } if *peer == other)),
        1
    );
    assert_eq!(link(&w, 0, 1), Link::None);
    // Of a connection that is none any more nothing is said.
    w.feed(0, Input::Impostor { connection });
    assert_eq!(w.count(0, |fact| matches!(fact, Fact::BindingFailed { .. })), 1);
    w.run_for(700_000);
    assert!(connected(&w, 0, 1), "it is tried again");
}

#[test]
fn before_the_binding_nothing_that_comes_over_a_connection_counts() {
    let mut w = World::friends(84, 2);
    let channel = w.channel(1);
    w.act(0, Act::OpenChannel(channel)).unwrap();
    w.until("an offer is made", |w| {
        w.nodes[0]
            .outputs
            .iter()
            .any(|output| matches!(output, Output::MakeOffer { .. }))
    });
    let connection = w.nodes[0]
        .outputs
        .iter()
        .find_map(|output| match output {
            Output::MakeOffer { connection, .. } => Some(*connection),
            _ => None,
        })
        .unwrap();
    // A genuine message of the other side, but over an unproven connection.
    w.send(1, 0, "genuine");
    let message = w.nodes[1].outputs.iter().rev().find_map(|output| match output {
        Output::Deposit { envelope, .. } => Some(envelope.clone()),
        _ => None,
    });
    let stored = orrery_protocol::archive::Archive::value(&mut w.nodes[0].archive.clone(), "identity").unwrap();
    let identity = orrery_crypto::Identity::from_bytes(&stored.unwrap().0).unwrap();
    let message = orrery_crypto::seal::open(&identity, &message.unwrap()).unwrap().message;
    w.feed(0, Input::DirectOpen { connection });
    w.feed(0, Input::DirectReceived { connection, message });
    assert!(w.texts(0, 1).is_empty(), "it waits");
    w.until("bound", |w| connected(w, 0, 1));
    w.run_for(1000);
    assert_eq!(w.texts(0, 1), ["genuine"]);
    assert_eq!(w.shown(0, "genuine"), 1);
}

#[test]
fn a_stranger_gets_no_word_about_connections() {
    let mut w = World::new(85, 2);
    w.ask(0, 1);
    w.run_for(1000);
    let (there, here) = (w.channel(1), w.channel(0));
    w.act(0, Act::OpenChannel(there)).unwrap();
    w.act(1, Act::OpenChannel(here)).unwrap();
    w.run_for(60_000);
    for node in 0..2 {
        let made = |output: &&Output| matches!(output, Output::MakeOffer { .. } | Output::MakeAnswer { .. });
        assert_eq!(w.nodes[node].outputs.iter().filter(made).count(), 0);
    }
}

#[test]
fn calls_only_means_that_no_conversation_connects() {
    let mut w = World::friends(86, 2);
    w.act(
        1,
        Act::SetPolicy(Policy {
            direct: Direct::Calls,
            ..Policy::default()
        }),
    )
    .unwrap();
    let channel = w.channel(1);
    w.act(0, Act::OpenChannel(channel)).unwrap();
    w.run_for(60_000);
    let answers = w.nodes[1]
        .outputs
        .iter()
        .filter(|output| matches!(output, Output::MakeAnswer { .. }))
        .count();
    assert_eq!((answers, link(&w, 0, 1)), (0, Link::None));
    // Allowed, and then not any more.
    w.act(1, Act::SetPolicy(Policy::default())).unwrap();
    w.run_for(700_000);
    assert!(connected(&w, 0, 1));
    w.act(
        1,
        Act::SetPolicy(Policy {
            direct: Direct::Calls,
            ..Policy::default()
        }),
    )
    .unwrap();
    w.run_for(1000);
    assert_eq!(link(&w, 1, 0), Link::None);
}

#[test]
fn a_broken_connection_is_made_again_while_it_is_wanted() {
    let mut w = World::friends(87, 2);
    let channel = w.channel(1);
    w.act(0, Act::OpenChannel(channel)).unwrap();
    w.until("connected", |w| connected(w, 0, 1));
    for dead in [1, 0] {
        w.restart(dead);
        if dead == 0 {
            w.act(0, Act::OpenChannel(channel)).unwrap();
        }
        w.run_for(60_000);
        assert!(connected(&w, 0, 1), "after {dead}");
        assert_eq!(w.transport.count(), 1);
    }
}

#[test]
fn an_interruption_passes_or_ends() {
    let mut w = World::friends(88, 2);
    let channel = w.channel(1);
    w.act(0, Act::OpenChannel(channel)).unwrap();
    w.until("connected", |w| connected(w, 0, 1));
    w.run_for(1000);
    let connection = w.transport.connection_of(0, 1).unwrap();
    w.feed(0, Input::Interrupted { connection });
    let before = w.transport.messages;
    w.send(0, 1, "round the other way");
    w.run_for(3000);
    assert_eq!(w.texts(1, 0), ["round the other way"]);
    let direct = w.transport.messages - before;
    w.feed(0, Input::Resumed { connection });
    w.run_for(1000);
    w.send(0, 1, "direct again");
    w.run_for(1000);
    assert!(w.transport.messages > before + direct);
    w.feed(0, Input::Interrupted { connection });
    w.run_for(31_000);
    assert_ne!(w.transport.connection_of(0, 1), Some(connection), "given up");
}

#[test]
fn an_unreachable_pair_is_tried_ever_more_rarely() {
    let mut w = World::friends(89, 2);
    w.transport.unreachable.insert((0, 1));
    let channel = w.channel(1);
    w.act(0, Act::OpenChannel(channel)).unwrap();
    w.run_for(3_600_000);
    let tries = w.nodes[0]
        .outputs
        .iter()
        .filter(|output| matches!(output, Output::MakeOffer { .. }))
        .count();
    assert!((8..40).contains(&tries), "{tries} in an hour");
    w.mend(0, 1);
    w.run_for(330_000);
    assert!(connected(&w, 0, 1));
}

#[test]
fn a_rough_network_connects_all_the_same() {
    for seed in 0..10 {
        let mut w = World::friends(9000 + seed, 2);
        w.net = Net {
            loss: 0.15,
            repeat: 0.2,
            delay: (5, 60),
        };
        let channel = w.channel((seed % 2) as usize);
        w.act(1 - (seed % 2) as usize, Act::OpenChannel(channel)).unwrap();
        w.until("connected", |w| connected(w, 0, 1));
        w.net.loss = 0.0;
        w.run_for(60_000);
        assert!(connected(&w, 0, 1), "seed {seed}");
    }
}

#[test]
fn words_of_the_transport_about_unknown_connections_mean_nothing() {
    let mut w = World::friends(91, 2);
    let connection = ConnectionId([3; 16]);
    let before = w.nodes[0].outputs.len();
    for input in [
        Input::Described {
            connection,
            sdp: "x".into(),
        },
        Input::Gathered {
            connection,
            lines: vec!["x".into()],
        },
        Input::Secured {
            connection,
            local_fingerprint: [1; 32],
            remote_fingerprint: [2; 32],
        },
        Input::DirectOpen { connection },
        Input::DirectReceived {
            connection,
            message: vec![1, 2, 3],
        },
        Input::Interrupted { connection },
        Input::Resumed { connection },
        Input::Broken { connection },
    ] {
        w.feed(0, input);
    }
    assert_eq!(w.nodes[0].outputs.len(), before);
}
