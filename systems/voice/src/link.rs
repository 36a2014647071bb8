//! How sound is encoded for the links it goes over.

use crate::{EncoderConfig, FrameLength};

/// Worst of what is known of the links of a call: each packet is encoded once and goes to everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinkReport {
    /// The largest share of our packets that somebody says did not reach them lately, 0 to 1 (RFC 3550 §6.4.1, fraction lost).
    pub loss: f32,
    /// The longest round trip, ms; 0 while none is known.
    pub rtt_ms: u32,
    /// The most uneven arrival, ms (RFC 3550 §6.4.1, interarrival jitter).
    pub jitter_ms: f32,
    /// To how many each packet goes.
    pub listeners: u32,
    /// Whether the person wants all packets to have one size.
    pub constant_bitrate: bool,
}

/// Short packets come into use below the first and go out of use from the second on: round trip, ms, …
const FAST_RTT_MS: (u32, u32) = (30, 45);
/// … share lost, …
const FAST_LOSS: (f32, f32) = (0.01, 0.02);
/// … jitter, ms.
const FAST_JITTER_MS: (f32, f32) = (8.0, 15.0);
/// To more people than this packets are never short: each costs every link and both ends' time.
const FAST_LISTENERS: u32 = 4;
/// How long the link must be quiet before short packets come into use, µs; doubled with every disappointment up to the second.
const PATIENCE_US: (u64, u64) = (2_000_000, 64_000_000);
/// Short packets that stayed in use this long, µs, have not disappointed.
const PROVEN_US: u64 = 60_000_000;

/// FEC comes into use from the second on and goes out of use below the first: share lost.
const FEC_LOSS: (f32, f32) = (0.005, 0.01);
/// The same for deep redundancy. A burst shows as an interval of this much loss, whatever the mean is.
const DRED_LOSS: (f32, f32) = (0.03, 0.05);
/// What was lost is forgotten by this much in so long, µs: to a third in ten seconds.
const FORGET_US: f32 = 10_000_000.0;

/// Bits per second on a quiet local network: just above what libopus, at [`EncoderConfig::complexity`]'s default, wants to take its transform codec
/// (CELT) for speech, which is nearer to what was said than the hybrid at 32 000, for less than half the time.
const FAST_BITRATE: u32 = 84_000;
/// The size of all packets where they have one: 106 bytes each 20 ms.
const CONSTANT_BITRATE: u32 = 42_400;

/// How bad the loss is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Loss {
    /// Nothing to speak of.
    None,
    /// Single packets: each repeats the one before.
    Some,
    /// Runs of packets: each describes the last while.
    Much,
}

/// Turns reports on the links into settings of the encoder. No clock of its own, no randomness, no IO; each change has one threshold on
/// the way in and another on the way out, so that a link between two states does not flap.
///
/// * 10 ms in a packet and a rate to spare on a quiet local network to a few people, else 20 ms.
/// * FEC from 1 % loss, deep redundancy from 5 % in any one report, further back the more is lost.
/// * While much is lost, silence is not sent where no gate keeps it back (DTX).
/// * **Constant size.** All packets then have one length in time and one in bytes, FEC and deep redundancy take their part of it,
///   silence is encoded like speech, and the packet that ends a spurt is padded to the same size. What cannot be hidden this way is *whether*
///   packets are sent: voice activity and push-to-talk still show when somebody talks. With continuous transmission nothing shows.
#[derive(Clone, Debug)]
pub struct LinkPolicy {
    start: EncoderConfig,
    config: EncoderConfig,
    loss: f32,
    level: Loss,
    last_us: u64,
    fast: bool,
    /// Since when the link has been quiet, or short packets have been in use.
    since_us: Option<u64>,
    patience_us: u64,
}

impl LinkPolicy {
    /// A policy that knows nothing yet and answers `start`.
    pub fn new(start: EncoderConfig) -> Self {
        Self {
            start,
            config: start,
            loss: 0.0,
            level: Loss::None,
            last_us: 0,
            fast: false,
            since_us: None,
            patience_us: PATIENCE_US.0,
        }
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        *self = Self::new(self.start);
    }

