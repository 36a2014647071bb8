//! Many voices into two ears.

use crate::{Stereo, TICK_SAMPLES};

/// Below this a sample passes untouched; above it is bent towards, and never over, 1.
const KNEE: f32 = 0.8;
/// How much of the missing gain comes back in one tick: over about a third of a second.
const RECOVER: f32 = 0.03;
/// Samples over which a lower gain takes hold. Short enough to catch a shout, long enough not to click.
const DUCK_SAMPLES: usize = 96;

/// Sums voices and keeps the sum from clipping.
///
/// One voice in front at volume 1 and below −2 dBFS comes out bit for bit in both ears. When several are loud at once their sum is turned down
/// within 2 ms and comes back slowly; what still peaks within those 2 ms is bent, not cut.
#[derive(Clone, Debug)]
pub struct Mixer {
    sum: Stereo,
    gain: f32,
    volume: f32,
    last_volume: f32,
}

impl Default for Mixer {
    fn default() -> Self {
        Self {
            sum: Stereo::SILENCE,
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

    /// Adds one voice, its gain in the left and the right ear running evenly from `from` to `to` over the tick so that a moved slider or
    /// planet does not crackle.
    pub fn add(&mut self, voice: &[f32; TICK_SAMPLES], from: [f32; 2], to: [f32; 2]) {
        let ([from_left, from_right], [to_left, to_right]) = (from, to);
        ramp(voice, &mut self.sum.left, from_left, to_left);
        ramp(voice, &mut self.sum.right, from_right, to_right);
    }

    /// Takes the sum, limited to ±1, and starts the next tick. Both ears are turned down together, so that nobody moves.
    pub fn take(&mut self, out: &mut Stereo) {
        *out = Stereo::SILENCE;
        ramp(&self.sum.left, &mut out.left, self.last_volume, self.volume);
        ramp(&self.sum.right, &mut out.right, self.last_volume, self.volume);
        self.sum = Stereo::SILENCE;
        self.last_volume = self.volume;

        let peak = out.samples_mut().fold(0.0f32, |p, s| p.max(s.abs()));
        let wanted = if peak > 1.0 { 1.0 / peak } else { 1.0 };
        let before = self.gain;
        let (after, over) = if wanted < before {
            (wanted, DUCK_SAMPLES)
        } else {
            (before + (wanted - before) * RECOVER, TICK_SAMPLES)
        };
        // Close enough to be inaudible; exactly 1 again, so that quiet sound passes bit for bit.
        self.gain = if after > 0.999 { 1.0 } else { after };
        for (i, (left, right)) in out.left.iter_mut().zip(&mut out.right).enumerate() {
            let part = ((i + 1) as f32 / over as f32).min(1.0);
            let gain = before + (self.gain - before) * part;
            *left = soft(*left * gain);
            *right = soft(*right * gain);
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
            let mut out = Stereo::SILENCE;
            mixer.add(tick, [1.0; 2], [1.0; 2]);
            mixer.take(&mut out);
            assert_eq!((&out.left, &out.right), (tick, tick));
        }
    }

    #[test]
    fn ten_shouting_people_never_exceed_full_scale() {
        let mut mixer = Mixer::new();
        mixer.set_volume(2.0);
        for tick in ticks(&noise(1.0, -6.0, 2)) {
            for _ in 0..10 {
                mixer.add(tick, [2.0; 2], [2.0; 2]);
            }
            let mut out = Stereo::SILENCE;
            mixer.take(&mut out);
            assert!(out.samples_mut().all(|s| s.is_finite() && s.abs() <= 1.0));
        }
    }

    #[test]
    fn sixteen_loud_voices_are_turned_down_and_not_cut() {
        let mut mixer = Mixer::new();
        // Talking at the top of their voices, −8 dBFS each.
        let voices: Vec<Vec<f32>> = (0..16)
            .map(|seed| voice(3.0, seed).iter().map(|s| (s * 4.0).clamp(-1.0, 1.0)).collect())
            .collect();
        let (mut plain, mut heard) = (Vec::new(), Vec::new());
        for i in 0..300 {
            let mut sum = [0.0f32; 480];
            for voice in &voices {
                let tick = ticks(voice).nth(i).unwrap();
                mixer.add(tick, [1.0; 2], [1.0; 2]);
                sum.iter_mut().zip(tick).for_each(|(to, from)| *to += from);
            }
            let mut out = Stereo::SILENCE;
            mixer.take(&mut out);
            plain.extend_from_slice(&sum);
            heard.extend_from_slice(&out.left);
        }
        let over = |s: &[f32]| s.iter().filter(|s| s.abs() > 0.999).count() as f64 / s.len() as f64;
        let alike = plain
            .chunks_exact(4800)
            .zip(heard.chunks_exact(4800))
            .map(|(before, after)| crate::testing::correlation(before, after))
            .fold(1.0, f64::min);
        println!(
            "{:.3} of the sum is over full scale, {:.4} of what is heard; alike {alike:.3}",
            over(&plain),
            over(&heard)
        );
        assert!(over(&plain) > 0.1, "the sum alone would be cut");
        assert!(over(&heard) < 0.001 && heard.iter().all(|s| s.abs() <= 1.0));
        assert!(alike > 0.8, "{alike}");
    }

    #[test]
    fn after_a_shout_quiet_sound_becomes_exact_again() {
        let mut mixer = Mixer::new();
        let mut out = Stereo::SILENCE;
        mixer.add(&[3.0; 480], [1.0; 2], [1.0; 2]);
        mixer.take(&mut out);
        mixer.add(&[0.1; 480], [1.0; 2], [1.0; 2]);
        mixer.take(&mut out);
        assert!(out.right[479] < 0.06, "still turned down");
        for _ in 0..300 {
            mixer.add(&[0.1; 480], [1.0; 2], [1.0; 2]);
            mixer.take(&mut out);
        }
        assert_eq!(out, Stereo::from_mono(&[0.1; 480]));
    }

    #[test]
    fn a_volume_change_is_a_ramp_and_garbage_volumes_change_nothing() {
        let mut mixer = Mixer::new();
        let mut out = Stereo::SILENCE;
        mixer.set_volume(0.0);
        mixer.add(&[0.5; 480], [1.0; 2], [1.0; 2]);
        mixer.take(&mut out);
        assert!(out.left.windows(2).all(|w| (w[0] - w[1]).abs() < 0.01), "no step");
        assert!(out.right[479].abs() < 1e-6);
        mixer.set_volume(f32::NAN);
        mixer.add(&[0.5; 480], [1.0; 2], [1.0; 2]);
        mixer.take(&mut out);
        assert_eq!(out, Stereo::SILENCE);
        assert_eq!(clean_gain(9.0), Some(2.0));
        assert_eq!(clean_gain(f32::INFINITY), Some(2.0));
        assert_eq!(clean_gain(-1.0), Some(0.0));
    }

    #[test]
    fn a_voice_at_a_side_is_there_and_a_shout_at_the_other_does_not_move_it() {
        let mut mixer = Mixer::new();
        let mut out = Stereo::SILENCE;
        let gains = crate::Place::new(-1.0).gains();
        mixer.add(&[0.2; 480], gains, gains);
        mixer.take(&mut out);
        let before = out.left[479] / out.right[479];
        assert!(before > 4.0, "{before}");
        let shout = crate::Place::new(1.0).gains();
        mixer.add(&[0.2; 480], gains, gains);
        mixer.add(&[2.0; 480], shout, shout);
        mixer.take(&mut out);
        assert!(out.right[479] > out.left[479] && out.samples_mut().all(|s| s.abs() <= 1.0));
        mixer.add(&[0.2; 480], gains, gains);
        mixer.take(&mut out);
        assert!((out.left[479] / out.right[479] - before).abs() < 0.01);
    }
}
