//! The jitter buffer: packets come when they come, sound goes out every 10 ms.
//!
//! One per speaker. Time is an input, so the same trace always gives the same sound. After construction nothing here
//! allocates. In short, after libwebrtc's NetEQ:
//!
//! * [`DelayEstimator`] learns how late packets come against the earliest of the last seconds, and sets the target delay.
//! * A talk spurt begins when its first packet is as old as the target; every spurt is seated anew, so the delay
//!   adapts for free where nobody speaks.
//! * A missing packet is mended from the copy in its successor (FEC), else from what a later packet describes of the last while (DRED), else
//!   concealed by Opus, fading within 120 ms into noise like that of the speaker's room, which itself fades.
//! * Where redundancy mends runs of packets, the target gives it the time to come.
//! * A gap in the timestamps without one in the sequence numbers is silence, and nothing is concealed.
//! * Within a spurt, single pitch periods are taken out or put in until the delay is near the target.

mod arrival;
mod conceal;
mod delay;
mod fifo;
mod noise;
mod play;
mod repair;
mod slots;
mod stats;
mod stretch;

pub use stats::JitterStats;

use crate::codec::fec_samples;
use crate::{Decoder, FRAME_SAMPLES, MAX_FRAME_SAMPLES, Payload, TICK_SAMPLES, VoiceError, is_dtx};
use arrival::Interarrival;
use delay::DelayEstimator;
use fifo::Fifo;
use noise::ComfortNoise;
use slots::{SLOTS, Seen, Slots};
use stretch::{MAX_LAG, length};

/// Packets at the start of a spurt that say nothing about the network: the sender's look-back delayed them.
const SPURT_START: u8 = 7;

/// Bounds of the delay, and how losses are concealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JitterConfig {
    /// The least target, ms; never less than one packet.
    pub min_ms: u32,
    /// The greatest target, ms.
    pub max_ms: u32,
    /// The target until the network is known (one second of speech), ms.
    pub start_ms: u32,
    /// Where more than this waits, ms, the oldest is thrown away unheard.
    pub cap_ms: u32,
    /// Whether losses that nothing mends are concealed by the neural vocoder ([`Decoder::set_deep_plc`]).
    pub deep_plc: bool,
}

impl Default for JitterConfig {
    fn default() -> Self {
        Self {
            min_ms: 10,
            max_ms: 200,
            start_ms: 40,
            cap_ms: 300,
            deep_plc: true,
        }
    }
}

/// What comes next out of the buffer.
#[derive(Clone, Copy, Debug)]
struct Next {
    seq: u16,
    /// Media time of its first sample, in samples.
    media: i64,
}

/// The newest packet.
#[derive(Clone, Copy, Debug)]
struct Newest {
    seq: u16,
    media: i64,
    /// How much sound it holds; of what cannot be read, as much as the one before.
    samples: usize,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It begins a talk spurt, as far as is known: what is before it is silence, or has not come.
    Begins,
    /// It goes on with one.
    Goes,
    /// It will not be played: too late, or there already.
    Refused,
}

/// Reorders, waits, decodes, conceals and stretches the packets of one speaker.
pub struct JitterBuffer {
    config: JitterConfig,
    decoder: Decoder,
    slots: Slots,
    seen: Seen,
    delay: DelayEstimator,
    fifo: Fifo,
    /// A decoded frame on its way into `fifo`, with room to lengthen it.
    frame: Box<[f32]>,
    next: Option<Next>,
    playing: bool,
    /// Whether anything was ever played: before, an earlier packet may still come first.
    started: bool,
    newest: Option<Newest>,
    spurt_packets: u8,
    /// Samples concealed without a real one between.
    concealed_run: usize,
    /// Of those, the ones made while nothing at all was waiting: they moved no media time.
    stalled: usize,
    /// Concealed, but not yet known to be a loss rather than the end of a spurt.
    undecided: u64,
    /// Fade the next frame in, or over from what would have followed.
    fade_in: bool,
    join: bool,
    rest: u8,
    smooth_us: i64,
    old_run: Option<u16>,
    interarrival: Interarrival,
    /// Whose deep redundancy the decoder has read, and how far back it begins.
    dred: Option<(u16, usize)>,
    /// The packet after the run of losses that was met last.
    run_end: Option<u16>,
    noise: ComfortNoise,
    /// Samples of noise still to come where nothing else does, and how strong it is now, 0 to 1.
    noise_left: usize,
    noise_gain: f32,
    /// Packets played since the last silence.
    spoken: u32,
    stats: JitterStats,
}

