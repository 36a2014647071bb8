//! Real time, for what has no hardware clock.

use crate::TICK_US;

/// Counts out one tick every 10 ms from when it was started, by the time it is told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    next_us: Option<u64>,
}

impl Pace {
    /// Starts with a tick due at once, unless it runs already; or stops.
    pub(super) fn set_running(&mut self, running: bool, now_us: u64) {
        self.next_us = running.then(|| self.next_us.unwrap_or(now_us));
    }

    /// Whether it runs.
    pub(super) fn running(self) -> bool {
        self.next_us.is_some()
    }

    /// When the next tick begins, if it is due.
    pub(super) fn due(self, now_us: u64) -> Option<u64> {
        self.next_us.filter(|next| *next <= now_us)
    }

    /// Takes the tick that is due; gives the time at which it begins.
    pub(super) fn take(&mut self, now_us: u64) -> Option<u64> {
        let due = self.due(now_us)?;
        self.next_us = Some(due + TICK_US);
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_due_every_10_ms_and_none_is_lost_when_time_jumps() {
        let mut pace = Pace::default();
        assert_eq!(pace.take(5), None);
        pace.set_running(true, 1000);
        let mut taken = 0;
        for now in [1000, 5000, 11_000, 11_001, 101_000] {
            while pace.take(now).is_some() {
                taken += 1;
            }
        }
        assert_eq!(taken, 11);
        pace.set_running(true, 500_000);
        assert_eq!(pace.due(111_000), Some(111_000), "starting twice changes nothing");
        pace.set_running(false, 0);
        assert!(!pace.running());
    }
}
