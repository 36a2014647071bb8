//! Delivery and request tokens.

use orrery_protocol::{Token, TokenHash};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

/// A new token.
#[must_use]
pub fn random(rng: &mut (impl CryptoRng + ?Sized)) -> Token {
    Token(crate::random::bytes(rng))
}

/// What a server keeps of a token: its SHA-256. A token is 256 random bits, so a plain hash tells nothing of it.
#[must_use]
pub fn hash(token: &Token) -> TokenHash {
    TokenHash(Sha256::digest(token.0).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_plain_sha_256() {
        let hash = hash(&Token([0; 32])).0;
        // SHA-256 of 32 zero bytes.
        assert_eq!(hash[..8], [0x66, 0x68, 0x7a, 0xad, 0xf8, 0x62, 0xbd, 0x77]);
    }
}
