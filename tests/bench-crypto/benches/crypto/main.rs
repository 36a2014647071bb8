//! The ratchet beside vodozemac (Olm), the same work in one run: one chain, ping-pong, session set-up, and sizes.
//!
//! Both sides draw their randomness from the system, carry 256 bytes a message and keep their keys in memory. vodozemac
//! runs with its default features and `SessionConfig::version_1`, which is what Matrix clients use: 3DH without a signed
//! prekey or a KEM, AES-256-CBC, an 8-byte MAC. Ours carries ML-KEM-1024 and verifies two signatures at set-up.
//!
//! Criterion's medians go, with the ratios, to the terminal and to `crypto.json` in the folder named by `OUT`.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod ours;
mod report;
mod theirs;

use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};

/// What a message says.
const TEXT: [u8; 256] = *include_bytes!("text");
/// Messages encrypted before as many are decrypted, so that reading the clock costs nothing beside them.
const BATCH: u64 = 256;

/// Two people who have written to each other, whatever the library.
trait Pair {
    type Wire;
    const NAME: &'static str;
    /// Set up, with one message read each way.
    fn talking() -> Self;
    fn encrypt(&mut self, by_first: bool) -> Self::Wire;
    fn decrypt(&mut self, by_first: bool, wire: &Self::Wire) -> Vec<u8>;
    /// Bytes on the wire.
    fn length(wire: &Self::Wire) -> usize;
    /// Bytes of a session as it is stored, without any encryption of the storage.
    fn stored(&self) -> usize;
    /// One set-up: the responder's published keys are there already; from fetching them to having read the first
    /// message. Only what is inside is timed; making the people is not.
    fn set_up(times: u64) -> Duration;
    /// Bytes of the first message on the wire.
    fn first_message() -> usize;
}

fn one_way<P: Pair>(group: &mut BenchmarkGroup<'_, WallTime>, decrypt: bool) {
    group.bench_function(P::NAME, |bencher| {
        let mut pair = P::talking();
        bencher.iter_custom(|times| {
            let (mut spent, mut left) = (Duration::ZERO, times);
            while left > 0 {
                let count = left.min(BATCH);
                let start = Instant::now();
                let wires: Vec<_> = (0..count).map(|_| pair.encrypt(true)).collect();
                let encrypted = start.elapsed();
                let start = Instant::now();
                for wire in &wires {
                    assert_eq!(pair.decrypt(true, wire).len(), TEXT.len());
                }
                spent += if decrypt { start.elapsed() } else { encrypted };
                left -= count;
            }
            spent
        });
    });
}

fn ping_pong<P: Pair>(group: &mut BenchmarkGroup<'_, WallTime>) {
    group.bench_function(P::NAME, |bencher| {
        let mut pair = P::talking();
        let mut by_first = true;
        bencher.iter(|| {
            let wire = pair.encrypt(by_first);
            assert_eq!(pair.decrypt(by_first, &wire).len(), TEXT.len());
            by_first = !by_first;
        });
    });
}

fn set_up<P: Pair>(group: &mut BenchmarkGroup<'_, WallTime>) {
    group.bench_function(P::NAME, |bencher| bencher.iter_custom(P::set_up));
}

fn main() {
    let folder = std::path::PathBuf::from(std::env::var_os("CRITERION_HOME").expect("CRITERION_HOME"));
    let mut criterion = Criterion::default()
        .without_plots()
        .sample_size(60)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4))
        .output_directory(&folder)
        .configure_from_args();
    macro_rules! both {
        ($name:literal, $work:ident $(, $argument:expr)?) => {{
            let mut group = criterion.benchmark_group($name);
            group.throughput(Throughput::Elements(1));
            $work::<ours::Pair>(&mut group $(, $argument)?);
            $work::<theirs::Pair>(&mut group $(, $argument)?);
            group.finish();
        }};
    }
    both!("encrypt", one_way, false);
    both!("decrypt", one_way, true);
    both!("ping_pong", ping_pong);
    both!("set_up", set_up);
    criterion.final_summary();
    report::write::<ours::Pair, theirs::Pair>(&folder);
}
