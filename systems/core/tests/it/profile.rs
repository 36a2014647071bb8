//! Making, opening and changing a profile; the clock.

use orrery_core::{Act, Core, CoreError, Fact, Now, Output, Policy, Refusal, testing::MemoryArchive};
use orrery_protocol::{
    archive::ArchiveError,
    login::login_bytes,
    record::{Delivery, PrekeyKind},
};
use rand::{SeedableRng, rngs::StdRng};

use crate::sim::{SERVER, Server, World};

const NOW: Now = Now {
    wall_ms: 1_790_000_000_000,
    mono_ms: 1,
};

#[test]
fn a_profile_is_made_once_and_opens_as_the_same_person() {
    let mut rng = StdRng::seed_from_u64(1);
    let mut archive = MemoryArchive::default();
    assert_eq!(
        Core::open(&mut archive, Policy::default(), NOW, &mut rng).unwrap_err(),
        CoreError::Archive(ArchiveError::Damaged)
    );
    Core::create(&mut archive, "Ada", SERVER, NOW, &mut rng).unwrap();
    assert_eq!(archive.prekey_count(PrekeyKind::Signed), 1);
    let again = Core::create(&mut archive, "Eve", SERVER, NOW, &mut rng);
    assert_eq!(again, Err(CoreError::Refused(Refusal::ProfileExists)));
    let (core, outputs) = Core::open(&mut archive, Policy::default(), NOW, &mut rng).unwrap();
    assert_eq!((core.name(), core.server()), ("Ada", SERVER));
    assert!(matches!(&outputs[0], Output::Fact(Fact::Profile { name, .. }) if name == "Ada"));
    let (same, _) = Core::open(&mut archive, Policy::default(), NOW, &mut rng).unwrap();
    assert_eq!(core.own(), same.own());
}

#[test]
fn names_and_servers_are_checked() {
    let mut rng = StdRng::seed_from_u64(2);
    let mut archive = MemoryArchive::default();
    for name in ["", "  ", &"x".repeat(65)] {
        let result = Core::create(&mut archive, name, SERVER, NOW, &mut rng);
        assert_eq!(result, Err(CoreError::Refused(Refusal::BadName)));
    }
    for server in ["", "http://x", "ws://", "wss://x/path"] {
        let result = Core::create(&mut archive, "Ada", server, NOW, &mut rng);
        assert_eq!(result, Err(CoreError::Refused(Refusal::BadServer)));
    }
}

#[test]
fn a_log_in_is_signed_for_the_host_that_was_dialled() {
    let w = World::new(80, 1);
    let core = w.nodes[0].core.as_ref().unwrap();
    let signature = core.sign_login("a.example", &[7; 32], 5);
    let own = core.own();
    let check = |host| orrery_crypto::identity::verify(&own, &login_bytes(host, &[7; 32], &own, 5), &signature);
    assert!(check("a.example").is_ok());
    assert!(check("b.example").is_err());
}

#[test]
fn a_new_home_server_is_told_to_contacts_once_it_knows_us() {
    let mut w = World::friends(81, 2);
    w.servers.push(Server::new("ws://127.0.0.1:8000"));
    w.servers[1].down = true;
    w.act(0, Act::SetServer("ws://127.0.0.1:8000".into())).unwrap();
    assert_eq!(
        w.act(0, Act::SetServer("nowhere".into())),
        Err(CoreError::Refused(Refusal::BadServer))
    );
    w.run_for(5000);
    assert_eq!(w.contact(1, 0).unwrap().via, SERVER, "not before");
    w.restart(0);
    w.servers[1].down = false;
    w.connect(0);
    w.run_for(3000);
    assert_eq!(w.contact(1, 0).unwrap().via, "ws://127.0.0.1:8000");
    w.send(1, 0, "hello there");
    w.run_for(3000);
    assert_eq!(w.texts(0, 1), ["hello there"]);
    assert!(w.servers[1].seen.iter().any(|(to, _)| *to == w.id(0)));
}

