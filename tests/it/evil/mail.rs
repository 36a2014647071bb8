//! Envelopes changed, withheld, repeated, turned around, misdirected.

use std::time::Duration;

use orrery_evil_server::{Mischief, Plan, book::Book};
use orrery_protocol::{PeerId, frame::DropRequest, limits::PADDED_SIZES};
use orrery_tests::Peer;
use serde_json::json;

use super::{Den, Ledger, comes_within, id_of, rings};
use crate::calls::{call_phase, connected, outcome, ring};

/// A whole call of both, from the ring to the end.
fn a_call(ariel: &mut Peer, rhea: &mut Peer) -> String {
    let call = ring(ariel, rhea);
    rhea.tell(json!({ "type": "accept_call", "call": call }));
    connected(ariel, &call, 1);
    connected(rhea, &call, 1);
    ariel.tell(json!({ "type": "leave_call", "call": call }));
    assert_eq!(outcome(rhea, &call), "answered");
    call
}

/// Calls in a conversation's history.
fn calls_in(peer: &mut Peer, channel: &str) -> usize {
    let history = peer.history(channel);
    let calls = history.iter().filter(|row| row["content"]["type"] == "call");
    calls.count()
}

#[test]
fn signals_exist_only_sealed_and_a_changed_byte_anywhere_makes_them_inert() {
    let den = Den::new(30);
    let (mut ariel, mut rhea) = den.pair();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let (a, r) = (id_of(&mut ariel), id_of(&mut rhea));
    let mut ledger = Ledger::default();
    let before = [den.evil.mail(&a).len(), den.evil.mail(&r).len()];
    a_call(&mut ariel, &mut rhea);
    // A ring that nobody has heard yet: kept back, and every change of it tried before it.
    den.evil.plan([Mischief::Lose]);
    let kept = den.evil.mail(&r).len();
    let call = {
        ariel.send(json!({ "type": "start_call", "peer": rhea_id }));
        ariel.wait("ringing", |event| call_phase(event, "outgoing"))
    };
    den.evil
        .until("the ring", |book| (book.mail[&r].len() > kept).then_some(()));
    den.evil.behave();
    let unheard: Vec<Vec<u8>> = den.evil.mail(&r).split_off(kept);
    let mut changed = 0;
    for envelope in &unheard {
        for place in 0..envelope.len() {
            // All of the smallest, and of larger ones the clear part, the beginning and a byte here and there.
            if envelope.len() < 600 || place < 200 || place % 61 == 0 {
                let mut bad = envelope.clone();
                bad[place] ^= 1 << (place % 8);
                den.evil.deliver(&r, &bad);
                changed += 1;
            }
        }
    }
    for (person, seen) in [(a, before[0]), (r, before[1])] {
        for envelope in den.evil.mail(&person).split_off(seen) {
            assert!(PADDED_SIZES.contains(&(envelope.len() - 49)), "{}", envelope.len());
            for place in (0..envelope.len()).step_by(1 + envelope.len() / 40) {
                let mut bad = envelope.clone();
                bad[place] ^= 1;
                den.evil.deliver(&person, &bad);
                changed += 1;
            }
        }
    }
    assert!(changed > 800, "{changed}");
    ledger.write(&mut ariel, &rhea_id, "after all of that");
    ledger.write(&mut rhea, &ariel_id, "here too");
    rhea.read("after all of that");
    ariel.read("here too");
    assert_eq!(rings(&mut rhea), 1, "only the call that there was");
    // The genuine one does ring: what was changed above was the ring.
    for envelope in &unheard {
        den.evil.deliver(&r, envelope);
    }
    let rung = rhea.wait("the genuine ring", |event| call_phase(event, "incoming"));
    assert_eq!(rung, call);
    den.evil.lose_withheld();
    ledger.holds(&mut ariel, &rhea_id);
    ledger.holds(&mut rhea, &ariel_id);
}

