//! Opening one device.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{BufferSize, FromSample, Sample, SampleFormat, SizedSample, StreamConfig, SupportedStreamConfigRange};

use super::{InputEnd, LostFlag, OutputEnd, PortShared};
use crate::priority::promote_this_thread;
use crate::{SAMPLE_RATE, VoiceError};

/// How long the system may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// What a ring holds, in hundredths of a second: 200 ms. More than that late, sound is useless.
const RING_HUNDREDTHS: usize = 20;

/// Gives `$body` with `T` as the type of a sample format, or `$other`.
macro_rules! for_format {
    ($format:expr, $T:ident => $body:expr, $other:expr) => {
        match $format {
            SampleFormat::F32 => {
                type $T = f32;
                $body
            }
            SampleFormat::F64 => {
                type $T = f64;
                $body
            }
            SampleFormat::I8 => {
                type $T = i8;
                $body
            }
            SampleFormat::I16 => {
                type $T = i16;
                $body
            }
            SampleFormat::I24 => {
                type $T = cpal::I24;
                $body
            }
            SampleFormat::I32 => {
                type $T = i32;
                $body
            }
            SampleFormat::I64 => {
                type $T = i64;
                $body
            }
            SampleFormat::U8 => {
                type $T = u8;
                $body
            }
            SampleFormat::U16 => {
                type $T = u16;
                $body
            }
            SampleFormat::U24 => {
                type $T = cpal::U24;
                $body
            }
            SampleFormat::U32 => {
                type $T = u32;
                $body
            }
            SampleFormat::U64 => {
                type $T = u64;
                $body
            }
            _ => $other,
        }
    };
}

/// Opens a microphone and starts it.
pub(super) fn input(
    device: &cpal::Device,
    shared: &Arc<PortShared>,
    lost: &LostFlag,
) -> Result<(cpal::Stream, InputEnd), VoiceError> {
    let ranges = device
        .supported_input_configs()
        .map(Iterator::collect)
        .unwrap_or_default();
    let (config, format) = choose(ranges, device.default_input_config())?;
    let mut last = VoiceError::Device("no buffer size was accepted".into());
    for buffer_size in buffer_sizes(config.sample_rate) {
        let config = StreamConfig { buffer_size, ..config };
        let (producer, consumer) = rtrb::RingBuffer::new(config.sample_rate as usize * RING_HUNDREDTHS / 100);
        let built = for_format!(format, T => build_input::<T>(device, config, producer, shared, lost), return Err(unknown(format)));
        match built.and_then(|stream| stream.play().map(|()| stream)) {
            Ok(stream) => {
                return Ok((
                    stream,
                    InputEnd {
                        ring: consumer,
                        rate: config.sample_rate,
                    },
                ));
            }
            Err(error) => last = refused(&error),
        }
    }
    Err(last)
}

/// Opens a speaker and starts it.
pub(super) fn output(
    device: &cpal::Device,
    shared: &Arc<PortShared>,
    lost: &LostFlag,
) -> Result<(cpal::Stream, OutputEnd), VoiceError> {
    let ranges = device
        .supported_output_configs()
        .map(Iterator::collect)
        .unwrap_or_default();
    let (config, format) = choose(ranges, device.default_output_config())?;
    let mut last = VoiceError::Device("no buffer size was accepted".into());
    for buffer_size in buffer_sizes(config.sample_rate) {
        let config = StreamConfig { buffer_size, ..config };
        let (producer, consumer) = rtrb::RingBuffer::new(config.sample_rate as usize * RING_HUNDREDTHS / 100);
        shared.period.store(0, Ordering::Relaxed);
        let built = for_format!(format, T => build_output::<T>(device, config, consumer, shared, lost), return Err(unknown(format)));
        match built.and_then(|stream| stream.play().map(|()| stream)) {
            Ok(stream) => {
                return Ok((
                    stream,
                    OutputEnd {
                        ring: producer,
                        rate: config.sample_rate,
                    },
                ));
            }
            Err(error) => last = refused(&error),
        }
    }
    Err(last)
}

/// 10 ms, always: a device left to choose can take seconds, more than the rings hold. What refuses 10 may take more, up to what
/// two periods of still fit into a ring.
fn buffer_sizes(rate: u32) -> [BufferSize; 3] {
    [100, 50, 20].map(|share| BufferSize::Fixed(rate / share))
}

