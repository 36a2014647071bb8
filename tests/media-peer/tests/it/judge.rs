//! Whether what was heard is what was said: short-time objective intelligibility (Taal, Hendriks, Heusdens, Jensen, IEEE TASLP
//! 19(7), 2011), segment by segment, after the two recordings were laid over
//! each other.

use std::f64::consts::{PI, TAU};

/// Samples a second of what is compared: every fifth of 48 000.
const RATE: f64 = 9_600.0;
const FIFTH: usize = 5;
/// A frame and the step to the next.
const FRAME: usize = 256;
const STEP: usize = 128;
const BINS: usize = 512;
/// Third-octave bands from this middle on.
const BANDS: usize = 15;
const LOWEST: f64 = 150.0;
/// Frames of one segment, some 400 ms.
const SEGMENT: usize = 30;
/// Frames so far below the loudest are silence and are left out, in dB.
const QUIET: f64 = 40.0;
/// Each segment is looked for so many steps before and behind its place, some 80 ms: a jitter buffer seats each stretch of talk anew, which
/// nobody hears. Samples of a step.
const DRIFT: i64 = 12;
const FINE: i64 = 64;
/// What a band may lack at most before it counts no further, in dB.
const FLOOR: f64 = -15.0;

/// How well one understands `heard` as `said`, both at 48 kHz: about 1 for the same, about 0 for nothing in common.
pub(crate) fn understood(said: &[f32], heard: &[f32]) -> f64 {
    let (said, heard) = (decimate(said), decimate(heard));
    let coarse = coarse_lag(&said, &heard);
    let spoken = Spoken::new(&said);
    let lags: Vec<Vec<f64>> = (-DRIFT..=DRIFT)
        .map(|fine| spoken.segments(&shift(&heard, coarse + fine * FINE)))
        .collect();
    let count = lags[0].len();
    let best = |segment: usize| lags.iter().map(|scores| scores[segment]).fold(f64::MIN, f64::max);
    (0..count).map(best).sum::<f64>() / count.max(1) as f64
}

fn decimate(samples: &[f32]) -> Vec<f64> {
    // A windowed sinc with its edge at nine tenths of the new half rate.
    let half = 60i32;
    let taps: Vec<f64> = (-half..=half)
        .map(|n| {
            let x = f64::from(n) * 0.9 / FIFTH as f64;
            let sinc = if n == 0 { 1.0 } else { (PI * x).sin() / (PI * x) };
            sinc * (0.54 + 0.46 * (PI * f64::from(n) / f64::from(half)).cos()) * 0.9 / FIFTH as f64
        })
        .collect();
    (0..samples.len())
        .step_by(FIFTH)
        .map(|at| {
            let from = at as i64 - i64::from(half);
            let tap = |(i, tap): (usize, &f64)| {
                let sample = usize::try_from(from + i as i64).ok().and_then(|at| samples.get(at));
                sample.map_or(0.0, |sample| f64::from(*sample) * tap)
            };
            taps.iter().enumerate().map(tap).sum()
        })
        .collect()
}

/// `heard` from `lag` on; silence where there is nothing.
fn shift(heard: &[f64], lag: i64) -> Vec<f64> {
    if lag >= 0 {
        heard.iter().skip(lag as usize).copied().collect()
    } else {
        let mut shifted = vec![0.0; lag.unsigned_abs() as usize];
        shifted.extend_from_slice(heard);
        shifted
    }
}

/// Samples by which `heard` comes later, to 10 ms, by its loudness.
fn coarse_lag(said: &[f64], heard: &[f64]) -> i64 {
    const TEN_MS: usize = 96;
    let loudness = |samples: &[f64]| -> Vec<f64> {
        let levels: Vec<f64> = samples
            .chunks(TEN_MS)
            .map(|part| part.iter().map(|s| s * s).sum::<f64>().sqrt())
            .collect();
        let mean = levels.iter().sum::<f64>() / levels.len().max(1) as f64;
        levels.iter().map(|level| level - mean).collect()
    };
    let (said, heard) = (loudness(said), loudness(heard));
    let alike = |lag: i64| -> f64 {
        let pairs = said.iter().enumerate().filter_map(|(i, s)| {
            let at = usize::try_from(i as i64 + lag).ok()?;
            heard.get(at).map(|h| s * h)
        });
        pairs.sum()
    };
    let best = (-300..=300i64).max_by(|a, b| alike(*a).total_cmp(&alike(*b)));
    best.unwrap_or(0) * TEN_MS as i64
}

/// What is compared with: the frames that are not silent.
struct Spoken {
    starts: Vec<usize>,
    frames: Vec<[f64; BANDS]>,
}

impl Spoken {
    fn new(said: &[f64]) -> Self {
        let all = (0..said.len().saturating_sub(FRAME)).step_by(STEP);
        let power = |at: usize| 10.0 * (said[at..at + FRAME].iter().map(|s| s * s).sum::<f64>() + 1e-12).log10();
        let loudest = all.clone().map(power).fold(f64::MIN, f64::max);
        let starts: Vec<usize> = all.filter(|at| power(*at) > loudest - QUIET).collect();
        let frames = starts.iter().map(|at| bands(&said[*at..*at + FRAME])).collect();
        Self { starts, frames }
    }

