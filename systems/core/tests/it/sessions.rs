//! Sessions: starting at once, replays, loss and healing, prekeys.

use std::collections::BTreeSet;

use orrery_core::{Act, Fact, Input};
use orrery_crypto::{Identity, SealKind, Session, VerifiedBundle, seal};
use orrery_protocol::{
    MessageId,
    archive::Archive,
    encode,
    frame::DepositToken,
    limits::ONE_TIME_PREKEYS,
    note::{Body, Item, ItemKind, Note},
    record::{Delivery, PrekeyKind},
};
use rand::{SeedableRng, rngs::StdRng};

use crate::sim::{SERVER, Server, World};

const DAY_MS: u64 = 24 * 3_600_000;

/// Both lose their sessions, so that the next message of either begins a new one.
fn fresh_friends(seed: u64) -> World {
    let mut w = World::friends(seed, 2);
    for node in 0..2 {
        w.nodes[node].archive.lose_sessions();
    }
    w
}

#[test]
fn both_starting_at_once_converge_whatever_the_order() {
    for seed in 0..40 {
        let mut w = fresh_friends(5000 + seed);
        // Each side's messages are under way when the other's arrive, in every order that wide delays give.
        w.net.delay = (5, 1500);
        for n in 0..3 {
            w.send(0, 1, &format!("a{n}"));
            w.send(1, 0, &format!("b{n}"));
            w.run_for(seed * 37 % 700);
        }
        w.run_for(120_000);
        w.assert_same(0, 1);
        assert_eq!(w.texts(0, 1).len(), 6, "seed {seed}");
        for n in 0..3 {
            assert_eq!(w.shown(1, &format!("a{n}")), 1);
            assert_eq!(w.shown(0, &format!("b{n}")), 1);
        }
        let healed = |fact: &Fact| matches!(fact, Fact::SessionHealed { .. });
        assert_eq!(w.count(0, healed) + w.count(1, healed), 0, "nothing had to be healed");
        // Both write in the same session now.
        let active = |w: &World, node: usize, other: usize| {
            let rows = orrery_protocol::archive::Archive::sessions(&mut w.nodes[node].archive.clone(), &w.id(other));
            orrery_crypto::session::select_active(rows.unwrap().iter().map(|row| (row.generation, row.id)))
        };
        assert_eq!(active(&w, 0, 1), active(&w, 1, 0));
    }
}

/// Every order of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for order in orders(count - 1) {
        for at in 0..=order.len() {
            let mut longer = order.clone();
            longer.insert(at, count - 1);
            all.push(longer);
        }
    }
    all
}

#[test]
fn both_starting_at_once_converge_in_every_order_of_four_messages() {
    let mut sessions_kept = Vec::new();
    for (n, order) in orders(4).into_iter().enumerate() {
        // Both write twice, each in a session of its own, before either hears anything.
        let mut w = fresh_friends(4900);
        for node in 0..2 {
            w.disconnect(node);
        }
        w.run_for(100);
        w.send(0, 1, "a0");
        w.send(0, 1, "a1");
        w.send(1, 0, "b0");
        w.send(1, 0, "b1");
        w.run_for(1000);
        let mut held: Vec<(usize, Vec<u8>)> = Vec::new();
        for node in [1, 0] {
            let kept: Vec<_> = w.mailbox_of(node).kept.values().cloned().collect();
            assert_eq!(kept.len(), 2);
            held.extend(kept.into_iter().map(|envelope| (node, envelope)));
        }
        for at in &order {
            let (node, envelope) = held[*at].clone();
            w.feed(node, Input::Delivered { id: None, envelope });
            w.run_for(50);
        }
        // After a loss in between: one of them is never delivered again, the rest comes twice.
        let lost = w.mailbox_of(n % 2).kept.pop_first();
        assert!(lost.is_some());
        for node in 0..2 {
            w.connect(node);
        }
        w.run_for(60_000);
        w.send(0, 1, "a2");
        w.send(1, 0, "b2");
        w.run_for(60_000);
        w.assert_same(0, 1);
        assert_eq!(w.texts(0, 1).len(), 6, "{order:?}");
        for node in 0..2 {
            assert_eq!(
                w.count(node, |fact| matches!(fact, Fact::SessionHealed { .. })),
                0,
                "{order:?}"
            );
            sessions_kept.push(w.nodes[node].archive.session_count(&w.id(1 - node)));
        }
    }
    assert_eq!(sessions_kept.len(), 48);
    assert!(
        sessions_kept.iter().all(|count| *count == 2),
        "one from each side, on both sides"
    );
}

