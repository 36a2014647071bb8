//! A prekey bundle whose every claim was checked.

use std::fmt;

use ml_kem::{
    Key,
    kem::Encapsulate,
    ml_kem_1024::{Ciphertext, EncapsulationKey},
};
use orrery_protocol::{PeerId, prekey::PrekeyBundle};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    curve,
    error::{BundleError, KeyError},
    identity, kdf,
};

/// Another person's prekeys, verified: the only form in which a handshake takes them.
pub struct VerifiedBundle {
    pub(crate) peer: PeerId,
    /// X25519 half of the identity.
    pub(crate) identity: [u8; 32],
    pub(crate) signed_id: u32,
    pub(crate) signed: [u8; 32],
    pub(crate) kem_id: u32,
    /// `0x0A ‖ key`.
    pub(crate) kem_encoded: Vec<u8>,
    kem: Box<EncapsulationKey>,
    pub(crate) one_time: Option<(u32, [u8; 32])>,
}

impl fmt::Debug for VerifiedBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedBundle")
            .field("peer", &self.peer)
            .field("signed_id", &self.signed_id)
            .field("kem_id", &self.kem_id)
            .field("one_time_id", &self.one_time.map(|(id, _)| id))
            .finish_non_exhaustive()
    }
}

impl VerifiedBundle {
    /// Checks that `bundle` is `wanted`'s and by `wanted`: ids, signatures (strictly), canonical and sound keys.
    /// `own` is who asks; one's own bundle served back would make a session with oneself.
    ///
    /// # Errors
    /// [`BundleError`] by what is wrong first. No Diffie-Hellman has been done then.
    pub fn verify(own: &PeerId, wanted: &PeerId, bundle: &PrekeyBundle) -> Result<Self, BundleError> {
        if bundle.peer == *own || wanted == own {
            return Err(BundleError::OwnBundle);
        }
        if bundle.peer != *wanted {
            return Err(BundleError::WrongPeer);
        }
        identity::check(wanted).map_err(BundleError::Identity)?;
        let of_identity = identity::x25519_of(wanted).map_err(BundleError::Identity)?;
        let signed = *bundle.signed.key;
        if !curve::is_sound_x25519(&signed) {
            return Err(BundleError::SignedPrekey);
        }
        identity::verify(
            wanted,
            &curve::encode_key(curve::X25519, &signed),
            &bundle.signed.signature,
        )
        .map_err(|_: KeyError| BundleError::SignedPrekey)?;
        let key: &Key<EncapsulationKey> = bundle
            .kem
            .key
            .as_slice()
            .try_into()
            .map_err(|_| BundleError::KemPrekey)?;
        let kem_encoded = super::encode_kem(key);
        identity::verify(wanted, &kem_encoded, &bundle.kem.signature).map_err(|_: KeyError| BundleError::KemPrekey)?;
        // FIPS 203 §7.2: refuses coefficients that are not reduced.
        let kem = EncapsulationKey::new(key).map_err(|_| BundleError::KemPrekey)?;
        let one_time = match &bundle.one_time {
            Some(prekey) if !curve::is_sound_x25519(&prekey.key) => return Err(BundleError::OneTimePrekey),
            Some(prekey) => Some((prekey.id, *prekey.key)),
            None => None,
        };
        Ok(Self {
            peer: *wanted,
            identity: of_identity,
            signed_id: bundle.signed.id,
            signed,
            kem_id: bundle.kem.id,
            kem_encoded,
            kem: Box::new(kem),
            one_time,
        })
    }

    /// Whose they are.
    #[must_use]
    pub const fn peer(&self) -> PeerId {
        self.peer
    }

    /// A fresh KEM ciphertext and its secret.
    pub(crate) fn encapsulate(&self, rng: &mut (impl CryptoRng + ?Sized)) -> (Ciphertext, kdf::Key) {
        let (ciphertext, secret) = self.kem.encapsulate_with_rng(rng);
        (ciphertext, Zeroizing::new(secret.into()))
    }
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::{constants::EIGHT_TORSION, edwards::CompressedEdwardsY};
    use serde_bytes::{ByteArray, ByteBuf};

    use super::*;
    use crate::{Identity, testing::Person};

    fn verify(own: &Identity, bundle: &PrekeyBundle) -> Result<VerifiedBundle, BundleError> {
        VerifiedBundle::verify(&own.peer_id(), &bundle.peer, bundle)
    }

    #[test]
    fn an_honest_bundle_is_taken_with_and_without_a_one_time_prekey() {
        let (a, b) = (Person::new(1), Person::new(2));
        assert!(verify(&a.identity, &b.bundle(true)).is_ok());
        assert!(verify(&a.identity, &b.bundle(false)).is_ok());
    }

