//! Calls of two.

use orrery_core::{
    Act, CoreError, Fact, Output, Refusal,
    io::{CallState, Cue, ParticipantPhase, Phase, Ring},
};
use orrery_protocol::{
    CallId,
    record::{CallOutcome, MessageKind},
};

use crate::sim::{Net, World};

/// The running call as a window would be told it.
pub fn call(w: &World, node: usize) -> Option<CallState> {
    let core = w.nodes[node].core.as_ref()?;
    let facts = core.snapshot(&mut w.nodes[node].archive.clone()).unwrap();
    facts.into_iter().find_map(|fact| match fact {
        Fact::Call(state) => Some(*state),
        _ => None,
    })
}

pub fn phase(w: &World, node: usize) -> Option<Phase> {
    call(w, node).map(|call| call.phase)
}

/// The calls in a conversation's history.
pub fn rows(w: &World, node: usize, with: usize) -> Vec<(CallOutcome, u64)> {
    w.history(node, with)
        .into_iter()
        .filter_map(|row| match row.kind {
            MessageKind::Call { outcome, duration_ms } => Some((outcome, duration_ms)),
            MessageKind::Text { .. } => None,
        })
        .collect()
}

pub fn outcomes(w: &World, node: usize, with: usize) -> Vec<CallOutcome> {
    rows(w, node, with).into_iter().map(|(outcome, _)| outcome).collect()
}

pub fn ring(w: &mut World, from: usize, to: usize) -> CallId {
    let peer = w.id(to);
    w.act(from, Act::StartCall(peer)).unwrap();
    w.until("it rings", |w| phase(w, to) == Some(Phase::Incoming));
    call(w, to).unwrap().call
}

/// Sound flows both ways between these two.
pub fn hear(w: &World, a: usize, b: usize) -> bool {
    w.nodes[a].sound.contains(&w.id(b)) && w.nodes[b].sound.contains(&w.id(a))
}

pub fn talk(w: &mut World, from: usize, to: usize) -> CallId {
    let id = ring(w, from, to);
    w.act(to, Act::AcceptCall(id)).unwrap();
    w.until("they hear each other", |w| hear(w, from, to));
    id
}

fn is_quiet(w: &World, node: usize) -> bool {
    let last_ring = w.nodes[node].outputs.iter().rev().find_map(|output| match output {
        Output::Ring(ring) => Some(*ring),
        _ => None,
    });
    let last_controls = w.nodes[node].outputs.iter().rev().find_map(|output| match output {
        Output::Controls { in_call, .. } => Some(*in_call),
        _ => None,
    });
    call(w, node).is_none()
        && w.nodes[node].sound.is_empty()
        && last_ring.unwrap_or_default().is_none()
        && last_controls != Some(true)
}

pub fn assert_over(w: &World, nodes: &[usize]) {
    for node in nodes {
        assert!(is_quiet(w, *node), "node {node}");
        assert!(
            orrery_protocol::archive::Archive::open_calls(&mut w.nodes[*node].archive.clone())
                .unwrap()
                .is_empty()
        );
    }
}

#[test]
fn a_call_rings_is_accepted_and_heard_and_ends() {
    for caller in 0..2 {
        let callee = 1 - caller;
        let mut w = World::friends(100, 2);
        let id = ring(&mut w, caller, callee);
        assert_eq!(phase(&w, caller), Some(Phase::Outgoing));
        assert!(
            w.nodes[callee]
                .outputs
                .iter()
                .any(|output| matches!(output, Output::Ring(Some(Ring::Incoming))))
        );
        assert!(
            w.nodes[caller]
                .outputs
                .iter()
                .any(|output| matches!(output, Output::Ring(Some(Ring::Outgoing))))
        );
        w.run_for(5000);
        assert_eq!(w.transport.count(), 0, "no address before the accept");
        w.act(callee, Act::AcceptCall(id)).unwrap();
        w.until("they hear each other", |w| hear(w, 0, 1));
        for node in 0..2 {
            let call = call(&w, node).unwrap();
            assert_eq!((call.call, call.phase), (id, Phase::Active));
            assert_eq!(call.participants[0].phase, ParticipantPhase::Connected);
            assert_eq!((call.channel, call.caller), (w.channel(1 - node), w.id(caller)));
        }
        w.run_for(60_000);
        w.act(caller, Act::LeaveCall(id)).unwrap();
        w.run_for(2000);
        assert_over(&w, &[0, 1]);
        for node in 0..2 {
            let (outcome, duration) = rows(&w, node, 1 - node)[0];
            assert_eq!(outcome, CallOutcome::Answered);
            assert!((60_000..70_000).contains(&duration), "{duration}");
        }
        assert_eq!(w.history(0, 1)[0].author, w.id(caller));
        assert_eq!(w.history(0, 1)[0].id.0, id.0);
    }
}

