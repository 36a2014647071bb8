//! Hearing oneself, as others would: one's own packets come back a little later.

use std::collections::VecDeque;

use crate::{EncodedFrame, VoiceEngine};

/// How much later, µs: long enough to be told from one's own mouth.
const DELAY_US: u64 = 250_000;
/// Packets under way. When full, which the delay does not allow, the oldest is dropped.
const UNDER_WAY: usize = 32;

/// Packets on their way back.
pub(super) struct Hear {
    under_way: VecDeque<(u64, EncodedFrame)>,
    seq: u16,
}

impl Hear {
    /// The number of one's own voice among the speakers; a call counts its own from 1.
    pub(super) const SPEAKER: u64 = u64::MAX;

    pub(super) fn new() -> Self {
        Self {
            under_way: VecDeque::with_capacity(UNDER_WAY),
            seq: 0,
        }
    }

    pub(super) fn say(&mut self, frame: &EncodedFrame, now_us: u64) {
        if self.under_way.len() >= UNDER_WAY {
            self.under_way.pop_front();
        }
        self.under_way.push_back((now_us + DELAY_US, frame.clone()));
    }

    /// Hands over what has arrived.
    pub(super) fn deliver(&mut self, engine: &mut VoiceEngine, now_us: u64) {
        while self.under_way.front().is_some_and(|(due, _)| *due <= now_us) {
            let Some((due, frame)) = self.under_way.pop_front() else {
                return;
            };
            // Unknown only if there was no room for one more speaker; then there is silence.
            let _ = engine.receive(
                Self::SPEAKER,
                self.seq,
                frame.rtp_timestamp,
                frame.marker,
                &frame.payload,
                due,
            );
            self.seq = self.seq.wrapping_add(1);
        }
    }
}
