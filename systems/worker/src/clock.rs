//! The one place that looks at clocks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use orrery_core::Now;
use tokio::time::Instant;

/// How often the clocks are compared.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A clock further on than this, beside the interval itself, has jumped.
const JUMP: Duration = Duration::from_secs(10);

/// Tells the time as the core wants it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// Monotonic time counts from here.
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Both clocks.
    pub(crate) fn now(&self) -> Now {
        Now {
            wall_ms: wall_ms(),
            mono_ms: u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// When the monotonic clock will show so many milliseconds; `None` beyond what it can show.
    pub(crate) fn at(&self, mono_ms: u64) -> Option<Instant> {
        self.start.checked_add(Duration::from_millis(mono_ms))
    }
}

fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Notices that the machine slept: then one of the clocks is further on than the timer that was set. Which one depends
/// on the system.
#[derive(Debug, Default)]
pub(crate) struct SleepWatch {
    last: Option<Now>,
}

impl SleepWatch {
    /// Call every [`LOOK_EVERY`] or more often; says whether the machine slept in between.
    pub(crate) fn slept(&mut self, now: Now) -> bool {
        let limit = u64::try_from((LOOK_EVERY + JUMP).as_millis()).unwrap_or(u64::MAX);
        let slept = self.last.is_some_and(|last| {
            now.mono_ms.saturating_sub(last.mono_ms) > limit || now.wall_ms.saturating_sub(last.wall_ms) > limit
        });
        self.last = Some(now);
        slept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_slept_is_noticed_by_either_clock_and_once() {
        let mut watch = SleepWatch::default();
        let now = |wall_ms, mono_ms| Now { wall_ms, mono_ms };
        assert!(!watch.slept(now(1_000_000, 0)));
        assert!(!watch.slept(now(1_005_000, 5_000)));
        assert!(watch.slept(now(4_000_000, 10_000)));
        assert!(!watch.slept(now(4_005_000, 15_000)));
        assert!(watch.slept(now(4_010_000, 60_000)));
        assert!(!watch.slept(now(3_000_000, 65_000)), "a clock set back is no sleep");
    }
}
