//! Our side.

use std::time::{Duration, Instant};

use orrery_crypto::{
    Identity, KemPrekeyPair, OneTimePrekeyPair, ResponderKeys, Session, SignedPrekeyPair, VerifiedBundle,
};
use orrery_protocol::prekey::PrekeyBundle;

use super::TEXT;

/// Two sessions that know each other.
pub(crate) struct Pair {
    first: Session,
    second: Session,
}

struct Person {
    identity: Identity,
    signed: SignedPrekeyPair,
    kem: KemPrekeyPair,
    one_time: OneTimePrekeyPair,
}

impl Person {
    fn new() -> Self {
        let rng = &mut rand::rng();
        let identity = Identity::generate(rng);
        Self {
            signed: SignedPrekeyPair::generate(&identity, 1, rng),
            kem: KemPrekeyPair::generate(&identity, 2, rng),
            one_time: OneTimePrekeyPair::generate(3, rng),
            identity,
        }
    }

    fn bundle(&self) -> PrekeyBundle {
        PrekeyBundle {
            peer: self.identity.peer_id(),
            signed: self.signed.public(),
            kem: self.kem.public(),
            one_time: Some(self.one_time.public()),
        }
    }

    /// Verifies the bundle, starts, and encrypts the first message.
    fn begin(&self, other: &Self, bundle: &PrekeyBundle) -> (Session, Vec<u8>) {
        let bundle = VerifiedBundle::verify(&self.identity.peer_id(), &other.identity.peer_id(), bundle).unwrap();
        let mut session = Session::start(&self.identity, &bundle, 0, &mut rand::rng()).unwrap();
        let first = session.encrypt(&TEXT).unwrap();
        (session, first)
    }

    /// Reads the first message.
    fn answer(&self, other: &Self, first: &[u8]) -> Session {
        let keys = ResponderKeys {
            signed: &self.signed,
            kem: &self.kem,
            one_time: Some(&self.one_time),
        };
        let sender = other.identity.peer_id();
        let (session, text) = Session::accept(&self.identity, &keys, &sender, first, 0, &mut rand::rng()).unwrap();
        assert_eq!(text, TEXT);
        session
    }
}

impl super::Pair for Pair {
    type Wire = Vec<u8>;
    const NAME: &'static str = "orrery";

    fn talking() -> Self {
        let (alice, bob) = (Person::new(), Person::new());
        let (mut first, message) = alice.begin(&bob, &bob.bundle());
        let mut second = bob.answer(&alice, &message);
        let back = second.encrypt(&TEXT).unwrap();
        first.decrypt(&back, 0, &mut rand::rng()).unwrap();
        Self { first, second }
    }

    fn encrypt(&mut self, by_first: bool) -> Vec<u8> {
        let session = if by_first { &mut self.first } else { &mut self.second };
        session.encrypt(&TEXT).unwrap()
    }

    fn decrypt(&mut self, by_first: bool, wire: &Vec<u8>) -> Vec<u8> {
        let session = if by_first { &mut self.second } else { &mut self.first };
        session.decrypt(wire, 0, &mut rand::rng()).unwrap()
    }

    fn length(wire: &Vec<u8>) -> usize {
        wire.len()
    }

    fn stored(&self) -> usize {
        self.first.encode().0.len()
    }

    fn set_up(times: u64) -> Duration {
        let (alice, bob) = (Person::new(), Person::new());
        let bundle = bob.bundle();
        let start = Instant::now();
        for _ in 0..times {
            let (session, first) = alice.begin(&bob, &bundle);
            std::hint::black_box((session, bob.answer(&alice, &first)));
        }
        start.elapsed()
    }

    fn first_message() -> usize {
        let (alice, bob) = (Person::new(), Person::new());
        alice.begin(&bob, &bob.bundle()).1.len()
    }
}
