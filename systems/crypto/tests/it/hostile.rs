//! Messages and stored states that someone has worked on.

use orrery_crypto::{AcceptError, DecryptError, Session, StateError};

use crate::people::{Person, rng, talking};

/// The u-coordinates of small order, canonical and not.
fn weak_keys() -> Vec<[u8; 32]> {
    let hex = |text: &str| std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap());
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ]
    .map(hex)
    .to_vec()
}

#[test]
fn every_flipped_bit_of_a_message_is_inert() {
    let (mut at_a, mut at_b) = talking();
    let message = at_a.encrypt(b"a short message").unwrap();
    let before = at_b.encode();
    for bit in 0..message.len() * 8 {
        let mut bad = message.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(at_b.decrypt(&bad, 0, &mut rng(9)).is_err(), "bit {bit}");
        assert_eq!(at_b.encode(), before, "bit {bit}");
    }
    assert_eq!(at_b.decrypt(&message, 0, &mut rng(9)).unwrap(), b"a short message");
}

#[test]
fn every_flipped_bit_of_a_first_message_is_inert() {
    let (a, b) = (Person::new(1), Person::new(2));
    let mut at_a = a.start(&b, true, 0, 3);
    let (first, second) = (at_a.encrypt(b"first").unwrap(), at_a.encrypt(b"second").unwrap());
    let accept = |bytes: &[u8]| Session::accept(&b.identity, &b.keys(true), &a.peer(), bytes, 0, &mut rng(4));
    let (mut at_b, _) = accept(&first).unwrap();
    let before = at_b.encode();
    for bit in 0..first.len() * 8 {
        let flip = |message: &[u8]| {
            let mut bad = message.to_vec();
            bad[bit / 8] ^= 1 << (bit % 8);
            bad
        };
        // To a session that exists the opening's hash matters; every bit of it is authenticated there as well.
        assert!(
            at_b.decrypt(&flip(&second), 0, &mut rng(5)).is_err(),
            "bit {bit} to the session"
        );
        assert_eq!(at_b.encode(), before, "bit {bit}");
        // Accepting costs a handshake: every bit outside the KEM ciphertext and some inside it.
        if !(60 * 8..1615 * 8).contains(&bit) || bit % 61 == 0 {
            assert!(accept(&flip(&first)).is_err(), "bit {bit} accepted");
        }
    }
    assert_eq!(at_b.decrypt(&second, 0, &mut rng(5)).unwrap(), b"second");
}

#[test]
fn a_message_cut_or_extended_is_inert() {
    let (mut at_a, mut at_b) = talking();
    let message = at_a.encrypt(b"a short message").unwrap();
    let before = at_b.encode();
    for len in 0..message.len() {
        assert!(at_b.decrypt(&message[..len], 0, &mut rng(9)).is_err());
    }
    assert!(
        at_b.decrypt(&[message.as_slice(), &[0]].concat(), 0, &mut rng(9))
            .is_err()
    );
    assert_eq!(at_b.encode(), before);

    let (a, b) = (Person::new(1), Person::new(2));
    let first = a.start(&b, true, 0, 3).encrypt(b"first").unwrap();
    for len in 0..first.len() {
        let result = Session::accept(&b.identity, &b.keys(true), &a.peer(), &first[..len], 0, &mut rng(4));
        assert!(matches!(
            result,
            Err(AcceptError::Decrypt(
                DecryptError::Malformed | DecryptError::Version | DecryptError::Authentication
            ))
        ));
    }
}

#[test]
fn an_opening_taken_off_or_put_on_is_inert() {
    let (a, b) = (Person::new(1), Person::new(2));
    let mut at_a = a.start(&b, true, 0, 3);
    let (first, second) = (at_a.encrypt(b"first").unwrap(), at_a.encrypt(b"second").unwrap());
    let (mut at_b, _) = Session::accept(&b.identity, &b.keys(true), &a.peer(), &first, 0, &mut rng(4)).unwrap();
    let opening = first.len() - (40 + 33 + 5 + 16);
    let stripped = [&[1, 2][..], &second[opening..]].concat();
    assert_eq!(
        at_b.decrypt(&stripped, 0, &mut rng(5)),
        Err(DecryptError::Authentication)
    );
    // A normal message under an opening.
    let answer = at_b.encrypt(b"answer").unwrap();
    at_a.decrypt(&answer, 0, &mut rng(6)).unwrap();
    let normal = at_a.encrypt(b"normal").unwrap();
    let dressed = [&first[..opening], &normal[2..]].concat();
    assert_eq!(
        at_b.decrypt(&dressed, 0, &mut rng(7)),
        Err(DecryptError::Authentication)
    );
    assert_eq!(at_b.decrypt(&normal, 0, &mut rng(7)).unwrap(), b"normal");
    assert_eq!(at_b.decrypt(&second, 0, &mut rng(7)).unwrap(), b"second");
}

