//! WAV files as microphone and speaker, in real time: for peers without devices, and for measuring.

mod reader;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;

use super::pace::Pace;
use super::{AudioIo, IoStatus, PortState};
use crate::format::us_to_samples;
use crate::{Stereo, TICK_SAMPLES, VoiceError};
use writer::Writer;

/// What a microphone without hardware hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MicSource {
    /// Nothing.
    Silence,
    /// A recording, from the moment a call or a test of the microphone begins, whether or not anyone is muted meanwhile: as if spoken.
    Wav {
        /// A WAV file of any rate, number of channels and sample format that hound reads.
        path: PathBuf,
        /// Whether it starts over at its end. Otherwise silence follows.
        repeat: bool,
    },
}

/// Where a speaker without hardware puts what is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpeakerSink {
    /// Nowhere.
    Null,
    /// Into a file, 48 kHz mono 16 bit, replaced if it is there. It grows in real time while a call runs, and its header is
    /// right to within 100 ms at every moment, also if the process is killed.
    Wav(PathBuf),
}

/// Files for devices.
pub struct FileIo {
    recording: Arc<[f32]>,
    repeat: bool,
    started_us: Option<u64>,
    microphone: Pace,
    speaker: Pace,
    writer: Option<Writer>,
}

impl FileIo {
    /// Reads the recording, all of it, and creates the file to be written.
    ///
    /// # Errors
    /// [`VoiceError::ReadFile`], [`VoiceError::WriteFile`], [`VoiceError::Rate`], [`VoiceError::Thread`].
    pub fn open(microphone: MicSource, speaker: SpeakerSink) -> Result<Self, VoiceError> {
        let (recording, repeat) = match microphone {
            MicSource::Silence => (Arc::from([]), false),
            MicSource::Wav { path, repeat } => (reader::read(&path)?.into(), repeat),
        };
        let writer = match speaker {
            SpeakerSink::Null => None,
            SpeakerSink::Wav(path) => Some(Writer::create(path)?),
        };
        Ok(Self {
            recording,
            repeat,
            started_us: None,
            microphone: Pace::default(),
            speaker: Pace::default(),
            writer,
        })
    }

    /// The samples of the recording from `at` on, into `tick`.
    fn read(&self, at: usize, tick: &mut [f32; TICK_SAMPLES]) {
        tick.fill(0.0);
        let length = self.recording.len();
        for (i, sample) in tick.iter_mut().enumerate() {
            let place = if self.repeat && length > 0 {
                (at + i) % length
            } else {
                at + i
            };
            *sample = self.recording.get(place).copied().unwrap_or(0.0);
        }
    }
}

impl AudioIo for FileIo {
    fn set_open(&mut self, input: bool, output: bool, now_us: u64) {
        self.microphone.set_running(input, now_us);
        self.speaker.set_running(output, now_us);
    }

    fn start_mic(&mut self, now_us: u64) {
        self.started_us = Some(now_us);
    }

    fn capture(&mut self, tick: &mut [f32; TICK_SAMPLES], now_us: u64) -> bool {
        let Some(begins_us) = self.microphone.take(now_us) else {
            return false;
        };
        match self.started_us.and_then(|started| begins_us.checked_sub(started)) {
            Some(since) => {
                let at = us_to_samples(i64::try_from(since).unwrap_or(i64::MAX / 8));
                self.read(usize::try_from(at).unwrap_or(usize::MAX / 2), tick);
            }
            None => tick.fill(0.0),
        }
        true
    }

    fn wants_playback(&mut self, now_us: u64) -> bool {
        self.speaker.due(now_us).is_some()
    }

    fn play(&mut self, tick: &Stereo, now_us: u64) {
        if self.speaker.take(now_us).is_some()
            && let Some(writer) = &mut self.writer
        {
            writer.push(&tick.mono());
        }
    }

    fn status(&self) -> IoStatus {
        let failed = self.writer.as_ref().is_some_and(Writer::failed);
        let state = |pace: Pace| {
            if pace.running() {
                PortState::Open
            } else {
                PortState::Closed
            }
        };
        IoStatus {
            input: state(self.microphone),
            output: if failed { PortState::Failed } else { state(self.speaker) },
            input_xruns: 0,
            output_xruns: self.writer.as_ref().map_or(0, Writer::overruns),
        }
    }
}

#[cfg(test)]
mod tests;
