//! Opus (RFC 6716) as this program uses it: 48 kHz, mono, 20 ms, for voice.

use crate::{FRAME_SAMPLES, MAX_FRAME_SAMPLES, MAX_PACKET_BYTES, Payload, SAMPLE_RATE, VoiceError};

/// How the encoder is set up. The defaults are for speech in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderConfig {
    /// Bits per second, 6 000..=128 000. 32 000 is full-band speech with room for FEC.
    pub bitrate: u32,
    /// Search effort 0..=10. 9 costs about 1.5 % of one slow core.
    pub complexity: u8,
    /// Whether each packet repeats the previous frame coarsely (LBRR), so that the loss of one can be mended.
    pub fec: bool,
    /// Expected packet loss in per cent, which decides how much of the rate goes to FEC. 0 switches it off inside Opus.
    pub packet_loss_percent: u8,
    /// Whether Opus itself may stop sending in silence. Off: the gate does this, and knows more.
    pub dtx: bool,
}

impl Default for EncoderConfig {
    fn default() -> Self {
        Self {
            bitrate: 32_000,
            complexity: 9,
            fec: true,
            packet_loss_percent: 5,
            dtx: false,
        }
    }
}

/// Turns 20 ms of sound into one packet.
pub struct Encoder {
    opus: opus::Encoder,
    scratch: [u8; MAX_PACKET_BYTES],
}

impl Encoder {
    /// Makes an encoder.
    ///
    /// # Errors
    /// [`VoiceError::Codec`] if libopus refuses a setting.
    pub fn new(config: EncoderConfig) -> Result<Self, VoiceError> {
        let mut opus = opus::Encoder::new(SAMPLE_RATE, opus::Channels::Mono, opus::Application::Voip)?;
        let bits = i32::try_from(config.bitrate.clamp(6_000, 128_000)).unwrap_or(32_000);
        opus.set_bitrate(opus::Bitrate::Bits(bits))?;
        opus.set_vbr(true)?;
        // Constrained: a packet's size stays near the mean, so a slow uplink sees no bursts.
        opus.set_vbr_constraint(true)?;
        opus.set_complexity(i32::from(config.complexity.min(10)))?;
        opus.set_signal(opus::Signal::Voice)?;
        opus.set_inband_fec(config.fec)?;
        opus.set_packet_loss_perc(i32::from(config.packet_loss_percent.min(100)))?;
        opus.set_dtx(config.dtx)?;
        Ok(Self {
            opus,
            scratch: [0; MAX_PACKET_BYTES],
        })
    }

    /// Sets the expected packet loss in per cent (more than 100 counts as 100), as the far side reports it.
    ///
    /// # Errors
    /// [`VoiceError::Codec`] if libopus refuses.
    pub fn set_packet_loss(&mut self, percent: u8) -> Result<(), VoiceError> {
        Ok(self.opus.set_packet_loss_perc(i32::from(percent.min(100)))?)
    }

    /// Sets the bit rate in bits per second, clamped to 6 000..=128 000.
    ///
    /// # Errors
    /// [`VoiceError::Codec`] if libopus refuses.
    pub fn set_bitrate(&mut self, bits_per_second: u32) -> Result<(), VoiceError> {
        let bits = i32::try_from(bits_per_second.clamp(6_000, 128_000)).unwrap_or(32_000);
        Ok(self.opus.set_bitrate(opus::Bitrate::Bits(bits))?)
    }

    /// Switches Opus's own discontinuous transmission.
    ///
    /// # Errors
    /// [`VoiceError::Codec`] if libopus refuses.
    pub fn set_dtx(&mut self, on: bool) -> Result<(), VoiceError> {
        Ok(self.opus.set_dtx(on)?)
    }

    /// Samples by which the decoded sound lags the encoded (312 at 48 kHz, 6.5 ms).
    ///
    /// # Errors
    /// [`VoiceError::Codec`] if libopus does not say.
    pub fn lookahead(&mut self) -> Result<usize, VoiceError> {
        Ok(usize::try_from(self.opus.get_lookahead()?).unwrap_or(0))
    }

