//! What the audio thread does each time round. It is told the time, so a test can run hours of it in no time.

use std::time::Duration;

use super::cues::CuePlayer;
use super::hear::Hear;
use super::{AudioConfig, Command, FrameSink, Packet};
use crate::{
    AudioIo, EncodedFrame, Gauges, Processor, Stereo, TICK_SAMPLES, TICK_US, TransmitMode, VoiceEngine, VoiceError,
};

/// A device that has given or wanted nothing for this long is away: the engine goes on without it, on the timer.
const AWAY_US: u64 = 100_000;
/// A device's next tick is looked for this long before it is expected, and then this often until it has come, µs, …
const EARLY_US: u64 = 1_000;
const POLL_US: u64 = 1_000;
/// … but where the device wakes the thread only this long after it, in case it did not.
const LATE_US: u64 = 3_000;
/// This long after it was expected, it is looked for this often, µs.
const OVERDUE_US: u64 = 5_000;
const SLOW_POLL_US: u64 = 4_000;
/// The most ticks each way in one turn. After a long sleep of the machine the rest is skipped, not hurried through. Between two turns the
/// thread waits: one that has real-time priority and does not for 200 ms of its own time may be ended by the kernel.
const TICKS_A_TURN: usize = 8;
/// The speaker stays open this long after the last cue, so that the next does not have to wait for it.
const LINGER_US: u64 = 2_000_000;

/// Engine, devices and sink, turned by the thread.
pub(super) struct Runner {
    engine: VoiceEngine,
    processor: Option<Processor>,
    io: Box<dyn AudioIo>,
    sink: Box<dyn FrameSink>,
    cues: CuePlayer,
    cues_on: bool,
    active: bool,
    muted: bool,
    deafened: bool,
    transmit: TransmitMode,
    mic_test: bool,
    /// Our own voice on its way back to us in a test.
    hear: Option<Hear>,
    input_open: bool,
    output_open: bool,
    linger_until: u64,
    captured_us: u64,
    played_us: u64,
    /// Packets for speakers nobody added.
    pub(super) unknown: u64,
}

impl Runner {
    pub(super) fn new(config: AudioConfig, io: Box<dyn AudioIo>, sink: Box<dyn FrameSink>) -> Result<Self, VoiceError> {
        Ok(Self {
            engine: VoiceEngine::new(config.engine)?,
            processor: config.process.map(Processor::new),
            io,
            sink,
            cues: CuePlayer::new(),
            cues_on: config.cues,
            active: false,
            muted: false,
            deafened: false,
            transmit: config.engine.transmit,
            mic_test: false,
            hear: None,
            input_open: false,
            output_open: false,
            linger_until: 0,
            captured_us: 0,
            played_us: 0,
            unknown: 0,
        })
    }

    /// The thread begins, with real-time priority or without.
    pub(super) fn begin(&mut self, realtime: bool) {
        self.io.begin(realtime);
    }

    /// How long the thread may sleep if nobody wakes it: as a rule until a device's next tick, whose time is known from the last.
    pub(super) fn rest(&self, now_us: u64) -> Duration {
        let ports = [(self.input_open, self.captured_us), (self.output_open, self.played_us)];
        let wakes = self.io.wakes();
        let rest = ports.into_iter().filter(|(open, _)| *open).map(|(_, last_us)| {
            let expected_us = last_us + TICK_US;
            if now_us > expected_us + OVERDUE_US {
                SLOW_POLL_US
            } else {
                let look_us = if wakes {
                    expected_us + LATE_US
                } else {
                    expected_us.saturating_sub(EARLY_US)
                };
                look_us.saturating_sub(now_us).max(POLL_US)
            }
        });
        Duration::from_micros(rest.min().unwrap_or(SLOW_POLL_US))
    }

    /// Whether there is nothing to do until told otherwise.
    pub(super) fn idle(&self) -> bool {
        !self.input_open && !self.output_open
    }

