//! Our wall clock, corrected by the home server's: what others see as the time of what we say.

use orrery_protocol::limits::CLOCK_SKEW_SAID;

use crate::{
    error::Result,
    io::{Fact, Now},
    turn::Turn,
};

/// The difference between the home server's clock and ours.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    /// Added to the wall clock.
    offset_ms: i64,
    /// A skew was told of already.
    said: bool,
}

impl Clock {
    pub(crate) fn correct(self, now: Now) -> u64 {
        now.wall_ms.saturating_add_signed(self.offset_ms)
    }
}

impl Turn<'_> {
    /// The corrected time, ms since the Unix epoch.
    pub(crate) fn wall_ms(&self) -> u64 {
        self.live.clock.correct(self.now)
    }

    /// Only goes forward, ms.
    pub(crate) fn mono_ms(&self) -> u64 {
        self.now.mono_ms
    }

    pub(crate) fn set_clock(&mut self, server_ms: u64) -> Result<()> {
        // A server that lies about the century must not push our times out of range; a day is more than any real skew.
        const FURTHEST_MS: i64 = 24 * 3600 * 1000;
        let server = i64::try_from(server_ms).unwrap_or(i64::MAX);
        let wall = i64::try_from(self.now.wall_ms).unwrap_or(i64::MAX);
        let offset = server.saturating_sub(wall);
        self.live.clock.offset_ms = offset.clamp(-FURTHEST_MS, FURTHEST_MS);
        let said = i64::try_from(CLOCK_SKEW_SAID.as_millis()).unwrap_or(i64::MAX);
        if offset.saturating_abs() > said && !self.live.clock.said {
            self.live.clock.said = true;
            self.fact(Fact::ClockSkew {
                seconds: offset.saturating_neg() / 1000,
            });
        }
        Ok(())
    }
}

/// A duration of the protocol in milliseconds.
pub(crate) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
