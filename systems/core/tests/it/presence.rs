//! Presence and typing.

use orrery_core::{
    Act, Fact,
    io::{Direct, Policy},
};

use crate::sim::World;

fn here(w: &World, node: usize, other: usize) -> bool {
    let id = w.id(other);
    let facts = w.nodes[node]
        .core
        .as_ref()
        .unwrap()
        .snapshot(&mut w.nodes[node].archive.clone())
        .unwrap();
    facts
        .iter()
        .any(|fact| matches!(fact, Fact::Contact { record, here: true, .. } if record.peer == id))
}

#[test]
fn contacts_see_each_other_come_and_go() {
    let mut w = World::friends(70, 2);
    assert!(here(&w, 0, 1) && here(&w, 1, 0));
    w.act(1, Act::Leave).unwrap();
    w.run_for(1000);
    assert!(!here(&w, 0, 1));
    assert!(w.contact(0, 1).unwrap().last_seen_ms > 0);
    w.restart(1);
    w.run_for(1000);
    assert!(here(&w, 0, 1) && here(&w, 1, 0), "who comes asks who is there");
}

#[test]
fn who_stays_is_refreshed_and_who_dies_fades() {
    let mut w = World::friends(71, 2);
    w.run_for(3_600_000);
    assert!(here(&w, 0, 1) && here(&w, 1, 0));
    w.kill(1);
    w.run_for(5 * 60_000);
    assert!(here(&w, 0, 1), "nobody knows yet");
    w.run_for(7 * 60_000);
    assert!(!here(&w, 0, 1));
}

#[test]
fn without_presence_nothing_is_told_and_nothing_seen() {
    let mut w = World::friends(72, 2);
    let hidden = Policy {
        presence: false,
        ..Policy::default()
    };
    w.act(1, Act::SetPolicy(hidden)).unwrap();
    w.nodes[1].policy = hidden;
    w.run_for(1000);
    assert!(!here(&w, 0, 1) && !here(&w, 1, 0));
    w.restart(1);
    w.restart(0);
    w.run_for(3_600_000);
    assert!(!here(&w, 0, 1) && !here(&w, 1, 0));
    w.act(1, Act::SetPolicy(Policy::default())).unwrap();
    w.run_for(1000);
    assert!(here(&w, 0, 1) && here(&w, 1, 0));
}

#[test]
fn absent_friends_cost_next_to_nothing() {
    let mut w = World::friends(73, 2);
    w.kill(1);
    w.run_for(20 * 60_000);
    let before = w.servers[0].seen.len();
    w.run_for(10 * 24 * 3_600_000);
    assert_eq!(w.servers[0].seen.len(), before);
    w.send(0, 1, "after ten days");
    w.start(1);
    w.connect(1);
    w.run_for(3000);
    assert_eq!(w.texts(1, 0), ["after ten days"]);
}

/// One is away; the other's line is cut for a moment, a while after it has greeted in vain, and just then the first comes.
fn miss_each_other(seed: u64, while_ms: u64) -> World {
    let mut w = World::friends(seed, 2);
    w.kill(1);
    w.run_for(20 * 60_000);
    w.disconnect(0);
    w.connect(0);
    w.run_for(while_ms);
    w.disconnect(0);
    w.start(1);
    w.connect(1);
    w.run_for(5000);
    assert!(!here(&w, 0, 1) && !here(&w, 1, 0), "each greeting met nobody");
    w.connect(0);
    w.run_for(1000);
    w
}

#[test]
fn two_who_greeted_while_the_other_was_away_see_each_other() {
    let w = miss_each_other(76, 5 * 60_000);
    assert!(here(&w, 0, 1) && here(&w, 1, 0));
    // Too soon to be greeted at once.
    let mut w = miss_each_other(77, 10_000);
    w.run_for(4 * 60_000);
    assert!(here(&w, 0, 1) && here(&w, 1, 0));
}

#[test]
fn a_line_that_comes_and_goes_greets_nobody_every_time() {
    let mut w = World::friends(78, 2);
    w.kill(1);
    w.run_for(20 * 60_000);
    let before = w.servers[0].seen.len();
    for _ in 0..360 {
        w.disconnect(0);
        w.connect(0);
        w.run_for(10_000);
    }
    assert!(w.servers[0].seen.len() - before <= 30, "one in two minutes of an hour");
}

#[test]
fn who_is_looked_for_is_greeted() {
    let mut w = World::friends(79, 2);
    w.kill(1);
    w.run_for(20 * 60_000);
    // It comes, and its greeting is lost.
    w.net.loss = 1.0;
    w.start(1);
    w.connect(1);
    w.run_for(5000);
    w.net.loss = 0.0;
    assert!(!here(&w, 0, 1));
    let channel = w.channel(1);
    w.act(0, Act::OpenChannel(channel)).unwrap();
    w.run_for(3000);
    assert!(here(&w, 0, 1) && here(&w, 1, 0));
}

#[test]
fn typing_is_told_only_over_a_direct_connection_and_fades() {
    let mut w = World::friends(74, 2);
    let channel = w.channel(1);
    let typing = |on: bool| move |fact: &Fact| matches!(fact, Fact::Typing { on: is, .. } if *is == on);
    let before = w.servers[0].seen.len();
    w.act(0, Act::SetTyping { channel, on: true }).unwrap();
    w.run_for(1000);
    assert_eq!((w.count(1, typing(true)), w.servers[0].seen.len()), (0, before));
    w.act(0, Act::OpenChannel(channel)).unwrap();
    w.until("a direct connection", |w| {
        w.transport.is_open(w.id(0), w.id(1), &w.nodes)
    });
    w.run_for(1000);
    w.act(0, Act::SetTyping { channel, on: true }).unwrap();
    w.run_for(100);
    assert_eq!(w.count(1, typing(true)), 1);
    w.run_for(6000);
    assert_eq!(w.count(1, typing(false)), 1);
    // A message says by itself that its writing is over.
    w.act(0, Act::SetTyping { channel, on: true }).unwrap();
    w.run_for(100);
    w.send(0, 1, "done");
    w.run_for(100);
    assert_eq!((w.count(1, typing(true)), w.count(1, typing(false))), (2, 2));
    // Who does not want to tell does not.
    w.act(
        0,
        Act::SetPolicy(Policy {
            typing: false,
            ..Policy::default()
        }),
    )
    .unwrap();
    w.act(0, Act::SetTyping { channel, on: true }).unwrap();
    w.run_for(100);
    assert_eq!(w.count(1, typing(true)), 2);
}

#[test]
fn with_direct_contacts_everybody_who_is_there_is_connected() {
    let mut w = World::friends(75, 3);
    let wide = Policy {
        direct: Direct::Contacts,
        ..Policy::default()
    };
    w.act(0, Act::SetPolicy(wide)).unwrap();
    w.run_for(10_000);
    assert!(w.transport.is_open(w.id(0), w.id(1), &w.nodes));
    assert!(w.transport.is_open(w.id(0), w.id(2), &w.nodes));
    assert!(!w.transport.is_open(w.id(1), w.id(2), &w.nodes));
}
