//! Sealed sender: the envelope that a server carries. It sees the recipient and one of three sizes, never the sender.
//!
//! ```text
//! envelope  version 1 ‖ ephemeral 32 ‖ AES-256-GCM(body)
//! key       HKDF-SHA256(salt ephemeral ‖ recipient id, DH(ephemeral, X25519 of recipient), "Orrery_SEAL_v1", 44)
//!           → key 32 ‖ nonce 12;   AAD = version ‖ ephemeral
//! body      sender id 32 ‖ kind 1 ‖ message ‖ 80 ‖ 00…      to 512, 4096 or 20480 bytes
//! ```
//! The seal hides, it does not authenticate the sender: anyone can seal under any name. The ratchet message inside
//! proves who wrote it. The padding is ISO/IEC 7816-4's, inside the encryption.

use std::fmt;

use orrery_protocol::{PeerId, limits::PADDED_SIZES};
use rand_core::CryptoRng;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use crate::{
    Identity, aead, curve,
    error::SealError,
    identity,
    kdf::{self, AeadKey},
    wire::Reader,
};

const VERSION: u8 = 1;
/// Version and ephemeral key.
const PREFIX: usize = 1 + 32;
/// Sender and kind, and the byte that ends the message.
const FRAME: usize = 32 + 1 + 1;

/// What an envelope holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealKind {
    /// A message of a [`crate::Session`].
    Ratchet = 1,
}

impl TryFrom<u8> for SealKind {
    type Error = SealError;

    fn try_from(byte: u8) -> Result<Self, SealError> {
        match byte {
            1 => Ok(Self::Ratchet),
            other => Err(SealError::UnknownKind(other)),
        }
    }
}

/// What was in an envelope.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Who it says it is from. Unproven until the message inside was read.
    pub sender: PeerId,
    /// What `message` is.
    pub kind: SealKind,
    /// The bytes.
    pub message: Vec<u8>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed")
            .field("kind", &self.kind)
            .field("len", &self.message.len())
            .finish_non_exhaustive()
    }
}

fn padded(message: usize) -> Option<usize> {
    PADDED_SIZES
        .into_iter()
        .find(|size| message.checked_add(FRAME).is_some_and(|len| len <= *size))
}

/// The size of the envelope for a message of `message` bytes; `None` when it is too large for any.
#[must_use]
pub fn sealed_len(message: usize) -> Option<usize> {
    padded(message).map(|body| PREFIX + body + aead::TAG)
}