    /// Encodes exactly [`FRAME_SAMPLES`] samples. Samples beyond ±1 are clipped first; what is not a number becomes silence.
    ///
    /// # Errors
    /// [`VoiceError::Codec`] if libopus fails, which valid input does not bring about.
    pub fn encode(&mut self, frame: &[f32; FRAME_SAMPLES]) -> Result<Payload, VoiceError> {
        let clean = frame.map(|s| if s.is_finite() { s.clamp(-1.0, 1.0) } else { 0.0 });
        let len = self.opus.encode_float(&clean, &mut self.scratch)?;
        Payload::new(self.scratch.get(..len).unwrap_or_default())
    }
}

/// Turns packets into sound, and lost packets into something the ear forgives.
pub struct Decoder {
    opus: opus::Decoder,
}

impl Decoder {
    /// Makes a decoder.
    ///
    /// # Errors
    /// [`VoiceError::Codec`] if libopus cannot.
    pub fn new() -> Result<Self, VoiceError> {
        Ok(Self {
            opus: opus::Decoder::new(SAMPLE_RATE, opus::Channels::Mono)?,
        })
    }

    /// Decodes `packet` into the front of `out` and says how many samples it was. `out` should have room for
    /// [`MAX_FRAME_SAMPLES`]; with less, a longer packet is refused.
    ///
    /// # Errors
    /// [`VoiceError::PacketEmpty`], [`VoiceError::PacketTooLong`], [`VoiceError::PacketInvalid`] for bytes that are not
    /// Opus. The decoder stays usable after any of them.
    pub fn decode(&mut self, packet: &[u8], out: &mut [f32]) -> Result<usize, VoiceError> {
        check_length(packet)?;
        let max = out.len().min(MAX_FRAME_SAMPLES);
        let decoded = self
            .opus
            .decode_float(packet, out.get_mut(..max).unwrap_or_default(), false);
        finish(decoded, out, max)
    }

    /// Decodes the coarse copy of the frame **before** `packet` that `packet` carries (RFC 6716 §2.1.7). Without one
    /// Opus conceals instead, which [`has_fec`] tells apart. Fills `out`, whose length must be that frame's: a
    /// multiple of 2.5 ms.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_fec(&mut self, packet: &[u8], out: &mut [f32]) -> Result<usize, VoiceError> {
        check_length(packet)?;
        let max = out.len();
        let decoded = self.opus.decode_float(packet, out, true);
        finish(decoded, out, max)
    }

    /// Continues the sound over a loss, filling `out`, whose length must be a multiple of 120 (2.5 ms).
    ///
    /// # Errors
    /// [`VoiceError::Codec`] for a length Opus does not know.
    pub fn conceal(&mut self, out: &mut [f32]) -> Result<usize, VoiceError> {
        let max = out.len();
        let decoded = self.opus.decode_float(&[], out, false);
        finish(decoded, out, max)
    }

    /// Samples in `packet`, by its header.
    ///
    /// # Errors
    /// [`VoiceError::PacketEmpty`], [`VoiceError::PacketTooLong`], [`VoiceError::PacketInvalid`].
    pub fn samples_in(&self, packet: &[u8]) -> Result<usize, VoiceError> {
        check_length(packet)?;
        Ok(self.opus.get_nb_samples(packet)?)
    }
}

/// Whether `packet` carries a coarse copy of the frame before it. Right for packets of one SILK or hybrid frame of at most
/// 20 ms, which is what we send; for others it says no, and concealment takes over.
///
/// Source: RFC 6716 §3.1 (TOC), §4.2.3: the first bits of a SILK frame are the VAD flag and the LBRR flag, coded with even odds
/// and therefore readable as plain bits; libopus's `opus_packet_has_lbrr` does the same.
pub fn has_fec(packet: &[u8]) -> bool {
    let [toc, first, ..] = packet else { return false };
    let config = toc >> 3;
    let code = toc & 0b11;
    let stereo = toc & 0b100 != 0;
    // 0..=11 SILK in steps of 10, 20, 40, 60 ms; 12..=15 hybrid in steps of 10, 20 ms; above is CELT, which has none.
    let one_silk_frame = if config < 12 { config % 4 < 2 } else { config < 16 };
    one_silk_frame && code == 0 && !stereo && first & 0b0100_0000 != 0
}

