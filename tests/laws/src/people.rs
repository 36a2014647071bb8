//! People with keys, the same ones in every run: a law needs something genuine beside what is forged.

use std::sync::OnceLock;

use orrery_crypto::{
    Identity, KemPrekeyPair, OneTimePrekeyPair, ResponderKeys, Session, SignedPrekeyPair, VerifiedBundle,
};
use orrery_protocol::{PeerId, prekey::PrekeyBundle};
use rand::{SeedableRng, rngs::ChaCha20Rng};

/// The wall clock of every law, milliseconds since the Unix epoch.
pub(crate) const NOW_MS: u64 = 1_790_000_000_000;

/// The same draws for the same seed.
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
    fn new(seed: u64) -> Self {
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

    pub(crate) fn start(&self, other: &Self, one_time: bool, seed: u64) -> Session {
        let bundle = VerifiedBundle::verify(&self.peer(), &other.peer(), &other.bundle(one_time)).unwrap();
        Session::start(&self.identity, &bundle, 0, &mut rng(seed)).unwrap()
    }
}

/// Two who talk, and one who has nothing to do with it.
pub(crate) struct Three {
    pub(crate) alice: Person,
    pub(crate) bob: Person,
    pub(crate) mallory: Person,
}

pub(crate) fn three() -> &'static Three {
    static THREE: OnceLock<Three> = OnceLock::new();
    THREE.get_or_init(|| Three {
        alice: Person::new(1),
        bob: Person::new(2),
        mallory: Person::new(3),
    })
}

/// Messages of Alice's that Bob can read from a stored state of his, and that state.
pub(crate) struct Talk {
    /// Bob's session, stored: it has read some, leapt over some, and turned a few times.
    pub(crate) state: Vec<u8>,
    /// Alice's messages and what they say. Some of the first were read before the state was stored.
    pub(crate) messages: Vec<(Vec<u8>, Vec<u8>)>,
    /// Bob's own messages, which nobody but Alice reads.
    pub(crate) own: Vec<Vec<u8>>,
}

/// How many of [`Talk::messages`] the state has read already: these places.
pub(crate) const READ: [usize; 4] = [0, 2, 7, 12];

pub(crate) fn talk() -> &'static Talk {
    static TALK: OnceLock<Talk> = OnceLock::new();
    TALK.get_or_init(|| {
        let Three { alice, bob, .. } = three();
        let mut rng = rng(5);
        let mut at_alice = alice.start(bob, true, 4);
        let (mut messages, mut own) = (Vec::<(Vec<u8>, Vec<u8>)>::new(), Vec::<Vec<u8>>::new());
        let say = |session: &mut Session, messages: &mut Vec<(Vec<u8>, Vec<u8>)>, count: usize| {
            for _ in 0..count {
                let words = format!("message {}", messages.len()).into_bytes();
                messages.push((session.encrypt(&words).unwrap(), words));
            }
        };
        // Five in the first chain, of which Bob reads two; his answers turn the ratchet twice; the last chain is unread.
        say(&mut at_alice, &mut messages, 5);
        let (mut at_bob, _) = Session::accept(
            &bob.identity,
            &bob.keys(true),
            &alice.peer(),
            &messages[READ[0]].0,
            NOW_MS,
            &mut rng,
        )
        .unwrap();
        at_bob.decrypt(&messages[READ[1]].0, NOW_MS, &mut rng).unwrap();
        for (more, read) in [(5, READ[2]), (5, READ[3])] {
            let answer = at_bob.encrypt(b"answer").unwrap();
            at_alice.decrypt(&answer, NOW_MS, &mut rng).unwrap();
            own.push(answer);
            say(&mut at_alice, &mut messages, more);
            at_bob.decrypt(&messages[read].0, NOW_MS, &mut rng).unwrap();
        }
        let answer = at_bob.encrypt(b"answer").unwrap();
        at_alice.decrypt(&answer, NOW_MS, &mut rng).unwrap();
        own.push(answer);
        say(&mut at_alice, &mut messages, 5);
        Talk {
            state: at_bob.encode().0.clone(),
            messages,
            own,
        }
    })
}
