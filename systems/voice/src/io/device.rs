//! Real devices: PulseAudio or PipeWire's Pulse where there is one, else ALSA; WASAPI; CoreAudio. cpal finds them all and opens all but Pulse's
//! ([`pulse`]).
//!
//! Three parties: the device's callback, which only moves samples between the device and a lock-free ring and wakes the audio thread when
//! it has something to do; the audio thread, which has the other end of the ring and converts rates ([`DeviceIo`]); and the keeper, a thread
//! that opens, closes and reopens devices, because that takes its time ([`keeper`]). New ring ends come from the keeper through a small lane.

#[cfg(target_os = "linux")]
mod cookie;
mod keeper;
mod list;
mod open;
#[cfg(target_os = "linux")]
mod pulse;

pub use list::list_devices;

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering, fence};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use super::{AudioIo, DeviceChoice, IoStatus, PortState};
use crate::{Resampler, SAMPLE_RATE, Stereo, TICK_SAMPLES, VoiceError};
use keeper::{PortWish, Wish, Wishes};

/// Ring ends on their way to the audio thread. When full (it has stalled), the keeper drops the device and tries again later.
const ATTACHMENTS: usize = 4;
/// What is kept ready for the speaker beyond one of its periods where the audio thread has no real-time priority and may be late, ms.
const AHEAD_MS: u32 = 6;
/// The most that is added to it where the speaker runs dry, ms, and by how much at a time.
const EXTRA_MAX_MS: u32 = 60;
const EXTRA_STEP_MS: u32 = 5;
/// Without a dry speaker for this long, one step is taken back, µs. Where that was too early, it takes twice as long the next time.
const CALM_US: u64 = 30_000_000;
const CALM_MAX_US: u64 = 16 * CALM_US;
/// How long the length of a callback is remembered at least, µs.
const PERIOD_US: u64 = 1_000_000;
/// How long the end of the program waits for devices to close.
const CLOSING: Duration = Duration::from_secs(2);

/// What the callbacks, the keeper and the audio thread share about one device. Nothing that is waited for.
#[derive(Default)]
pub(super) struct PortShared {
    state: AtomicU8,
    xruns: AtomicU64,
    /// The longest callback since the audio thread last looked, in the device's samples.
    period: AtomicU32,
    /// Callbacks so far, and those of a speaker that came so late that the device must have run dry.
    calls: AtomicU64,
    late: AtomicU64,
    /// The audio thread, once it has begun.
    thread: OnceLock<Thread>,
    /// With so many samples in the ring of a microphone, or fewer in that of a speaker, there is something to do for it.
    mark: AtomicU32,
}

impl PortShared {
    fn set_state(&self, state: PortState) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    /// For the audio thread: wants to be woken at `mark` samples. What is in the ring is to be looked at after this, not before, or a callback
    /// between the two wakes nobody.
    fn set_mark(&self, mark: u32) {
        self.mark.store(mark, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// For a callback, when it is done with the ring: wakes the audio thread if `due` of the mark, and says whether. Waits for nothing.
    fn wake_if(&self, due: impl FnOnce(u32) -> bool) -> bool {
        fence(Ordering::SeqCst);
        let due = due(self.mark.load(Ordering::Relaxed));
        if due && let Some(thread) = self.thread.get() {
            thread.unpark();
        }
        due
    }

    fn state(&self) -> PortState {
        use PortState::{Closed, Denied, Failed, Lost, NoDevice, Open, Opening, Silent};
        // The position is the discriminant; what is out of range was never stored.
        [Closed, Opening, Open, NoDevice, Denied, Lost, Failed, Silent]
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
    ring: rtrb::Producer<[f32; 2]>,
    rate: u32,
    /// What was agreed on for a callback, in its samples.
    period: u32,
}

struct Input {
    ring: rtrb::Consumer<f32>,
    rate: u32,
    resampler: Resampler,
    /// Samples at 48 kHz, not yet a whole tick.
    ready: Vec<f32>,
    raw: Vec<f32>,
}

struct Output {
    ring: rtrb::Producer<[f32; 2]>,
    rate: u32,
    /// Of the left and the right ear; both give as many samples.
    resamplers: [Resampler; 2],
    converted: [Vec<f32>; 2],
    ahead_ms: u32,
    extra_ms: u32,
    seen_xruns: u64,
    calm_since_us: u64,
    calm_us: u64,
    eased: bool,
    /// What was agreed on for a callback, in its samples.
    period: u32,
    /// The longest callback of this second and of the one before.
    longest: [u32; 2],
    period_since_us: u64,
}

impl Input {
    /// Takes what is in the ring.
    fn fetch(&mut self) {
        let waiting = self.ring.slots();
        if waiting > 0
            && let Ok(chunk) = self.ring.read_chunk(waiting)
        {
            self.raw.clear();
            self.raw.extend(chunk);
            self.resampler.process(&self.raw, &mut self.ready);
        }
    }
}

impl Output {
    /// Learns from a speaker that ran dry, or long did not, how much must be in store.
    fn follow_xruns(&mut self, xruns: u64, now_us: u64) {
        if xruns != self.seen_xruns {
            self.seen_xruns = xruns;
            // The last step back was one too many.
            if std::mem::take(&mut self.eased) {
                self.calm_us = (2 * self.calm_us).min(CALM_MAX_US);
            }
            self.extra_ms = (self.extra_ms + EXTRA_STEP_MS).min(EXTRA_MAX_MS);
            self.calm_since_us = now_us;
        } else if now_us.saturating_sub(self.calm_since_us) > self.calm_us {
            self.eased = self.extra_ms > 0;
            self.extra_ms = self.extra_ms.saturating_sub(EXTRA_STEP_MS);
            self.calm_since_us = now_us;
        }
    }

    /// How much it may hold before it needs more, in its samples.
    fn set_point(&mut self, longest: &AtomicU32, now_us: u64) -> u32 {
        let [now, before] = &mut self.longest;
        *now = longest.load(Ordering::Relaxed);
        let period = self.period.max(*now).max(*before);
        // The first callback may ask for two periods at once, to fill the device; that is not to be had in store for ever.
        if now_us.saturating_sub(self.period_since_us) > PERIOD_US {
            self.period_since_us = now_us;
            *before = longest.swap(0, Ordering::Relaxed);
        }
        period + self.rate * (self.ahead_ms + self.extra_ms) / 1000
    }
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
    realtime: bool,
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
            realtime: false,
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
                    rate,
                    resampler,
                    ready: Vec::with_capacity(4 * room),
                    raw: Vec::with_capacity(room),
                })
            });
        }
        while let Ok(end) = self.outputs.try_recv() {
            self.output = end.and_then(|OutputEnd { ring, rate, period }| {
                Some(Output {
                    ring,
                    rate,
                    resamplers: [
                        Resampler::new(SAMPLE_RATE, rate).ok()?,
                        Resampler::new(SAMPLE_RATE, rate).ok()?,
                    ],
                    converted: [
                        Vec::with_capacity(8 * TICK_SAMPLES),
                        Vec::with_capacity(8 * TICK_SAMPLES),
                    ],
                    ahead_ms: if self.realtime { 0 } else { AHEAD_MS },
                    extra_ms: 0,
                    seen_xruns: self.wishes.output.xruns.load(Ordering::Relaxed),
                    calm_since_us: 0,
                    calm_us: CALM_US,
                    eased: false,
                    period,
                    longest: [0; 2],
                    period_since_us: 0,
                })
            });
        }
    }
}

