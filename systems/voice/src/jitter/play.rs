//! The packet whose time has come: decoded, and made a little shorter or longer where the delay is off.

use super::stretch::{FADE, Haste, length, lengthen, mix, shorten};
use super::{JitterBuffer, Next};
use crate::format::samples_to_us;
use crate::{FRAME_SAMPLES, MAX_FRAME_SAMPLES, is_dtx};

/// Above the target by this (a spurt is seated up to one tick above it), sound is shortened; below it by the other, lengthened. µs.
const OVER_US: i64 = 6_000;
pub(super) const UNDER_US: i64 = 10_000;
/// Of short packets, shortening stops this much above the target, which for them is often that of one packet: with no more than that, the first
/// that is a little later than any before is concealed, and that makes the delay longer by a whole packet. µs.
const SPARE_US: i64 = 3_000;
/// Above the target by this, it is shortened wherever it can be. µs.
const FAR_OVER_US: i64 = 40_000;
/// Frames between two gentle stretches.
const REST_FRAMES: u8 = 2;

/// What would bring the delay nearer to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Nothing,
    /// By so many samples at most.
    Less(usize, Haste),
    More,
}

impl JitterBuffer {
    /// Plays the packet `seq`, whose first sample is `media`.
    pub(super) fn play(&mut self, seq: u16, media: i64, now_us: u64) {
        self.settle_undecided();
        let mut tail = [0.0; FADE];
        if self.join {
            let _ = self.decoder.conceal(&mut tail);
        }
        let length = self.slots.get(seq).map_or(0, |s| s.samples);
        let Some(mut count) = self.decode(seq, media, 0) else {
            // Not Opus. Its time is filled like a loss.
            self.stats.invalid += 1;
            let length = self.length_of(length);
            self.conceal(length, true);
            self.next = Some(Next {
                seq: seq.wrapping_add(1),
                media: media + length as i64,
            });
            return;
        };
        self.concealed_run = 0;
        self.stalled = 0;
        self.spoken = self.spoken.saturating_add(1);
        if std::mem::take(&mut self.join) {
            for (at, (sample, before)) in self.frame.iter_mut().zip(&tail).enumerate() {
                *sample = mix(*before, *sample, at);
            }
        }
        self.fade_in();
        let wish = self.wish(count, now_us);
        if matches!(wish, Wish::Less(..)) {
            count = self.decode_more(count);
        }
        self.noise.learn(self.frame.get(..count).unwrap_or_default());
        let count = self.stretch(count, wish);
        self.fifo.push(self.frame.get(..count).unwrap_or_default());
    }

    /// Decodes the packet `seq` to `frame[at..]` and goes on to the next; says how many samples it gave, or `None` if it is not Opus.
    fn decode(&mut self, seq: u16, media: i64, at: usize) -> Option<usize> {
        let slot = self.slots.get(seq)?;
        let room = self.frame.get_mut(at..MAX_FRAME_SAMPLES)?;
        let decoded = self.decoder.decode(slot.payload(), room);
        let follower = self.slots.get(seq.wrapping_add(1)).map(|s| s.media - media);
        self.slots.free(seq);
        let mut count = decoded.ok()?;
        // A packet that decodes to more than the time up to its successor lies; what is too much is cut off.
        if let Some(span) = follower
            .and_then(|span| usize::try_from(span).ok())
            .filter(|span| *span > 0)
        {
            count = count.min(span);
        }
        self.next = Some(Next {
            seq: seq.wrapping_add(1),
            media: media + count as i64,
        });
        Some(count)
    }

    /// A short frame holds no whole period of a low voice: decodes what follows it without a gap behind it, up to 20 ms. Returns the new length.
    fn decode_more(&mut self, mut count: usize) -> usize {
        while let Some(next) = self.next.filter(|_| count < FRAME_SAMPLES) {
            let follows = self.slots.get(next.seq).is_some_and(|s| {
                s.media == next.media && (1..=FRAME_SAMPLES).contains(&usize::from(s.samples)) && !is_dtx(s.payload())
            });
            if !follows {
                break;
            }
            match self.decode(next.seq, next.media, count) {
                Some(more) => count += more,
                None => {
                    // Its head was Opus and its body was not. Its time is filled like a loss, next.
                    self.stats.invalid += 1;
                    break;
                }
            }
        }
        count
    }

    /// Begins softly where nothing came before, from the noise that did.
    pub(super) fn fade_in(&mut self) {
        if !std::mem::take(&mut self.fade_in) {
            return;
        }
        for (at, sample) in self.frame.iter_mut().take(FADE).enumerate() {
            *sample = mix(self.noise_gain * self.noise.next(), *sample, at);
        }
        self.noise_gain = 0.0;
    }

    /// What would bring the delay nearer to the target, now that `count` samples are decoded and not yet in the FIFO.
    fn wish(&mut self, count: usize, now_us: u64) -> Wish {
        let target = self.delay.target_us();
        let off = self.smooth_us - target;
        if self.rest > 0 && off < FAR_OVER_US {
            self.rest -= 1;
            return Wish::Nothing;
        }
        let waiting = self
            .next
            .and_then(|n| Some(self.slots.last_from(n.seq)?.media - n.media))
            .unwrap_or(-1);
        let over = if waiting >= 0 {
            off
        } else {
            // With little delay packets wait one by one: that nothing waits behind this one does not say that it came late. What it does say
            // is that no more may go than there is now.
            off.min(self.actual_us(now_us) + samples_to_us(count as i64) - target)
        };
        if over > OVER_US {
            let haste = if off > FAR_OVER_US { Haste::Fast } else { Haste::Gentle };
            let spare = if count < FRAME_SAMPLES { SPARE_US } else { 0 };
            return Wish::Less(length(over - spare).max(FADE), haste);
        }
        if off < -UNDER_US && self.actual_us(now_us) < target {
            return Wish::More;
        }
        Wish::Nothing
    }

    /// Takes out or puts in a pitch period, where that cannot be heard. Returns the frame's new length.
    fn stretch(&mut self, count: usize, wish: Wish) -> usize {
        match wish {
            Wish::Nothing => count,
            Wish::Less(most, haste) => {
                let gone = shorten(&mut self.frame, count, most, haste);
                self.stats.accelerated_samples += gone as u64;
                self.after_stretch(gone, -1);
                count - gone
            }
            Wish::More => {
                let more = lengthen(self.fifo.recent(), &mut self.frame, count, Haste::Gentle);
                self.stats.expanded_samples += more as u64;
                self.after_stretch(more, 1);
                count + more
            }
        }
    }

    fn after_stretch(&mut self, samples: usize, sign: i64) {
        if samples > 0 {
            self.smooth_us += sign * samples_to_us(samples as i64);
            self.rest = REST_FRAMES;
        }
    }
}
