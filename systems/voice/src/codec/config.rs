//! What an encoder can be told.

use crate::TICK_SAMPLES;

/// The furthest back that deep redundancy describes, ms (libopus holds 1.04 s).
pub const MAX_DRED_MS: u32 = 1000;

/// How much sound one packet holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FrameLength {
    /// 10 ms: less delay, at 8 kbit/s more of headers a second.
    Ms10,
    /// 20 ms.
    #[default]
    Ms20,
}

impl FrameLength {
    /// Samples at 48 kHz.
    pub const fn samples(self) -> usize {
        match self {
            Self::Ms10 => TICK_SAMPLES,
            Self::Ms20 => 2 * TICK_SAMPLES,
        }
    }

    /// Milliseconds.
    pub const fn ms(self) -> u32 {
        match self {
            Self::Ms10 => 10,
            Self::Ms20 => 20,
        }
    }
}

/// How the encoder is set up. The defaults are for speech in a call over a link of which nothing is known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderConfig {
    /// How much sound a packet holds. The encoder takes either at any time; this is what whoever feeds it goes by.
    pub frame: FrameLength,
    /// Bits per second, 6 000..=128 000, redundancy included. 32 000 is full-band speech with room for FEC.
    pub bitrate: u32,
    /// Whether all packets of one length have the same size, whatever is said. Sizes else stay near the mean (constrained
    /// VBR), so that a slow uplink sees no bursts, and still tell sounds apart.
    pub constant_bitrate: bool,
    /// Search effort 0..=10. 6 is the most that no model of speech quality could tell from less effort (PLCMOS 3.26 at 6, 3.24 at 9; from 7 on
    /// it costs a quarter more, for an analysis that tells music from speech).
    pub complexity: u8,
    /// Whether each packet repeats the previous frame coarsely (LBRR), so that the loss of one can be mended.
    pub fec: bool,
    /// Expected packet loss in per cent, which decides how much of the rate goes to redundancy. 0 switches FEC off inside Opus.
    pub packet_loss_percent: u8,
    /// How far back each packet describes the sound before it (DRED), ms, up to [`MAX_DRED_MS`]; 0 for none. As much of it as the bit rate
    /// has room for is sent.
    pub dred_ms: u32,
    /// Whether Opus itself may stop sending in silence. Has no effect where all packets have one size.
    pub dtx: bool,
}

impl Default for EncoderConfig {
    fn default() -> Self {
        Self {
            frame: FrameLength::Ms20,
            bitrate: 32_000,
            constant_bitrate: false,
            complexity: 6,
            fec: true,
            packet_loss_percent: 5,
            dred_ms: 0,
            dtx: false,
        }
    }
}
