//! A WAV file that is written while a call runs, on a thread of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::{SAMPLE_RATE, TICK_SAMPLES, VoiceError};

/// Samples on their way to the file: two seconds. When the disk is slower than that for so long, sound is dropped and counted.
const RING: usize = 2 * SAMPLE_RATE as usize;
/// How often what has come is written, header and all.
const FLUSH: Duration = Duration::from_millis(50);

/// The audio thread's end.
pub(super) struct Writer {
    ring: rtrb::Producer<f32>,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    stop: AtomicBool,
    failed: AtomicBool,
    overruns: AtomicU64,
}

impl Writer {
    /// Creates the file with a valid header of no samples.
    pub(super) fn create(path: PathBuf) -> Result<Self, VoiceError> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: SAMPLE_RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let fail = |error| VoiceError::WriteFile {
            path: path.clone(),
            source: match error {
                hound::Error::IoError(e) => e,
                other => std::io::Error::other(other),
            },
        };
        let mut file = hound::WavWriter::create(&path, spec).map_err(fail)?;
        file.flush().map_err(fail)?;
        let (producer, consumer) = rtrb::RingBuffer::new(RING);
        let state = Arc::new(State::default());
        let thread_state = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("orrery-wav".into())
            .spawn(move || write_until_stopped(file, consumer, &thread_state))
            .map_err(VoiceError::Thread)?;
        Ok(Self {
            ring: producer,
            state,
            thread: Some(thread),
        })
    }

    /// Hands over 10 ms, without waiting.
    pub(super) fn push(&mut self, tick: &[f32; TICK_SAMPLES]) {
        match self.ring.write_chunk_uninit(TICK_SAMPLES) {
            Ok(chunk) => {
                chunk.fill_from_iter(tick.iter().copied());
            }
            Err(_) => {
                self.state.overruns.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn failed(&self) -> bool {
        self.state.failed.load(Ordering::Relaxed)
    }

    pub(super) fn overruns(&self) -> u64 {
        self.state.overruns.load(Ordering::Relaxed)
    }
}

impl Drop for Writer {
    /// Writes what is left and ends the thread.
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

type File = hound::WavWriter<std::io::BufWriter<std::fs::File>>;

fn write_until_stopped(mut file: File, mut ring: rtrb::Consumer<f32>, state: &State) {
    loop {
        // Read before draining, so that everything pushed before the stop is written.
        let stop = state.stop.load(Ordering::Acquire);
        if let Err(error) = drain(&mut file, &mut ring)
            && !state.failed.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(%error, "what is heard can no longer be written to its file");
        }
        if stop {
            return;
        }
        std::thread::park_timeout(FLUSH);
    }
}

/// After an error later samples are still taken, so that a disk that has room again goes on.
fn drain(file: &mut File, ring: &mut rtrb::Consumer<f32>) -> Result<(), hound::Error> {
    let count = ring.slots();
    if count == 0 {
        return Ok(());
    }
    let Ok(chunk) = ring.read_chunk(count) else {
        return Ok(());
    };
    let mut result = Ok(());
    for sample in chunk {
        if result.is_ok() {
            // In range by the clamp.
            result = file.write_sample((sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16);
        }
    }
    result?;
    // Writes the samples out and the header anew.
    file.flush()
}
