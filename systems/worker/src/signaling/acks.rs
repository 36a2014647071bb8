//! Acknowledgements on their way to the home server: many in one frame, for a server counts frames, not what is in them.

use std::time::Duration;

use tokio::time::Instant;

/// How long the first one waits for others. Five frames a second are half of what a server reads of one connection.
const WAIT: Duration = Duration::from_millis(200);
/// The most in one frame. The protocol takes a thousand, but no more than a mailbox holds, which an operator may set
/// lower.
const MOST: usize = 100;

/// What is stored here and still waits at the server.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    ids: Vec<u64>,
    due: Option<Instant>,
}

impl Acks {
    /// Some more.
    pub(crate) fn add(&mut self, ids: &[u64], now: Instant) {
        self.ids.extend_from_slice(ids);
        if self.ids.len() >= MOST {
            self.due = Some(now);
        } else if !self.ids.is_empty() {
            self.due.get_or_insert(now + WAIT);
        }
    }

    /// When the next frame goes.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// What the next frame says; `None` when there is nothing to say. More may be left, and is due at once.
    #[must_use]
    pub(crate) fn take(&mut self) -> Option<Vec<u64>> {
        let ids: Vec<u64> = self.ids.drain(..self.ids.len().min(MOST)).collect();
        if self.ids.is_empty() {
            self.due = None;
        }
        (!ids.is_empty()).then_some(ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_within_a_moment_goes_in_one_frame() {
        let mut acks = Acks::default();
        let now = Instant::now();
        assert_eq!((acks.due(), acks.take()), (None, None));
        acks.add(&[], now);
        assert_eq!(acks.due(), None);
        acks.add(&[1, 2], now);
        acks.add(&[3], now + WAIT / 2);
        assert_eq!(acks.due(), Some(now + WAIT));
        assert_eq!(acks.take(), Some(vec![1, 2, 3]));
        assert_eq!((acks.due(), acks.take()), (None, None));
    }

    #[test]
    fn a_frame_that_is_full_waits_for_nothing_and_no_frame_is_fuller() {
        let mut acks = Acks::default();
        let now = Instant::now();
        let ids: Vec<u64> = (0..250).collect();
        acks.add(&ids, now);
        let mut said = Vec::new();
        while let Some(due) = acks.due() {
            assert_eq!(due, now);
            let frame = acks.take().unwrap();
            assert!(frame.len() <= MOST);
            said.extend(frame);
        }
        assert_eq!(said, ids);
    }
}
