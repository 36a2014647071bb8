//! Calls of several: a mesh that nobody owns.

use orrery_core::{
    Act, CoreError, Fact, Output, Refusal,
    io::{ParticipantPhase, Phase},
};
use orrery_protocol::{
    PeerId,
    record::{CallOutcome, ContactState},
};

use crate::{
    calls::{assert_over, call, hear, outcomes, phase, talk},
    sim::World,
};

/// Contacts only as told.
fn world(seed: u64, people: usize, pairs: &[(usize, usize)]) -> World {
    let mut w = World::new(seed, people);
    for (a, b) in pairs {
        w.befriend(*a, *b);
    }
    w.run_for(3000);
    for node in &mut w.nodes {
        node.facts.clear();
        node.outputs.clear();
    }
    w
}

fn add(w: &mut World, inviter: usize, newcomer: usize) {
    let (id, peer) = (call(w, inviter).unwrap().call, w.id(newcomer));
    w.act(inviter, Act::AddToCall(id, peer)).unwrap();
    w.until("it rings", |w| phase(w, newcomer) == Some(Phase::Incoming));
    w.act(newcomer, Act::AcceptCall(id)).unwrap();
}

fn all_hear(w: &World, nodes: &[usize]) -> bool {
    nodes.iter().all(|a| nodes.iter().all(|b| a == b || hear(w, *a, *b)))
}

#[test]
fn a_third_who_knows_only_the_inviter_joins_everybody() {
    // Every place of the inviter among the ids.
    for inviter in 0..3 {
        let (first, third) = ((inviter + 1) % 3, (inviter + 2) % 3);
        let mut w = world(200, 3, &[(inviter, first), (inviter, third)]);
        talk(&mut w, inviter, first);
        add(&mut w, inviter, third);
        w.until("all hear each other", |w| all_hear(w, &[0, 1, 2]));
        assert_eq!(w.state(third, first), Some(ContactState::Introduced));
        assert_eq!(w.state(first, third), Some(ContactState::Introduced));
        let seen = call(&w, third).unwrap();
        let other = seen.participants.iter().find(|p| p.peer == w.id(first)).unwrap();
        assert!(!other.contact && other.phase == ParticipantPhase::Connected);
        assert!(other.name.starts_with('P'), "introduced by name");
        // Joining says whose address is seen by whom.
        let shown = w.nodes[third].facts.iter().find_map(|fact| match fact {
            Fact::AddressesShown { peers, .. } => Some(peers.clone()),
            _ => None,
        });
        let mut shown = shown.unwrap();
        shown.sort();
        let mut both = [w.id(inviter), w.id(first)];
        both.sort();
        assert_eq!(shown, both);
        assert_eq!(w.count(first, |fact| matches!(fact, Fact::AddressesShown { .. })), 1);
    }
}

/// Whom a participant says it cannot hear, as `w`'s node sees it.
fn misses(w: &World, node: usize, other: usize) -> Vec<usize> {
    let call = call(w, node).unwrap();
    let told = call.participants.iter().find(|p| p.peer == w.id(other));
    let told = told.map_or(&[][..], |p| &p.misses);
    (0..w.nodes.len()).filter(|n| told.contains(&w.id(*n))).collect()
}

