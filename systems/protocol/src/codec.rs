//! CBOR (RFC 8949), the one encoding on every wire of ours.

use serde::{Serialize, de::DeserializeOwned};

/// How deep arrays and maps may nest; everything we send stays under eight.
const MAX_DEPTH: usize = 32;

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// Not CBOR, or not of the expected shape (unknown fields and variants are refused).
    #[error("malformed message")]
    Malformed,
    /// A valid value followed by more bytes.
    #[error("bytes after the end of the message")]
    Trailing,
    /// A value that CBOR cannot hold; only a programming error leads here.
    #[error("message cannot be encoded")]
    Unencodable,
}

/// Encodes a value.
///
/// # Errors
/// [`CodecError::Unencodable`] when the value's own `Serialize` fails.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, CodecError> {
    let mut bytes = Vec::with_capacity(256);
    ciborium::into_writer(value, &mut bytes).map_err(|_| CodecError::Unencodable)?;
    Ok(bytes)
}

/// Decodes exactly one value from all of `bytes`.
///
/// # Errors
/// [`CodecError::Malformed`] or [`CodecError::Trailing`]; never panics, never reads past a length that is really there.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut rest = bytes;
    let value =
        ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_DEPTH).map_err(|_| CodecError::Malformed)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(CodecError::Trailing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_bytes_are_refused() {
        let mut bytes = encode(&7u32).unwrap();
        assert_eq!(decode::<u32>(&bytes), Ok(7));
        bytes.push(0);
        assert_eq!(decode::<u32>(&bytes), Err(CodecError::Trailing));
    }

    #[test]
    fn a_claimed_length_without_bytes_is_refused_cheaply() {
        // A byte string that claims 2^62 bytes, and an array nested deeper than anything of ours.
        assert_eq!(
            decode::<serde_bytes::ByteBuf>(&[0x5b, 0x40, 0, 0, 0, 0, 0, 0, 0]),
            Err(CodecError::Malformed)
        );
        assert!(decode::<Vec<u8>>(&[0x81; 100_000]).is_err());
    }
}
