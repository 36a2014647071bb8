//! Calls through an evil server.

use std::time::Duration;

use orrery_evil_server::{Mischief, Plan};
use serde_json::json;

use super::{Den, Ledger, rings};
use crate::calls::{call_phase, connected, outcome, ring};

/// About every second try gets through where a third is dropped, and a try takes ten seconds.
const PATIENCE: Duration = Duration::from_secs(180);

#[test]
fn a_call_is_set_up_though_everything_is_repeated_forged_and_out_of_order() {
    let den = Den::new(40);
    let (mut ariel, mut rhea) = den.pair();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    for (n, plans) in [
        vec![Mischief::Repeat, Mischief::RepeatDeposits],
        vec![Mischief::Reorder],
        vec![Mischief::Replay, Mischief::Misdeliver, Mischief::Forge],
    ]
    .into_iter()
    .enumerate()
    {
        den.evil.plan(plans.clone());
        let (caller, callee) = if n % 2 == 0 {
            (&mut ariel, &mut rhea)
        } else {
            (&mut rhea, &mut ariel)
        };
        let call = ring(caller, callee);
        callee.tell(json!({ "type": "accept_call", "call": call }));
        // The connection of the last call may still stand: then they are connected at once.
        for peer in [&mut *caller, &mut *callee] {
            peer.seen_or_wait("the other one connected", |event| {
                let active = call_phase(event, "active").is_some_and(|active| active == call);
                (active && event["call"]["participants"][0]["phase"] == "connected").then_some(())
            });
        }
        callee.tell(json!({ "type": "leave_call", "call": call }));
        assert_eq!(outcome(caller, &call), "answered");
        for mischief in plans {
            assert!(den.evil.struck(mischief) > 0, "{mischief}");
        }
    }
    // Two for Rhea, one for Ariel: nobody was rung by a repeat, a forgery or what was not for them.
    den.evil.behave();
    let mut ledger = Ledger::default();
    ledger.write(&mut ariel, &rhea_id, "all done");
    ledger.write(&mut rhea, &ariel_id, "yes");
    ledger.all_arrived(&mut ariel, &mut rhea);
    assert_eq!((rings(&mut ariel), rings(&mut rhea)), (1, 2));
}

#[test]
fn a_call_whose_signals_are_dropped_ends_on_both_sides_and_the_next_one_works() {
    let den = Den::new(41);
    let (mut ariel, mut rhea) = den.pair();
    let call = ring(&mut ariel, &mut rhea);
    // From here on nothing arrives: the yes, the offer, the candidates.
    den.evil.plan([Mischief::Lose]);
    rhea.tell(json!({ "type": "accept_call", "call": call }));
    let ended = [outcome(&mut ariel, &call), outcome(&mut rhea, &call)];
    assert_eq!(ended, ["unanswered", "failed"]);
    den.evil.behave();
    den.evil.lose_withheld();
    let call = ring(&mut rhea, &mut ariel);
    ariel.tell(json!({ "type": "accept_call", "call": call }));
    connected(&mut rhea, &call, 1);
}

#[test]
fn a_call_through_a_server_that_drops_a_third_works_or_ends_and_never_hangs() {
    let den = Den::new(42);
    let (mut ariel, mut rhea) = den.pair();
    let plan = Plan {
        mischief: Mischief::Mutate,
        percent: 30,
    };
    let call = ring(&mut ariel, &mut rhea);
    den.evil.plan([plan]);
    rhea.tell(json!({ "type": "accept_call", "call": call }));
    let end = |event: &serde_json::Value| {
        let over = event["type"] == "call_ended" && event["call"] == call.as_str();
        let participants = event["call"]["participants"].as_array();
        let up = participants.is_some_and(|all| all.iter().all(|one| one["phase"] == "connected"));
        (over || (call_phase(event, "active").is_some() && up)).then_some(())
    };
    for peer in [&mut ariel, &mut rhea] {
        peer.seen_within("a call or its end", PATIENCE, end);
    }
}
