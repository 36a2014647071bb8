//! Stable ids. Each is a fixed number of bytes, written in lower-case base32 (RFC 4648, no padding) wherever people
//! or JSON see it, and as a byte string in CBOR.

use std::{fmt, str::FromStr};

use data_encoding::{Encoding, Specification};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An id that is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// A character outside the alphabet, or bits left over.
    #[error("not lower-case base32")]
    Alphabet,
    /// The right letters, too many or too few.
    #[error("wrong length")]
    Length,
}

/// Lower-case base32 without padding, upper case accepted on reading.
pub fn base32() -> &'static Encoding {
    use std::sync::OnceLock;
    static ENCODING: OnceLock<Encoding> = OnceLock::new();
    ENCODING.get_or_init(|| {
        let mut spec = Specification::new();
        spec.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
        spec.translate.from.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        spec.translate.to.push_str("abcdefghijklmnopqrstuvwxyz");
        // The specification is a constant that the tests exercise; the fallback differs in case only.
        spec.encoding().unwrap_or(data_encoding::BASE32_NOPAD)
    })
}

fn parse<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    let bytes = base32().decode(text.as_bytes()).map_err(|error| match error.kind {
        data_encoding::DecodeKind::Length => IdError::Length,
        _ => IdError::Alphabet,
    })?;
    bytes.try_into().map_err(|_| IdError::Length)
}

struct BytesVisitor<const N: usize>;

impl<'de, const N: usize> de::Visitor<'de> for BytesVisitor<N> {
    type Value = [u8; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{N} bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<[u8; N], E> {
        bytes.try_into().map_err(|_| E::invalid_length(bytes.len(), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<[u8; N], E> {
        parse(text).map_err(E::custom)
    }
}

pub(crate) fn serialize_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.serialize_str(&base32().encode(bytes))
    } else {
        serializer.serialize_bytes(bytes)
    }
}

pub(crate) fn deserialize_bytes<'de, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
) -> Result<[u8; N], D::Error> {
    if deserializer.is_human_readable() {
        deserializer.deserialize_str(BytesVisitor::<N>)
    } else {
        deserializer.deserialize_bytes(BytesVisitor::<N>)
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Reads exactly [`Self::LEN`] bytes.
            ///
            /// # Errors
            /// [`IdError::Length`] for any other length.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, IdError> {
                bytes.try_into().map(Self).map_err(|_| IdError::Length)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&base32().encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text = base32().encode(&self.0);
                write!(f, "{}({}…)", stringify!($name), text.get(..8).unwrap_or(&text))
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serialize_bytes(&self.0, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize_bytes(deserializer).map(Self)
            }
        }
    };
}

id! {
    /// A person: the 32-byte Ed25519 identity key itself, so no server can give an id another key.
    PeerId, 32
}
id! {
    /// A message, random, unique together with its author.
    MessageId, 16
}
id! {
    /// A call, random, chosen by whoever rings.
    CallId, 16
}
id! {
    /// One peer connection between two peers, random, chosen by whoever wants it first.
    ConnectionId, 16
}

id! {
    /// A conversation. For two people it is the other person's id, byte for byte.
    ChannelId, 32
}

impl From<PeerId> for ChannelId {
    fn from(peer: PeerId) -> Self {
        Self(peer.0)
    }
}

impl From<ChannelId> for PeerId {
    fn from(channel: ChannelId) -> Self {
        Self(channel.0)
    }
}

/// A message by its author and the author's id for it: the only way one message names another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageRef {
    /// Who wrote it.
    pub author: PeerId,
    /// The author's id for it.
    pub id: MessageId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_form_in_either_case() {
        let id = PeerId(std::array::from_fn(|i| i as u8 * 7));
        let text = id.to_string();
        assert_eq!(text.len(), 52);
        assert_eq!(text, text.to_lowercase());
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.to_uppercase().parse(), Ok(id));
    }

    #[test]
    fn text_that_is_no_id_is_refused_by_kind() {
        assert_eq!("".parse::<PeerId>(), Err(IdError::Length));
        assert_eq!("abc!".repeat(13).parse::<PeerId>(), Err(IdError::Alphabet));
        assert!("a".repeat(51).parse::<PeerId>().is_err());
        // 52 letters carry 260 bits: the four left over must be zero, or two texts would name one id.
        assert!("z".repeat(52).parse::<PeerId>().is_err());
    }

    #[test]
    fn an_id_is_a_byte_string_in_cbor_and_text_in_json() {
        let id = MessageId([9; 16]);
        assert_eq!(crate::encode(&id).unwrap().len(), 17);
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{id}\""));
    }
}
