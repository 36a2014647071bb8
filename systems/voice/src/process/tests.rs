//! What the processing does to real speech in simulated rooms. The figures asserted are well below those measured.

use super::*;
use crate::speech::monologue;
use crate::testing::{Rng, correlation, dbfs, noise, skipped, ticks, voice};

const NOTHING: ProcessConfig = ProcessConfig {
    echo_cancellation: false,
    noise_suppression: NoiseSuppression::Off,
    auto_gain: false,
};

/// Two people's monologues, or a word on why not.
fn two_people(test: &str) -> Option<(Vec<f32>, Vec<f32>)> {
    let both = monologue("en+f3").zip(monologue("en+m10"));
    if both.is_none() {
        skipped(test, "espeak-ng is not installed");
    }
    both
}

/// What a microphone hears of a loudspeaker in a small room: a direct path after `delay_ms`, then eighty reflections that die
/// away by 60 dB within 300 ms.
fn echo(played: &[f32], delay_ms: usize, dbfs: f64, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed);
    let gain = 10f64.powf(dbfs / 20.0);
    let mut taps = vec![(delay_ms * 48, gain)];
    for _ in 0..80 {
        let after = rng.unit() * 0.2;
        let fall = 10f64.powf(-3.0 * after / 0.3);
        taps.push((
            delay_ms * 48 + (after * 48_000.0) as usize,
            gain * 0.3 * fall * rng.normal(),
        ));
    }
    let mut heard = vec![0.0f32; played.len()];
    for (at, gain) in taps {
        for (to, from) in heard.iter_mut().skip(at).zip(played) {
            *to += gain as f32 * from;
        }
    }
    heard
}

