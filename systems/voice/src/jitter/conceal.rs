//! What is played where a packet is missing.

use super::play::UNDER_US;
use super::{JitterBuffer, Next};
use crate::codec::fec_samples;
use crate::format::samples_to_us;
use crate::{FRAME_SAMPLES, MAX_FRAME_SAMPLES, TICK_SAMPLES};

/// Concealment is at full strength this long, 60 ms, …
const CONCEAL_FULL: usize = 2880;
/// … and has given way to the noise of the room after this, 120 ms, …
const CONCEAL_END: usize = 5760;
/// … which fades to silence in this time, 200 ms.
const NOISE_FADE: usize = 9600;
/// A sender that says from time to time how its silence sounds (DTX) says so every 400 ms: until then the noise stays, 450 ms.
const NOISE_STAYS: usize = 21_600;
/// So many packets between two silences are such a word about it, not speech.
const SILENCE_UPDATE: u32 = 2;
/// Later packets that are searched for a description of what is lost. Each has one, or the sender makes none.
const DRED_SEARCH: u16 = 3;

/// What a lost packet was mended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mended {
    Fec,
    Dred,
}

impl JitterBuffer {
    /// The packet `next` is missing while `seq` at `media` already waits.
    pub(super) fn lose(&mut self, next: Next, seq: u16, media: i64, now_us: u64) {
        let missing = seq.wrapping_sub(next.seq);
        let span = media - next.media;
        let after = self.slots.get(seq).map_or(0, |s| s.samples);
        let longest = i64::from(missing) * self.longest(after);
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
        let begin = if missing == 1 { media } else { next.media + each as i64 };
        self.next = Some(Next {
            seq: next.seq.wrapping_add(1),
            media: begin,
        });
        let how = self.mendable(seq, missing == 1, span, each);
        if how.is_some() && self.run_end != Some(seq) {
            self.run_end = Some(seq);
            self.delay.mendable(samples_to_us(span));
        }
        // Its time may have been filled already, while it was waited for. It is heard all the same where the delay has to grow anyway.
        let enough = self.actual_us(now_us) >= self.delay.target_us() - UNDER_US;
        if self.stalled >= each && (enough || how.is_none()) {
            self.stalled -= each;
            return;
        }
        if self.stalled < each {
            self.stalled = 0;
        }
        let before = usize::try_from(span).unwrap_or(0);
        match how.filter(|how| self.mend(*how, seq, before, each)) {
            Some(Mended::Fec) => self.stats.fec_recovered += 1,
            Some(Mended::Dred) => self.stats.dred_recovered += 1,
            None => self.conceal(each, true),
        }
    }

    /// What can mend `each` samples that begin `span` before the packet `seq`.
    fn mendable(&mut self, seq: u16, last: bool, span: i64, each: usize) -> Option<Mended> {
        let copy = self.slots.get(seq).map_or(0, |s| fec_samples(s.payload()));
        if last && copy > 0 && copy <= each {
            return Some(Mended::Fec);
        }
        self.find_dred(seq, span).then_some(Mended::Dred)
    }

    /// Has the decoder read the first packet from `seq` on that describes the sound `span` before `seq`. The nearest describes it best: the
    /// further back, the coarser.
    fn find_dred(&mut self, seq: u16, span: i64) -> bool {
        let Some(media) = self.slots.get(seq).map(|s| s.media) else {
            return false;
        };
        for ahead in 0..DRED_SEARCH {
            let Some(slot) = self.slots.get(seq.wrapping_add(ahead)) else {
                continue;
            };
            let Ok(before) = usize::try_from(slot.media - media + span) else {
                continue;
            };
            // What was read for the first packet of a run reaches the others as well.
            let read = match self.dred {
                Some((of, reach)) if of == slot.seq && reach >= before => reach,
                _ => {
                    let reach = self.decoder.read_dred(slot.payload(), before).unwrap_or(0);
                    self.dred = (reach > 0).then_some((slot.seq, reach));
                    reach
                }
            };
            if read >= before {
                return true;
            }
        }
        false
    }

