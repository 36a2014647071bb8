//! Delivery and request tokens: what lets someone put an envelope into a mailbox.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::id::{deserialize_bytes, serialize_bytes};

/// 32 random bytes that open a mailbox for depositing. A person has one delivery token for all contacts, plus one
/// revocable request token per invite link. Whoever holds it may write, so `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash, Zeroize, ZeroizeOnDrop)]
pub struct Token(pub [u8; 32]);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_bytes(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_bytes(deserializer).map(Self)
    }
}

/// SHA-256 of a [`Token`]: all that a server keeps of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl Serialize for TokenHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_bytes(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for TokenHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_bytes(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_wiped_and_hides_and_its_hash_need_not() {
        fn wiped<T: ZeroizeOnDrop>() {}
        wiped::<Token>();
        wiped::<crate::record::SecretBytes>();
        assert_eq!(format!("{:?}", Token([237; 32])), "Token(hidden)");
        assert!(format!("{:?}", TokenHash([237; 32])).contains("237"));
    }
}
