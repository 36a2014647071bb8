//! A WAV file of any kind, as 48 kHz mono.

use std::path::Path;

use hound::SampleFormat;

use crate::{Resampler, SAMPLE_RATE, VoiceError};

/// Reads all of `path`, mixes its channels to one and converts its rate.
pub(super) fn read(path: &Path) -> Result<Vec<f32>, VoiceError> {
    let fail = |source| VoiceError::ReadFile {
        path: path.to_owned(),
        source,
    };
    let mut file = hound::WavReader::open(path).map_err(fail)?;
    let spec = file.spec();
    let interleaved: Result<Vec<f32>, hound::Error> = match spec.sample_format {
        SampleFormat::Float => file.samples::<f32>().collect(),
        SampleFormat::Int => {
            // i32::MIN / 2^31 would be −1; smaller widths are scaled by theirs.
            let full = 2f32.powi(i32::from(spec.bits_per_sample.clamp(1, 32)) - 1);
            file.samples::<i32>().map(|s| s.map(|s| s as f32 / full)).collect()
        }
    };
    let interleaved = interleaved.map_err(fail)?;
    let channels = usize::from(spec.channels.max(1));
    let mono: Vec<f32> = interleaved
        .chunks_exact(channels)
        .map(|c| c.iter().sum::<f32>() / channels as f32)
        .collect();
    Resampler::whole(&mono, spec.sample_rate, SAMPLE_RATE)
}
