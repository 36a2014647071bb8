//! From the microphone to packets.

use crate::codec::end_of_speech;
use crate::format::us_to_samples;
use crate::gauges::InputGauge;
use crate::level::{mean_square, perceptual, power_to_db};
use crate::{
    EncodedFrame, Encoder, EncoderConfig, FRAME_SAMPLES, FrameLength, Gate, LevelMeter, Payload, SpeakingDetector,
    TICK_SAMPLES, Threshold, TransmitMode, VoiceError, is_dtx,
};

/// What was heard before the gate opened and may still be sent: the longest that the detector needs to be sure, and a tick.
const LOOK_BACK: usize = (Gate::MAX_ATTACK_MS as usize / 10 + 1) * TICK_SAMPLES;
/// So many ticks of the look-back are sent before the one in which sound rose above the noise: a voice may begin softer than that.
const ONSET_TICKS: usize = 2;
/// The look-back, the frame being collected, and one tick.
const CAPACITY: usize = LOOK_BACK + FRAME_SAMPLES + TICK_SAMPLES;
/// After a pause in the calls this long, µs, sound is missing: longer than any device's ring holds.
const GAP_US: u64 = 300_000;
/// Louder than this has likely been cut by the microphone.
const CLIP: f32 = 0.99;
/// How long clipping shows, ticks.
const CLIP_TICKS: u32 = 50;
/// The loudness that every packet claims where sizes must say nothing, −dBov: that of speech. It travels in clear (RFC 6464 §5).
const UNTOLD_DBOV: u8 = 30;

/// Where the sending stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    No,
    Yes,
    /// The gate has closed; so many samples are still to be sent.
    Draining(usize),
}

/// Gain, level, gate, Opus.
pub(super) struct Capture {
    encoder: Encoder,
    /// How to encode, before what the gate has to say about it.
    wanted: EncoderConfig,
    gate: Gate,
    meter: LevelMeter,
    detector: SpeakingDetector,
    gain: f32,
    last_gain: f32,
    /// Captured and not yet sent, oldest first.
    backlog: Box<[f32]>,
    len: usize,
    /// Sample clock of the end of the backlog.
    clock: u64,
    last_us: Option<u64>,
    sending: Sending,
    marker: bool,
    last_packet: Option<Payload>,
    /// Opus has said that silence began (DTX); more of the same is not sent.
    silent: bool,
    clipped: u32,
    /// Mean square of the last tick, if it is sent.
    sent_power: f32,
}

impl Capture {
    pub(super) fn new(encoder: EncoderConfig, mode: TransmitMode) -> Result<Self, VoiceError> {
        let mut capture = Self {
            encoder: Encoder::new(encoder)?,
            wanted: encoder,
            gate: Gate::new(mode),
            meter: LevelMeter::new(),
            detector: SpeakingDetector::new(),
            gain: 1.0,
            last_gain: 1.0,
            backlog: vec![0.0; CAPACITY].into_boxed_slice(),
            len: 0,
            clock: 0,
            last_us: None,
            sending: Sending::No,
            marker: false,
            last_packet: None,
            silent: false,
            clipped: 0,
            sent_power: 0.0,
        };
        capture.set_mode(mode);
        Ok(capture)
    }

    pub(super) fn set_mode(&mut self, mode: TransmitMode) {
        self.gate.set_mode(mode);
        let (threshold, attack_ms) = match mode {
            TransmitMode::VoiceActivity {
                threshold, attack_ms, ..
            } => (threshold, attack_ms),
            _ => (Threshold::Auto, Gate::ATTACK_MS),
        };
        self.detector.set_threshold(threshold);
        self.detector.set_attack(attack_ms);
        // libopus took the same settings before.
        let _ = self.configure(self.wanted);
    }

    pub(super) fn set_gain(&mut self, gain: f32) {
        self.gain = gain;
    }

    pub(super) fn configure(&mut self, config: EncoderConfig) -> Result<(), VoiceError> {
        self.wanted = config;
        self.encoder.configure(EncoderConfig {
            // Where a gate keeps silence back, it knows more of silence than Opus does.
            dtx: config.dtx && !self.gate.mode().looks_back(),
            ..config
        })
    }

