//! A little faster or slower without a change of pitch: one period of the voice is taken out or put in
//! (WSOLA, Verhelst and Roelands 1993).

use crate::format::us_to_samples;
use crate::level::{mean_square, power_to_db};

/// The shortest and longest piece taken out or put in: 2.5 and 15 ms, periods of 400 and 66 Hz.
const MIN_LAG: usize = 120;
pub(super) const MAX_LAG: usize = 720;
/// Length of the cross-fade that hides the seam: 5 ms.
pub(super) const FADE: usize = 240;
/// Compared for likeness: up to 10 ms.
const COMPARE: usize = 480;
/// Quieter than this, no seam is heard.
const QUIET_DBFS: f32 = -50.0;

/// How like its continuation a piece must be before it is touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Haste {
    /// Only where it cannot be heard.
    Gentle,
    /// Where it can hardly be heard: the delay is far off.
    Fast,
}

impl Haste {
    fn likeness(self) -> f32 {
        match self {
            Self::Gentle => 0.9,
            Self::Fast => 0.5,
        }
    }
}

/// Takes one period out of the front of `frame[..len]`; returns how many samples fewer there are, or 0 where nothing was alike
/// or that many would be too many (`most`).
pub(super) fn shorten(frame: &mut [f32], len: usize, most: usize, haste: Haste) -> usize {
    let Some(lag) = frame.get(..len).and_then(|f| find_lag(f, most, haste)) else {
        return 0;
    };
    // frame[lag..] takes over from frame[..] within the fade, then everything moves up.
    for at in 0..FADE {
        let (Some(a), Some(b)) = (frame.get(at).copied(), frame.get(at + lag).copied()) else {
            return 0;
        };
        if let Some(out) = frame.get_mut(at + lag) {
            *out = mix(a, b, at);
        }
    }
    frame.copy_within(lag..len, 0);
    lag
}

/// Puts the last period of `before`, which was played before it, once more in front of `frame[..len]`, which must have [`MAX_LAG`]
/// samples of room behind it; returns how many samples more there are, or 0.
pub(super) fn lengthen(before: &[f32; MAX_LAG], frame: &mut [f32], len: usize, haste: Haste) -> usize {
    if len < FADE || frame.len() < len + MAX_LAG {
        return 0;
    }
    let mut around = [0.0f32; MAX_LAG + COMPARE];
    let window = COMPARE.min(len);
    for (to, from) in around.iter_mut().zip(before.iter().chain(frame.iter().take(window))) {
        *to = *from;
    }
    let Some(lag) = around
        .get(..MAX_LAG + window)
        .and_then(|around| find_past_lag(around, haste))
    else {
        return 0;
    };
    // Played so far: up to the end of `before`. From there `frame` fades over into the period before, which leads up to `frame` again.
    frame.copy_within(0..len, lag);
    for at in 0..lag {
        let (Some(past), Some(out)) = (around.get(MAX_LAG - lag + at), frame.get_mut(at)) else {
            return 0;
        };
        *out = match around.get(MAX_LAG + at) {
            Some(onward) if at < FADE => mix(*onward, *past, at),
            _ => *past,
        };
    }
    lag
}

/// From `a` to `b` as `at` goes from 0 to [`FADE`].
pub(super) fn mix(a: f32, b: f32, at: usize) -> f32 {
    let part = (at + 1) as f32 / (FADE + 1) as f32;
    a + (b - a) * part
}

/// The lag at which the front of `frame` best repeats, if it repeats well enough.
fn find_lag(frame: &[f32], most: usize, haste: Haste) -> Option<usize> {
    let longest = MAX_LAG.min(most).min(frame.len().checked_sub(FADE)?);
    if longest < MIN_LAG {
        return None;
    }
    let coarse = best(frame, (MIN_LAG..=longest).step_by(4), 4)?;
    let around = coarse.0.saturating_sub(3).max(MIN_LAG)..=(coarse.0 + 3).min(longest);
    let (lag, likeness) = best(frame, around, 1)?;
    let quiet = power_to_db(mean_square(frame)) < QUIET_DBFS;
    (quiet || likeness >= haste.likeness()).then_some(lag)
}

