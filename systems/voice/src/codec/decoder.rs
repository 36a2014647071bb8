//! Packets to sound.

use super::sys::{self, RawDecoder, RawDred};
use crate::{MAX_FRAME_SAMPLES, MAX_PACKET_BYTES, SAMPLE_RATE, VoiceError};

/// From 5 on losses are concealed by a neural vocoder (deep PLC); from 6 on every good frame costs more as well.
const COMPLEXITY: i32 = 5;

/// What one piece of deep redundancy describes: 40 ms.
const DRED_PIECE: usize = 1920;

/// Turns packets into sound, and lost packets into something the ear forgives.
pub struct Decoder {
    opus: RawDecoder,
    dred: RawDred,
}

impl Decoder {
    /// Makes a decoder.
    ///
    /// # Errors
    /// [`VoiceError::Codec`] if libopus cannot.
    pub fn new() -> Result<Self, VoiceError> {
        let mut opus = RawDecoder::new()?;
        opus.set_complexity(COMPLEXITY)?;
        Ok(Self {
            opus,
            dred: RawDred::new()?,
        })
    }

    /// Forgets the sound so far, as before a stream that begins in its middle.
    ///
    /// # Errors
    /// [`VoiceError::Codec`] if libopus refuses.
    pub fn reset(&mut self) -> Result<(), VoiceError> {
        self.opus.reset()
    }

    /// Switches the neural concealment; without it losses are bridged as libopus always did, at a tenth of the cost.
    ///
    /// # Errors
    /// [`VoiceError::Codec`] if libopus refuses.
    pub fn set_deep_plc(&mut self, on: bool) -> Result<(), VoiceError> {
        self.opus.set_complexity(if on { COMPLEXITY } else { 0 })
    }

    /// Decodes `packet` into the front of `out` and says how many samples it was. `out` should have room for
    /// [`MAX_FRAME_SAMPLES`]; with less, a longer packet is refused.
    ///
    /// # Errors
    /// [`VoiceError::PacketEmpty`], [`VoiceError::PacketTooLong`], [`VoiceError::PacketInvalid`] for bytes that are not
    /// Opus. The decoder stays usable after any of them.
    pub fn decode(&mut self, packet: &[u8], out: &mut [f32]) -> Result<usize, VoiceError> {
        check_length(packet)?;
        let room = within(out);
        let decoded = self.opus.decode(packet, room, false);
        finish(decoded, room)
    }

    /// Decodes the coarse copy of the frame **before** `packet` that `packet` carries (RFC 6716 §2.1.7). Without one
    /// Opus conceals instead, which [`has_fec`](crate::has_fec) tells apart. Fills `out`, whose length must be that frame's: a
    /// multiple of 2.5 ms.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_fec(&mut self, packet: &[u8], out: &mut [f32]) -> Result<usize, VoiceError> {
        check_length(packet)?;
        let room = within(out);
        let decoded = self.opus.decode(packet, room, true);
        finish(decoded, room)
    }

    /// Continues the sound over a loss, filling `out`, whose length must be a multiple of 120 (2.5 ms).
    ///
    /// # Errors
    /// [`VoiceError::Codec`] for a length Opus does not know.
    pub fn conceal(&mut self, out: &mut [f32]) -> Result<usize, VoiceError> {
        let room = within(out);
        let decoded = self.opus.conceal(room);
        finish(decoded, room)
    }

    /// Reads the deep redundancy of `packet` (draft-ietf-mlcodec-opus-dred) for [`decode_dred`](Self::decode_dred), as far as `most`
    /// samples before it. Returns how many samples before the packet it begins: 0 if there is none. Replaces what was read before.
    ///
    /// # Errors
    /// As [`decode`](Self::decode); then nothing is there to decode.
    pub fn read_dred(&mut self, packet: &[u8], most: usize) -> Result<usize, VoiceError> {
        check_length(packet)?;
        // It is written in pieces of 40 ms that begin anywhere, and libopus counts only whole ones.
        let most = i32::try_from(most.min(SAMPLE_RATE as usize) + DRED_PIECE).unwrap_or(0);
        self.dred.parse(packet, most)
    }

    /// Fills `out`, a multiple of 120 samples, with the sound that begins `before` samples before the packet whose redundancy was read,
    /// as that describes it. What is outside of its reach is concealed.
    ///
    /// # Errors
    /// [`VoiceError::PacketInvalid`] if none was read; [`VoiceError::Codec`] for a length Opus does not know.
    pub fn decode_dred(&mut self, before: usize, out: &mut [f32]) -> Result<usize, VoiceError> {
        let before = i32::try_from(before.min(2 * SAMPLE_RATE as usize)).unwrap_or(0);
        let room = within(out);
        let decoded = self.opus.decode_dred(&self.dred, before, room);
        finish(decoded, room)
    }

    /// Samples in `packet`, by its header.
    ///
    /// # Errors
    /// [`VoiceError::PacketEmpty`], [`VoiceError::PacketTooLong`], [`VoiceError::PacketInvalid`].
    pub fn samples_in(&self, packet: &[u8]) -> Result<usize, VoiceError> {
        samples_in(packet)
    }
}

/// Samples in `packet`, by its header.
pub(crate) fn samples_in(packet: &[u8]) -> Result<usize, VoiceError> {
    check_length(packet)?;
    sys::samples_in(packet)
}

fn within(out: &mut [f32]) -> &mut [f32] {
    let room = out.len().min(MAX_FRAME_SAMPLES);
    out.get_mut(..room).unwrap_or_default()
}

fn check_length(packet: &[u8]) -> Result<(), VoiceError> {
    match packet.len() {
        0 => Err(VoiceError::PacketEmpty),
        1..=MAX_PACKET_BYTES => Ok(()),
        len => Err(VoiceError::PacketTooLong { len }),
    }
}

/// A garbage packet can be valid Opus by accident, and its sound then anything: it is kept inside ±1 and finite here,
/// because one NaN would live on in every filter after it.
fn finish(decoded: Result<usize, VoiceError>, out: &mut [f32]) -> Result<usize, VoiceError> {
    let count = decoded?.min(out.len());
    for sample in out.iter_mut().take(count) {
        *sample = if sample.is_finite() {
            sample.clamp(-1.0, 1.0)
        } else {
            0.0
        };
    }
    Ok(count)
}
