//! What a jitter buffer has done.

/// Counters since the speaker was added, and the delay of now. Every figure is measured, none estimated from the header.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct JitterStats {
    /// The delay aimed for, ms after a packet's earliest possible arrival.
    pub target_ms: f32,
    /// The delay now, ms, smoothed.
    pub actual_ms: f32,
    /// How unevenly packets arrive, ms (RFC 3550 §6.4.1). The first of a spurt, which a sender's look-back delays, are left out.
    pub jitter_ms: f32,
    /// Milliseconds of sound in the newest packet; 0 before the first.
    pub frame_ms: u32,
    /// Samples pulled out, silence included.
    pub total_samples: u64,
    /// Samples invented over losses and stalls. The silence between talk spurts is not among them.
    pub concealed_samples: u64,
    /// Samples of noise like that of the speaker's room, where concealment had ended or the sender was silent.
    pub comfort_noise_samples: u64,
    /// Packets given to the buffer.
    pub received: u64,
    /// Packets that came after their time had passed, and were dropped.
    pub late: u64,
    /// Packets whose time passed without them.
    pub lost: u64,
    /// Lost packets that were mended from the copy in the packet after them.
    pub fec_recovered: u64,
    /// Lost packets that were mended from what a later packet describes of the last while (DRED).
    pub dred_recovered: u64,
    /// Packets that had come before, and were dropped.
    pub duplicates: u64,
    /// Packets that were not Opus.
    pub invalid: u64,
    /// Samples taken out to bring the delay down.
    pub accelerated_samples: u64,
    /// Samples put in to bring the delay up.
    pub expanded_samples: u64,
    /// Packets thrown away unheard because too many were waiting.
    pub skipped: u64,
}
