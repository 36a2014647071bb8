//! What a picture of the call needs, many times a second.

use crate::{EncoderConfig, IoStatus, JitterStats};

/// The newest measures. Only the latest value counts; none is queued.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gauges {
    /// Our own microphone.
    pub input: InputGauge,
    /// What it is encoded to.
    pub codec: EncoderConfig,
    /// Everyone we hear, in the order they were added.
    pub speakers: Vec<SpeakerGauge>,
    /// The devices.
    pub io: IoStatus,
    /// Packets thrown away because the lane to the audio thread was full or their speaker unknown.
    pub packets_dropped: u64,
}

/// Our own microphone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InputGauge {
    /// Loudness 0..=1, linear in decibels from −60 to 0 dBFS, smoothed.
    pub level: f32,
    /// Highest sample of the last 10 ms, dBFS; 0 at the start.
    pub peak_dbfs: f32,
    /// Whether we speak and it is sent: what the others see.
    pub speaking: bool,
    /// Whether packets go out now.
    pub sending: bool,
    /// Whether we are muted.
    pub muted: bool,
    /// Loudness at which the gate opens now, on the scale of `level`; `None` where speech does not decide.
    pub gate: Option<f32>,
    /// Whether the last half second was too loud for the microphone.
    pub clipping: bool,
}

/// Somebody we hear, measured on the decoded sound.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SpeakerGauge {
    /// The id they were added under.
    pub id: u64,
    /// Loudness 0..=1, as in [`InputGauge::level`], before their volume slider.
    pub level: f32,
    /// Whether they speak.
    pub speaking: bool,
    /// How much of our own voice comes back from them, 0..=1.
    pub echo: f32,
    /// How their packets fare.
    pub stats: JitterStats,
}