#[test]
fn a_call_of_two_that_one_leaves_is_over_and_nobody_is_said_to_have_left() {
    for leaver in 0..2 {
        let mut w = World::friends(110, 2);
        let id = talk(&mut w, 0, 1);
        w.act(leaver, Act::LeaveCall(id)).unwrap();
        w.run_for(1000);
        for node in 0..2 {
            assert_eq!(w.count(node, |fact| matches!(fact, Fact::CallEnded { .. })), 1);
            assert_eq!(w.count(node, |fact| matches!(fact, Fact::PeerLeft { .. })), 0);
        }
    }
}

#[test]
fn the_server_learns_nothing_of_a_call_of_two() {
    let mut w = World::friends(101, 2);
    let tokens = |w: &World, n: usize| {
        w.nodes[n]
            .outputs
            .iter()
            .filter(|output| matches!(output, Output::SetTokens { .. }))
            .count()
    };
    let before = (tokens(&w, 0), tokens(&w, 1));
    let id = talk(&mut w, 0, 1);
    w.act(0, Act::LeaveCall(id)).unwrap();
    w.run_for(1000);
    assert_eq!((tokens(&w, 0), tokens(&w, 1)), before);
}

#[test]
fn a_declined_call_is_declined_on_both_sides() {
    let mut w = World::friends(102, 2);
    let id = ring(&mut w, 0, 1);
    w.act(1, Act::DeclineCall(id)).unwrap();
    w.run_for(1000);
    assert_over(&w, &[0, 1]);
    assert_eq!(
        (outcomes(&w, 0, 1), outcomes(&w, 1, 0)),
        (vec![CallOutcome::Declined], vec![CallOutcome::Declined])
    );
}

#[test]
fn a_cancelled_call_is_a_missed_one_on_the_other_side() {
    let mut w = World::friends(103, 2);
    let id = ring(&mut w, 0, 1);
    w.act(0, Act::LeaveCall(id)).unwrap();
    w.run_for(1000);
    assert_over(&w, &[0, 1]);
    assert_eq!(
        (outcomes(&w, 0, 1), outcomes(&w, 1, 0)),
        (vec![CallOutcome::Cancelled], vec![CallOutcome::Missed])
    );
    assert_eq!(
        w.act(1, Act::AcceptCall(id)),
        Err(CoreError::Refused(Refusal::NoSuchCall))
    );
}

#[test]
fn nobody_answers_within_the_time_it_rings() {
    let mut w = World::friends(104, 2);
    ring(&mut w, 0, 1);
    w.run_for(46_000);
    assert_over(&w, &[0, 1]);
    assert_eq!(
        (outcomes(&w, 0, 1), outcomes(&w, 1, 0)),
        (vec![CallOutcome::Unanswered], vec![CallOutcome::Missed])
    );
}

#[test]
fn who_was_away_finds_the_missed_call() {
    for back_after in [20_000, 600_000] {
        let mut w = World::friends(105, 2);
        w.kill(1);
        let peer = w.id(1);
        w.act(0, Act::StartCall(peer)).unwrap();
        w.run_for(10_000);
        let id = call(&w, 0).unwrap().call;
        w.act(0, Act::LeaveCall(id)).unwrap();
        w.run_for(back_after - 10_000);
        w.start(1);
        w.connect(1);
        w.run_for(2000);
        assert_over(&w, &[0, 1]);
        assert_eq!(outcomes(&w, 1, 0), [CallOutcome::Missed], "{back_after}");
    }
}