    /// The settings as of the last report.
    pub fn config(&self) -> EncoderConfig {
        self.config
    }

    /// Takes a report made at `now_us` and says how to encode from now on. Wants to be told about once a second, also if nothing has changed.
    pub fn update(&mut self, report: LinkReport, now_us: u64) -> EncoderConfig {
        self.learn_loss(report.loss, now_us);
        self.learn_speed(report, now_us);
        let known = report.rtt_ms > 0 || self.level > Loss::None;
        self.config = if known {
            self.settings(report.constant_bitrate)
        } else if report.constant_bitrate {
            EncoderConfig {
                bitrate: CONSTANT_BITRATE,
                constant_bitrate: true,
                ..self.start
            }
        } else {
            self.start
        };
        self.config
    }

    /// Loss is believed at once and forgotten slowly.
    fn learn_loss(&mut self, share: f32, now_us: u64) {
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        let past_us = now_us.saturating_sub(self.last_us) as f32;
        self.last_us = self.last_us.max(now_us);
        self.loss = share.max(self.loss * (-past_us / FORGET_US).exp());
        self.level = match self.level {
            _ if self.loss >= DRED_LOSS.1 => Loss::Much,
            Loss::Much if self.loss >= DRED_LOSS.0 => Loss::Much,
            _ if self.loss >= FEC_LOSS.1 => Loss::Some,
            Loss::Some | Loss::Much if self.loss >= FEC_LOSS.0 => Loss::Some,
            _ => Loss::None,
        };
    }

    fn learn_speed(&mut self, report: LinkReport, now_us: u64) {
        let within = |rtt: u32, loss: f32, jitter: f32| {
            // An unknown round trip is none that was measured to be short.
            (report.rtt_ms > 0 || self.fast)
                && report.rtt_ms < rtt
                && self.loss < loss
                && report.jitter_ms < jitter
                && report.listeners <= FAST_LISTENERS
                && !report.constant_bitrate
        };
        if self.fast {
            let used_us = self.since_us.map_or(0, |since| now_us.saturating_sub(since));
            if within(FAST_RTT_MS.1, FAST_LOSS.1, FAST_JITTER_MS.1) {
                if used_us >= PROVEN_US {
                    self.patience_us = PATIENCE_US.0;
                }
                return;
            }
            self.fast = false;
            self.since_us = None;
            self.patience_us = (self.patience_us * 2).min(PATIENCE_US.1);
            return;
        }
        if !within(FAST_RTT_MS.0, FAST_LOSS.0, FAST_JITTER_MS.0) {
            self.since_us = None;
            return;
        }
        let since = *self.since_us.get_or_insert(now_us);
        if now_us.saturating_sub(since) >= self.patience_us {
            self.fast = true;
            self.since_us = Some(now_us);
        }
    }

    fn settings(&self, constant_bitrate: bool) -> EncoderConfig {
        // In steps, so that a loss that is being forgotten changes little.
        let percent = [1, 2, 5, 10, 15, 20, 30]
            .into_iter()
            .find(|step| self.loss * 100.0 <= f32::from(*step))
            .unwrap_or(40);
        let (bitrate, packet_loss_percent, dred_ms) = match self.level {
            Loss::None if self.fast => (FAST_BITRATE, 0, 0),
            Loss::None => (32_000, 0, 0),
            Loss::Some => (36_000, percent, 0),
            // With less than a fifth libopus leaves deep redundancy too few bits to reach back over a burst.
            Loss::Much if percent <= 10 => (48_000, 20, 300),
            Loss::Much if percent <= 20 => (52_000, 20, 500),
            Loss::Much => (64_000, percent, 1000),
        };
        EncoderConfig {
            frame: if self.fast {
                FrameLength::Ms10
            } else {
                FrameLength::Ms20
            },
            bitrate: if constant_bitrate { CONSTANT_BITRATE } else { bitrate },
            constant_bitrate,
            complexity: self.start.complexity,
            fec: self.level > Loss::None,
            packet_loss_percent,
            dred_ms,
            dtx: self.level == Loss::Much && !constant_bitrate,
        }
    }
}

#[cfg(test)]
mod tests;