    /// How well each segment is understood in what was heard.
    fn segments(&self, heard: &[f64]) -> Vec<f64> {
        let frame = |at: &usize| heard.get(*at..*at + FRAME).map_or([0.0; BANDS], bands);
        let heard: Vec<[f64; BANDS]> = self.starts.iter().map(frame).collect();
        let pairs = self.frames.windows(SEGMENT).zip(heard.windows(SEGMENT));
        let score = |(x, y): (&[[f64; BANDS]], &[[f64; BANDS]])| {
            let of_band = |band: usize| {
                let x: Vec<f64> = x.iter().map(|frame| frame[band]).collect();
                let y: Vec<f64> = y.iter().map(|frame| frame[band]).collect();
                correlation(&x, &clipped(&x, &y))
            };
            (0..BANDS).map(of_band).sum::<f64>() / BANDS as f64
        };
        pairs.map(score).collect()
    }
}

/// `y` as loud as `x` in all, and nowhere further above it than the floor says.
fn clipped(x: &[f64], y: &[f64]) -> Vec<f64> {
    let energy = |v: &[f64]| v.iter().map(|s| s * s).sum::<f64>();
    let gain = (energy(x) / energy(y).max(1e-20)).sqrt();
    let most = 1.0 + 10f64.powf(-FLOOR / 20.0);
    y.iter().zip(x).map(|(y, x)| (y * gain).min(x * most)).collect()
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (mx, my) = (mean(x), mean(y));
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        xy += (x - mx) * (y - my);
        xx += (x - mx).powi(2);
        yy += (y - my).powi(2);
    }
    xy / (xx * yy).sqrt().max(1e-20)
}

/// Amplitudes of a frame in third octaves.
fn bands(frame: &[f64]) -> [f64; BANDS] {
    let mut re = [0.0; BINS];
    let mut im = [0.0; BINS];
    for (i, sample) in frame.iter().enumerate() {
        re[i] = sample * (0.5 - 0.5 * (TAU * i as f64 / FRAME as f64).cos());
    }
    fourier(&mut re, &mut im);
    std::array::from_fn(|band| {
        let middle = LOWEST * 2f64.powf(band as f64 / 3.0);
        let bin = |hz: f64| ((hz * BINS as f64 / RATE).round() as usize).min(BINS / 2);
        let sixth = 2f64.powf(1.0 / 6.0);
        let power: f64 = (bin(middle / sixth)..bin(middle * sixth).max(bin(middle / sixth) + 1))
            .map(|i| re[i] * re[i] + im[i] * im[i])
            .sum();
        power.sqrt()
    })
}

/// In place, radix 2.
fn fourier(re: &mut [f64; BINS], im: &mut [f64; BINS]) {
    let bits = BINS.trailing_zeros();
    for i in 0..BINS {
        let j = i.reverse_bits() >> (usize::BITS - bits);
        if i < j {
            re.swap(i, j);
            im.swap(i, j);
        }
    }
    let mut size = 2;
    while size <= BINS {
        for start in (0..BINS).step_by(size) {
            for k in 0..size / 2 {
                let (sin, cos) = (-TAU * k as f64 / size as f64).sin_cos();
                let (a, b) = (start + k, start + k + size / 2);
                let (r, i) = (re[b] * cos - im[b] * sin, re[b] * sin + im[b] * cos);
                (re[b], im[b]) = (re[a] - r, im[a] - i);
                (re[a], im[a]) = (re[a] + r, im[a] + i);
            }
        }
        size *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech;

    #[test]
    fn the_same_words_are_understood_late_soft_and_in_a_little_noise() {
        let Some([said, _]) = speech::two("the judge of speech") else {
            return;
        };
        let mut seed = 7u32;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f64::from(seed >> 8) / f64::from(1u32 << 24) - 0.5) as f32
        };
        let late: Vec<f32> = std::iter::repeat_n(0.0, 31_007)
            .chain(said.iter().map(|s| s * 0.3))
            .map(|s| s + 0.005 * noise())
            .collect();
        let score = understood(&said, &late);
        assert!(score > 0.9, "{score}");
    }

    #[test]
    fn other_words_noise_and_half_the_words_are_not() {
        let Some([said, other]) = speech::two("the judge of speech") else {
            return;
        };
        let score = understood(&said, &other);
        assert!(score < 0.6, "other words: {score}");
        let score = understood(&said, &vec![0.0; said.len()]);
        assert!(score < 0.1, "silence: {score}");
        let mut torn = said.clone();
        // Every other 100 ms is missing.
        for gap in torn.chunks_mut(9_600) {
            let half = gap.len() / 2;
            gap[..half].fill(0.0);
        }
        let score = understood(&said, &torn);
        assert!(score < 0.8, "torn: {score}");
    }
}
