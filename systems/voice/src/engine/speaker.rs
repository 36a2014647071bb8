//! Somebody we hear.

use super::returned::{Returned, Sent};
use super::scout::Scout;
use crate::{
    JitterBuffer, JitterConfig, LevelMeter, Mixer, Payload, Place, SpeakingDetector, TICK_SAMPLES, VoiceError,
};

/// Their packets, their loudness, their volume.
pub(super) struct Speaker {
    pub(super) id: u64,
    pub(super) jitter: JitterBuffer,
    pub(super) meter: LevelMeter,
    detector: SpeakingDetector,
    scout: Scout,
    /// Whether they are speaking: heard as it was played, or as it came.
    pub(super) speaking: bool,
    pub(super) returned: Returned,
    pub(super) volume: f32,
    pub(super) place: Place,
    /// Gain of either ear in the last tick.
    last: [f32; 2],
}

impl Speaker {
    pub(super) fn new(id: u64, jitter: JitterConfig) -> Result<Self, VoiceError> {
        Ok(Self {
            id,
            jitter: JitterBuffer::new(jitter)?,
            meter: LevelMeter::new(),
            detector: SpeakingDetector::new(),
            scout: Scout::new()?,
            speaking: false,
            returned: Returned::default(),
            volume: 1.0,
            place: Place::MIDDLE,
            last: [1.0; 2],
        })
    }

    /// Takes a packet of theirs.
    pub(super) fn receive(&mut self, seq: u16, timestamp: u32, marker: bool, payload: &Payload, arrival_us: u64) {
        let inserted = self.jitter.insert(seq, timestamp, marker, payload, arrival_us);
        self.scout.packet(seq, inserted, payload, &self.detector, arrival_us);
    }

    /// Pulls 10 ms, measures them as they are, and adds them to the mix at their volume and place.
    pub(super) fn tick(&mut self, now_us: u64, sent: &Sent, mixer: &mut Mixer) {
        let mut sound = [0.0; TICK_SAMPLES];
        let heard = self.jitter.pull(&mut sound, now_us);
        self.meter.push(&sound);
        if self.detector.push(&sound) {
            self.scout.rest();
        }
        self.speaking = self.detector.speaking() || self.scout.heard(now_us);
        self.returned.tick(sent, &sound);
        let gains = self.place.gains().map(|gain| gain * self.volume);
        if heard {
            mixer.add(&sound, self.last, gains);
        }
        self.last = gains;
    }
}
