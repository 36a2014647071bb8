//! Laws of the whole path, in virtual time.

use super::*;
use crate::speech::spoken;
use crate::testing::{correlation, dbfs, noise, skipped, ticks, voice};

mod speaking;

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
        let mut out = Stereo::SILENCE;
        to.playout(&mut out, now);
        call.heard.extend_from_slice(&out.mono());
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
    let mut out = Stereo::from_mono(&[1.0; 480]);
    to.playout(&mut out, 0);
    assert_eq!(out, Stereo::SILENCE);
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

/// A link on which short packets are used.
fn quiet_link(engine: &mut VoiceEngine) {
    let report = LinkReport {
        rtt_ms: 2,
        jitter_ms: 0.5,
        listeners: 1,
        ..LinkReport::default()
    };
    for second in 0..4 {
        engine.set_link(report, second * 1_000_000).unwrap();
    }
}

#[test]
fn packets_of_10_ms_catch_up_with_the_first_syllable_all_the_same() {
    let (signal, begin, end) = talk();
    let mut from = engine();
    quiet_link(&mut from);
    let call = call(&mut from, &mut engine(), &signal, 10_000_000);
    assert!(call.frames[0].rtp_timestamp as usize <= begin * 480);
    let steps: Vec<u32> = call
        .frames
        .windows(2)
        .filter(|pair| !crate::is_dtx(&pair[1].payload) && !pair[1].marker)
        .map(|pair| pair[1].rtp_timestamp.wrapping_sub(pair[0].rtp_timestamp))
        .collect();
    // Long packets while there is something to catch up with, then short ones, without a hole or an overlap.
    let long = steps.iter().take_while(|step| **step == 960).count();
    assert!((2..=8).contains(&long), "{steps:?}");
    assert!(steps[long..].iter().all(|step| *step == 480), "{steps:?}");
    let there = call.lit_there.iter().position(|l| *l).unwrap();
    assert!(there - begin <= 12 && call.lit_there[there..end].iter().all(|l| *l));
    let onset = &signal[begin * 480..begin * 480 + 4800];
    let best = (begin * 480..begin * 480 + 9600)
        .map(|at| correlation(onset, &call.heard[at..at + 4800]))
        .fold(0.0, f64::max);
    assert!(best > 0.7, "{best}");
}

#[test]
fn the_length_of_packets_changes_in_the_middle_of_a_word_and_nothing_is_lost() {
    let speech = voice(6.0, 31);
    let mut from = continuous();
    let mut to = engine();
    to.add_speaker(1).unwrap();
    let mut gauges = Gauges::default();
    let (mut seq, mut covered, mut heard, mut lengths) = (0u16, 0u32, Vec::new(), Vec::new());
    for (i, tick) in ticks(&speech).enumerate() {
        let now = 1_000_000 + i as u64 * 10_000;
        // Every half second another length.
        if i % 50 == 0 {
            let short = i / 50 % 2 == 1;
            let report = LinkReport {
                rtt_ms: if short { 2 } else { 80 },
                listeners: 1,
                ..LinkReport::default()
            };
            // Impatient: the policy itself would not flap so.
            from.reset_link().unwrap();
            for second in 0..4 {
                from.set_link(report, second * 1_000_000).unwrap();
            }
        }
        if let Some(frame) = from.capture(tick, now) {
            assert_eq!(frame.rtp_timestamp, covered, "no hole and no overlap");
            let samples = crate::codec::samples_in(&frame.payload).unwrap() as u32;
            covered += samples;
            lengths.push(samples);
            to.receive(1, seq, frame.rtp_timestamp, frame.marker, &frame.payload, now)
                .unwrap();
            seq += 1;
        }
        let mut out = Stereo::SILENCE;
        to.playout(&mut out, now);
        heard.extend_from_slice(&out.mono());
    }
    assert!(lengths.iter().filter(|l| **l == 480).count() > 200 && lengths.iter().filter(|l| **l == 960).count() > 100);
    to.gauges(&mut gauges);
    let stats = gauges.speakers[0].stats;
    assert_eq!((stats.lost, stats.late), (0, 0), "{stats:?}");
    assert!(stats.concealed_samples <= 480, "{stats:?}");
    let steepest = |s: &[f32]| s.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
    assert!(
        steepest(&heard) < 1.3 * steepest(&speech),
        "{} {}",
        steepest(&heard),
        steepest(&speech)
    );
}

