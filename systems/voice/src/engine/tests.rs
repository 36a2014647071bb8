//! Laws of the whole path, in virtual time.

use super::*;
use crate::testing::{correlation, dbfs, noise, skipped, ticks, voice};

fn engine() -> VoiceEngine {
    VoiceEngine::new(EngineConfig::default()).unwrap()
}

fn continuous() -> VoiceEngine {
    VoiceEngine::new(EngineConfig {
        transmit: TransmitMode::Continuous,
        ..Default::default()
    })
    .unwrap()
}

/// One engine speaks, another listens, over a perfect network. What is heard, and for each tick whether each end says "speaking".
struct Call {
    heard: Vec<f32>,
    lit_there: Vec<bool>,
    lit_here: Vec<bool>,
    frames: Vec<EncodedFrame>,
}

fn call(from: &mut VoiceEngine, to: &mut VoiceEngine, samples: &[f32], start_us: u64) -> Call {
    to.add_speaker(1).unwrap();
    let mut call = Call {
        heard: vec![],
        lit_there: vec![],
        lit_here: vec![],
        frames: vec![],
    };
    let mut gauges = Gauges::default();
    for (i, tick) in ticks(samples).enumerate() {
        let now = start_us + i as u64 * 10_000;
        if let Some(frame) = from.capture(tick, now) {
            let seq = call.frames.len() as u16;
            to.receive(1, seq, frame.rtp_timestamp, frame.marker, &frame.payload, now)
                .unwrap();
            call.frames.push(frame);
        }
        let mut out = [0.0; TICK_SAMPLES];
        to.playout(&mut out, now);
        call.heard.extend_from_slice(&out);
        to.gauges(&mut gauges);
        call.lit_there.push(gauges.speakers[0].speaking);
        from.gauges(&mut gauges);
        call.lit_here.push(gauges.input.speaking);
    }
    call
}

fn talk() -> (Vec<f32>, usize, usize) {
    let mut signal = noise(2.0, -65.0, 1);
    let begin = signal.len();
    signal.extend_from_slice(&voice(2.0, 2)[4800..]);
    let end = signal.len();
    signal.extend(noise(2.0, -65.0, 3));
    (signal, begin / 480, end / 480)
}

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

#[test]
fn the_first_syllable_is_kept_whole() {
    let (signal, begin, _) = talk();
    let call = call(&mut engine(), &mut engine(), &signal, 1_000_000);
    let first = &call.frames[0];
    assert!(first.marker);
    assert!(
        (first.rtp_timestamp as usize) <= begin * 480,
        "the first packet begins before the syllable"
    );
    // The 100 ms of the onset, wherever they come out.
    let onset = &signal[begin * 480..begin * 480 + 4800];
    let best = (begin * 480..begin * 480 + 9600)
        .map(|at| correlation(onset, &call.heard[at..at + 4800]))
        .fold(0.0, f64::max);
    assert!(best > 0.7, "{best}");
}

#[test]
fn in_silence_nothing_is_sent_and_the_clock_runs_on() {
    let (signal, begin, end) = talk();
    let mut from = engine();
    let first = call(&mut from, &mut engine(), &signal, 1_000_000);
    let packets = first.frames.len();
    assert!(
        packets as u64 * 20 < ((end - begin) * 10 + 500) as u64,
        "{packets} packets"
    );
    let last = first.frames.last().unwrap();
    assert!(crate::is_dtx(&last.payload) && !last.voice && last.level_dbov == 127);
    // Markers stand at the beginnings of spurts only; timestamps never go back nor overlap.
    let markers: Vec<_> = first.frames.iter().enumerate().filter(|(_, f)| f.marker).collect();
    assert!(
        markers
            .iter()
            .all(|(i, _)| *i == 0 || crate::is_dtx(&first.frames[i - 1].payload))
    );
    for pair in first.frames.windows(2) {
        let step = pair[1].rtp_timestamp - pair[0].rtp_timestamp;
        assert!(step >= 960 || crate::is_dtx(&pair[0].payload), "step {step}");
    }
    let again = call(&mut from, &mut engine(), &signal, 7_000_000);
    let there = again.frames[0].rtp_timestamp as usize;
    assert!(there.abs_diff(signal.len() + begin * 480) < 4800, "{there}");
}

