//! One ratchet with one peer, and the complete message as it travels inside an envelope or over a direct link.
//!
//! A session starts with a handshake whose header every message carries until the first answer, because any of them
//! may be the first to arrive. Its id is the SHA-256 of the initiator's encoded ephemeral key, so a repeated first
//! message finds the session it made instead of making a second one.
//!
//! ```text
//! initial  version 1 ‖ 1 ‖ opening ‖ header ‖ ciphertext          normal  version 1 ‖ 2 ‖ header ‖ ciphertext
//! opening  suite 2 ‖ ephemeral 32 ‖ signed prekey id ‖ KEM prekey id ‖ one-time flag ‖ one-time id ‖ generation ‖
//!          KEM ciphertext 1568        (numbers u32be; the flag is 0 or 1, and the id is 0 without one)
//! plaintext inside, initial  1 ‖ SHA-256(version ‖ 1 ‖ opening) ‖ payload         normal  2 ‖ payload
//! ```
//! The ratchet's associated data is pinned and holds neither the generation nor the prekey ids. The hash inside
//! authenticates them all the same: whoever changes a bit of an opening, or takes it off, gets nothing read.
//!
//! Both sides starting at once is normal: a peer may have several sessions, of which [`select_active`] names the one
//! to send on. All of them are read from.

use std::fmt;

use orrery_protocol::{PeerId, record::SecretBytes};
use rand_core::CryptoRng;

mod message;
mod state;

pub use message::{InitialInfo, Peek, Place, peek, place};

use self::message::{Inner, Message, Opening};
use crate::{
    Identity, VerifiedBundle,
    error::{AcceptError, DecryptError, EncryptError, HandshakeError, StateError},
    handshake::{self, Offer},
    prekey::{KemPrekeyPair, OneTimePrekeyPair, SignedPrekeyPair},
    ratchet::Ratchet,
};

/// A ratchet session with one peer. No `Clone`, as [`Ratchet`].
pub struct Session {
    id: [u8; 32],
    generation: u32,
    peer: PeerId,
    /// We started it. Our own first message coming back is then for nobody.
    initiator: bool,
    /// Goes in front of every message until the first answer has been read; `None` for the responder and afterwards.
    opening: Option<Opening>,
    ratchet: Ratchet,
}

