//! The handle to the audio thread.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, park_timeout};
use std::time::{Duration, Instant};

use super::runner::Runner;
use super::{AudioConfig, Command, FrameSink, Packet};
use crate::{AudioIo, Cue, DeviceChoice, Gauges, LinkReport, Payload, Place, ProcessConfig, TransmitMode, VoiceError};

/// Commands on their way. When full, because the audio thread has stalled, the command is refused with [`VoiceError::Busy`].
const COMMANDS: usize = 256;
/// Packets on their way: 64 speakers for 80 ms. When full, the packet is dropped and counted; the jitter buffer conceals it.
const PACKETS: usize = 256;
/// How often it wakes up with nothing to do at all.
const REST: Duration = Duration::from_secs(10);
/// How often the gauges are renewed, µs.
const GAUGES_US: u64 = 9_000;

struct Shared {
    gauges: Mutex<Gauges>,
    stop: AtomicBool,
    dropped: AtomicU64,
}

/// Takes packets to the audio thread, from any number of tasks, without ever waiting.
#[derive(Clone)]
pub struct PacketInlet {
    lane: SyncSender<Packet>,
    shared: Arc<Shared>,
    epoch: Instant,
}

impl PacketInlet {
    /// Hands over a packet of `speaker` that has arrived just now.
    ///
    /// # Errors
    /// [`VoiceError::PacketEmpty`] or [`VoiceError::PacketTooLong`] for what cannot be Opus, [`VoiceError::Busy`] if the lane is full
    /// (the packet is dropped and counted), [`VoiceError::Stopped`].
    pub fn push(&self, speaker: u64, seq: u16, timestamp: u32, marker: bool, payload: &[u8]) -> Result<(), VoiceError> {
        let payload = Payload::new(payload)?;
        let arrival_us = micros(self.epoch);
        self.lane
            .try_send(Packet {
                speaker,
                seq,
                timestamp,
                marker,
                payload,
                arrival_us,
            })
            .map_err(|error| match error {
                TrySendError::Full(_) => {
                    self.shared.dropped.fetch_add(1, Ordering::Relaxed);
                    VoiceError::Busy
                }
                TrySendError::Disconnected(_) => VoiceError::Stopped,
            })
    }
}

/// The running audio thread. One for the life of the program: it sleeps while there is nothing to hear or say.
///
/// No method waits for the audio thread, so an async task may call any of them, except [`stop`](Self::stop) and the drop, which join it.
/// Every setter fails only with [`VoiceError::Busy`] (256 commands wait) or [`VoiceError::Stopped`].
pub struct AudioHandle {
    commands: SyncSender<Command>,
    inlet: PacketInlet,
    thread: Option<JoinHandle<()>>,
}

impl AudioHandle {
    /// Starts the thread `orrery-audio`. `io` and `sink` live and die on it.
    ///
    /// # Errors
    /// [`VoiceError::Codec`], [`VoiceError::Thread`].
    pub fn start(config: AudioConfig, io: Box<dyn AudioIo>, sink: Box<dyn FrameSink>) -> Result<Self, VoiceError> {
        let runner = Runner::new(config, io, sink)?;
        let (commands, command_lane) = sync_channel(COMMANDS);
        let (lane, packet_lane) = sync_channel(PACKETS);
        let shared = Arc::new(Shared {
            gauges: Mutex::new(Gauges::default()),
            stop: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
        });
        let epoch = Instant::now();
        let inlet = PacketInlet {
            lane,
            shared: Arc::clone(&shared),
            epoch,
        };
        let thread = std::thread::Builder::new()
            .name("orrery-audio".into())
            .spawn(move || run(runner, &command_lane, &packet_lane, &shared, epoch))
            .map_err(VoiceError::Thread)?;
        Ok(Self {
            commands,
            inlet,
            thread: Some(thread),
        })
    }

    /// Says whether a call runs. `true` opens the speaker and, unless muted, the microphone, and starts a recorded microphone
    /// from its beginning; `false` closes them and forgets every speaker.
    ///
    /// # Errors
    /// As said above.
    pub fn set_active(&self, active: bool) -> Result<(), VoiceError> {
        self.tell(Command::Active(active))
    }