#[test]
fn a_spurt_after_silence_loses_nothing_and_conceals_nothing() {
    let (signal, ..) = talk();
    let mut to = engine();
    let twice = [signal.clone(), signal].concat();
    call(&mut engine(), &mut to, &twice, 1_000_000);
    let mut gauges = Gauges::default();
    to.gauges(&mut gauges);
    let stats = gauges.speakers[0].stats;
    assert_eq!(
        (stats.lost, stats.late, stats.concealed_samples),
        (0, 0, 0),
        "{stats:?}"
    );
}

#[test]
fn continuous_speech_comes_through_whole() {
    let speech = voice(5.0, 4);
    let call = call(&mut continuous(), &mut engine(), &speech, 0);
    assert_eq!(call.frames.len(), 250);
    // After the delay has settled: codec 6.5 ms, frame 20 ms, buffer 20 to 30 ms.
    let sent = &speech[144_000..192_000];
    let (lag, alike) = (0..4800)
        .step_by(4)
        .map(|lag| (lag, correlation(sent, &call.heard[144_000 + lag..192_000 + lag])))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap();
    assert!(alike > 0.85, "{alike}");
    assert!(lag < 48 * 70, "{} ms from mouth to ear", lag / 48);
}

#[test]
fn muting_ends_the_spurt_at_once_and_leaks_nothing_afterwards() {
    let speech = voice(1.0, 5);
    let mut from = engine();
    for (i, tick) in ticks(&speech).enumerate() {
        from.capture(tick, i as u64 * 10_000);
    }
    let end = from.set_mute(true).expect("a running spurt is ended");
    assert!(crate::is_dtx(&end.payload));
    assert!(from.set_mute(true).is_none(), "once");
    for (i, tick) in ticks(&speech).enumerate() {
        assert!(from.capture(tick, 1_000_000 + i as u64 * 10_000).is_none());
    }
    assert!(from.set_mute(false).is_none());
    // Silence follows: nothing of what was said while muted may come out as look-back.
    for i in 0..50 {
        assert!(from.capture(&[0.0; 480], 2_000_000 + i * 10_000).is_none());
    }
    // And when speech follows at once, the first packet starts after the unmuting.
    let (mut from, now) = (engine(), 3_000_000);
    for (i, tick) in ticks(&speech).enumerate() {
        from.capture(tick, now + i as u64 * 10_000);
    }
    let _ = from.set_mute(true);
    let _ = from.set_mute(false);
    let first = ticks(&speech[9600..])
        .enumerate()
        .find_map(|(i, t)| from.capture(t, now + 1_000_000 + i as u64 * 10_000));
    assert!(first.unwrap().rtp_timestamp >= 48_000);
}

#[test]
fn push_to_talk_sends_nothing_from_before_the_key() {
    let speech = voice(1.0, 6);
    let mut from = VoiceEngine::new(EngineConfig {
        transmit: TransmitMode::PushToTalk { held: false },
        ..Default::default()
    })
    .unwrap();
    for (i, tick) in ticks(&speech).enumerate() {
        assert!(from.capture(tick, i as u64 * 10_000).is_none());
    }
    from.set_transmit(TransmitMode::PushToTalk { held: true });
    let frames: Vec<_> = ticks(&speech)
        .enumerate()
        .filter_map(|(i, tick)| from.capture(tick, 1_000_000 + i as u64 * 10_000))
        .collect();
    assert_eq!(frames[0].rtp_timestamp, 48_000);
    assert_eq!(frames.len(), 50);
}

#[test]
fn a_pause_of_the_device_shows_in_the_timestamps() {
    let mut from = continuous();
    let first = (0..2).find_map(|i| from.capture(&[0.1; 480], i * 10_000)).unwrap();
    let second = (0..2)
        .find_map(|i| from.capture(&[0.1; 480], 5_000_000 + i * 10_000))
        .unwrap();
    let pause = second.rtp_timestamp - first.rtp_timestamp;
    assert!((5 * 48_000u32).abs_diff(pause) < 1000, "{pause}");
    assert!(second.marker);
}

