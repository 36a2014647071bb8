//! A person's long-term key. The Ed25519 public key *is* the peer's id; X25519 comes from the same secret.

use std::fmt;

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use orrery_protocol::{PeerId, record::SecretBytes};
use rand_core::CryptoRng;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use crate::{
    curve,
    error::{KeyError, StateError},
    wire,
};

const VERSION: u8 = 1;

/// A person's secret half. Wiped on drop, hidden in `Debug`.
#[derive(Clone)]
pub struct Identity {
    signing: SigningKey,
    agreement: StaticSecret,
    peer: PeerId,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// A new person.
    #[must_use]
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut_slice());
        Self::from_seed(&seed)
    }

    /// From an Ed25519 seed (RFC 8032 §5.1.5). Every 32 bytes are one.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let signing = SigningKey::from_bytes(seed);
        let agreement = StaticSecret::from(signing.to_scalar_bytes());
        let peer = PeerId(signing.verifying_key().to_bytes());
        Self {
            signing,
            agreement,
            peer,
        }
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`StateError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let mut reader = wire::open(bytes, VERSION)?;
        let seed = Zeroizing::new(reader.array::<32>()?);
        if reader.is_empty() {
            Ok(Self::from_seed(&seed))
        } else {
            Err(StateError::Malformed)
        }
    }

    /// The secret for storage: version, seed, checksum.
    #[must_use]
    pub fn to_bytes(&self) -> SecretBytes {
        let mut state = wire::begin(VERSION, 32);
        state.0.extend_from_slice(self.signing.as_bytes());
        wire::finish(state)
    }

    /// The public half, which is the person's id.
    #[must_use]
    pub const fn peer_id(&self) -> PeerId {
        self.peer
    }

    /// Signs with Ed25519 (RFC 8032). Never sign bytes that somebody else chose: put a context string in front.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signing.sign(message).to_bytes()
    }

    /// The X25519 half.
    pub(crate) const fn agreement(&self) -> &StaticSecret {
        &self.agreement
    }
}

/// Verifies an Ed25519 signature strictly: no small-order keys or commitments, no unreduced scalars.
///
/// # Errors
/// [`KeyError::NotAKey`] or [`KeyError::Weak`] for the id, [`KeyError::Signature`] for the signature.
pub fn verify(peer: &PeerId, message: &[u8], signature: &[u8; 64]) -> Result<(), KeyError> {
    let key = VerifyingKey::from(point(peer)?);
    key.verify_strict(message, &Signature::from_bytes(signature))
        .map_err(|_| KeyError::Signature)
}

/// The X25519 public key that belongs to an identity (RFC 7748 §4.1, the birational map).
///
/// # Errors
/// [`KeyError::NotAKey`] for bytes that are no canonical point, [`KeyError::Weak`] for one of small order.
pub fn x25519_of(peer: &PeerId) -> Result<[u8; 32], KeyError> {
    Ok(point(peer)?.to_montgomery().to_bytes())
}

/// Whether an id is a proper identity key: canonical and in the prime-order group. Worth asking of every id that comes
/// from outside before anything is stored for it.
///
/// # Errors
/// [`KeyError::NotAKey`] or [`KeyError::Weak`].
pub fn check(peer: &PeerId) -> Result<(), KeyError> {
    if point(peer)?.is_torsion_free() {
        Ok(())
    } else {
        Err(KeyError::Weak)
    }
}

fn point(peer: &PeerId) -> Result<EdwardsPoint, KeyError> {
    if !curve::is_field_element(&peer.0) {
        return Err(KeyError::NotAKey);
    }
    let point = CompressedEdwardsY(peer.0).decompress().ok_or(KeyError::NotAKey)?;
    if point.is_small_order() {
        Err(KeyError::Weak)
    } else {
        Ok(point)
    }
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::EIGHT_TORSION;

    use super::*;

    #[test]
    fn the_id_is_the_ed25519_key_of_rfc_8032() {
        // RFC 8032 §7.1, test 1.
        let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let public = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        let identity = Identity::from_seed(&seed);
        assert_eq!(identity.peer_id(), PeerId(public));
        let signature = identity.sign(b"");
        assert_eq!(&signature[..4], [0xe5, 0x56, 0x43, 0x00]);
        assert_eq!(verify(&identity.peer_id(), b"", &signature), Ok(()));
    }

    #[test]
    fn both_halves_of_the_agreement_key_belong_together() {
        let identity = Identity::from_seed(&[8; 32]);
        assert_eq!(
            x25519_of(&identity.peer_id()),
            Ok(curve::public_of(identity.agreement()))
        );
    }

    #[test]
    fn a_signature_is_good_for_one_message_and_one_key() {
        let (a, b) = (Identity::from_seed(&[1; 32]), Identity::from_seed(&[2; 32]));
        let signature = a.sign(b"one");
        assert_eq!(verify(&a.peer_id(), b"two", &signature), Err(KeyError::Signature));
        assert_eq!(verify(&b.peer_id(), b"one", &signature), Err(KeyError::Signature));
        for at in 0..64 {
            let mut bad = signature;
            bad[at] ^= 1;
            assert_eq!(
                verify(&a.peer_id(), b"one", &bad),
                Err(KeyError::Signature),
                "byte {at}"
            );
        }
    }

    #[test]
    fn a_weak_id_is_nobody() {
        for torsion in EIGHT_TORSION {
            let id = PeerId(torsion.compress().to_bytes());
            assert_eq!(x25519_of(&id), Err(KeyError::Weak));
            assert_eq!(verify(&id, b"", &[0; 64]), Err(KeyError::Weak));
            let honest = CompressedEdwardsY(Identity::from_seed(&[1; 32]).peer_id().0)
                .decompress()
                .unwrap();
            let mixed = check(&PeerId((honest + torsion).compress().to_bytes()));
            assert_eq!(mixed.is_ok(), torsion == EIGHT_TORSION[0]);
        }
        // y = p and y = p + 1 are other spellings of 0 and 1.
        for first in [0xed, 0xee] {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (first, 0x7f);
            assert_eq!(check(&PeerId(bytes)), Err(KeyError::NotAKey));
        }
        assert_eq!(check(&PeerId([2; 32])), Err(KeyError::NotAKey));
    }

    #[test]
    fn an_identity_survives_storage_and_hides() {
        let identity = Identity::from_seed(&[9; 32]);
        let stored = identity.to_bytes();
        assert_eq!(Identity::from_bytes(&stored.0).unwrap().peer_id(), identity.peer_id());
        for len in 0..stored.0.len() {
            assert!(Identity::from_bytes(&stored.0[..len]).is_err());
        }
        insta::assert_snapshot!(format!("{identity:?}"), @"Identity { peer: PeerId(7ulsioc2…), .. }");
    }

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
    }

    #[test]
    fn both_secrets_of_an_identity_are_wiped() {
        let Identity {
            signing,
            agreement,
            peer: _,
        } = &Identity::from_seed(&[9; 32]);
        crate::testing::wiped(signing);
        crate::testing::wiped(agreement);
        crate::testing::wiped(&Identity::from_seed(&[9; 32]).to_bytes());
    }
}
