//! Laws of what is done about losses, of packets of other lengths, and of clocks that drift for hours.

use super::*;
use crate::testing::{closest, noise};
use crate::{FrameLength, is_dtx};

/// Which redundancy a sender adds.
fn config(fec: bool, dred_ms: u32) -> EncoderConfig {
    EncoderConfig {
        bitrate: 48_000,
        fec,
        packet_loss_percent: 20,
        dred_ms,
        ..Default::default()
    }
}

/// Loses packets in runs of `shortest..=longest`, `percent` of all.
fn lose_runs(trace: &mut Vec<Sent>, percent: usize, shortest: usize, longest: usize, seed: u64) {
    let mut rng = Rng::new(seed);
    let mean = (shortest + longest) as f64 / 2.0;
    let share = percent as f64 / 100.0;
    let begins = share / (mean * (1.0 - share));
    let mut left = 0;
    trace.retain(|_| {
        if left == 0 && rng.unit() < begins {
            left = shortest + rng.below(longest - shortest + 1);
        }
        left = if left > 0 { left - 1 } else { return true };
        false
    });
}

/// How far what is heard is from what was said, dB, once the delay has settled: second by second, for it still moves by pitch periods.
fn off(speech: &[f32], heard: &Heard) -> f64 {
    let from = speech.len() / 3 / 480 * 480;
    let seconds: Vec<f64> = (from..speech.len() - 48_000)
        .step_by(48_000)
        .map(|at| {
            closest(
                &speech[at..at + 48_000],
                &heard.samples[at + 2400..at + 2400 + 62_400],
                14_400,
            )
        })
        .collect();
    seconds.iter().sum::<f64>() / seconds.len() as f64
}

#[test]
fn each_step_of_the_recovery_is_better_than_the_one_below_it() {
    let speech = voice(24.0, 21);
    let hear = |fec: bool, dred_ms: u32| {
        let mut trace = send_as(config(fec, dred_ms), &speech, 0, 0, |_| 960);
        lose_runs(&mut trace, 15, 2, 4, 21);
        play(&trace)
    };
    let (none, fec, dred, both) = (hear(false, 0), hear(true, 0), hear(false, 400), hear(true, 400));
    for (heard, mended_by_fec, mended_by_dred) in [
        (&none, false, false),
        (&fec, true, false),
        (&dred, false, true),
        (&both, true, true),
    ] {
        let stats = heard.stats;
        assert_eq!(
            (stats.fec_recovered > 20, stats.dred_recovered > 20),
            (mended_by_fec, mended_by_dred),
            "{stats:?}"
        );
    }
    let concealed = |heard: &Heard| heard.stats.concealed_samples;
    assert!(
        concealed(&both) * 5 < concealed(&fec),
        "{:?} {:?}",
        both.stats,
        fec.stats
    );
    assert!(
        concealed(&fec) * 3 < concealed(&none) * 2,
        "{:?} {:?}",
        fec.stats,
        none.stats
    );
    let [none, fec, both] = [&none, &fec, &both].map(|heard| off(&speech, heard));
    assert!(
        both < fec - 0.1 && fec < none - 0.1,
        "both {both} dB off, FEC {fec}, neither {none}"
    );
}

#[test]
fn redundancy_bridges_bursts_and_the_delay_makes_room_for_it() {
    let speech = voice(24.0, 22);
    let mut trace = send_as(config(true, 500), &speech, 0, 0, |_| 960);
    let whole = trace.len();
    lose_runs(&mut trace, 15, 3, 8, 22);
    let heard = play(&trace);
    let stats = heard.stats;
    assert!(whole - trace.len() > 100);
    assert!(stats.dred_recovered * 2 > stats.lost, "{stats:?}");
    let later = &heard.targets[heard.targets.len() / 3..];
    assert!(later.iter().all(|t| (60.0..=150.0).contains(t)), "{stats:?}");
    // Where nobody describes the past, waiting would help nothing.
    let mut bare = send_as(config(true, 0), &speech, 0, 0, |_| 960);
    lose_runs(&mut bare, 15, 3, 8, 22);
    let bare = play(&bare);
    assert!(bare.targets.iter().skip(300).all(|t| *t < 60.0), "{:?}", bare.stats);
    assert!(
        stats.concealed_samples * 3 < bare.stats.concealed_samples,
        "{stats:?} {:?}",
        bare.stats
    );
    let (with, without) = (off(&speech, &heard), off(&speech, &bare));
    assert!(with < without - 0.5, "{with} dB off with it, {without} without");
}

