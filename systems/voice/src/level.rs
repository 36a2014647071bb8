//! How loud a sound is, measured on the sound itself.

mod speaking;

pub use speaking::SpeakingDetector;

use crate::TICK_SAMPLES;

/// What is shown as zero: sound this quiet does not move a meter.
const BOTTOM_DBFS: f32 = -60.0;
/// What stands for no sound at all.
pub(crate) const SILENCE_DBFS: f32 = -120.0;
/// How much of the way up a meter goes in one tick: nearly there in 20 ms.
const RISE: f32 = 0.7;
/// How far a meter falls in one tick, in dB: from full to nothing in half a second.
const FALL_DB: f32 = 1.2;

/// Root mean square, peak and a smoothed meter of a stream, one tick of 10 ms at a time.
#[derive(Clone, Debug)]
pub struct LevelMeter {
    rms_dbfs: f32,
    peak_dbfs: f32,
    meter_dbfs: f32,
}

impl Default for LevelMeter {
    fn default() -> Self {
        Self {
            rms_dbfs: SILENCE_DBFS,
            peak_dbfs: SILENCE_DBFS,
            meter_dbfs: SILENCE_DBFS,
        }
    }
}

impl LevelMeter {
    /// A meter that has heard nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Measures one tick.
    pub fn push(&mut self, tick: &[f32; TICK_SAMPLES]) {
        self.rms_dbfs = power_to_db(mean_square(tick));
        let peak = tick.iter().fold(0.0f32, |p, s| p.max(s.abs()));
        self.peak_dbfs = power_to_db(peak * peak);
        self.meter_dbfs = if self.rms_dbfs > self.meter_dbfs {
            let from = self.meter_dbfs.max(BOTTOM_DBFS);
            from + (self.rms_dbfs - from) * RISE
        } else {
            (self.meter_dbfs - FALL_DB).max(self.rms_dbfs)
        };
    }

    /// RMS of the last tick in dBFS (0 is a full-scale square wave), −120 for silence.
    pub fn rms_dbfs(&self) -> f32 {
        self.rms_dbfs
    }

    /// Highest sample of the last tick in dBFS.
    pub fn peak_dbfs(&self) -> f32 {
        self.peak_dbfs
    }

    /// The smoothed loudness for a picture, 0..=1: up within 20 ms, down within half a second.
    pub fn level(&self) -> f32 {
        perceptual(self.meter_dbfs)
    }

    /// The last tick's RMS as RTP's audio level writes it: 0 loudest, 127 silence (RFC 6464 §3).
    pub fn dbov(&self) -> u8 {
        // In range by the clamp, so the cast only drops the fraction.
        (-self.rms_dbfs).round().clamp(0.0, 127.0) as u8
    }
}

/// Loudness on a scale on which equal steps look equal: −60 dBFS is 0, 0 dBFS is 1, linear in decibels between.
pub fn perceptual(dbfs: f32) -> f32 {
    (1.0 - dbfs / BOTTOM_DBFS).clamp(0.0, 1.0)
}

pub(crate) fn mean_square(samples: &[f32]) -> f32 {
    samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32
}

pub(crate) fn power_to_db(power: f32) -> f32 {
    (10.0 * power.max(1e-12).log10()).max(SILENCE_DBFS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{noise, ticks};

    #[test]
    fn a_full_scale_square_is_zero_dbfs_and_silence_is_the_bottom() {
        let mut meter = LevelMeter::new();
        meter.push(&[1.0; 480]);
        assert!(meter.rms_dbfs().abs() < 0.01 && meter.peak_dbfs().abs() < 0.01);
        assert_eq!(meter.dbov(), 0);
        meter.push(&[0.0; 480]);
        assert_eq!((meter.rms_dbfs(), meter.dbov()), (SILENCE_DBFS, 120));
    }

    #[test]
    fn a_meter_rises_within_20_ms_and_falls_within_half_a_second() {
        let mut meter = LevelMeter::new();
        for tick in ticks(&noise(0.02, -20.0, 1)) {
            meter.push(tick);
        }
        assert!(meter.level() > 0.55, "{}", meter.level());
        for _ in 0..50 {
            meter.push(&[0.0; 480]);
        }
        assert_eq!(meter.level(), 0.0);
    }

    #[test]
    fn perceived_loudness_is_linear_in_decibels() {
        assert_eq!(perceptual(0.0), 1.0);
        assert_eq!(perceptual(-30.0), 0.5);
        assert_eq!(perceptual(-60.0), 0.0);
        assert_eq!(perceptual(-90.0), 0.0);
        assert_eq!(perceptual(6.0), 1.0);
    }
}
