//! The sound of a call, from microphone to network and from network to ear, with nothing of the network in it.
//!
//! ```text
//! AudioIo::capture ─▶ Processor (echo, noise, gain) ─▶ VoiceEngine::capture ─ level, gate, Opus once ─▶ FrameSink (the network's side)
//! PacketInlet ─▶ JitterBuffer per speaker ─ decode | FEC | DRED | concealment ─▶ level ─▶ Mixer ─▶ AudioIo::play
//! ```
//!
//! Three layers, each usable without the one above it:
//!
//! * pure signal processing that is told the time and touches no device: [`Encoder`], [`Decoder`], [`JitterBuffer`],
//!   [`LevelMeter`], [`SpeakingDetector`], [`Gate`], [`Mixer`], and [`VoiceEngine`], which joins them; beside it [`Processor`];
//! * [`AudioIo`], where sound comes from and goes to: [`FileIo`] (WAV files in real time), [`EchoIo`], and with the
//!   feature `device` `DeviceIo` (real devices that may vanish and come back);
//! * [`AudioHandle`], the thread named `orrery-audio` that runs an engine on an `AudioIo`, and never blocks on anybody.
//!
//! Everything inside is 48 kHz, mono, `f32` in −1..=1. One engine tick is 10 ms, one packet 10 or 20 ms.

mod codec;
mod cue;
mod engine;
mod error;
mod format;
mod gate;
mod gauges;
mod io;
mod jitter;
mod level;
mod link;
mod mixer;
mod payload;
#[cfg(feature = "device")]
mod priority;
mod process;
mod resample;
mod run;
#[cfg(test)]
mod speech;
mod stereo;
#[cfg(test)]
mod testing;

pub use codec::{Decoder, Encoder, EncoderConfig, FrameLength, MAX_DRED_MS, has_fec, is_dtx};
pub use cue::Cue;
pub use engine::{EncodedFrame, EngineConfig, VoiceEngine};
pub use error::VoiceError;
pub use format::{
    FRAME_SAMPLES, MAX_FRAME_SAMPLES, MAX_PACKET_BYTES, MAX_SPEAKERS, SAMPLE_RATE, TICK_SAMPLES, TICK_US,
};
pub use gate::{Gate, Threshold, TransmitMode};
pub use gauges::{Gauges, InputGauge, SpeakerGauge};
#[cfg(feature = "device")]
pub use io::device::{DeviceIo, list_devices};
pub use io::{
    AudioIo, DeviceChoice, DeviceInfo, DeviceList, EchoIo, FileIo, IoStatus, MicSource, PortState, SpeakerSink,
};
pub use jitter::{Inserted, JitterBuffer, JitterConfig, JitterStats};
pub use level::{LevelMeter, SpeakingDetector, perceptual};
pub use link::{LinkPolicy, LinkReport};
pub use mixer::Mixer;
pub use payload::Payload;
pub use process::{NoiseSuppression, ProcessConfig, Processor};
pub use resample::Resampler;
pub use run::{AudioConfig, AudioHandle, FrameSink, PacketInlet};
pub use stereo::{Place, Stereo};
