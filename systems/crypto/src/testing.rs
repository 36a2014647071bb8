//! What the laws in this crate share: seeded randomness and people with prekeys.

use orrery_protocol::prekey::PrekeyBundle;
use rand::{SeedableRng, rngs::ChaCha20Rng};

use crate::{Identity, KemPrekeyPair, OneTimePrekeyPair, SignedPrekeyPair};

/// The same draws for the same seed.
pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// Holds of nothing but what is wiped when it goes.
pub(crate) fn wiped<T: zeroize::ZeroizeOnDrop + ?Sized>(_: &T) {}

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

    pub(crate) fn bundle(&self, one_time: bool) -> PrekeyBundle {
        PrekeyBundle {
            peer: self.identity.peer_id(),
            signed: self.signed.public(),
            kem: self.kem.public(),
            one_time: one_time.then(|| self.one_time.public()),
        }
    }
}