#[test]
fn what_an_old_home_server_took_goes_to_the_new_one() {
    let mut w = World::friends(86, 2);
    w.servers.push(Server::new("ws://127.0.0.1:8000"));
    w.send(1, 0, "before");
    w.run_for(100);
    w.kill(1);
    w.send(0, 1, "taken");
    w.act(0, Act::SetName("Ada Lovelace".into())).unwrap();
    w.run_for(5000);
    assert_eq!(w.delivery(0, 1, "taken"), Delivery::Sent);
    assert_eq!(w.delivery(1, 0, "before"), Delivery::Sent);
    // The old server is given up with all that waits there.
    w.mailbox_of(1).kept.clear();
    w.start(1);
    w.act(1, Act::SetServer("ws://127.0.0.1:8000".into())).unwrap();
    w.run_for(5000);
    assert_eq!(w.texts(1, 0), ["before", "taken"]);
    assert_eq!(w.shown(1, "taken"), 1);
    assert_eq!(w.delivery(0, 1, "taken"), Delivery::Delivered);
    assert_eq!(w.delivery(1, 0, "before"), Delivery::Delivered, "its receipt was lost");
    assert_eq!(w.contact(1, 0).unwrap().name, "Ada Lovelace");
    assert_eq!(w.nodes[0].archive.outbox_len(), 0);
}

#[test]
fn what_is_on_its_way_to_an_old_home_server_goes_to_the_new_one() {
    let mut w = World::friends(87, 2);
    w.servers.push(Server::new("ws://127.0.0.1:8000"));
    w.disconnect(1);
    w.send(0, 1, "crossed");
    // The old server has it, and its answer comes after the news of the new one.
    w.net.delay = (400, 400);
    w.run_for(5);
    w.net.delay = (5, 5);
    assert_eq!(w.mailbox_of(1).kept.len(), 1);
    w.act(1, Act::SetServer("ws://127.0.0.1:8000".into())).unwrap();
    w.run_for(100);
    assert_eq!(w.contact(0, 1).unwrap().via, "ws://127.0.0.1:8000");
    w.run_for(5000);
    assert_eq!(w.texts(1, 0), ["crossed"]);
    assert_eq!(w.delivery(0, 1, "crossed"), Delivery::Delivered);
}

#[test]
fn a_new_name_reaches_who_is_away() {
    let mut w = World::friends(82, 2);
    w.kill(1);
    w.act(0, Act::SetName("Ada Lovelace".into())).unwrap();
    assert_eq!(
        w.act(0, Act::SetName(" ".into())),
        Err(CoreError::Refused(Refusal::BadName))
    );
    w.run_for(1000);
    w.start(1);
    w.connect(1);
    w.run_for(2000);
    assert_eq!(w.contact(1, 0).unwrap().name, "Ada Lovelace");
    w.restart(0);
    assert_eq!(w.nodes[0].core.as_ref().unwrap().name(), "Ada Lovelace");
}

#[test]
fn a_clock_that_is_off_is_said_once_and_corrected() {
    let mut w = World::friends(83, 2);
    w.nodes[0].skew_ms = 5 * 60_000;
    w.restart(0);
    w.run_for(1000);
    w.restart(0);
    w.run_for(1000);
    let skews: Vec<_> = w.nodes[0]
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::ClockSkew { seconds } => Some(*seconds),
            _ => None,
        })
        .collect();
    assert_eq!(skews, [300, 300], "once a run");
    w.send(0, 1, "what time is it?");
    w.run_for(1000);
    let said = w.message(1, 0, "what time is it?").sent_ms;
    assert!(said.abs_diff(w.wall()) < 5000);
    // Calls with a clock that is off work too.
    let id = crate::calls::talk(&mut w, 0, 1);
    w.act(1, Act::LeaveCall(id)).unwrap();
}

#[test]
fn snapshots_are_the_same_as_the_facts_of_opening() {
    let mut w = World::friends(84, 3);
    let mut archive = w.nodes[0].archive.clone();
    let snapshot = w.nodes[0].core.as_ref().unwrap().snapshot(&mut archive).unwrap();
    assert_eq!(
        snapshot
            .iter()
            .filter(|fact| matches!(fact, Fact::Contact { .. }))
            .count(),
        2
    );
    w.nodes[0].facts.clear();
    w.kill(0);
    w.start(0);
    assert_eq!(
        w.nodes[0]
            .facts
            .iter()
            .filter(|fact| matches!(fact, Fact::Contact { .. }))
            .count(),
        2
    );
}

#[test]
fn nothing_secret_shows_in_debug() {
    let w = World::friends(85, 2);
    let shown = format!("{:?}", w.nodes[0].core);
    assert!(shown.len() < 200, "{shown}");
}
