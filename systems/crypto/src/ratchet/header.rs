//! The clear part of a ratchet message.

use crate::wire::Reader;

/// Which chain and which message of it. Authenticated with the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The sender's current ratchet key, X25519.
    pub ratchet_key: [u8; 32],
    /// PN: how many messages the sender's previous chain has.
    pub previous: u32,
    /// N: the message's place in its chain, from 0.
    pub number: u32,
}

impl Header {
    /// Bytes on the wire.
    pub const LEN: usize = 40;

    /// `ratchet key ‖ u32be PN ‖ u32be N`.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (previous, number) = (self.previous.to_be_bytes(), self.number.to_be_bytes());
        let parts = self.ratchet_key.iter().chain(&previous).chain(&number);
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; any bytes are some header.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let mut reader = Reader(bytes);
        // The length is in the type: no read can be short.
        Self {
            ratchet_key: reader.array().unwrap_or_default(),
            previous: reader.u32().unwrap_or_default(),
            number: reader.u32().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_key_then_pn_then_n() {
        let header = Header {
            ratchet_key: [7; 32],
            previous: 0x0102_0304,
            number: 0x0506_0708,
        };
        let bytes = header.to_bytes();
        assert_eq!(bytes[..32], [7; 32]);
        assert_eq!(bytes[32..], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(Header::from_bytes(&bytes), header);
    }
}
