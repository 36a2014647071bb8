//! Prekeys over the weeks: how many, how long, and what they still open.

use orrery_protocol::{
    frame::DepositToken,
    limits::ONE_TIME_PREKEYS,
    record::{ContactState, PrekeyKind},
};

use crate::sim::World;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
const KINDS: [PrekeyKind; 2] = [PrekeyKind::Signed, PrekeyKind::Kem];

#[test]
fn when_few_are_left_the_pool_is_filled_up_to_a_hundred() {
    let mut w = World::friends(9000, 2);
    w.hush();
    let shown = DepositToken::Delivery(w.contact(0, 1).unwrap().token.unwrap());
    let id = w.id(1);
    let published = w.mailbox(1).published;
    while w.mailbox(1).published == published {
        let left = w.mailbox(1).one_time.len();
        assert!(left >= 24, "it should have been said at {left}");
        w.hand_out(crate::sim::SERVER, &id, &shown).unwrap();
        w.run_for(100);
    }
    assert_eq!(w.mailbox(1).one_time.len(), ONE_TIME_PREKEYS);
    let numbers: std::collections::BTreeSet<u32> = w.mailbox(1).one_time.iter().map(|key| key.id).collect();
    assert_eq!(numbers.len(), ONE_TIME_PREKEYS, "each once");
    // A server that has lost some in between says so at the next log-in.
    w.disconnect(1);
    w.mailbox(1).one_time.truncate(3);
    w.connect(1);
    w.run_for(1000);
    assert_eq!(w.mailbox(1).one_time.len(), ONE_TIME_PREKEYS);
}

#[test]
fn the_kem_prekey_of_last_resort_outlives_every_use_until_it_is_renewed() {
    let mut w = World::friends(9010, 2);
    w.hush();
    let current = w.halves(1, PrekeyKind::Kem);
    assert_eq!(current.len(), 1);
    for n in 0..30 {
        w.nodes[0].archive.lose_sessions();
        // Every third begins without a one-time prekey.
        if n % 3 == 0 {
            w.mailbox(1).one_time.clear();
        }
        w.send(0, 1, &format!("m{n}"));
        w.run_for(61_000);
        assert_eq!(w.shown(1, &format!("m{n}")), 1);
        for kind in KINDS {
            assert_eq!(w.halves(1, kind), current);
        }
    }
}

#[test]
fn signed_and_kem_prekeys_are_renewed_weekly_and_the_one_before_is_kept_one_week_more() {
    let mut w = World::new(9020, 1);
    let began = w.now;
    let mut published = w.mailbox(0).published;
    for hour in 1..=31 * 24 {
        w.run_for(began + hour * HOUR_MS - w.now);
        // They are looked at hourly, so what a moment falls into is known to the hour.
        if hour % (7 * 24) <= 2 {
            continue;
        }
        let week = u32::try_from(hour / (7 * 24)).unwrap();
        let expected: Vec<u32> = if week == 0 { vec![1] } else { vec![week, week + 1] };
        for kind in KINDS {
            assert_eq!(w.halves(0, kind), expected, "hour {hour}");
        }
        let now = w.mailbox(0).published;
        assert!(now <= published + 1);
        published = now;
    }
    assert_eq!(published, 1 + 4, "once at first and once a week");
}

#[test]
fn who_was_away_for_a_month_still_reads_what_was_written_under_the_prekeys_left_behind() {
    let mut w = World::friends(9030, 2);
    w.hush();
    let (asker, invite) = {
        // Somebody with a link, too.
        let mut strangers = World::new(9031, 1);
        (strangers.nodes.remove(0), w.invite(1))
    };
    w.nodes.push(asker);
    let asker = w.nodes.len() - 1;
    w.connect(asker);
    w.run_for(1000);
    w.kill(1);
    w.run_for(20 * DAY_MS);
    w.nodes[0].archive.lose_sessions();
    w.send(0, 1, "are you still away?");
    w.act(asker, orrery_core::Act::AddContact(invite)).unwrap();
    w.run_for(10 * DAY_MS);
    w.start(1);
    w.connect(1);
    w.run_for(10_000);
    assert_eq!(w.texts(1, 0), ["are you still away?"]);
    assert_eq!(w.healed(1), 0, "nothing had to be said twice");
    assert_eq!(w.state(1, asker), Some(ContactState::RequestedByThem));
    for kind in KINDS {
        assert_eq!(w.halves(1, kind), [1, 2], "the old one for a week from now");
    }
    w.run_for(6 * DAY_MS);
    assert_eq!(w.halves(1, PrekeyKind::Signed), [1, 2]);
    w.run_for(DAY_MS + 2 * HOUR_MS);
    for kind in KINDS {
        assert_eq!(w.halves(1, kind), [2, 3]);
    }
}

#[test]
fn a_clock_that_jumps_neither_stops_the_renewal_nor_heaps_up_prekeys() {
    let mut w = World::new(9040, 1);
    let set = |w: &mut World, days: i64| {
        w.kill(0);
        w.nodes[0].skew_ms = days * DAY_MS as i64;
        w.start(0);
        w.connect(0);
        w.run_for(1000);
    };
    // Once a year ahead, and right again.
    set(&mut w, 365);
    let ahead = *w.halves(0, PrekeyKind::Signed).last().unwrap();
    assert_eq!(ahead, 2);
    set(&mut w, 0);
    assert_eq!(
        *w.halves(0, PrekeyKind::Signed).last().unwrap(),
        3,
        "not only in a year"
    );
    w.run_for(8 * DAY_MS);
    assert_eq!(*w.halves(0, PrekeyKind::Signed).last().unwrap(), 4);
    for n in 0..20 {
        set(&mut w, if n % 2 == 0 { 400 } else { 0 });
        for kind in KINDS {
            let count = w.halves(0, kind).len();
            assert!((1..=4).contains(&count), "{count}");
        }
    }
}
