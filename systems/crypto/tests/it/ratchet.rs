//! The limits of the ratchet itself.

use orrery_crypto::{
    DecryptError, EncryptError,
    ratchet::{Header, MAX_SKIP, MAX_SKIPPED_KEPT, OLD_CHAINS, Ratchet, SKIPPED_LIFETIME_MS},
};
use rand::rngs::ChaCha20Rng;
use x25519_dalek::{PublicKey, StaticSecret};

use crate::people::rng;

type Message = (Header, Vec<u8>);

fn pair() -> (Ratchet, Ratchet, ChaCha20Rng) {
    let mut rng = rng(1);
    let prekey = StaticSecret::from([7; 32]);
    let public = PublicKey::from(&prekey).to_bytes();
    let mut a = Ratchet::initiate(&[9; 32], b"AD", public, &mut rng).unwrap();
    let (header, ciphertext) = a.encrypt(b"first").unwrap();
    let (b, _) = Ratchet::respond(&[9; 32], b"AD", &prekey, &header, &ciphertext, 0, &mut rng).unwrap();
    (a, b, rng)
}

fn many(from: &mut Ratchet, count: u32) -> Vec<Message> {
    (0..count).map(|_| from.encrypt(b"m").unwrap()).collect()
}

fn read(to: &mut Ratchet, message: &Message, now: u64, rng: &mut ChaCha20Rng) -> Result<(), DecryptError> {
    to.decrypt(&message.0, &message.1, now, rng).map(drop)
}

/// Both sides draw a new ratchet key.
fn turn(a: &mut Ratchet, b: &mut Ratchet, rng: &mut ChaCha20Rng) {
    let message = a.encrypt(b"ping").unwrap();
    read(b, &message, 0, rng).unwrap();
    let message = b.encrypt(b"pong").unwrap();
    read(a, &message, 0, rng).unwrap();
}

#[test]
fn a_thousand_may_be_missing_and_one_more_may_not() {
    let (mut a, mut b, mut rng) = pair();
    let messages = many(&mut a, MAX_SKIP + 2);
    let before = b.to_state();
    assert_eq!(
        read(&mut b, &messages[MAX_SKIP as usize + 1], 0, &mut rng),
        Err(DecryptError::TooFarAhead)
    );
    assert_eq!(b.to_state(), before);
    read(&mut b, &messages[MAX_SKIP as usize], 0, &mut rng).unwrap();
    assert_eq!(b.dump().skipped.len(), MAX_SKIP as usize);
    read(&mut b, &messages[0], 0, &mut rng).unwrap();
    read(&mut b, &messages[MAX_SKIP as usize + 1], 0, &mut rng).unwrap();
}

#[test]
fn the_limit_holds_in_a_new_chain_too() {
    let (mut a, mut b, mut rng) = pair();
    turn(&mut a, &mut b, &mut rng);
    let messages = many(&mut a, MAX_SKIP + 2);
    assert_eq!(
        read(&mut b, &messages[MAX_SKIP as usize + 1], 0, &mut rng),
        Err(DecryptError::TooFarAhead)
    );
    read(&mut b, &messages[MAX_SKIP as usize], 0, &mut rng).unwrap();
}

#[test]
fn counters_at_their_end_are_refused() {
    let (mut a, mut b, mut rng) = pair();
    let (header, ciphertext) = a.encrypt(b"m").unwrap();
    let before = b.to_state();
    for bad in [
        Header {
            number: u32::MAX,
            ..header
        },
        Header {
            number: u32::MAX,
            ratchet_key: [9; 32],
            ..header
        },
    ] {
        assert_eq!(
            read(&mut b, &(bad, ciphertext.clone()), 0, &mut rng),
            Err(DecryptError::TooFarAhead)
        );
    }
    assert_eq!(b.to_state(), before);
    a.set_sending_number(u32::MAX - 1);
    assert!(a.encrypt(b"last").is_ok());
    let before = a.to_state();
    assert_eq!(a.encrypt(b"one more").unwrap_err(), EncryptError::Exhausted);
    assert_eq!(a.to_state(), before);
}

