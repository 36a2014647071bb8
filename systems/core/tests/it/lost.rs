//! Sessions that are gone, damaged, forged or doubled: what heals, what it costs, and what stays as it was.

use orrery_core::{Act, Input, Output};
use orrery_crypto::{Session, VerifiedBundle};
use orrery_protocol::{
    MessageId,
    archive::Archive,
    encode,
    frame::DepositToken,
    note::{Body, Item, ItemKind, Note},
    record::{PrekeyKind, SessionRecord},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::sim::{SERVER, World};

fn quiet_friends(seed: u64, people: usize) -> World {
    let mut w = World::friends(seed, people);
    w.hush();
    for node in &mut w.nodes {
        node.facts.clear();
        node.outputs.clear();
    }
    w
}

fn deliver(w: &mut World, to: usize, envelope: Vec<u8>) {
    w.feed(to, Input::Delivered { id: None, envelope });
}

fn text(w: &World, n: u8, words: &str) -> Vec<u8> {
    let item = Item {
        id: MessageId([n; 16]),
        seq: n.into(),
        lamport: n.into(),
        kind: ItemKind::Text {
            text: words.into(),
            reply_to: None,
        },
    };
    encode(&Note::new(w.wall(), Body::Item(item))).unwrap()
}

/// A ratchet message of a session that nobody has.
fn foreign(dice: &mut StdRng) -> Vec<u8> {
    let mut message = vec![1, 2];
    // Below 2^254: canonical whatever the rest is.
    message.extend(dice.random::<[u8; 31]>());
    message.extend([1, 0, 0, 0, 0, 0, 0, 0, 0]);
    message.extend(dice.random::<[u8; 32]>());
    message
}

#[test]
fn a_session_row_that_is_not_what_was_written_is_dropped_healed_and_said() {
    type Spoil = fn(&mut Vec<u8>);
    let ways: [(&str, Spoil); 6] = [
        ("a changed byte", |state| state[200] ^= 1),
        ("another version", |state| state[0] = 9),
        ("a byte too many", |state| state.push(0)),
        ("cut", |state| state.truncate(100)),
        ("empty", Vec::clear),
        ("garbage", |state| state.fill(0xa5)),
    ];
    for (n, (way, spoil)) in ways.into_iter().enumerate() {
        for reads_first in [true, false] {
            let mut w = quiet_friends(8000 + n as u64, 3);
            w.send(0, 1, "before");
            w.send(2, 1, "of another");
            w.run_for(5000);
            let peer = w.id(0);
            w.kill(1);
            for mut row in w.sessions(1, 0) {
                spoil(&mut row.state.0);
                w.nodes[1].archive.put_session(&peer, &row).unwrap();
            }
            // The profile opens all the same.
            w.start(1);
            w.connect(1);
            w.run_for(1000);
            let (first, second) = if reads_first { (0, 1) } else { (1, 0) };
            w.send(first, second, "after");
            w.run_for(20_000);
            w.send(second, first, "and back");
            w.run_for(90_000);
            let what = format!("{way}, reads first: {reads_first}");
            assert_eq!(w.shown(second, "after"), 1, "{what}");
            assert_eq!(w.shown(first, "and back"), 1, "{what}");
            w.assert_same(0, 1);
            assert_eq!(w.healed(1), 1, "{what}: said once");
            let sound = |row: &SessionRecord| Session::decode(&row.state.0).is_ok();
            assert!(w.sessions(1, 0).iter().all(sound), "{what}: the row is gone");
            // Nobody else's session is touched.
            w.send(2, 1, "still there");
            w.run_for(5000);
            assert_eq!(
                (w.shown(1, "still there"), w.healed(1), w.healed(2)),
                (1, 1, 0),
                "{what}"
            );
        }
    }
}

#[test]
fn the_state_of_another_session_in_a_row_is_dropped_too() {
    let mut w = quiet_friends(8020, 3);
    let peer = w.id(0);
    let of_another = w.sessions(1, 2).remove(0).state;
    w.kill(1);
    for mut row in w.sessions(1, 0) {
        row.state = of_another.clone();
        w.nodes[1].archive.put_session(&peer, &row).unwrap();
    }
    w.start(1);
    w.connect(1);
    w.send(1, 0, "not in a session with somebody else");
    w.run_for(90_000);
    w.send(2, 1, "mine is as it was");
    w.run_for(5000);
    assert_eq!(w.shown(0, "not in a session with somebody else"), 1);
    assert_eq!(w.shown(1, "mine is as it was"), 1);
    assert_eq!((w.healed(1), w.healed(2)), (1, 0));
}

#[test]
fn one_forged_message_does_not_use_up_the_generations() {
    let mut w = quiet_friends(8030, 2);
    // A first message of the real peer, as it lay in the mailbox; whoever sealed it again has changed its generation, which
    // nothing authenticates while it cannot be read.
    let since = w.nodes[0].outputs.len();
    w.disconnect(1);
    w.nodes[0].archive.lose_sessions();
    w.send(0, 1, "genuine");
    w.run_for(1000);
    let genuine = w.deposited(0, 1, since).pop().unwrap();
    let mut forged = genuine.clone();
    forged[48..52].copy_from_slice(&(1u32 << 24).to_be_bytes());
    let envelope = w.sealed(0, 1, &forged);
    deliver(&mut w, 1, envelope);
    w.connect(1);
    w.run_for(60_000);
    assert_eq!(w.healed(1), 1, "it was asked for");
    let highest = |w: &World, node: usize| w.sessions(node, 1 - node).iter().map(|row| row.generation).max();
    for node in 0..2 {
        assert!(highest(&w, node) < Some(100), "{:?}", highest(&w, node));
    }
    assert_eq!(w.texts(1, 0), ["genuine"]);
    // Every loss later on still has a generation above all that came before.
    for round in 0..3 {
        w.nodes[1].archive.lose_sessions();
        w.restart(1);
        w.send(0, 1, &format!("round {round}"));
        w.run_for(120_000);
        assert_eq!(w.shown(1, &format!("round {round}")), 1);
    }
    w.assert_same(0, 1);
}

#[test]
fn what_comes_in_a_session_whose_first_message_was_read_and_which_is_lost_is_healed() {
    for seed in 0..8 {
        let mut w = quiet_friends(8040 + seed, 2);
        // Read, stored, and gone before a word of an answer was written.
        w.disconnect(1);
        w.nodes[0].archive.lose_sessions();
        let since = w.nodes[0].outputs.len();
        w.send(0, 1, "one");
        w.run_for(1000);
        let first = w.deposited(0, 1, since).pop().unwrap();
        let envelope = w.sealed(0, 1, &first);
        deliver(&mut w, 1, envelope);
        assert_eq!(w.texts(1, 0), ["one"]);
        w.nodes[1].archive.lose_sessions();
        w.restart(1);
        w.connect(1);
        w.run_for(10_000);
        // The other side goes on in it: every message still carries the opening that was seen before.
        for n in 0..3 {
            w.send(0, 1, &format!("more {n}"));
            w.run_for(70_000);
        }
        w.assert_same(0, 1);
        assert_eq!(w.texts(1, 0).len(), 4, "seed {seed}");
        assert_eq!(w.shown(1, "one"), 1);
    }
}

#[test]
fn a_first_message_repeated_makes_one_session_and_none_when_that_is_gone() {
    for with_one_time in [true, false] {
        let mut w = quiet_friends(8050, 2);
        w.disconnect(1);
        w.nodes[0].archive.lose_sessions();
        w.nodes[1].archive.lose_sessions();
        if !with_one_time {
            w.mailbox_of(1).one_time.clear();
        }
        let since = w.nodes[0].outputs.len();
        w.send(0, 1, "once");
        w.run_for(1000);
        let first = w.deposited(0, 1, since).pop().unwrap();
        let before = w.nodes[1].archive.prekey_count(PrekeyKind::OneTime);
        for _ in 0..5 {
            let envelope = w.sealed(0, 1, &first);
            deliver(&mut w, 1, envelope);
            assert_eq!(w.nodes[1].archive.session_count(&w.id(0)), 1);
        }
        let used = before - w.nodes[1].archive.prekey_count(PrekeyKind::OneTime);
        assert_eq!(used, usize::from(with_one_time));
        // The session is gone; what was read does not open another, with or without a one-time key that is used up.
        w.kill(0);
        w.nodes[1].archive.lose_sessions();
        for _ in 0..5 {
            let envelope = w.sealed(0, 1, &first);
            deliver(&mut w, 1, envelope);
            assert_eq!(w.nodes[1].archive.session_count(&w.id(0)), 0);
        }
        assert_eq!(w.shown(1, "once"), 1);
    }
}

#[test]
fn garbage_in_a_genuine_envelope_uses_up_no_one_time_prekey_and_leaves_no_session() {
    let mut w = quiet_friends(8060, 2);
    w.disconnect(1);
    w.nodes[0].archive.lose_sessions();
    let since = w.nodes[0].outputs.len();
    w.send(0, 1, "genuine");
    w.run_for(1000);
    let first = w.deposited(0, 1, since).pop().unwrap();
    let halves = w.halves(1, PrekeyKind::OneTime);
    let sessions = w.sessions(1, 0);
    // The ephemeral key, the generation, the KEM ciphertext, the ratchet key, the words, the tag.
    for at in [10, 51, 60, 800, 1619, 1625, first.len() - 17, first.len() - 1] {
        let mut garbage = first.clone();
        garbage[at] ^= 1;
        let envelope = w.sealed(0, 1, &garbage);
        deliver(&mut w, 1, envelope);
        assert_eq!(w.halves(1, PrekeyKind::OneTime), halves, "byte {at}");
        assert_eq!(w.sessions(1, 0), sessions, "byte {at}");
        assert!(w.texts(1, 0).is_empty());
    }
    // A disk that is full at the wrong moment changes nothing either.
    w.nodes[1].failing_commits = 1;
    let envelope = w.sealed(0, 1, &first);
    deliver(&mut w, 1, envelope.clone());
    assert_eq!(
        (w.halves(1, PrekeyKind::OneTime), w.sessions(1, 0)),
        (halves.clone(), sessions.clone())
    );
    deliver(&mut w, 1, envelope);
    assert_eq!(w.texts(1, 0), ["genuine"]);
    assert_eq!(w.halves(1, PrekeyKind::OneTime).len(), halves.len() - 1);
    assert_eq!(w.sessions(1, 0).len(), sessions.len() + 1);
}

#[test]
fn garbage_of_a_stranger_leaves_nothing_at_all() {
    let mut w = World::new(8070, 2);
    let invite = w.invite(1);
    w.run_for(100);
    w.disconnect(1);
    let since = w.nodes[0].outputs.len();
    w.act(0, Act::AddContact(invite)).unwrap();
    w.run_for(1000);
    let request = w.deposited(0, 1, since).pop().unwrap();
    let outputs = w.nodes[1].outputs.len();
    for at in [10, 60, 800, request.len() - 1] {
        let mut garbage = request.clone();
        garbage[at] ^= 1;
        let envelope = w.sealed(0, 1, &garbage);
        deliver(&mut w, 1, envelope);
    }
    let peer = w.id(0);
    assert_eq!(w.nodes[1].outputs.len(), outputs, "not a word");
    assert_eq!(w.contact(1, 0), None);
    assert!(w.sessions(1, 0).is_empty());
    assert!(w.nodes[1].archive.unread_ciphertexts(&peer).unwrap().is_empty());
    let envelope = w.sealed(0, 1, &request);
    deliver(&mut w, 1, envelope);
    assert!(w.contact(1, 0).is_some());
}

#[test]
fn randomness_that_repeats_itself_makes_no_second_session() {
    let mut w = quiet_friends(8080, 2);
    let (own, peer) = (w.id(0), w.id(1));
    let shown = DepositToken::Delivery(w.contact(0, 1).unwrap().token.unwrap());
    let identity = w.identity(0);
    w.mailbox(1).one_time.clear();
    let before = w.sessions(1, 0).len();
    for (n, words) in [(1, "first"), (2, "second")] {
        let bundle = w.hand_out(SERVER, &peer, &shown).unwrap();
        let verified = VerifiedBundle::verify(&own, &peer, &bundle).unwrap();
        // The same draws each time.
        let mut session = Session::start(&identity, &verified, 5, &mut StdRng::seed_from_u64(1)).unwrap();
        let message = session.encrypt(&text(&w, n, words)).unwrap();
        let envelope = w.sealed(0, 1, &message);
        deliver(&mut w, 1, envelope);
        assert_eq!(w.sessions(1, 0).len(), before + 1, "{words}");
    }
    // The second is taken for what it looks like: the first session's, under a key that was used. It is not read, and a
    // session with better randomness is asked for.
    assert_eq!(w.texts(1, 0), ["first"]);
    w.run_for(5000);
    assert_eq!(w.healed(1), 1);
}

#[test]
fn what_cannot_be_read_is_kept_within_bounds_and_read_when_its_session_is_there() {
    let mut w = quiet_friends(8090, 2);
    let peer = w.id(0);
    w.disconnect(1);
    let since = w.nodes[0].outputs.len();
    w.send(0, 1, "kept");
    w.run_for(500);
    let message = w.deposited(0, 1, since).pop().unwrap();
    // Nobody can say it again: it is kept or it is lost.
    let generation = w.sessions(0, 1).iter().map(|row| row.generation).max().unwrap() + 1;
    let identity = w.identity(0);
    let shown = DepositToken::Delivery(w.contact(0, 1).unwrap().token.unwrap());
    w.kill(0);
    let rows = w.sessions(1, 0);
    for row in &rows {
        w.nodes[1].archive.delete_session(&peer, &row.id).unwrap();
    }
    let envelope = w.sealed(0, 1, &message);
    deliver(&mut w, 1, envelope);
    assert_eq!(w.nodes[1].archive.unread_ciphertexts(&peer).unwrap().len(), 1);
    for row in &rows {
        w.nodes[1].archive.put_session(&peer, row).unwrap();
    }
    assert!(w.texts(1, 0).is_empty());
    // A fresh session of the other side arrives, as after its heal.
    let id = w.id(1);
    let bundle = w.hand_out(SERVER, &id, &shown).unwrap();
    let verified = VerifiedBundle::verify(&peer, &id, &bundle).unwrap();
    let mut session = Session::start(&identity, &verified, generation, &mut StdRng::seed_from_u64(8)).unwrap();
    let heal = encode(&Note::new(w.wall(), Body::Heal)).unwrap();
    let heal = session.encrypt(&heal).unwrap();
    let envelope = w.sealed(0, 1, &heal);
    deliver(&mut w, 1, envelope);
    assert_eq!(w.texts(1, 0), ["kept"]);
    assert!(w.nodes[1].archive.unread_ciphertexts(&peer).unwrap().is_empty());
    // However much comes that nobody can read, the last 64 are kept.
    let mut dice = StdRng::seed_from_u64(9);
    for _ in 0..200 {
        let envelope = w.sealed(0, 1, &foreign(&mut dice));
        deliver(&mut w, 1, envelope);
    }
    assert_eq!(w.nodes[1].archive.unread_ciphertexts(&peer).unwrap().len(), 64);
    assert_eq!(w.shown(1, "kept"), 1);
}

#[test]
fn under_a_flood_each_contact_gets_a_fresh_session_once_a_minute_and_no_sooner() {
    let mut w = quiet_friends(8100, 3);
    let mut dice = StdRng::seed_from_u64(10);
    let fetches = |w: &World, of: usize| {
        let id = w.id(of);
        let is = |output: &&Output| matches!(output, Output::Fetch { peer, .. } if *peer == id);
        w.nodes[1].outputs.iter().filter(is).count()
    };
    for minute in 1..=3 {
        let began = w.now;
        for n in 0..100 {
            for from in [0, 2] {
                if from == 0 || minute > 1 {
                    let envelope = w.sealed(from, 1, &foreign(&mut dice));
                    deliver(&mut w, 1, envelope);
                }
            }
            w.run_for(590);
            assert!(fetches(&w, 0) <= minute && fetches(&w, 2) < minute, "{minute}.{n}");
        }
        w.run_for(began + 60_000 - w.now);
        assert_eq!((fetches(&w, 0), fetches(&w, 2)), (minute, minute - 1));
        assert_eq!(w.healed(1), 2 * minute - 1);
    }
    for from in [0, 2] {
        w.send(from, 1, &format!("of {from}"));
        w.run_for(5000);
        assert_eq!(w.shown(1, &format!("of {from}")), 1);
        assert!(w.sessions(1, from).len() <= 8);
    }
}

#[test]
fn two_copies_of_a_profile_are_noticed_by_whom_they_write_to_and_lose_nothing_of_it() {
    let mut w = quiet_friends(8110, 2);
    w.send(1, 0, "before");
    w.send(0, 1, "before too");
    w.run_for(5000);
    // A repeat is no fork, whichever way it comes.
    for message in w.deposited(1, 0, 0) {
        let envelope = w.sealed(1, 0, &message);
        deliver(&mut w, 0, envelope);
    }
    w.run_for(5000);
    assert_eq!(w.healed(0), 0);
    let copy = w.copy(1);
    w.disconnect(1);
    w.start(copy);
    w.connect(copy);
    w.run_for(1000);
    // Both encrypt under the very same key.
    w.send(1, 0, "of the first");
    w.send(copy, 0, "of the copy");
    w.run_for(60_000);
    assert_eq!(w.healed(0), 1, "its contact is told");
    assert_eq!((w.shown(0, "of the first"), w.shown(0, "of the copy")), (1, 1));
    // The first comes back and throws the copy out.
    w.disconnect(copy);
    w.connect(1);
    w.send(0, 1, "who are you?");
    w.run_for(120_000);
    w.send(1, 0, "the first again");
    w.run_for(120_000);
    assert_eq!(w.shown(1, "who are you?"), 1);
    assert_eq!(w.shown(0, "the first again"), 1);
}

#[test]
fn a_copy_of_a_profile_left_behind_by_the_other_is_noticed_when_it_writes() {
    let mut w = quiet_friends(8115, 2);
    w.send(1, 0, "before");
    w.run_for(5000);
    let copy = w.copy(1);
    w.disconnect(1);
    w.start(copy);
    w.connect(copy);
    w.run_for(1000);
    // The copy alone hears answers, and both sides go on to new keys without the first.
    for n in 0..8 {
        w.send(copy, 0, &format!("copy {n}"));
        w.send(0, copy, &format!("answer {n}"));
        w.run_for(5000);
    }
    assert_eq!(w.healed(0), 0);
    w.disconnect(copy);
    w.send(1, 0, "of the first");
    w.run_for(5000);
    w.connect(1);
    w.run_for(120_000);
    assert!(w.healed(0) + w.healed(1) >= 1, "it is said");
    assert_eq!(w.shown(0, "of the first"), 1);
    w.send(0, 1, "and back");
    w.run_for(60_000);
    assert_eq!(w.shown(1, "and back"), 1);
}

#[test]
fn a_commit_that_fails_does_not_make_a_message_a_fork() {
    let mut w = quiet_friends(8120, 2);
    w.nodes[1].failing_commits = 1;
    w.send(0, 1, "twice on the wire");
    w.run_for(10_000);
    assert_eq!((w.shown(1, "twice on the wire"), w.healed(1)), (1, 0));
    w.act(0, Act::SetName("Other".into())).unwrap();
    w.run_for(5000);
    assert_eq!(w.contact(1, 0).unwrap().name, "Other");
}
