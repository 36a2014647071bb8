//! Signals and measures for tests: seeded, so that a failure repeats.

/// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, good enough for traces.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In 0..1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    /// Normal, mean 0, deviation 1 (Irwin–Hall).
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// Something like speech: syllables of a gliding, vowel-like harmonic tone four times a second, joined by quiet
/// consonant-like noise. About −20 dBFS while it sounds. No long pauses.
pub(crate) fn voice(seconds: f64, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed);
    let count = (seconds * 48_000.0).round() as usize;
    let mut phase = 0.0f64;
    let (mut noise, mut vowel) = (0.0f64, 0usize);
    let mut drift = 0.0;
    (0..count)
        .map(|i| {
            let t = i as f64 / 48_000.0;
            if i % 12_000 == 0 {
                vowel = rng.below(3);
                drift = rng.normal() * 12.0;
            }
            let pitch = 130.0 + drift + 25.0 * (t * 5.0).sin();
            phase = (phase + pitch / 48_000.0).fract();
            let formants: [(f64, f64); 3] = [
                [(700.0, 1.0), (1200.0, 0.6), (2600.0, 0.3)],
                [(300.0, 1.0), (2200.0, 0.5), (3000.0, 0.3)],
                [(450.0, 1.0), (800.0, 0.6), (2500.0, 0.2)],
            ][vowel];
            let tone: f64 = (1..=24)
                .map(|h| {
                    let f = pitch * h as f64;
                    let gain: f64 = formants
                        .iter()
                        .map(|(c, g)| g * (-((f - c) / 180.0).powi(2)).exp())
                        .sum::<f64>()
                        + 0.04;
                    gain * (std::f64::consts::TAU * phase * h as f64).sin()
                })
                .sum();
            noise = 0.5 * noise + 0.5 * rng.normal();
            let syllable = (std::f64::consts::PI * (t * 4.0).fract()).sin().powi(2);
            (0.12 * tone * syllable + 0.01 * noise * (1.0 - syllable)) as f32
        })
        .collect()
}

/// White noise with the given RMS in dBFS.
pub(crate) fn noise(seconds: f64, dbfs: f64, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed);
    let amplitude = 10f64.powf(dbfs / 20.0);
    (0..(seconds * 48_000.0) as usize)
        .map(|_| (rng.normal() * amplitude) as f32)
        .collect()
}

/// Mains hum: 50 Hz and its harmonics, with the given RMS in dBFS.
pub(crate) fn hum(seconds: f64, dbfs: f64) -> Vec<f32> {
    let amplitude = 10f64.powf(dbfs / 20.0);
    (0..(seconds * 48_000.0) as usize)
        .map(|i| {
            let t = i as f64 / 48_000.0 * std::f64::consts::TAU;
            let wave = (50.0 * t).sin() + 0.5 * (100.0 * t).sin() + 0.3 * (150.0 * t).sin();
            (wave * amplitude / 0.82) as f32
        })
        .collect()
}

/// Normalised correlation of two signals of one length, in −1..1.
pub(crate) fn correlation(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let (mut ab, mut aa, mut bb) = (0.0f64, 0.0f64, 0.0f64);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (f64::from(*x), f64::from(*y));
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    ab / (aa * bb).sqrt().max(1e-12)
}

/// The whole 10 ms ticks of a signal.
pub(crate) fn ticks(samples: &[f32]) -> impl Iterator<Item = &[f32; 480]> {
    samples.chunks_exact(480).map(|c| c.try_into().unwrap())
}

/// RMS in dBFS.
pub(crate) fn dbfs(samples: &[f32]) -> f64 {
    let power = samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len().max(1) as f64;
    10.0 * power.max(1e-12).log10()
}

/// Says that a test does not run here and why, and where `./dev test` counts that.
pub(crate) fn skipped(test: &str, reason: &str) {
    use std::io::Write;
    println!("SKIPPED: {test}: {reason}");
    if let Some(path) = std::env::var_os("ORRERY_SKIPS") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        writeln!(file.unwrap(), "{test}: {reason}").unwrap();
    }
}

/// How far apart two signals of one timing sound: the mean difference of their spectra, in dB, over 16 bands of speech and frames of
/// 20 ms, where the first is not silent (log-spectral distance, Gray and Markel 1976).
pub(crate) fn distance(sent: &[f32], heard: &[f32]) -> f64 {
    apart(&Spectrum::new(), sent, heard)
}

/// The same after the best shift of the second by up to `reach` samples, in steps of 2.5 ms.
pub(crate) fn closest(sent: &[f32], heard: &[f32], reach: usize) -> f64 {
    let spectrum = Spectrum::new();
    (0..reach)
        .step_by(120)
        .filter_map(|shift| Some(apart(&spectrum, sent, heard.get(shift..)?)))
        .fold(f64::INFINITY, f64::min)
}

fn apart(spectrum: &Spectrum, sent: &[f32], heard: &[f32]) -> f64 {
    let (mut sum, mut count) = (0.0, 0usize);
    for (a, b) in sent.chunks_exact(960).zip(heard.chunks_exact(960)) {
        if dbfs(a) < -45.0 {
            continue;
        }
        let (a, b) = (spectrum.of(a), spectrum.of(b));
        let apart: f32 = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum();
        sum += f64::from(apart / a.len() as f32).sqrt();
        count += 1;
    }
    sum / count.max(1) as f64
}

/// The power at the middle of bands, over a raised cosine of 20 ms, of every fourth sample: speech has little above 6 kHz.
struct Spectrum(Vec<[(f32, f32); 240]>);

impl Spectrum {
    fn new() -> Self {
        let bands = [
            150.0, 250.0, 350.0, 450.0, 570.0, 700.0, 840.0, 1000.0, 1170.0, 1370.0, 1600.0, 1850.0, 2150.0, 2500.0,
            2900.0, 3400.0,
        ];
        let wave = |hz: f64| {
            std::array::from_fn(|i| {
                let window = 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / 240.0).cos();
                let (sin, cos) = (std::f64::consts::TAU * hz * i as f64 / 12_000.0).sin_cos();
                ((window * cos) as f32, (window * sin) as f32)
            })
        };
        Self(bands.into_iter().map(wave).collect())
    }

    fn of(&self, frame: &[f32]) -> Vec<f32> {
        let power = |wave: &[(f32, f32); 240]| {
            let (mut re, mut im) = (0.0f32, 0.0f32);
            for ((cos, sin), s) in wave.iter().zip(frame.iter().step_by(4)) {
                re += cos * s;
                im += sin * s;
            }
            10.0 * (re * re + im * im + 1e-4).log10()
        };
        self.0.iter().map(power).collect()
    }
}
