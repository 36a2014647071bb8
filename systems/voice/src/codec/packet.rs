//! What can be said of a packet without decoding it.

use super::sys;
use crate::{MAX_PACKET_BYTES, Payload, VoiceError};

/// Whether `packet` carries a coarse copy of the frame before it. Right for packets of one SILK or hybrid frame of at most
/// 20 ms, which is what we send; for others it says no, and concealment takes over.
///
/// Source: RFC 6716 §3.1 (TOC), §4.2.3: the first bits of a SILK frame are the VAD flag and the LBRR flag, coded with even odds
/// and therefore readable as plain bits; libopus's `opus_packet_has_lbrr` does the same.
pub fn has_fec(packet: &[u8]) -> bool {
    let Some(toc) = packet.first() else { return false };
    let config = toc >> 3;
    let stereo = toc & 0b100 != 0;
    // 0..=11 SILK in steps of 10, 20, 40, 60 ms; 12..=15 hybrid in steps of 10, 20 ms; above is CELT, which has none.
    let one_silk_frame = if config < 12 { config % 4 < 2 } else { config < 16 };
    let first = single_frame(packet).and_then(<[u8]>::first);
    one_silk_frame && !stereo && first.is_some_and(|first| first & 0b0100_0000 != 0)
}

/// Whether `packet` says "silence from here": a frame of no more than a header (RFC 6716 §2.1.9 and RFC 7587 §3.1.3), padded
/// or not.
pub fn is_dtx(packet: &[u8]) -> bool {
    packet.len() <= 2 || single_frame(packet).is_some_and(|frame| frame.len() <= 1)
}

/// The samples that the copy in `packet` is of, 0 where there is none: a frame of the packet's own length.
pub(crate) fn fec_samples(packet: &[u8]) -> usize {
    if !has_fec(packet) {
        return 0;
    }
    super::decoder::samples_in(packet).unwrap_or(0)
}

/// The one frame of a packet of one frame, by code 0, or by code 3, which is how padding and deep redundancy travel (RFC 6716 §3.2.5).
fn single_frame(packet: &[u8]) -> Option<&[u8]> {
    let (toc, rest) = packet.split_first()?;
    match toc & 0b11 {
        0 => Some(rest),
        3 => {
            let (count, mut rest) = rest.split_first()?;
            if count & 0b0011_1111 != 1 {
                return None;
            }
            let mut padding = 0;
            if count & 0b0100_0000 != 0 {
                loop {
                    let (more, left) = rest.split_first()?;
                    rest = left;
                    // 255 stands for 254 bytes and another length.
                    padding += usize::from(*more).min(254);
                    if *more != 255 {
                        break;
                    }
                }
            }
            rest.get(..rest.len().checked_sub(padding)?)
        }
        _ => None,
    }
}

/// The end-of-speech packet that belongs to a stream whose last packet was `last`: its table-of-contents byte with one
/// frame of no bytes, which every Opus decoder takes for silence. `same_size` pads it to the length of `last`, where sizes must
/// say nothing.
pub(crate) fn end_of_speech(last: &[u8], same_size: bool) -> Result<Payload, VoiceError> {
    let toc = last.first().ok_or(VoiceError::PacketEmpty)? & 0b1111_1000;
    if !same_size || last.len() < 2 {
        return Payload::new(&[toc]);
    }
    let mut bytes = [0; MAX_PACKET_BYTES];
    let room = bytes
        .get_mut(..last.len())
        .ok_or(VoiceError::PacketTooLong { len: last.len() })?;
    if let Some(first) = room.first_mut() {
        *first = toc;
    }
    sys::pad(room, 1)?;
    Payload::new(room)
}