#[test]
fn what_is_replayed_now_after_a_restart_or_a_day_later_shows_and_rings_nothing() {
    let den = Den::new(31);
    let (mut ariel, mut rhea) = den.pair();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let (a, r) = (id_of(&mut ariel), id_of(&mut rhea));
    let mut ledger = Ledger::default();
    ledger.write(&mut ariel, &rhea_id, "once");
    ledger.write(&mut rhea, &ariel_id, "and once");
    ledger.all_arrived(&mut ariel, &mut rhea);
    a_call(&mut ariel, &mut rhea);
    let everything = [(a, den.evil.mail(&a)), (r, den.evil.mail(&r))];
    assert!(everything.iter().all(|(_, mail)| mail.len() > 5));
    let replay = |n: u32, ledger: &mut Ledger, ariel: &mut Peer, rhea: &mut Peer| {
        for (person, mail) in &everything {
            for envelope in mail.iter().chain(mail.iter().rev()) {
                assert!(den.evil.deliver(person, envelope) > 0);
            }
        }
        ledger.write(ariel, &rhea_id, &format!("{n}"));
        ledger.write(rhea, &ariel_id, &format!("{n} too"));
        ledger.all_arrived(ariel, rhea);
        assert_eq!(calls_in(ariel, &rhea_id), 1);
        assert_eq!(calls_in(rhea, &ariel_id), 1);
    };
    replay(1, &mut ledger, &mut ariel, &mut rhea);
    assert_eq!(rings(&mut rhea), 1);
    rhea.stop();
    let mut rhea = den.peer("rhea");
    rhea.online();
    // The lines from before the restart are gone; the new one is there once it is logged in.
    replay(2, &mut ledger, &mut ariel, &mut rhea);
    assert_eq!(rings(&mut rhea), 0);
    for (n, mischief) in [(3, Mischief::ClockAhead), (4, Mischief::ClockBack)] {
        den.evil.plan([mischief]);
        den.cut(&mut [&mut ariel, &mut rhea]);
        replay(n, &mut ledger, &mut ariel, &mut rhea);
        assert_eq!(rings(&mut rhea), 0, "{mischief}");
    }
    assert_eq!(rings(&mut ariel), 0);
}

/// Ariel rings twenty hours ago, as far as her server tells, and gives up; nothing of it arrives. The ring's envelope.
fn an_old_ring(den: &Den, ariel: &mut Peer, rhea: &mut Peer) -> (String, Vec<u8>) {
    den.evil.plan([Mischief::ClockBack, Mischief::Lose]);
    den.cut(&mut [&mut *ariel, &mut *rhea]);
    let (rhea_id, r) = (rhea.id(), id_of(rhea));
    let before = den.evil.look(|book| kept_for(book, &r));
    ariel.tell(json!({ "type": "start_call", "peer": rhea_id }));
    let call = ariel.seen_or_wait("ringing", |event| call_phase(event, "outgoing"));
    let envelope = den.evil.until("the ring", |book| {
        (kept_for(book, &r) > before).then(|| book.mail[&r].last().unwrap().clone())
    });
    ariel.tell(json!({ "type": "leave_call", "call": call }));
    (call, envelope)
}

/// How many envelopes that are to be kept were kept back from somebody.
fn kept_for(book: &Book, person: &PeerId) -> usize {
    let is_kept =
        |deposit: &&DropRequest| matches!(deposit, DropRequest::Deposit { to, keep: true, .. } if to == person);
    book.withheld.iter().filter(is_kept).count()
}