#[test]
fn a_second_caller_is_told_busy_and_shows_as_missed() {
    let mut w = World::friends(106, 3);
    let id = talk(&mut w, 0, 1);
    let peer = w.id(1);
    w.act(2, Act::StartCall(peer)).unwrap();
    w.run_for(2000);
    assert_eq!(outcomes(&w, 2, 1), [CallOutcome::Busy]);
    assert_eq!(outcomes(&w, 1, 2), [CallOutcome::Missed]);
    assert_eq!(call(&w, 1).unwrap().call, id);
    assert!(hear(&w, 0, 1));
    assert_eq!(
        w.act(0, Act::StartCall(w.id(2))),
        Err(CoreError::Refused(Refusal::Busy))
    );
    assert_over(&w, &[2]);
}

#[test]
fn two_calls_that_cross_become_one_that_both_accepted() {
    for seed in 0..20 {
        let mut w = World::friends(10_700 + seed, 2);
        w.net.delay = (5, 400);
        let (a, b) = (w.id(0), w.id(1));
        w.act(0, Act::StartCall(b)).unwrap();
        w.act(1, Act::StartCall(a)).unwrap();
        let id = call(&w, 0).unwrap().call;
        w.until("they hear each other", |w| hear(w, 0, 1));
        for node in 0..2 {
            let call = call(&w, node).unwrap();
            assert_eq!((call.call, call.caller, call.phase), (id, a, Phase::Active));
            assert_eq!(call.participants.len(), 1);
        }
        w.run_for(10_000);
        w.act(1, Act::LeaveCall(id)).unwrap();
        w.run_for(3000);
        assert_over(&w, &[0, 1]);
        assert_eq!(
            (outcomes(&w, 0, 1), outcomes(&w, 1, 0)),
            (vec![CallOutcome::Answered], vec![CallOutcome::Answered])
        );
    }
}

#[test]
fn calling_who_is_calling_is_an_answer() {
    let mut w = World::friends(108, 2);
    ring(&mut w, 0, 1);
    let peer = w.id(0);
    w.act(1, Act::StartCall(peer)).unwrap();
    w.until("they hear each other", |w| hear(w, 0, 1));
}

#[test]
fn mute_and_deafen_are_seen_by_the_other_side_also_when_set_before() {
    let mut w = World::friends(109, 2);
    w.act(1, Act::SetMuted(true)).unwrap();
    let id = talk(&mut w, 0, 1);
    w.run_for(500);
    assert!(call(&w, 0).unwrap().participants[0].muted);
    w.act(1, Act::SetMuted(false)).unwrap();
    w.act(1, Act::SetDeafened(true)).unwrap();
    w.run_for(500);
    let seen = call(&w, 0).unwrap().participants[0].clone();
    assert_eq!((seen.muted, seen.deafened), (false, true));
    assert!(call(&w, 1).unwrap().deafened);
    assert_eq!((w.cues(1, Cue::Muted), w.cues(1, Cue::Unmuted)), (1, 1));
    w.act(1, Act::SetDeafened(false)).unwrap();
    assert_eq!((w.cues(1, Cue::Deafened), w.cues(1, Cue::Undeafened)), (1, 1));
    w.act(0, Act::LeaveCall(id)).unwrap();
}

#[test]
fn a_call_uses_the_connection_of_the_conversation_and_leaves_it() {
    let mut w = World::friends(110, 2);
    let channel = w.channel(1);
    w.act(0, Act::OpenChannel(channel)).unwrap();
    w.until("connected", |w| w.transport.is_open(w.id(0), w.id(1), &w.nodes));
    w.run_for(2000);
    let connection = w.transport.connection_of(0, 1);
    let id = talk(&mut w, 1, 0);
    assert_eq!(w.transport.connection_of(0, 1), connection);
    w.act(1, Act::LeaveCall(id)).unwrap();
    w.run_for(120_000);
    assert_eq!(w.transport.connection_of(0, 1), connection);
    assert_over(&w, &[0, 1]);
}