#[test]
fn losses_of_0_to_30_per_cent_and_jitter_of_0_to_80_ms_stay_speech_with_redundancy() {
    let speech = voice(16.0, 23);
    for frame in [FrameLength::Ms10, FrameLength::Ms20] {
        for (percent, jitter_ms, most) in [
            (0, 0.0, 0.0),
            (5, 20.0, 0.03),
            (10, 40.0, 0.05),
            (20, 80.0, 0.10),
            (30, 0.0, 0.05),
        ] {
            let redundancy = EncoderConfig {
                packet_loss_percent: 30,
                bitrate: 64_000,
                ..config(percent > 0, if percent > 0 { 400 } else { 0 })
            };
            let mut trace = send_as(redundancy, &speech, 0, 0, |_| frame.samples());
            let mut rng = Rng::new(percent);
            trace.retain(|_| rng.below(100) >= percent as usize);
            for packet in &mut trace {
                packet.arrival_us += (rng.unit() * jitter_ms * 1000.0) as u64;
            }
            let heard = play(&trace);
            let stats = heard.stats;
            let share = stats.concealed_samples as f64 / stats.total_samples as f64;
            assert!(
                share <= most,
                "{frame:?} {percent} % {jitter_ms} ms: {share} concealed, {stats:?}"
            );
            let alike = likeness(&speech, &heard.samples, 40);
            assert!(alike > 0.85, "{frame:?} {percent} % {jitter_ms} ms: {alike} {stats:?}");
            let delay = heard.delays[heard.delays.len() * 3 / 4];
            assert!(f64::from(delay) < jitter_ms + 130.0, "{delay} ms");
        }
    }
}

#[test]
fn with_packets_of_10_ms_the_delay_is_10_ms() {
    let trace = send_as(config(false, 0), &voice(6.0, 24), 0, 0, |_| 480);
    let heard = play(&trace);
    assert_eq!(heard.stats.frame_ms, 10);
    assert!(heard.stats.target_ms <= 10.0, "{:?}", heard.stats);
    let last = heard.delays[550];
    assert!((10.0..=20.0).contains(&last), "{last} ms");
    assert_eq!(
        (heard.stats.concealed_samples, heard.stats.lost, heard.stats.late),
        (0, 0, 0)
    );
}

#[test]
fn packets_of_10_and_20_ms_mixed_are_the_decoders_sound_bit_for_bit() {
    let speech = voice(5.0, 25);
    let mut rng = Rng::new(25);
    let trace = send_as(config(true, 0), &speech, 65_500, u32::MAX - 30_000, |_| {
        [480, 960][rng.below(2)]
    });
    let config = JitterConfig {
        start_ms: 20,
        ..Default::default()
    };
    let heard = play_with(config, &trace, 10_000.0, 500);
    let truth = straight(&trace);
    let stats = heard.stats;
    assert_eq!(
        (stats.concealed_samples, stats.lost, stats.late),
        (0, 0, 0),
        "{stats:?}"
    );
    assert_eq!(stats.expanded_samples, 0, "{stats:?}");
    // Nothing is missing; a pitch period may be taken out once, to come down to the target.
    let end = start_of(&heard.samples) - start_of(&truth) + truth.len() - stats.accelerated_samples as usize;
    assert_eq!(heard.samples[end - 96_000..end], truth[truth.len() - 96_000..]);
}