#[test]
fn a_previous_chain_said_to_be_without_end_costs_and_keeps_nothing() {
    let (mut a, mut b, mut rng) = pair();
    turn(&mut a, &mut b, &mut rng);
    // The length of the chain before stands in the clear; changed on the way the message is no message any more.
    let message = a.encrypt(b"m").unwrap();
    let before = b.to_state();
    for previous in [0, 5, MAX_SKIP, u32::MAX - 1, u32::MAX] {
        let bad = Header { previous, ..message.0 };
        assert_ne!(bad, message.0);
        assert_eq!(
            read(&mut b, &(bad, message.1.clone()), 0, &mut rng),
            Err(DecryptError::Authentication)
        );
    }
    assert_eq!(b.to_state(), before);
    read(&mut b, &message, 0, &mut rng).unwrap();
    // Said by the other side itself: what it claims to have sent is given up, and the ratchet goes on.
    a.set_sending_number(u32::MAX);
    let answer = b.encrypt(b"answer").unwrap();
    read(&mut a, &answer, 0, &mut rng).unwrap();
    let next = a.encrypt(b"next").unwrap();
    assert_eq!((next.0.previous, next.0.number), (u32::MAX, 0));
    read(&mut b, &next, 0, &mut rng).unwrap();
    assert_eq!(b.dump().skipped.len(), 0);
    turn(&mut a, &mut b, &mut rng);
}

#[test]
fn other_associated_data_is_inert_on_either_side() {
    let (mut a, mut b, mut rng) = pair();
    turn(&mut a, &mut b, &mut rng);
    let message = a.encrypt(b"m").unwrap();
    // Empty, in other order, longer, and with the boundary to the header moved.
    for other in [
        &b""[..],
        b"DA",
        b"ADX",
        b"A",
        &[b"AD", &message.0.to_bytes()[..]].concat(),
    ] {
        let before = b.to_state();
        let own = b.swap_associated_data(other);
        assert_eq!(read(&mut b, &message, 0, &mut rng), Err(DecryptError::Authentication));
        b.swap_associated_data(&own);
        assert_eq!(b.to_state(), before);
    }
    read(&mut b, &message, 0, &mut rng).unwrap();
}

#[test]
fn heavy_loss_does_not_stop_the_ratchet() {
    let (mut a, mut b, mut rng) = pair();
    // All of these are lost, and the chain ends.
    let lost = many(&mut a, MAX_SKIP + 500);
    let message = b.encrypt(b"are you there").unwrap();
    read(&mut a, &message, 0, &mut rng).unwrap();
    let message = a.encrypt(b"yes").unwrap();
    assert_eq!(message.0.previous, MAX_SKIP + 501);
    read(&mut b, &message, 0, &mut rng).unwrap();
    assert_eq!(b.dump().skipped.len(), 0);
    // What was given up cannot be read any more, whenever it comes, and changes nothing.
    let before = b.to_state();
    assert_eq!(read(&mut b, &lost[0], 0, &mut rng), Err(DecryptError::Authentication));
    assert_eq!(b.to_state(), before);
    turn(&mut a, &mut b, &mut rng);
}

#[test]
fn the_end_of_the_old_chain_is_kept_when_it_is_near_enough() {
    let (mut a, mut b, mut rng) = pair();
    let late = many(&mut a, MAX_SKIP);
    let message = b.encrypt(b"are you there").unwrap();
    read(&mut a, &message, 0, &mut rng).unwrap();
    let message = a.encrypt(b"yes").unwrap();
    read(&mut b, &message, 0, &mut rng).unwrap();
    assert_eq!(b.dump().skipped.len(), MAX_SKIP as usize);
    for message in &late {
        read(&mut b, message, 0, &mut rng).unwrap();
        assert_eq!(read(&mut b, message, 0, &mut rng), Err(DecryptError::Duplicate));
    }
}