#[test]
fn a_ring_kept_back_for_a_day_is_a_missed_call() {
    let den = Den::new(32);
    let (mut ariel, mut rhea) = den.pair();
    let (ariel_id, r) = (ariel.id(), id_of(&mut rhea));
    let (call, envelope) = an_old_ring(&den, &mut ariel, &mut rhea);
    den.evil.lose_withheld();
    den.turn_honest(&mut [&mut ariel, &mut rhea]);
    assert_eq!(den.evil.deliver(&r, &envelope), 1);
    let missed = rhea.wait("a missed call", |event| {
        (event["message"]["id"] == call.as_str()).then(|| event["message"].clone())
    });
    assert_eq!(missed["content"]["outcome"], "missed");
    assert_eq!(missed["author"], ariel_id.as_str());
    assert_eq!(rings(&mut rhea), 0);
    assert_eq!(calls_in(&mut rhea, &ariel_id), 1);
}

#[test]
fn a_lying_clock_can_make_an_old_ring_ring_late_but_says_itself_and_leads_to_no_call() {
    let den = Den::new(33);
    let (mut ariel, mut rhea) = den.pair();
    let r = id_of(&mut rhea);
    let (call, envelope) = an_old_ring(&den, &mut ariel, &mut rhea);
    // Ariel is back in the present; Rhea is kept in the day of the ring.
    den.evil.plan([Mischief::Lose]);
    den.cut(&mut [&mut ariel]);
    den.evil.plan([Mischief::ClockBack]);
    den.cut(&mut [&mut rhea]);
    den.evil.lose_withheld();
    assert_eq!(den.evil.deliver(&r, &envelope), 1);
    super::notice(&mut rhea, "clock_skew");
    let rung = rhea.seen_or_wait("a ring", |event| call_phase(event, "incoming"));
    assert_eq!(rung, call);
    rhea.tell(json!({ "type": "accept_call", "call": call }));
    // Ariel is not in it any more, and what Rhea says is of yesterday to her.
    let connects = comes_within(&mut rhea, Duration::from_secs(3), |event| {
        let participants = event["call"]["participants"].as_array();
        participants.is_some_and(|all| all.iter().any(|one| one["phase"] == "connected"))
    });
    assert!(!connects, "there was nobody to talk to");
    rhea.tell(json!({ "type": "leave_call", "call": call }));
}

#[test]
fn mail_for_one_that_is_handed_to_others_tells_them_nothing() {
    let den = Den::new(34);
    let (mut ariel, mut rhea) = den.pair();
    let mut dione = den.peer("dione");
    dione.befriend(&mut rhea);
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    den.evil.plan([Mischief::Misdeliver]);
    let mut ledger = Ledger {
        others: vec![dione.id()],
        ..Ledger::default()
    };
    for n in 0..5 {
        ledger.write(&mut ariel, &rhea_id, &format!("for Rhea alone {n}"));
        ledger.write(&mut rhea, &ariel_id, &format!("for Ariel alone {n}"));
    }
    ledger.all_arrived(&mut ariel, &mut rhea);
    // The offer and the answer go to everybody as well.
    a_call(&mut ariel, &mut rhea);
    assert!(den.evil.struck(Mischief::Misdeliver) > 15);
    rhea.write(&dione.id(), "this one is yours");
    dione.read("this one is yours");
    let shown = dione.said.iter().filter(|event| event["type"] == "message_received");
    assert_eq!(shown.count(), 1);
    assert_eq!(rings(&mut dione), 0);
    assert_eq!(rings(&mut ariel), 0, "her own ring came back to her");
    let notices = dione.said.iter().filter(|event| event["type"] == "notice");
    assert_eq!(notices.count(), 0, "what was not for her is not even a broken session");
}

