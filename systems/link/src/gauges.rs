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
    /// Loudness at which the gate opens now, on the scale of `own_level`; 0 where there is no gate.
    pub own_gate: f32,
    /// What one's own sound is encoded to.
    pub codec: CodecGauge,
    /// Round trip to the home server in milliseconds; 0 when unknown.
    pub server_rtt_ms: u32,
    /// How often a sound device had too little or too much since the program began.
    pub xruns: u64,
    /// Everybody else in the call.
    pub speakers: Vec<SpeakerGauge>,
}

/// What sound is encoded to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodecGauge {
    /// Milliseconds of sound in a packet: 10 or 20; 0 where nothing is known yet.
    pub frame_ms: u32,
    /// Bits per second that are aimed for.
    pub bitrate: u32,
    /// Each packet repeats the one before coarsely.
    pub fec: bool,
    /// Milliseconds of the past that each packet describes (DRED); 0 for none.
    pub dred_ms: u32,
}

/// Which way sound takes between two people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// Not known yet.
    #[default]
    Unknown,
    /// Within one network.
    Local,
    /// Through the internet, with nobody between.
    Direct,
    /// Through a third computer, which cannot hear it.
    Relayed,
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
    /// Share of the last seconds' packets that did not come and were made good by redundancy, 0 to 1.
    pub recovered: f32,
    /// How unevenly packets arrive, in milliseconds (RFC 3550 §6.4.1).
    pub jitter_ms: u32,
    /// Share of our packets that they say did not reach them, 0 to 1.
    pub sent_loss: f32,
    /// Milliseconds of sound in their packets; 0 where nothing came yet.
    pub frame_ms: u32,
    /// The way the sound takes.
    pub route: Route,
    /// How much of our own voice comes back from their side, 0 to 1.
    pub echo: f32,
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
