//! Lies of a server about itself.

use orrery_evil_server::Mischief;
use orrery_tests::Peer;

use super::{Den, Ledger, notice};

/// Says something both ways.
fn both_write(ledger: &mut Ledger, ariel: &mut Peer, rhea: &mut Peer, what: &str) {
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    for n in 0..2 {
        ledger.write(ariel, &rhea_id, &format!("{what}: a {n}"));
        ledger.write(rhea, &ariel_id, &format!("{what}: r {n}"));
    }
}

#[test]
fn lies_about_counts_tokens_answers_and_codes_cost_nobody_a_message() {
    let den = Den::new(20);
    let (mut ariel, mut rhea) = den.pair();
    let mut ledger = Ledger::default();
    for mischief in [
        Mischief::Counts,
        Mischief::LoseTokens,
        Mischief::RefuseTaken,
        Mischief::WrongAnswer,
        Mischief::HangUp,
        Mischief::Babble,
    ] {
        den.evil.plan([mischief]);
        den.evil.cut();
        both_write(&mut ledger, &mut ariel, &mut rhea, mischief.name());
        den.evil
            .until(mischief.name(), |book| book.struck.get(&mischief).copied());
        den.turn_honest(&mut [&mut ariel, &mut rhea]);
        ledger.all_arrived(&mut ariel, &mut rhea);
    }
}

#[test]
fn a_clock_that_lies_is_said_and_neither_turns_the_order_nor_moves_times_by_more_than_a_day() {
    let den = Den::new(21);
    let (mut ariel, mut rhea) = den.pair();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let mut ledger = Ledger::default();
    both_write(&mut ledger, &mut ariel, &mut rhea, "on time");
    ledger.all_arrived(&mut ariel, &mut rhea);
    for mischief in [Mischief::ClockAhead, Mischief::ClockBack] {
        den.evil.plan([mischief]);
        den.cut(&mut [&mut ariel, &mut rhea]);
        both_write(&mut ledger, &mut ariel, &mut rhea, mischief.name());
        ledger.all_arrived(&mut ariel, &mut rhea);
    }
    notice(&mut ariel, "clock_skew");
    notice(&mut rhea, "clock_skew");
    den.turn_honest(&mut [&mut ariel, &mut rhea]);
    both_write(&mut ledger, &mut ariel, &mut rhea, "on time again");
    ledger.all_arrived(&mut ariel, &mut rhea);
    let times = |peer: &mut Peer, channel: &str| -> Vec<(String, u64)> {
        let history = peer.history(channel);
        let of = |message: &serde_json::Value| {
            let text = message["content"]["text"].as_str()?.to_owned();
            Some((text, message["sent_ms"].as_u64()?))
        };
        history.iter().filter_map(of).collect()
    };
    let shown = times(&mut ariel, &rhea_id);
    assert_eq!(shown, times(&mut rhea, &ariel_id));
    let now = shown.last().unwrap().1;
    for (text, time) in &shown {
        assert!(time.abs_diff(now) < 24 * 3600 * 1000, "{text} is said to be of {time}");
    }
    // What was written first stands first, whatever the clock said.
    let phases = ["on time:", "clock-ahead:", "clock-back:", "on time again:"];
    let place = |text: &str| phases.iter().position(|phase| text.starts_with(phase)).unwrap();
    assert!(shown.is_sorted_by_key(|(text, _)| place(text)), "{shown:?}");
}
