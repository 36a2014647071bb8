//! PQXDH (revision 3): how two people agree on a secret while one of them is away.
//!
//! ```text
//! DH1 = DH(IK_A, SPK_B)   DH2 = DH(EK_A, IK_B)   DH3 = DH(EK_A, SPK_B)   DH4 = DH(EK_A, OPK_B), with a one-time prekey
//! SK  = HKDF-SHA256(salt 32×00, 32×FF ‖ DH1 ‖ DH2 ‖ DH3 [‖ DH4] ‖ KEM secret, PQXDH label)
//! AD  = Enc(IK_A) ‖ Enc(IK_B) ‖ suite ‖ SHA-256(Enc(KEM prekey))
//! ```
//! There is one suite and no way to ask for a weaker one. The KEM prekey and the suite are bound into the associated
//! data of every message, so neither can be exchanged on the way; the other prekeys are bound by the DH results.

use orrery_protocol::PeerId;
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use x25519_dalek::{SharedSecret, StaticSecret};
use zeroize::Zeroizing;

use crate::{
    Identity, VerifiedBundle, curve,
    error::HandshakeError,
    identity,
    kdf::{self, Key},
    prekey::{KEM_CIPHERTEXT, KemPrekeyPair, OneTimePrekeyPair, SignedPrekeyPair},
};

/// PQXDH with X25519, ML-KEM-1024 and SHA-256; the only suite there is.
pub const SUITE: u8 = 2;

/// What both sides hold after the handshake.
pub(crate) struct Agreement {
    /// SK.
    pub(crate) secret: Key,
    /// AD, bound to every message of the session.
    pub(crate) associated_data: Vec<u8>,
}

/// The initiator's half of the handshake that travels in the clear (inside the seal).
pub(crate) struct Offer {
    /// EK_A.
    pub(crate) ephemeral: [u8; 32],
    /// For the KEM prekey.
    pub(crate) kem_ciphertext: [u8; KEM_CIPHERTEXT],
}

/// The DH results in the order of the specification.
pub(crate) struct Exchange {
    pub(crate) dh1: SharedSecret,
    pub(crate) dh2: SharedSecret,
    pub(crate) dh3: SharedSecret,
    pub(crate) dh4: Option<SharedSecret>,
}

impl Exchange {
    /// The initiator's computation.
    pub(crate) fn initiate(
        own: &Identity,
        ephemeral: &StaticSecret,
        their_identity: &[u8; 32],
        signed: &[u8; 32],
        one_time: Option<&[u8; 32]>,
    ) -> Result<Self, HandshakeError> {
        Ok(Self {
            dh1: curve::dh(own.agreement(), signed)?,
            dh2: curve::dh(ephemeral, their_identity)?,
            dh3: curve::dh(ephemeral, signed)?,
            dh4: one_time.map(|key| curve::dh(ephemeral, key)).transpose()?,
        })
    }

    /// The responder's computation.
    pub(crate) fn respond(
        own: &Identity,
        signed: &StaticSecret,
        one_time: Option<&StaticSecret>,
        their_identity: &[u8; 32],
        ephemeral: &[u8; 32],
    ) -> Result<Self, HandshakeError> {
        Ok(Self {
            dh1: curve::dh(signed, their_identity)?,
            dh2: curve::dh(own.agreement(), ephemeral)?,
            dh3: curve::dh(signed, ephemeral)?,
            dh4: one_time.map(|secret| curve::dh(secret, ephemeral)).transpose()?,
        })
    }

    /// The secret under `label`, with the KEM's secret last.
    pub(crate) fn secret(&self, label: &[u8], kem: Option<&[u8; 32]>) -> Key {
        // F, at most four results and the KEM's secret: a vector that grows would leave copies behind.
        let mut ikm = Zeroizing::new(Vec::with_capacity(192));
        ikm.extend_from_slice(&[0xFF; 32]);
        for dh in [Some(&self.dh1), Some(&self.dh2), Some(&self.dh3), self.dh4.as_ref()]
            .into_iter()
            .flatten()
        {
            ikm.extend_from_slice(dh.as_bytes());
        }
        if let Some(kem) = kem {
            ikm.extend_from_slice(kem);
        }
        kdf::hkdf(&[0; 32], &ikm, label)
    }
}

