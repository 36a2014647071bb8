//! Sessions as a program uses them.

use curve25519_dalek::{constants::EIGHT_TORSION, edwards::CompressedEdwardsY};
use orrery_crypto::{
    AcceptError, DecryptError, HandshakeError, KeyError, Peek, Session, VerifiedBundle,
    session::{peek, select_active},
};
use orrery_protocol::PeerId;

use crate::people::{Person, info, rng, talking};

#[test]
fn two_people_talk_and_agree_on_the_sessions_name() {
    let (a, b) = (Person::new(1), Person::new(2));
    let mut at_a = a.start(&b, true, 7, 3);
    assert!(!at_a.is_confirmed());
    let first = at_a.encrypt(b"hello").unwrap();
    let told = info(&first);
    assert_eq!(
        (told.signed_prekey, told.kem_prekey, told.one_time_prekey),
        (11, 12, Some(13))
    );
    let (mut at_b, plaintext) = Session::accept(&b.identity, &b.keys(true), &a.peer(), &first, 0, &mut rng(4)).unwrap();
    assert_eq!(plaintext, b"hello");
    assert_eq!(
        (at_a.id(), at_a.generation(), at_a.peer()),
        (at_b.id(), at_b.generation(), b.peer())
    );
    assert_eq!((told.session, told.generation, at_b.peer()), (at_a.id(), 7, a.peer()));
    let answer = at_b.encrypt(b"").unwrap();
    let Peek::Normal { ratchet_key } = peek(&answer).unwrap() else {
        panic!("the responder has no opening")
    };
    assert!(!at_a.knows(&ratchet_key));
    assert_eq!(at_a.decrypt(&answer, 0, &mut rng(5)).unwrap(), b"");
    assert!(at_a.is_confirmed() && at_a.knows(&ratchet_key));
    assert!(matches!(peek(&at_a.encrypt(b"x").unwrap()), Ok(Peek::Normal { .. })));
}

#[test]
fn any_of_the_messages_before_the_first_answer_may_arrive_first() {
    let (a, b) = (Person::new(1), Person::new(2));
    let mut at_a = a.start(&b, true, 0, 3);
    let messages: Vec<_> = (0..3u8).map(|n| at_a.encrypt(&[n]).unwrap()).collect();
    let (mut at_b, last) =
        Session::accept(&b.identity, &b.keys(true), &a.peer(), &messages[2], 0, &mut rng(4)).unwrap();
    assert_eq!(last, [2]);
    for n in [0, 1] {
        assert_eq!(info(&messages[n]).session, at_b.id());
        assert_eq!(at_b.decrypt(&messages[n], 0, &mut rng(5)).unwrap(), [n as u8]);
    }
    for message in &messages {
        assert_eq!(at_b.decrypt(message, 0, &mut rng(5)), Err(DecryptError::Duplicate));
    }
}

#[test]
fn a_first_message_that_fails_uses_nothing_up() {
    let (a, b) = (Person::new(1), Person::new(2));
    let first = a.start(&b, true, 0, 3).encrypt(b"hello").unwrap();
    let mut garbage = first.clone();
    let last = garbage.len() - 1;
    garbage[last] ^= 1;
    let accept = |bytes: &[u8], one_time| {
        Session::accept(&b.identity, &b.keys(one_time), &a.peer(), bytes, 0, &mut rng(4))
            .map(|(_, plaintext)| plaintext)
    };
    assert_eq!(
        accept(&garbage, true),
        Err(AcceptError::Decrypt(DecryptError::Authentication))
    );
    // The one-time half is gone: a replay after the session itself is gone as well.
    assert_eq!(accept(&first, false), Err(AcceptError::UnknownPrekey));
    assert_eq!(accept(&first, true).unwrap(), b"hello");
}

#[test]
fn a_first_message_for_other_prekeys_is_refused() {
    let (a, b) = (Person::new(1), Person::new(2));
    let first = a.start(&b, false, 0, 3).encrypt(b"hello").unwrap();
    // A one-time half where the message names none.
    let result = Session::accept(&b.identity, &b.keys(true), &a.peer(), &first, 0, &mut rng(4));
    assert_eq!(result.unwrap_err(), AcceptError::UnknownPrekey);
    // Halves of the right number that are not the right halves, as after a reset.
    let other = Person::new(3);
    let result = Session::accept(&b.identity, &other.keys(false), &a.peer(), &first, 0, &mut rng(4));
    assert_eq!(result.unwrap_err(), AcceptError::Decrypt(DecryptError::Authentication));
}

#[test]
fn nobody_can_start_a_session_in_anothers_name() {
    let (a, b, mallory) = (Person::new(1), Person::new(2), Person::new(3));
    let first = mallory.start(&b, true, 0, 3).encrypt(b"hello").unwrap();
    let claim =
        |sender: PeerId| Session::accept(&b.identity, &b.keys(true), &sender, &first, 0, &mut rng(4)).unwrap_err();
    assert_eq!(claim(a.peer()), AcceptError::Decrypt(DecryptError::Authentication));
    assert_eq!(claim(b.peer()), AcceptError::OwnMessage);
    // Nor can a message for Bob be handed on to someone else.
    let c = Person::new(4);
    let result = Session::accept(&c.identity, &c.keys(true), &mallory.peer(), &first, 0, &mut rng(4));
    assert_eq!(result.unwrap_err(), AcceptError::Decrypt(DecryptError::Authentication));
}

