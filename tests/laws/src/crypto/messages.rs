//! Messages, sessions and envelopes.

use std::sync::OnceLock;

use orrery_crypto::{
    AcceptError, DecryptError, Peek, SealError, SealKind, Session, seal,
    session::{self},
};
use orrery_protocol::limits::PADDED_SIZES;

use super::with_checksum;
use crate::{
    cursor::Cursor,
    people::{NOW_MS, Three, rng, talk, three},
};

/// What can be told of a message without reading it.
pub fn message(data: &[u8]) {
    match session::peek(data) {
        Ok(Peek::Initial(info)) => {
            assert_eq!(data[..2], [1, 1]);
            // An opening has one spelling: two messages that differ in it name other things or other sessions.
            assert!(data.len() >= 1620 + 40 + 16);
            assert_eq!(data[43], u8::from(info.one_time_prekey.is_some()));
        }
        Ok(Peek::Normal { ratchet_key }) => assert_eq!((&data[..2], &data[2..34]), (&[1, 2][..], &ratchet_key[..])),
        Err(error) => assert!(matches!(error, DecryptError::Malformed | DecryptError::Version)),
    }
}

/// **State unchanged on error**, and what is read is read once: genuine messages in any order, changed or not, beside
/// bytes that never were one.
pub fn decrypt(data: &[u8]) {
    let talk = talk();
    let mut session = Session::decode(&talk.state).unwrap();
    let mut cursor = Cursor(data);
    let mut now_ms = NOW_MS;
    for step in 0..24 {
        if cursor.is_empty() {
            break;
        }
        let (which, how) = (usize::from(cursor.u8()), cursor.u8());
        let all = talk.messages.len() + talk.own.len();
        let mut bytes = match which {
            0xff => cursor.chunk().to_vec(),
            // A header of the fuzzer's own in front of a genuine body.
            0xfe => {
                let mut bytes = talk.messages[usize::from(cursor.u8()) % talk.messages.len()].0.clone();
                let header = cursor.take(42);
                bytes[..header.len()].copy_from_slice(header);
                bytes
            }
            place if place % all < talk.messages.len() => talk.messages[place % all].0.clone(),
            place => talk.own[place % all - talk.messages.len()].clone(),
        };
        if how & 1 != 0 {
            cursor.patch(&mut bytes);
        }
        if how & 2 != 0 {
            now_ms = now_ms.saturating_add(u64::from(cursor.u16()) * 3600 * 1000);
        }
        if how & 4 != 0 {
            session = Session::decode(&session.encode().0).unwrap();
        }
        let before = session.encode();
        match session.decrypt(&bytes, now_ms, &mut rng(step)) {
            Ok(plaintext) => {
                let genuine = talk.messages.iter().find(|(message, _)| *message == bytes);
                assert_eq!(
                    genuine.map(|(_, words)| words),
                    Some(&plaintext),
                    "only what Alice wrote is read"
                );
                let after = session.encode();
                assert!(after.0 != before.0, "a key was used up");
                assert!(session.decrypt(&bytes, now_ms, &mut rng(step)).is_err(), "read once");
                assert!(session.encode().0 == after.0, "state unchanged on error");
            }
            Err(_) => assert!(session.encode().0 == before.0, "state unchanged on error"),
        }
    }
    let sent = session.encrypt(b"still able to write").unwrap();
    assert!(
        session.decrypt(&sent, now_ms, &mut rng(0)).is_err(),
        "one's own words come back from nobody"
    );
}

/// The first message of a session, genuine or changed, by whom it says or by another.
pub fn accept(data: &[u8]) {
    let Three { alice, bob, mallory } = three();
    static FIRST: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    let first = FIRST.get_or_init(|| [false, true].map(|once| alice.start(bob, once, 9).encrypt(b"first").unwrap()));
    let mut cursor = Cursor(data);
    let how = cursor.u8();
    let once = how & 1 != 0;
    let mut bytes = if how & 2 == 0 {
        first[usize::from(once)].clone()
    } else {
        cursor.chunk().to_vec()
    };
    if how & 4 != 0 {
        cursor.patch(&mut bytes);
    }
    let sender = match how >> 3 & 3 {
        0 | 1 => alice,
        2 => mallory,
        _ => bob,
    };
    let accepted = Session::accept(
        &bob.identity,
        &bob.keys(once),
        &sender.peer(),
        &bytes,
        NOW_MS,
        &mut rng(8),
    );
    match accepted {
        Ok((mut session, plaintext)) => {
            assert!(
                bytes == first[usize::from(once)] && sender.peer() == alice.peer(),
                "only Alice's is taken"
            );
            assert_eq!((plaintext.as_slice(), session.peer()), (&b"first"[..], alice.peer()));
            assert_eq!(
                session.decrypt(&bytes, NOW_MS, &mut rng(8)),
                Err(DecryptError::Duplicate)
            );
        }
        Err(AcceptError::OwnMessage) => assert_eq!(sender.peer(), bob.peer()),
        Err(_) => assert!(bytes != first[usize::from(once)] || sender.peer() != alice.peer()),
    }
}

/// The stored state of a session: what is taken is written again as it was, and an error of what it then does leaves it so.
pub fn session_state(data: &[u8]) {
    let mut cursor = Cursor(data);
    let how = cursor.u8();
    let bytes = match how % 3 {
        0 => cursor.0.to_vec(),
        1 => with_checksum(cursor.0),
        _ => {
            let mut state = talk().state.clone();
            state.truncate(state.len() - 8);
            cursor.patch(&mut state);
            with_checksum(&state)
        }
    };
    let Ok(mut session) = Session::decode(&bytes) else {
        return;
    };
    assert!(session.encode().0 == bytes, "one spelling");
    for (message, _) in talk().messages.iter().step_by(3) {
        let before = session.encode();
        if session.decrypt(message, NOW_MS, &mut rng(1)).is_err() {
            assert!(session.encode().0 == before.0, "state unchanged on error");
        }
    }
    let before = session.encode();
    match session.encrypt(b"words") {
        Ok(message) => assert!(session::peek(&message).is_ok()),
        Err(_) => assert!(session.encode().0 == before.0, "state unchanged on error"),
    }
    let _ = format!("{session:?}");
}

/// An envelope: sealed from the fuzzer's bytes, changed, or never sealed at all.
pub fn envelope(data: &[u8]) {
    let Three { alice, bob, mallory } = three();
    let _ = seal::open(&bob.identity, data);
    let mut cursor = Cursor(data);
    let how = cursor.u8();
    let words = cursor.chunk();
    let sealed = seal::seal(
        &alice.peer(),
        &bob.peer(),
        SealKind::Ratchet,
        words,
        &mut rng(u64::from(how)),
    );
    let largest = PADDED_SIZES[2] - 34;
    let Ok(sealed) = sealed else {
        assert!(words.len() > largest);
        return;
    };
    assert_eq!(Some(sealed.len()), seal::sealed_len(words.len()));
    let opened = seal::open(&bob.identity, &sealed).unwrap();
    assert_eq!((opened.sender, opened.message.as_slice()), (alice.peer(), words));
    assert_eq!(seal::open(&mallory.identity, &sealed), Err(SealError::Authentication));
    let mut bad = sealed.clone();
    cursor.patch(&mut bad);
    assert!(
        bad == sealed || seal::open(&bob.identity, &bad).is_err(),
        "whoever changes a bit gets nothing opened"
    );
}