    pub(super) fn apply(&mut self, command: Command, now_us: u64) {
        match command {
            Command::Active(active) => self.set_active(active, now_us),
            // More speakers than can be mixed stay unheard; the count of a call is limited long before.
            Command::AddSpeaker(id) => {
                if let Err(error) = self.engine.add_speaker(id) {
                    tracing::warn!(%error, "a participant cannot be heard");
                }
            }
            Command::RemoveSpeaker(id) => self.engine.remove_speaker(id),
            Command::Mute(muted) => self.muted = muted,
            Command::Deafen(deafened) => self.deafened = deafened,
            Command::Transmit(mode) => self.transmit = mode,
            Command::InputGain(gain) => self.engine.set_input_gain(gain),
            Command::OutputVolume(volume) => {
                self.engine.set_output_volume(volume);
                self.cues.set_volume(volume);
            }
            // Somebody who has just left has no volume any more.
            Command::SpeakerPlace(id, place) => drop(self.engine.set_speaker_place(id, place)),
            Command::SpeakerVolume(id, volume) => drop(self.engine.set_speaker_volume(id, volume)),
            // libopus knows every value that the policy gives.
            Command::Link(report) => drop(self.engine.set_link(report, now_us)),
            Command::Devices(input, output) => self.io.set_devices(input, output),
            Command::MicTest(on) => {
                if on && !self.mic_test && !self.active {
                    self.io.start_mic(now_us);
                }
                self.mic_test = on;
                self.set_hear(on && self.hear.is_some());
            }
            Command::Hear(on) => self.set_hear(on && self.mic_test && !self.active),
            Command::Process(config) => {
                if let Some(processor) = &mut self.processor {
                    processor.set_config(config);
                }
            }
            Command::Cue(cue) => {
                if self.cues_on {
                    self.cues.play(cue);
                }
            }
            Command::StopCue => self.cues.stop_repeating(),
        }
        self.close_what_is_closed();
        self.open_what_is_needed(now_us);
    }

    pub(super) fn receive(&mut self, packet: &Packet) {
        let Packet {
            speaker,
            seq,
            timestamp,
            marker,
            payload,
            arrival_us,
        } = packet;
        if self
            .engine
            .receive(*speaker, *seq, *timestamp, *marker, payload, *arrival_us)
            .is_err()
        {
            self.unknown += 1;
        }
    }

    /// One turn, for every tick of a device while not idle.
    pub(super) fn turn(&mut self, now_us: u64) {
        if self.input_open {
            self.capture(now_us);
        }
        if self.output_open {
            self.playout(now_us);
        }
        self.open_what_is_needed(now_us);
    }

    pub(super) fn gauges(&self, into: &mut Gauges) {
        self.engine.gauges(into);
        into.io = self.io.status();
    }

    fn set_active(&mut self, active: bool, now_us: u64) {
        if active == self.active {
            return;
        }
        let end = self.engine.interrupt_capture();
        self.send(end);
        self.set_hear(false);
        self.active = active;
        if active {
            // A new call goes over other links.
            drop(self.engine.reset_link());
            self.io.start_mic(now_us);
        } else {
            self.engine.clear_speakers();
        }
    }

    /// Mute, deafening and the talk key count in a call. In a test without one a person wants to hear themselves, whatever was
    /// closed before.
    fn close_what_is_closed(&mut self) {
        let test = self.hear.is_some();
        let muted = self.muted && !test;
        if muted != self.engine.muted() {
            let end = self.engine.set_mute(muted);
            self.send(end);
        }
        self.engine.set_deafen(self.deafened && !test);
        let by_key = matches!(
            self.transmit,
            TransmitMode::PushToTalk { .. } | TransmitMode::PushToMute { .. }
        );
        self.engine.set_transmit(if test && by_key {
            TransmitMode::Continuous
        } else {
            self.transmit
        });
    }

