//! The thread that runs an engine on an [`AudioIo`], and the handle to it.

mod cues;
mod handle;
mod hear;
mod runner;

pub use handle::{AudioHandle, PacketInlet};

use crate::{DeviceChoice, EncodedFrame, EngineConfig, Payload, ProcessConfig, TransmitMode};

/// Where encoded frames go. Called on the audio thread.
pub trait FrameSink: Send {
    /// Takes a frame to send. Must not block, wait or lock: copy it and `try_send` it.
    fn frame(&mut self, frame: &EncodedFrame);
}

impl<F: FnMut(&EncodedFrame) + Send> FrameSink for F {
    fn frame(&mut self, frame: &EncodedFrame) {
        self(frame);
    }
}

/// How the audio thread starts out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AudioConfig {
    /// The engine.
    pub engine: EngineConfig,
    /// What is done to the microphone's sound; `None` sends it as it is, whatever [`AudioHandle::set_process`] says: for
    /// recordings that are compared with what was heard.
    pub process: Option<ProcessConfig>,
    /// Whether cues are played. Off where what is heard is recorded.
    pub cues: bool,
}

impl Default for AudioConfig {
    fn default() -> Self {
        Self {
            engine: EngineConfig::default(),
            process: None,
            cues: true,
        }
    }
}

/// What the audio thread is told.
enum Command {
    Active(bool),
    AddSpeaker(u64),
    RemoveSpeaker(u64),
    Mute(bool),
    Deafen(bool),
    Transmit(TransmitMode),
    InputGain(f32),
    OutputVolume(f32),
    SpeakerVolume(u64, f32),
    SpeakerPlace(u64, crate::Place),
    Link(crate::LinkReport),
    Devices(DeviceChoice, DeviceChoice),
    MicTest(bool),
    Hear(bool),
    Process(ProcessConfig),
    Cue(crate::Cue),
    StopCue,
}

/// A packet on its way to the audio thread.
struct Packet {
    speaker: u64,
    seq: u16,
    timestamp: u32,
    marker: bool,
    payload: Payload,
    arrival_us: u64,
}
