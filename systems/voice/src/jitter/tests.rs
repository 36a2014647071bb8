//! Laws of the jitter buffer, on seeded traces in virtual time.

use super::stretch::FADE;
use super::*;
use crate::testing::{Rng, correlation, dbfs, voice};
use crate::{Encoder, EncoderConfig, has_fec};

/// A packet on its way.
#[derive(Clone)]
struct Sent {
    seq: u16,
    timestamp: u32,
    marker: bool,
    payload: Payload,
    arrival_us: u64,
}

/// Virtual time at which the first packet leaves: not 0, so that delays of either sign are possible.
const START_US: u64 = 1_000_000;

/// The packets of `samples`, one each 20 ms, each arriving the moment it is complete.
fn send(samples: &[f32], first_seq: u16, first_timestamp: u32) -> Vec<Sent> {
    let config = EncoderConfig {
        packet_loss_percent: 15,
        ..Default::default()
    };
    send_as(config, samples, first_seq, first_timestamp, |_| FRAME_SAMPLES)
}

/// The same with packets that `length` says the length of, by their number.
fn send_as(
    config: EncoderConfig,
    samples: &[f32],
    first_seq: u16,
    first_timestamp: u32,
    mut length: impl FnMut(usize) -> usize,
) -> Vec<Sent> {
    let mut encoder = Encoder::new(config).unwrap();
    let (mut sent, mut at) = (Vec::new(), 0);
    loop {
        let len = length(sent.len());
        let Some(frame) = samples.get(at..at + len) else { break };
        sent.push(Sent {
            seq: first_seq.wrapping_add(sent.len() as u16),
            timestamp: first_timestamp.wrapping_add(at as u32),
            marker: at == 0,
            payload: encoder.encode(frame).unwrap(),
            arrival_us: START_US + (at + len) as u64 * 125 / 6 - 20_000,
        });
        at += len;
    }
    sent
}

struct Heard {
    samples: Vec<f32>,
    stats: JitterStats,
    /// `actual_ms` after every pull.
    delays: Vec<f32>,
    targets: Vec<f32>,
}

/// Plays a trace with pulls every `tick_us`, until `tail_ms` after the last arrival.
fn play_with(config: JitterConfig, trace: &[Sent], tick_us: f64, tail_ms: u64) -> Heard {
    let mut trace = trace.to_vec();
    trace.sort_by_key(|p| p.arrival_us);
    let end = trace.last().map_or(0, |p| p.arrival_us) + tail_ms * 1000;
    let mut buffer = JitterBuffer::new(config).unwrap();
    let mut heard = Heard {
        samples: Vec::new(),
        stats: JitterStats::default(),
        delays: Vec::new(),
        targets: Vec::new(),
    };
    let mut packets = trace.iter().peekable();
    let mut now = START_US as f64 - 50_000.0;
    while now < end as f64 {
        let at = now as u64;
        while let Some(p) = packets.next_if(|p| p.arrival_us <= at) {
            buffer.insert(p.seq, p.timestamp, p.marker, &p.payload, p.arrival_us);
        }
        let mut out = [0.0; TICK_SAMPLES];
        buffer.pull(&mut out, at);
        assert!(out.iter().all(|s| s.is_finite() && s.abs() <= 1.01));
        heard.samples.extend_from_slice(&out);
        heard.delays.push(buffer.stats().actual_ms);
        heard.targets.push(buffer.stats().target_ms);
        now += tick_us;
    }
    heard.stats = buffer.stats();
    heard
}

fn play(trace: &[Sent]) -> Heard {
    play_with(JitterConfig::default(), trace, 10_000.0, 500)
}

/// What a decoder makes of all the packets in order, with nothing in between.
fn straight(trace: &[Sent]) -> Vec<f32> {
    let mut decoder = Decoder::new().unwrap();
    let mut all = Vec::new();
    for packet in trace {
        let mut out = [0.0; MAX_FRAME_SAMPLES];
        let n = decoder.decode(&packet.payload, &mut out).unwrap();
        all.extend_from_slice(&out[..n]);
    }
    all
}

fn start_of(samples: &[f32]) -> usize {
    samples.iter().position(|s| *s != 0.0).unwrap()
}

