//! Opening one device.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{BufferSize, FromSample, Sample, SampleFormat, SizedSample, StreamConfig, SupportedStreamConfigRange};

use super::{InputEnd, LostFlag, OutputEnd, PortShared};
use crate::priority::promote_this_thread_soon;
use crate::{SAMPLE_RATE, VoiceError};

/// How long the system may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// Lengths of a callback that are asked for, as shares of a second: 5, 10, 20 and 50 ms. What refuses one may take the next; a device left to
/// choose can take seconds, more than the rings hold.
pub(super) const PERIODS: [u32; 4] = [200, 100, 50, 20];
/// A callback of a speaker this many periods after the last came too late: the system holds two.
const LATE_PERIODS: u32 = 2;
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

/// An open device; dropped, it closes.
pub(super) enum Stream {
    Cpal(#[allow(dead_code, reason = "held for its drop")] cpal::Stream),
    #[cfg(target_os = "linux")]
    Pulse(#[allow(dead_code, reason = "held for its drop")] super::pulse::Stream),
}

/// Opens a microphone and starts it, with the first of [`PERIODS`] from `from` on that it takes.
pub(super) fn input(
    device: &cpal::Device,
    from: usize,
    shared: &Arc<PortShared>,
    lost: &LostFlag,
) -> Result<(Stream, InputEnd), VoiceError> {
    #[cfg(target_os = "linux")]
    if let Some(name) = of_pulse(device) {
        let (stream, end) = super::pulse::input(&name, first_period(from), shared, lost)?;
        return Ok((Stream::Pulse(stream), end));
    }
    let ranges = device
        .supported_input_configs()
        .map(Iterator::collect)
        .unwrap_or_default();
    let (config, format) = choose(ranges, device.default_input_config())?;
    let mut last = VoiceError::Device("no buffer size was accepted".into());
    for period in periods(config.sample_rate, from) {
        let config = fixed(config, period);
        let (producer, consumer) = ring(config.sample_rate);
        let built = for_format!(format, T => build_input::<T>(device, config, producer, shared, lost), return Err(unknown(format)));
        match built.and_then(|stream| stream.play().map(|()| stream)) {
            Ok(stream) => {
                return Ok((
                    Stream::Cpal(stream),
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

/// Opens a speaker and starts it, with the first of [`PERIODS`] from `from` on that it takes.
pub(super) fn output(
    device: &cpal::Device,
    from: usize,
    shared: &Arc<PortShared>,
    lost: &LostFlag,
) -> Result<(Stream, OutputEnd), VoiceError> {
    #[cfg(target_os = "linux")]
    if let Some(name) = of_pulse(device) {
        let (stream, end) = super::pulse::output(&name, first_period(from), shared, lost)?;
        return Ok((Stream::Pulse(stream), end));
    }
    let ranges = device
        .supported_output_configs()
        .map(Iterator::collect)
        .unwrap_or_default();
    let (config, format) = choose(ranges, device.default_output_config())?;
    let mut last = VoiceError::Device("no buffer size was accepted".into());
    for period in periods(config.sample_rate, from) {
        let config = fixed(config, period);
        let (producer, consumer) = ring(config.sample_rate);
        let built = for_format!(format, T => build_output::<T>(device, config, period, consumer, shared, lost), return Err(unknown(format)));
        match built.and_then(|stream| stream.play().map(|()| stream)) {
            Ok(stream) => {
                return Ok((
                    Stream::Cpal(stream),
                    OutputEnd {
                        ring: producer,
                        rate: config.sample_rate,
                        period,
                    },
                ));
            }
            Err(error) => last = refused(&error),
        }
    }
    Err(last)
}

/// The name of a device of PulseAudio's.
#[cfg(target_os = "linux")]
fn of_pulse(device: &cpal::Device) -> Option<String> {
    Some(super::list::id_of(device)?.strip_prefix("pulseaudio:")?.to_owned())
}

#[cfg(target_os = "linux")]
fn first_period(from: usize) -> u32 {
    periods(SAMPLE_RATE, from).next().unwrap_or(SAMPLE_RATE / 100)
}

/// In samples.
fn periods(rate: u32, from: usize) -> impl Iterator<Item = u32> {
    PERIODS
        .into_iter()
        .skip(from.min(PERIODS.len() - 1))
        .map(move |share| rate / share)
}

fn fixed(config: StreamConfig, period: u32) -> StreamConfig {
    StreamConfig {
        buffer_size: BufferSize::Fixed(period),
        ..config
    }
}

/// A ring between a callback and the audio thread: of samples, or of one for each ear.
pub(super) fn ring<T>(rate: u32) -> (rtrb::Producer<T>, rtrb::Consumer<T>) {
    rtrb::RingBuffer::new(rate as usize * RING_HUNDREDTHS / 100)
}

/// What a microphone's callback has: it mixes the channels to one and moves them to the ring. It locks and logs nothing, waits for nothing and
/// allocates nothing.
pub(super) struct Ear {
    ring: rtrb::Producer<f32>,
    counters: Arc<PortShared>,
}

impl Ear {
    pub(super) fn new(ring: rtrb::Producer<f32>, shared: &Arc<PortShared>) -> Self {
        Self {
            ring,
            counters: Arc::clone(shared),
        }
    }

    /// Whether the audio thread was woken.
    pub(super) fn take<T>(&mut self, data: &[T], channels: usize) -> bool
    where
        T: SizedSample,
        f32: FromSample<T>,
    {
        self.counters.calls.fetch_add(1, Ordering::Relaxed);
        let share = 1.0 / channels as f32;
        let frames = data.len() / channels;
        let count = frames.min(self.ring.slots());
        if count < frames {
            self.counters.xruns.fetch_add(1, Ordering::Relaxed);
        }
        if let Ok(chunk) = self.ring.write_chunk_uninit(count) {
            let mono = data
                .chunks_exact(channels)
                .map(|frame| frame.iter().map(|s| f32::from_sample(*s)).sum::<f32>() * share);
            chunk.fill_from_iter(mono);
        }
        let waiting = self.ring.buffer().capacity().saturating_sub(self.ring.slots());
        self.counters.wake_if(|mark| waiting >= mark as usize)
    }
}

/// What a speaker's callback has: it moves samples from the ring to the channels, the left ear's to the first, the right ear's to the second,
/// both to any other and to one that is alone. It locks and logs nothing, waits for nothing and allocates nothing.
pub(super) struct Mouth {
    ring: rtrb::Consumer<[f32; 2]>,
    counters: Arc<PortShared>,
    /// Whether sound flows. Before the first and after the last there is nothing to miss.
    flowing: bool,
    patience: Duration,
    last: Option<Instant>,
}

impl Mouth {
    /// For callbacks of `period` samples.
    pub(super) fn new(ring: rtrb::Consumer<[f32; 2]>, shared: &Arc<PortShared>, period: u32, rate: u32) -> Self {
        shared.period.store(0, Ordering::Relaxed);
        Self {
            ring,
            counters: Arc::clone(shared),
            flowing: false,
            patience: Duration::from_secs(1) * LATE_PERIODS * period / rate.max(1),
            last: None,
        }
    }

    /// Follow it by [`wake`](Self::wake) as soon as the device has the samples.
    pub(super) fn fill<T>(&mut self, data: &mut [T], channels: usize)
    where
        T: SizedSample + FromSample<f32>,
    {
        self.counters.calls.fetch_add(1, Ordering::Relaxed);
        // The clock is read without a system call, or with one that waits for nothing.
        let now = Instant::now();
        let last = self.last.replace(now);
        if last.is_some_and(|last| now.duration_since(last) > self.patience) {
            self.counters.late.fetch_add(1, Ordering::Relaxed);
        }
        let frames = data.len() / channels;
        self.counters
            .period
            .fetch_max(u32::try_from(frames).unwrap_or(u32::MAX), Ordering::Relaxed);
        let count = frames.min(self.ring.slots());
        if count < frames && self.flowing {
            self.counters.xruns.fetch_add(1, Ordering::Relaxed);
        }
        self.flowing = count == frames;
        let mut out = data.chunks_exact_mut(channels);
        if let Ok(chunk) = self.ring.read_chunk(count) {
            for (frame, [left, right]) in out.by_ref().zip(chunk) {
                frame.fill(T::from_sample((left + right) * 0.5));
                if let [first, second, ..] = frame {
                    *first = T::from_sample(left);
                    *second = T::from_sample(right);
                }
            }
        }
        for frame in out {
            frame.fill(T::EQUILIBRIUM);
        }
    }

    /// Wakes the audio thread if the ring needs more; whether it did.
    pub(super) fn wake(&self) -> bool {
        let left = self.ring.slots();
        self.counters.wake_if(|mark| left < mark as usize)
    }
}

fn build_input<T>(
    device: &cpal::Device,
    config: StreamConfig,
    ring: rtrb::Producer<f32>,
    shared: &Arc<PortShared>,
    lost: &LostFlag,
) -> Result<cpal::Stream, cpal::Error>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let channels = usize::from(config.channels.max(1));
    let (mut ear, mut first) = (Ear::new(ring, shared), true);
    let callback = move |data: &[T], _: &cpal::InputCallbackInfo| {
        promote_if(&mut first);
        ear.take(data, channels);
    };
    device.build_input_stream(config, callback, on_error(shared, lost), Some(PATIENCE))
}

fn build_output<T>(
    device: &cpal::Device,
    config: StreamConfig,
    period: u32,
    ring: rtrb::Consumer<[f32; 2]>,
    shared: &Arc<PortShared>,
    lost: &LostFlag,
) -> Result<cpal::Stream, cpal::Error>
where
    T: SizedSample + FromSample<f32>,
{
    let channels = usize::from(config.channels.max(1));
    let (mut mouth, mut first) = (Mouth::new(ring, shared, period, config.sample_rate), true);
    let callback = move |data: &mut [T], _: &cpal::OutputCallbackInfo| {
        promote_if(&mut first);
        mouth.fill(data, channels);
        mouth.wake();
    };
    device.build_output_stream(config, callback, on_error(shared, lost), Some(PATIENCE))
}

/// Asks for real-time priority in the `first` callback, on whose thread the others come too. Allocates, that once, where it has to be asked for
/// on a thread of its own.
fn promote_if(first: &mut bool) {
    if std::mem::take(first) {
        promote_this_thread_soon();
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_wakes_the_audio_thread_when_the_mark_is_reached() {
        let shared = Arc::<PortShared>::default();
        let (woken, wakings) = std::sync::mpsc::sync_channel(2);
        let audio = std::thread::Builder::new().spawn(move || {
            for _ in 0..2 {
                std::thread::park();
                woken.send(()).unwrap();
            }
        });
        let audio = audio.unwrap();
        shared.thread.set(audio.thread().clone()).unwrap();
        let is_woken = || wakings.recv_timeout(PATIENCE).is_ok();

        let (producer, _consumer) = ring(SAMPLE_RATE);
        let mut ear = Ear::new(producer, &shared);
        shared.set_mark(480);
        assert!(!ear.take(&[0.0_f32; 479], 1));
        assert!(ear.take(&[0.0_f32; 1], 1) && is_woken());

        let (mut producer, consumer) = ring(SAMPLE_RATE);
        let mut mouth = Mouth::new(consumer, &shared, 240, SAMPLE_RATE);
        let chunk = producer.write_chunk_uninit(960).unwrap();
        chunk.fill_from_iter(std::iter::repeat_n([0.0; 2], 960));
        mouth.fill(&mut [0.0_f32; 480], 1);
        assert!(!mouth.wake());
        mouth.fill(&mut [0.0_f32; 1], 1);
        assert!(mouth.wake() && is_woken());
        audio.join().unwrap();
    }
}
