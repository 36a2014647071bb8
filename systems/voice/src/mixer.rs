//! Many voices into one ear.

use crate::TICK_SAMPLES;

/// Below this a sample passes untouched; above it is bent towards, and never over, 1.
const KNEE: f32 = 0.8;
/// How much of the missing gain comes back in one tick: over about a third of a second.
const RECOVER: f32 = 0.03;
/// Samples over which a lower gain takes hold. Short enough to catch a shout, long enough not to click.
const DUCK_SAMPLES: usize = 96;

/// Sums voices and keeps the sum from clipping.
///
/// One voice at volume 1 and below −2 dBFS comes out bit for bit. When several are loud at once their sum is turned down
/// within 2 ms and comes back slowly; what still peaks within those 2 ms is bent, not cut.
#[derive(Clone, Debug)]
pub struct Mixer {
    sum: [f32; TICK_SAMPLES],
    gain: f32,
    volume: f32,
    last_volume: f32,
}

impl Default for Mixer {
    fn default() -> Self {
        Self {
            sum: [0.0; TICK_SAMPLES],
            gain: 1.0,
            volume: 1.0,
            last_volume: 1.0,
        }
    }
}

impl Mixer {
    /// A mixer at volume 1.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the volume of everything, 0..=2; anything outside is clamped, what is not a number ignored.
    pub fn set_volume(&mut self, volume: f32) {
        if let Some(volume) = clean_gain(volume) {
            self.volume = volume;
        }
    }

    /// Adds one voice, its volume running evenly from `from` to `to` over the tick so that a moved slider does not crackle.
    pub fn add(&mut self, voice: &[f32; TICK_SAMPLES], from: f32, to: f32) {
        ramp(voice, &mut self.sum, from, to);
    }

    /// Takes the sum, limited to ±1, and starts the next tick.
    pub fn take(&mut self, out: &mut [f32; TICK_SAMPLES]) {
        out.fill(0.0);
        ramp(&self.sum, out, self.last_volume, self.volume);
        self.sum.fill(0.0);
        self.last_volume = self.volume;

        let peak = out.iter().fold(0.0f32, |p, s| p.max(s.abs()));
        let wanted = if peak > 1.0 { 1.0 / peak } else { 1.0 };
        let before = self.gain;
        let (after, over) = if wanted < before {
            (wanted, DUCK_SAMPLES)
        } else {
            (before + (wanted - before) * RECOVER, TICK_SAMPLES)
        };
        // Close enough to be inaudible; exactly 1 again, so that quiet sound passes bit for bit.
        self.gain = if after > 0.999 { 1.0 } else { after };
        for (i, sample) in out.iter_mut().enumerate() {
            let part = ((i + 1) as f32 / over as f32).min(1.0);
            *sample = soft(*sample * (before + (self.gain - before) * part));
        }
    }
}

/// Adds `from` × a gain that runs evenly from `start` to `end`, to `to`.
fn ramp(from: &[f32; TICK_SAMPLES], to: &mut [f32; TICK_SAMPLES], start: f32, end: f32) {
    let step = (end - start) / TICK_SAMPLES as f32;
    for (i, (sample, out)) in from.iter().zip(to).enumerate() {
        // With start == end the gain is exact, so a gain of 1 changes no bit.
        *out += sample
            * if step == 0.0 {
                end
            } else {
                start + step * (i + 1) as f32
            };
    }
}

/// The identity up to the knee, then a smooth bend with the same slope that never reaches 1.
fn soft(x: f32) -> f32 {
    let size = x.abs();
    if size <= KNEE {
        return x;
    }
    let over = (size - KNEE) / (1.0 - KNEE);
    (KNEE + (1.0 - KNEE) * over.tanh()).min(1.0).copysign(x)
}

/// A volume within 0..=2, or `None` for what is not a number.
pub(crate) fn clean_gain(gain: f32) -> Option<f32> {
    (!gain.is_nan()).then(|| gain.clamp(0.0, 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{noise, ticks, voice};

    #[test]
    fn one_voice_at_full_volume_comes_out_bit_for_bit() {
        let mut mixer = Mixer::new();
        let signal: Vec<f32> = voice(1.0, 1).iter().map(|s| s.clamp(-0.79, 0.79)).collect();
        for tick in ticks(&signal) {
            let mut out = [0.0; 480];
            mixer.add(tick, 1.0, 1.0);
            mixer.take(&mut out);
            assert_eq!(&out, tick);
        }
    }

    #[test]
    fn ten_shouting_people_never_exceed_full_scale() {
        let mut mixer = Mixer::new();
        mixer.set_volume(2.0);
        for tick in ticks(&noise(1.0, -6.0, 2)) {
            for _ in 0..10 {
                mixer.add(tick, 2.0, 2.0);
            }
            let mut out = [0.0; 480];
            mixer.take(&mut out);
            assert!(out.iter().all(|s| s.is_finite() && s.abs() <= 1.0));
        }
    }

    #[test]
    fn after_a_shout_quiet_sound_becomes_exact_again() {
        let mut mixer = Mixer::new();
        let mut out = [0.0; 480];
        mixer.add(&[3.0; 480], 1.0, 1.0);
        mixer.take(&mut out);
        mixer.add(&[0.1; 480], 1.0, 1.0);
        mixer.take(&mut out);
        assert!(out[479] < 0.06, "still turned down");
        for _ in 0..300 {
            mixer.add(&[0.1; 480], 1.0, 1.0);
            mixer.take(&mut out);
        }
        assert_eq!(out, [0.1; 480]);
    }

    #[test]
    fn a_volume_change_is_a_ramp_and_garbage_volumes_change_nothing() {
        let mut mixer = Mixer::new();
        let mut out = [0.0; 480];
        mixer.set_volume(0.0);
        mixer.add(&[0.5; 480], 1.0, 1.0);
        mixer.take(&mut out);
        assert!(out.windows(2).all(|w| (w[0] - w[1]).abs() < 0.01), "no step");
        assert!(out[479].abs() < 1e-6);
        mixer.set_volume(f32::NAN);
        mixer.add(&[0.5; 480], 1.0, 1.0);
        mixer.take(&mut out);
        assert_eq!(out, [0.0; 480]);
        assert_eq!(clean_gain(9.0), Some(2.0));
        assert_eq!(clean_gain(f32::INFINITY), Some(2.0));
        assert_eq!(clean_gain(-1.0), Some(0.0));
    }
}