    /// A way in for packets, one for each network task.
    pub fn inlet(&self) -> PacketInlet {
        self.inlet.clone()
    }

    /// Hands over a packet of `speaker` that has arrived just now.
    ///
    /// # Errors
    /// As [`PacketInlet::push`].
    pub fn push_packet(
        &self,
        speaker: u64,
        seq: u16,
        timestamp: u32,
        marker: bool,
        payload: &[u8],
    ) -> Result<(), VoiceError> {
        self.inlet.push(speaker, seq, timestamp, marker, payload)
    }

    /// Adds a speaker. Packets of speakers who were not added are dropped.
    ///
    /// # Errors
    /// As said above.
    pub fn add_speaker(&self, speaker: u64) -> Result<(), VoiceError> {
        self.tell(Command::AddSpeaker(speaker))
    }

    /// Removes a speaker, with their volume.
    ///
    /// # Errors
    /// As said above.
    pub fn remove_speaker(&self, speaker: u64) -> Result<(), VoiceError> {
        self.tell(Command::RemoveSpeaker(speaker))
    }

    /// Mutes or unmutes. Muted, the microphone itself is closed.
    ///
    /// # Errors
    /// As said above.
    pub fn set_mute(&self, muted: bool) -> Result<(), VoiceError> {
        self.tell(Command::Mute(muted))
    }

    /// Silences everyone, or no more.
    ///
    /// # Errors
    /// As said above.
    pub fn set_deafen(&self, deafened: bool) -> Result<(), VoiceError> {
        self.tell(Command::Deafen(deafened))
    }

    /// When the microphone is sent.
    ///
    /// # Errors
    /// As said above.
    pub fn set_transmit(&self, mode: TransmitMode) -> Result<(), VoiceError> {
        self.tell(Command::Transmit(mode))
    }

    /// Amplifies the microphone, 0..=2.
    ///
    /// # Errors
    /// As said above.
    pub fn set_input_gain(&self, gain: f32) -> Result<(), VoiceError> {
        self.tell(Command::InputGain(gain))
    }

    /// The volume of everything, cues included, 0..=2.
    ///
    /// # Errors
    /// As said above.
    pub fn set_output_volume(&self, volume: f32) -> Result<(), VoiceError> {
        self.tell(Command::OutputVolume(volume))
    }

    /// One speaker's volume, 0..=2. Forgotten when they are removed.
    ///
    /// # Errors
    /// As said above.
    pub fn set_speaker_volume(&self, speaker: u64, volume: f32) -> Result<(), VoiceError> {
        self.tell(Command::SpeakerVolume(speaker, volume))
    }

    /// What is known of the links of the call, and how they may be used: decides how sound is encoded. To be told at least once a second,
    /// also if nothing has changed; forgotten when a call begins.
    ///
    /// # Errors
    /// As said above.
    pub fn set_link(&self, report: LinkReport) -> Result<(), VoiceError> {
        self.tell(Command::Link(report))
    }

    /// Where one speaker is heard. Forgotten when they are removed.
    ///
    /// # Errors
    /// As said above.
    pub fn set_speaker_place(&self, speaker: u64, place: Place) -> Result<(), VoiceError> {
        self.tell(Command::SpeakerPlace(speaker, place))
    }

    /// Chooses devices.
    ///
    /// # Errors
    /// As said above.
    pub fn set_devices(&self, input: DeviceChoice, output: DeviceChoice) -> Result<(), VoiceError> {
        self.tell(Command::Devices(input, output))
    }

    /// Opens the microphone without a call, to show its level. Nothing is sent.
    ///
    /// # Errors
    /// As said above.
    pub fn set_mic_test(&self, on: bool) -> Result<(), VoiceError> {
        self.tell(Command::MicTest(on))
    }

    /// Plays the microphone of such a test back a little later, as others would hear it, muted or not. Not in a call.
    ///
    /// # Errors
    /// As said above.
    pub fn set_hear(&self, on: bool) -> Result<(), VoiceError> {
        self.tell(Command::Hear(on))
    }

    /// What is done to the microphone's sound, unless the thread was started without any of it.
    ///
    /// # Errors
    /// As said above.
    pub fn set_process(&self, config: ProcessConfig) -> Result<(), VoiceError> {
        self.tell(Command::Process(config))
    }

