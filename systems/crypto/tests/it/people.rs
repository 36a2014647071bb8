//! People with prekeys, and sessions between them.

use orrery_crypto::{
    Identity, InitialInfo, KemPrekeyPair, OneTimePrekeyPair, Peek, ResponderKeys, Session, SignedPrekeyPair,
    VerifiedBundle, session::peek,
};
use orrery_protocol::{PeerId, prekey::PrekeyBundle};
use rand::{SeedableRng, rngs::ChaCha20Rng};

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// Somebody with one prekey of each kind.
pub(crate) struct Person {
    pub(crate) identity: Identity,
    pub(crate) signed: SignedPrekeyPair,
    pub(crate) kem: KemPrekeyPair,
    pub(crate) one_time: OneTimePrekeyPair,
}

impl Person {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = rng(seed);
        let identity = Identity::generate(&mut rng);
        Self {
            signed: SignedPrekeyPair::generate(&identity, 11, &mut rng),
            kem: KemPrekeyPair::generate(&identity, 12, &mut rng),
            one_time: OneTimePrekeyPair::generate(13, &mut rng),
            identity,
        }
    }

    pub(crate) fn peer(&self) -> PeerId {
        self.identity.peer_id()
    }

    pub(crate) fn bundle(&self, one_time: bool) -> PrekeyBundle {
        PrekeyBundle {
            peer: self.peer(),
            signed: self.signed.public(),
            kem: self.kem.public(),
            one_time: one_time.then(|| self.one_time.public()),
        }
    }

    pub(crate) fn keys(&self, one_time: bool) -> ResponderKeys<'_> {
        ResponderKeys {
            signed: &self.signed,
            kem: &self.kem,
            one_time: one_time.then_some(&self.one_time),
        }
    }

    pub(crate) fn start(&self, other: &Self, one_time: bool, generation: u32, seed: u64) -> Session {
        let bundle = VerifiedBundle::verify(&self.peer(), &other.peer(), &other.bundle(one_time)).unwrap();
        Session::start(&self.identity, &bundle, generation, &mut rng(seed)).unwrap()
    }
}

/// Two people who have exchanged a message each way.
pub(crate) fn talking() -> (Session, Session) {
    let (a, b) = (Person::new(1), Person::new(2));
    let mut at_a = a.start(&b, true, 0, 3);
    let first = at_a.encrypt(b"first").unwrap();
    let (mut at_b, _) = Session::accept(&b.identity, &b.keys(true), &a.peer(), &first, 0, &mut rng(4)).unwrap();
    let answer = at_b.encrypt(b"answer").unwrap();
    assert_eq!(at_a.decrypt(&answer, 0, &mut rng(5)).unwrap(), b"answer");
    (at_a, at_b)
}

pub(crate) fn info(bytes: &[u8]) -> InitialInfo {
    match peek(bytes).unwrap() {
        Peek::Initial(info) => info,
        Peek::Normal { .. } => panic!("not an initial message"),
    }
}