/// How alike the loudness contours of two signals are, after the best shift up to `reach` ticks.
fn likeness(sent: &[f32], heard: &[f32], reach: usize) -> f64 {
    let contour = |s: &[f32]| {
        s.chunks_exact(480)
            .map(|c| dbfs(c).max(-60.0) as f32 + 60.0)
            .collect::<Vec<_>>()
    };
    let (a, b) = (contour(sent), contour(heard));
    (0..reach)
        .filter_map(|shift| {
            let b = b.get(shift..)?;
            let n = a.len().min(b.len());
            Some(correlation(&a[..n], &b[..n]))
        })
        .fold(0.0, f64::max)
}

#[test]
fn without_loss_and_jitter_the_sound_is_the_decoders_bit_for_bit() {
    let trace = send(&voice(5.0, 1), 100, 5000);
    let heard = play_with(
        JitterConfig {
            start_ms: 20,
            ..Default::default()
        },
        &trace,
        10_000.0,
        500,
    );
    let truth = straight(&trace);
    let from = start_of(&heard.samples);
    assert!(
        from <= 480 * 9,
        "begins within 20 to 30 ms of the first arrival: {from}"
    );
    let from = from - start_of(&truth);
    assert_eq!(heard.samples[from + FADE..from + truth.len()], truth[FADE..]);
    let stats = heard.stats;
    assert_eq!((stats.concealed_samples, stats.lost, stats.late), (0, 0, 0));
    assert_eq!((stats.accelerated_samples, stats.expanded_samples), (0, 0));
    assert_eq!(stats.received, 250);
}

#[test]
fn a_careful_start_comes_down_to_the_least_delay() {
    let heard = play(&send(&voice(6.0, 2), 0, 0));
    assert!(heard.delays[20] > 35.0);
    let last = heard.delays[550];
    assert!((18.0..=36.0).contains(&last), "{last} ms");
    assert_eq!(heard.stats.concealed_samples, 0);
}

#[test]
fn the_same_trace_gives_the_same_sound() {
    let mut trace = send(&voice(3.0, 3), 0, 0);
    let mut rng = Rng::new(3);
    trace.retain(|_| rng.unit() > 0.1);
    assert_eq!(play(&trace).samples, play(&trace).samples);
}

#[test]
fn sequence_numbers_and_timestamps_wrap_unheard() {
    let trace = send(&voice(4.0, 4), 65_500, u32::MAX - 30_000);
    let heard = play_with(
        JitterConfig {
            start_ms: 20,
            ..Default::default()
        },
        &trace,
        10_000.0,
        500,
    );
    let truth = straight(&trace);
    let from = start_of(&heard.samples) - start_of(&truth);
    assert_eq!(heard.samples[from + FADE..from + truth.len()], truth[FADE..]);
    assert_eq!(heard.stats.concealed_samples + heard.stats.lost, 0);
}

#[test]
fn packets_out_of_order_are_played_in_order() {
    let mut trace = send(&voice(6.0, 5), 0, 0);
    // Every fifth packet comes 30 ms late, after its successor.
    for packet in trace.iter_mut().step_by(5) {
        packet.arrival_us += 30_000;
    }
    let heard = play(&trace);
    let stats = heard.stats;
    let early = 50;
    assert!(stats.late + stats.lost <= early / 5, "{stats:?}");
    assert!(likeness(&voice(6.0, 5), &heard.samples, 20) > 0.97);
}

#[test]
fn duplicates_change_nothing() {
    let trace = send(&voice(2.0, 6), 0, 0);
    let mut doubled = trace.clone();
    for (i, packet) in trace.iter().enumerate() {
        let mut copy = packet.clone();
        copy.arrival_us += [1, 15_000, 300_000][i % 3];
        doubled.push(copy);
    }
    let (once, twice) = (play(&trace), play(&doubled));
    assert_eq!(once.samples, twice.samples[..once.samples.len()]);
    assert_eq!(twice.stats.duplicates, 100);
    assert_eq!((twice.stats.late, twice.stats.lost), (0, 0));
}