#[test]
fn a_broken_connection_is_mended_within_the_call() {
    let mut w = World::friends(111, 2);
    talk(&mut w, 0, 1);
    w.run_for(5000);
    w.cut(0, 1);
    w.run_for(3000);
    assert_eq!(call(&w, 0).unwrap().participants[0].phase, ParticipantPhase::Lost);
    w.mend(0, 1);
    w.run_for(9000);
    assert!(hear(&w, 0, 1));
    assert_eq!(call(&w, 0).unwrap().participants[0].phase, ParticipantPhase::Connected);
    assert_eq!(call(&w, 1).unwrap().participants[0].phase, ParticipantPhase::Connected);
}

#[test]
fn a_call_whose_connection_stays_broken_fails() {
    let mut w = World::friends(112, 2);
    talk(&mut w, 0, 1);
    w.run_for(5000);
    w.cut(0, 1);
    w.run_for(45_000);
    assert_over(&w, &[0, 1]);
    assert!(outcomes(&w, 0, 1) == [CallOutcome::Failed] || outcomes(&w, 1, 0) == [CallOutcome::Failed]);
}

#[test]
fn a_call_without_a_path_fails_and_says_so() {
    let mut w = World::friends(113, 2);
    w.transport.unreachable.insert((0, 1));
    let id = ring(&mut w, 0, 1);
    w.act(1, Act::AcceptCall(id)).unwrap();
    w.run_for(60_000);
    assert_over(&w, &[0, 1]);
    let ends = [outcomes(&w, 0, 1), outcomes(&w, 1, 0)];
    assert!(ends.contains(&vec![CallOutcome::Failed]), "{ends:?}");
}

#[test]
fn no_sound_before_the_binding_is_proved() {
    let mut w = World::friends(114, 2);
    w.transport.intercepted = true;
    let id = ring(&mut w, 0, 1);
    w.act(1, Act::AcceptCall(id)).unwrap();
    w.run_for(60_000);
    for node in 0..2 {
        assert!(
            !w.nodes[node]
                .outputs
                .iter()
                .any(|output| matches!(output, Output::StartSound { .. }))
        );
    }
    assert!((0..2).any(|node| w.count(node, |fact| matches!(fact, Fact::BindingFailed { .. })) > 0));
    assert_over(&w, &[0, 1]);
}

#[test]
fn a_crash_leaves_a_truthful_history() {
    // While it rings here.
    let mut w = World::friends(115, 2);
    ring(&mut w, 0, 1);
    w.restart(1);
    assert_eq!(outcomes(&w, 1, 0), [CallOutcome::Missed]);
    assert_eq!(call(&w, 1), None);
    w.run_for(60_000);
    assert_eq!(outcomes(&w, 1, 0), [CallOutcome::Missed]);
    assert_over(&w, &[0, 1]);
    // While it rings there.
    let mut w = World::friends(116, 2);
    ring(&mut w, 0, 1);
    w.restart(0);
    assert_eq!(outcomes(&w, 0, 1), [CallOutcome::Failed]);
    // In the middle of it; the other side notices.
    let mut w = World::friends(117, 2);
    talk(&mut w, 0, 1);
    w.run_for(10_000);
    w.restart(0);
    assert_eq!(outcomes(&w, 0, 1), [CallOutcome::Failed]);
    w.run_for(60_000);
    assert_over(&w, &[0, 1]);
    assert_eq!(outcomes(&w, 1, 0).len(), 1);
}

#[test]
fn leaving_the_program_leaves_the_call() {
    let mut w = World::friends(118, 2);
    talk(&mut w, 0, 1);
    w.run_for(5000);
    w.act(0, Act::Leave).unwrap();
    w.run_for(1000);
    assert_over(&w, &[0, 1]);
    assert_eq!(
        (outcomes(&w, 0, 1), outcomes(&w, 1, 0)),
        (vec![CallOutcome::Answered], vec![CallOutcome::Answered])
    );
}

#[test]
fn removing_or_blocking_somebody_ends_the_call_with_them() {
    for block in [false, true] {
        let mut w = World::friends(119, 2);
        talk(&mut w, 0, 1);
        w.run_for(2000);
        let peer = w.id(1);
        w.act(
            0,
            if block {
                Act::BlockContact(peer)
            } else {
                Act::RemoveContact(peer)
            },
        )
        .unwrap();
        assert_over(&w, &[0]);
        w.run_for(60_000);
        assert_over(&w, &[0, 1]);
        assert_eq!(w.transport.count(), 0);
    }
}

