//! Sound to packets.

use super::sys::{EncoderSetting, RawEncoder};
use super::{EncoderConfig, FrameLength, MAX_DRED_MS};
use crate::{FRAME_SAMPLES, MAX_PACKET_BYTES, Payload, VoiceError};

/// With less effort libopus does not look into the sound, and knows silence only by its loudness.
const DTX_COMPLEXITY: u8 = 7;

/// Turns 10 or 20 ms of sound into one packet.
pub struct Encoder {
    opus: RawEncoder,
    config: EncoderConfig,
    scratch: [u8; MAX_PACKET_BYTES],
}

impl Encoder {
    /// Makes an encoder.
    ///
    /// # Errors
    /// [`VoiceError::Codec`] if libopus refuses a setting.
    pub fn new(config: EncoderConfig) -> Result<Self, VoiceError> {
        let mut encoder = Self {
            opus: RawEncoder::new()?,
            config,
            scratch: [0; MAX_PACKET_BYTES],
        };
        encoder
            .opus
            .set(EncoderSetting::Signal, opusic_sys::OPUS_SIGNAL_VOICE)?;
        encoder.configure(config)?;
        Ok(encoder)
    }

    /// Changes how it encodes, from the next frame on. What is out of its range is brought into it.
    ///
    /// # Errors
    /// [`VoiceError::Codec`] if libopus refuses.
    pub fn configure(&mut self, config: EncoderConfig) -> Result<(), VoiceError> {
        let bits = i32::try_from(config.bitrate.clamp(6_000, 128_000)).unwrap_or(32_000);
        let dred = i32::try_from(config.dred_ms.min(MAX_DRED_MS) / 10).unwrap_or(0);
        let dtx = config.dtx && !config.constant_bitrate;
        let least = if dtx { DTX_COMPLEXITY } else { 0 };
        for (setting, value) in [
            (EncoderSetting::Bitrate, bits),
            (EncoderSetting::Vbr, i32::from(!config.constant_bitrate)),
            (EncoderSetting::VbrConstraint, 1),
            (
                EncoderSetting::Complexity,
                i32::from(config.complexity.clamp(least, 10)),
            ),
            (EncoderSetting::InbandFec, i32::from(config.fec)),
            (
                EncoderSetting::PacketLoss,
                i32::from(config.packet_loss_percent.min(100)),
            ),
            (EncoderSetting::DredDuration, dred),
            // A frame of silence is as long as any other, or the size would tell.
            (EncoderSetting::Dtx, i32::from(dtx)),
        ] {
            self.opus.set(setting, value)?;
        }
        self.config = config;
        Ok(())
    }

    /// How it encodes.
    pub fn config(&self) -> EncoderConfig {
        self.config
    }

    /// Samples by which the decoded sound lags the encoded (312 at 48 kHz, 6.5 ms).
    ///
    /// # Errors
    /// [`VoiceError::Codec`] if libopus does not say.
    pub fn lookahead(&mut self) -> Result<usize, VoiceError> {
        Ok(usize::try_from(self.opus.lookahead()?).unwrap_or(0))
    }

    /// Whether the frame encoded last was silence that need not be sent ([`EncoderConfig::dtx`]).
    ///
    /// # Errors
    /// [`VoiceError::Codec`] if libopus does not say.
    pub fn in_dtx(&mut self) -> Result<bool, VoiceError> {
        self.opus.in_dtx()
    }

    /// Encodes 10 or 20 ms, in any order. Samples beyond ±1 are clipped first; what is not a number becomes silence.
    ///
    /// # Errors
    /// [`VoiceError::FrameLength`] for any other length; [`VoiceError::Codec`] if libopus fails, which valid input does not bring about.
    pub fn encode(&mut self, frame: &[f32]) -> Result<Payload, VoiceError> {
        let len = frame.len();
        if len != FrameLength::Ms10.samples() && len != FrameLength::Ms20.samples() {
            return Err(VoiceError::FrameLength { samples: len });
        }
        let mut clean = [0.0; FRAME_SAMPLES];
        for (to, from) in clean.iter_mut().zip(frame) {
            *to = if from.is_finite() { from.clamp(-1.0, 1.0) } else { 0.0 };
        }
        let pcm = clean.get(..len).unwrap_or_default();
        let len = self.opus.encode(pcm, &mut self.scratch)?;
        Payload::new(self.scratch.get(..len).unwrap_or_default())
    }
}
