//! The audio thread as the worker uses it: opened once, told what the core and the settings say, asked for its gauges.

mod gauges;
mod speakers;

use std::sync::Arc;

use bytes::Bytes;
use orrery_core::io::{Cue as CoreCue, Ring};
use orrery_link::{Code, DeviceView, Gauges, Settings, settings::TransmitMode as Transmit};
use orrery_protocol::{ConnectionId, PeerId};
use orrery_voice::{
    AudioConfig, AudioHandle, AudioIo, Cue, DeviceChoice, EchoIo, EncodedFrame, FileIo, PacketInlet, PortState,
    TransmitMode, VoiceError,
};
use tokio::{runtime, sync::mpsc};

use crate::{
    SoundConfig,
    rtc::{Ear, Fanout, Measured, OutFrame},
};
use speakers::Speakers;

/// Encoded frames under way from the audio thread to the network, 640 ms. When full, the frame is dropped: the audio
/// thread waits for nobody.
const FRAMES: usize = 32;

/// The devices of the machine and what is wrong with the ones in use.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DeviceNews {
    /// Microphones.
    pub inputs: Vec<DeviceView>,
    /// Speakers.
    pub outputs: Vec<DeviceView>,
}

/// What is wrong with the devices in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems {
    /// With the microphone.
    pub input: Option<Code>,
    /// With the speaker.
    pub output: Option<Code>,
}

/// The audio thread and who is heard on it.
pub(crate) struct Sound {
    handle: AudioHandle,
    devices: bool,
    in_call: bool,
    testing: bool,
    audible: bool,
    speakers: Speakers,
    problems: Problems,
    loss_percent: u8,
    /// What was last asked of the microphone and the speaker: closed by mute, closed by deafen.
    closed: (bool, bool),
    /// The audio thread had no room for a command. What is wanted is told again until it is taken: a microphone that is shown as
    /// muted must be muted.
    behind: bool,
}

impl Ear for PacketInlet {
    fn hear(&self, speaker: u64, seq: u16, timestamp: u32, marker: bool, payload: &[u8]) {
        // A lane that is full is counted there and concealed by the jitter buffer.
        let _ = self.push(speaker, seq, timestamp, marker, payload);
    }
}

impl Sound {
    /// Opens sound; the devices themselves open with the first call. Encoded frames go to `fanout`.
    ///
    /// # Errors
    /// [`VoiceError`]: a file that cannot be read or written, no thread.
    pub(crate) fn open(config: &SoundConfig, fanout: Fanout, runtime: &runtime::Handle) -> Result<Self, VoiceError> {
        let (io, devices): (Box<dyn AudioIo>, bool) = match config {
            #[cfg(feature = "device")]
            SoundConfig::Devices => (
                Box::new(orrery_voice::DeviceIo::new(
                    DeviceChoice::Default,
                    DeviceChoice::Default,
                )?),
                true,
            ),
            SoundConfig::Files { mic, speaker } => (Box::new(FileIo::open(mic.clone(), speaker.clone())?), false),
            SoundConfig::Echo { delay_ms } => (Box::new(EchoIo::new(*delay_ms)), false),
        };
        let (lane, mut frames) = mpsc::channel::<EncodedFrame>(FRAMES);
        let sink = move |frame: &EncodedFrame| {
            // See [`FRAMES`].
            let _ = lane.try_send(frame.clone());
        };
        // Cues into a file would be sound that nobody said.
        let config = AudioConfig {
            cues: devices,
            ..AudioConfig::default()
        };
        let handle = AudioHandle::start(config, io, Box::new(sink))?;
        runtime.spawn(async move {
            while let Some(frame) = frames.recv().await {
                if !fanout.is_empty() {
                    fanout.send(&OutFrame {
                        payload: Bytes::copy_from_slice(frame.payload.as_slice()),
                        timestamp: frame.rtp_timestamp,
                        marker: frame.marker,
                        level: frame.level_dbov,
                        voice: frame.voice,
                    });
                }
            }
        });
        Ok(Self {
            handle,
            devices,
            in_call: false,
            testing: false,
            audible: true,
            speakers: Speakers::default(),
            problems: Problems::default(),
            loss_percent: 0,
            closed: (false, false),
            behind: false,
        })
    }

    /// The way in for the sound of others.
    pub(crate) fn ear(&self) -> Arc<dyn Ear> {
        Arc::new(self.handle.inlet())
    }

    /// Obeys the settings.
    pub(crate) fn set_settings(&mut self, settings: &Settings) {
        let choice = |id: &Option<String>| id.clone().map_or(DeviceChoice::Default, DeviceChoice::Id);
        let transmit = match settings.transmit {
            Transmit::VoiceActivity => TransmitMode::default(),
            Transmit::Continuous => TransmitMode::Continuous,
        };
        told(
            self.handle
                .set_devices(choice(&settings.input_device), choice(&settings.output_device)),
        );
        told(self.handle.set_input_gain(settings.input_volume));
        told(self.handle.set_output_volume(settings.output_volume));
        told(self.handle.set_transmit(transmit));
        self.audible = settings.sounds;
        if !self.audible {
            told(self.handle.stop_cue());
        }
    }

    /// Obeys the person's controls; devices are open only in a call.
    pub(crate) fn set_controls(&mut self, in_call: bool, muted: bool, deafened: bool) {
        self.closed = (muted || deafened, deafened);
        if in_call != self.in_call {
            self.in_call = in_call;
            if !in_call {
                self.speakers.clear();
                self.set_loss(0.0);
            }
        }
        self.tell_state();
    }

