//! When to try again: full jitter over a doubling span, so that the clients of a server that fell over do not come
//! back all at once.

use std::time::Duration;

/// The first span.
const FIRST: Duration = Duration::from_secs(1);
/// The longest span.
const LONGEST: Duration = Duration::from_secs(60);
/// No try follows another faster than this.
const SHORTEST: Duration = Duration::from_millis(100);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// How long to wait after one more failure; `share` is random, 0 to 1.
    pub(crate) fn next(&mut self, share: f64) -> Duration {
        let span = FIRST.saturating_mul(1 << self.failures.min(6)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        span.mul_f64(share.clamp(0.0, 1.0)).max(SHORTEST)
    }

    /// It worked, or a person wants it now: the next failure counts as the first.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_span_doubles_up_to_a_minute_and_starts_over_after_success() {
        let mut backoff = Backoff::default();
        let spans: Vec<u64> = (0..8).map(|_| backoff.next(1.0).as_secs()).collect();
        assert_eq!(spans, [1, 2, 4, 8, 16, 32, 60, 60]);
        backoff.reset();
        assert_eq!(backoff.next(0.5), Duration::from_millis(500));
        assert_eq!(backoff.next(0.0), SHORTEST);
    }
}
