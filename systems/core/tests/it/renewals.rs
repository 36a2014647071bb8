//! Calls whose network changes under them.

use orrery_core::{
    Act, Fact, Input, Output,
    io::{ParticipantPhase, Phase},
};
use orrery_protocol::{ConnectionId, record::CallOutcome};

use crate::{
    calls::{assert_over, call, hear, outcomes, talk},
    hostile::{note, say},
    hostile_calls::{offer, signal},
    sim::{CALM, Net, World},
};

/// Where the other participant of a call of two stands, as one of them sees it.
fn other(w: &World, node: usize) -> Option<ParticipantPhase> {
    call(w, node).map(|call| call.participants[0].phase)
}

fn count(w: &World, node: usize, is: impl Fn(&Output) -> bool) -> usize {
    w.nodes[node].outputs.iter().filter(|output| is(output)).count()
}

fn moved(w: &World, node: usize) -> usize {
    count(w, node, |output| matches!(output, Output::MoveSound { .. }))
}

fn stopped(w: &World, node: usize) -> usize {
    count(w, node, |output| matches!(output, Output::StopSound { .. }))
}

#[test]
fn another_network_gets_another_connection_while_the_old_one_still_plays() {
    for seed in 0..10 {
        let mover = (seed % 2) as usize;
        let mut w = World::friends(12_000 + seed, 2);
        talk(&mut w, 0, 1);
        w.run_for(5000);
        let old = w.transport.connection_of(0, 1).unwrap();
        w.feed(mover, Input::NetworkChanged { lost: true });
        w.until("the sound has moved", |w| moved(w, 0) == 1 && moved(w, 1) == 1);
        assert_eq!((stopped(&w, 0), stopped(&w, 1)), (0, 0), "without a pause");
        assert_eq!(other(&w, 0), Some(ParticipantPhase::Connected));
        w.run_for(2000);
        assert_eq!(w.transport.count(), 1, "the old one is closed");
        assert_ne!(w.transport.connection_of(0, 1), Some(old));
        // And it is a connection as any other.
        w.run_for(60_000);
        assert!(hear(&w, 0, 1));
        assert_eq!((moved(&w, 0), moved(&w, 1), w.transport.count()), (1, 1, 1));
        let before = w.transport.messages;
        w.send(0, 1, "over the new one");
        w.run_for(1000);
        assert!(w.transport.messages > before);
        assert_eq!(w.shown(1, "over the new one"), 1);
    }
}

#[test]
fn more_networks_than_before_are_no_reason_to_leave_a_connection_that_stands() {
    let mut w = World::friends(12_100, 2);
    talk(&mut w, 0, 1);
    w.feed(0, Input::NetworkChanged { lost: false });
    w.run_for(10_000);
    assert_eq!((moved(&w, 0), moved(&w, 1)), (0, 0));
}

#[test]
fn a_silent_connection_is_shown_and_replaced_at_once_where_there_is_a_way() {
    let mut w = World::friends(12_200, 2);
    talk(&mut w, 0, 1);
    w.run_for(5000);
    let connection = w.transport.connection_of(0, 1).unwrap();
    for node in 0..2 {
        w.feed(node, Input::Interrupted { connection });
        assert_eq!(other(&w, node), Some(ParticipantPhase::Lost));
    }
    w.run_for(1500);
    for node in 0..2 {
        assert_eq!(other(&w, node), Some(ParticipantPhase::Connected));
    }
    w.run_for(60_000);
    assert!(hear(&w, 0, 1));
    assert_eq!(w.transport.count(), 1);
}

#[test]
fn a_call_outlives_half_a_minute_without_a_way_and_then_says_that_it_is_over() {
    for (silence, outlives) in [(25_000, true), (40_000, false)] {
        let mut w = World::friends(12_300, 2);
        talk(&mut w, 0, 1);
        w.run_for(5000);
        w.cut(0, 1);
        w.run_for(3000);
        assert_eq!(other(&w, 0), Some(ParticipantPhase::Lost));
        w.run_for(silence - 3000);
        w.mend(0, 1);
        w.run_for(8000);
        if outlives {
            assert_eq!(call(&w, 0).map(|call| call.phase), Some(Phase::Active));
            assert_eq!(other(&w, 0), Some(ParticipantPhase::Connected));
            assert!(hear(&w, 0, 1));
        } else {
            assert_over(&w, &[0, 1]);
            let ends = [outcomes(&w, 0, 1), outcomes(&w, 1, 0)];
            assert!(ends.contains(&vec![CallOutcome::Failed]), "{ends:?}");
        }
    }
}

