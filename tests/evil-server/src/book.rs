//! What an evil server remembers: everything.

use std::collections::{BTreeMap, HashSet};

use orrery_protocol::{
    PeerId,
    frame::{DropRequest, SocketRequest},
    prekey::{KemPrekey, OneTimePrekey, PrekeyBundle, SignedPrekey},
};

use crate::{Door, Frame, Mischief, Way};

/// One message that came in, as it came, before anything was changed.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The connection; numbers grow.
    pub line: u64,
    /// Which WebSocket.
    pub door: Door,
    /// Which direction.
    pub way: Way,
    /// The message's bytes, unmasked.
    pub bytes: Vec<u8>,
    /// The same, read.
    pub frame: Frame,
}

/// Prekeys as somebody published them.
#[derive(Clone, Debug)]
pub struct Published {
    /// Signed prekey.
    pub signed: SignedPrekey,
    /// KEM prekey.
    pub kem: KemPrekey,
    /// One-time prekeys.
    pub one_time: Vec<OneTimePrekey>,
}

impl Published {
    /// As a bundle, with the first one-time prekey.
    #[must_use]
    pub fn bundle(&self, peer: PeerId) -> PrekeyBundle {
        PrekeyBundle {
            peer,
            signed: self.signed.clone(),
            kem: self.kem.clone(),
            one_time: self.one_time.first().cloned(),
        }
    }
}

/// Everything there is to remember.
#[derive(Debug, Default)]
pub struct Book {
    /// Whether messages and raw bytes are kept. What the mischiefs need always is.
    pub keeps_all: bool,
    /// All messages.
    pub seen: Vec<Seen>,
    /// What each person published, oldest first.
    pub published: BTreeMap<PeerId, Vec<Published>>,
    /// Genuine envelopes by recipient, oldest first.
    pub mail: BTreeMap<PeerId, Vec<Vec<u8>>>,
    /// Genuine deposits that were kept back.
    pub withheld: Vec<DropRequest>,
    /// Mail whose acknowledgement does not reach the honest server, by owner and number: what was delivered was not it.
    pub unacknowledged: HashSet<(PeerId, u64)>,
    /// How often each mischief struck.
    pub struck: BTreeMap<Mischief, u64>,
    /// Fetches so far, by whom they were for.
    pub fetches: BTreeMap<PeerId, u64>,
}

impl Book {
    /// Notes a message that came in from `peer`, as far as somebody is logged in there.
    pub(crate) fn note(&mut self, peer: Option<PeerId>, seen: Seen) {
        match (&seen.frame, peer) {
            (
                Frame::Ask(SocketRequest::PublishPrekeys {
                    signed, kem, one_time, ..
                }),
                Some(peer),
            ) => self.published.entry(peer).or_default().push(Published {
                signed: signed.clone(),
                kem: kem.clone(),
                one_time: one_time.clone(),
            }),
            (Frame::Want(DropRequest::Deposit { to, envelope, .. }), _) => {
                self.mail.entry(*to).or_default().push(envelope.to_vec());
            }
            _ => {}
        }
        if self.keeps_all {
            self.seen.push(seen);
        }
    }

    pub(crate) fn strike(&mut self, mischief: Mischief) {
        *self.struck.entry(mischief).or_default() += 1;
    }
}
