//! Sound for two ears, and where in it a voice stands.

use crate::TICK_SAMPLES;

/// 10 ms for two ears.
#[derive(Clone, Debug, PartialEq)]
pub struct Stereo {
    /// The left ear's.
    pub left: [f32; TICK_SAMPLES],
    /// The right ear's.
    pub right: [f32; TICK_SAMPLES],
}

impl Stereo {
    /// Silence.
    pub const SILENCE: Self = Self {
        left: [0.0; TICK_SAMPLES],
        right: [0.0; TICK_SAMPLES],
    };

    /// The same for both ears.
    pub fn from_mono(tick: &[f32; TICK_SAMPLES]) -> Self {
        Self {
            left: *tick,
            right: *tick,
        }
    }

    /// Both ears' in one: bit for bit what either has where they are the same.
    pub fn mono(&self) -> [f32; TICK_SAMPLES] {
        let mut mono = self.left;
        for (left, right) in mono.iter_mut().zip(&self.right) {
            *left = (*left + right) * 0.5;
        }
        mono
    }

    /// All samples of both ears.
    pub(crate) fn samples_mut(&mut self) -> impl Iterator<Item = &mut f32> {
        self.left.iter_mut().chain(&mut self.right)
    }
}

/// Where a voice stands between the ears, and how loud that makes it in each.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place(f32);

impl Place {
    /// In front.
    pub const MIDDLE: Self = Self(0.0);
    /// The furthest to a side: the other ear still hears it, 14 dB quieter. In headphones a voice in one ear alone is unpleasant.
    const FURTHEST: f32 = 0.75;

    /// From −1, left, to 1, right. What is beyond is brought within; what is not a number is in front.
    pub fn new(place: f32) -> Self {
        Self(if place.is_nan() { 0.0 } else { place.clamp(-1.0, 1.0) })
    }

    /// Gain for the left and the right ear: together of the same power wherever a voice stands, and exactly 1 in front.
    pub(crate) fn gains(self) -> [f32; 2] {
        if self.0 == 0.0 {
            return [1.0; 2];
        }
        let angle = (self.0 * Self::FURTHEST + 1.0) * std::f32::consts::FRAC_PI_4;
        [angle.cos(), angle.sin()].map(|gain| gain * std::f32::consts::SQRT_2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_front_changes_nothing_and_to_a_side_keeps_the_power() {
        assert_eq!(Place::MIDDLE.gains(), [1.0, 1.0]);
        for step in -20..=20 {
            let place = step as f32 / 20.0;
            let [left, right] = Place::new(place).gains();
            assert!((left * left + right * right - 2.0).abs() < 1e-5, "{place}");
            assert!(place == 0.0 || (place > 0.0) == (right > left), "{place}");
        }
        let [left, right] = Place::new(1.0).gains();
        let apart = 20.0 * (right / left).log10();
        assert!((13.0..15.0).contains(&apart), "{apart} dB");
        assert_eq!(Place::new(9.0), Place::new(1.0));
        assert_eq!(Place::new(f32::NAN), Place::MIDDLE);
    }

    #[test]
    fn what_is_the_same_for_both_ears_is_that_in_one() {
        let tick = std::array::from_fn(|i| (i as f32 * 0.37).sin() * 0.7);
        assert_eq!(Stereo::from_mono(&tick).mono(), tick);
    }
}
