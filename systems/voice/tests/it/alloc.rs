//! The steady state of the engine allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use orrery_voice::{EncoderConfig, EngineConfig, Gauges, Stereo, TICK_SAMPLES, TransmitMode, VoiceEngine};

use crate::testing::{Rng, voice};

thread_local! {
    /// Allocations of this thread.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting.
struct Counting;

// SAFETY: every call goes to `System` with the arguments it came with, so `System`'s own guarantees hold; the counter is a plain cell of
// a thread-local without a destructor, which never allocates.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_running_engine_allocates_and_frees_nothing() {
    let mut from = VoiceEngine::new(EngineConfig {
        transmit: TransmitMode::Continuous,
        encoder: EncoderConfig {
            bitrate: 56_000,
            packet_loss_percent: 20,
            dred_ms: 500,
            ..EncoderConfig::default()
        },
        ..EngineConfig::default()
    })
    .unwrap();
    let mut to = VoiceEngine::new(EngineConfig::default()).unwrap();
    to.add_speaker(1).unwrap();
    let speech = voice(6.0, 1);
    let mut gauges = Gauges::default();
    to.gauges(&mut gauges);
    let mut rng = Rng::new(1);
    let mut seq = 0u16;
    let before = COUNT.with(Cell::get);
    for (i, tick) in speech.chunks_exact(TICK_SAMPLES).enumerate() {
        let now = 1_000_000 + i as u64 * 10_000;
        if let Some(frame) = from.capture(tick.try_into().unwrap(), now) {
            seq = seq.wrapping_add(1);
            // Losses and jitter, so that FEC, deep redundancy, concealment and stretching are at work too.
            if rng.unit() > 0.2 {
                let late = (rng.unit() * 40_000.0) as u64;
                to.receive(1, seq, frame.rtp_timestamp, frame.marker, &frame.payload, now + late)
                    .unwrap();
            }
        }
        let mut out = Stereo::SILENCE;
        to.playout(&mut out, now);
        to.gauges(&mut gauges);
    }
    assert_eq!(COUNT.with(Cell::get) - before, 0);
    let stats = gauges.speakers[0].stats;
    assert!(
        stats.lost > 10 && stats.fec_recovered > 0 && stats.dred_recovered > 0 && stats.concealed_samples > 0,
        "{stats:?}"
    );
}