    pub(super) fn wanted(&self) -> EncoderConfig {
        self.wanted
    }

    pub(super) fn muted(&self) -> bool {
        self.gate.muted()
    }

    pub(super) fn set_mute(&mut self, muted: bool) -> Option<EncodedFrame> {
        self.gate.set_muted(muted);
        self.interrupt()
    }

    pub(super) fn interrupt(&mut self) -> Option<EncodedFrame> {
        let end = if self.sending == Sending::No {
            None
        } else {
            self.end_of_spurt()
        };
        self.len = 0;
        self.sending = Sending::No;
        self.meter = LevelMeter::new();
        self.detector.interrupt();
        self.clipped = 0;
        end
    }

    pub(super) fn gauge(&self) -> InputGauge {
        let sending = self.sending != Sending::No;
        InputGauge {
            level: self.meter.level(),
            peak_dbfs: self.meter.peak_dbfs(),
            speaking: sending && self.detector.speaking(),
            sending,
            muted: self.gate.muted(),
            gate: matches!(self.gate.mode(), TransmitMode::VoiceActivity { .. })
                .then(|| perceptual(self.detector.threshold())),
            clipping: self.clipped > 0,
        }
    }

    pub(super) fn tick(&mut self, tick: &[f32; TICK_SAMPLES], now_us: u64) -> Option<EncodedFrame> {
        self.follow_time(now_us);
        let tick = self.amplify(tick);
        self.meter.push(&tick);
        self.detector.push(&tick);
        self.clipped = self.clipped.saturating_sub(1);
        self.note_clipping(&tick);

        self.append(&tick);
        let open = self.gate.tick(self.detector.active());
        self.sent_power = if open { mean_square(&tick) } else { 0.0 };
        self.sending = match (self.sending, open) {
            (Sending::No, false) => {
                // Muted, or before a key is pressed, nothing is kept.
                let keep = if self.gate.mode().looks_back() && !self.gate.muted() {
                    LOOK_BACK
                } else {
                    0
                };
                self.drop_front(self.len.saturating_sub(keep));
                return None;
            }
            (Sending::No, true) => {
                self.marker = true;
                self.begin_at_the_onset();
                Sending::Yes
            }
            (Sending::Yes | Sending::Draining(_), true) => Sending::Yes,
            // This tick is behind the closed gate.
            (Sending::Yes, false) => Sending::Draining(self.len.saturating_sub(TICK_SAMPLES)),
            (draining @ Sending::Draining(_), false) => draining,
        };
        if let Sending::Draining(left) = self.sending {
            let frame = self.due(left);
            if frame == 0 {
                let end = self.end_of_spurt();
                // What was not sent becomes look-back, except what a closed gate must not keep.
                if !self.gate.mode().looks_back() {
                    self.len = 0;
                }
                self.sending = Sending::No;
                return end;
            }
            self.sending = Sending::Draining(left - frame);
            return self.encode_front(frame);
        }
        let frame = self.due(self.len);
        (frame > 0).then(|| self.encode_front(frame)).flatten()
    }

    /// Of what was heard before the gate opened, leaves out what is no more than the room's noise: it would only keep the first syllable
    /// waiting at the listener.
    fn begin_at_the_onset(&mut self) {
        if self.gate.mode().looks_back() {
            let kept = (self.detector.ticks_since_onset() + ONSET_TICKS) * TICK_SAMPLES;
            self.drop_front(self.len.saturating_sub(kept));
        }
    }

    /// The length of the packet to make now that `waiting` samples wait, 0 for none yet. While more than one short packet waits, as after
    /// the gate opens, long ones are made: one goes out each tick at most, so they are what catches up.
    fn due(&self, waiting: usize) -> usize {
        let short = self.encoder.config().frame == FrameLength::Ms10;
        if waiting >= FrameLength::Ms20.samples() {
            FrameLength::Ms20.samples()
        } else if short && waiting >= FrameLength::Ms10.samples() {
            FrameLength::Ms10.samples()
        } else {
            0
        }
    }

    /// Mean square of the last tick where it is sent, else 0.
    pub(super) fn sent_power(&self) -> f32 {
        self.sent_power
    }

