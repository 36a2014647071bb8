//! Waiting, giving up, trying again, and the two paths.

use orrery_core::{Act, Fact, Output};
use orrery_protocol::record::Delivery;

use crate::sim::World;

#[test]
fn a_full_mailbox_shows_as_waiting_and_empties_in_order() {
    let mut w = World::friends(40, 2);
    w.kill(1);
    w.servers[0].capacity = 3;
    for n in 0..6 {
        w.send(0, 1, &n.to_string());
        w.run_for(100);
    }
    w.run_for(10_000);
    let states: Vec<_> = w.history(0, 1).iter().map(|message| message.delivery).collect();
    assert_eq!(states.iter().filter(|state| **state == Delivery::Sent).count(), 3);
    assert!(states.contains(&Delivery::Waiting));
    w.start(1);
    w.connect(1);
    w.run_for(3_600_000);
    assert_eq!(w.texts(1, 0), ["0", "1", "2", "3", "4", "5"]);
    assert!(
        w.history(0, 1)
            .iter()
            .all(|message| message.delivery == Delivery::Delivered)
    );
}

#[test]
fn a_contact_whose_server_refuses_fails_after_hours_and_can_be_retried() {
    let mut w = World::friends(41, 2);
    let peer = w.id(1);
    w.servers[0].refused.insert(peer);
    w.send(0, 1, "hello");
    w.run_for(1000);
    assert_eq!(w.delivery(0, 1, "hello"), Delivery::Waiting);
    w.run_for(9 * 3_600_000);
    assert_eq!(w.delivery(0, 1, "hello"), Delivery::Failed);
    w.restart(0);
    w.run_for(1000);
    assert_eq!(
        w.delivery(0, 1, "hello"),
        Delivery::Failed,
        "only the person tries again"
    );
    w.servers[0].refused.clear();
    let (channel, id) = (w.channel(1), w.message(0, 1, "hello").id);
    w.act(0, Act::RetryMessage { channel, id }).unwrap();
    assert_eq!(w.delivery(0, 1, "hello"), Delivery::Sending);
    w.run_for(2000);
    assert_eq!(w.delivery(0, 1, "hello"), Delivery::Delivered);
}

/// Edits "helo" to "hello" and reacts to it.
fn change(w: &mut World, from: usize, to: usize) {
    let (channel, target) = (w.channel(to), w.message(from, to, "helo").reference());
    let edit = Act::EditText {
        channel,
        id: target.id,
        text: "hello".into(),
    };
    let react = Act::React {
        channel,
        target,
        emoji: "👍".into(),
        on: true,
    };
    w.act(from, edit).unwrap();
    w.act(from, react).unwrap();
}

#[test]
fn what_nobody_can_retry_outlasts_a_server_that_refuses() {
    let mut w = World::friends(50, 2);
    w.send(0, 1, "helo");
    w.run_for(3000);
    let peer = w.id(1);
    w.servers[0].refused.insert(peer);
    change(&mut w, 0, 1);
    w.send(0, 1, "later");
    w.act(0, Act::SetName("Ada".into())).unwrap();
    w.run_for(9 * 3_600_000);
    assert_eq!(w.delivery(0, 1, "later"), Delivery::Failed);
    w.servers[0].refused.clear();
    w.run_for(2 * 3_600_000);
    assert_eq!(w.texts(1, 0), ["hello"]);
    assert_eq!(w.message(1, 0, "hello").reactions.len(), 1);
    assert_eq!(w.contact(1, 0).unwrap().name, "Ada");
    assert_eq!(w.delivery(0, 1, "later"), Delivery::Failed, "a message is the person's");
    let (channel, id) = (w.channel(1), w.message(0, 1, "later").id);
    w.act(0, Act::RetryMessage { channel, id }).unwrap();
    w.run_for(3000);
    let (channel, up_to) = (w.channel(0), w.message(1, 0, "later").order());
    w.act(1, Act::MarkRead { channel, up_to }).unwrap();
    w.run_for(3000);
    assert_eq!(w.delivery(0, 1, "later"), Delivery::Read, "no gap before it");
    assert_eq!(w.nodes[0].archive.outbox_len(), 0);
}

#[test]
fn changes_made_before_a_block_go_after_it() {
    let mut w = World::friends(51, 2);
    w.send(0, 1, "helo");
    w.run_for(3000);
    w.servers[0].down = true;
    change(&mut w, 0, 1);
    w.send(0, 1, "later");
    w.run_for(1000);
    let (peer, channel) = (w.id(1), w.channel(1));
    w.act(0, Act::BlockContact(peer)).unwrap();
    w.servers[0].down = false;
    w.restart(0);
    w.run_for(60_000);
    assert_eq!(w.texts(1, 0), ["helo"]);
    w.act(0, Act::UnblockContact(peer)).unwrap();
    w.run_for(3000);
    assert_eq!(w.texts(1, 0), ["hello"]);
    assert_eq!(w.message(1, 0, "hello").reactions.len(), 1);
    assert_eq!(w.delivery(0, 1, "later"), Delivery::Failed);
    let id = w.message(0, 1, "later").id;
    w.act(0, Act::RetryMessage { channel, id }).unwrap();
    w.run_for(3000);
    assert_eq!(w.delivery(0, 1, "later"), Delivery::Delivered);
    assert!(w.contact(1, 0).unwrap().their_beyond.is_empty());
    assert_eq!(w.nodes[0].archive.outbox_len(), 0);
}