/// The callback mixes the channels to one and moves them to the ring. It allocates, locks and logs nothing; the first time it asks for
/// real-time priority, which waits for nothing.
fn build_input<T>(
    device: &cpal::Device,
    config: StreamConfig,
    mut ring: rtrb::Producer<f32>,
    shared: &Arc<PortShared>,
    lost: &LostFlag,
) -> Result<cpal::Stream, cpal::Error>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let channels = usize::from(config.channels.max(1));
    let share = 1.0 / channels as f32;
    let counters = Arc::clone(shared);
    let mut promoted = false;
    device.build_input_stream::<T, _, _>(
        config,
        move |data, _| {
            if !std::mem::replace(&mut promoted, true) {
                promote_this_thread();
            }
            let frames = data.len() / channels;
            let count = frames.min(ring.slots());
            if count < frames {
                counters.xruns.fetch_add(1, Ordering::Relaxed);
            }
            if let Ok(chunk) = ring.write_chunk_uninit(count) {
                let mono = data
                    .chunks_exact(channels)
                    .map(|frame| frame.iter().map(|s| f32::from_sample(*s)).sum::<f32>() * share);
                chunk.fill_from_iter(mono);
            }
        },
        on_error(shared, lost),
        Some(PATIENCE),
    )
}

/// The callback moves samples from the ring to every channel. It allocates, locks and logs nothing; the first time it asks for
/// real-time priority, which waits for nothing.
fn build_output<T>(
    device: &cpal::Device,
    config: StreamConfig,
    mut ring: rtrb::Consumer<f32>,
    shared: &Arc<PortShared>,
    lost: &LostFlag,
) -> Result<cpal::Stream, cpal::Error>
where
    T: SizedSample + FromSample<f32>,
{
    let channels = usize::from(config.channels.max(1));
    let counters = Arc::clone(shared);
    // Whether sound flows. Before the first and after the last there is nothing to miss.
    let mut flowing = false;
    let mut promoted = false;
    device.build_output_stream::<T, _, _>(
        config,
        move |data, _| {
            if !std::mem::replace(&mut promoted, true) {
                promote_this_thread();
            }
            let frames = data.len() / channels;
            counters
                .period
                .fetch_max(u32::try_from(frames).unwrap_or(u32::MAX), Ordering::Relaxed);
            let count = frames.min(ring.slots());
            if count < frames && flowing {
                counters.xruns.fetch_add(1, Ordering::Relaxed);
            }
            flowing = count == frames;
            let mut out = data.chunks_exact_mut(channels);
            if let Ok(chunk) = ring.read_chunk(count) {
                for (frame, sample) in out.by_ref().zip(chunk) {
                    frame.fill(T::from_sample(sample));
                }
            }
            for frame in out {
                frame.fill(T::EQUILIBRIUM);
            }
        },
        on_error(shared, lost),
        Some(PATIENCE),
    )
}

/// Called by the system, possibly from the device's own thread: sets flags, nothing else.
fn on_error(shared: &Arc<PortShared>, lost: &LostFlag) -> impl FnMut(cpal::Error) + Send + 'static {
    let (shared, lost): (_, Arc<AtomicBool>) = (Arc::clone(shared), Arc::clone(lost));
    move |error| match error.kind() {
        cpal::ErrorKind::Xrun => {
            shared.xruns.fetch_add(1, Ordering::Relaxed);
        }
        // Still running.
        cpal::ErrorKind::DeviceChanged | cpal::ErrorKind::RealtimeDenied => {}
        _ => lost.store(true, Ordering::Release),
    }
}

/// The format nearest to ours: 48 kHz, float, one or two channels; else what the device prefers, which is then converted.
fn choose(
    ranges: Vec<SupportedStreamConfigRange>,
    default: Result<cpal::SupportedStreamConfig, cpal::Error>,
) -> Result<(StreamConfig, SampleFormat), VoiceError> {
    let usual = default.as_ref().map(|d| d.channels()).unwrap_or(2);
    let best = ranges
        .into_iter()
        .filter(|range| (range.min_sample_rate()..=range.max_sample_rate()).contains(&SAMPLE_RATE))
        .filter_map(|range| {
            let format = match range.sample_format() {
                SampleFormat::F32 => 3,
                SampleFormat::I16 | SampleFormat::I32 => 2,
                format => for_format!(format, T => std::mem::size_of::<T>().min(1), return None),
            };
            // A second channel costs little; four or more are some special plumbing.
            let channels = match range.channels() {
                0 => return None,
                n if n == usual && n <= 2 => 4,
                1 | 2 => 3,
                n if n == usual => 1,
                _ => 0,
            };
            Some((channels * 4 + format, range))
        })
        .max_by_key(|(score, _)| *score);
    if let Some((_, range)) = best {
        let config = StreamConfig {
            channels: range.channels(),
            sample_rate: SAMPLE_RATE,
            buffer_size: BufferSize::Fixed(SAMPLE_RATE / 100),
        };
        return Ok((config, range.sample_format()));
    }
    default
        .map(|d| (d.config(), d.sample_format()))
        .map_err(|error| refused(&error))
}

fn unknown(format: SampleFormat) -> VoiceError {
    VoiceError::Device(format!("its sample format {format} is not known"))
}

pub(super) fn refused(error: &cpal::Error) -> VoiceError {
    match error.kind() {
        cpal::ErrorKind::PermissionDenied => VoiceError::Denied,
        cpal::ErrorKind::HostUnavailable => VoiceError::NoSoundService(error.to_string()),
        _ => VoiceError::Device(error.to_string()),
    }
}
