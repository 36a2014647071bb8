//! From whose side our own voice comes back.
//!
//! Who hears us over a loudspeaker without an echo canceller sends us back to ourselves. The loudness of what comes from them then
//! follows the loudness of what we sent, some hundred milliseconds later, however quiet it is: the normalised cross-correlation of the
//! two loudness contours has a peak at that delay. Somebody who answers, or talks at the same time, has a rhythm of their own.

use crate::TICK_SAMPLES;
use crate::level::{mean_square, perceptual, power_to_db};

/// Delays looked at, ticks of 10 ms: there and back over a network and through two jitter buffers.
const SHORTEST: usize = 5;
const LONGEST: usize = 100;
const LAGS: usize = LONGEST - SHORTEST + 1;
/// Of our past so much is kept.
const HISTORY: usize = 128;
/// Weight that a tick keeps with each that follows: a time constant of 6 s.
const KEEP: f32 = 0.998_335;
/// The contour is taken against its own mean over a tenth of a second, so that it shows syllables and not who talks at all.
const MEAN: f32 = 0.1;
/// Our voice can come back for so long after it was sent; afterwards there is nothing to be learnt, and what is known stays.
const LATELY: u32 = 120;
/// Contour energy of ours that makes a correlation mean something: two seconds of speech, about. Of theirs less is enough, for what
/// comes back may be quiet.
const ENOUGH_SENT: f32 = 3.0;
const ENOUGH_RETURNED: f32 = 1.0;
/// Correlations up to the first are chance, from the second on there is no doubt. Among synthetic voices that talk at once, 0.54 was
/// the highest ever seen and 0.4 after five seconds; what came back stood at 0.8 to 1, and at 0.65 under answers.
const CHANCE: f32 = 0.5;
const CERTAIN: f32 = 0.75;

/// A loudness contour without its mean.
#[derive(Clone, Debug, Default)]
struct Contour {
    mean: f32,
}

impl Contour {
    fn push(&mut self, power: f32) -> f32 {
        let level = perceptual(power_to_db(power));
        self.mean += (level - self.mean) * MEAN;
        level - self.mean
    }
}

/// What we sent, tick for tick on the clock of what we hear.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    contour: Contour,
    swings: [f32; HISTORY],
    /// Weighted sum of the squares up to each tick.
    energy: [f32; HISTORY],
    at: usize,
    /// Captured since the last tick.
    power: f32,
    count: u16,
    last: f32,
    silent: u32,
}

impl Default for Sent {
    fn default() -> Self {
        Self {
            contour: Contour::default(),
            swings: [0.0; HISTORY],
            energy: [0.0; HISTORY],
            at: 0,
            power: 0.0,
            count: 0,
            last: 0.0,
            silent: LATELY,
        }
    }
}

impl Sent {
    /// 10 ms of the microphone went out, with this mean square; 0 where they did not.
    pub(super) fn capture(&mut self, power: f32) {
        self.power += power;
        self.count = self.count.saturating_add(1);
    }

    /// 10 ms have passed.
    pub(super) fn tick(&mut self) {
        // Microphone and speaker keep time alike, but not to the tick: where nothing came, what came before lasts one tick more.
        let power = if self.count == 0 {
            std::mem::take(&mut self.last)
        } else {
            self.last = self.power / f32::from(self.count);
            self.last
        };
        (self.power, self.count) = (0.0, 0);
        self.silent = if power > 0.0 { 0 } else { self.silent.saturating_add(1) };
        let swing = self.contour.push(power);
        let before = self.energy.get(self.at).copied().unwrap_or_default();
        self.at = (self.at + 1) % HISTORY;
        if let (Some(place), Some(energy)) = (self.swings.get_mut(self.at), self.energy.get_mut(self.at)) {
            *place = swing;
            *energy = before * KEEP + swing * swing;
        }
    }

    /// The swing `ago` ticks ago, and the energy up to then.
    fn past(&self, ago: usize) -> (f32, f32) {
        let at = (self.at + HISTORY - ago) % HISTORY;
        (
            self.swings.get(at).copied().unwrap_or_default(),
            self.energy.get(at).copied().unwrap_or_default(),
        )
    }
}

/// What of it comes back from one speaker.
#[derive(Clone, Debug)]
pub(super) struct Returned {
    contour: Contour,
    cross: [f32; LAGS],
    energy: f32,
    share: f32,
}

impl Default for Returned {
    fn default() -> Self {
        Self {
            contour: Contour::default(),
            cross: [0.0; LAGS],
            energy: 0.0,
            share: 0.0,
        }
    }
}

impl Returned {
    /// 10 ms of theirs.
    pub(super) fn tick(&mut self, sent: &Sent, sound: &[f32; TICK_SAMPLES]) {
        let swing = self.contour.push(mean_square(sound));
        if sent.silent >= LATELY {
            return;
        }
        self.energy = self.energy * KEEP + swing * swing;
        let mut alike = 0.0f32;
        for (cross, lag) in self.cross.iter_mut().zip(SHORTEST..) {
            let (own, energy) = sent.past(lag);
            *cross = *cross * KEEP + swing * own;
            if energy > ENOUGH_SENT {
                alike = alike.max(*cross / (energy * self.energy).sqrt().max(1e-6));
            }
        }
        // A voice that never swings is none.
        if self.energy < ENOUGH_RETURNED {
            alike = 0.0;
        }
        self.share = ((alike - CHANCE) / (CERTAIN - CHANCE)).clamp(0.0, 1.0);
    }

    /// How sure it is that our voice comes back, 0..=1.
    pub(super) fn share(&self) -> f32 {
        self.share
    }
}

#[cfg(test)]
mod tests;
