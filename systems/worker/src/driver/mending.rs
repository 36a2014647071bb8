//! What the network brought and the database could not take is gone on this connection: a server says it again only
//! after the next log-in. So the connection is made anew, after a while that grows while nothing gets better.

use std::time::Duration;

use tokio::time::Instant;

use crate::signaling::backoff::Backoff;

/// After this long without a failure the next one counts as the first.
const CALM: Duration = Duration::from_secs(600);

/// When to try again.
#[derive(Default)]
pub(super) struct Mending {
    at: Option<Instant>,
    /// Something of the network's was lost.
    lost: bool,
    /// A timer of the core failed, and would fail again at once.
    resting: bool,
    last: Option<Instant>,
    backoff: Backoff,
}

/// What there is to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cure {
    /// Nothing was lost: the core's timers go on.
    Wake,
    /// The connection is made anew.
    Reconnect,
}

impl Mending {
    /// Something failed; `lost` says that nobody will bring it again on this connection.
    pub(super) fn failed(&mut self, lost: bool, now: Instant) {
        if self.last.is_none_or(|last| now.saturating_duration_since(last) > CALM) {
            self.backoff.reset();
        }
        self.last = Some(now);
        self.lost |= lost;
        self.resting |= !lost;
        if self.at.is_none() {
            self.at = Some(now + self.backoff.next(1.0));
        }
    }

    /// When something is to be done.
    pub(super) fn at(&self) -> Option<Instant> {
        self.at
    }

    /// Whether the core's timers rest until then.
    pub(super) fn is_resting(&self) -> bool {
        self.resting
    }

    /// What is to be done now, if anything.
    pub(super) fn due(&mut self, now: Instant) -> Option<Cure> {
        self.at.take_if(|at| *at <= now)?;
        self.resting = false;
        Some(if std::mem::take(&mut self.lost) {
            Cure::Reconnect
        } else {
            Cure::Wake
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_connection_is_made_anew_once_for_all_that_was_lost_on_it() {
        let (mut mending, now) = (Mending::default(), Instant::now());
        assert_eq!((mending.at(), mending.due(now)), (None, None));
        mending.failed(true, now);
        mending.failed(false, now);
        mending.failed(true, now);
        assert_eq!(mending.due(now), None);
        assert_eq!(mending.at(), Some(now + SECOND));
        assert_eq!(mending.due(now + SECOND), Some(Cure::Reconnect));
        assert_eq!((mending.at(), mending.due(now + SECOND)), (None, None));
    }

    #[test]
    fn what_does_not_get_better_is_tried_ever_more_rarely_and_what_did_at_once_again() {
        let (mut mending, mut now) = (Mending::default(), Instant::now());
        let mut waits = Vec::new();
        for _ in 0..8 {
            mending.failed(true, now);
            let at = mending.at().unwrap();
            waits.push((at - now).as_secs());
            now = at;
            assert_eq!(mending.due(now), Some(Cure::Reconnect));
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        now += CALM + SECOND;
        mending.failed(true, now);
        assert_eq!(mending.at(), Some(now + SECOND));
    }

    #[test]
    fn a_timer_that_failed_is_tried_again_and_costs_no_connection() {
        let (mut mending, now) = (Mending::default(), Instant::now());
        mending.failed(true, now);
        assert!(!mending.is_resting());
        assert_eq!(mending.due(now + SECOND), Some(Cure::Reconnect));
        mending.failed(false, now + SECOND);
        assert!(mending.is_resting());
        assert_eq!(mending.due(now + 10 * SECOND), Some(Cure::Wake));
        assert!(!mending.is_resting());
    }
}
