//! What is done to the microphone's sound before it goes out: echo, rumble and noise taken away, an even loudness given.
//!
//! ```text
//! microphone ─▶ high pass ─▶ echo canceller (what was played) ─▶ noise ─▶ gain ─▶ engine
//! ```
//!
//! Echo cancellation, noise suppression and gain are WebRTC's AEC3, NS and AGC2 in their port `sonora`; the strongest noise
//! suppression is RNNoise in its port `nnnoiseless` (Valin 2018, "A Hybrid DSP/Deep Learning Approach").
//!
//! `sonora` allocates: about fifty small buffers a tick. It runs on the audio thread, which may; in no callback.

use nnnoiseless::DenoiseState;
use sonora::config::{
    AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, MaxProcessingRate, NoiseSuppression as Suppressor,
    NoiseSuppressionLevel, Pipeline,
};
use sonora::{AudioProcessing, Config, StreamConfig};

use crate::{SAMPLE_RATE, Stereo, TICK_SAMPLES};

/// RNNoise computes in 16-bit units.
const PCM: f32 = 32_768.0;
/// With nothing heard yet a voice is raised by this much, dB: a headset at a usual distance needs about that, and a loud voice
/// is not blared into the first second.
const FIRST_GAIN_DB: f32 = 8.0;
/// A voice is raised by at most this much, dB. What needs more is not meant for the call.
const MAX_GAIN_DB: f32 = 30.0;

/// How much of the noise behind a voice is taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoiseSuppression {
    /// Nothing.
    Off,
    /// A little: the room stays a room.
    #[default]
    Low,
    /// Most of it.
    High,
    /// Everything that is not a voice.
    Strong,
}

/// What is done to the microphone's sound. Rumble below the voice is always taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessConfig {
    /// Take out what the microphone hears from the loudspeaker.
    pub echo_cancellation: bool,
    /// Take out noise.
    pub noise_suppression: NoiseSuppression,
    /// Bring the voice to an even loudness.
    pub auto_gain: bool,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        Self {
            echo_cancellation: true,
            noise_suppression: NoiseSuppression::default(),
            auto_gain: true,
        }
    }
}

/// Processes one microphone, 10 ms at a time, knowing what the loudspeaker plays.
pub struct Processor {
    config: ProcessConfig,
    /// High pass, echo, noise.
    front: AudioProcessing,
    /// The strong noise suppression, where it is wanted.
    denoiser: Option<Box<DenoiseState<'static>>>,
    /// Gain, behind everything that takes away: what it amplifies must be voice.
    back: AudioProcessing,
    /// What the renderer side of `front` gives back, which nobody needs.
    waste: Box<Stereo>,
}

impl Processor {
    /// A processor that has heard nothing.
    #[must_use]
    pub fn new(config: ProcessConfig) -> Self {
        let stream = StreamConfig::new(SAMPLE_RATE, 1);
        let build = |config| {
            AudioProcessing::builder()
                .config(config)
                .capture_config(stream)
                // Both ears: what differs between them reaches the microphone by different ways.
                .render_config(StreamConfig::new(SAMPLE_RATE, 2))
                .build()
        };
        Self {
            config,
            front: build(front(config)),
            denoiser: denoiser(config),
            back: build(back(config)),
            waste: Box::new(Stereo::SILENCE),
        }
    }

    /// Changes what is done. What was learnt of the room and the voice stays, as far as it still is used. Allocates.
    pub fn set_config(&mut self, config: ProcessConfig) {
        if config == self.config {
            return;
        }
        if (config.echo_cancellation, level(config)) != (self.config.echo_cancellation, level(self.config)) {
            self.front.apply_config(front(config));
        }
        if config.auto_gain != self.config.auto_gain {
            // Not the gain of before: it may have been another microphone's.
            self.back.apply_config(back(config));
        }
        if config.noise_suppression != self.config.noise_suppression {
            self.denoiser = denoiser(config);
        }
        self.config = config;
    }

    /// What is done now.
    #[must_use]
    pub fn config(&self) -> ProcessConfig {
        self.config
    }

    /// Takes note of 10 ms that the loudspeaker is given: exactly what it is given, or the echo of it cannot be known again.
    pub fn render(&mut self, tick: &Stereo) {
        if self.config.echo_cancellation {
            let [left, right] = [clean(&tick.left), clean(&tick.right)];
            let Stereo {
                left: waste_left,
                right: waste_right,
            } = &mut *self.waste;
            // Fails only for formats other than the one it was built with.
            let _ = self
                .front
                .process_render_f32(&[&left, &right], &mut [&mut waste_left[..], &mut waste_right[..]]);
        }
    }

    /// Processes 10 ms of the microphone in place.
    pub fn capture(&mut self, tick: &mut [f32; TICK_SAMPLES]) {
        let heard = clean(tick);
        // See above.
        let _ = self.front.process_capture_f32(&[&heard], &mut [&mut tick[..]]);
        if let Some(denoiser) = &mut self.denoiser {
            let loud = tick.map(|s| s * PCM);
            denoiser.process_frame(&mut tick[..], &loud);
            for sample in tick.iter_mut() {
                *sample /= PCM;
            }
        }
        if self.config.auto_gain {
            let even = *tick;
            let _ = self.back.process_capture_f32(&[&even], &mut [&mut tick[..]]);
        }
        *tick = clean(tick);
    }
}

/// What is no sound is silence.
fn clean(tick: &[f32; TICK_SAMPLES]) -> [f32; TICK_SAMPLES] {
    tick.map(|s| if s.is_finite() { s.clamp(-1.0, 1.0) } else { 0.0 })
}

/// How much the suppressor in front takes away; nothing where the strong one follows.
fn level(config: ProcessConfig) -> Option<NoiseSuppressionLevel> {
    match config.noise_suppression {
        NoiseSuppression::Off | NoiseSuppression::Strong => None,
        NoiseSuppression::Low => Some(NoiseSuppressionLevel::Low),
        NoiseSuppression::High => Some(NoiseSuppressionLevel::VeryHigh),
    }
}

fn front(config: ProcessConfig) -> Config {
    Config {
        pipeline: Pipeline {
            // All of what Opus can carry, not only 16 kHz of it.
            maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz,
            ..Pipeline::default()
        },
        high_pass_filter: Some(HighPassFilter::default()),
        echo_canceller: config.echo_cancellation.then(EchoCanceller::default),
        noise_suppression: level(config).map(|level| Suppressor {
            level,
            ..Suppressor::default()
        }),
        ..Config::default()
    }
}

fn back(config: ProcessConfig) -> Config {
    Config {
        gain_controller2: config.auto_gain.then(|| GainController2 {
            adaptive_digital: Some(AdaptiveDigital {
                initial_gain_db: FIRST_GAIN_DB,
                max_gain_db: MAX_GAIN_DB,
                ..AdaptiveDigital::default()
            }),
            ..GainController2::default()
        }),
        ..Config::default()
    }
}

fn denoiser(config: ProcessConfig) -> Option<Box<DenoiseState<'static>>> {
    (config.noise_suppression == NoiseSuppression::Strong).then(DenoiseState::new)
}

#[cfg(test)]
mod tests;