impl JitterBuffer {
    /// An empty buffer.
    ///
    /// # Errors
    /// [`VoiceError::Codec`] if there is no decoder to be had.
    pub fn new(config: JitterConfig) -> Result<Self, VoiceError> {
        let mut decoder = Decoder::new()?;
        decoder.set_deep_plc(config.deep_plc)?;
        Ok(Self {
            config,
            decoder,
            slots: Slots::new(),
            seen: Seen::default(),
            delay: DelayEstimator::new(config.min_ms, config.max_ms, config.start_ms),
            fifo: Fifo::new(),
            frame: vec![0.0; MAX_FRAME_SAMPLES + MAX_LAG].into_boxed_slice(),
            next: None,
            playing: false,
            started: false,
            newest: None,
            spurt_packets: 0,
            concealed_run: 0,
            stalled: 0,
            undecided: 0,
            fade_in: false,
            join: false,
            rest: 0,
            smooth_us: 0,
            old_run: None,
            interarrival: Interarrival::default(),
            dred: None,
            run_end: None,
            noise: ComfortNoise::new(),
            noise_left: 0,
            noise_gain: 0.0,
            spoken: 0,
            stats: JitterStats::default(),
        })
    }

    /// What has happened so far.
    pub fn stats(&self) -> JitterStats {
        JitterStats {
            target_ms: self.delay.target_us() as f32 / 1000.0,
            actual_ms: if self.playing {
                self.smooth_us as f32 / 1000.0
            } else {
                0.0
            },
            jitter_ms: self.interarrival.ms(),
            ..self.stats
        }
    }

    /// Takes a packet, and says what became of it. Given are its RTP sequence number, timestamp (48 kHz) and marker bit, and when it arrived on the clock that
    /// [`pull`](Self::pull) is called by.
    pub fn insert(&mut self, seq: u16, timestamp: u32, marker: bool, payload: &Payload, arrival_us: u64) -> Inserted {
        self.stats.received += 1;
        let mut media = self.unwrap(timestamp);
        if self.delay.is_foreign(media, arrival_us) {
            self.restart();
            media = self.unwrap(timestamp);
        }
        let next = *self.next.get_or_insert(Next { seq, media });
        let ahead = seq.wrapping_sub(next.seq) as i16;
        if ahead < 0 && !self.started && ahead > -(SLOTS as i16) / 2 {
            // Reordered before anything was played: this one comes first after all.
            self.next = Some(Next { seq, media });
        } else if ahead < 0 {
            if !self.is_restart(seq, ahead) {
                self.too_late(seq, media, arrival_us);
                return Inserted::Refused;
            }
            self.restart();
            media = self.unwrap(timestamp);
            self.next = Some(Next { seq, media });
        } else if ahead >= SLOTS as i16 {
            // A long outage: what came before it is history.
            self.slots.clear();
            self.stop_playing();
            self.next = Some(Next { seq, media });
        }
        self.old_run = None;
        let samples = self.decoder.samples_in(payload).unwrap_or(0);
        if self.seen.note(seq) || !self.slots.put(seq, media, samples, payload) {
            self.stats.duplicates += 1;
            return Inserted::Refused;
        }
        self.learn(seq, media, samples, marker, arrival_us)
    }

    /// Gives the next 10 ms; `false` if they are nothing but silence.
    pub fn pull(&mut self, out: &mut [f32; TICK_SAMPLES], now_us: u64) -> bool {
        self.stats.total_samples += TICK_SAMPLES as u64;
        if !self.playing {
            self.try_seat(now_us);
        }
        if self.playing {
            self.hold_cap(now_us);
        }
        // Every round adds samples, moves on by a packet, or stops playing; 2 × SLOTS rounds are more than can be needed.
        for _ in 0..2 * SLOTS {
            if !self.playing || self.fifo.len() >= TICK_SAMPLES {
                break;
            }
            self.advance(now_us);
        }
        let filled = self.fifo.take(out);
        self.noisy(out, filled) > 0
    }