    /// Tells everything that must not be missed: whether there is a call, what is closed, who is heard. The thread does nothing
    /// for what it knows already.
    fn tell_state(&mut self) {
        let (muted, deafened) = self.closed;
        let handle = &self.handle;
        let told = [
            handle.set_mute(muted),
            handle.set_deafen(deafened),
            handle.set_active(self.in_call),
            handle.set_mic_test(self.testing),
        ];
        let heard = self.speakers.ids().map(|speaker| handle.add_speaker(speaker));
        // Every one is told, also after one that was refused.
        self.behind = told
            .into_iter()
            .chain(heard)
            .fold(false, |behind, told| behind | matches!(told, Err(VoiceError::Busy)));
    }

    /// Opens or closes the microphone for a test.
    pub(crate) fn set_test(&mut self, on: bool) {
        self.testing = on;
        self.tell_state();
    }

    /// Plays a tone once.
    pub(crate) fn test_tone(&self) {
        told(self.handle.play_cue(Cue::Test));
    }

    /// Rings, or stops ringing.
    pub(crate) fn ring(&self, ring: Option<Ring>) {
        told(match ring {
            Some(_) if !self.audible => Ok(()),
            Some(Ring::Incoming) => self.handle.play_cue(Cue::RingIncoming),
            Some(Ring::Outgoing) => self.handle.play_cue(Cue::RingOutgoing),
            None => self.handle.stop_cue(),
        });
    }

    /// Plays a cue.
    pub(crate) fn cue(&self, cue: CoreCue) {
        if self.audible {
            told(self.handle.play_cue(match cue {
                CoreCue::Joined => Cue::Join,
                CoreCue::Left => Cue::Leave,
                CoreCue::Muted => Cue::Mute,
                CoreCue::Unmuted => Cue::Unmute,
                CoreCue::Message => Cue::Message,
            }));
        }
    }

    /// A peer will be heard over a connection; the number names it on its packets.
    pub(crate) fn add_speaker(&mut self, connection: ConnectionId, peer: PeerId) -> u64 {
        self.remove_speaker(&connection);
        let speaker = self.speakers.add(connection, peer);
        self.behind |= matches!(self.handle.add_speaker(speaker), Err(VoiceError::Busy));
        speaker
    }

    /// Nobody is heard over this connection any more.
    pub(crate) fn remove_speaker(&mut self, connection: &ConnectionId) {
        if let Some(speaker) = self.speakers.remove(connection) {
            told(self.handle.remove_speaker(speaker));
        }
    }

    /// Whether anything changes so fast that it wants to be seen 50 times a second.
    pub(crate) fn is_lively(&self) -> bool {
        self.in_call || self.testing
    }

    /// Everything measured right now. `measured` knows the connections.
    pub(crate) fn gauges(
        &mut self,
        server_rtt_ms: u32,
        now_ms: u64,
        measured: impl Fn(ConnectionId) -> Option<Measured>,
    ) -> Gauges {
        if self.behind {
            self.tell_state();
        }
        let voice = self.handle.gauges();
        let connections = self.speakers.connections();
        let worst = connections
            .filter_map(&measured)
            .map(|m| m.sent_loss)
            .fold(0.0_f32, f32::max);
        self.set_loss(worst);
        self.problems = Problems {
            input: problem(voice.io.input, Code::NoInputDevice),
            output: problem(voice.io.output, Code::NoOutputDevice),
        };
        gauges::read(&voice, &mut self.speakers, server_rtt_ms, now_ms, measured)
    }

    /// What was wrong with the devices at the last [`Self::gauges`].
    pub(crate) fn problems(&self) -> Problems {
        self.problems
    }

    fn set_loss(&mut self, share: f32) {
        let percent = (share * 100.0).round().clamp(0.0, 100.0) as u8;
        if percent != self.loss_percent {
            self.loss_percent = percent;
            told(self.handle.set_packet_loss(percent));
        }
    }

    /// What lists the devices; blocks for up to seconds, so it is called elsewhere.
    pub(crate) fn lister(&self) -> impl FnOnce() -> DeviceNews + Send + 'static {
        let devices = self.devices;
        move || if devices { list() } else { DeviceNews::default() }
    }

    /// Ends the audio thread.
    pub(crate) fn stop(self) {
        self.handle.stop();
    }
}

#[cfg(feature = "device")]
fn list() -> DeviceNews {
    let view = |devices: Vec<orrery_voice::DeviceInfo>| {
        devices
            .into_iter()
            .map(|device| DeviceView {
                id: device.id,
                name: device.name,
                is_default: device.is_default,
            })
            .collect()
    };
    match orrery_voice::list_devices() {
        Ok(list) => DeviceNews {
            inputs: view(list.inputs),
            outputs: view(list.outputs),
        },
        Err(error) => {
            tracing::warn!(%error, "the sound devices cannot be listed");
            DeviceNews::default()
        }
    }
}

#[cfg(not(feature = "device"))]
fn list() -> DeviceNews {
    DeviceNews::default()
}

fn problem(state: PortState, code: Code) -> Option<Code> {
    match state {
        PortState::NoDevice | PortState::Denied | PortState::Lost | PortState::Failed => Some(code),
        PortState::Closed | PortState::Opening | PortState::Open => None,
    }
}

/// A cue or a volume that the audio thread did not take is no reason to end a call. For what must not be missed see
/// [`Sound::tell_state`].
fn told(result: Result<(), VoiceError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "the audio thread took no command");
    }
}
