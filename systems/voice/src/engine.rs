//! The whole path of the sound, with no device, no thread and no clock of its own.

mod capture;
mod returned;
mod scout;
mod speaker;

use crate::gauges::SpeakerGauge;
use crate::mixer::clean_gain;
use crate::{
    EncoderConfig, Gauges, JitterConfig, LinkPolicy, LinkReport, MAX_SPEAKERS, Mixer, Payload, Place, Stereo,
    TICK_SAMPLES, TransmitMode, VoiceError,
};
use capture::Capture;
use returned::Sent;
use speaker::Speaker;

/// How an engine starts out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EngineConfig {
    /// The codec, until something is known of the links.
    pub encoder: EncoderConfig,
    /// The jitter buffers.
    pub jitter: JitterConfig,
    /// When the microphone is sent.
    pub transmit: TransmitMode,
}

/// One packet to send, the same for every peer.
///
/// Each connection numbers its packets itself and adds its own random offset to the timestamp (RFC 3550 §5.1).
#[derive(Clone, Debug)]
pub struct EncodedFrame {
    /// The Opus packet.
    pub payload: Payload,
    /// Sample clock of its first sample, 48 kHz, wrapping. Runs on while nothing is sent.
    pub rtp_timestamp: u32,
    /// Whether it begins a talk spurt (RFC 7587 §4.1: the marker bit).
    pub marker: bool,
    /// Loudness of the frame in −dBov, 0 loudest, 127 silence (RFC 6464).
    pub level_dbov: u8,
    /// Whether it is speech. Off in the packet that ends a spurt.
    pub voice: bool,
}

/// Microphone ticks in, packets out; packets in, speaker ticks out.
pub struct VoiceEngine {
    jitter: JitterConfig,
    policy: LinkPolicy,
    capture: Capture,
    sent: Sent,
    speakers: Vec<Speaker>,
    mixer: Mixer,
    volume: f32,
    deafened: bool,
}

impl VoiceEngine {
    /// An engine with nobody in it.
    ///
    /// # Errors
    /// [`VoiceError::Codec`] if there is no encoder to be had.
    pub fn new(config: EngineConfig) -> Result<Self, VoiceError> {
        Ok(Self {
            jitter: config.jitter,
            policy: LinkPolicy::new(config.encoder),
            capture: Capture::new(config.encoder, config.transmit)?,
            sent: Sent::default(),
            speakers: Vec::with_capacity(MAX_SPEAKERS),
            mixer: Mixer::new(),
            volume: 1.0,
            deafened: false,
        })
    }

    /// Takes 10 ms from the microphone at `now_us`; gives a packet when one is due. At most one each tick: when the gate opens on
    /// speech, the last 60 ms follow at double speed.
    pub fn capture(&mut self, tick: &[f32; TICK_SAMPLES], now_us: u64) -> Option<EncodedFrame> {
        let frame = self.capture.tick(tick, now_us);
        self.sent.capture(self.capture.sent_power());
        frame
    }

    /// Takes note of 10 ms of the microphone as it gave them, where [`capture`](Self::capture) gets them processed: what it has cut
    /// itself shows as clipping nevertheless.
    pub fn note_clipping(&mut self, raw: &[f32; TICK_SAMPLES]) {
        self.capture.note_clipping(raw);
    }

    /// Gives 10 ms for the speaker at `now_us`: everyone's voice, mixed. Deafened, it is silence, and everyone is measured still.
    pub fn playout(&mut self, out: &mut Stereo, now_us: u64) {
        self.sent.tick();
        for speaker in &mut self.speakers {
            speaker.tick(now_us, &self.sent, &mut self.mixer);
        }
        self.mixer.take(out);
    }

    /// Hands over a packet of `speaker` that arrived at `arrival_us`.
    ///
    /// # Errors
    /// [`VoiceError::UnknownSpeaker`] if they were not added. A packet that is not Opus shows in their statistics.
    pub fn receive(
        &mut self,
        speaker: u64,
        seq: u16,
        timestamp: u32,
        marker: bool,
        payload: &Payload,
        arrival_us: u64,
    ) -> Result<(), VoiceError> {
        let speaker = self
            .speakers
            .iter_mut()
            .find(|s| s.id == speaker)
            .ok_or(VoiceError::UnknownSpeaker)?;
        speaker.receive(seq, timestamp, marker, payload, arrival_us);
        Ok(())
    }

