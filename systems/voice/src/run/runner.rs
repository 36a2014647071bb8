//! What the audio thread does each time round. It is told the time, so a test can run hours of it in no time.

use super::cues::CuePlayer;
use super::{AudioConfig, Command, FrameSink, Packet};
use crate::{AudioIo, EncodedFrame, Gauges, TICK_SAMPLES, TICK_US, VoiceEngine, VoiceError};

/// A device that has given or wanted nothing for this long is away: the engine goes on without it, on the timer.
const AWAY_US: u64 = 100_000;
/// The most ticks in one turn. After a long sleep of the machine the rest is skipped, not hurried through.
const TICKS_A_TURN: usize = 25;
/// The speaker stays open this long after the last cue, so that the next does not have to wait for it.
const LINGER_US: u64 = 2_000_000;

/// Engine, devices and sink, turned by the thread.
pub(super) struct Runner {
    engine: VoiceEngine,
    io: Box<dyn AudioIo>,
    sink: Box<dyn FrameSink>,
    cues: CuePlayer,
    cues_on: bool,
    active: bool,
    mic_test: bool,
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
            io,
            sink,
            cues: CuePlayer::new(),
            cues_on: config.cues,
            active: false,
            mic_test: false,
            input_open: false,
            output_open: false,
            linger_until: 0,
            captured_us: 0,
            played_us: 0,
            unknown: 0,
        })
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
            Command::Mute(muted) => {
                if muted != self.engine.muted() {
                    let end = self.engine.set_mute(muted);
                    self.send(end);
                }
            }
            Command::Deafen(deafened) => self.engine.set_deafen(deafened),
            Command::Transmit(mode) => self.engine.set_transmit(mode),
            Command::InputGain(gain) => self.engine.set_input_gain(gain),
            Command::OutputVolume(volume) => {
                self.engine.set_output_volume(volume);
                self.cues.set_volume(volume);
            }
            // Somebody who has just left has no volume any more.
            Command::SpeakerVolume(id, volume) => drop(self.engine.set_speaker_volume(id, volume)),
            Command::PacketLoss(percent) => drop(self.engine.set_packet_loss(percent)),
            Command::Devices(input, output) => self.io.set_devices(input, output),
            Command::MicTest(on) => self.mic_test = on,
            Command::Cue(cue) => {
                if self.cues_on {
                    self.cues.play(cue);
                }
            }
            Command::StopCue => self.cues.stop_repeating(),
            Command::Wake => {}
        }
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

    /// One turn, at least every 10 ms while not idle.
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
        self.active = active;
        if active {
            self.io.start_mic(now_us);
        } else {
            self.engine.clear_speakers();
        }
    }

    fn open_what_is_needed(&mut self, now_us: u64) {
        if self.cues.is_playing() {
            self.linger_until = now_us + LINGER_US;
        }
        let input = (self.active && !self.engine.muted()) || self.mic_test;
        let output = self.active || self.cues.is_playing() || now_us < self.linger_until;
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
            let frame = self.engine.capture(&tick, now_us);
            self.send(frame);
        }
        // No microphone hears silence, so that a gate left open closes and the meter falls.
        for _ in 0..TICKS_A_TURN {
            if now_us.saturating_sub(self.captured_us) <= AWAY_US {
                return;
            }
            self.captured_us += TICK_US;
            let frame = self.engine.capture(&[0.0; TICK_SAMPLES], now_us);
            self.send(frame);
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

    fn next_tick(&mut self, now_us: u64) -> [f32; TICK_SAMPLES] {
        let mut tick = [0.0; TICK_SAMPLES];
        if self.active {
            self.engine.playout(&mut tick, now_us);
        }
        self.cues.mix(&mut tick);
        tick
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