/// Whether `packet` says "silence from here": a frame of no more than a header (RFC 6716 §2.1.9 and RFC 7587 §3.1.3).
pub fn is_dtx(packet: &[u8]) -> bool {
    packet.len() <= 2
}

/// The end-of-speech packet that belongs to a stream whose last packet was `last`: its table-of-contents byte with one
/// frame of no bytes, which every Opus decoder takes for silence.
pub(crate) fn dtx_after(last: &[u8]) -> Option<Payload> {
    let toc = last.first()? & 0b1111_1000;
    Payload::new(&[toc]).ok()
}

fn check_length(packet: &[u8]) -> Result<(), VoiceError> {
    match packet.len() {
        0 => Err(VoiceError::PacketEmpty),
        1..=MAX_PACKET_BYTES => Ok(()),
        len => Err(VoiceError::PacketTooLong { len }),
    }
}

/// A garbage packet can be valid Opus by accident, and its sound then anything: it is kept inside ±1 and finite here,
/// because one NaN would live on in every filter after it.
fn finish(decoded: opus::Result<usize>, out: &mut [f32], max: usize) -> Result<usize, VoiceError> {
    let count = decoded?.min(max);
    for sample in out.iter_mut().take(count) {
        *sample = if sample.is_finite() {
            sample.clamp(-1.0, 1.0)
        } else {
            0.0
        };
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Rng, voice};

    fn frames(samples: &[f32]) -> impl Iterator<Item = [f32; FRAME_SAMPLES]> {
        samples.chunks_exact(FRAME_SAMPLES).map(|c| c.try_into().unwrap())
    }

    #[test]
    fn speech_comes_out_as_it_went_in() {
        let mut encoder = Encoder::new(EncoderConfig::default()).unwrap();
        let mut decoder = Decoder::new().unwrap();
        let speech = voice(2.0, 1);
        let mut heard = Vec::new();
        let mut bytes = 0;
        for frame in frames(&speech) {
            let packet = encoder.encode(&frame).unwrap();
            bytes += packet.len();
            let mut out = [0.0; MAX_FRAME_SAMPLES];
            let n = decoder.decode(&packet, &mut out).unwrap();
            assert_eq!(n, FRAME_SAMPLES);
            heard.extend_from_slice(&out[..n]);
        }
        let lag = encoder.lookahead().unwrap();
        assert_eq!(lag, 312);
        let similarity = crate::testing::correlation(&speech[4800..90_000], &heard[4800 + lag..90_000 + lag]);
        assert!(similarity > 0.9, "{similarity}");
        let rate = bytes as f32 * 8.0 / 2.0;
        assert!((20_000.0..40_000.0).contains(&rate), "{rate} bit/s");
    }

    #[test]
    fn a_packet_of_no_bytes_or_too_many_is_a_typed_error() {
        let mut decoder = Decoder::new().unwrap();
        let mut out = [0.0; MAX_FRAME_SAMPLES];
        assert!(matches!(decoder.decode(&[], &mut out), Err(VoiceError::PacketEmpty)));
        assert!(matches!(
            decoder.decode(&[0; 1276], &mut out),
            Err(VoiceError::PacketTooLong { len: 1276 })
        ));
        assert!(matches!(
            decoder.decode_fec(&[], &mut out),
            Err(VoiceError::PacketEmpty)
        ));
        assert!(matches!(decoder.samples_in(&[]), Err(VoiceError::PacketEmpty)));
        // One byte is a frame of silence, which is legal.
        assert!(decoder.decode(&[0x78], &mut out).is_ok());
    }

    #[test]
    fn garbage_never_panics_and_never_gives_a_sample_that_is_not_a_number() {
        let mut rng = Rng::new(7);
        let mut decoder = Decoder::new().unwrap();
        let mut out = [0.0; MAX_FRAME_SAMPLES];
        let mut refused = 0;
        for round in 0..3000 {
            let len = match round % 3 {
                0 => 1275,
                1 => 1 + rng.below(1275),
                _ => 1 + rng.below(8),
            };
            let packet: Vec<u8> = (0..len).map(|_| rng.next_u64() as u8).collect();
            let _ = has_fec(&packet);
            match decoder.decode(&packet, &mut out) {
                Ok(n) => assert!(out[..n].iter().all(|s| s.is_finite() && s.abs() <= 1.0)),
                Err(VoiceError::PacketInvalid(_) | VoiceError::Codec { .. }) => refused += 1,
                Err(other) => panic!("{other}"),
            }
            let _ = decoder.decode_fec(&packet, &mut out[..FRAME_SAMPLES]);
        }
        assert!(refused > 0, "some of it must have been refused");
        // And the decoder still works.
        let packet = Encoder::new(EncoderConfig::default())
            .unwrap()
            .encode(&[0.1; FRAME_SAMPLES])
            .unwrap();
        assert_eq!(decoder.decode(&packet, &mut out).unwrap(), FRAME_SAMPLES);
    }

    #[test]
    fn a_lost_frame_is_better_mended_by_fec_than_by_concealment() {
        let mut encoder = Encoder::new(EncoderConfig {
            packet_loss_percent: 20,
            ..Default::default()
        })
        .unwrap();
        let speech = voice(4.0, 3);
        let packets: Vec<_> = frames(&speech).map(|f| encoder.encode(&f).unwrap()).collect();
        let with = packets.iter().filter(|p| has_fec(p)).count();
        assert!(
            with > packets.len() / 3,
            "{with} of {} packets carry FEC",
            packets.len()
        );

        // Every tenth frame is lost; compare what each method makes of exactly those frames.
        let run = |fec: bool| {
            let mut whole = Decoder::new().unwrap();
            let mut lossy = Decoder::new().unwrap();
            let (mut error, mut energy) = (0.0f64, 0.0f64);
            for (i, packet) in packets.iter().enumerate() {
                let mut truth = [0.0; FRAME_SAMPLES];
                whole.decode(packet, &mut truth).unwrap();
                let mut got = [0.0; FRAME_SAMPLES];
                let next = packets.get(i + 1);
                let lost = i % 10 == 5 && next.is_some_and(|n| has_fec(n));
                match (lost, fec, next) {
                    (true, true, Some(next)) => lossy.decode_fec(next, &mut got).unwrap(),
                    (true, _, _) => lossy.conceal(&mut got).unwrap(),
                    _ => lossy.decode(packet, &mut got).unwrap(),
                };
                if lost {
                    error += truth
                        .iter()
                        .zip(&got)
                        .map(|(a, b)| f64::from(a - b).powi(2))
                        .sum::<f64>();
                    energy += truth.iter().map(|a| f64::from(*a).powi(2)).sum::<f64>();
                }
            }
            error / energy.max(1e-9)
        };
        let (fec, plc) = (run(true), run(false));
        assert!(fec < plc * 0.8, "relative error with FEC {fec}, without {plc}");
    }

    #[test]
    fn the_end_of_speech_packet_is_silence_to_a_decoder() {
        let mut encoder = Encoder::new(EncoderConfig::default()).unwrap();
        let packet = encoder.encode(&voice(0.02, 1).try_into().unwrap()).unwrap();
        let end = dtx_after(&packet).unwrap();
        assert!(is_dtx(&end) && !is_dtx(&packet));
        let decoder = Decoder::new().unwrap();
        assert_eq!(decoder.samples_in(&end).unwrap(), FRAME_SAMPLES);
    }
}
