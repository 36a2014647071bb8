//! Somebody we hear.

use crate::{JitterBuffer, JitterConfig, LevelMeter, Mixer, SpeakingDetector, TICK_SAMPLES, VoiceError};

/// Their packets, their loudness, their volume.
pub(super) struct Speaker {
    pub(super) id: u64,
    pub(super) jitter: JitterBuffer,
    pub(super) meter: LevelMeter,
    pub(super) detector: SpeakingDetector,
    pub(super) volume: f32,
    last_volume: f32,
}

impl Speaker {
    pub(super) fn new(id: u64, jitter: JitterConfig) -> Result<Self, VoiceError> {
        Ok(Self {
            id,
            jitter: JitterBuffer::new(jitter)?,
            meter: LevelMeter::new(),
            detector: SpeakingDetector::new(),
            volume: 1.0,
            last_volume: 1.0,
        })
    }

    /// Pulls 10 ms, measures them as they are, and adds them to the mix at their volume.
    pub(super) fn tick(&mut self, now_us: u64, mixer: &mut Mixer) {
        let mut sound = [0.0; TICK_SAMPLES];
        let heard = self.jitter.pull(&mut sound, now_us);
        self.meter.push(&sound);
        self.detector.push(&sound);
        if heard {
            mixer.add(&sound, self.last_volume, self.volume);
        }
        self.last_volume = self.volume;
    }
}
