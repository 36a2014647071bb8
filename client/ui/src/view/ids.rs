//! Plain ids: fixed bytes with an order, and nothing else.

use std::fmt;

/// A person: the 32 bytes of their identity key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerKey(pub [u8; 32]);

/// A conversation: 32 bytes. For a direct conversation these are the other person's key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelKey(pub [u8; 32]);

/// A message: author (32 bytes) then the author's id of it (16 bytes).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey(pub [u8; 48]);

/// A call: 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallKey(pub [u8; 16]);

impl MessageKey {
    /// Joins author and id.
    #[must_use]
    pub fn new(author: [u8; 32], id: [u8; 16]) -> Self {
        let mut bytes = [0; 48];
        let (head, tail) = bytes.split_at_mut(32);
        head.copy_from_slice(&author);
        tail.copy_from_slice(&id);
        Self(bytes)
    }

    /// The author's 32 bytes.
    #[must_use]
    pub fn author(&self) -> [u8; 32] {
        let mut author = [0; 32];
        author.copy_from_slice(self.0.split_at(32).0);
        author
    }

    /// The author's 16-byte id of the message.
    #[must_use]
    pub fn id(&self) -> [u8; 16] {
        let mut id = [0; 16];
        id.copy_from_slice(self.0.split_at(32).1);
        id
    }
}

fn short(f: &mut fmt::Formatter<'_>, name: &str, bytes: &[u8]) -> fmt::Result {
    write!(f, "{name}(")?;
    for byte in bytes.iter().take(4) {
        write!(f, "{byte:02x}")?;
    }
    write!(f, "…)")
}

impl fmt::Debug for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        short(f, "PeerKey", &self.0)
    }
}

impl fmt::Debug for ChannelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        short(f, "ChannelKey", &self.0)
    }
}

impl fmt::Debug for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        short(f, "MessageKey", self.0.split_at(32).1)
    }
}

impl fmt::Debug for CallKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        short(f, "CallKey", &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_key_gives_back_what_it_was_made_of() {
        let key = MessageKey::new([7; 32], [9; 16]);
        assert_eq!(key.author(), [7; 32]);
        assert_eq!(key.id(), [9; 16]);
    }
}