#[test]
fn an_initial_message_again_makes_no_second_session() {
    let mut w = World::friends(51, 2);
    w.nodes[0].archive.lose_sessions();
    w.send(0, 1, "hello");
    w.run_for(3000);
    let sessions = w.nodes[1].archive.session_count(&w.id(0));
    let to_1 = w.id(1);
    let envelopes: Vec<_> = w.servers[0]
        .seen
        .iter()
        .filter(|(to, _)| *to == to_1)
        .map(|(_, e)| e.clone())
        .collect();
    for envelope in envelopes {
        w.feed(1, Input::Delivered { id: None, envelope });
    }
    w.run_for(3000);
    assert_eq!(w.nodes[1].archive.session_count(&w.id(0)), sessions);
    assert_eq!(w.shown(1, "hello"), 1);
    let healed = |fact: &Fact| matches!(fact, Fact::SessionHealed { .. });
    assert_eq!(w.count(1, healed), 0);
}

#[test]
fn a_one_time_prekey_dies_with_the_message_it_opened_and_not_before() {
    let mut w = World::friends(52, 2);
    w.nodes[0].archive.lose_sessions();
    let before = w.nodes[1].archive.prekey_count(PrekeyKind::OneTime);
    w.kill(1);
    w.send(0, 1, "hello");
    w.run_for(1000);
    w.kill(0);
    // What arrives is damaged: nothing is spent.
    let good = w.mailbox_of(1).kept.clone();
    let mut bad = good.clone();
    for envelope in bad.values_mut() {
        *envelope.last_mut().unwrap() ^= 1;
    }
    w.mailbox_of(1).kept = bad;
    w.start(1);
    w.connect(1);
    w.run_for(1000);
    assert!(w.texts(1, 0).is_empty());
    assert_eq!(w.nodes[1].archive.prekey_count(PrekeyKind::OneTime), before);
    for (id, envelope) in good {
        w.feed(1, Input::Delivered { id: Some(id), envelope });
    }
    assert_eq!(w.texts(1, 0), ["hello"]);
    assert_eq!(w.nodes[1].archive.prekey_count(PrekeyKind::OneTime), before - 1);
}

#[test]
fn lost_sessions_heal_and_nothing_is_lost() {
    for loser in 0..2 {
        let mut w = World::friends(53, 2);
        for node in 0..2 {
            // Nobody says anything but what is written here.
            let quiet = orrery_core::Policy {
                presence: false,
                ..Default::default()
            };
            w.nodes[node].policy = quiet;
            w.act(node, orrery_core::Act::SetPolicy(quiet)).unwrap();
        }
        w.run_for(1000);
        w.send(0, 1, "before");
        w.send(1, 0, "before too");
        w.run_for(3000);
        w.nodes[loser].archive.lose_sessions();
        w.restart(loser);
        w.run_for(1000);
        w.send(1 - loser, loser, "can you read this?");
        w.send(1 - loser, loser, "and this?");
        w.run_for(120_000);
        w.assert_same(0, 1);
        assert_eq!(w.texts(0, 1).len(), 4);
        assert_eq!(w.count(loser, |fact| matches!(fact, Fact::SessionHealed { .. })), 1);
        assert_eq!(w.shown(loser, "can you read this?"), 1);
        w.send(loser, 1 - loser, "yes");
        w.run_for(10_000);
        assert_eq!(w.delivery(loser, 1 - loser, "yes"), Delivery::Delivered);
    }
}

#[test]
fn lost_sessions_heal_also_when_the_loser_writes_first() {
    let mut w = World::friends(54, 2);
    w.send(0, 1, "before");
    w.run_for(3000);
    w.nodes[1].archive.lose_sessions();
    w.restart(1);
    w.send(1, 0, "I lost everything");
    w.send(0, 1, "did you?");
    w.run_for(300_000);
    w.assert_same(0, 1);
    assert_eq!(w.texts(0, 1).len(), 3);
}

#[test]
fn both_losing_their_sessions_again_and_again_lose_no_message() {
    let mut w = World::friends(55, 2);
    for round in 0..6u64 {
        w.send(0, 1, &format!("a{round}"));
        w.run_for(7 * round);
        w.nodes[(round % 2) as usize].archive.lose_sessions();
        w.restart((round % 2) as usize);
        w.send(1, 0, &format!("b{round}"));
        w.run_for(200_000);
    }
    w.run_for(600_000);
    w.assert_same(0, 1);
    assert_eq!(w.texts(0, 1).len(), 12);
}

