//! Real devices, through cpal: PulseAudio or PipeWire's Pulse where there is one, else ALSA; WASAPI; CoreAudio.
//!
//! Three parties: the device's callback, which only moves samples between the device and a lock-free ring; the audio thread, which
//! has the other end of the ring and converts rates ([`DeviceIo`]); and the keeper, a thread that opens, closes and reopens devices, because
//! that takes its time ([`keeper`]). New ring ends come from the keeper through a small lane.

#[cfg(target_os = "linux")]
mod cookie;
mod keeper;
mod list;
mod open;

pub use list::list_devices;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{AudioIo, DeviceChoice, IoStatus, PortState};
use crate::{Resampler, SAMPLE_RATE, TICK_SAMPLES, VoiceError};
use keeper::{PortWish, Wish, Wishes};

/// Ring ends on their way to the audio thread. When full (it has stalled), the keeper drops the device and tries again later.
const ATTACHMENTS: usize = 4;
/// What is kept ready for the speaker beyond one of its periods, ms: the audio thread looks every 4 ms, and may be late.
const AHEAD_MS: u32 = 6;
/// The most that is added to it where the speaker runs dry, ms, and by how much at a time.
const EXTRA_MAX_MS: u32 = 60;
const EXTRA_STEP_MS: u32 = 5;
/// Without a dry speaker for this long, one step is taken back, µs.
const CALM_US: u64 = 30_000_000;
/// How long the end of the program waits for devices to close.
const CLOSING: Duration = Duration::from_secs(2);

/// What the callbacks, the keeper and the audio thread share about one device. Only atomics.
#[derive(Default)]
pub(super) struct PortShared {
    state: AtomicU8,
    xruns: AtomicU64,
    /// The longest callback yet, in the device's samples.
    period: AtomicU32,
}

impl PortShared {
    fn set_state(&self, state: PortState) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    fn state(&self) -> PortState {
        use PortState::{Closed, Denied, Failed, Lost, NoDevice, Open, Opening};
        // The position is the discriminant; what is out of range was never stored.
        [Closed, Opening, Open, NoDevice, Denied, Lost, Failed]
            .get(usize::from(self.state.load(Ordering::Relaxed)))
            .copied()
            .unwrap_or_default()
    }
}

/// The audio thread's end of a microphone: samples at the device's rate, one channel.
pub(super) struct InputEnd {
    ring: rtrb::Consumer<f32>,
    rate: u32,
}

/// The audio thread's end of a speaker.
pub(super) struct OutputEnd {
    ring: rtrb::Producer<f32>,
    rate: u32,
}

struct Input {
    ring: rtrb::Consumer<f32>,
    resampler: Resampler,
    /// Samples at 48 kHz, not yet a whole tick.
    ready: Vec<f32>,
    raw: Vec<f32>,
}

struct Output {
    ring: rtrb::Producer<f32>,
    rate: u32,
    resampler: Resampler,
    converted: Vec<f32>,
    extra_ms: u32,
    seen_xruns: u64,
    calm_since_us: u64,
}

/// The real microphone and speaker.
pub struct DeviceIo {
    wishes: Arc<Wishes>,
    wish: Wish,
    inputs: Receiver<Option<InputEnd>>,
    outputs: Receiver<Option<OutputEnd>>,
    input: Option<Input>,
    output: Option<Output>,
    keeper: Option<JoinHandle<()>>,
}

impl DeviceIo {
    /// Starts the keeper. No device is opened yet, and none needs to be there.
    ///
    /// # Errors
    /// [`VoiceError::Thread`].
    pub fn new(input: DeviceChoice, output: DeviceChoice) -> Result<Self, VoiceError> {
        let (input_lane, inputs) = sync_channel(ATTACHMENTS);
        let (output_lane, outputs) = sync_channel(ATTACHMENTS);
        let closed = |choice| PortWish {
            open: false,
            opening: 0,
            choice,
        };
        let wish = Wish {
            input: closed(input),
            output: closed(output),
        };
        let wishes = Arc::new(Wishes::new(wish.clone()));
        let thread_wishes = Arc::clone(&wishes);
        let keeper = std::thread::Builder::new()
            .name("orrery-devices".into())
            .spawn(move || keeper::keep(&thread_wishes, input_lane, output_lane))
            .map_err(VoiceError::Thread)?;
        Ok(Self {
            wishes,
            wish,
            inputs,
            outputs,
            input: None,
            output: None,
            keeper: Some(keeper),
        })
    }

    fn deliver(&self) {
        self.wishes.leave(&self.wish);
        if let Some(keeper) = &self.keeper {
            keeper.thread().unpark();
        }
    }

