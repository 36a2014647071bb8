//! Who is seen to speak, when, and how much of it is sent.

use super::*;

#[test]
fn the_listener_sees_speaking_with_the_first_syllable_and_not_after_the_last() {
    let (signal, begin, end) = talk();
    let call = call(&mut engine(), &mut engine(), &signal, 1_000_000);
    let here = call.lit_here.iter().position(|l| *l).unwrap();
    assert!(
        here >= begin && here - begin <= 4,
        "here after {} ms",
        (here - begin) * 10
    );
    let there = call.lit_there.iter().position(|l| *l).unwrap();
    assert!(
        there >= begin && there - begin <= 12,
        "there after {} ms",
        (there as i64 - begin as i64) * 10
    );
    let off = call.lit_there.iter().rposition(|l| *l).unwrap();
    assert!(
        off < end + 40,
        "dark {} ms after the end",
        (off as i64 - end as i64) * 10
    );
    assert!(call.lit_there[there..end].iter().all(|l| *l));
}

/// What somebody says in a room, and how it shows at a listener.
struct Shown {
    /// The packet with the first loud tick arrived, that tick was heard, the speaker was seen to speak, µs.
    arrived: u64,
    heard: u64,
    lit: u64,
    /// From the last that was heard until nothing shows any more, ms.
    off_ms: i64,
}

/// The network takes 30 ms, which jitter by `jitter_us`; of each spurt the first `lost` packets do not come.
fn shown(speech: &[f32], room_dbfs: f64, seed: u64, jitter_us: f64, lost: u32) -> Shown {
    let mut signal = noise(3.0, room_dbfs, seed);
    let begin = signal.len() / 480;
    let seconds = speech.len() as f64 / 48_000.0 + 0.1;
    signal.extend(
        speech
            .iter()
            .zip(noise(seconds, room_dbfs, 10 + seed))
            .map(|(s, n)| s + n),
    );
    signal.extend(noise(2.0, room_dbfs, 20 + seed));
    let first = begin + speech.chunks_exact(480).position(|c| dbfs(c) > -40.0).unwrap();
    let (mut from, mut to) = (engine(), engine());
    to.add_speaker(1).unwrap();
    let mut rng = crate::testing::Rng::new(seed);
    let mut under_way = std::collections::VecDeque::new();
    let (mut arrived, mut heard, mut lit, mut dark) = (None, None, None, None);
    let (mut seq, mut of_spurt, mut last) = (0u16, 0, 0);
    let mut gauges = Gauges::default();
    for (i, tick) in ticks(&signal).enumerate() {
        let now = 1_000_000 + i as u64 * 10_000;
        if let Some(frame) = from.capture(tick, now) {
            of_spurt = if frame.marker { 0 } else { of_spurt + 1 };
            if of_spurt >= lost {
                under_way.push_back((now + 30_000 + (rng.unit() * jitter_us) as u64, seq, frame));
            }
            seq += 1;
        }
        while under_way.front().is_some_and(|(due, ..)| *due <= now + 10_000) {
            let (due, seq, frame): (u64, u16, EncodedFrame) = under_way.pop_front().unwrap();
            if frame.rtp_timestamp as usize + 960 > first * 480 {
                arrived = arrived.or(Some(due));
            }
            to.receive(1, seq, frame.rtp_timestamp, frame.marker, &frame.payload, due)
                .unwrap();
        }
        let mut out = Stereo::SILENCE;
        to.playout(&mut out, now + 10_000);
        if dbfs(&out.mono()) > -45.0 {
            last = now + 10_000;
        }
        if dbfs(&out.mono()) > -40.0 {
            heard = heard.or(Some(now + 10_000));
        }
        to.gauges(&mut gauges);
        match gauges.speakers[0].speaking {
            true => {
                lit = lit.or(Some(now + 10_000));
                dark = None;
            }
            false => dark = dark.or(lit.map(|_| now + 10_000)),
        }
    }
    Shown {
        arrived: arrived.unwrap(),
        heard: heard.unwrap(),
        lit: lit.unwrap(),
        off_ms: (dark.unwrap() as i64 - last as i64) / 1000,
    }
}

#[test]
fn real_speech_shows_at_most_40_ms_after_it_came_and_is_gone_400_ms_after_its_end() {
    let name = "real_speech_shows_at_most_40_ms_after_it_came_and_is_gone_400_ms_after_its_end";
    for (words, voice, seed) in [
        ("Are you still there? Who is speaking now?", "en+f3", 1),
        ("Are you still there? Who is speaking now?", "en+m3", 2),
        ("Are you still there? Who is speaking now?", "en-us+f2", 3),
        ("Good morning, everybody.", "en-gb", 4),
        ("Me too.", "en+f4", 5),
    ] {
        let Some(speech) = spoken(words, voice) else {
            skipped(name, "espeak-ng is not installed");
            return;
        };
        for (room, jitter_us, lost) in [
            (-62.0, 10_000.0, 0),
            (-62.0, 10_000.0, 1),
            (-50.0, 10_000.0, 0),
            (-62.0, 40_000.0, 0),
        ] {
            let Shown {
                arrived,
                heard,
                lit,
                off_ms,
            } = shown(&speech, room, seed, jitter_us, lost);
            let (since_arrival, late) = (lit.saturating_sub(arrived) / 1000, lit.saturating_sub(heard) / 1000);
            println!(
                "{voice}, a room at {room} dBFS, {jitter_us} µs of jitter, {lost} lost: shown {late} ms after it was heard, \
                 {since_arrival} after its packet came; dark {off_ms} ms after the last of it"
            );
            // Gauges are read every 20 ms.
            assert!(late == 0 && since_arrival <= 40, "{voice}: {late} ms, {since_arrival}");
            // In a loud room nobody can say when the last of it was heard.
            assert!(room > -55.0 || (0..=400).contains(&off_ms), "{voice}: {off_ms} ms");
        }
    }
}