    #[test]
    fn another_persons_or_ones_own_bundle_is_refused() {
        let (a, b, c) = (Person::new(1), Person::new(2), Person::new(3));
        let (own, wanted) = (a.identity.peer_id(), b.identity.peer_id());
        assert_eq!(
            VerifiedBundle::verify(&own, &wanted, &c.bundle(true)).unwrap_err(),
            BundleError::WrongPeer
        );
        assert_eq!(
            VerifiedBundle::verify(&own, &wanted, &a.bundle(true)).unwrap_err(),
            BundleError::OwnBundle
        );
        assert_eq!(
            VerifiedBundle::verify(&own, &own, &a.bundle(true)).unwrap_err(),
            BundleError::OwnBundle
        );
        // Mallory's keys under Bob's name.
        let mut forged = c.bundle(true);
        forged.peer = wanted;
        assert_eq!(verify(&a.identity, &forged).unwrap_err(), BundleError::SignedPrekey);
        // Bob's bundle under Mallory's name.
        let mut stolen = b.bundle(true);
        stolen.peer = c.identity.peer_id();
        assert_eq!(verify(&a.identity, &stolen).unwrap_err(), BundleError::SignedPrekey);
    }

    #[test]
    fn every_flipped_bit_of_a_signature_or_a_signed_key_is_refused() {
        let (a, b) = (Person::new(1), Person::new(2));
        let honest = b.bundle(true);
        for bit in 0..512 {
            let mut bad = honest.clone();
            bad.signed.signature[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verify(&a.identity, &bad).unwrap_err(), BundleError::SignedPrekey);
            let mut bad = honest.clone();
            bad.kem.signature[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verify(&a.identity, &bad).unwrap_err(), BundleError::KemPrekey);
        }
        for bit in 0..256 {
            let mut bad = honest.clone();
            bad.signed.key[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verify(&a.identity, &bad).unwrap_err(), BundleError::SignedPrekey);
        }
        for at in (0..1568).step_by(97) {
            let mut bad = honest.clone();
            bad.kem.key[at] ^= 1;
            assert_eq!(verify(&a.identity, &bad).unwrap_err(), BundleError::KemPrekey);
        }
    }

    #[test]
    fn a_signature_over_the_key_without_its_type_byte_is_refused() {
        let (a, b) = (Person::new(1), Person::new(2));
        let mut bad = b.bundle(false);
        bad.signed.signature = ByteArray::new(b.identity.sign(bad.signed.key.as_slice()));
        assert_eq!(verify(&a.identity, &bad).unwrap_err(), BundleError::SignedPrekey);
        bad = b.bundle(false);
        bad.signed.signature = ByteArray::new([0; 64]);
        assert_eq!(verify(&a.identity, &bad).unwrap_err(), BundleError::SignedPrekey);
        bad = b.bundle(false);
        bad.kem.signature = ByteArray::new(b.identity.sign(&bad.kem.key));
        assert_eq!(verify(&a.identity, &bad).unwrap_err(), BundleError::KemPrekey);
    }

    #[test]
    fn unsound_keys_are_refused_though_signed() {
        let (a, b) = (Person::new(1), Person::new(2));
        let mut weak = curve::LOW_ORDER.to_vec();
        let mut high_bit = *b.bundle(false).signed.key;
        high_bit[31] |= 0x80;
        weak.push(high_bit);
        for key in weak {
            let mut bad = b.bundle(true);
            bad.signed.key = ByteArray::new(key);
            bad.signed.signature = ByteArray::new(b.identity.sign(&curve::encode_key(curve::X25519, &key)));
            assert_eq!(verify(&a.identity, &bad).unwrap_err(), BundleError::SignedPrekey);
            let mut bad = b.bundle(true);
            bad.one_time.as_mut().unwrap().key = ByteArray::new(key);
            assert_eq!(verify(&a.identity, &bad).unwrap_err(), BundleError::OneTimePrekey);
        }
        // Coefficients of 4095 are beyond the modulus 3329.
        for key in [vec![0xff; 1568], vec![], vec![0; 1567], vec![0; 1569]] {
            let mut bad = b.bundle(true);
            bad.kem.signature = ByteArray::new(b.identity.sign(&crate::prekey::encode_kem(&key)));
            bad.kem.key = ByteBuf::from(key);
            assert_eq!(verify(&a.identity, &bad).unwrap_err(), BundleError::KemPrekey);
        }
    }

    #[test]
    fn a_weak_identity_has_no_bundle() {
        let a = Person::new(1);
        let mut bad = Person::new(2).bundle(true);
        bad.peer = PeerId([0; 32]);
        assert_eq!(
            verify(&a.identity, &bad).unwrap_err(),
            BundleError::Identity(KeyError::Weak)
        );
        // A key with a part of small order: a second id for the same person, as far as Diffie-Hellman can tell.
        let honest = CompressedEdwardsY(Person::new(2).identity.peer_id().0)
            .decompress()
            .unwrap();
        bad.peer = PeerId((honest + EIGHT_TORSION[1]).compress().to_bytes());
        assert_eq!(
            verify(&a.identity, &bad).unwrap_err(),
            BundleError::Identity(KeyError::Weak)
        );
    }
}