#[test]
fn of_introductions_that_wait_only_the_latest_is_kept() {
    let mut w = World::friends(52, 2);
    let peer = w.id(1);
    w.servers[0].refused.insert(peer);
    for n in 0..9 {
        w.act(0, Act::SetName(format!("Ada {n}"))).unwrap();
        w.run_for(1000);
    }
    assert_eq!(w.nodes[0].archive.outbox_len(), 1);
    w.servers[0].refused.clear();
    w.run_for(3_600_000);
    assert_eq!(w.contact(1, 0).unwrap().name, "Ada 8");
}

#[test]
fn a_cancelled_message_leaves_no_trace_and_no_gap() {
    let mut w = World::friends(42, 2);
    w.servers[0].down = true;
    w.send(0, 1, "never mind");
    w.run_for(5000);
    let (channel, id) = (w.channel(1), w.message(0, 1, "never mind").id);
    w.act(0, Act::CancelMessage { channel, id }).unwrap();
    assert!(w.history(0, 1).is_empty());
    assert_eq!(w.count(0, |fact| matches!(fact, Fact::MessageRemoved { .. })), 1);
    w.servers[0].down = false;
    w.send(0, 1, "this one");
    w.run_for(60_000);
    assert_eq!(w.texts(1, 0), ["this one"]);
    let (theirs, ours) = (w.contact(1, 0).unwrap(), w.contact(0, 1).unwrap());
    assert_eq!(
        (theirs.their_seq, theirs.their_beyond.len()),
        (ours.own_seq, 0),
        "the count has no gap"
    );
    assert_eq!(w.delivery(0, 1, "this one"), Delivery::Delivered);
    assert_eq!(w.nodes[0].archive.outbox_len(), 0);
}

#[test]
fn cancelling_what_did_arrive_takes_it_back() {
    let mut w = World::friends(43, 2);
    // The server takes it, and the answer is lost.
    w.send(0, 1, "too late");
    w.run_for(6);
    w.servers[0].down = true;
    let taken = w.servers[0].seen.len();
    assert!(taken > 0);
    let (channel, id) = (w.channel(1), w.message(0, 1, "too late").id);
    w.act(0, Act::CancelMessage { channel, id }).unwrap();
    w.run_for(1000);
    assert_eq!(w.texts(1, 0), ["too late"]);
    w.servers[0].down = false;
    w.run_for(60_000);
    assert!(w.texts(1, 0).is_empty());
    assert!(w.texts(0, 1).is_empty());
}

#[test]
fn over_a_direct_connection_the_server_sees_nothing() {
    let mut w = World::friends(44, 2);
    let channel = w.channel(1);
    w.act(0, Act::OpenChannel(channel)).unwrap();
    w.until("a direct connection", |w| {
        w.transport.is_open(w.id(0), w.id(1), &w.nodes)
    });
    w.run_for(1000);
    let before = w.servers[0].seen.len();
    for n in 0..20 {
        w.send(0, 1, &format!("a{n}"));
        w.send(1, 0, &format!("b{n}"));
    }
    w.run_for(3000);
    assert_eq!(w.servers[0].seen.len(), before);
    w.assert_same(0, 1);
    assert_eq!(w.texts(0, 1).len(), 40);
    assert!(
        w.history(0, 1)
            .iter()
            .all(|message| message.delivery == Delivery::Delivered)
    );
    assert_eq!(w.nodes[0].archive.outbox_len(), 0);
}

#[test]
fn what_a_direct_connection_swallows_takes_the_other_way_with_the_same_ciphertext() {
    let mut w = World::friends(45, 2);
    let channel = w.channel(1);
    w.act(0, Act::OpenChannel(channel)).unwrap();
    w.until("a direct connection", |w| {
        w.transport.is_open(w.id(0), w.id(1), &w.nodes)
    });
    w.run_for(1000);
    w.transport.swallow = true;
    w.send(0, 1, "hello");
    w.run_for(1000);
    assert!(w.texts(1, 0).is_empty());
    w.run_for(6000);
    assert_eq!(w.texts(1, 0), ["hello"]);
    let direct = w.nodes[0].outputs.iter().rev().find_map(|output| match output {
        Output::SendDirect { message, .. } => Some(message.clone()),
        _ => None,
    });
    let deposited = w.servers[0].seen.iter().rev().find_map(|(to, envelope)| {
        if *to != w.id(1) {
            return None;
        }
        let stored = orrery_protocol::archive::Archive::value(&mut w.nodes[1].archive.clone(), "identity").unwrap();
        let identity = orrery_crypto::Identity::from_bytes(&stored.unwrap().0).unwrap();
        Some(orrery_crypto::seal::open(&identity, envelope).unwrap().message)
    });
    assert_eq!(direct, deposited);
    w.transport.swallow = false;
    w.run_for(60_000);
    assert_eq!(w.delivery(0, 1, "hello"), Delivery::Delivered);
}