#[test]
fn garbage_under_a_contacts_name_heals_at_most_once_a_minute() {
    let mut w = World::friends(56, 2);
    let (from, to) = (w.id(0), w.id(1));
    // A normal message of a session nobody has: a real one, of another world.
    let mut other = World::friends(57, 2);
    other.send(0, 1, "x");
    other.run_for(50);
    let stored = orrery_protocol::archive::Archive::value(&mut other.nodes[1].archive.clone(), "identity").unwrap();
    let identity = orrery_crypto::Identity::from_bytes(&stored.unwrap().0).unwrap();
    let foreign = other.servers[0]
        .seen
        .iter()
        .rev()
        .find_map(|(_, envelope)| orrery_crypto::seal::open(&identity, envelope).ok())
        .unwrap()
        .message;
    let before = w.servers[0].mailboxes[&from].one_time.len();
    for n in 0..200u64 {
        let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(n);
        let envelope =
            orrery_crypto::seal::seal(&from, &to, orrery_crypto::SealKind::Ratchet, &foreign, &mut rng).unwrap();
        w.feed(
            1,
            Input::Delivered {
                id: Some(10_000 + n),
                envelope,
            },
        );
        w.run_for(600);
    }
    w.run_for(5000);
    let spent = before - w.servers[0].mailboxes[&from].one_time.len();
    assert!((1..=3).contains(&spent), "two minutes, {spent} bundles");
    w.send(0, 1, "still fine");
    w.run_for(3000);
    assert_eq!(w.texts(1, 0), ["still fine"]);
}

#[test]
fn prekeys_are_published_refilled_and_renewed() {
    let mut w = World::new(58, 2);
    assert_eq!(w.mailbox(1).one_time.len(), ONE_TIME_PREKEYS);
    assert_eq!(w.mailbox(1).published, 1);
    w.befriend(0, 1);
    let token = w.contact(0, 1).unwrap().token.unwrap();
    let id = w.id(1);
    for _ in 0..80 {
        let shown = orrery_protocol::frame::DepositToken::Delivery(token.clone());
        w.hand_out(crate::sim::SERVER, &id, &shown).unwrap();
    }
    w.run_for(1000);
    assert!(w.mailbox(1).one_time.len() >= ONE_TIME_PREKEYS - 5);
    // A week later there are new ones, and the old ones still open what is under way.
    w.nodes[0].archive.lose_sessions();
    w.kill(1);
    w.send(0, 1, "written under the old prekey");
    w.run_for(8 * DAY_MS);
    w.start(1);
    w.connect(1);
    w.run_for(3_700_000);
    assert_eq!(w.texts(1, 0), ["written under the old prekey"]);
    assert_eq!(w.nodes[1].archive.prekey_count(PrekeyKind::Signed), 2);
    let published = w.mailbox(1).published;
    w.restart(1);
    w.run_for(1000);
    assert_eq!(w.mailbox(1).published, published, "nothing is published twice");
    // A long-running program renews without being restarted, and forgets what is two weeks old.
    w.run_for(20 * DAY_MS);
    assert!(w.nodes[1].archive.prekey_count(PrekeyKind::Signed) <= 2);
    assert!(w.nodes[1].archive.prekey_count(PrekeyKind::Kem) <= 2);
}

#[test]
fn a_message_under_a_prekey_long_gone_is_healed() {
    let mut w = World::friends(59, 2);
    w.kill(0);
    w.nodes[0].archive.lose_sessions();
    // Away for a month with a first message that nobody fetched.
    w.start(0);
    w.send(0, 1, "a month ago");
    w.run_for(1000);
    let kept = std::mem::take(&mut w.mailbox_of(1).kept);
    drop(kept);
    w.connect(0);
    let to_1 = w.id(1);
    let old = w.servers[0]
        .seen
        .iter()
        .rev()
        .find(|(to, _)| *to == to_1)
        .unwrap()
        .1
        .clone();
    w.kill(0);
    w.run_for(40 * DAY_MS);
    w.feed(
        1,
        Input::Delivered {
            id: Some(7),
            envelope: old,
        },
    );
    w.start(0);
    w.connect(0);
    w.run_for(300_000);
    w.send(0, 1, "today");
    w.run_for(300_000);
    assert!(w.texts(1, 0).contains(&"today".to_owned()));
}

#[test]
fn a_server_without_our_prekeys_gets_them_again() {
    let mut w = World::friends(60, 2);
    let id = w.id(1);
    w.servers[0].mailboxes.remove(&id);
    w.restart(1);
    w.run_for(1000);
    assert_eq!(w.mailbox(1).one_time.len(), ONE_TIME_PREKEYS);
    w.nodes[0].archive.lose_sessions();
    w.send(0, 1, "hello");
    w.run_for(3000);
    assert_eq!(w.texts(1, 0), ["hello"]);
}