#[test]
fn who_is_removed_or_blocked_in_a_call_hears_of_it_at_once() {
    for block in [false, true] {
        let part = |peer| {
            if block {
                Act::BlockContact(peer)
            } else {
                Act::RemoveContact(peer)
            }
        };
        let mut w = World::friends(122, 2);
        talk(&mut w, 0, 1);
        w.run_for(2000);
        let peer = w.id(1);
        w.act(0, part(peer)).unwrap();
        w.run_for(500);
        assert_over(&w, &[0, 1]);
        assert_eq!(outcomes(&w, 1, 0), [CallOutcome::Answered]);
        // While it rings there.
        let mut w = World::friends(123, 2);
        ring(&mut w, 0, 1);
        let peer = w.id(1);
        w.act(0, part(peer)).unwrap();
        w.run_for(500);
        assert_over(&w, &[0, 1]);
        assert_eq!(outcomes(&w, 1, 0), [CallOutcome::Missed]);
        // While it rings here.
        let mut w = World::friends(124, 2);
        ring(&mut w, 0, 1);
        let peer = w.id(0);
        w.act(1, part(peer)).unwrap();
        w.run_for(500);
        assert_over(&w, &[0, 1]);
        assert_eq!(outcomes(&w, 0, 1), [CallOutcome::Declined]);
    }
}

#[test]
fn a_farewell_to_somebody_blocked_waits_behind_nothing() {
    let mut w = World::friends(125, 2);
    talk(&mut w, 0, 1);
    w.run_for(2000);
    // More is under way than a server is asked to take at once, and its answers are slow.
    w.net.delay = (400, 400);
    for n in 0..20 {
        w.act(0, Act::SetMuted(n % 2 == 0)).unwrap();
    }
    let peer = w.id(1);
    w.act(0, Act::BlockContact(peer)).unwrap();
    w.run_for(2000);
    assert_over(&w, &[0, 1]);
    assert_eq!(outcomes(&w, 1, 0), [CallOutcome::Answered]);
}

#[test]
fn calls_come_about_over_a_rough_network() {
    let mut heard = 0;
    for seed in 0..20 {
        let mut w = World::friends(12_000 + seed, 2);
        w.net = Net {
            loss: 0.1,
            repeat: 0.2,
            delay: (5, 150),
        };
        let (from, to) = if seed % 2 == 0 { (0, 1) } else { (1, 0) };
        let id = ring(&mut w, from, to);
        w.run_for(2000);
        w.act(to, Act::AcceptCall(id)).unwrap();
        w.run_for(35_000);
        heard += usize::from(hear(&w, 0, 1));
        w.net = crate::sim::CALM;
        if call(&w, from).is_some() {
            let _ = w.act(from, Act::LeaveCall(id));
        }
        w.run_for(120_000);
        assert_over(&w, &[0, 1]);
        assert_eq!((rows(&w, 0, 1).len(), rows(&w, 1, 0).len()), (1, 1), "seed {seed}");
    }
    assert!(heard >= 18, "{heard} of 20");
}

#[test]
fn a_call_row_keeps_its_place_among_the_messages() {
    let mut w = World::friends(121, 2);
    w.send(0, 1, "before");
    w.run_for(2000);
    let id = talk(&mut w, 0, 1);
    w.send(1, 0, "during");
    w.run_for(2000);
    w.act(0, Act::LeaveCall(id)).unwrap();
    w.run_for(1000);
    w.send(0, 1, "after");
    w.run_for(2000);
    for (node, other) in [(0, 1), (1, 0)] {
        let kinds: Vec<_> = w
            .history(node, other)
            .into_iter()
            .map(|row| match row.kind {
                MessageKind::Text { text } => text,
                MessageKind::Call { .. } => "call".into(),
            })
            .collect();
        assert_eq!(kinds, ["before", "call", "during", "after"]);
    }
}