#[test]
fn a_third_is_told_that_two_others_do_not_hear_each_other_and_when_they_do() {
    let mut w = world(230, 4, &[(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]);
    talk(&mut w, 0, 1);
    add(&mut w, 0, 2);
    w.until("all hear each other", |w| all_hear(w, &[0, 1, 2]));
    w.run_for(5000);
    assert!(misses(&w, 0, 1).is_empty() && misses(&w, 0, 2).is_empty());
    w.cut(1, 2);
    w.run_for(3000);
    assert!(misses(&w, 0, 1).is_empty(), "a short break is nobody's business");
    w.run_for(3000);
    assert_eq!((misses(&w, 0, 1), misses(&w, 0, 2)), (vec![2], vec![1]));
    // Who comes later is told too.
    add(&mut w, 0, 3);
    w.until("the fourth hears", |w| all_hear(w, &[0, 1, 3]));
    w.run_for(2000);
    assert_eq!((misses(&w, 3, 1), misses(&w, 3, 2)), (vec![2], vec![1]));
    w.mend(1, 2);
    w.until("everybody is told that they hear each other again", |w| {
        [0, 3]
            .iter()
            .all(|node| misses(w, *node, 1).is_empty() && misses(w, *node, 2).is_empty())
    });
    assert!(all_hear(&w, &[0, 1, 2, 3]));
}

#[test]
fn two_who_gave_each_other_up_are_still_said_to_not_hear_each_other() {
    let mut w = world(231, 3, &[(0, 1), (0, 2), (1, 2)]);
    talk(&mut w, 0, 1);
    add(&mut w, 0, 2);
    w.until("all hear each other", |w| all_hear(w, &[0, 1, 2]));
    w.cut(1, 2);
    w.run_for(60_000);
    assert!(call(&w, 1).unwrap().participants.iter().all(|p| p.peer != w.id(2)));
    let told = [misses(&w, 0, 1), misses(&w, 0, 2)];
    assert!(
        told == [vec![2], vec![1]] || told == [vec![2], vec![]] || told == [vec![], vec![1]],
        "{told:?}"
    );
}

#[test]
fn before_accepting_nobody_gives_an_address_to_the_newcomer() {
    let mut w = world(201, 3, &[(0, 1), (0, 2)]);
    let id = talk(&mut w, 0, 1);
    let peer = w.id(2);
    w.act(0, Act::AddToCall(id, peer)).unwrap();
    w.run_for(10_000);
    assert_eq!(w.transport.count(), 1);
    assert_eq!(phase(&w, 2), Some(Phase::Incoming));
    let ringing = call(&w, 0).unwrap().participants[1].clone();
    assert_eq!(ringing.phase, ParticipantPhase::Ringing);
    w.act(2, Act::DeclineCall(id)).unwrap();
    w.run_for(1000);
    assert_eq!(call(&w, 0).unwrap().participants.len(), 1);
    assert!(hear(&w, 0, 1), "the others talk on");
    assert_eq!(outcomes(&w, 2, 0), [CallOutcome::Declined]);
}

#[test]
fn the_call_outlives_its_inviter() {
    let mut w = world(202, 3, &[(0, 1), (0, 2)]);
    let id = talk(&mut w, 0, 1);
    add(&mut w, 0, 2);
    w.until("all hear each other", |w| all_hear(w, &[0, 1, 2]));
    w.act(0, Act::LeaveCall(id)).unwrap();
    w.run_for(120_000);
    assert_over(&w, &[0]);
    assert!(hear(&w, 1, 2));
    assert_eq!(w.count(1, |fact| matches!(fact, Fact::PeerLeft { .. })), 1);
    w.act(1, Act::LeaveCall(id)).unwrap();
    w.run_for(1000);
    assert_over(&w, &[1, 2]);
    assert_eq!(
        w.transport.count(),
        0,
        "introduced people are connected no longer than the call lasts"
    );
    for (node, with) in [(0, 1), (1, 0), (2, 0)] {
        assert_eq!(outcomes(&w, node, with), [CallOutcome::Answered]);
    }
}

#[test]
fn a_fourth_brought_in_by_the_third_knows_all_and_is_known() {
    // A chain of acquaintances: each knows only its neighbours.
    let mut w = world(203, 4, &[(0, 1), (1, 2), (2, 3)]);
    let id = talk(&mut w, 0, 1);
    add(&mut w, 1, 2);
    w.until("three", |w| all_hear(w, &[0, 1, 2]));
    add(&mut w, 2, 3);
    w.until("four", |w| all_hear(w, &[0, 1, 2, 3]));
    for node in 0..4 {
        assert_eq!(call(&w, node).unwrap().participants.len(), 3);
    }
    for node in [1, 0, 3] {
        w.act(node, Act::LeaveCall(id)).unwrap();
        w.run_for(1000);
    }
    assert_over(&w, &[0, 1, 2, 3]);
}

#[test]
fn two_added_at_once_by_two_meet_each_other() {
    let mut w = world(204, 4, &[(0, 1), (0, 2), (1, 3)]);
    let id = talk(&mut w, 0, 1);
    let (third, fourth) = (w.id(2), w.id(3));
    w.act(0, Act::AddToCall(id, third)).unwrap();
    w.act(1, Act::AddToCall(id, fourth)).unwrap();
    w.until("both ring", |w| {
        phase(w, 2) == Some(Phase::Incoming) && phase(w, 3) == Some(Phase::Incoming)
    });
    w.act(2, Act::AcceptCall(id)).unwrap();
    w.act(3, Act::AcceptCall(id)).unwrap();
    w.until("four", |w| all_hear(w, &[0, 1, 2, 3]));
}

#[test]
fn who_leaves_can_be_rung_in_again() {
    let mut w = world(205, 3, &[(0, 1), (0, 2)]);
    let id = talk(&mut w, 0, 1);
    add(&mut w, 0, 2);
    w.until("three", |w| all_hear(w, &[0, 1, 2]));
    w.run_for(5000);
    w.act(2, Act::LeaveCall(id)).unwrap();
    w.run_for(5000);
    assert_over(&w, &[2]);
    add(&mut w, 0, 2);
    w.until("three again", |w| all_hear(w, &[0, 1, 2]));
    w.act(2, Act::LeaveCall(id)).unwrap();
    w.run_for(1000);
    assert_eq!(outcomes(&w, 2, 0), [CallOutcome::Answered]);
}

#[test]
fn one_who_dies_leaves_the_others_talking() {
    let mut w = world(206, 3, &[(0, 1), (0, 2), (1, 2)]);
    talk(&mut w, 0, 1);
    add(&mut w, 0, 2);
    w.until("three", |w| all_hear(w, &[0, 1, 2]));
    w.run_for(3000);
    w.kill(0);
    w.run_for(60_000);
    assert!(hear(&w, 1, 2));
    for node in [1, 2] {
        assert_eq!(call(&w, node).unwrap().participants.len(), 1);
        assert_eq!(w.count(node, |fact| matches!(fact, Fact::PeerLeft { .. })), 1);
    }
}

#[test]
fn somebody_blocked_is_not_met_in_a_call() {
    let mut w = world(207, 3, &[(0, 1), (0, 2), (1, 2)]);
    let blocked = w.id(2);
    w.act(1, Act::BlockContact(blocked)).unwrap();
    w.run_for(1000);
    talk(&mut w, 0, 1);
    add(&mut w, 0, 2);
    w.run_for(60_000);
    assert!(hear(&w, 0, 1) && hear(&w, 0, 2));
    assert!(!hear(&w, 1, 2));
    assert!(!w.nodes[1].sound.contains(&blocked));
}

#[test]
fn introduced_people_can_say_nothing_else_and_nothing_afterwards() {
    let mut w = world(208, 3, &[(0, 1), (0, 2)]);
    let id = talk(&mut w, 0, 1);
    add(&mut w, 0, 2);
    w.until("three", |w| all_hear(w, &[0, 1, 2]));
    let channel = w.channel(2);
    let act = Act::SendText {
        channel,
        text: "hi".into(),
        reply_to: None,
    };
    assert_eq!(w.act(1, act), Err(CoreError::Refused(Refusal::NoSuchChannel)));
    let peer = w.id(2);
    assert_eq!(
        w.act(1, Act::StartCall(peer)),
        Err(CoreError::Refused(Refusal::NoSuchContact))
    );
    for node in 0..3 {
        let _ = w.act(node, Act::LeaveCall(id));
        w.run_for(500);
    }
    assert_over(&w, &[0, 1, 2]);
    // The call's tokens open nothing any more.
    for node in 0..3 {
        let last = w.nodes[node].outputs.iter().rev().find_map(|output| match output {
            Output::SetTokens { calls, .. } => Some(calls.len()),
            _ => None,
        });
        assert_eq!(last, Some(0));
    }
    // They meet again in another call.
    w.run_for(120_000);
    talk(&mut w, 0, 2);
    add(&mut w, 0, 1);
    w.until("three again", |w| all_hear(w, &[0, 1, 2]));
}

#[test]
fn a_call_is_full_at_sixteen() {
    let pairs: Vec<_> = (1..17).map(|n| (0, n)).collect();
    let mut w = world(209, 17, &pairs);
    let id = talk(&mut w, 0, 1);
    for n in 2..16 {
        add(&mut w, 0, n);
    }
    w.until("all sixteen", |w| all_hear(w, &(0..16).collect::<Vec<_>>()));
    let peer = w.id(16);
    assert_eq!(
        w.act(0, Act::AddToCall(id, peer)),
        Err(CoreError::Refused(Refusal::CallFull))
    );
}

#[test]
fn adding_is_refused_where_it_makes_no_sense() {
    let mut w = World::friends(210, 3);
    let (b, c) = (w.id(1), w.id(2));
    w.act(0, Act::StartCall(b)).unwrap();
    let id = call(&w, 0).unwrap().call;
    assert_eq!(
        w.act(0, Act::AddToCall(id, c)),
        Err(CoreError::Refused(Refusal::NoSuchCall))
    );
    w.run_for(500);
    w.act(1, Act::AcceptCall(id)).unwrap();
    w.run_for(2000);
    let stranger = PeerId([9; 32]);
    assert_eq!(
        w.act(0, Act::AddToCall(id, stranger)),
        Err(CoreError::Refused(Refusal::NoSuchContact))
    );
}

#[test]
fn adding_who_is_in_the_call_or_rung_already_changes_nothing() {
    let mut w = World::friends(211, 3);
    let id = talk(&mut w, 0, 1);
    let (b, c) = (w.id(1), w.id(2));
    w.act(0, Act::AddToCall(id, b)).unwrap();
    w.act(0, Act::AddToCall(id, c)).unwrap();
    w.run_for(40_000);
    w.act(0, Act::AddToCall(id, c)).unwrap();
    // Longer than anything rings: nobody was rung a second time.
    w.run_for(20_000);
    assert!(hear(&w, 0, 1));
    assert_eq!(call(&w, 0).unwrap().participants.len(), 1);
    assert_eq!(outcomes(&w, 2, 0), [CallOutcome::Missed]);
    assert_over(&w, &[2]);
}
