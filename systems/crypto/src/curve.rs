//! Points and their encodings: what is refused before any Diffie-Hellman, and the one way Diffie-Hellman is done.

use x25519_dalek::{PublicKey, SharedSecret, StaticSecret};

use crate::error::HandshakeError;

/// Type byte of an Ed25519 identity key.
pub(crate) const ED25519: u8 = 0xED;
/// Type byte of an X25519 key.
pub(crate) const X25519: u8 = 0x05;
/// Type byte of an ML-KEM-1024 encapsulation key.
pub(crate) const ML_KEM_1024: u8 = 0x0A;

/// The canonical u-coordinates of small order on Curve25519 and its twist: 0, 1, the two of order 8, and p - 1.
/// Every other encoding of them is refused for not being canonical.
pub(crate) const LOW_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    [
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ],
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
        0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
        0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
];

/// Whether the low 255 bits are below p = 2^255 - 19.
pub(crate) fn is_field_element(bytes: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = bytes;
    !(last & 0x7f == 0x7f && *first >= 0xed && middle.iter().all(|byte| *byte == 0xff))
}

/// Whether a public X25519 key may be used: canonical and not of small order. Public data, so not constant time.
pub(crate) fn is_sound_x25519(key: &[u8; 32]) -> bool {
    let [.., last] = key;
    last & 0x80 == 0 && is_field_element(key) && !LOW_ORDER.contains(key)
}

/// Diffie-Hellman that refuses a result to which one side contributed nothing.
pub(crate) fn dh(own: &StaticSecret, theirs: &[u8; 32]) -> Result<SharedSecret, HandshakeError> {
    if !is_sound_x25519(theirs) {
        return Err(HandshakeError::BadKey);
    }
    let shared = own.diffie_hellman(&PublicKey::from(*theirs));
    if shared.was_contributory() {
        Ok(shared)
    } else {
        Err(HandshakeError::BadKey)
    }
}

/// The public half of an X25519 secret.
pub(crate) fn public_of(secret: &StaticSecret) -> [u8; 32] {
    PublicKey::from(secret).to_bytes()
}

/// A type byte and a 32-byte key.
pub(crate) fn encode_key(kind: u8, key: &[u8; 32]) -> [u8; 33] {
    let mut bytes = [kind; 33];
    if let Some(rest) = bytes.get_mut(1..) {
        rest.copy_from_slice(key);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// p, p + 1 and the small-order points with their high bit set, beside the canonical ones.
    fn weak_encodings() -> Vec<[u8; 32]> {
        let mut all = LOW_ORDER.to_vec();
        for first in [0xed, 0xee] {
            let mut key = [0xff; 32];
            key[0] = first;
            key[31] = 0x7f;
            all.push(key);
        }
        for mut key in all.clone() {
            key[31] |= 0x80;
            all.push(key);
        }
        all
    }

    #[test]
    fn every_encoding_of_a_small_order_point_is_refused() {
        let secret = StaticSecret::from([7; 32]);
        for key in weak_encodings() {
            assert!(!is_sound_x25519(&key), "{key:02x?}");
            assert!(dh(&secret, &key).is_err());
            // The list is right: the curve itself says that these contribute nothing.
            assert!(!secret.diffie_hellman(&PublicKey::from(key)).was_contributory());
        }
    }

    #[test]
    fn the_largest_field_element_is_one_and_the_next_is_not() {
        let mut key = [0xff; 32];
        key[31] = 0x7f;
        key[0] = 0xec;
        assert!(is_field_element(&key));
        key[0] = 0xed;
        assert!(!is_field_element(&key));
    }

    #[test]
    fn a_key_with_its_high_bit_set_is_not_canonical() {
        let mut key = public_of(&StaticSecret::from([7; 32]));
        assert!(is_sound_x25519(&key));
        key[31] |= 0x80;
        assert!(!is_sound_x25519(&key));
    }

    #[test]
    fn only_all_of_it_together_makes_a_number_too_large() {
        // As p has them: the first byte, those between, the last seven bits. Each of the three alone may be otherwise.
        for (at, byte) in [
            (0, 0xec),
            (15, 0),
            (15, 0xfe),
            (30, 0x7f),
            (31, 0),
            (31, 0x7e),
            (31, 0x3f),
        ] {
            let mut key = [0xff; 32];
            key[31] = 0x7f;
            key[at] = byte;
            assert!(is_field_element(&key), "{at} {byte:x}");
        }
        let mut key = [0; 32];
        key[31] = 0x7f;
        assert!(is_field_element(&key));
        key[0] = 0xff;
        assert!(is_field_element(&key));
    }
}
