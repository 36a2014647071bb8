//! One Opus packet, held in place.

use crate::{MAX_PACKET_BYTES, VoiceError};

/// The bytes of one Opus packet: 1 to [`MAX_PACKET_BYTES`], stored inline so that neither the audio thread nor a
/// lane to it ever allocates or frees for one.
#[derive(Clone)]
pub struct Payload {
    len: u16,
    bytes: [u8; MAX_PACKET_BYTES],
}

impl Payload {
    /// Copies `bytes`.
    ///
    /// # Errors
    /// [`VoiceError::PacketEmpty`] for no bytes, [`VoiceError::PacketTooLong`] for more than [`MAX_PACKET_BYTES`].
    pub fn new(bytes: &[u8]) -> Result<Self, VoiceError> {
        let len = u16::try_from(bytes.len()).map_err(|_| VoiceError::PacketTooLong { len: bytes.len() })?;
        if bytes.is_empty() {
            return Err(VoiceError::PacketEmpty);
        }
        let mut payload = Self {
            len,
            bytes: [0; MAX_PACKET_BYTES],
        };
        let room = payload
            .bytes
            .get_mut(..bytes.len())
            .ok_or(VoiceError::PacketTooLong { len: bytes.len() })?;
        room.copy_from_slice(bytes);
        Ok(payload)
    }

    /// The packet's bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl std::ops::Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

/// Shows the length only: what someone said has no place in a log.
impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Payload({} bytes)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_holds_what_an_opus_packet_can_be_and_nothing_else() {
        assert!(matches!(Payload::new(&[]), Err(VoiceError::PacketEmpty)));
        assert_eq!(Payload::new(&[7]).unwrap().as_slice(), &[7]);
        assert_eq!(Payload::new(&[1; 1275]).unwrap().len(), 1275);
        assert!(matches!(
            Payload::new(&[1; 1276]),
            Err(VoiceError::PacketTooLong { len: 1276 })
        ));
        assert!(matches!(
            Payload::new(&[1; 70_000]),
            Err(VoiceError::PacketTooLong { len: 70_000 })
        ));
    }

    #[test]
    fn debug_output_shows_no_byte_of_the_sound() {
        assert_eq!(format!("{:?}", Payload::new(&[0xAB; 9]).unwrap()), "Payload(9 bytes)");
    }
}