    /// Takes note of a microphone that is too loud for itself.
    pub(super) fn note_clipping(&mut self, tick: &[f32; TICK_SAMPLES]) {
        if tick.iter().any(|s| s.abs() >= CLIP) {
            self.clipped = CLIP_TICKS;
        }
    }

    /// The clock runs on while no sound comes, or the far side would take the pause for delay.
    fn follow_time(&mut self, now_us: u64) {
        let pause = self.last_us.map_or(0, |last| now_us.saturating_sub(last));
        if pause > GAP_US {
            self.clock += u64::try_from(us_to_samples(i64::try_from(pause).unwrap_or(0))).unwrap_or(0);
            // What is from before the pause does not join on to what comes now.
            self.len = 0;
            if self.sending != Sending::No {
                self.marker = true;
            }
        }
        self.last_us = Some(now_us);
    }

    fn amplify(&mut self, tick: &[f32; TICK_SAMPLES]) -> [f32; TICK_SAMPLES] {
        let (from, to) = (self.last_gain, self.gain);
        self.last_gain = to;
        let mut out = *tick;
        for (i, sample) in out.iter_mut().enumerate() {
            let gain = if from == to {
                to
            } else {
                from + (to - from) * (i + 1) as f32 / TICK_SAMPLES as f32
            };
            *sample = if sample.is_finite() {
                (*sample * gain).clamp(-1.0, 1.0)
            } else {
                0.0
            };
        }
        out
    }

    fn append(&mut self, tick: &[f32; TICK_SAMPLES]) {
        self.clock += TICK_SAMPLES as u64;
        // One frame leaves for every two ticks at least, so this only guards against an encoder that keeps failing.
        self.drop_front((self.len + TICK_SAMPLES).saturating_sub(CAPACITY));
        for (to, from) in self.backlog.iter_mut().skip(self.len).zip(tick) {
            *to = *from;
        }
        self.len += TICK_SAMPLES;
    }

    fn drop_front(&mut self, count: usize) {
        let count = count.min(self.len);
        if count > 0 {
            self.backlog.copy_within(count..self.len, 0);
            self.len -= count;
        }
    }

    /// RTP timestamp of the front of the backlog.
    fn timestamp(&self) -> u32 {
        // Timestamps wrap by definition (RFC 3550 §5.1).
        (self.clock - self.len as u64) as u32
    }

    /// Encodes the first `count` samples that wait, at most [`FRAME_SAMPLES`].
    fn encode_front(&mut self, count: usize) -> Option<EncodedFrame> {
        let mut frame = [0.0; FRAME_SAMPLES];
        for (to, from) in frame.iter_mut().zip(self.backlog.iter()) {
            *to = *from;
        }
        let frame = frame.get(..count)?;
        let rtp_timestamp = self.timestamp();
        self.drop_front(count);
        let payload = self.encoder.encode(frame).ok()?;
        let silent = is_dtx(&payload);
        let was_silent = std::mem::replace(&mut self.silent, silent);
        if silent && was_silent {
            return None;
        }
        self.last_packet = Some(payload.clone());
        let untold = self.encoder.config().constant_bitrate;
        let dbov = -power_to_db(mean_square(frame));
        Some(EncodedFrame {
            payload,
            rtp_timestamp,
            marker: std::mem::take(&mut self.marker) || (was_silent && !silent),
            level_dbov: if untold {
                UNTOLD_DBOV
            } else {
                dbov.round().clamp(0.0, 127.0) as u8
            },
            voice: untold || self.detector.speaking(),
        })
    }

    /// Tells the far side that silence begins, so that it need not guess whether packets are lost.
    fn end_of_spurt(&mut self) -> Option<EncodedFrame> {
        let untold = self.encoder.config().constant_bitrate;
        let payload = end_of_speech(self.last_packet.as_ref()?, untold).ok()?;
        self.silent = false;
        Some(EncodedFrame {
            payload,
            rtp_timestamp: self.timestamp(),
            marker: false,
            level_dbov: if untold { UNTOLD_DBOV } else { 127 },
            voice: untold,
        })
    }
}
