//! Who is blamed, with real speech.

use super::*;
use crate::speech::monologue;
use crate::testing::{noise, skipped, ticks};

/// The highest and the last share while we say `own` and they send `theirs`.
fn blame(own: &[f32], theirs: &[f32]) -> (f32, f32, Option<usize>) {
    let (mut sent, mut returned) = (Sent::default(), Returned::default());
    let (mut worst, mut found) = (0.0f32, None);
    for (i, (ours, heard)) in ticks(own).zip(ticks(theirs)).enumerate() {
        // Microphone and speaker are not turned in step: now and then there are none or two.
        if i % 50 != 7 {
            sent.capture(mean_square(ours));
        }
        if i % 50 == 8 {
            sent.capture(mean_square(ours));
        }
        sent.tick();
        returned.tick(&sent, heard);
        worst = worst.max(returned.share());
        if found.is_none() && returned.share() > 0.5 {
            found = Some(i * 10);
        }
    }
    (worst, returned.share(), found)
}

fn later(signal: &[f32], ms: usize, gain_db: f32) -> Vec<f32> {
    let mut out = vec![0.0; ms * 48];
    out.extend(signal.iter().map(|s| s * 10f32.powf(gain_db / 20.0)));
    out.truncate(signal.len());
    out
}

fn add(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

#[test]
fn whoever_sends_our_voice_back_is_found_and_nobody_else() {
    let people: Option<Vec<_>> = ["en+f3", "en+m10", "en-us+f2", "en-gb+m1"]
        .into_iter()
        .map(monologue)
        .collect();
    let Some(people) = people else {
        skipped(
            "whoever_sends_our_voice_back_is_found_and_nobody_else",
            "espeak-ng is not installed",
        );
        return;
    };
    let [a, b, c, d] = people.as_slice() else {
        unreachable!()
    };
    let room = noise(60.0, -65.0, 1);
    for own in [a, b] {
        for (ms, gain) in [(120, -6.0), (300, -20.0), (700, -30.0)] {
            let (_, end, found) = blame(own, &add(&later(own, ms, gain), &room));
            println!("echo after {ms} ms at {gain} dB: {end:.2}, found after {found:?} ms");
            assert!(end > 0.8 && found.is_some_and(|ms| ms < 8000), "{end}, {found:?}");
        }
    }
    // Somebody who talks at the same time, all the time.
    for (own, other) in [(a, b), (b, a), (a, c), (b, d), (c, d), (d, a)] {
        let (worst, end, _) = blame(own, &add(other, &room));
        println!("both talk: at worst {worst:.2}, {end:.2} at the end");
        assert!(worst < 0.5, "{worst}");
    }
    // Somebody who answers: each talks for 3 s.
    let turns = |signal: &[f32], mine: usize| -> Vec<f32> {
        signal
            .chunks(3 * 48_000)
            .enumerate()
            .flat_map(|(i, part)| part.iter().map(move |s| if i % 2 == mine { *s } else { 0.0 }))
            .collect()
    };
    for (own, other) in [(a, b), (b, c), (c, d)] {
        let (worst, end, _) = blame(&turns(own, 0), &add(&turns(other, 1), &room));
        println!("they take turns: at worst {worst:.2}, {end:.2} at the end");
        assert!(worst < 0.5, "{worst}");
    }
    // Somebody who sends us back and talks too.
    let (_, end, found) = blame(a, &add(&add(&later(a, 250, -10.0), &turns(b, 1)), &room));
    println!("echo and answers: {end:.2}, found after {found:?} ms");
    assert!(found.is_some(), "{end}");
    // Noise, and nothing.
    for theirs in [room, noise(60.0, -30.0, 2), vec![0.0; a.len()]] {
        assert_eq!(blame(a, &theirs).0, 0.0);
    }
}

#[test]
fn while_we_are_silent_nothing_is_learnt_and_nothing_forgotten() {
    let Some(own) = monologue("en+f3") else {
        skipped(
            "while_we_are_silent_nothing_is_learnt_and_nothing_forgotten",
            "espeak-ng is not installed",
        );
        return;
    };
    let (mut sent, mut returned) = (Sent::default(), Returned::default());
    let echo = later(&own, 200, -10.0);
    for (ours, theirs) in ticks(&own).zip(ticks(&echo)) {
        sent.capture(mean_square(ours));
        sent.tick();
        returned.tick(&sent, theirs);
    }
    let known = returned.share();
    assert!(known > 0.8, "{known}");
    for theirs in ticks(&monologue("en+m10").unwrap()) {
        sent.tick();
        returned.tick(&sent, theirs);
    }
    assert!((returned.share() - known).abs() < 0.2, "{}", returned.share());
}
