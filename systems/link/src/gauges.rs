//! Values that change all the time; only the latest counts.

use std::sync::{Arc, Mutex};

use orrery_protocol::PeerId;
use serde::{Deserialize, Serialize};

/// Everything measured right now. Published 50 times a second while a call or a microphone test runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gauges {
    /// Counts up with every publication, so that a reader sees whether anything is new.
    pub count: u64,
    /// One's own microphone, 0 to 1 (−60 dBFS to full scale).
    pub own_level: f32,
    /// One's own voice is being sent.
    pub own_speaking: bool,
    /// Round trip to the home server in milliseconds; 0 when unknown.
    pub server_rtt_ms: u32,
    /// How often a sound device had too little or too much since the program began.
    pub xruns: u64,
    /// Everybody else in the call.
    pub speakers: Vec<SpeakerGauge>,
}

/// What is measured on one other person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeakerGauge {
    /// Who.
    pub peer: PeerId,
    /// Loudness of the sound as it is played, 0 to 1 (−60 dBFS to full scale).
    pub level: f32,
    /// It speaks, by the sound itself.
    pub speaking: bool,
    /// Round trip in milliseconds; 0 when unknown.
    pub rtt_ms: u32,
    /// Share of the last seconds' packets that did not come, 0 to 1.
    pub loss: f32,
    /// What the jitter buffer holds, in milliseconds.
    pub buffer_ms: u32,
    /// Share of the sound of the last seconds that had to be concealed, 0 to 1.
    pub concealed: f32,
}

/// Where gauges stand for everybody to look at. Writing replaces; reading copies a pointer.
#[derive(Clone, Debug, Default)]
pub struct GaugeBoard(Arc<Mutex<Arc<Gauges>>>);

impl GaugeBoard {
    /// Puts new values up. The lock is held for the swap of one pointer.
    pub fn publish(&self, mut gauges: Gauges) {
        let mut slot = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        gauges.count = slot.count.wrapping_add(1);
        *slot = Arc::new(gauges);
    }

    /// The latest values.
    #[must_use]
    pub fn latest(&self) -> Arc<Gauges> {
        Arc::clone(&self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}