#[test]
fn losses_of_5_to_30_per_cent_stay_speech() {
    let speech = voice(20.0, 7);
    for (percent, least) in [(5, 0.97), (10, 0.95), (20, 0.9), (30, 0.82)] {
        let mut trace = send(&speech, 0, 0);
        let mut rng = Rng::new(percent);
        let before = trace.len();
        trace.retain(|_| rng.below(100) >= percent as usize);
        let gone = (before - trace.len()) as u64;
        let heard = play(&trace);
        let stats = heard.stats;
        assert!(stats.lost.abs_diff(gone) <= 2, "{percent} %: {gone} gone, {stats:?}");
        assert!(stats.fec_recovered * 4 > gone, "a good part is mended: {stats:?}");
        let concealed = (stats.lost - stats.fec_recovered) * 960;
        assert!(
            stats.concealed_samples <= concealed + 960 * 10,
            "{percent} %: {stats:?}"
        );
        let alike = likeness(&speech, &heard.samples, 20);
        assert!(alike > least, "{percent} %: {alike}");
        let delay = heard.delays[heard.delays.len() / 2];
        assert!(delay < 60.0, "loss is no reason to wait: {delay} ms");
    }
}

#[test]
fn jitter_is_waited_out() {
    let speech = voice(30.0, 8);
    let mut trace = send(&speech, 0, 0);
    let mut rng = Rng::new(8);
    for packet in &mut trace {
        packet.arrival_us += (rng.unit() * 70_000.0) as u64;
    }
    let heard = play(&trace);
    let stats = heard.stats;
    let share = stats.concealed_samples as f64 / stats.total_samples as f64;
    assert!(share < 0.03, "{share} concealed, {stats:?}");
    assert!((60.0..110.0).contains(&heard.delays[2000]), "{}", heard.delays[2000]);
    assert!(likeness(&speech, &heard.samples, 30) > 0.9);
}

#[test]
fn a_delay_that_one_late_packet_made_longer_is_taken_back_though_packets_wait_one_by_one() {
    for len in [TICK_SAMPLES, FRAME_SAMPLES] {
        let speech = voice(30.0, 12);
        let mut trace = send_as(EncoderConfig::default(), &speech, 0, 0, |_| len);
        let length_us = len as u64 * 125 / 6;
        // Right behind a tick, as it may be for a whole call.
        for packet in &mut trace {
            packet.arrival_us += 1_000;
        }
        let late = 5_000_000 / length_us as usize;
        trace[late].arrival_us += length_us + 5_000;
        let heard = play(&trace);
        let off = heard.delays[2500] - heard.targets[2500];
        assert!(heard.delays[2500] > 0.0, "{len}: nothing plays, {:?}", heard.stats);
        assert!(
            heard.stats.concealed_samples > 0,
            "{len}: it was not late enough, {:?}",
            heard.stats
        );
        assert!(off < 6.5, "{len}: {off} ms above the target, {:?}", heard.stats);
    }
}

#[test]
fn clocks_that_drift_apart_by_300_ppm_are_followed_without_a_gap() {
    let trace = send(&voice(60.0, 9), 0, 0);
    for tick_us in [10_000.0 * 1.0003, 10_000.0 / 1.0003] {
        let heard = play_with(JitterConfig::default(), &trace, tick_us, 300);
        let stats = heard.stats;
        let worst = heard.delays[300..5900].iter().fold(0.0f32, |m, d| m.max(*d));
        assert!(worst < 60.0, "{worst} ms, {stats:?}");
        assert!(stats.concealed_samples < 48_000 / 4, "{stats:?}");
    }
}

