//! Nobody is told a token before one's own server knows it: who used it at once would be turned away, and would try
//! again only much later. What tells others therefore waits, from the moment the tokens are sent until the server has
//! stored them.

use std::{collections::VecDeque, time::Duration};

use orrery_link::Event;
use tokio::time::Instant;

use crate::signaling::drops::Task;

/// The longest wait; a server that takes longer is on its way out anyway.
const LONGEST: Duration = Duration::from_secs(3);
/// What may wait. When full, nothing waits any more: late is better than lost.
const CAPACITY: usize = 1024;

/// Something that waits.
pub(super) enum Held {
    /// A deposit that may tell a token.
    Deposit {
        /// At which server.
        via: String,
        /// The core's number for it.
        ticket: u64,
        /// The deposit.
        task: Task,
    },
    /// An event that tells a token, or that it was told.
    Event(Box<Event>),
}

/// The wait for the server.
#[derive(Default)]
pub(super) struct Barrier {
    unanswered: u32,
    until: Option<Instant>,
    held: VecDeque<Held>,
}

impl Barrier {
    /// Tokens were sent.
    pub(super) fn raise(&mut self) {
        self.unanswered += 1;
        self.until = Some(Instant::now() + LONGEST);
    }

    /// How many answers are missing; grows with [`Self::raise`] only.
    pub(super) fn unanswered(&self) -> u32 {
        self.unanswered
    }

    /// The server has stored tokens; what may go now.
    #[must_use]
    pub(super) fn answered(&mut self) -> VecDeque<Held> {
        self.unanswered = self.unanswered.saturating_sub(1);
        if self.unanswered == 0 {
            self.lower()
        } else {
            VecDeque::new()
        }
    }

    /// No answer will come; what may go now.
    #[must_use]
    pub(super) fn lower(&mut self) -> VecDeque<Held> {
        self.unanswered = 0;
        self.until = None;
        std::mem::take(&mut self.held)
    }

    /// Whether something must wait.
    pub(super) fn is_up(&self) -> bool {
        self.unanswered > 0 && self.held.len() < CAPACITY
    }

    /// Lets it wait.
    pub(super) fn hold(&mut self, held: Held) {
        self.held.push_back(held);
    }

    /// When the wait is over at the latest.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_goes_in_order_when_the_last_answer_is_there() {
        let mut barrier = Barrier::default();
        assert!(!barrier.is_up());
        barrier.raise();
        barrier.raise();
        barrier.hold(Held::Event(Box::new(Event::Resync)));
        barrier.hold(Held::Event(Box::new(Event::Ready { version: 1 })));
        assert!(barrier.answered().is_empty());
        assert!(barrier.is_up());
        let freed = barrier.answered();
        assert!(matches!(freed.front(), Some(Held::Event(event)) if **event == Event::Resync));
        assert_eq!((freed.len(), barrier.is_up(), barrier.until()), (2, false, None));
    }

    #[test]
    fn a_server_that_goes_away_holds_nothing_back() {
        let mut barrier = Barrier::default();
        barrier.raise();
        barrier.hold(Held::Event(Box::new(Event::Resync)));
        assert_eq!(barrier.lower().len(), 1);
        assert!(!barrier.is_up());
        assert!(
            barrier.answered().is_empty(),
            "an answer that comes too late frees nothing"
        );
    }
}