    fn attach(&mut self) {
        while let Ok(end) = self.inputs.try_recv() {
            self.input = end.and_then(|InputEnd { ring, rate }| {
                let resampler = Resampler::new(rate, SAMPLE_RATE).ok()?;
                let room = ring.buffer().capacity();
                Some(Input {
                    ring,
                    resampler,
                    ready: Vec::with_capacity(4 * room),
                    raw: Vec::with_capacity(room),
                })
            });
        }
        while let Ok(end) = self.outputs.try_recv() {
            self.output = end.and_then(|OutputEnd { ring, rate }| {
                Some(Output {
                    ring,
                    rate,
                    resampler: Resampler::new(SAMPLE_RATE, rate).ok()?,
                    converted: Vec::with_capacity(8 * TICK_SAMPLES),
                    extra_ms: 0,
                    seen_xruns: self.wishes.output.xruns.load(Ordering::Relaxed),
                    calm_since_us: 0,
                })
            });
        }
    }
}

impl AudioIo for DeviceIo {
    fn set_open(&mut self, input: bool, output: bool, _now_us: u64) {
        if (input, output) == (self.wish.input.open, self.wish.output.open) {
            return;
        }
        for (port, open) in [(&mut self.wish.input, input), (&mut self.wish.output, output)] {
            port.opening += u64::from(open && !port.open);
            port.open = open;
        }
        // What a closed device still holds must not be heard when it opens again.
        if !input {
            self.input = None;
        }
        if !output {
            self.output = None;
        }
        self.deliver();
    }

    fn capture(&mut self, tick: &mut [f32; TICK_SAMPLES], _now_us: u64) -> bool {
        self.attach();
        let Some(input) = &mut self.input else { return false };
        let waiting = input.ring.slots();
        if waiting > 0
            && let Ok(chunk) = input.ring.read_chunk(waiting)
        {
            input.raw.clear();
            input.raw.extend(chunk);
            input.resampler.process(&input.raw, &mut input.ready);
        }
        if input.ready.len() < TICK_SAMPLES {
            return false;
        }
        for (to, from) in tick.iter_mut().zip(input.ready.drain(..TICK_SAMPLES)) {
            *to = from;
        }
        true
    }

    fn wants_playback(&mut self, now_us: u64) -> bool {
        self.attach();
        let shared = &self.wishes.output;
        let Some(output) = &mut self.output else { return false };
        let xruns = shared.xruns.load(Ordering::Relaxed);
        if xruns != output.seen_xruns {
            output.seen_xruns = xruns;
            output.extra_ms = (output.extra_ms + EXTRA_STEP_MS).min(EXTRA_MAX_MS);
            output.calm_since_us = now_us;
        } else if now_us.saturating_sub(output.calm_since_us) > CALM_US {
            output.extra_ms = output.extra_ms.saturating_sub(EXTRA_STEP_MS);
            output.calm_since_us = now_us;
        }
        let ahead = output.rate * (AHEAD_MS + output.extra_ms) / 1000;
        let period = shared.period.load(Ordering::Relaxed).max(output.rate / 100);
        let filled = output.ring.buffer().capacity().saturating_sub(output.ring.slots());
        filled < (period + ahead) as usize
    }

    fn play(&mut self, tick: &[f32; TICK_SAMPLES], _now_us: u64) {
        let Some(output) = &mut self.output else { return };
        output.converted.clear();
        output.resampler.process(tick, &mut output.converted);
        let count = output.converted.len().min(output.ring.slots());
        if let Ok(chunk) = output.ring.write_chunk_uninit(count) {
            chunk.fill_from_iter(output.converted.iter().copied());
        }
    }

    fn set_devices(&mut self, input: DeviceChoice, output: DeviceChoice) {
        (self.wish.input.choice, self.wish.output.choice) = (input, output);
        self.deliver();
    }

    fn status(&self) -> IoStatus {
        let port = |shared: &PortShared, wanted: bool| if wanted { shared.state() } else { PortState::Closed };
        IoStatus {
            input: port(&self.wishes.input, self.wish.input.open),
            output: port(&self.wishes.output, self.wish.output.open),
            input_xruns: self.wishes.input.xruns.load(Ordering::Relaxed),
            output_xruns: self.wishes.output.xruns.load(Ordering::Relaxed),
        }
    }
}

impl Drop for DeviceIo {
    /// Closes the devices. A sound service that hangs is left behind after two seconds.
    fn drop(&mut self) {
        self.wishes.stop.store(true, Ordering::Release);
        let Some(keeper) = self.keeper.take() else { return };
        keeper.thread().unpark();
        let deadline = Instant::now() + CLOSING;
        while !keeper.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        if keeper.is_finished() {
            let _ = keeper.join();
        }
    }
}

/// Set by a stream's error callback: the device is gone.
pub(super) type LostFlag = Arc<AtomicBool>;