#[test]
fn losses_among_packets_of_mixed_lengths_keep_the_time() {
    let speech = voice(12.0, 26);
    let mut rng = Rng::new(26);
    let mut trace = send_as(config(true, 300), &speech, 0, 0, |_| [480, 960][rng.below(2)]);
    let last = trace.last().unwrap().clone();
    trace.retain(|p| p.seq == 0 || p.seq == last.seq || rng.below(100) >= 15);
    let heard = play(&trace);
    let stats = heard.stats;
    assert!(
        stats.fec_recovered + stats.dred_recovered > stats.lost * 3 / 4,
        "{stats:?}"
    );
    assert!(likeness(&speech, &heard.samples, 20) > 0.93, "{stats:?}");
    assert!(heard.delays[1000] < 100.0, "{}", heard.delays[1000]);
}

/// What other programs send: 40 and 60 ms, several frames in a packet.
#[test]
fn foreign_packets_of_40_and_60_ms_are_played_and_their_losses_bridged() {
    let speech = voice(12.0, 27);
    for frames in [2usize, 3] {
        let short = send_as(config(false, 0), &speech, 0, 0, |_| 960);
        // Code 3, several frames of their own sizes (RFC 6716 §3.2.5).
        let trace: Vec<Sent> = short
            .chunks_exact(frames)
            .filter(|packets| {
                packets
                    .iter()
                    .all(|p| p.payload[0] == packets[0].payload[0] && p.payload.len() < 253)
            })
            .map(|packets| {
                let mut bytes = vec![packets[0].payload[0] | 3, 0x80 | frames as u8];
                bytes.extend(packets[..frames - 1].iter().map(|p| p.payload.len() as u8 - 1));
                bytes.extend(packets.iter().flat_map(|p| p.payload[1..].to_vec()));
                Sent {
                    seq: packets[0].seq / frames as u16,
                    payload: Payload::new(&bytes).unwrap(),
                    arrival_us: packets[frames - 1].arrival_us,
                    ..packets[0].clone()
                }
            })
            .collect();
        assert!(trace.len() * frames * 20 > 9000, "{}", trace.len());
        let whole = play(&trace);
        assert_eq!(whole.stats.frame_ms, frames as u32 * 20);
        assert!(
            whole.stats.concealed_samples <= whole.stats.lost * 2880,
            "{:?}",
            whole.stats
        );
        let last = whole.delays[800];
        let length = frames as f32 * 20.0;
        assert!((length - 10.0..length + 25.0).contains(&last), "{last} ms");
        let mut lossy = trace.clone();
        let mut rng = Rng::new(27);
        lossy.retain(|_| rng.below(100) >= 10);
        let heard = play(&lossy);
        assert!(heard.stats.concealed_samples >= (heard.stats.lost - whole.stats.lost) * 960 * frames as u64 / 2);
        assert!(likeness(&speech, &heard.samples, 30) > 0.8, "{:?}", heard.stats);
    }
}

#[test]
fn silence_that_opus_makes_is_filled_with_the_noise_of_the_room() {
    let mut sound: Vec<f32> = noise(8.0, -58.0, 28);
    for (to, from) in sound.iter_mut().zip(voice(2.0, 28)) {
        *to += from;
    }
    let mut trace = send_as(
        EncoderConfig {
            dtx: true,
            ..config(false, 0)
        },
        &sound,
        0,
        0,
        |_| 960,
    );
    // As a sender does it: of each run of silent packets the first is sent, and what is sent is numbered without gaps.
    let mut silent = false;
    trace.retain(|p| {
        let was_silent = std::mem::replace(&mut silent, is_dtx(&p.payload));
        !(silent && was_silent)
    });
    for (i, packet) in trace.iter_mut().enumerate() {
        packet.seq = i as u16;
    }
    assert!(trace.len() < 180, "{} packets for 8 s", trace.len());
    let heard = play(&trace);
    assert_eq!(
        (heard.stats.concealed_samples, heard.stats.lost),
        (0, 0),
        "{:?}",
        heard.stats
    );
    assert!(heard.stats.comfort_noise_samples > 3 * 48_000, "{:?}", heard.stats);
    let quiet = heard.samples[480 * 5 + 4 * 48_000..480 * 5 + 7 * 48_000]
        .chunks_exact(2400)
        .map(dbfs);
    let (least, most) = quiet.fold((0.0f64, -200.0f64), |(least, most), l| (least.min(l), most.max(l)));
    assert!(least > -68.0 && most < -52.0, "between {least} and {most} dBFS");
}