#[test]
fn a_rough_server_renews_all_the_same() {
    for seed in 0..10 {
        let mut w = World::friends(12_400 + seed, 2);
        talk(&mut w, 0, 1);
        w.run_for(2000);
        w.net = Net {
            loss: 0.15,
            repeat: 0.2,
            delay: (5, 120),
        };
        for node in 0..2 {
            w.feed(node, Input::NetworkChanged { lost: true });
        }
        w.run_for(20_000);
        w.net = CALM;
        w.run_for(10_000);
        assert!(hear(&w, 0, 1), "seed {seed}");
        assert_eq!(other(&w, 0), Some(ParticipantPhase::Connected), "seed {seed}");
        assert_eq!(w.transport.count(), 1, "seed {seed}");
    }
}

#[test]
fn somebody_between_at_the_renewal_gets_no_sound_and_ends_nothing() {
    let mut w = World::friends(12_500, 2);
    talk(&mut w, 0, 1);
    w.run_for(5000);
    let old = w.transport.connection_of(0, 1);
    w.transport.intercepted = true;
    w.feed(0, Input::NetworkChanged { lost: true });
    w.run_for(10_000);
    let failed = |fact: &Fact| matches!(fact, Fact::BindingFailed { .. });
    assert!(w.count(0, failed) + w.count(1, failed) > 0, "it is said");
    assert_eq!((moved(&w, 0), moved(&w, 1)), (0, 0));
    assert!(hear(&w, 0, 1), "over the one that was bound");
    w.run_for(60_000);
    let made = count(&w, 0, |output| matches!(output, Output::MakeOffer { .. }));
    assert!(made <= 14, "{made}: it is given up where the old one holds");
    assert_eq!(w.transport.connection_of(0, 1), old);
    w.transport.intercepted = false;
    w.feed(0, Input::NetworkChanged { lost: true });
    w.run_for(10_000);
    assert_eq!((moved(&w, 0), moved(&w, 1)), (1, 1));
    assert!(hear(&w, 0, 1));
}

#[test]
fn a_renewal_needs_the_call_that_it_is_for() {
    let mut w = World::friends(12_600, 2);
    let id = talk(&mut w, 0, 1);
    w.run_for(2000);
    w.act(0, Act::LeaveCall(id)).unwrap();
    w.run_for(90_000);
    assert_eq!(w.transport.count(), 0);
    for node in 0..2 {
        w.feed(node, Input::NetworkChanged { lost: true });
    }
    w.run_for(30_000);
    assert_eq!(
        w.transport.count(),
        0,
        "nobody is shown an address for a call that is over"
    );
}

#[test]
fn an_offer_beside_a_bound_connection_changes_nothing_before_it_is_bound() {
    let mut w = World::friends(12_700, 2);
    talk(&mut w, 0, 1);
    w.run_for(3000);
    let old = w.transport.connection_of(0, 1).unwrap();
    // Whoever may offer does, and never gives a proof; again and again.
    for round in 0..20u8 {
        let id = ConnectionId([round + 100; 16]);
        let offer = note(&w, signal(&w, 0, 1, id, 0, offer()));
        say(&mut w, 0, 1, &offer);
        w.run_for(200);
        assert!(w.transport.count() <= 2, "one beside it, never more");
    }
    w.run_for(10_000);
    assert_eq!(moved(&w, 1), 0);
    assert_eq!(w.transport.connection_of(0, 1), Some(old));
    assert!(hear(&w, 0, 1));
}

#[test]
fn whose_program_is_gone_leaves_at_once() {
    let mut w = World::friends(12_800, 2);
    talk(&mut w, 0, 1);
    w.run_for(5000);
    let connection = w.transport.connection_of(0, 1).unwrap();
    // By then another connection is being made.
    w.feed(0, Input::Interrupted { connection });
    w.feed(0, Input::Gone { connection });
    assert_eq!(call(&w, 0), None);
    assert_eq!(outcomes(&w, 0, 1), [CallOutcome::Failed]);
    w.run_for(5000);
    assert_over(&w, &[0, 1]);
}

#[test]
fn a_change_of_network_in_the_middle_of_connecting_begins_anew() {
    for seed in 0..10 {
        let mut w = World::friends(12_900 + seed, 2);
        let channel = w.channel(1);
        w.act(0, Act::OpenChannel(channel)).unwrap();
        w.run_for(20 * seed);
        w.feed((seed % 2) as usize, Input::NetworkChanged { lost: true });
        w.run_for(20_000);
        assert_eq!(w.transport.count(), 1, "seed {seed}");
        let connected = |fact: &Fact| {
            matches!(
                fact,
                Fact::Contact {
                    direct: orrery_core::io::Link::Connected,
                    ..
                }
            )
        };
        assert!(w.count(0, connected) > 0 && w.count(1, connected) > 0, "seed {seed}");
    }
}
