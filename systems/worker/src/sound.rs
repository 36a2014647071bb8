//! The audio thread as the worker uses it: opened once, told what the core and the settings say, asked for its gauges.

mod gauges;
mod microphone;
mod speakers;

use std::sync::Arc;

use bytes::Bytes;
use orrery_core::io::{Cue as CoreCue, Ring};
use orrery_link::{Code, DeviceView, Gauges, Settings};
use orrery_protocol::{ConnectionId, PeerId, record::ContactRecord};
use orrery_voice::{
    AudioConfig, AudioHandle, AudioIo, Cue, DeviceChoice, EchoIo, EncodedFrame, FileIo, LinkReport, PacketInlet, Place,
    PortState, ProcessConfig, TransmitMode, VoiceError,
};
use tokio::{runtime, sync::mpsc};

use crate::{
    SoundConfig,
    rtc::{Ear, Fanout, Measured, OutFrame},
};
use microphone::{process, transmit};
use speakers::Speakers;

/// Encoded frames under way from the audio thread to the network, 320 ms of the shortest. When full, the frame is dropped: the audio
/// thread waits for nobody.
const FRAMES: usize = 32;
/// How often the encoder is told of the links, ms.
const LINK_EVERY_MS: u64 = 500;

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
    /// The test is heard.
    hearing: bool,
    /// What the settings make of the microphone, and whether the talk key is down.
    transmit: TransmitMode,
    process: ProcessConfig,
    key_held: bool,
    audible: bool,
    speakers: Speakers,
    problems: Problems,
    /// What the encoder was last told of the links, and when, ms.
    told_link: Option<(LinkReport, u64)>,
    /// Whether everybody is heard from where they stand.
    positional: bool,
    /// Whether all packets are to have one size.
    constant_bitrate: bool,
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
            SoundConfig::Files { mic, speaker } | SoundConfig::ProcessedFiles { mic, speaker } => {
                (Box::new(FileIo::open(mic.clone(), speaker.clone())?), false)
            }
            SoundConfig::Echo { delay_ms } => (Box::new(EchoIo::new(*delay_ms)), false),
        };
        // Recordings are compared with what was heard, and an echo is one on purpose.
        let processed = devices || matches!(config, SoundConfig::ProcessedFiles { .. });
        let (lane, mut frames) = mpsc::channel::<EncodedFrame>(FRAMES);
        let sink = move |frame: &EncodedFrame| {
            // See [`FRAMES`].
            let _ = lane.try_send(frame.clone());
        };
        // Cues into a file would be sound that nobody said.
        let config = AudioConfig {
            cues: devices,
            process: processed.then(ProcessConfig::default),
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
            hearing: false,
            transmit: TransmitMode::default(),
            process: ProcessConfig::default(),
            key_held: false,
            audible: true,
            speakers: Speakers::default(),
            problems: Problems::default(),
            positional: false,
            told_link: None,
            constant_bitrate: false,
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
        let choice =
            |chosen: &Option<String>, ranked: &[String]| DeviceChoice::ranked(chosen.iter().chain(ranked).cloned());
        told(self.handle.set_devices(
            choice(&settings.input_device, &settings.input_ranked),
            choice(&settings.output_device, &settings.output_ranked),
        ));
        told(self.handle.set_input_gain(settings.input_volume));
        told(self.handle.set_output_volume(settings.output_volume));
        self.positional = settings.positional;
        self.constant_bitrate = settings.constant_bitrate;
        self.transmit = transmit(settings);
        self.process = process(settings);
        self.tell_state();
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
            // The key that is down now was pressed for another call, or for none.
            self.key_held = false;
            if !in_call {
                self.speakers.clear();
                // The encoder forgets the links with the call.
                self.told_link = None;
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
            handle.set_hear(self.hearing),
            handle.set_transmit(microphone::with_key(self.transmit, self.key_held)),
            handle.set_process(self.process),
        ];
        let heard = self.speakers.all().flat_map(|speaker| {
            [
                handle.add_speaker(speaker.id),
                handle.set_speaker_volume(speaker.id, speaker.gain),
                handle.set_speaker_place(speaker.id, self.place(&speaker.peer)),
            ]
        });
        // Every one is told, also after one that was refused.
        self.behind = told
            .into_iter()
            .chain(heard)
            .fold(false, |behind, told| behind | matches!(told, Err(VoiceError::Busy)));
    }

    /// Opens or closes the microphone for a test, to be heard or only seen.
    pub(crate) fn set_test(&mut self, on: bool, hear: bool) {
        (self.testing, self.hearing) = (on, on && hear);
        self.tell_state();
    }

    /// The talk key goes down or up. Outside a call it counts for nothing: nobody would talk on because of a key that was let go
    /// while nobody looked.
    pub(crate) fn hold_talk_key(&mut self, held: bool) {
        self.key_held = held && self.in_call;
        self.tell_state();
    }

    /// How loud a person wants somebody to be heard.
    pub(crate) fn set_peer_volume(&mut self, contact: &ContactRecord) {
        let gain = if contact.silenced {
            0.0
        } else {
            f32::from(contact.volume) / 100.0
        };
        if self.speakers.set_gain(contact.peer, gain) {
            let heard = self.speakers.all().filter(|speaker| speaker.peer == contact.peer);
            for speaker in heard {
                let told = self.handle.set_speaker_volume(speaker.id, speaker.gain);
                self.behind |= matches!(told, Err(VoiceError::Busy));
            }
        }
    }

    /// Where somebody is drawn: from −100, left, to 100, right.
    pub(crate) fn place_peer(&mut self, peer: PeerId, place: i8) {
        if !self.in_call {
            return;
        }
        let place = Place::new(f32::from(place) / 100.0);
        let heard = if self.positional { place } else { Place::MIDDLE };
        for speaker in self.speakers.set_place(peer, place) {
            self.behind |= matches!(self.handle.set_speaker_place(speaker, heard), Err(VoiceError::Busy));
        }
    }

    /// Where somebody is heard.
    fn place(&self, peer: &PeerId) -> Place {
        if self.positional {
            self.speakers.place(peer)
        } else {
            Place::MIDDLE
        }
    }

    /// Another profile has other contacts.
    pub(crate) fn forget_people(&mut self) {
        self.speakers.forget_gains();
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
                CoreCue::Deafened => Cue::Deafen,
                CoreCue::Undeafened => Cue::Undeafen,
                CoreCue::Message => Cue::Message,
            }));
        }
    }

    /// A peer will be heard over a connection; the number names it on its packets.
    pub(crate) fn add_speaker(&mut self, connection: ConnectionId, peer: PeerId) -> u64 {
        self.remove_speaker(&connection);
        let speaker = self.speakers.add(connection, peer);
        let gain = self.speakers.get_mut(speaker).map_or(1.0, |speaker| speaker.gain);
        for told in [
            self.handle.add_speaker(speaker),
            self.handle.set_speaker_volume(speaker, gain),
            self.handle.set_speaker_place(speaker, self.place(&peer)),
        ] {
            self.behind |= matches!(told, Err(VoiceError::Busy));
        }
        speaker
    }

    /// Who was heard over one connection is heard over another.
    pub(crate) fn move_speaker(&mut self, from: &ConnectionId, to: ConnectionId) {
        self.speakers.move_to(from, to);
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

    /// Whether a call is active.
    pub(crate) fn is_in_call(&self) -> bool {
        self.in_call
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
        self.tell_link(&voice, now_ms, &measured);
        self.problems = Problems {
            input: problem(voice.io.input, Code::NoInputDevice),
            output: problem(voice.io.output, Code::NoOutputDevice),
        };
        gauges::read(&voice, &mut self.speakers, server_rtt_ms, now_ms, measured)
    }

    /// What the audio thread measured, as it did.
    #[cfg(feature = "media-peer")]
    pub(crate) fn voice(&self) -> orrery_voice::Gauges {
        self.handle.gauges()
    }

    /// What was wrong with the devices at the last [`Self::gauges`].
    pub(crate) fn problems(&self) -> Problems {
        self.problems
    }

    /// Tells the encoder the worst of all links, at once when that changes and else twice a second, for it also judges how long
    /// things have lasted.
    fn tell_link(
        &mut self,
        voice: &orrery_voice::Gauges,
        now_ms: u64,
        measured: impl Fn(ConnectionId) -> Option<Measured>,
    ) {
        if !self.in_call {
            return;
        }
        let here = voice.speakers.iter().map(|speaker| speaker.stats.jitter_ms);
        let mut report = LinkReport {
            // The way there is like the way here, until it is reported on.
            jitter_ms: here.fold(0.0, f32::max),
            constant_bitrate: self.constant_bitrate,
            ..LinkReport::default()
        };
        let mut unknown = false;
        for connection in self.speakers.connections() {
            let link = measured(connection).unwrap_or_default();
            unknown |= link.rtt_ms == 0;
            report.listeners += 1;
            report.loss = report.loss.max(link.sent_loss);
            report.rtt_ms = report.rtt_ms.max(link.rtt_ms);
            report.jitter_ms = report.jitter_ms.max(link.sent_jitter_ms);
        }
        if unknown {
            // A link of which nothing is known is none that is known to be short.
            report.rtt_ms = 0;
        }
        let due = match self.told_link {
            Some((told, at)) => {
                (told.loss, told.constant_bitrate) != (report.loss, report.constant_bitrate)
                    || now_ms.saturating_sub(at) >= LINK_EVERY_MS
            }
            None => true,
        };
        if due && self.handle.set_link(report).is_ok() {
            self.told_link = Some((report, now_ms));
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
        PortState::NoDevice | PortState::Denied | PortState::Lost | PortState::Failed | PortState::Silent => Some(code),
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