#[test]
fn a_voice_that_breaks_off_ends_in_the_noise_of_its_room_and_then_in_silence() {
    let mut sound: Vec<f32> = noise(3.0, -58.0, 29);
    for (to, from) in sound.iter_mut().zip(voice(2.0, 29)) {
        *to += from;
    }
    let trace = send_as(config(false, 0), &sound, 0, 0, |_| 960);
    let heard = play_with(JitterConfig::default(), &trace, 10_000.0, 1000);
    let end = 480 * 5 + 3 * 48_000;
    assert!(dbfs(&heard.samples[end + 8000..end + 11_000]) > -75.0);
    assert!(heard.samples[end + 24_000..].iter().all(|s| *s == 0.0));
    assert!(
        (1..=9600).contains(&heard.stats.comfort_noise_samples),
        "{:?}",
        heard.stats
    );
}

#[test]
fn clocks_that_drift_apart_by_200_ppm_are_followed_for_hours() {
    const HOURS: u64 = 2;
    // A packet that costs little to decode, over and over: what is tested is time.
    let speech = send_as(
        EncoderConfig {
            bitrate: 8_000,
            ..config(false, 0)
        },
        &voice(10.0, 30),
        0,
        0,
        |_| 960,
    );
    for ppm in [200.0, -200.0] {
        let mut buffer = JitterBuffer::new(JitterConfig::default()).unwrap();
        let (mut sent, mut hour) = (0u64, JitterStats::default());
        let mut concealed = Vec::new();
        let mut longest = 0.0f32;
        for pull in 0..HOURS * 360_000 {
            let now = START_US + (pull as f64 * 10_000.0 / (1.0 + ppm / 1e6)) as u64;
            while START_US + sent * 20_000 <= now {
                let packet = &speech[sent as usize % speech.len()];
                let timestamp = (sent * 960) as u32;
                buffer.insert(
                    sent as u16,
                    timestamp,
                    sent == 0,
                    &packet.payload,
                    START_US + sent * 20_000,
                );
                sent += 1;
            }
            let mut out = [0.0; TICK_SAMPLES];
            buffer.pull(&mut out, now);
            if pull > 3000 {
                longest = longest.max(buffer.stats().actual_ms);
            }
            if pull % 360_000 == 359_999 {
                let stats = buffer.stats();
                concealed.push(stats.concealed_samples - hour.concealed_samples);
                hour = stats;
            }
        }
        let stats = buffer.stats();
        assert!(longest < 60.0, "{ppm} ppm: {longest} ms, {stats:?}");
        assert_eq!(
            (stats.lost, stats.late, stats.skipped),
            (0, 0, 0),
            "{ppm} ppm: {stats:?}"
        );
        // A second an hour is 280 ppm; and it does not grow.
        assert!(concealed.iter().all(|c| *c < 48_000), "{ppm} ppm: {concealed:?}");
        let moved = stats.expanded_samples as f64 - stats.accelerated_samples as f64 + stats.concealed_samples as f64;
        let drifted = HOURS as f64 * 3600.0 * 48_000.0 * ppm / 1e6;
        assert!(
            (moved - drifted).abs() < 4800.0,
            "{ppm} ppm: {moved} samples put in, {drifted} drifted apart"
        );
    }
}
