//! The one sound format inside the program.

/// Samples per second, everywhere inside. Opus's own rate (RFC 6716), and the RTP clock of Opus (RFC 7587 §4.1).
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples in the longest packet we send: 20 ms. See [`FrameLength`](crate::FrameLength).
pub const FRAME_SAMPLES: usize = 960;

/// Samples in one engine tick: 10 ms.
pub const TICK_SAMPLES: usize = 480;

/// Length of one engine tick in microseconds.
pub const TICK_US: u64 = 10_000;

/// The longest Opus packet of one frame (RFC 6716 §3.4). A longer payload is refused before it reaches the decoder.
pub const MAX_PACKET_BYTES: usize = 1275;

/// The most samples one Opus packet can hold: 120 ms (RFC 6716 §3.2.5). Ours hold 10 or 20 ms; a foreign sender's may not.
pub const MAX_FRAME_SAMPLES: usize = 5760;

/// The most speakers one engine mixes. Adding one more is refused with [`VoiceError::TooManySpeakers`].
///
/// [`VoiceError::TooManySpeakers`]: crate::VoiceError::TooManySpeakers
pub const MAX_SPEAKERS: usize = 64;

/// Microseconds that `samples` at 48 kHz last. Exact: 48 kHz is 125/6 µs a sample, rounded down once.
pub(crate) fn samples_to_us(samples: i64) -> i64 {
    samples * 125 / 6
}

/// Samples at 48 kHz in `us` microseconds, rounded down.
pub(crate) fn us_to_samples(us: i64) -> i64 {
    us * 6 / 125
}
