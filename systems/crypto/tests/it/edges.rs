//! The last number that counts and the first that does not, and that no secret is copied about while it is written.

use orrery_crypto::{
    DecryptError, Session,
    ratchet::{Header, Ratchet},
    session::peek,
};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::people::{Person, rng};

#[test]
fn a_message_of_a_bare_tag_has_the_shape_of_one_and_a_byte_less_has_not() {
    let message = [&[1, 2][..], &[9; 40], &[0; 16]].concat();
    assert!(peek(&message).is_ok());
    assert_eq!(peek(&message[..message.len() - 1]), Err(DecryptError::Malformed));
}

#[test]
fn a_late_message_within_an_old_chain_is_a_repeat_and_beyond_its_end_a_forgery() {
    let mut rng = rng(1);
    let prekey = StaticSecret::from([7; 32]);
    let mut a = Ratchet::initiate(&[9; 32], b"AD", PublicKey::from(&prekey).to_bytes(), &mut rng).unwrap();
    let (header, ciphertext) = a.encrypt(b"only one").unwrap();
    let (mut b, _) = Ratchet::respond(&[9; 32], b"AD", &prekey, &header, &ciphertext, 0, &mut rng).unwrap();
    let (answer, words) = b.encrypt(b"answer").unwrap();
    a.decrypt(&answer, &words, 0, &mut rng).unwrap();
    let (next, words) = a.encrypt(b"next").unwrap();
    b.decrypt(&next, &words, 0, &mut rng).unwrap();
    let mut numbered = |number| {
        b.decrypt(&Header { number, ..header }, &ciphertext, 0, &mut rng)
            .unwrap_err()
    };
    assert_eq!(numbered(0), DecryptError::Duplicate);
    assert_eq!(numbered(1), DecryptError::Authentication);
}

#[test]
fn a_ratchet_knows_the_keys_of_chains_it_has_read_from_and_no_others() {
    let mut rng = rng(1);
    let prekey = StaticSecret::from([7; 32]);
    let public = PublicKey::from(&prekey).to_bytes();
    let mut a = Ratchet::initiate(&[9; 32], b"AD", public, &mut rng).unwrap();
    assert!(!a.knows(&public), "nothing was read from the prekey's chain");
    let (header, ciphertext) = a.encrypt(b"first").unwrap();
    let late = a.encrypt(b"late").unwrap();
    let (mut b, _) = Ratchet::respond(&[9; 32], b"AD", &prekey, &header, &ciphertext, 0, &mut rng).unwrap();
    assert!(b.knows(&header.ratchet_key) && !b.knows(&public) && !b.knows(&[9; 32]));
    let turn = |a: &mut Ratchet, b: &mut Ratchet, rng: &mut _| {
        for _ in 0..2 {
            let (header, ciphertext) = b.encrypt(b"answer").unwrap();
            a.decrypt(&header, &ciphertext, 0, rng).unwrap();
            let (header, ciphertext) = a.encrypt(b"question").unwrap();
            b.decrypt(&header, &ciphertext, 0, rng).unwrap();
        }
    };
    turn(&mut a, &mut b, &mut rng);
    assert!(b.knows(&header.ratchet_key), "an old chain");
    for _ in 0..3 {
        turn(&mut a, &mut b, &mut rng);
    }
    assert!(
        b.knows(&header.ratchet_key),
        "a forgotten chain of which a message is missing"
    );
    b.decrypt(&late.0, &late.1, 0, &mut rng).unwrap();
    assert!(!b.knows(&header.ratchet_key), "a forgotten chain of which none is");
}

#[test]
fn a_session_says_what_it_is_before_and_after_storage() {
    let (a, b) = (Person::new(1), Person::new(2));
    let started = a.start(&b, true, 7, 3);
    let stored = Session::decode(&started.encode().0).unwrap();
    assert_eq!(
        (stored.id(), stored.generation(), stored.peer(), stored.is_confirmed()),
        (started.id(), 7, b.peer(), false)
    );
}