fn add(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn louder(signal: &[f32], db: f32) -> Vec<f32> {
    signal.iter().map(|s| s * 10f32.powf(db / 20.0)).collect()
}

/// What comes out for what the microphone heard and the loudspeaker played meanwhile.
fn process(processor: &mut Processor, heard: &[f32], played: &[f32]) -> Vec<f32> {
    let mut out = Vec::with_capacity(heard.len());
    let mut played = ticks(played);
    for tick in ticks(heard) {
        processor.render(&Stereo::from_mono(played.next().unwrap_or(&[0.0; TICK_SAMPLES])));
        let mut tick = *tick;
        processor.capture(&mut tick);
        out.extend_from_slice(&tick);
    }
    out
}

/// A voice that nothing was done to: the high pass alone moves its phases so far that waves cannot be compared with those before it.
fn passed(voice: &[f32]) -> Vec<f32> {
    process(&mut Processor::new(NOTHING), voice, &[])
}

/// By how many samples `after` lags behind `before`, and how alike they are then.
fn lag(before: &[f32], after: &[f32]) -> (usize, f64) {
    let length = before.len().min(after.len()) - 2400;
    (0..2400)
        .step_by(4)
        .map(|lag| (lag, correlation(&before[..length], &after[lag..lag + length])))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap()
}

#[test]
fn the_echo_of_a_room_is_taken_out() {
    let Some((far, _)) = two_people("the_echo_of_a_room_is_taken_out") else {
        return;
    };
    for (delay_ms, loud, seed) in [(40, -6.0, 1), (120, -12.0, 2), (250, -6.0, 3)] {
        let echo = echo(&far, delay_ms, loud, seed);
        let heard = add(&echo, &noise(60.0, -75.0, 9));
        let config = ProcessConfig {
            echo_cancellation: true,
            ..NOTHING
        };
        let out = process(&mut Processor::new(config), &heard, &far);
        let erle = |from: usize, to: usize| {
            let range = from * 48_000..(to * 48_000).min(out.len());
            dbfs(&echo[range.clone()]) - dbfs(&out[range])
        };
        let figures = [erle(0, 1), erle(1, 2), erle(2, 4), erle(4, 10), erle(10, 99)];
        println!("{delay_ms} ms, {loud} dB: {figures:.1?} dB in s 0-1, 1-2, 2-4, 4-10, 10-end");
        assert!(figures[2] > 15.0 && figures[4] > 25.0, "{figures:?}");
    }
}

#[test]
fn a_voice_is_kept_while_the_other_one_talks_too() {
    let Some((far, near)) = two_people("a_voice_is_kept_while_the_other_one_talks_too") else {
        return;
    };
    let echo = echo(&far, 60, -12.0, 4);
    let alone = 10 * 48_000;
    let length = far.len().min(near.len() + alone);
    let mut speech = vec![0.0; alone];
    speech.extend_from_slice(&near[..length - alone]);
    let (echo, far) = (&echo[..length], &far[..length]);
    let heard = add(&add(echo, &speech), &noise(60.0, -75.0, 9));
    let config = ProcessConfig {
        echo_cancellation: true,
        ..NOTHING
    };
    let out = process(&mut Processor::new(config), &heard, far);
    let speech = passed(&speech);
    let (speech, out) = (&speech[alone..out.len()], &out[alone..]);
    let (late, alike) = lag(speech, out);
    let loss = dbfs(speech) - dbfs(out);
    println!("near voice: alike {alike:.2}, {loss:.1} dB quieter, {late} samples late");
    assert!(alike > 0.65, "{alike}");
    assert!(loss.abs() < 6.0, "{loss}");
}

#[test]
fn each_step_takes_more_noise_and_leaves_the_voice() {
    let Some((_, near)) = two_people("each_step_takes_more_noise_and_leaves_the_voice") else {
        return;
    };
    // A fan: more low than high, and 5 s of it alone at the end.
    let (mut low, mut fan) = (0.0, noise(60.0, -40.0, 5));
    for s in &mut fan {
        low += (*s - low) * 0.2;
        *s = low * 3.0;
    }
    let mut speech = near.clone();
    speech.extend(vec![0.0; 5 * 48_000]);
    let heard = add(&speech, &fan);
    let pause = near.len() + 48_000..speech.len() - 480;
    let before = dbfs(&heard[pause.clone()]);
    let speech = passed(&speech);
    let mut last = 0.0;
    for (step, least) in [
        (NoiseSuppression::Off, -1.0),
        (NoiseSuppression::Low, 4.0),
        (NoiseSuppression::High, 12.0),
        (NoiseSuppression::Strong, 20.0),
    ] {
        let config = ProcessConfig {
            noise_suppression: step,
            ..NOTHING
        };
        let out = process(&mut Processor::new(config), &heard, &[]);
        let gone = before - dbfs(&out[pause.clone()]);
        // The first second is for learning the noise.
        let (late, alike) = lag(&speech[48_000..near.len()], &out[48_000..near.len()]);
        let voice = dbfs(&speech[48_000..near.len()]) - dbfs(&out[48_000..near.len()]);
        println!(
            "{step:?}: noise {gone:.1} dB less, voice alike {alike:.3} and {voice:.1} dB quieter, {late} samples late"
        );
        assert!(gone > least && gone >= last, "{step:?}: {gone} dB");
        assert!(alike > 0.9 && voice < 2.0, "{step:?}: {alike}, {voice} dB");
        last = gone;
    }
}

#[test]
fn a_quiet_voice_becomes_audible_and_a_loud_one_is_not_cut() {
    let Some((near, _)) = two_people("a_quiet_voice_becomes_audible_and_a_loud_one_is_not_cut") else {
        return;
    };
    let config = ProcessConfig {
        auto_gain: true,
        ..NOTHING
    };
    let end = |s: &[f32]| dbfs(&s[15 * 48_000..]);
    let mut loudness = vec![];
    for db in [-28.0, -18.0, 0.0, 10.0] {
        let heard: Vec<f32> = louder(&near, db).iter().map(|s| s.clamp(-1.0, 1.0)).collect();
        let out = process(&mut Processor::new(config), &heard, &[]);
        let heard = passed(&heard);
        let cut = |s: &[f32]| s.iter().filter(|s| s.abs() >= 0.999).count();
        let (before, after) = (cut(&heard), cut(&out));
        // In pieces of 200 ms, for the gain moves.
        let (late, _) = lag(&heard[15 * 48_000..], &out[15 * 48_000..]);
        let pieces: Vec<f64> = heard[15 * 48_000..out.len() - 2400]
            .chunks_exact(9600)
            .zip(out[15 * 48_000 + late..].chunks_exact(9600))
            .filter(|(before, _)| dbfs(before) > dbfs(&heard) - 10.0)
            .map(|(before, after)| correlation(before, after))
            .collect();
        let alike = pieces.iter().sum::<f64>() / pieces.len() as f64;
        println!(
            "{:.1} dBFS becomes {:.1}, alike {alike:.3}, {after} samples at full scale, {before} before",
            end(&heard),
            end(&out)
        );
        assert!(after <= before + 20, "{after} samples are cut, {before} were");
        assert!(alike > 0.95, "{alike}");
        loudness.push((end(&heard), end(&out)));
    }
    assert!(loudness[0].1 - loudness[0].0 > 12.0, "{loudness:?}");
    let spread =
        loudness.iter().map(|l| l.1).fold(f64::MIN, f64::max) - loudness.iter().map(|l| l.1).fold(f64::MAX, f64::min);
    assert!(spread < 14.0, "28 dB + 10 dB of difference become {spread}");
}

#[test]
fn rumble_is_taken_and_a_voice_passes_when_nothing_else_is_asked_for() {
    let rumble: Vec<f32> = (0..96_000)
        .map(|i| 0.3 * (std::f32::consts::TAU * 15.0 * i as f32 / 48_000.0).sin())
        .collect();
    let out = process(&mut Processor::new(NOTHING), &rumble, &[]);
    assert!(dbfs(&out[48_000..]) < dbfs(&rumble) - 30.0, "{}", dbfs(&out[48_000..]));
    let said = voice(2.0, 1);
    let (before, after) = (dbfs(&said), dbfs(&passed(&said)));
    assert!((before - after).abs() < 1.0, "{before} dBFS, {after}");
}

#[test]
fn another_step_of_noise_suppression_does_not_forget_the_room() {
    let Some((far, _)) = two_people("another_step_of_noise_suppression_does_not_forget_the_room") else {
        return;
    };
    let heard = add(&echo(&far, 60, -6.0, 6), &noise(60.0, -75.0, 9));
    let mut processor = Processor::new(ProcessConfig {
        auto_gain: false,
        ..ProcessConfig::default()
    });
    let (before, after) = (10 * 48_000, 11 * 48_000);
    process(&mut processor, &heard[..before], &far[..before]);
    processor.set_config(ProcessConfig {
        noise_suppression: NoiseSuppression::High,
        ..processor.config()
    });
    let out = process(&mut processor, &heard[before..after], &far[before..after]);
    let erle = dbfs(&heard[before..after]) - dbfs(&out);
    println!("{erle:.1} dB in the second after");
    assert!(erle > 25.0, "{erle}");
}

#[test]
fn no_sound_breaks_it() {
    let mut rng = Rng::new(7);
    for seed in 0..6 {
        let mut processor = Processor::new(ProcessConfig {
            noise_suppression: NoiseSuppression::Strong,
            ..ProcessConfig::default()
        });
        let said = voice(4.0, seed);
        for tick in ticks(&said) {
            let (mut tick, mut played) = (*tick, *tick);
            let kind = rng.below(9);
            for (s, p) in tick.iter_mut().zip(&mut played) {
                match kind {
                    0 => *s = f32::NAN,
                    1 => *s = if rng.unit() < 0.5 { f32::INFINITY } else { -1e30 },
                    2 => (*s, *p) = (0.0, f32::NAN),
                    3 => *p = 1e30,
                    4 => *s = 1e-40,
                    5 => (*s, *p) = (1.0, -1.0),
                    _ => {}
                }
            }
            // Devices come and go, and settings change.
            match rng.below(60) {
                0 => (0..40).for_each(|_| processor.render(&Stereo::from_mono(&played))),
                1 => (0..40).for_each(|_| processor.capture(&mut played)),
                2 => processor.set_config(ProcessConfig {
                    echo_cancellation: rng.below(2) == 0,
                    auto_gain: rng.below(2) == 0,
                    noise_suppression: [
                        NoiseSuppression::Off,
                        NoiseSuppression::Low,
                        NoiseSuppression::High,
                        NoiseSuppression::Strong,
                    ][rng.below(4)],
                }),
                _ => {}
            }
            processor.render(&Stereo::from_mono(&played));
            processor.capture(&mut tick);
            assert!(tick.iter().all(|s| s.is_finite() && s.abs() <= 1.0), "{kind}");
        }
        // And afterwards it hears a voice again.
        let said = voice(3.0, 50 + seed);
        let out = process(&mut processor, &said, &[]);
        assert!(dbfs(&out[48_000..]) > -40.0, "{}", dbfs(&out[48_000..]));
    }
}

#[test]
fn the_echo_of_voices_at_both_sides_is_taken_out_too() {
    let Some((one, other)) = two_people("the_echo_of_voices_at_both_sides_is_taken_out_too") else {
        return;
    };
    let length = one.len().min(other.len());
    let mix = |a: f32, b: f32| -> Vec<f32> { (0..length).map(|i| one[i] * a + other[i] * b).collect() };
    let ([near, far], spread) = (crate::Place::new(-0.6).gains(), crate::Place::new(0.6).gains());
    let (left, right) = (mix(near, spread[0]), mix(far, spread[1]));
    // Each loudspeaker reaches the microphone by a way of its own.
    let heard = add(
        &add(&echo(&left, 60, -10.0, 11), &echo(&right, 62, -10.0, 12)),
        &noise(60.0, -75.0, 9),
    );
    let mut processor = Processor::new(ProcessConfig {
        echo_cancellation: true,
        ..NOTHING
    });
    let mut out = Vec::new();
    for (tick, (left, right)) in ticks(&heard).zip(ticks(&left).zip(ticks(&right))) {
        processor.render(&Stereo {
            left: *left,
            right: *right,
        });
        let mut tick = *tick;
        processor.capture(&mut tick);
        out.extend_from_slice(&tick);
    }
    let range = 10 * 48_000..out.len();
    let erle = dbfs(&heard[range.clone()]) - dbfs(&out[range]);
    println!("{erle:.1} dB after ten seconds");
    assert!(erle > 20.0, "{erle}");
}
