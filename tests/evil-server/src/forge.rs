//! What a server can make that holds nobody's keys but its own.

use orrery_crypto::{
    Identity, KemPrekeyPair, OneTimePrekeyPair, SealKind, Session, SignedPrekeyPair, VerifiedBundle, seal,
};
use orrery_protocol::{
    CallId, MessageId, PeerId, Token, encode,
    limits::PADDED_SIZES,
    note::{Body, Introduction, Item, ItemKind, Note},
    prekey::PrekeyBundle,
    signal::{CallSignal, CallStep},
};

use crate::Dice;

/// Version, ephemeral key and tag: what a seal adds to its body.
pub const SEAL: usize = 1 + 32 + 16;

/// Somebody that the server is itself: an identity with prekeys of its own.
pub struct Stranger {
    identity: Identity,
    signed: SignedPrekeyPair,
    kem: KemPrekeyPair,
    one_time: OneTimePrekeyPair,
    dice: Dice,
}

impl std::fmt::Debug for Stranger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stranger")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

impl Stranger {
    /// Somebody new, the same for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let identity = Identity::generate(dice.rng());
        Self {
            signed: SignedPrekeyPair::generate(&identity, 1, dice.rng()),
            kem: KemPrekeyPair::generate(&identity, 1, dice.rng()),
            one_time: OneTimePrekeyPair::generate(1, dice.rng()),
            identity,
            dice,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> PeerId {
        self.identity.peer_id()
    }

    /// Its bundle: valid, in its own name.
    #[must_use]
    pub fn bundle(&self) -> PrekeyBundle {
        PrekeyBundle {
            peer: self.id(),
            signed: self.signed.public(),
            kem: self.kem.public(),
            one_time: Some(self.one_time.public()),
        }
    }

    /// A seal in anybody's name. Everybody can make one.
    ///
    /// # Panics
    /// For a recipient that is nobody.
    pub fn seal(&mut self, sender: &PeerId, to: &PeerId, message: &[u8]) -> Vec<u8> {
        seal::seal(sender, to, SealKind::Ratchet, message, self.dice.rng()).expect("a recipient with a sound key")
    }

    /// Random bytes of one of the sizes that envelopes have.
    pub fn noise(&mut self) -> Vec<u8> {
        let size = *self.dice.pick(&PADDED_SIZES).expect("three sizes");
        let mut bytes = self.dice.bytes(size + SEAL);
        bytes[0] = 1;
        bytes
    }

    /// A seal in somebody's name around a message of the right form that no session ever made.
    pub fn false_message(&mut self, sender: &PeerId, to: &PeerId) -> Vec<u8> {
        // Version 1, kind 2, ratchet key, PN 0, N 0, ciphertext.
        let mut message = vec![1, 2];
        message.extend(self.dice.bytes(32));
        message.extend([0; 8]);
        let len = 60 + self.dice.place(300);
        message.extend(self.dice.bytes(len));
        self.seal(sender, to, &message)
    }

    /// A seal in the name of `sender` around a first message of a session of this stranger: all is genuine but the name.
    ///
    /// # Panics
    /// When the bundle is not `to`'s.
    pub fn first_message(&mut self, sender: &PeerId, bundle: &PrekeyBundle, body: Body) -> Vec<u8> {
        let to = bundle.peer;
        let verified = VerifiedBundle::verify(&self.id(), &to, bundle).expect("a genuine bundle");
        let mut session = Session::start(&self.identity, &verified, 0, self.dice.rng()).expect("sound keys");
        let note = encode(&Note::new(1_000, body)).expect("a note");
        let message = session.encrypt(&note).expect("room in the chain");
        self.seal(sender, &to, &message)
    }

    /// A text that says it is the `seq`-th of its author.
    pub fn text(&mut self, text: &str, seq: u64) -> Body {
        Body::Item(Item {
            id: MessageId(self.dice.bytes(16).try_into().expect("sixteen")),
            seq,
            lamport: seq,
            kind: ItemKind::Text {
                text: text.to_owned(),
                reply_to: None,
            },
        })
    }

    /// A ring of `from` to `to` at `now_ms`.
    pub fn ring(&mut self, from: &PeerId, to: &PeerId, now_ms: u64) -> Body {
        Body::Call(CallSignal {
            call: CallId(self.dice.bytes(16).try_into().expect("sixteen")),
            seq: 0,
            from: *from,
            to: *to,
            issued_ms: now_ms,
            expires_ms: now_ms + 45_000,
            step: CallStep::Ring {
                members: Vec::new(),
                token: None,
            },
        })
    }

    /// An introduction under this name.
    pub fn introduction(&mut self, name: &str, via: &str) -> Introduction {
        Introduction {
            name: name.to_owned(),
            via: via.to_owned(),
            token: Token(self.dice.bytes(32).try_into().expect("thirty-two")),
        }
    }
}
