//! The pieces under the protocol, open for byte-for-byte comparison with independent implementations. Only with the
//! feature `vectors`, which tests switch on and programs never do: plain X3DH and copies of a ratchet live here.

use orrery_protocol::PeerId;
use x25519_dalek::StaticSecret;

use crate::{
    Identity,
    error::{HandshakeError, StateError},
    handshake::{self, Exchange},
    identity,
    kdf::{self, AeadKey},
    prekey::{self, KEM_CIPHERTEXT},
    ratchet::Ratchet,
    wire::{self, Reader},
};

/// What a handshake computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// DH1, DH2, DH3 and, with a one-time prekey, DH4.
    pub dh: Vec<[u8; 32]>,
    /// SK.
    pub secret: [u8; 32],
    /// AD.
    pub associated_data: Vec<u8>,
    /// The KEM's secret.
    pub kem_secret: Option<[u8; 32]>,
}

fn agreed(exchange: &Exchange, initiator: &PeerId, responder: &PeerId, kem: Option<(Vec<u8>, [u8; 32])>) -> Agreed {
    let (secret, associated_data) = match &kem {
        Some((encoded, kem_secret)) => (
            exchange.secret(kdf::PQXDH, Some(kem_secret)),
            handshake::associated_data(initiator, responder, encoded),
        ),
        None => (
            exchange.secret(kdf::X3DH, None),
            handshake::identities(initiator, responder),
        ),
    };
    let dh = [
        Some(&exchange.dh1),
        Some(&exchange.dh2),
        Some(&exchange.dh3),
        exchange.dh4.as_ref(),
    ];
    Agreed {
        dh: dh.into_iter().flatten().map(|dh| dh.to_bytes()).collect(),
        secret: *secret,
        associated_data,
        kem_secret: kem.map(|(_, secret)| secret),
    }
}

/// The initiator's handshake with a given ephemeral secret and, for the KEM, its public key and shared secret.
///
/// # Errors
/// [`HandshakeError`] for unsound keys.
pub fn initiate(
    own: &Identity,
    responder: &PeerId,
    signed: &[u8; 32],
    one_time: Option<&[u8; 32]>,
    ephemeral: [u8; 32],
    kem: Option<(&[u8], [u8; 32])>,
) -> Result<Agreed, HandshakeError> {
    let theirs = identity::x25519_of(responder).map_err(HandshakeError::Identity)?;
    let exchange = Exchange::initiate(own, &StaticSecret::from(ephemeral), &theirs, signed, one_time)?;
    let kem = kem.map(|(key, secret)| (prekey::encode_kem(key), secret));
    Ok(agreed(&exchange, &own.peer_id(), responder, kem))
}

/// The responder's handshake with given private halves and, for the KEM, its seed and the ciphertext.
///
/// # Errors
/// [`HandshakeError`] for unsound keys.
pub fn respond(
    own: &Identity,
    initiator: &PeerId,
    signed: [u8; 32],
    one_time: Option<[u8; 32]>,
    ephemeral: &[u8; 32],
    kem: Option<(&[u8; 64], &[u8; KEM_CIPHERTEXT])>,
) -> Result<Agreed, HandshakeError> {
    let theirs = identity::x25519_of(initiator).map_err(HandshakeError::Identity)?;
    let one_time = one_time.map(StaticSecret::from);
    let exchange = Exchange::respond(own, &StaticSecret::from(signed), one_time.as_ref(), &theirs, ephemeral)?;
    let kem = kem.map(|(seed, ciphertext)| {
        let pair = prekey::KemPrekeyPair::from_seed(own, 0, seed);
        (pair.encoded_public(), *pair.decapsulate(ciphertext))
    });
    Ok(agreed(&exchange, initiator, &own.peer_id(), kem))
}

/// One step of the root chain: next root key, chain key.
#[must_use]
pub fn root_step(root: &[u8; 32], dh: &[u8; 32]) -> ([u8; 32], [u8; 32]) {
    let (root, chain) = kdf::root_step(root, dh);
    (*root, *chain)
}

/// One step of a message chain: next chain key, message key.
#[must_use]
pub fn chain_step(chain: &[u8; 32]) -> ([u8; 32], [u8; 32]) {
    let (next, message) = kdf::chain_step(chain);
    (*next, *message)
}

/// AES-256-GCM key and nonce of a message key.
#[must_use]
pub fn aead_key(message: &[u8; 32]) -> ([u8; 32], [u8; 12]) {
    let AeadKey { key, nonce } = AeadKey::of_message(message);
    (*key, nonce)
}

impl Ratchet {
    /// The state as a stored session holds it.
    #[must_use]
    pub fn to_state(&self) -> Vec<u8> {
        let mut state = wire::begin(0, self.stored_len());
        self.write(&mut state);
        std::mem::take(&mut state.0)
    }

    /// Reads what [`Self::to_state`] wrote.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn from_state(state: &[u8]) -> Result<Self, StateError> {
        let mut reader = Reader(state);
        reader.u8()?;
        Self::read(&mut reader)
    }
}

/// The ML-KEM-1024 encapsulation key of a seed.
#[must_use]
pub fn kem_public(seed: &[u8; 64]) -> Vec<u8> {
    let own = Identity::from_seed(&[0; 32]);
    prekey::KemPrekeyPair::from_seed(&own, 0, seed).public().key.into_vec()
}