#[test]
fn where_all_packets_have_one_size_neither_size_nor_header_tells_what_is_said() {
    let (signal, ..) = talk();
    let mut from = engine();
    let report = LinkReport {
        rtt_ms: 2,
        constant_bitrate: true,
        ..LinkReport::default()
    };
    from.set_link(report, 0).unwrap();
    let mut to = engine();
    let call = call(&mut from, &mut to, &signal, 10_000_000);
    let first = &call.frames[0];
    assert!(call.frames.len() > 90);
    for frame in &call.frames {
        assert_eq!(
            (frame.payload.len(), frame.level_dbov, frame.voice),
            (first.payload.len(), first.level_dbov, true)
        );
    }
    // The end is said all the same.
    let last = call.frames.last().unwrap();
    assert!(crate::is_dtx(&last.payload));
    let mut gauges = Gauges::default();
    to.gauges(&mut gauges);
    let stats = gauges.speakers[0].stats;
    assert_eq!((stats.lost, stats.concealed_samples), (0, 0), "{stats:?}");
}

#[test]
fn a_speaker_at_a_side_is_heard_there_and_moves_without_a_click() {
    let mut from = VoiceEngine::new(EngineConfig {
        transmit: TransmitMode::Continuous,
        ..EngineConfig::default()
    })
    .unwrap();
    let mut to = VoiceEngine::new(EngineConfig::default()).unwrap();
    to.add_speaker(1).unwrap();
    let mut out = Stereo::SILENCE;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let mut seq = 0;
    for (i, tick) in ticks(&voice(6.0, 3)).enumerate() {
        let now = 1_000_000 + i as u64 * 10_000;
        let place = match i {
            0..200 => Place::MIDDLE,
            200..400 => Place::new(-1.0),
            _ => Place::new(1.0),
        };
        to.set_speaker_place(1, place).unwrap();
        if let Some(frame) = from.capture(tick, now) {
            to.receive(1, seq, frame.rtp_timestamp, frame.marker, &frame.payload, now)
                .unwrap();
            seq += 1;
        }
        to.playout(&mut out, now);
        left.extend_from_slice(&out.left);
        right.extend_from_slice(&out.right);
    }
    assert_eq!(left[..96_000], right[..96_000], "in front both ears hear the same");
    let apart = |from: usize, to: usize| dbfs(&left[from..to]) - dbfs(&right[from..to]);
    let (to_left, to_right) = (apart(96_480, 192_000), apart(192_480, 280_000));
    assert!((12.0..16.0).contains(&to_left), "{to_left} dB");
    assert!((-16.0..-12.0).contains(&to_right), "{to_right} dB");
    assert!(matches!(
        to.set_speaker_place(2, Place::MIDDLE),
        Err(VoiceError::UnknownSpeaker)
    ));
}

#[test]
fn where_much_is_lost_opus_keeps_silence_back_unless_a_gate_does() {
    let mut signal = voice(1.0, 32);
    signal.extend(vec![0.0; 3 * 48_000]);
    let bad = LinkReport {
        loss: 0.1,
        rtt_ms: 80,
        listeners: 1,
        ..LinkReport::default()
    };
    let mut from = continuous();
    from.set_link(bad, 0).unwrap();
    let mut to = engine();
    let call = call(&mut from, &mut to, &signal, 10_000_000);
    assert!(
        (50..110).contains(&call.frames.len()),
        "{} packets in 4 s",
        call.frames.len()
    );
    let mut gauges = Gauges::default();
    to.gauges(&mut gauges);
    let stats = gauges.speakers[0].stats;
    assert_eq!((stats.lost, stats.concealed_samples), (0, 0), "{stats:?}");
    // On a good link, and by its own wish, everything is sent.
    from.set_link(LinkReport { loss: 0.0, ..bad }, 100_000_000).unwrap();
    let all = ticks(&signal)
        .enumerate()
        .filter_map(|(i, tick)| from.capture(tick, 110_000_000 + i as u64 * 10_000))
        .count();
    assert!(all >= 199, "{all}");
}