#[test]
fn what_a_server_withholds_repeats_or_turns_around_arrives_once_when_it_is_honest() {
    let den = Den::new(35);
    let (mut ariel, mut rhea) = den.pair();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let mut ledger = Ledger::default();
    for mischief in Mischief::ALL.iter().filter(|mischief| mischief.keeps_mail()) {
        let plan = Plan {
            mischief: *mischief,
            percent: 70,
        };
        den.evil.plan([plan]);
        for n in 0..4 {
            ledger.write(&mut ariel, &rhea_id, &format!("{mischief}: a {n}"));
            ledger.write(&mut rhea, &ariel_id, &format!("{mischief}: r {n}"));
        }
        den.evil
            .until(mischief.name(), |book| book.struck.get(mischief).copied());
        ledger.holds(&mut ariel, &rhea_id);
        ledger.holds(&mut rhea, &ariel_id);
        den.turn_honest(&mut [&mut ariel, &mut rhea]);
        ledger.all_arrived(&mut ariel, &mut rhea);
    }
}

#[test]
fn what_a_server_took_and_lost_for_good_is_sent_again() {
    let den = Den::new(36);
    let (mut ariel, mut rhea) = den.pair();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let mut ledger = Ledger::default();
    ledger.write(&mut ariel, &rhea_id, "one");
    rhea.read("one");
    den.evil.plan([Mischief::Lose]);
    let lost = ledger.write(&mut ariel, &rhea_id, "two");
    ariel.delivery(&lost, "sent");
    den.evil.behave();
    assert!(den.evil.lose_withheld() > 0);
    let kept = ledger.write(&mut ariel, &rhea_id, "three");
    ariel.delivery(&kept, "delivered");
    assert_eq!(rhea.texts(&ariel_id), ["one", "three"]);
    // The next receipt after ten seconds names the gap again: something has to be said for one to come.
    while !comes_within(&mut rhea, Duration::from_secs(4), |event| {
        event["message"]["content"]["text"] == "two"
    }) {
        let n = ledger.written.len();
        assert!(n < 14, "it never came");
        ledger.write(&mut ariel, &rhea_id, &format!("still here {n}"));
    }
    ledger.all_arrived(&mut ariel, &mut rhea);
    assert_eq!(rhea.texts(&ariel_id)[..3], ["one", "two", "three"]);
}

#[test]
fn an_answer_that_was_lost_for_good_comes_again_when_the_person_asks_again() {
    let den = Den::new(37);
    let (mut ariel, mut rhea) = (den.peer("ariel"), den.peer("rhea"));
    ariel.online();
    rhea.online();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let a = id_of(&mut ariel);
    let link = rhea.invite();
    ariel.tell(json!({ "type": "add_contact", "link": link }));
    rhea.wait("a request", |event| (event["type"] == "request_received").then_some(()));
    den.evil.plan([Mischief::Lose]);
    rhea.tell(json!({ "type": "accept_request", "peer": ariel_id }));
    let mut ledger = Ledger::default();
    let first = ledger.write(&mut rhea, &ariel_id, "I said yes");
    rhea.delivery(&first, "sent");
    den.evil
        .until("the answer", |book| (kept_for(book, &a) >= 2).then_some(()));
    den.evil.behave();
    assert!(den.evil.lose_withheld() >= 2);
    // Ariel has heard nothing; to ask again is all that her person can do.
    assert!(!ariel.said.iter().any(|event| event["type"] == "request_accepted"));
    ariel.tell(json!({ "type": "cancel_request", "peer": rhea_id }));
    ariel.tell(json!({ "type": "add_contact", "link": link }));
    ariel.wait("the answer", |event| {
        (event["type"] == "request_accepted" && event["peer"] == rhea_id.as_str()).then_some(())
    });
    ledger.write(&mut ariel, &rhea_id, "at last");
    ledger.write(&mut rhea, &ariel_id, "finally");
    ariel.read("finally");
    // What was lost with the answer goes again once a receipt names the gap.
    while !comes_within(&mut ariel, Duration::from_secs(4), |event| {
        event["message"]["content"]["text"] == "I said yes"
    }) {
        let n = ledger.written.len();
        assert!(n < 14, "it never came");
        ledger.write(&mut rhea, &ariel_id, &format!("still here {n}"));
    }
    ledger.all_arrived(&mut ariel, &mut rhea);
}
