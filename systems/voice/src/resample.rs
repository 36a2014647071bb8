//! From one sample rate to another, as a stream.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Resampler as _, SincInterpolationParameters, WindowFunction};

use crate::VoiceError;

/// Rates of real devices and files, Hz.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=768_000;
/// Length of the interpolation filter. 128 keeps sound clean up to 20 kHz at a millisecond and a half of delay.
const FILTER: usize = 128;

/// Converts one channel from one rate to another. Band-limited (windowed sinc); equal rates pass bit for bit. Only
/// [`process`](Self::process)'s caller's own vector may grow.
pub struct Resampler {
    inner: Option<Converter>,
}

struct Converter {
    sinc: Async<f32>,
    /// Input waiting for a whole chunk.
    input: Vec<f32>,
    chunk: usize,
    output: Vec<f32>,
}

impl Resampler {
    /// A converter between two rates in Hz.
    ///
    /// # Errors
    /// [`VoiceError::Rate`] for a rate outside 4 to 768 kHz.
    pub fn new(from: u32, to: u32) -> Result<Self, VoiceError> {
        for rate in [from, to] {
            if !RATES.contains(&rate) {
                return Err(VoiceError::Rate { rate });
            }
        }
        if from == to {
            return Ok(Self { inner: None });
        }
        // 5 ms of input at a time: little delay, and little overhead.
        let chunk = (from / 200).max(1) as usize;
        let parameters = SincInterpolationParameters::new(FILTER, WindowFunction::BlackmanHarris2);
        let ratio = f64::from(to) / f64::from(from);
        let sinc = Async::<f32>::new_sinc(ratio, 1.01, &parameters, chunk, 1, FixedAsync::Input)
            .map_err(|_| VoiceError::Rate { rate: from })?;
        let output = vec![0.0; sinc.output_frames_max()];
        Ok(Self {
            inner: Some(Converter {
                sinc,
                input: Vec::with_capacity(2 * chunk),
                chunk,
                output,
            }),
        })
    }

    /// Converts `input` and appends what is finished to `out`.
    pub fn process(&mut self, input: &[f32], out: &mut Vec<f32>) {
        let Some(converter) = &mut self.inner else {
            out.extend_from_slice(input);
            return;
        };
        for sample in input {
            converter.input.push(*sample);
            if converter.input.len() == converter.chunk {
                converter.run(out);
            }
        }
    }

    /// Converts a whole recording, the filter's delay taken off both ends.
    ///
    /// # Errors
    /// [`VoiceError::Rate`] as [`new`](Self::new).
    pub fn whole(input: &[f32], from: u32, to: u32) -> Result<Vec<f32>, VoiceError> {
        let mut converter = Self::new(from, to)?;
        let Some(delay) = converter.inner.as_ref().map(|c| c.sinc.output_delay()) else {
            return Ok(input.to_vec());
        };
        let wanted = usize::try_from(input.len() as u64 * u64::from(to) / u64::from(from)).unwrap_or(usize::MAX);
        let mut out = Vec::with_capacity(wanted + 2 * delay);
        converter.process(input, &mut out);
        let silence = vec![0.0; (from / 100) as usize];
        while out.len() < wanted + delay {
            converter.process(&silence, &mut out);
        }
        out.drain(..delay);
        out.truncate(wanted);
        Ok(out)
    }
}

impl Converter {
    fn run(&mut self, out: &mut Vec<f32>) {
        let room = self.output.len();
        let done = {
            let (Ok(input), Ok(mut output)) = (
                InterleavedSlice::new(&self.input, 1, self.chunk),
                InterleavedSlice::new_mut(&mut self.output, 1, room),
            ) else {
                return;
            };
            self.sinc
                .process_into_buffer(&input, &mut output, None)
                .map_or(0, |(_, written)| written)
        };
        out.extend(self.output.iter().take(done));
        self.input.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{correlation, dbfs};

    fn tone(rate: u32, hz: f32, seconds: f32) -> Vec<f32> {
        (0..(rate as f32 * seconds) as usize)
            .map(|i| 0.5 * (i as f32 / rate as f32 * hz * std::f32::consts::TAU).sin())
            .collect()
    }

    #[test]
    fn a_tone_keeps_its_pitch_length_and_loudness_at_every_common_rate() {
        for rate in [8_000, 16_000, 22_050, 44_100, 48_000, 88_200, 96_000, 192_000] {
            let got = Resampler::whole(&tone(rate, 1000.0, 1.0), rate, 48_000).unwrap();
            assert_eq!(got.len(), 48_000, "{rate}");
            let truth = tone(48_000, 1000.0, 1.0);
            // The filter's delay is a whole number of samples only to within one.
            let alike = (1999..=2001)
                .map(|at| correlation(&got[at..at + 44_000], &truth[2000..46_000]))
                .fold(0.0, f64::max);
            assert!(alike > 0.998, "{rate}: {alike}");
            assert!((dbfs(&got[2000..46_000]) - dbfs(&truth)).abs() < 0.1, "{rate}");
        }
    }

    #[test]
    fn a_tone_above_the_new_rates_reach_is_not_folded_back() {
        let got = Resampler::whole(&tone(96_000, 30_000.0, 0.5), 96_000, 48_000).unwrap();
        assert!(dbfs(&got[2000..22_000]) < -60.0);
    }

    #[test]
    fn it_does_not_matter_in_what_pieces_a_stream_comes() {
        let input = tone(44_100, 440.0, 0.3);
        let run = |piece: usize| {
            let mut resampler = Resampler::new(44_100, 48_000).unwrap();
            let mut out = Vec::new();
            input.chunks(piece).for_each(|p| resampler.process(p, &mut out));
            out
        };
        assert_eq!(run(1), run(441));
        assert_eq!(run(1), run(5000));
    }

    #[test]
    fn equal_rates_pass_bit_for_bit_and_absurd_rates_are_refused() {
        let input = tone(48_000, 440.0, 0.1);
        assert_eq!(Resampler::whole(&input, 48_000, 48_000).unwrap(), input);
        assert!(matches!(Resampler::new(0, 48_000), Err(VoiceError::Rate { rate: 0 })));
        assert!(matches!(Resampler::new(48_000, 1 << 30), Err(VoiceError::Rate { .. })));
    }
}