/// AD: both encoded identities, then the suite and the hash of the encoded KEM prekey.
pub(crate) fn associated_data(initiator: &PeerId, responder: &PeerId, kem_encoded: &[u8]) -> Vec<u8> {
    let mut bytes = identities(initiator, responder);
    bytes.push(SUITE);
    bytes.extend_from_slice(&Sha256::digest(kem_encoded));
    bytes
}

/// Both encoded identities.
pub(crate) fn identities(initiator: &PeerId, responder: &PeerId) -> Vec<u8> {
    [initiator, responder]
        .map(|peer| curve::encode_key(curve::ED25519, &peer.0))
        .concat()
}

/// The initiator's side.
pub(crate) fn initiate(
    own: &Identity,
    bundle: &VerifiedBundle,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<(Agreement, Offer), HandshakeError> {
    let ephemeral = StaticSecret::random_from_rng(rng);
    let (ciphertext, kem_secret) = bundle.encapsulate(rng);
    let one_time = bundle.one_time.as_ref().map(|(_, key)| key);
    let exchange = Exchange::initiate(own, &ephemeral, &bundle.identity, &bundle.signed, one_time)?;
    let agreement = Agreement {
        secret: exchange.secret(kdf::PQXDH, Some(&kem_secret)),
        associated_data: associated_data(&own.peer_id(), &bundle.peer, &bundle.kem_encoded),
    };
    let offer = Offer {
        ephemeral: curve::public_of(&ephemeral),
        kem_ciphertext: ciphertext.into(),
    };
    Ok((agreement, offer))
}

/// The responder's side.
pub(crate) fn respond(
    own: &Identity,
    signed: &SignedPrekeyPair,
    kem: &KemPrekeyPair,
    one_time: Option<&OneTimePrekeyPair>,
    sender: &PeerId,
    offer: &Offer,
) -> Result<Agreement, HandshakeError> {
    identity::check(sender).map_err(HandshakeError::Identity)?;
    let their_identity = identity::x25519_of(sender).map_err(HandshakeError::Identity)?;
    let one_time = one_time.map(OneTimePrekeyPair::secret);
    let exchange = Exchange::respond(own, signed.secret(), one_time, &their_identity, &offer.ephemeral)?;
    let kem_secret = kem.decapsulate(&offer.kem_ciphertext);
    let agreement = Agreement {
        secret: exchange.secret(kdf::PQXDH, Some(&kem_secret)),
        associated_data: associated_data(sender, &own.peer_id(), &kem.encoded_public()),
    };
    Ok(agreement)
}

/// A session's id: SHA-256 of the initiator's encoded ephemeral key, so both sides call it the same.
pub(crate) fn session_id(ephemeral: &[u8; 32]) -> [u8; 32] {
    Sha256::digest(curve::encode_key(curve::X25519, ephemeral)).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Person, rng, wiped};

    #[test]
    fn what_both_sides_hold_and_how_they_came_to_it_is_wiped() {
        let (a, b) = (Person::new(1), Person::new(2));
        let bundle = VerifiedBundle::verify(&a.identity.peer_id(), &b.identity.peer_id(), &b.bundle(true)).unwrap();
        let (agreement, _) = initiate(&a.identity, &bundle, &mut rng(3)).unwrap();
        let Agreement {
            secret,
            associated_data: _,
        } = &agreement;
        wiped(secret);
        let ephemeral = StaticSecret::from([7; 32]);
        let exchange = Exchange::initiate(&a.identity, &ephemeral, &bundle.identity, &bundle.signed, None).unwrap();
        let Exchange { dh1, dh2, dh3, dh4 } = &exchange;
        wiped(dh1);
        wiped(dh2);
        wiped(dh3);
        wiped(dh4);
    }
}
