//! A server that says it is somebody, or uses who logs in to it.

use orrery_evil_server::{Frame, Mischief, Way};
use orrery_protocol::{
    frame::{RefusalCode, SocketReply},
    note::Body,
};
use orrery_server::{Server, ServerConfig};

use super::{Den, Ledger, id_of, rings};

/// What the server said to a log-in that the evil one passed on.
fn answer_to_a_log_in(den: &Den, after: usize) -> Result<(), RefusalCode> {
    den.evil.until("the other server's answer", |book| {
        book.seen.iter().skip(after).find_map(|seen| match &seen.frame {
            Frame::Tell(SocketReply::Welcome { .. }) if seen.way == Way::Down => Some(Ok(())),
            Frame::Tell(SocketReply::Refused { code, .. }) => Some(Err(*code)),
            _ => None,
        })
    })
}

#[test]
fn a_log_in_that_an_evil_server_passes_on_opens_nothing_elsewhere() {
    let den = Den::new(10);
    let mut ariel = den.peer("ariel");
    ariel.online();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (name, expected) in [
        // Ariel has an account at neither; what counts is which host the signature is for.
        (Some("orrery.example"), Err(RefusalCode::LoginFailed)),
        // The control: where the name is the one that was dialled, the same relay gets in.
        (None, Ok(())),
    ] {
        let other = runtime
            .block_on(Server::start(ServerConfig {
                names: name.map(str::to_owned).into_iter().collect(),
                // Behind a proxy a server answers to its names alone.
                behind_proxy: name.is_some(),
                ..ServerConfig::local(den.folder.path().join(name.unwrap_or("same")))
            }))
            .unwrap();
        let after = den.evil.look(|book| book.seen.len());
        den.evil.send_logins_to(other.local_addr());
        den.evil.cut();
        // It comes back by itself after a moment.
        assert_eq!(answer_to_a_log_in(&den, after), expected, "{name:?}");
        den.turn_honest(&mut [&mut ariel]);
    }
}

#[test]
fn a_server_cannot_speak_as_anybody_else_and_its_own_person_is_a_stranger() {
    let den = Den::new(11);
    let (mut ariel, mut rhea) = den.pair();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let (a, r) = (id_of(&mut ariel), id_of(&mut rhea));
    let bundle = den.evil.look(|book| book.published[&r].last().unwrap().bundle(r));
    let now_ms = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis() as u64;
    let mut ledger = Ledger::default();
    ledger.write(&mut ariel, &rhea_id, "genuine");
    rhea.read("genuine");
    // The whole of PQXDH with Rhea's own keys, sealed as Ariel's and as the server's own person.
    let url = den.evil.url();
    let envelopes = den.evil.forge(|stranger| {
        let own = stranger.id();
        let mut envelopes = Vec::new();
        for name in [a, own] {
            for seq in [1, 2, 7] {
                let text = stranger.text("a forged text", seq);
                envelopes.push(stranger.first_message(&name, &bundle, text));
            }
            let ring = stranger.ring(&name, &r, now_ms);
            envelopes.push(stranger.first_message(&name, &bundle, ring));
            let introduction = stranger.introduction("Ariel", &url);
            for body in [
                Body::Accept(introduction.clone()),
                Body::Profile(introduction.clone()),
                Body::Presence { here: true, ask: true },
                Body::Heal,
            ] {
                envelopes.push(stranger.first_message(&name, &bundle, body));
            }
            envelopes.push(stranger.false_message(&name, &r));
        }
        // A request of the server's person in Ariel's name: Ariel is a contact, and this is not she.
        let introduction = stranger.introduction("Mallory", &url);
        envelopes.push(stranger.first_message(&a, &bundle, Body::Request(introduction)));
        // As Rhea herself.
        let text = stranger.text("a forged text", 1);
        envelopes.push(stranger.first_message(&r, &bundle, text));
        envelopes.push(stranger.noise());
        envelopes
    });
    for envelope in &envelopes {
        assert_eq!(den.evil.deliver(&r, envelope), 1);
    }
    ledger.write(&mut ariel, &rhea_id, "genuine again");
    rhea.read("genuine again");
    assert_eq!(rings(&mut rhea), 0);
    let contacts: std::collections::BTreeSet<&str> = rhea
        .said
        .iter()
        .filter_map(|event| event["contact"]["peer"].as_str())
        .collect();
    assert_eq!(contacts.into_iter().collect::<Vec<_>>(), [ariel_id.as_str()]);
    let renamed = |event: &serde_json::Value| event["contact"]["name"].as_str().is_some_and(|name| name != "ariel");
    assert!(!rhea.said.iter().any(renamed), "somebody else named Ariel");
    ledger.all_arrived(&mut ariel, &mut rhea);
}

#[test]
fn whoever_is_told_to_be_replaced_waits_for_the_person_and_loses_nothing() {
    let den = Den::new(12);
    let (mut ariel, mut rhea) = den.pair();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let mut ledger = Ledger::default();
    den.evil.plan([Mischief::Replaced]);
    ledger.write(&mut ariel, &rhea_id, "into nothing");
    rhea.wait("being replaced", |event| {
        (event["server"]["code"] == "replaced" && event["server"]["retry_ms"] == 0).then_some(())
    });
    ledger.write(&mut rhea, &ariel_id, "without a mailbox of mine");
    den.turn_honest(&mut [&mut ariel, &mut rhea]);
    ledger.all_arrived(&mut ariel, &mut rhea);
}