/// The lag at which what begins at [`MAX_LAG`] in `around` best repeats what was before.
fn find_past_lag(around: &[f32], haste: Haste) -> Option<usize> {
    let onward = around.get(MAX_LAG..)?;
    let likeness = |lag: usize, step: usize| {
        let past = around.get(MAX_LAG - lag..)?;
        Some((lag, correlation(onward, past, step)))
    };
    let coarse = (MIN_LAG..=MAX_LAG)
        .step_by(4)
        .filter_map(|lag| likeness(lag, 4))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (lag, alike) = (coarse.0.saturating_sub(3).max(MIN_LAG)..=(coarse.0 + 3).min(MAX_LAG))
        .filter_map(|lag| likeness(lag, 1))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let quiet = power_to_db(mean_square(around)) < QUIET_DBFS;
    (quiet || alike >= haste.likeness()).then_some(lag)
}

fn best(frame: &[f32], lags: impl Iterator<Item = usize>, step: usize) -> Option<(usize, f32)> {
    lags.filter_map(|lag| {
        let window = COMPARE.min(frame.len().checked_sub(lag)?);
        let (front, back) = (frame.get(..window)?, frame.get(lag..lag + window)?);
        Some((lag, correlation(front, back, step)))
    })
    .max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Normalised, over every `step`th sample of the shorter.
fn correlation(front: &[f32], back: &[f32], step: usize) -> f32 {
    let (mut cross, mut a2, mut b2) = (0.0f32, 1e-9f32, 1e-9f32);
    for (a, b) in front.iter().zip(back).step_by(step) {
        cross += a * b;
        a2 += a * a;
        b2 += b * b;
    }
    cross / (a2 * b2).sqrt()
}

/// Samples in `us`, as a length: negative is none.
pub(super) fn length(us: i64) -> usize {
    usize::try_from(us_to_samples(us)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Rng, voice};

    fn tone(hz: f32, count: usize) -> Vec<f32> {
        (0..count)
            .map(|i| 0.4 * (i as f32 * std::f32::consts::TAU * hz / 48_000.0).sin())
            .collect()
    }

    /// The largest step between neighbours, by which a click shows.
    fn roughness(signal: &[f32]) -> f32 {
        signal.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_tone_loses_or_gains_whole_periods_without_a_seam() {
        let clean = tone(200.0, 2000);
        let smooth = roughness(&clean) * 1.05;
        let mut frame = clean[..960].to_vec();
        let gone = shorten(&mut frame, 960, MAX_LAG, Haste::Gentle);
        assert!(
            gone > 0 && gone.is_multiple_of(240),
            "whole periods of 240 samples: {gone}"
        );
        assert!(roughness(&frame[..960 - gone]) <= smooth);

        // Also where only 10 ms are there.
        for len in [960, 480] {
            let before: [f32; MAX_LAG] = clean[..MAX_LAG].try_into().unwrap();
            let mut frame = clean[MAX_LAG..MAX_LAG + len].to_vec();
            frame.resize(len + MAX_LAG, 0.0);
            let more = lengthen(&before, &mut frame, len, Haste::Gentle);
            assert!(more > 0 && more.is_multiple_of(240), "{more}");
            // The joints to what was before and what comes after are as smooth as the rest.
            let joined: Vec<f32> = before.iter().chain(&frame[..len + more]).copied().collect();
            assert!(roughness(&joined) <= smooth);
            assert_eq!(frame[len + more - 1], clean[MAX_LAG + len - 1]);
        }
    }

    #[test]
    fn what_does_not_repeat_is_left_alone() {
        let mut rng = Rng::new(4);
        let noise: Vec<f32> = (0..960).map(|_| rng.normal() as f32 * 0.2).collect();
        let mut frame = noise.clone();
        assert_eq!(shorten(&mut frame, 960, MAX_LAG, Haste::Gentle), 0);
        assert_eq!(frame, noise);
    }

    #[test]
    fn near_silence_may_always_be_stretched_and_no_more_than_asked_is_taken() {
        let mut frame = vec![0.0; 960];
        let gone = shorten(&mut frame, 960, 300, Haste::Gentle);
        assert!((MIN_LAG..=300).contains(&gone));
        assert_eq!(shorten(&mut frame, 960, 100, Haste::Fast), 0);
        assert_eq!(shorten(&mut frame, 100, 300, Haste::Fast), 0, "too short a frame");
    }

    #[test]
    fn speech_keeps_its_pitch() {
        let speech = voice(1.0, 5);
        let mut stretched = 0;
        for frame in speech.chunks_exact(960) {
            let mut work = frame.to_vec();
            let before = roughness(frame).max(0.02);
            let gone = shorten(&mut work, 960, MAX_LAG, Haste::Gentle);
            stretched += usize::from(gone > 0);
            assert!(roughness(&work[..960 - gone]) < before * 1.5);
        }
        assert!(stretched > 10, "{stretched} of 50");
    }
}