    fn set_hear(&mut self, on: bool) {
        if on == self.hear.is_some() {
            return;
        }
        let end = self.engine.interrupt_capture();
        self.send(end);
        self.engine.remove_speaker(Hear::SPEAKER);
        self.hear = on.then(Hear::new);
        if on && let Err(error) = self.engine.add_speaker(Hear::SPEAKER) {
            tracing::warn!(%error, "one's own voice cannot be heard");
        }
    }

    fn open_what_is_needed(&mut self, now_us: u64) {
        if self.cues.is_playing() {
            self.linger_until = now_us + LINGER_US;
        }
        let input = (self.active && !self.engine.muted()) || self.mic_test;
        let output = self.active || self.hear.is_some() || self.cues.is_playing() || now_us < self.linger_until;
        if input && !self.input_open {
            self.captured_us = now_us;
        }
        if output && !self.output_open {
            self.played_us = now_us;
        }
        if !input && self.input_open {
            let end = self.engine.interrupt_capture();
            self.send(end);
        }
        if (input, output) != (self.input_open, self.output_open) {
            (self.input_open, self.output_open) = (input, output);
            self.io.set_open(input, output, now_us);
        }
    }

    fn capture(&mut self, now_us: u64) {
        let mut tick = [0.0; TICK_SAMPLES];
        for _ in 0..TICKS_A_TURN {
            if !self.io.capture(&mut tick, now_us) {
                break;
            }
            self.captured_us = now_us;
            if let Some(processor) = &mut self.processor {
                self.engine.note_clipping(&tick);
                if !self.output_open {
                    // Nothing is played, which is to be known too.
                    processor.render(&Stereo::SILENCE);
                }
                processor.capture(&mut tick);
            }
            let frame = self.engine.capture(&tick, now_us);
            self.take(frame, now_us);
        }
        // No microphone hears silence, so that a gate left open closes and the meter falls.
        for _ in 0..TICKS_A_TURN {
            if now_us.saturating_sub(self.captured_us) <= AWAY_US {
                return;
            }
            self.captured_us += TICK_US;
            let frame = self.engine.capture(&[0.0; TICK_SAMPLES], now_us);
            self.take(frame, now_us);
        }
        self.captured_us = now_us;
    }

    fn playout(&mut self, now_us: u64) {
        for _ in 0..TICKS_A_TURN {
            if !self.io.wants_playback(now_us) {
                break;
            }
            self.played_us = now_us;
            let tick = self.next_tick(now_us);
            if self.input_open
                && let Some(processor) = &mut self.processor
            {
                processor.render(&tick);
            }
            self.io.play(&tick, now_us);
        }
        // No speaker: the call goes on unheard, so that it is in time when one comes back.
        for _ in 0..TICKS_A_TURN {
            if now_us.saturating_sub(self.played_us) <= AWAY_US {
                return;
            }
            self.played_us += TICK_US;
            self.next_tick(now_us);
        }
        self.played_us = now_us;
    }

    fn next_tick(&mut self, now_us: u64) -> Stereo {
        let mut tick = Stereo::SILENCE;
        if let Some(hear) = &mut self.hear {
            hear.deliver(&mut self.engine, now_us);
        }
        if self.active || self.hear.is_some() {
            self.engine.playout(&mut tick, now_us);
        }
        self.cues.mix(&mut tick);
        tick
    }

    /// A frame of the microphone: to the others, or in a test back to us.
    fn take(&mut self, frame: Option<EncodedFrame>, now_us: u64) {
        if let (Some(hear), Some(frame)) = (&mut self.hear, &frame) {
            hear.say(frame, now_us);
        }
        self.send(frame);
    }

    fn send(&mut self, frame: Option<EncodedFrame>) {
        if self.active
            && let Some(frame) = frame
        {
            self.sink.frame(&frame);
        }
    }
}

#[cfg(test)]
mod tests;
