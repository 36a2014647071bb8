//! The MAC that makes one whole of an exported profile: HMAC-SHA256 under HKDF-SHA256(database key, `Orrery_EXPORT_v1`).
//!
//! The database inside is encrypted and authenticated page by page; the MAC adds that no page is an older one, missing or
//! moved, and that the vault in front belongs to it.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::{DatabaseKey, kdf};

/// Bytes of the MAC.
pub const LEN: usize = 32;

/// The MAC of a file that is read or written piece by piece.
pub struct ExportMac(Hmac<Sha256>);

impl fmt::Debug for ExportMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExportMac(hidden)")
    }
}

impl ExportMac {
    /// Begins.
    #[must_use]
    pub fn new(key: &DatabaseKey) -> Self {
        Self(kdf::hmac(&kdf::hkdf::<32>(&[0; 32], key.as_bytes(), kdf::EXPORT)))
    }

    /// Takes the next bytes of the file.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The MAC of all bytes taken.
    #[must_use]
    pub fn finish(self) -> [u8; LEN] {
        self.0.finalize().into_bytes().into()
    }

    /// Whether `tag` is the MAC of all bytes taken. In constant time.
    #[must_use]
    pub fn is(self, tag: &[u8; LEN]) -> bool {
        self.0.verify_slice(tag).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rng;

    #[test]
    fn it_is_of_these_bytes_under_this_key_and_hides() {
        let key = DatabaseKey::generate(&mut rng(1));
        let mac = |key: &DatabaseKey, bytes: &[u8]| {
            let mut mac = ExportMac::new(key);
            mac.update(bytes);
            mac
        };
        let tag = mac(&key, b"one whole").finish();
        assert!(mac(&key, b"one whole").is(&tag));
        assert!(!mac(&key, b"one whole.").is(&tag));
        assert!(!mac(&DatabaseKey::generate(&mut rng(2)), b"one whole").is(&tag));
        insta::assert_snapshot!(format!("{:?}", mac(&key, b"")), @"ExportMac(hidden)");
    }
}