impl AudioIo for DeviceIo {
    fn begin(&mut self, realtime: bool) {
        self.realtime = realtime;
        self.wishes.realtime.store(realtime, Ordering::Relaxed);
        for port in [&self.wishes.input, &self.wishes.output] {
            // Begins once.
            let _ = port.thread.set(std::thread::current());
        }
    }

    fn wakes(&self) -> bool {
        true
    }

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
        loop {
            input.fetch();
            let missing = TICK_SAMPLES.saturating_sub(input.ready.len());
            if missing == 0 {
                break;
            }
            // A resampler works in steps of its own, so there every callback is of interest.
            let mark = if input.rate == SAMPLE_RATE { missing } else { 1 };
            self.wishes.input.set_mark(mark as u32);
            if input.ring.slots() < mark {
                return false;
            }
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
        output.follow_xruns(shared.xruns.load(Ordering::Relaxed), now_us);
        let set_point = output.set_point(&shared.period, now_us);
        shared.set_mark(set_point);
        let filled = output.ring.buffer().capacity().saturating_sub(output.ring.slots());
        filled < set_point as usize
    }

    fn play(&mut self, tick: &Stereo, _now_us: u64) {
        let Some(output) = &mut self.output else { return };
        let ears = [&tick.left, &tick.right];
        for ((ear, resampler), converted) in ears.iter().zip(&mut output.resamplers).zip(&mut output.converted) {
            converted.clear();
            resampler.process(&ear[..], converted);
        }
        let [left, right] = &output.converted;
        let count = left.len().min(right.len()).min(output.ring.slots());
        if let Ok(chunk) = output.ring.write_chunk_uninit(count) {
            chunk.fill_from_iter(left.iter().zip(right).map(|(left, right)| [*left, *right]));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn speaker() -> Output {
        let (ring, _) = rtrb::RingBuffer::new(9600);
        Output {
            ring,
            rate: SAMPLE_RATE,
            resamplers: std::array::from_fn(|_| Resampler::new(SAMPLE_RATE, SAMPLE_RATE).unwrap()),
            converted: Default::default(),
            ahead_ms: 0,
            extra_ms: 0,
            seen_xruns: 0,
            calm_since_us: 0,
            calm_us: CALM_US,
            eased: false,
            period: 240,
            longest: [0; 2],
            period_since_us: 0,
        }
    }

    #[test]
    fn a_long_first_callback_is_forgotten_and_what_was_agreed_on_is_not() {
        let (mut speaker, longest) = (speaker(), AtomicU32::new(480));
        assert_eq!(speaker.set_point(&longest, 0), 480);
        for now in (0..=4 * PERIOD_US).step_by(5000) {
            speaker.set_point(&longest, now);
            longest.fetch_max(240, Ordering::Relaxed);
        }
        assert_eq!(speaker.set_point(&longest, 4 * PERIOD_US), 240);
        longest.store(0, Ordering::Relaxed);
        assert_eq!(speaker.set_point(&longest, 9 * PERIOD_US), 240, "no callback at all");
    }

    #[test]
    fn a_dry_speaker_keeps_more_in_store_and_trusts_the_calm_less_each_time_it_was_deceived() {
        let mut speaker = speaker();
        let (mut now, mut xruns, mut calm) = (0, 0, Vec::new());
        for _ in 0..8 {
            xruns += 1;
            speaker.follow_xruns(xruns, now);
            assert_eq!(speaker.extra_ms, EXTRA_STEP_MS);
            let began = now;
            while speaker.extra_ms > 0 {
                now += 10_000;
                speaker.follow_xruns(xruns, now);
            }
            calm.push((now - began) / CALM_US);
        }
        assert_eq!(calm, [1, 2, 4, 8, 16, 16, 16, 16]);
        speaker.follow_xruns(xruns + 1, now);
        for more in 2..40 {
            speaker.follow_xruns(xruns + more, now);
        }
        assert_eq!(speaker.extra_ms, EXTRA_MAX_MS);
    }
}