#[test]
fn a_one_time_prekey_is_offered_at_one_server_and_opens_what_comes_late() {
    let mut w = World::friends(61, 2);
    w.servers.push(Server::new("ws://127.0.0.1:8000"));
    let (own, peer) = (w.id(0), w.id(1));
    let shown = DepositToken::Delivery(w.contact(0, 1).unwrap().token.unwrap());
    let bundle = w.hand_out(SERVER, &peer, &shown).unwrap();
    let mut offered: BTreeSet<u32> = w.mailbox(1).one_time.iter().map(|key| key.id).collect();
    offered.extend(bundle.one_time.as_ref().map(|key| key.id));
    w.act(1, Act::SetServer("ws://127.0.0.1:8000".into())).unwrap();
    w.run_for(3000);
    let fresh = &w.mailbox(1).one_time;
    assert_eq!(fresh.len(), ONE_TIME_PREKEYS);
    assert!(fresh.iter().all(|key| !offered.contains(&key.id)));
    // Written under a key that the old server handed out, and late.
    let stored = w.nodes[0].archive.value("identity").unwrap().unwrap();
    let identity = Identity::from_bytes(&stored.0).unwrap();
    let mut rng = StdRng::seed_from_u64(61);
    let bundle = VerifiedBundle::verify(&own, &peer, &bundle).unwrap();
    let mut session = Session::start(&identity, &bundle, 1, &mut rng).unwrap();
    let item = Item {
        id: MessageId([1; 16]),
        seq: 1,
        lamport: 1,
        kind: ItemKind::Text {
            text: "late".into(),
            reply_to: None,
        },
    };
    let bytes = encode(&Note::new(w.wall(), Body::Item(item))).unwrap();
    let message = session.encrypt(&bytes).unwrap();
    let envelope = seal::seal(&own, &peer, SealKind::Ratchet, &message, &mut rng).unwrap();
    w.feed(1, Input::Delivered { id: None, envelope });
    assert_eq!(w.texts(1, 0), ["late"]);
}

#[test]
fn a_server_that_forgets_us_again_and_again_does_not_fill_the_disk_with_prekeys() {
    let mut w = World::friends(62, 2);
    let id = w.id(1);
    for _ in 0..8 {
        w.servers[0].mailboxes.remove(&id);
        w.restart(1);
        w.run_for(60_000);
    }
    assert_eq!(w.mailbox(1).one_time.len(), ONE_TIME_PREKEYS);
    assert!(w.nodes[1].archive.prekey_count(PrekeyKind::OneTime) <= 4 * ONE_TIME_PREKEYS);
}

#[test]
fn a_restored_profile_publishes_new_prekeys_and_writes_both_ways() {
    let mut w = World::friends(63, 2);
    w.send(1, 0, "from before");
    w.run_for(3000);
    let old: BTreeSet<u32> = w.mailbox(1).one_time.iter().map(|key| key.id).collect();
    assert!(!old.is_empty());
    // Written, and not yet taken by any server, when the profile was exported.
    w.servers[0].down = true;
    w.send(1, 0, "waits in the file");
    w.run_for(2000);
    w.kill(1);
    w.servers[0].down = false;
    w.nodes[1].archive.travel();
    // In a session that is not there any more.
    w.send(0, 1, "to where it was");
    w.run_for(1000);
    w.start(1);
    w.connect(1);
    w.run_for(300_000);
    let held = &w.mailbox(1).one_time;
    assert!(
        held.iter().all(|key| !old.contains(&key.id)),
        "no key of before is handed out"
    );
    assert!(held.len() + 5 >= ONE_TIME_PREKEYS);
    for kind in [PrekeyKind::Signed, PrekeyKind::Kem] {
        assert_eq!(w.nodes[1].archive.prekey_count(kind), 1);
    }
    w.send(0, 1, "there");
    w.send(1, 0, "and back");
    w.run_for(120_000);
    for text in ["to where it was", "there"] {
        assert_eq!(w.shown(1, text), 1, "{text}");
    }
    for text in ["from before", "waits in the file", "and back"] {
        assert_eq!(w.shown(0, text), 1, "{text}");
    }
    w.assert_same(0, 1);
    // Who began with the new keys can be answered, and they are published once.
    let published = w.mailbox(1).published;
    w.restart(1);
    w.run_for(5000);
    assert_eq!(w.mailbox(1).published, published);
}
