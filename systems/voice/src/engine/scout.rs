//! Hears the beginning of a talk spurt before it is played.
//!
//! The jitter buffer holds a spurt's first packets back for its delay, and then its first sounds are played; only so much later would
//! the speaker be seen to speak. So the first packets of each spurt are decoded once more as they come, on the side, and listened to as
//! what is played is: it is their sound that counts, and nothing they say of themselves.

use crate::{
    Decoder, Inserted, MAX_FRAME_SAMPLES, Payload, SpeakingDetector, TICK_SAMPLES, TICK_US, VoiceError, is_dtx,
};

/// Packets of a spurt that are looked at: the sender's look-back and what its detector needed.
const PACKETS: u8 = 6;
/// What was heard here counts this long, µs; by then it is played and seen there, or it was nothing.
const COUNTS_US: u64 = 30 * TICK_US;

/// The ear at the door.
pub(super) struct Scout {
    decoder: Decoder,
    /// What it knows of the room is what the listener's knew when the spurt began.
    detector: SpeakingDetector,
    frame: Box<[f32]>,
    /// The packet that follows the last one.
    next: Option<u16>,
    left: u8,
    until_us: u64,
}

impl Scout {
    pub(super) fn new() -> Result<Self, VoiceError> {
        let mut decoder = Decoder::new()?;
        decoder.set_deep_plc(false)?;
        Ok(Self {
            decoder,
            detector: SpeakingDetector::new(),
            frame: vec![0.0; MAX_FRAME_SAMPLES].into_boxed_slice(),
            next: None,
            left: 0,
            until_us: 0,
        })
    }

    /// Listens to a packet that has just come, if it is one of a spurt's first and follows the one before; one that overtook another is
    /// left to the jitter buffer, with all that come after it.
    pub(super) fn packet(
        &mut self,
        seq: u16,
        inserted: Inserted,
        payload: &Payload,
        listener: &SpeakingDetector,
        now_us: u64,
    ) {
        match inserted {
            Inserted::Refused => return,
            Inserted::Begins => {
                self.left = if listener.speaking() { 0 } else { PACKETS };
                self.detector = listener.clone();
                // What it heard last is long over. It decodes without it, if it must.
                let _ = self.decoder.reset();
            }
            Inserted::Goes if self.next != Some(seq) => self.left = 0,
            Inserted::Goes => {}
        }
        self.next = Some(seq.wrapping_add(1));
        if self.left == 0 || is_dtx(payload) {
            return;
        }
        self.left -= 1;
        let count = self.decoder.decode(payload, &mut self.frame).unwrap_or(0);
        let (ticks, _) = self.frame.get(..count).unwrap_or_default().as_chunks::<TICK_SAMPLES>();
        if ticks.iter().any(|tick| self.detector.push(tick)) {
            self.left = 0;
            self.until_us = now_us + COUNTS_US;
        }
    }

    /// Whether somebody was heard to begin speaking just now.
    pub(super) fn heard(&self, now_us: u64) -> bool {
        now_us < self.until_us
    }

    /// What was heard here is heard there, or was stopped there.
    pub(super) fn rest(&mut self) {
        self.until_us = 0;
    }
}