#[test]
fn silence_between_spurts_is_not_a_loss_and_each_spurt_starts_on_time() {
    let speech = voice(1.0, 10);
    let mut trace = Vec::new();
    for spurt in 0..6u64 {
        // Gaps of 2.5 s in time and timestamps, none in the sequence numbers.
        let mut part = send(
            &speech,
            (spurt * 51) as u16,
            (spurt * 3 * 48_000 + spurt * 24_000) as u32,
        );
        let shift = spurt * 3_500_000;
        part.iter_mut().for_each(|p| p.arrival_us += shift);
        // Half of the spurts end with the silence packet, the others just end.
        let last = part.last().unwrap().clone();
        let end = Sent {
            seq: last.seq.wrapping_add(1),
            timestamp: last.timestamp + 960,
            payload: crate::codec::end_of_speech(&last.payload, false).unwrap(),
            arrival_us: last.arrival_us + 20_000,
            marker: false,
        };
        if spurt % 2 == 0 {
            part.push(end);
        }
        trace.extend(part);
    }
    // Close the holes in the numbering that the missing end packets left.
    for (i, packet) in trace.iter_mut().enumerate() {
        packet.seq = i as u16;
    }
    let heard = play_with(JitterConfig::default(), &trace, 10_000.0, 3000);
    let stats = heard.stats;
    assert_eq!((stats.lost, stats.late), (0, 0), "{stats:?}");
    assert_eq!(stats.concealed_samples, 0, "{stats:?}");
    for spurt in 0..6 {
        let begin = 480 * 5 + spurt * 168_000;
        let sound = &heard.samples[begin..begin + 48_000];
        let alike = likeness(&speech, sound, 8);
        assert!(alike > 0.9, "spurt {spurt}: {alike}");
        let quiet = &heard.samples[begin + 68_000..begin + 168_000 - 4800];
        assert!(quiet.iter().all(|s| *s == 0.0), "silence after spurt {spurt}");
    }
}

/// The first packet of a spurt carries a copy of the packet before it, which is the end of the spurt before: where that
/// end was lost, its sound is not played minutes late.
#[test]
fn the_lost_end_of_a_spurt_is_not_played_when_the_next_begins() {
    let speech = voice(1.0, 10);
    let mut trace = send(&speech, 0, 0);
    // Cut off in the middle of a word, as by muting; the packet that says so is lost.
    let mut second = send(&speech, 51, 3 * 48_000);
    second.iter_mut().for_each(|p| p.arrival_us += 3_000_000);
    assert!(trace.iter().chain(&second).any(|p| has_fec(&p.payload)));
    // A copy of the lost frame stands in the first packet, as a sender's would.
    let copying = send(&voice(2.0, 10), 0, 0);
    let with_copy = copying.iter().find(|p| has_fec(&p.payload)).unwrap();
    second[0].payload = with_copy.payload.clone();
    trace.append(&mut second);
    let stats = play_with(JitterConfig::default(), &trace, 10_000.0, 1500).stats;
    assert_eq!((stats.fec_recovered, stats.lost), (0, 1), "{stats:?}");
    assert_eq!(stats.concealed_samples, 0, "{stats:?}");
}

#[test]
fn a_senders_look_back_is_not_taken_for_jitter() {
    let mut trace = Vec::new();
    for spurt in 0..30u64 {
        let mut part = send(&voice(0.6, spurt), (spurt * 30) as u16, (spurt * 72_000) as u32);
        for (i, packet) in part.iter_mut().enumerate() {
            // The first packets are 60 ms old when they are sent, one each 10 ms until the sender has caught up.
            packet.arrival_us += spurt * 1_500_000 + 60_000u64.saturating_sub(10_000 * i as u64);
        }
        trace.extend(part);
    }
    let heard = play(&trace);
    assert!(heard.stats.target_ms <= 25.0, "{:?}", heard.stats);
    assert_eq!(heard.stats.lost, 0);
}

#[test]
fn a_garbage_packet_costs_its_own_20_ms_and_no_more() {
    let speech = voice(4.0, 11);
    let clean = play(&send(&speech, 0, 0));
    let mut rng = Rng::new(11);
    for len in [1usize, 3, 80, 1275] {
        let mut trace = send(&speech, 0, 0);
        let garbage: Vec<u8> = (0..len).map(|_| rng.next_u64() as u8).collect();
        trace[100].payload = Payload::new(&garbage).unwrap();
        // Code 3 with no frame count is invalid for certain.
        trace[140].payload = Payload::new(&[0xFF, 0x00, 0x00]).unwrap();
        let heard = play(&trace);
        assert!(heard.stats.invalid >= 1);
        let after = 480 * 5 + 150 * 960;
        let (a, b) = (&clean.samples[after..180 * 960], &heard.samples[after..180 * 960]);
        let alike = (0..960)
            .map(|s| correlation(&a[..20_000], &b[s..s + 20_000]))
            .fold(0.0, f64::max);
        let back = (0..960)
            .map(|s| correlation(&b[..20_000], &a[s..s + 20_000]))
            .fold(0.0, f64::max);
        assert!(alike.max(back) > 0.85, "garbage of {len} bytes: {alike} {back}");
    }
}

