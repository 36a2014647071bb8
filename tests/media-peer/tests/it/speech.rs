//! What is said in these calls: two sentences of two voices, made where the tests run.

use std::{path::Path, process::Command};

use crate::here::skipped;

pub(crate) const RATE: u32 = 48_000;
const WORDS: [(&str, &str); 2] = [
    (
        "en",
        "The quick brown fox jumps over the lazy dog while seven ships sail west at dawn.",
    ),
    (
        "en+f3",
        "Please bring four green apples and a bottle of cold water to the station before noon.",
    ),
];
/// Nothing is said for so long at first: a side may begin before the other has got there.
const PAUSE: usize = 36_000;

/// Both sentences at 48 kHz; says so and gives none where there is no voice to make them.
pub(crate) fn two(test: &str) -> Option<[Vec<f32>; 2]> {
    let folder = tempfile::tempdir().unwrap();
    let mut made = WORDS.iter().enumerate().map(|(i, (voice, words))| {
        let path = folder.path().join(format!("{i}.wav"));
        let status = Command::new("espeak-ng")
            .args(["-s", "150", "-v", voice, "-w"])
            .arg(&path)
            .arg(words)
            .status();
        if !status.is_ok_and(|status| status.success()) {
            return None;
        }
        let (samples, rate) = read(&path);
        let mut said = vec![0.0; PAUSE];
        let step = f64::from(rate) / f64::from(RATE);
        said.extend((0..(samples.len() as f64 / step) as usize).map(|i| {
            let (at, part) = ((i as f64 * step) as usize, (i as f64 * step).fract() as f32);
            let next = samples.get(at + 1).copied().unwrap_or(0.0);
            samples[at] * (1.0 - part) + next * part
        }));
        Some(said)
    });
    let both = (made.next().flatten(), made.next().flatten());
    let (Some(first), Some(second)) = both else {
        skipped(test, "espeak-ng, which makes the speech, is not installed");
        return None;
    };
    Some([first, second])
}

/// Samples and their rate.
pub(crate) fn read(path: &Path) -> (Vec<f32>, u32) {
    let mut file = hound::WavReader::open(path).unwrap();
    let samples = file
        .samples::<i16>()
        .map(|s| f32::from(s.unwrap()) / 32_768.0)
        .collect();
    (samples, file.spec().sample_rate)
}

pub(crate) fn write(path: &Path, samples: &[f32]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec).unwrap();
    for sample in samples {
        file.write_sample((sample * 32_767.0) as i16).unwrap();
    }
    file.finalize().unwrap();
}