    /// Adds a speaker. Adding one who is there changes nothing.
    ///
    /// # Errors
    /// [`VoiceError::TooManySpeakers`], [`VoiceError::Codec`].
    pub fn add_speaker(&mut self, id: u64) -> Result<(), VoiceError> {
        if self.speakers.iter().any(|s| s.id == id) {
            return Ok(());
        }
        if self.speakers.len() >= MAX_SPEAKERS {
            return Err(VoiceError::TooManySpeakers);
        }
        self.speakers.push(Speaker::new(id, self.jitter)?);
        Ok(())
    }

    /// Removes a speaker, if they are there.
    pub fn remove_speaker(&mut self, id: u64) {
        self.speakers.retain(|s| s.id != id);
    }

    /// Removes everyone.
    pub fn clear_speakers(&mut self) {
        self.speakers.clear();
    }

    /// Mutes or unmutes the microphone. Muting within a talk spurt gives the packet that ends it, to be sent. Nothing heard
    /// while muted is ever sent.
    #[must_use = "the packet that ends the spurt must be sent"]
    pub fn set_mute(&mut self, muted: bool) -> Option<EncodedFrame> {
        self.capture.set_mute(muted)
    }

    /// Whether the microphone is muted.
    pub fn muted(&self) -> bool {
        self.capture.muted()
    }

    /// Forgets the microphone's past, as when it is opened anew. Gives the packet that ends a running spurt, to be sent.
    #[must_use = "the packet that ends the spurt must be sent"]
    pub fn interrupt_capture(&mut self) -> Option<EncodedFrame> {
        self.capture.interrupt()
    }

    /// Silences everyone, for us only.
    pub fn set_deafen(&mut self, deafened: bool) {
        self.deafened = deafened;
        self.mixer.set_volume(if deafened { 0.0 } else { self.volume });
    }

    /// Whether everyone is silenced.
    pub fn deafened(&self) -> bool {
        self.deafened
    }

    /// When the microphone is sent.
    pub fn set_transmit(&mut self, mode: TransmitMode) {
        self.capture.set_mode(mode);
    }

    /// Amplifies the microphone, 0..=2 (clamped).
    pub fn set_input_gain(&mut self, gain: f32) {
        if let Some(gain) = clean_gain(gain) {
            self.capture.set_gain(gain);
        }
    }

    /// The volume of everything, 0..=2 (clamped).
    pub fn set_output_volume(&mut self, volume: f32) {
        if let Some(volume) = clean_gain(volume) {
            self.volume = volume;
            self.set_deafen(self.deafened);
        }
    }

    /// One speaker's volume, 0..=2 (clamped).
    ///
    /// # Errors
    /// [`VoiceError::UnknownSpeaker`].
    pub fn set_speaker_volume(&mut self, id: u64, volume: f32) -> Result<(), VoiceError> {
        let speaker = self
            .speakers
            .iter_mut()
            .find(|s| s.id == id)
            .ok_or(VoiceError::UnknownSpeaker)?;
        if let Some(volume) = clean_gain(volume) {
            speaker.volume = volume;
        }
        Ok(())
    }

    /// Where one speaker is heard.
    ///
    /// # Errors
    /// [`VoiceError::UnknownSpeaker`].
    pub fn set_speaker_place(&mut self, id: u64, place: Place) -> Result<(), VoiceError> {
        let speaker = self
            .speakers
            .iter_mut()
            .find(|s| s.id == id)
            .ok_or(VoiceError::UnknownSpeaker)?;
        speaker.place = place;
        Ok(())
    }

    /// What the far sides report of the links to them, at `now_us`. The encoder follows, by [`LinkPolicy`].
    ///
    /// # Errors
    /// [`VoiceError::Codec`].
    pub fn set_link(&mut self, report: LinkReport, now_us: u64) -> Result<(), VoiceError> {
        let config = self.policy.update(report, now_us);
        if config == self.capture.wanted() {
            return Ok(());
        }
        self.capture.configure(config)
    }

    /// Forgets what is known of the links, as before a call.
    ///
    /// # Errors
    /// [`VoiceError::Codec`].
    pub fn reset_link(&mut self) -> Result<(), VoiceError> {
        self.policy.reset();
        self.capture.configure(self.policy.config())
    }

    /// Writes the newest measures over `into`, whose vector is reused. Leaves the devices' part alone.
    pub fn gauges(&self, into: &mut Gauges) {
        into.input = self.capture.gauge();
        into.codec = self.capture.wanted();
        into.speakers.clear();
        into.speakers.extend(self.speakers.iter().map(|s| SpeakerGauge {
            id: s.id,
            level: s.meter.level(),
            speaking: s.speaking,
            echo: s.returned.share(),
            stats: s.jitter.stats(),
        }));
    }
}

#[cfg(test)]
mod tests;