#[test]
fn what_begins_with_a_hiss_is_kept_from_its_beginning_and_shows_with_its_vowel() {
    let name = "what_begins_with_a_hiss_is_kept_from_its_beginning_and_shows_with_its_vowel";
    for (words, seed) in [
        ("Seven.", 1),
        ("Four.", 2),
        ("Hello.", 3),
        ("Show me.", 4),
        ("Thirteen.", 5),
        ("Possibly.", 6),
    ] {
        let Some(speech) = spoken(words, "en-us+f1") else {
            skipped(name, "espeak-ng is not installed");
            return;
        };
        let mut signal = noise(3.0, -62.0, seed);
        let before = signal.len();
        signal.extend(speech.iter().zip(noise(2.0, -62.0, 10 + seed)).map(|(s, n)| s + n));
        let call = call(&mut engine(), &mut engine(), &signal, 1_000_000);
        let sent = call
            .frames
            .iter()
            .find(|f| f.rtp_timestamp as usize + 4800 > before)
            .unwrap();
        // From the first tick that is louder than the room.
        let loud = before + 480 * speech.chunks_exact(480).position(|c| dbfs(c) > -58.0).unwrap();
        let cut = (sent.rtp_timestamp as i64 - loud as i64) / 48;
        println!("{words}: sent from {cut} ms after its first sound");
        assert!(cut <= 20, "{words}: {cut} ms are missing");
    }
}

#[test]
fn a_spurt_of_noise_is_not_shown_as_speaking_when_it_comes_either() {
    let mut from = continuous();
    let mut to = engine();
    // Whoever sends all the time is muted and unmuted, so that spurts begin, each with a knock.
    let mut signal = vec![];
    for round in 0..8 {
        let mut part = noise(0.5, -30.0, 40 + round);
        for (at, sample) in part.iter_mut().enumerate() {
            *sample *= (-(at as f32) / (200.0 + 50.0 * round as f32)).exp();
        }
        signal.push(part);
    }
    to.add_speaker(1).unwrap();
    let mut gauges = Gauges::default();
    let (mut seq, mut marked, mut now) = (0u16, 0, 1_000_000);
    for part in &signal {
        let end = from.set_mute(true).into_iter().chain(from.set_mute(false));
        let mut frames: Vec<EncodedFrame> = end.collect();
        for tick in ticks(part) {
            frames.extend(from.capture(tick, now));
            for frame in frames.drain(..) {
                marked += u32::from(frame.marker);
                to.receive(1, seq, frame.rtp_timestamp, frame.marker, &frame.payload, now)
                    .unwrap();
                seq = seq.wrapping_add(1);
            }
            let mut out = Stereo::SILENCE;
            to.playout(&mut out, now);
            to.gauges(&mut gauges);
            assert!(!gauges.speakers[0].speaking, "at {now} us");
            now += 10_000;
        }
    }
    assert!(marked >= 8, "{marked} spurts");
}

#[test]
fn real_words_light_the_speaker_while_they_last_and_come_through_alike() {
    let Some(speech) = spoken(
        "Six silver ships sail far past the quiet moon, and nobody answers.",
        "en",
    ) else {
        skipped(
            "real_words_light_the_speaker_while_they_last_and_come_through_alike",
            "espeak-ng is not installed",
        );
        return;
    };
    let loud = |s: &[f32]| s.chunks_exact(480).position(|c| dbfs(c) > -45.0).unwrap() * 480;
    let begin = loud(&speech);
    let reversed: Vec<f32> = speech.iter().rev().copied().collect();
    let speech = &speech[begin..speech.len() - loud(&reversed)];
    for room_dbfs in [-90.0, -60.0, -50.0] {
        let mut signal = noise(2.0, room_dbfs, 1);
        signal.extend(speech.iter().zip(noise(60.0, room_dbfs, 2)).map(|(s, n)| s + n));
        signal.extend(noise(3.0, room_dbfs, 3));
        let (first, last) = (200, 200 + speech.len() / 480);
        let call = call(&mut engine(), &mut engine(), &signal, 1_000_000);
        let lit = |range: std::ops::Range<usize>| {
            call.lit_there[range.clone()].iter().filter(|l| **l).count() as f64 / range.len() as f64
        };
        let speaking = lit(first + 10..last);
        assert!(speaking > 0.9, "room {room_dbfs}: lit {speaking} of the speech");
        assert_eq!(lit(0..first), 0.0, "room {room_dbfs}: before");
        assert_eq!(lit(last + 40..last + 290), 0.0, "room {room_dbfs}: after");
        // Loudness contours, 10 ms a step, aligned.
        let contour = |s: &[f32]| {
            s.chunks_exact(480)
                .map(|c| dbfs(c).max(-50.0) as f32 + 50.0)
                .collect::<Vec<f32>>()
        };
        let (sent, heard) = (
            contour(&signal[first * 480..last * 480]),
            contour(&call.heard[first * 480..]),
        );
        let alike = (0..20)
            .map(|d| correlation(&sent, &heard[d..d + sent.len()]))
            .fold(0.0, f64::max);
        assert!(alike > 0.9, "room {room_dbfs}: {alike}");
    }
}
