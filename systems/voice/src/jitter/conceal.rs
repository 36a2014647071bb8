//! What is played where a packet is missing.

use super::stretch::{FADE, mix};
use super::{JitterBuffer, Next};
use crate::{FRAME_SAMPLES, MAX_FRAME_SAMPLES, TICK_SAMPLES, has_fec};

/// Concealment is at full strength this long, 60 ms, …
const CONCEAL_FULL: usize = 2880;
/// … and has faded to silence after this, 120 ms.
const CONCEAL_END: usize = 5760;

impl JitterBuffer {
    /// The packet `next` is missing while `seq` at `media` already waits.
    pub(super) fn lose(&mut self, next: Next, seq: u16, media: i64) {
        let missing = seq.wrapping_sub(next.seq);
        let span = media - next.media;
        let longest = i64::from(missing) * FRAME_SAMPLES as i64;
        if span <= 0 || span > longest.max(MAX_FRAME_SAMPLES as i64) {
            // More time than the missing packets can fill: a spurt ended among them. Or less than none: a liar.
            self.stats.lost += u64::from(missing);
            self.next = Some(Next { seq, media });
            if span > 0 {
                self.stop_playing();
            }
            return;
        }
        self.settle_undecided();
        self.stats.lost += 1;
        // Opus conceals in steps of 2.5 ms.
        let each = (usize::try_from(span / i64::from(missing)).unwrap_or(FRAME_SAMPLES) / 120).max(1) * 120;
        let each = each.min(MAX_FRAME_SAMPLES);
        let after = if missing == 1 { media } else { next.media + each as i64 };
        self.next = Some(Next {
            seq: next.seq.wrapping_add(1),
            media: after,
        });
        if self.stalled >= each {
            // Its time has been filled already, while it was waited for.
            self.stalled -= each;
            return;
        }
        self.stalled = 0;
        if missing == 1 && self.mend(seq, each) {
            self.stats.fec_recovered += 1;
            self.concealed_run = 0;
        } else {
            self.conceal(each, true);
        }
    }

    /// Decodes the copy of the lost frame in packet `seq`, if it has one.
    fn mend(&mut self, seq: u16, count: usize) -> bool {
        let Some(slot) = self.slots.get(seq).filter(|s| has_fec(s.payload())) else {
            return false;
        };
        let Some(room) = self.frame.get_mut(..count) else {
            return false;
        };
        if !matches!(self.decoder.decode_fec(slot.payload(), room), Ok(n) if n == count) {
            return false;
        }
        if std::mem::take(&mut self.fade_in) {
            for (at, sample) in room.iter_mut().take(FADE).enumerate() {
                *sample = mix(0.0, *sample, at);
            }
        }
        self.fifo.push(room);
        true
    }

    /// Nothing waits. Either the packet is late, or the spurt is over and its end was lost.
    pub(super) fn stall(&mut self) {
        if self.concealed_run >= CONCEAL_END {
            self.playing = false;
            return;
        }
        self.conceal(TICK_SAMPLES, false);
        self.stalled += TICK_SAMPLES;
    }

    /// Invents `count` samples, quieter the longer this goes on.
    pub(super) fn conceal(&mut self, count: usize, lost: bool) {
        let Some(room) = self.frame.get_mut(..count) else {
            return;
        };
        if self.decoder.conceal(room).is_err() {
            room.fill(0.0);
        }
        for (at, sample) in room.iter_mut().enumerate() {
            let run = self.concealed_run + at;
            let left = CONCEAL_END.saturating_sub(run.max(CONCEAL_FULL)) as f32;
            *sample *= left / (CONCEAL_END - CONCEAL_FULL) as f32;
        }
        self.concealed_run += count;
        if lost {
            self.stats.concealed_samples += count as u64;
        } else {
            self.undecided += count as u64;
        }
        self.fifo.push(self.frame.get(..count).unwrap_or_default());
    }

    /// 10 ms from where the sound is to silence. Not a concealment: the spurt was over.
    pub(super) fn fade_out(&mut self) {
        let run = self.concealed_run;
        if run >= CONCEAL_END {
            return;
        }
        let Some(room) = self.frame.get_mut(..TICK_SAMPLES) else {
            return;
        };
        if self.decoder.conceal(room).is_err() {
            return;
        }
        let from = CONCEAL_END.saturating_sub(run.max(CONCEAL_FULL)) as f32 / (CONCEAL_END - CONCEAL_FULL) as f32;
        for (at, sample) in room.iter_mut().enumerate() {
            *sample *= from * (1.0 - (at + 1) as f32 / TICK_SAMPLES as f32);
        }
        // Only what keeps the queue from growing when stops follow each other.
        if self.fifo.len() < TICK_SAMPLES {
            self.fifo.push(self.frame.get(..TICK_SAMPLES).unwrap_or_default());
        }
    }

    /// What was concealed while waiting turned out to be a loss.
    pub(super) fn settle_undecided(&mut self) {
        self.stats.concealed_samples += std::mem::take(&mut self.undecided);
    }
}