/// Seals a message.
///
/// # Errors
/// [`SealError::TooLarge`] beyond the largest size, [`SealError::Recipient`] for an id that is no sound key.
pub fn seal(
    sender: &PeerId,
    recipient: &PeerId,
    kind: SealKind,
    message: &[u8],
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Vec<u8>, SealError> {
    let body = padded(message.len()).ok_or(SealError::TooLarge)?;
    let theirs = identity::x25519_of(recipient).map_err(SealError::Recipient)?;
    let secret = StaticSecret::random_from_rng(rng);
    let ephemeral = curve::public_of(&secret);
    let shared = curve::dh(&secret, &theirs).map_err(|_| SealError::Recipient(crate::KeyError::Weak))?;
    let key = derive(shared.as_bytes(), &ephemeral, recipient);

    let mut envelope = Vec::with_capacity(PREFIX + body + aead::TAG);
    envelope.push(VERSION);
    envelope.extend_from_slice(&ephemeral);
    let aad = Reader(&envelope).array::<PREFIX>().map_err(|_| SealError::Malformed)?;
    envelope.extend_from_slice(sender.as_bytes());
    envelope.push(kind as u8);
    envelope.extend_from_slice(message);
    envelope.push(0x80);
    envelope.resize(PREFIX + body, 0);
    aead::encrypt_tail(&key, &aad, &mut envelope, PREFIX).map_err(|_| SealError::TooLarge)?;
    Ok(envelope)
}

/// Opens an envelope that came for `own`.
///
/// # Errors
/// [`SealError::Malformed`] and [`SealError::Version`] before any work, [`SealError::Authentication`] when it was not
/// sealed for this identity, [`SealError::UnknownKind`] when it was, by a newer version.
pub fn open(own: &Identity, envelope: &[u8]) -> Result<Sealed, SealError> {
    let (prefix, sealed) = envelope.split_first_chunk::<PREFIX>().ok_or(SealError::Malformed)?;
    let [version, ephemeral @ ..] = prefix;
    if *version != VERSION {
        return Err(SealError::Version);
    }
    if !PADDED_SIZES.into_iter().any(|size| size + aead::TAG == sealed.len()) {
        return Err(SealError::Malformed);
    }
    let shared = curve::dh(own.agreement(), ephemeral).map_err(|_| SealError::Malformed)?;
    let key = derive(shared.as_bytes(), ephemeral, &own.peer_id());
    let body = Zeroizing::new(aead::decrypt(&key, prefix, sealed).map_err(|_| SealError::Authentication)?);

    let (sender, rest) = body.split_first_chunk::<32>().ok_or(SealError::Malformed)?;
    let (kind, rest) = rest.split_first().ok_or(SealError::Malformed)?;
    let end = rest.iter().rposition(|byte| *byte != 0).ok_or(SealError::Malformed)?;
    let (message, end) = rest.split_at_checked(end).ok_or(SealError::Malformed)?;
    if end.first() != Some(&0x80) {
        return Err(SealError::Malformed);
    }
    Ok(Sealed {
        sender: PeerId(*sender),
        kind: SealKind::try_from(*kind)?,
        message: message.to_vec(),
    })
}

fn derive(shared: &[u8; 32], ephemeral: &[u8; 32], recipient: &PeerId) -> AeadKey {
    let mut salt = [0; 64];
    salt.iter_mut()
        .zip(ephemeral.iter().chain(recipient.as_bytes()))
        .for_each(|(to, from)| *to = *from);
    AeadKey::from_okm(&kdf::hkdf::<44>(&salt, shared, kdf::SEAL))
}

#[cfg(test)]
mod tests {
    use orrery_protocol::limits::{MAX_ENVELOPE, MAX_REQUEST_ENVELOPE};

    use super::*;
    use crate::{KeyError, testing::rng};

    fn people() -> (Identity, Identity) {
        (Identity::from_seed(&[1; 32]), Identity::from_seed(&[2; 32]))
    }

    fn sealed(message: &[u8]) -> Result<Vec<u8>, SealError> {
        let (a, b) = people();
        seal(&a.peer_id(), &b.peer_id(), SealKind::Ratchet, message, &mut rng(7))
    }

    #[test]
    fn what_was_sealed_is_opened_whatever_it_ends_with() {
        let (a, b) = people();
        for message in [
            &b""[..],
            b"hello",
            &[0; 40],
            &[0x80; 3],
            &[0x80, 0, 0],
            &[0xff; 477],
            &[7; 478],
            &[9; 479],
        ] {
            let opened = open(&b, &sealed(message).unwrap()).unwrap();
            assert_eq!((opened.sender, opened.kind), (a.peer_id(), SealKind::Ratchet));
            assert_eq!(opened.message, message);
        }
    }

    #[test]
    fn there_are_three_sizes_and_all_fit_the_server() {
        for (message, body) in [
            (0, 512),
            (478, 512),
            (479, 4096),
            (4062, 4096),
            (4063, 20480),
            (20446, 20480),
        ] {
            let envelope = sealed(&vec![1; message]).unwrap();
            assert_eq!(envelope.len(), body + 49, "{message}");
            assert_eq!(sealed_len(message), Some(envelope.len()));
        }
        assert_eq!(sealed(&vec![1; 20447]), Err(SealError::TooLarge));
        assert_eq!(sealed_len(20447), None);
        assert_eq!(sealed_len(usize::MAX), None);
        assert!(sealed_len(20446).unwrap() <= MAX_ENVELOPE);
        assert!(sealed_len(4062).unwrap() <= MAX_REQUEST_ENVELOPE);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_inert() {
        let (_, b) = people();
        let envelope = sealed(b"hello").unwrap();
        for bit in 0..envelope.len() * 8 {
            let mut bad = envelope.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&b, &bad).is_err(), "bit {bit}");
        }
        for len in 0..envelope.len() {
            assert_eq!(open(&b, &envelope[..len]), Err(SealError::Malformed));
        }
        let mut longer = envelope.clone();
        longer.push(0);
        assert_eq!(open(&b, &longer), Err(SealError::Malformed));
    }

    #[test]
    fn an_envelope_is_for_one_person_only() {
        let (a, _) = people();
        assert_eq!(open(&a, &sealed(b"hello").unwrap()), Err(SealError::Authentication));
    }

    #[test]
    fn two_envelopes_of_one_message_share_nothing() {
        let (a, b) = people();
        let mut rng = rng(3);
        let mut one = || seal(&a.peer_id(), &b.peer_id(), SealKind::Ratchet, b"same", &mut rng).unwrap();
        let (first, second) = (one(), one());
        assert_ne!(first[1..33], second[1..33]);
        assert_ne!(first[33..65], second[33..65]);
    }

    #[test]
    fn an_unsound_ephemeral_key_or_recipient_is_refused() {
        let (a, b) = people();
        for key in curve::LOW_ORDER {
            let mut bad = sealed(b"hello").unwrap();
            bad[1..33].copy_from_slice(&key);
            assert_eq!(open(&b, &bad), Err(SealError::Malformed));
        }
        let to = |id| seal(&a.peer_id(), &PeerId(id), SealKind::Ratchet, b"", &mut rng(1)).unwrap_err();
        assert_eq!(to([0; 32]), SealError::Recipient(KeyError::Weak));
        assert_eq!(to([0xff; 32]), SealError::Recipient(KeyError::NotAKey));
    }

    /// An envelope with any body, as a newer or hostile program could make it.
    fn with_body(body: Vec<u8>) -> Vec<u8> {
        let (_, b) = people();
        let secret = StaticSecret::from([5; 32]);
        let ephemeral = curve::public_of(&secret);
        let shared = curve::dh(&secret, &identity::x25519_of(&b.peer_id()).unwrap()).unwrap();
        let key = derive(shared.as_bytes(), &ephemeral, &b.peer_id());
        let mut envelope = [&[VERSION][..], &ephemeral].concat();
        let aad = envelope.clone();
        envelope.extend(body);
        aead::encrypt_tail(&key, &aad, &mut envelope, PREFIX).unwrap();
        envelope
    }

    #[test]
    fn a_genuine_envelope_with_a_bad_body_is_told_apart() {
        let (_, b) = people();
        let body = |kind: u8, end: &[u8]| {
            let mut body = [&[3; 32][..], &[kind], end].concat();
            body.resize(512, 0);
            body
        };
        assert!(open(&b, &with_body(body(1, &[7, 0x80]))).is_ok());
        assert_eq!(
            open(&b, &with_body(body(2, &[7, 0x80]))),
            Err(SealError::UnknownKind(2))
        );
        assert_eq!(open(&b, &with_body(body(1, &[7, 0x81]))), Err(SealError::Malformed));
        assert_eq!(open(&b, &with_body(body(1, &[]))), Err(SealError::Malformed));
        assert_eq!(open(&b, &with_body(vec![0; 513])), Err(SealError::Malformed));
    }

    #[test]
    fn an_opened_envelope_hides() {
        let (_, b) = people();
        insta::assert_snapshot!(format!("{:?}", open(&b, &sealed(b"hello").unwrap()).unwrap()), @"Sealed { kind: Ratchet, len: 5, .. }");
    }
}