#[test]
fn a_message_that_comes_on_both_paths_is_shown_once_and_receipted_again() {
    let mut w = World::friends(46, 2);
    let channel = w.channel(1);
    w.act(0, Act::OpenChannel(channel)).unwrap();
    w.until("a direct connection", |w| {
        w.transport.is_open(w.id(0), w.id(1), &w.nodes)
    });
    w.run_for(1000);
    w.send(0, 1, "hello");
    // It arrives, and its receipt does not come back.
    w.run_for(50);
    w.transport.swallow = true;
    w.run_for(30_000);
    assert_eq!(w.shown(1, "hello"), 1);
    assert_eq!(w.texts(1, 0), ["hello"]);
    w.transport.swallow = false;
    w.run_for(30_000);
    w.send(0, 1, "more");
    w.run_for(30_000);
    assert_eq!(w.delivery(0, 1, "hello"), Delivery::Delivered);
}

#[test]
fn a_connection_that_breaks_loses_no_message() {
    let mut w = World::friends(47, 2);
    let channel = w.channel(1);
    w.act(0, Act::OpenChannel(channel)).unwrap();
    for round in 0..5 {
        w.until("a direct connection", |w| {
            w.transport.is_open(w.id(0), w.id(1), &w.nodes)
        });
        w.run_for(1000);
        w.transport.swallow = true;
        for n in 0..5 {
            w.send(0, 1, &format!("{round}.{n}"));
            w.send(1, 0, &format!("{round}:{n}"));
        }
        w.run_for(100);
        w.restart(round % 2);
        w.transport.swallow = false;
        if round % 2 == 0 {
            w.act(0, Act::OpenChannel(channel)).unwrap();
        }
        w.run_for(60_000);
    }
    w.assert_same(0, 1);
    assert_eq!(w.texts(0, 1).len(), 50);
}

#[test]
fn envelopes_the_server_lost_are_sent_again() {
    let mut w = World::friends(48, 2);
    w.kill(1);
    w.send(0, 1, "lost");
    w.run_for(1000);
    w.mailbox_of(1).kept.clear();
    w.start(1);
    w.connect(1);
    w.run_for(20_000);
    w.send(0, 1, "found");
    w.run_for(60_000);
    w.send(0, 1, "again");
    w.run_for(60_000);
    assert_eq!(w.texts(1, 0), ["lost", "found", "again"]);
    assert!(
        w.history(0, 1)
            .iter()
            .all(|message| message.delivery == Delivery::Delivered)
    );
}

#[test]
fn a_thousand_messages_to_who_is_away_cost_no_more_than_they_must() {
    let mut w = World::friends(49, 2);
    w.kill(1);
    for n in 0..1000 {
        w.send(0, 1, &n.to_string());
    }
    w.run_for(60_000);
    let before = w.handled;
    w.start(1);
    w.connect(1);
    w.run_for(60_000);
    assert_eq!(w.texts(1, 0).len(), 1000);
    assert!(
        w.history(0, 1)
            .iter()
            .all(|message| message.delivery == Delivery::Delivered)
    );
    assert!(w.handled - before < 3000, "{}", w.handled - before);
}

#[test]
fn after_a_kill_between_encrypting_and_sending_the_same_bytes_go_out() {
    for swallowed in [true, false] {
        let mut w = World::friends(180, 2);
        w.hush();
        // Encrypted, stored and asked for; nothing of it leaves, or it leaves and nobody learns of it.
        w.net.loss = if swallowed { 1.0 } else { 0.0 };
        let since = w.nodes[0].outputs.len();
        for n in 0..3 {
            w.send(0, 1, &format!("m{n}"));
        }
        let first = w.deposited(0, 1, since);
        assert_eq!(first.len(), 3);
        let sessions = w.sessions(0, 1);
        w.kill(0);
        w.run_for(1000);
        w.net.loss = 0.0;
        let since = w.nodes[0].outputs.len();
        w.start(0);
        assert_eq!(w.sessions(0, 1), sessions, "no key is drawn again");
        w.connect(0);
        w.run_for(1000);
        let again = w.deposited(0, 1, since);
        assert_eq!(again[..3], first[..]);
        w.run_for(5000);
        assert_eq!(w.texts(1, 0), ["m0", "m1", "m2"]);
        assert_eq!((w.healed(0), w.healed(1)), (0, 0));
        for n in 0..3 {
            assert_eq!(w.shown(1, &format!("m{n}")), 1);
        }
    }
}
