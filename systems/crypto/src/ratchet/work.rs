//! How much a message can make the ratchet compute: chain steps (two HMACs each) and key agreements are counted, since time
//! says nothing on a busy machine.

use std::cell::Cell;

use x25519_dalek::{PublicKey, StaticSecret};

use super::{Header, MAX_SKIP, Ratchet};
use crate::{DecryptError, testing::rng};

thread_local! {
    static STEPS: Cell<usize> = const { Cell::new(0) };
    static AGREEMENTS: Cell<usize> = const { Cell::new(0) };
}

pub(super) fn count_step() {
    STEPS.set(STEPS.get() + 1);
}

pub(super) fn count_agreement() {
    AGREEMENTS.set(AGREEMENTS.get() + 1);
}

const SKIP: usize = MAX_SKIP as usize;

/// What happens to a message, and the steps and agreements that took.
fn cost(to: &mut Ratchet, header: Header, ciphertext: &[u8]) -> (Result<(), DecryptError>, usize, usize) {
    STEPS.set(0);
    AGREEMENTS.set(0);
    let result = to.decrypt(&header, ciphertext, 0, &mut rng(9)).map(drop);
    (result, STEPS.get(), AGREEMENTS.get())
}

fn pair() -> (Ratchet, Ratchet) {
    let mut rng = rng(1);
    let prekey = StaticSecret::from([7; 32]);
    let mut a = Ratchet::initiate(&[9; 32], b"AD", PublicKey::from(&prekey).to_bytes(), &mut rng).unwrap();
    let (header, ciphertext) = a.encrypt(b"first").unwrap();
    let (b, _) = Ratchet::respond(&[9; 32], b"AD", &prekey, &header, &ciphertext, 0, &mut rng).unwrap();
    (a, b)
}

/// A ratchet key that nobody has.
fn unknown(n: u8) -> [u8; 32] {
    PublicKey::from(&StaticSecret::from([n; 32])).to_bytes()
}

#[test]
fn what_is_too_far_ahead_is_refused_without_any_work() {
    let (mut a, mut b) = pair();
    let (header, ciphertext) = a.encrypt(b"m").unwrap();
    for ratchet_key in [header.ratchet_key, unknown(5), [0; 32]] {
        // One message of the known chain was read: it is one place further there.
        for number in [MAX_SKIP + 2, u32::MAX - 1, u32::MAX] {
            for previous in [0, u32::MAX] {
                let header = Header {
                    ratchet_key,
                    previous,
                    number,
                };
                let spent = cost(&mut b, header, &ciphertext);
                assert_eq!(spent, (Err(DecryptError::TooFarAhead), 0, 0), "{header:?}");
            }
        }
    }
}

#[test]
fn a_forgery_costs_one_agreement_and_one_jump_at_most_and_as_much_each_time() {
    let (mut a, mut b) = pair();
    let (genuine, ciphertext) = a.encrypt(b"m").unwrap();
    for n in 0..3 {
        for previous in [0, MAX_SKIP, u32::MAX] {
            // The end of the chain before costs nothing until the message has authenticated.
            let far = Header {
                ratchet_key: unknown(5 + n),
                previous,
                number: MAX_SKIP,
            };
            let refused = Err(DecryptError::Authentication);
            assert_eq!(cost(&mut b, far, &ciphertext), (refused, SKIP + 1, 1));
            let near = Header { number: 0, ..far };
            assert_eq!(cost(&mut b, near, &ciphertext), (refused, 1, 1));
            let known = Header {
                number: genuine.number + MAX_SKIP,
                previous,
                ..genuine
            };
            assert_eq!(cost(&mut b, known, &ciphertext), (refused, SKIP + 1, 0));
        }
    }
    assert_eq!(cost(&mut b, genuine, &ciphertext), (Ok(()), 1, 0));
    assert_eq!(
        cost(&mut b, genuine, &ciphertext),
        (Err(DecryptError::Duplicate), 0, 0),
        "a repeat costs nothing"
    );
}

#[test]
fn the_end_of_the_chain_before_costs_one_jump_or_nothing() {
    // (claimed length of the chain before, of which one was read; steps to its end)
    for (previous, end) in [(1, 0), (2, 1), (MAX_SKIP + 1, SKIP), (MAX_SKIP + 2, 0), (u32::MAX, 0)] {
        let (mut a, mut b) = pair();
        a.0.sending = super::Chain::at(a.0.sending.key().to_owned().into(), previous);
        let (header, ciphertext) = b.encrypt(b"answer").unwrap();
        a.decrypt(&header, &ciphertext, 0, &mut rng(3)).unwrap();
        let (header, ciphertext) = a.encrypt(b"m").unwrap();
        assert_eq!((header.previous, header.number), (previous, 0));
        let spent = cost(&mut b, header, &ciphertext);
        assert_eq!(spent, (Ok(()), 1 + end, 1), "{previous}");
    }
}