#[test]
fn another_version_or_suite_is_a_wish_to_update() {
    let (a, b) = (Person::new(1), Person::new(2));
    let first = a.start(&b, true, 0, 3).encrypt(b"first").unwrap();
    for (at, value) in [(0, 2), (2, 1), (2, 3)] {
        let mut other = first.clone();
        other[at] = value;
        let result = Session::accept(&b.identity, &b.keys(true), &a.peer(), &other, 0, &mut rng(4));
        assert_eq!(result.unwrap_err(), AcceptError::Decrypt(DecryptError::Version));
    }
}

#[test]
fn weak_keys_in_a_message_are_refused() {
    let (mut at_a, mut at_b) = talking();
    let message = at_a.encrypt(b"text").unwrap();
    let before = at_b.encode();
    let (a, b) = (Person::new(1), Person::new(2));
    let first = a.start(&b, true, 0, 3).encrypt(b"first").unwrap();
    let accept = |bytes: &[u8]| {
        Session::accept(&b.identity, &b.keys(true), &a.peer(), bytes, 0, &mut rng(4))
            .map(drop)
            .unwrap_err()
    };
    for key in weak_keys() {
        let mut bad = message.clone();
        bad[2..34].copy_from_slice(&key);
        assert_eq!(at_b.decrypt(&bad, 0, &mut rng(9)), Err(DecryptError::BadKey));
        assert_eq!(at_b.encode(), before);
        let mut ephemeral = first.clone();
        ephemeral[3..35].copy_from_slice(&key);
        assert_eq!(
            accept(&ephemeral),
            AcceptError::Handshake(orrery_crypto::HandshakeError::BadKey)
        );
        let mut ratchet = first.clone();
        let header = first.len() - (40 + 33 + 5 + 16);
        ratchet[header..header + 32].copy_from_slice(&key);
        assert_eq!(accept(&ratchet), AcceptError::Decrypt(DecryptError::BadKey));
    }
}

#[test]
fn ones_own_message_sent_back_is_inert() {
    let (mut at_a, mut at_b) = talking();
    for session in [&mut at_a, &mut at_b] {
        let own = session.encrypt(b"mine").unwrap();
        let before = session.encode();
        assert_eq!(session.decrypt(&own, 0, &mut rng(9)), Err(DecryptError::Authentication));
        assert_eq!(session.encode(), before);
    }
    let (a, b) = (Person::new(1), Person::new(2));
    let mut started = a.start(&b, true, 0, 3);
    let own = started.encrypt(b"mine").unwrap();
    assert_eq!(started.decrypt(&own, 0, &mut rng(9)), Err(DecryptError::WrongSession));
}

#[test]
fn a_tampered_skipped_message_leaves_the_key_for_the_genuine_one() {
    let (mut at_a, mut at_b) = talking();
    let messages: Vec<_> = (0..3u8).map(|n| at_a.encrypt(&[n]).unwrap()).collect();
    assert_eq!(at_b.decrypt(&messages[2], 0, &mut rng(9)).unwrap(), [2]);
    let mut bad = messages[0].clone();
    let last = bad.len() - 1;
    bad[last] ^= 1;
    assert_eq!(at_b.decrypt(&bad, 0, &mut rng(9)), Err(DecryptError::Authentication));
    assert_eq!(at_b.decrypt(&messages[0], 0, &mut rng(9)).unwrap(), [0]);
}

#[test]
fn repeats_are_told_to_be_repeats_even_after_a_restart() {
    let (mut at_a, mut at_b) = talking();
    let mut rng = rng(9);
    let mut old = Vec::new();
    for round in 0..4u8 {
        let messages: Vec<_> = (0..3).map(|_| at_a.encrypt(&[round]).unwrap()).collect();
        for at in [2, 0, 1] {
            at_b.decrypt(&messages[at], 0, &mut rng).unwrap();
        }
        old.extend(messages);
        let answer = at_b.encrypt(b"answer").unwrap();
        at_a.decrypt(&answer, 0, &mut rng).unwrap();
        at_b = Session::decode(&at_b.encode().0).unwrap();
        // Newest chain, skipped messages of it, and up to three chains back.
        for message in &old {
            assert_eq!(at_b.decrypt(message, 0, &mut rng), Err(DecryptError::Duplicate));
        }
    }
}

#[test]
fn a_stored_state_that_was_changed_cut_or_extended_is_refused() {
    let (mut at_a, mut at_b) = talking();
    let messages: Vec<_> = (0..3u8).map(|n| at_a.encrypt(&[n]).unwrap()).collect();
    at_b.decrypt(&messages[2], 0, &mut rng(9)).unwrap();
    let (a, b) = (Person::new(1), Person::new(2));
    for state in [at_b.encode(), a.start(&b, true, 0, 3).encode()] {
        assert!(Session::decode(&state.0).is_ok());
        for bit in 0..state.0.len() * 8 {
            let mut bad = state.0.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let expected = if bit < 8 {
                StateError::Version
            } else {
                StateError::Damaged
            };
            assert_eq!(Session::decode(&bad).map(drop).unwrap_err(), expected, "bit {bit}");
        }
        for len in 0..state.0.len() {
            assert!(Session::decode(&state.0[..len]).is_err());
        }
        assert!(Session::decode(&[state.0.as_slice(), &[0]].concat()).is_err());
    }
}