#[test]
fn deafened_is_silent_and_still_shows_who_speaks() {
    let mut to = engine();
    to.set_deafen(true);
    let call = call(&mut continuous(), &mut to, &voice(1.0, 7), 0);
    assert!(dbfs(&call.heard[4800..]) < -100.0);
    assert!(call.lit_there.iter().any(|l| *l));
    to.set_output_volume(1.0);
    assert!(to.deafened(), "a volume change does not undeafen");
}

#[test]
fn a_speakers_volume_is_theirs_alone_and_does_not_move_their_meter() {
    let speech = voice(1.0, 8);
    let mut loud = engine();
    let full = call(&mut continuous(), &mut loud, &speech, 0);
    let mut soft = engine();
    soft.add_speaker(1).unwrap();
    soft.set_speaker_volume(1, 0.5).unwrap();
    let half = call(&mut continuous(), &mut soft, &speech, 0);
    let difference = dbfs(&full.heard[9600..]) - dbfs(&half.heard[9600..]);
    assert!((difference - 6.02).abs() < 0.2, "{difference}");
    assert_eq!(full.lit_there, half.lit_there);
    assert!(matches!(
        soft.set_speaker_volume(9, 1.0),
        Err(VoiceError::UnknownSpeaker)
    ));
}

#[test]
fn many_speakers_are_heard_together_and_one_too_many_is_refused() {
    let mut to = engine();
    for id in 0..MAX_SPEAKERS as u64 {
        to.add_speaker(id).unwrap();
    }
    to.add_speaker(3).unwrap();
    assert!(matches!(to.add_speaker(64), Err(VoiceError::TooManySpeakers)));
    to.remove_speaker(5);
    to.add_speaker(64).unwrap();
    let payload = Payload::new(&[1]).unwrap();
    assert!(matches!(
        to.receive(5, 0, 0, false, &payload, 0),
        Err(VoiceError::UnknownSpeaker)
    ));
    let mut out = [1.0; 480];
    to.playout(&mut out, 0);
    assert_eq!(out, [0.0; 480]);
    to.clear_speakers();
    let mut gauges = Gauges::default();
    to.gauges(&mut gauges);
    assert!(gauges.speakers.is_empty());
}

#[test]
fn a_broken_microphone_gives_no_broken_sound() {
    let mut from = continuous();
    let mut to = engine();
    let mut signal = voice(0.5, 9);
    for (i, s) in signal.iter_mut().enumerate() {
        match i % 7 {
            0 => *s = f32::NAN,
            1 => *s = f32::INFINITY,
            2 => *s = -1e30,
            _ => {}
        }
    }
    let call = call(&mut from, &mut to, &signal, 0);
    assert!(call.heard.iter().all(|s| s.is_finite() && s.abs() <= 1.0));
    let mut gauges = Gauges::default();
    from.gauges(&mut gauges);
    assert!(gauges.input.clipping);
}

/// Speech of a synthesiser, at 48 kHz, or `None` where it is not installed.
fn spoken(words: &str, name: &str) -> Option<Vec<f32>> {
    let path = std::env::temp_dir().join(format!("orrery-voice-{}-{name}.wav", std::process::id()));
    let status = std::process::Command::new("espeak-ng")
        .arg("-w")
        .arg(&path)
        .arg(words)
        .status()
        .ok()?;
    assert!(status.success());
    let mut file = hound::WavReader::open(&path).unwrap();
    let rate = file.spec().sample_rate;
    let samples: Vec<f32> = file
        .samples::<i16>()
        .map(|s| f32::from(s.unwrap()) / 32_768.0)
        .collect();
    std::fs::remove_file(path).unwrap();
    Some(crate::Resampler::whole(&samples, rate, 48_000).unwrap())
}

#[test]
fn real_words_light_the_speaker_while_they_last_and_come_through_alike() {
    let Some(speech) = spoken(
        "Six silver ships sail far past the quiet moon, and nobody answers.",
        "words",
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