#[test]
fn a_hundred_chains_of_a_thousand_missing_keep_two_thousand_keys() {
    let (mut a, mut b, mut rng) = pair();
    let mut newest = Vec::new();
    for _ in 0..100 {
        turn(&mut a, &mut b, &mut rng);
        newest = many(&mut a, MAX_SKIP + 1);
        read(&mut b, &newest[MAX_SKIP as usize], 0, &mut rng).unwrap();
        assert!(b.dump().skipped.len() <= MAX_SKIPPED_KEPT);
    }
    assert!(b.to_state().len() < MAX_SKIPPED_KEPT * 80 + 1000);
    read(&mut b, &newest[0], 0, &mut rng).unwrap();
    let state = b.to_state();
    assert_eq!(Ratchet::from_state(&state).unwrap().to_state(), state);
}

#[test]
fn however_many_messages_go_one_way_the_state_stays_as_small() {
    let (mut a, mut b, mut rng) = pair();
    let before = (a.to_state().len(), b.to_state().len());
    for number in 1..=1_000_000 {
        let message = a.encrypt(b"m").unwrap();
        assert_eq!(message.0.number, number);
        read(&mut b, &message, 0, &mut rng).unwrap();
    }
    assert_eq!((a.to_state().len(), b.to_state().len()), before);
    // They still understand each other.
    let answer = b.encrypt(b"answer").unwrap();
    read(&mut a, &answer, 0, &mut rng).unwrap();
    turn(&mut a, &mut b, &mut rng);
}

#[test]
fn a_key_of_a_missing_message_expires_after_thirty_days() {
    let (mut a, mut b, mut rng) = pair();
    let messages = many(&mut a, 4);
    read(&mut b, &messages[2], 1000, &mut rng).unwrap();
    read(&mut b, &messages[0], 1000 + SKIPPED_LIFETIME_MS - 1, &mut rng).unwrap();
    assert_eq!(SKIPPED_LIFETIME_MS, 2_592_000_000, "thirty days");
    let late = 1000 + SKIPPED_LIFETIME_MS;
    assert_eq!(read(&mut b, &messages[1], late, &mut rng), Err(DecryptError::Duplicate));
    read(&mut b, &messages[3], late, &mut rng).unwrap();
    assert_eq!(b.dump().skipped.len(), 0);
}

#[test]
fn a_repeat_is_known_for_five_chains_and_then_only_unreadable() {
    let (mut a, mut b, mut rng) = pair();
    turn(&mut a, &mut b, &mut rng);
    let old = a.encrypt(b"old").unwrap();
    read(&mut b, &old, 0, &mut rng).unwrap();
    let answer = b.encrypt(b"answer").unwrap();
    read(&mut a, &answer, 0, &mut rng).unwrap();
    for _ in 0..OLD_CHAINS {
        assert_eq!(read(&mut b, &old, 0, &mut rng), Err(DecryptError::Duplicate));
        turn(&mut a, &mut b, &mut rng);
    }
    assert_eq!(read(&mut b, &old, 0, &mut rng), Err(DecryptError::Duplicate));
    turn(&mut a, &mut b, &mut rng);
    let before = b.to_state();
    assert_eq!(read(&mut b, &old, 0, &mut rng), Err(DecryptError::Authentication));
    assert_eq!(b.to_state(), before);
}

#[test]
fn every_message_has_its_own_key() {
    let (mut a, _, _) = pair();
    let (one, two) = (a.encrypt(b"same words").unwrap(), a.encrypt(b"same words").unwrap());
    assert_ne!(one.1, two.1);
    assert_eq!((one.0.number + 1, one.0.ratchet_key), (two.0.number, two.0.ratchet_key));
}

#[test]
fn a_ratchet_hides() {
    let (a, _, _) = pair();
    insta::assert_snapshot!(format!("{a:?}"), @"Ratchet { sent: 1, received: None, previous: 0, old_chains: 0, skipped: 0, .. }");
}