/// The private halves that a first message asks for, found by the numbers in its [`InitialInfo`].
#[derive(Clone, Copy, Debug)]
pub struct ResponderKeys<'a> {
    /// The signed prekey it names.
    pub signed: &'a SignedPrekeyPair,
    /// The KEM prekey it names.
    pub kem: &'a KemPrekeyPair,
    /// The one-time prekey it names, when it names one.
    pub one_time: Option<&'a OneTimePrekeyPair>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("peer", &self.peer)
            .field("generation", &self.generation)
            .field("initiator", &self.initiator)
            .field("confirmed", &self.is_confirmed())
            .field("ratchet", &self.ratchet)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Starts a session. `generation` is 0 for the first with this peer and one more than the highest known for a heal.
    ///
    /// # Errors
    /// [`HandshakeError`] for unsound keys.
    pub fn start(
        own: &Identity,
        bundle: &VerifiedBundle,
        generation: u32,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Self, HandshakeError> {
        let (agreement, offer) = handshake::initiate(own, bundle, rng)?;
        let ratchet = Ratchet::initiate(&agreement.secret, &agreement.associated_data, bundle.signed, rng)?;
        let info = InitialInfo {
            session: handshake::session_id(&offer.ephemeral),
            signed_prekey: bundle.signed_id,
            kem_prekey: bundle.kem_id,
            one_time_prekey: bundle.one_time.map(|(id, _)| id),
            generation,
        };
        Ok(Self {
            id: info.session,
            generation,
            peer: bundle.peer,
            initiator: true,
            opening: Some(Opening::new(&info, &offer)),
            ratchet,
        })
    }

    /// Makes the session that a first message starts, and reads that message. `sender` comes from the envelope; the
    /// handshake proves it. `keys` are the halves that [`peek`] says the message asks for.
    ///
    /// The one-time half may be deleted only in the transaction that stores the session and the message.
    ///
    /// # Errors
    /// [`AcceptError`]; no session exists then and no half is used up.
    pub fn accept(
        own: &Identity,
        keys: &ResponderKeys<'_>,
        sender: &PeerId,
        bytes: &[u8],
        now_ms: u64,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<(Self, Vec<u8>), AcceptError> {
        let Message::Initial {
            info,
            offer,
            opening,
            header,
            ciphertext,
        } = Message::parse(bytes)?
        else {
            return Err(DecryptError::WrongSession.into());
        };
        if *sender == own.peer_id() {
            return Err(AcceptError::OwnMessage);
        }
        let ids = (
            keys.signed.id(),
            keys.kem.id(),
            keys.one_time.map(OneTimePrekeyPair::id),
        );
        if ids != (info.signed_prekey, info.kem_prekey, info.one_time_prekey) {
            return Err(AcceptError::UnknownPrekey);
        }
        let offer = Offer {
            ephemeral: *offer.ephemeral,
            kem_ciphertext: *offer.kem_ciphertext,
        };
        let agreement = handshake::respond(own, keys.signed, keys.kem, keys.one_time, sender, &offer)?;
        let (ratchet, framed) = Ratchet::respond(
            &agreement.secret,
            &agreement.associated_data,
            keys.signed.secret(),
            &header,
            ciphertext,
            now_ms,
            rng,
        )?;
        let plaintext = Inner::Initial(opening).strip(&framed)?.to_vec();
        let session = Self {
            id: info.session,
            generation: info.generation,
            peer: *sender,
            initiator: false,
            opening: None,
            ratchet,
        };
        Ok((session, plaintext))
    }

    /// The same on both sides.
    #[must_use]
    pub const fn id(&self) -> [u8; 32] {
        self.id
    }

    /// Heal generation, as the initiator said it.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// With whom.
    #[must_use]
    pub const fn peer(&self) -> PeerId {
        self.peer
    }

    /// Whether the other side is known to have it too: it has read from us or written to us.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        self.opening.is_none()
    }

    /// Whether a message with this ratchet key continues a chain that this session has read from. The session to try
    /// first; others may still be the right one.
    #[must_use]
    pub fn knows(&self, ratchet_key: &[u8; 32]) -> bool {
        self.ratchet.knows(ratchet_key)
    }

    /// Encrypts a message for the wire. **Store the advanced state before the result leaves the process.**
    ///
    /// # Errors
    /// [`EncryptError::Exhausted`] after 2³² messages without an answer; nothing is changed then.
    pub fn encrypt(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, EncryptError> {
        let inner = self
            .opening
            .as_ref()
            .map_or(Inner::Normal, |opening| Inner::Initial(opening.as_bytes()));
        let frame = inner.frame();
        let mut out = Vec::with_capacity(message::OVERHEAD + inner.outer().len() + plaintext.len());
        out.extend_from_slice(inner.outer());
        self.ratchet.encrypt_into(&[frame.as_slice(), plaintext], &mut out)?;
        Ok(out)
    }

    /// Decrypts a message from the wire. **Store the advanced state before the result is shown or acknowledged.**
    ///
    /// # Errors
    /// [`DecryptError`]; nothing is changed then.
    pub fn decrypt(
        &mut self,
        bytes: &[u8],
        now_ms: u64,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Vec<u8>, DecryptError> {
        let (inner, header, ciphertext) = match Message::parse(bytes)? {
            Message::Normal { header, ciphertext } => (Inner::Normal, header, ciphertext),
            Message::Initial {
                info,
                opening,
                header,
                ciphertext,
                ..
            } => {
                // Our own opening coming back is for nobody: only the responder reads openings.
                if info.session != self.id || self.initiator {
                    return Err(DecryptError::WrongSession);
                }
                (Inner::Initial(opening), header, ciphertext)
            }
        };
        let opened = self.ratchet.open(&header, ciphertext, now_ms)?;
        let plaintext = inner.strip(&opened.plaintext)?.to_vec();
        self.ratchet.commit(opened, now_ms, rng)?;
        self.opening = None;
        Ok(plaintext)
    }

    /// The state for storage, with version and checksum.
    #[must_use]
    pub fn encode(&self) -> SecretBytes {
        state::encode(self)
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`StateError`] for other versions, damage, and bytes too few or too many.
    pub fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        state::decode(bytes)
    }
}

/// The session to send on, of those given as (generation, id): the highest generation, then the lowest id. Both sides
/// choose the same one, whatever arrived last.
#[must_use]
pub fn select_active(sessions: impl IntoIterator<Item = (u32, [u8; 32])>) -> Option<[u8; 32]> {
    sessions
        .into_iter()
        .min_by_key(|(generation, id)| (std::cmp::Reverse(*generation), *id))
        .map(|(_, id)| id)
}