#[test]
fn after_a_stall_of_a_second_the_delay_is_soon_small_again() {
    let mut trace = send(&voice(10.0, 12), 0, 0);
    for packet in &mut trace[200..250] {
        packet.arrival_us = START_US + 5_000_000;
    }
    let heard = play(&trace);
    let cap = heard.delays.iter().fold(0.0f32, |m, d| m.max(*d));
    assert!(cap <= 310.0, "the delay stays under the cap: {cap}");
    let later = heard.delays[700..950].iter().fold(0.0f32, |m, d| m.max(*d));
    assert!(later < 120.0, "{later} ms two seconds after, {:?}", heard.stats);
    // One stall of a second is one second of silence and no more.
    assert!(heard.stats.concealed_samples < 48_000 / 2, "{:?}", heard.stats);
}

#[test]
fn a_path_that_grows_longer_for_good_silences_nobody() {
    let speech = voice(20.0, 13);
    let mut trace = send(&speech, 0, 0);
    for packet in &mut trace[400..] {
        packet.arrival_us += 400_000;
    }
    let heard = play(&trace);
    let quiet = heard.samples[480 * 5 + 430 * 960..480 * 5 + 990 * 960]
        .chunks_exact(24_000)
        .filter(|half| dbfs(half) < -40.0)
        .count();
    assert_eq!(quiet, 0, "{:?}", heard.stats);
}

#[test]
fn a_sender_who_starts_over_is_heard_again() {
    let mut trace = send(&voice(3.0, 14), 40_000, 900_000_000);
    let mut again = send(&voice(3.0, 15), 17, 3_000_000_000);
    again.iter_mut().for_each(|p| p.arrival_us += 3_200_000);
    trace.extend(again);
    let heard = play(&trace);
    let second = &heard.samples[480 * 5 + 158_000..480 * 5 + 290_000];
    assert!(dbfs(second) > -30.0, "{:?}", heard.stats);
    assert!(heard.delays[500] < 60.0);
}

#[test]
fn as_much_sound_comes_out_as_was_asked_for_whatever_comes_in() {
    let mut rng = Rng::new(16);
    let mut buffer = JitterBuffer::new(JitterConfig::default()).unwrap();
    let good = send(&voice(1.0, 16), 0, 0);
    let mut now = START_US;
    for pull in 1..20_000u64 {
        now += 10_000;
        for _ in 0..rng.below(4) {
            let payload = if rng.below(3) == 0 {
                let len = 1 + rng.below(300);
                Payload::new(&(0..len).map(|_| rng.next_u64() as u8).collect::<Vec<_>>()).unwrap()
            } else {
                good[rng.below(good.len())].payload.clone()
            };
            let seq = if rng.below(9) == 0 {
                rng.next_u64() as u16
            } else {
                (pull / 2) as u16 + rng.below(8) as u16
            };
            let timestamp = if rng.below(9) == 0 {
                rng.next_u64() as u32
            } else {
                (pull * 480) as u32 + rng.below(3) as u32 * 960
            };
            buffer.insert(
                seq,
                timestamp,
                rng.below(5) == 0,
                &payload,
                now - rng.below(50_000) as u64,
            );
        }
        let mut out = [0.0; TICK_SAMPLES];
        buffer.pull(&mut out, now);
        assert!(out.iter().all(|s| s.is_finite()));
        assert_eq!(buffer.stats().total_samples, pull * 480);
        assert!((10.0..=200.0).contains(&buffer.stats().target_ms));
    }
}

#[test]
fn an_empty_buffer_is_silent() {
    let mut buffer = JitterBuffer::new(JitterConfig::default()).unwrap();
    let mut out = [1.0; TICK_SAMPLES];
    assert!(!buffer.pull(&mut out, 5));
    assert_eq!(out, [0.0; TICK_SAMPLES]);
    assert_eq!(buffer.stats().concealed_samples, 0);
}

mod recovery;