    /// Decodes what a later packet says about `count` samples that begin `span` before the packet `seq`.
    fn mend(&mut self, how: Mended, seq: u16, span: usize, count: usize) -> bool {
        let Some(room) = self.frame.get_mut(..count) else {
            return false;
        };
        let Some(slot) = self.slots.get(seq) else {
            return false;
        };
        let media = slot.media;
        let decoded = match how {
            Mended::Fec => self.decoder.decode_fec(slot.payload(), room),
            Mended::Dred => {
                let of = self.dred.and_then(|(of, _)| self.slots.get(of));
                let Some(further) = of.and_then(|of| usize::try_from(of.media - media).ok()) else {
                    return false;
                };
                self.decoder.decode_dred(span + further, room)
            }
        };
        if !matches!(decoded, Ok(n) if n == count) {
            return false;
        }
        self.concealed_run = 0;
        self.fade_in();
        self.fifo.push(self.frame.get(..count).unwrap_or_default());
        true
    }

    /// Nothing waits. Either the packet is late, or the spurt is over and its end was lost.
    pub(super) fn stall(&mut self) {
        if self.concealed_run >= CONCEAL_END {
            self.playing = false;
            self.noise_left = NOISE_FADE;
            return;
        }
        self.conceal(TICK_SAMPLES, false);
        self.stalled += TICK_SAMPLES;
    }

    /// Invents `count` samples, more and more like the room the longer this goes on.
    pub(super) fn conceal(&mut self, count: usize, lost: bool) {
        let Some(room) = self.frame.get_mut(..count) else {
            return;
        };
        if self.decoder.conceal(room).is_err() {
            room.fill(0.0);
        }
        for (at, sample) in room.iter_mut().enumerate() {
            let voice = strength(self.concealed_run + at);
            *sample = *sample * voice + self.noise.next() * (1.0 - voice);
        }
        self.concealed_run += count;
        if lost {
            self.stats.concealed_samples += count as u64;
        } else {
            self.undecided += count as u64;
        }
        self.fifo.push(self.frame.get(..count).unwrap_or_default());
    }

    /// 10 ms from where the sound is to the noise of the room, which fades in turn. Not a concealment: the spurt was over.
    pub(super) fn fade_out(&mut self) {
        self.noise_left = NOISE_FADE;
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
        let from = strength(run);
        for (at, sample) in room.iter_mut().enumerate() {
            let voice = from * (1.0 - (at + 1) as f32 / TICK_SAMPLES as f32);
            *sample = *sample * voice + self.noise.next() * (1.0 - voice);
        }
        // Only what keeps the queue from growing when stops follow each other.
        if self.fifo.len() < TICK_SAMPLES {
            self.fifo.push(self.frame.get(..TICK_SAMPLES).unwrap_or_default());
        }
    }

    /// The sender keeps silent and says so. If it has just said how that sounds, it will again.
    pub(super) fn stay_noisy(&mut self) {
        if self.spoken <= SILENCE_UPDATE {
            self.noise_left = NOISE_STAYS + NOISE_FADE;
        }
    }

    /// Fills `out` from `filled` on with noise that fades, where no spurt runs; says how many samples are sound now.
    pub(super) fn noisy(&mut self, out: &mut [f32], filled: usize) -> usize {
        if self.playing {
            return filled;
        }
        let mut sound = filled;
        for sample in out.iter_mut().skip(filled).take(self.noise_left) {
            self.noise_gain = self.noise_left.min(NOISE_FADE) as f32 / NOISE_FADE as f32;
            *sample = self.noise_gain * self.noise.next();
            self.noise_left -= 1;
            sound += 1;
        }
        if self.noise_left == 0 {
            self.noise_gain = 0.0;
        }
        self.stats.comfort_noise_samples += (sound - filled) as u64;
        sound
    }

    /// What was concealed while waiting turned out to be a loss.
    pub(super) fn settle_undecided(&mut self) {
        self.stats.concealed_samples += std::mem::take(&mut self.undecided);
    }
}

/// How much of the invented voice is heard after `run` invented samples, 1 to 0.
fn strength(run: usize) -> f32 {
    CONCEAL_END.saturating_sub(run.max(CONCEAL_FULL)) as f32 / (CONCEAL_END - CONCEAL_FULL) as f32
}