#[test]
fn a_sender_whose_id_is_a_weak_key_is_nobody() {
    let (a, b) = (Person::new(1), Person::new(2));
    let first = a.start(&b, false, 0, 3).encrypt(b"hello").unwrap();
    let honest = CompressedEdwardsY(a.peer().0).decompress().unwrap();
    for id in [
        PeerId([0; 32]),
        PeerId((honest + EIGHT_TORSION[1]).compress().to_bytes()),
    ] {
        let result = Session::accept(&b.identity, &b.keys(false), &id, &first, 0, &mut rng(4));
        assert_eq!(
            result.unwrap_err(),
            AcceptError::Handshake(HandshakeError::Identity(KeyError::Weak))
        );
    }
}

#[test]
fn a_stolen_identity_alone_reads_nothing_that_was_meant_for_its_owner() {
    // Mallory holds Bob's long-term key, but the signed prekey that the message was made for is still Bob's alone.
    let (a, b) = (Person::new(1), Person::new(2));
    let mut stolen = Person::new(3);
    stolen.identity = b.identity.clone();
    let first = a.start(&b, false, 0, 5).encrypt(b"for Bob").unwrap();
    let result = Session::accept(&stolen.identity, &stolen.keys(false), &a.peer(), &first, 0, &mut rng(6));
    assert_eq!(result.unwrap_err(), AcceptError::Decrypt(DecryptError::Authentication));
}

#[test]
fn both_starting_at_once_settle_on_one_session_and_lose_nothing() {
    let (a, b) = (Person::new(1), Person::new(2));
    for seed in 0..8 {
        let mut from_a = a.start(&b, true, 0, 100 + seed);
        let mut from_b = b.start(&a, true, 0, 200 + seed);
        let (hello_b, hello_a) = (from_a.encrypt(b"to b").unwrap(), from_b.encrypt(b"to a").unwrap());
        let (mut at_b, one) = Session::accept(&b.identity, &b.keys(true), &a.peer(), &hello_b, 0, &mut rng(4)).unwrap();
        let (mut at_a, two) = Session::accept(&a.identity, &a.keys(true), &b.peer(), &hello_a, 0, &mut rng(5)).unwrap();
        assert_eq!((one.as_slice(), two.as_slice()), (&b"to b"[..], &b"to a"[..]));
        let active_a = select_active([&from_a, &at_a].map(|s| (s.generation(), s.id()))).unwrap();
        let active_b = select_active([&from_b, &at_b].map(|s| (s.generation(), s.id()))).unwrap();
        assert_eq!(active_a, active_b);
        // Whichever it is, both ways work, and a repeat of either opening is known.
        let (here, there) = if active_a == from_a.id() {
            (&mut from_a, &mut at_b)
        } else {
            (&mut at_a, &mut from_b)
        };
        let message = here.encrypt(b"on").unwrap();
        assert_eq!(there.decrypt(&message, 0, &mut rng(6)).unwrap(), b"on");
        let message = there.encrypt(b"and on").unwrap();
        assert_eq!(here.decrypt(&message, 0, &mut rng(7)).unwrap(), b"and on");
        assert_eq!(at_b.decrypt(&hello_b, 0, &mut rng(8)), Err(DecryptError::Duplicate));
        assert_eq!(at_a.decrypt(&hello_a, 0, &mut rng(9)), Err(DecryptError::Duplicate));
    }
}

#[test]
fn the_active_session_is_the_newest_generation_and_then_the_lowest_id() {
    let (low, high) = ([1; 32], [2; 32]);
    assert_eq!(select_active([]), None);
    assert_eq!(select_active([(0, high), (0, low)]), Some(low));
    assert_eq!(select_active([(0, low), (1, high)]), Some(high));
    assert_eq!(select_active([(3, high), (3, low), (2, low)]), Some(low));
}

#[test]
fn equal_randomness_makes_an_equal_session_name_and_is_noticed() {
    let (a, b) = (Person::new(1), Person::new(2));
    assert_eq!(a.start(&b, true, 0, 3).id(), a.start(&b, false, 0, 3).id());
    assert_ne!(a.start(&b, true, 0, 3).id(), a.start(&b, true, 0, 4).id());
}

#[test]
fn a_message_of_one_session_is_nothing_to_another() {
    let (a, b) = (Person::new(1), Person::new(2));
    let (mut first, _) = talking();
    let mut second = a.start(&b, false, 0, 30);
    let opening = second.encrypt(b"second").unwrap();
    let (mut second_b, _) = Session::accept(&b.identity, &b.keys(false), &a.peer(), &opening, 0, &mut rng(31)).unwrap();
    let message = first.encrypt(b"of the first").unwrap();
    let before = second_b.encode();
    assert_eq!(
        second_b.decrypt(&message, 0, &mut rng(32)),
        Err(DecryptError::Authentication)
    );
    assert_eq!(
        first.decrypt(&opening, 0, &mut rng(33)),
        Err(DecryptError::WrongSession)
    );
    assert_eq!(second_b.encode(), before);
}

#[test]
fn a_session_hides() {
    let (at_a, _) = talking();
    insta::assert_snapshot!(format!("{at_a:?}\n{:?}", at_a.encode()), @r"
    Session { peer: PeerId(les3vbxc…), generation: 0, initiator: true, confirmed: true, ratchet: Ratchet { sent: 0, received: Some(1), previous: 1, old_chains: 0, skipped: 0, .. }, .. }
    SecretBytes(hidden)
    ");
    let (a, b) = (Person::new(1), Person::new(2));
    let bundle = VerifiedBundle::verify(&a.peer(), &b.peer(), &b.bundle(true)).unwrap();
    insta::assert_snapshot!(format!("{bundle:?}\n{:?}", b.keys(true)), @r"
    VerifiedBundle { peer: PeerId(les3vbxc…), signed_id: 11, kem_id: 12, one_time_id: Some(13), .. }
    ResponderKeys { signed: SignedPrekeyPair { id: 11, .. }, kem: KemPrekeyPair { id: 12, .. }, one_time: Some(OneTimePrekeyPair { id: 13, .. }) }
    ");
}