    /// Media time of an RTP timestamp: the one nearest to the newest packet's.
    fn unwrap(&self, timestamp: u32) -> i64 {
        let Some(newest) = self.newest else {
            return i64::from(timestamp);
        };
        let step = timestamp.wrapping_sub(newest.media as u32) as i32;
        newest.media + i64::from(step)
    }

    fn learn(&mut self, seq: u16, media: i64, samples: usize, marker: bool, arrival_us: u64) -> Inserted {
        let ahead = self.newest.map_or(1, |n| seq.wrapping_sub(n.seq) as i16);
        let before = self.newest.map_or(FRAME_SAMPLES, |n| n.samples);
        let samples = if samples > 0 { samples } else { before };
        let mut inserted = Inserted::Goes;
        if ahead > 0 {
            // Packets that did not come may have been as long as the longest around them.
            let missing = i64::from(ahead - 1) * samples.max(before).max(FRAME_SAMPLES) as i64;
            let contiguous = self
                .newest
                .is_some_and(|n| media - n.media <= n.samples as i64 + missing);
            if marker || !contiguous {
                self.spurt_packets = 0;
                inserted = Inserted::Begins;
            }
            self.newest = Some(Newest { seq, media, samples });
            self.stats.frame_ms = u32::try_from(samples / 48).unwrap_or(0);
        }
        let counts = self.spurt_packets >= SPURT_START;
        self.spurt_packets = self.spurt_packets.saturating_add(1);
        if counts {
            self.interarrival.packet(media, arrival_us);
        } else {
            self.interarrival.interrupt();
        }
        self.delay.packet(media, samples, arrival_us, counts);
        inserted
    }

    /// The longest that a missing packet before a packet of `samples` can have been.
    fn longest(&self, samples: u16) -> i64 {
        let usual = self.newest.map_or(0, |n| n.samples);
        usual.max(usize::from(samples)).max(FRAME_SAMPLES) as i64
    }

    /// How much sound the packet `samples` says it holds, or what packets hold lately.
    fn length_of(&self, samples: u16) -> usize {
        match usize::from(samples) {
            0 => self.newest.map_or(FRAME_SAMPLES, |n| n.samples),
            known => known,
        }
    }

    fn too_late(&mut self, seq: u16, media: i64, arrival_us: u64) {
        if self.seen.note(seq) {
            self.stats.duplicates += 1;
        } else {
            self.stats.late += 1;
            self.delay.missed(media, arrival_us);
            let samples = self.length_of(0);
            self.delay.packet(media, samples, arrival_us, true);
        }
    }

    /// Two packets in a row from far behind are a sender who started over; one alone is a straggler.
    fn is_restart(&mut self, seq: u16, ahead: i16) -> bool {
        if ahead > -(SLOTS as i16) {
            return false;
        }
        let second = self.old_run.is_some_and(|before| seq == before.wrapping_add(1));
        self.old_run = Some(seq);
        second
    }

    fn restart(&mut self) {
        self.slots.clear();
        self.seen = Seen::default();
        self.delay.reset();
        self.stop_playing();
        self.next = None;
        self.newest = None;
        self.started = false;
        self.dred = None;
        self.run_end = None;
        self.interarrival.interrupt();
    }

    /// Ends the sound with a short fade, and waits for the next spurt.
    fn stop_playing(&mut self) {
        if self.playing {
            self.fade_out();
        }
        self.playing = false;
        self.settle_undecided();
    }

