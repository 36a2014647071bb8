//! Key derivation: every label of the protocol stands here, so that none can be used twice.

use std::sync::OnceLock;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// A key of 32 bytes that is wiped when it goes.
pub(crate) type Key = Zeroizing<[u8; 32]>;

/// PQXDH shared secret.
pub(crate) const PQXDH: &[u8] = b"Orrery_PQXDH_25519_MLKEM1024_SHA256_v1";
/// Plain X3DH shared secret: exists only to replay the vectors made without a KEM.
#[cfg(feature = "vectors")]
pub(crate) const X3DH: &[u8] = b"Orrery_X3DH_25519_SHA256_v1";
/// Root chain of the ratchet.
const ROOT: &[u8] = b"Orrery_DR_ROOT_SHA256_v1";
/// Key and nonce of one ratchet message.
const MESSAGE: &[u8] = b"Orrery_DR_AEAD_SHA256_v1";
/// Key and nonce of one envelope.
pub(crate) const SEAL: &[u8] = b"Orrery_SEAL_v1";
/// Key of the MAC over an exported profile.
pub(crate) const EXPORT: &[u8] = b"Orrery_EXPORT_v1";
/// Key of the binding MAC.
pub(crate) const BIND: &[u8] = b"Orrery_BIND_v1";

/// HKDF-SHA256 (RFC 5869) to at most 64 bytes.
pub(crate) fn hkdf<const N: usize>(salt: &[u8], ikm: &[u8], info: &[u8]) -> Zeroizing<[u8; N]> {
    // The only error of `expand` is a length beyond 255 blocks of 32 bytes, which this rules out when compiling.
    const { assert!(N <= 8160) };
    let mut out = Zeroizing::new([0; N]);
    let expanded = Hkdf::<Sha256>::new(Some(salt), ikm).expand(info, out.as_mut_slice());
    debug_assert!(expanded.is_ok(), "bounded above");
    out
}

/// HMAC-SHA256 under a 32-byte key. RFC 2104 pads a short key with zeros to the block; doing it here leaves no error.
pub(crate) fn hmac(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; 64]);
    if let Some(front) = block.first_chunk_mut() {
        *front = *key;
    }
    Hmac::new((&*block).into())
}

/// Splits 64 bytes of key material.
fn halves(okm: &[u8; 64]) -> (Key, Key) {
    let (mut left, mut right) = (Key::default(), Key::default());
    if let Some((front, back)) = okm.split_first_chunk::<32>() {
        *left = *front;
        right.copy_from_slice(back);
    }
    (left, right)
}

/// One step of the root chain: the next root key and a fresh chain key.
pub(crate) fn root_step(root: &[u8; 32], dh: &[u8; 32]) -> (Key, Key) {
    halves(&hkdf::<64>(root, dh, ROOT))
}

/// One step of a message chain: the next chain key (0x02) and the message key (0x01).
pub(crate) fn chain_step(chain: &[u8; 32]) -> (Key, Key) {
    let mac = hmac(chain);
    let next = mac.clone().chain_update([2]).finalize().into_bytes();
    let message = mac.chain_update([1]).finalize().into_bytes();
    (Zeroizing::new(next.into()), Zeroizing::new(message.into()))
}

/// AES-256-GCM key and nonce, derived together so that a key never sees a second nonce.
pub(crate) struct AeadKey {
    /// Key.
    pub(crate) key: Key,
    /// Nonce.
    pub(crate) nonce: [u8; 12],
}

impl AeadKey {
    pub(crate) fn from_okm(okm: &[u8; 44]) -> Self {
        let mut this = Self {
            key: Key::default(),
            nonce: [0; 12],
        };
        if let Some((key, nonce)) = okm.split_first_chunk::<32>() {
            *this.key = *key;
            this.nonce.copy_from_slice(nonce);
        }
        this
    }

    /// Of a ratchet message: HKDF with a salt of zeros, to 44 bytes.
    ///
    /// Written out instead of calling [`hkdf`] because it runs once per message: the extraction's key is constant, so
    /// its two hash blocks are computed once, and the expansion is two blocks, of which the first is the key.
    pub(crate) fn of_message(message: &[u8; 32]) -> Self {
        static EXTRACT: OnceLock<Hmac<Sha256>> = OnceLock::new();
        let extract = EXTRACT.get_or_init(|| hmac(&[0; 32])).clone();
        let prk: Key = Zeroizing::new(extract.chain_update(message).finalize().into_bytes().into());
        let expand = hmac(&prk);
        let first = expand
            .clone()
            .chain_update(MESSAGE)
            .chain_update([1])
            .finalize()
            .into_bytes();
        let key: Key = Zeroizing::new(first.into());
        let second: Key = Zeroizing::new(
            expand
                .chain_update(key.as_slice())
                .chain_update(MESSAGE)
                .chain_update([2])
                .finalize()
                .into_bytes()
                .into(),
        );
        let mut nonce = [0; 12];
        if let Some(front) = second.first_chunk() {
            nonce = *front;
        }
        Self { key, nonce }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_key_derivation_is_plain_hkdf() {
        let by_the_book = AeadKey::from_okm(&hkdf::<44>(&[0; 32], &[5; 32], MESSAGE));
        let ours = AeadKey::of_message(&[5; 32]);
        assert_eq!(by_the_book.key, ours.key);
        assert_eq!(by_the_book.nonce, ours.nonce);
        assert_ne!(*ours.key, [0; 32]);
    }

    #[test]
    fn the_primitives_wipe_what_they_hold() {
        // Each of these depends on a feature of its crate that is easily lost in an update.
        fn wiped<T: zeroize::ZeroizeOnDrop>() {}
        wiped::<x25519_dalek::StaticSecret>();
        wiped::<x25519_dalek::SharedSecret>();
        wiped::<ed25519_dalek::SigningKey>();
        wiped::<aes_gcm::Aes256Gcm>();
        wiped::<ml_kem::DecapsulationKey1024>();
        // HMAC has no marker of its own; it holds nothing but two of these.
        wiped::<Sha256>();
        wiped::<Key>();
    }

    #[test]
    fn both_halves_of_a_step_differ_from_each_other_and_the_input() {
        let (next, message) = chain_step(&[3; 32]);
        assert!(*next != *message && *next != [3; 32] && *message != [3; 32]);
        let (root, chain) = root_step(&[1; 32], &[2; 32]);
        assert!(*root != *chain && *root != [1; 32]);
    }
}
