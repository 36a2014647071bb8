//! False prekeys.

use orrery_evil_server::{Frame, Mischief};
use orrery_protocol::frame::DropRequest;
use orrery_tests::Peer;
use serde_json::{Value, json};

use super::{Den, Ledger, id_of, notice};

/// Asks by a link; why it came to nothing.
fn refusal(peer: &mut Peer, link: &str) -> String {
    peer.drain();
    if let Err(code) = peer.ask(json!({ "type": "add_contact", "link": link })) {
        return code;
    }
    peer.wait("the end of the request", |event| {
        (event["notice"] == "request_failed").then(|| event["code"].as_str().unwrap().to_owned())
    })
}

fn deposits(den: &Den) -> usize {
    let is_deposit = |frame: &Frame| matches!(frame, Frame::Want(DropRequest::Deposit { .. }));
    den.evil
        .look(|book| book.seen.iter().filter(|seen| is_deposit(&seen.frame)).count())
}

fn was_asked(peer: &mut Peer) -> bool {
    peer.drain();
    peer.said.iter().any(|event| event["type"] == "request_received")
}

#[test]
fn keys_that_are_not_the_persons_end_a_request_loudly_and_nothing_is_sent_under_them() {
    let den = Den::new(1);
    let (mut ariel, mut rhea) = (den.peer("ariel"), den.peer("rhea"));
    ariel.online();
    rhea.online();
    let link = rhea.invite();
    for mischief in [
        Mischief::OthersKeys,
        Mischief::OthersBundle,
        Mischief::OwnKeys,
        Mischief::OwnBundle,
        Mischief::OwnKem,
        Mischief::WeakKeys,
    ] {
        den.evil.plan([mischief]);
        assert_eq!(refusal(&mut ariel, &link), "bad_prekeys", "{mischief}");
        assert_eq!(den.evil.struck(mischief), 1);
        assert_eq!(
            deposits(&den),
            0,
            "{mischief}: something was encrypted under false keys"
        );
    }
    assert!(!was_asked(&mut rhea));
    den.evil.behave();
    ariel.befriend(&mut rhea);
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let mut ledger = Ledger::default();
    ledger.write(&mut ariel, &rhea_id, "these were yours");
    ledger.write(&mut rhea, &ariel_id, "and these yours");
    ledger.all_arrived(&mut ariel, &mut rhea);
}

#[test]
fn two_who_are_shown_different_keys_of_one_person_get_hers_or_none() {
    let den = Den::new(2);
    let (mut ariel, mut rhea, mut dione) = (den.peer("ariel"), den.peer("rhea"), den.peer("dione"));
    den.evil.plan([Mischief::SplitView]);
    ariel.befriend(&mut rhea);
    dione.online();
    let link = rhea.invite();
    assert_eq!(refusal(&mut dione, &link), "bad_prekeys");
    assert_eq!(den.evil.struck(Mischief::SplitView), 1);
    den.evil.behave();
    dione.befriend(&mut rhea);
    let rhea_id = rhea.id();
    ariel.write(&rhea_id, "I saw the right ones");
    dione.write(&rhea_id, "I saw false ones first");
    let (ariel_id, dione_id) = (ariel.id(), dione.id());
    assert_eq!(rhea.read("I saw the right ones")["author"], ariel_id.as_str());
    assert_eq!(rhea.read("I saw false ones first")["author"], dione_id.as_str());
}

#[test]
fn a_one_time_prekey_handed_to_two_opens_one_session_and_the_other_can_ask_again() {
    let den = Den::new(3);
    let (mut ariel, mut rhea, mut dione) = (den.peer("ariel"), den.peer("rhea"), den.peer("dione"));
    rhea.online();
    den.evil.plan([Mischief::OldBundle]);
    ariel.befriend(&mut rhea);
    dione.online();
    let (rhea_id, dione_id) = (rhea.id(), dione.id());
    let link = rhea.invite();
    dione.tell(json!({ "type": "add_contact", "link": link }));
    let rhea_peer = id_of(&mut rhea);
    let before = den.evil.mail(&rhea_peer).len();
    den.evil.until("the second request", |book| {
        (book.mail[&rhea_peer].len() > before).then_some(())
    });
    // What Ariel writes comes after Dione's request, so silence before it is silence.
    ariel.write(&rhea_id, "hers");
    rhea.read("hers");
    let asked_by_dione = |event: &Value| event["type"] == "request_received" && event["peer"] == dione_id.as_str();
    assert!(!rhea.said.iter().any(asked_by_dione));
    assert!(den.evil.struck(Mischief::OldBundle) >= 2);
    den.evil.behave();
    dione.tell(json!({ "type": "cancel_request", "peer": rhea_id }));
    dione.befriend(&mut rhea);
    dione.write(&rhea_id, "mine");
    rhea.read("mine");
}

#[test]
fn a_session_is_not_healed_with_false_keys() {
    let den = Den::new(4);
    let (mut ariel, mut rhea) = den.pair();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let (a, r) = (id_of(&mut ariel), id_of(&mut rhea));
    let mut ledger = Ledger::default();
    ledger.write(&mut rhea, &ariel_id, "before");
    ariel.read("before");
    den.evil.plan([Mischief::OwnKeys]);
    // In Ariel's name, and of no session: Rhea wants a fresh one and asks the server for Ariel's keys.
    let forged = den.evil.forge(|stranger| stranger.false_message(&a, &r));
    assert_eq!(den.evil.deliver(&r, &forged), 1);
    den.evil
        .until("the fetch", |book| book.struck.get(&Mischief::OwnKeys).copied());
    // Under the old session it may leave, which is as good as ever; under the keys of the server never.
    ledger.write(&mut rhea, &ariel_id, "not under those");
    ledger.write(&mut ariel, &rhea_id, "are you there?");
    rhea.read("are you there?");
    let healed = |event: &Value| event["notice"] == "session_healed";
    assert!(!rhea.said.iter().any(healed), "a session was begun with false keys");
    den.turn_honest(&mut [&mut ariel, &mut rhea]);
    let healed = notice(&mut rhea, "session_healed");
    assert_eq!(healed["peer"], ariel_id.as_str());
    ledger.all_arrived(&mut ariel, &mut rhea);
}