    /// Begins a spurt if its first packet has waited long enough.
    fn try_seat(&mut self, now_us: u64) {
        let Some(next) = self.next else { return };
        while let Some((seq, media, samples, dtx)) = self
            .slots
            .first_from(next.seq)
            .map(|s| (s.seq, s.media, s.samples, is_dtx(s.payload())))
        {
            let age = self.delay.delay_of(media, now_us);
            if age < self.delay.target_us() {
                return;
            }
            let expected = self.next.unwrap_or(next);
            let missing = seq.wrapping_sub(expected.seq);
            if dtx {
                self.stats.lost += u64::from(missing);
                let length = self.length_of(samples) as i64;
                self.pass(seq, media + length);
                continue;
            }
            // More time has gone by than the missing packets held: they were the end of the spurt before, and what a copy of
            // the last of them would mend is long over.
            let silence_between = media - expected.media > i64::from(missing) * self.longest(samples);
            if silence_between {
                self.undecided = 0;
            }
            self.settle_undecided();
            let copy = self.slots.get(seq).map_or(0, |s| fec_samples(s.payload()));
            let mend = missing > 0 && self.started && !silence_between && copy > 0;
            self.stats.lost += u64::from(if mend { missing - 1 } else { missing });
            self.next = Some(if mend {
                Next {
                    seq: seq.wrapping_sub(1),
                    media: media - copy as i64,
                }
            } else {
                Next { seq, media }
            });
            self.playing = true;
            self.started = true;
            self.fade_in = true;
            self.join = false;
            self.concealed_run = 0;
            self.stalled = 0;
            self.noise_left = 0;
            self.spoken = 0;
            self.smooth_us = age;
            self.hold_cap(now_us);
            return;
        }
    }

    /// Where far too much waits (after a stall everything comes at once), throws the oldest away.
    fn hold_cap(&mut self, now_us: u64) {
        let actual = self.actual_us(now_us);
        self.smooth_us += (actual - self.smooth_us) / 8;
        let cap = i64::from(self.config.cap_ms) * 1000;
        if actual <= cap {
            return;
        }
        let target = self.delay.target_us();
        let keep = length(target) as i64;
        let mut skipped = false;
        while let Some(next) = self.next {
            let Some(last) = self.slots.last_from(next.seq).map(|s| s.media) else {
                break;
            };
            // Old as it may be, what is not backed by newer packets is all there is to play.
            if self.actual_us(now_us) <= target || last - next.media <= keep {
                break;
            }
            let Some((seq, media)) = self
                .slots
                .first_from(next.seq.wrapping_add(1))
                .map(|s| (s.seq, s.media))
            else {
                break;
            };
            let had = self.slots.get(next.seq).is_some();
            self.stats.skipped += u64::from(had);
            self.stats.lost += u64::from(seq.wrapping_sub(next.seq)) - u64::from(had);
            self.slots.free(next.seq);
            self.next = Some(Next { seq, media });
            skipped = true;
        }
        if skipped {
            self.join = true;
            self.smooth_us = self.actual_us(now_us);
        }
    }

    /// The delay of the sample that is pulled next, µs.
    fn actual_us(&self, now_us: u64) -> i64 {
        let Some(next) = self.next else { return 0 };
        self.delay.delay_of(next.media - self.fifo.len() as i64, now_us)
    }

    /// One step while playing: decode the next packet, or do what its absence calls for.
    fn advance(&mut self, now_us: u64) {
        let Some(next) = self.next else {
            self.playing = false;
            return;
        };
        if let Some(slot) = self.slots.get(next.seq) {
            let (media, samples, dtx) = (slot.media, slot.samples, is_dtx(slot.payload()));
            if media > next.media {
                // Silence between two spurts. The waiting packet is seated by its own age.
                self.undecided = 0;
                self.stop_playing();
            } else if dtx {
                self.undecided = 0;
                let length = self.length_of(samples) as i64;
                self.pass(next.seq, media + length);
                self.stop_playing();
                self.stay_noisy();
            } else {
                self.play(next.seq, media, now_us);
            }
            return;
        }
        let following = self
            .slots
            .first_from(next.seq.wrapping_add(1))
            .map(|s| (s.seq, s.media));
        match following {
            Some((seq, media)) => self.lose(next, seq, media, now_us),
            None => self.stall(),
        }
    }

    fn pass(&mut self, seq: u16, after: i64) {
        self.slots.free(seq);
        self.next = Some(Next {
            seq: seq.wrapping_add(1),
            media: after,
        });
    }
}

#[cfg(test)]
mod tests;