    /// Plays a cue, in a call or without one.
    ///
    /// # Errors
    /// As said above.
    pub fn play_cue(&self, cue: Cue) -> Result<(), VoiceError> {
        // Rendered here, on the caller's thread, the first time.
        cue.samples();
        self.tell(Command::Cue(cue))
    }

    /// Ends a cue that repeats.
    ///
    /// # Errors
    /// As said above.
    pub fn stop_cue(&self) -> Result<(), VoiceError> {
        self.tell(Command::StopCue)
    }

    /// The newest measures: at most 20 ms old while a call or a test runs.
    pub fn gauges(&self) -> Gauges {
        // The audio thread never waits for this lock, and holds it for a copy of a few hundred bytes.
        let mut gauges = self
            .inlet
            .shared
            .gauges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        gauges.packets_dropped += self.inlet.shared.dropped.load(Ordering::Relaxed);
        gauges
    }

    /// Ends the thread and waits for it. What was heard is in its file afterwards.
    pub fn stop(self) {
        drop(self);
    }

    fn tell(&self, command: Command) -> Result<(), VoiceError> {
        self.commands.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => VoiceError::Busy,
            TrySendError::Disconnected(_) => VoiceError::Stopped,
        })?;
        self.wake();
        Ok(())
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for AudioHandle {
    fn drop(&mut self) {
        self.inlet.shared.stop.store(true, Ordering::Release);
        self.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn micros(epoch: Instant) -> u64 {
    u64::try_from(epoch.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn run(mut runner: Runner, commands: &Receiver<Command>, packets: &Receiver<Packet>, shared: &Shared, epoch: Instant) {
    #[cfg(feature = "device")]
    let realtime = crate::priority::promote_this_thread();
    #[cfg(not(feature = "device"))]
    let realtime = false;
    if cfg!(feature = "device") && !realtime {
        tracing::info!("the audio thread has no real-time priority: a busy computer will be heard");
    }
    runner.begin(realtime);
    let mut gauges = Gauges::default();
    let mut published_us = 0;
    let mut was_idle = true;
    loop {
        loop {
            match commands.try_recv() {
                Ok(command) => runner.apply(command, micros(epoch)),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        if shared.stop.load(Ordering::Acquire) {
            return;
        }
        while let Ok(packet) = packets.try_recv() {
            runner.receive(&packet);
        }
        let now_us = micros(epoch);
        runner.turn(now_us);
        let idle = runner.idle();
        if now_us.saturating_sub(published_us) >= GAUGES_US || idle != was_idle {
            runner.gauges(&mut gauges);
            gauges.packets_dropped = runner.unknown;
            // A reader holds the lock for the length of a copy; then the next turn publishes.
            if let Ok(mut place) = shared.gauges.try_lock() {
                place.clone_from(&gauges);
                published_us = now_us;
                was_idle = idle;
            }
        }
        let wait = if runner.idle() {
            REST
        } else {
            runner.rest(micros(epoch))
        };
        // Ended early by a command, by the end, or by a device. Last, and nothing above may wait by parking: who asks for real-time priority
        // does, before all this, and takes the wake-up of a command that came meanwhile with it.
        park_timeout(wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::gone::Gone;

    #[test]
    fn what_it_is_told_while_it_begins_or_rests_does_not_wait_for_its_rest() {
        // Like asking for real-time priority: takes the wake-up of whatever comes meanwhile.
        let begin = || park_timeout(Duration::from_secs(1));
        for pause_ms in [0, 100, 1_500] {
            let io = Gone {
                begin: Some(begin),
                ..Gone::default()
            };
            let wanted = Arc::clone(&io.wanted);
            let handle = AudioHandle::start(AudioConfig::default(), Box::new(io), Box::new(|_: &_| {})).unwrap();
            std::thread::sleep(Duration::from_millis(pause_ms));
            let told = Instant::now();
            handle.set_active(true).unwrap();
            while !wanted.load(Ordering::Acquire) {
                assert!(told.elapsed() < REST / 2, "{pause_ms}: it goes on resting");
                std::thread::yield_now();
            }
            handle.set_active(false).unwrap();
            handle.stop();
            assert!(told.elapsed() < REST / 2, "{pause_ms}: it does not end");
        }
    }
}
