//! The lane of one connection. Mail that is kept comes either live, pushed by the store right after its commit, or
//! from the store page by page while the connection catches up; the store itself switches from one to the other, in
//! the order of its commits, so nothing is missed, doubled or overtaken.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::limits::{LANE, LANE_BYTES};

/// An envelope on its way to its recipient.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    /// The number in the mailbox; `None` for one that is not kept.
    pub(crate) id: Option<u64>,
    /// When the server took it.
    pub(crate) taken_ms: u64,
    /// The sealed bytes.
    pub(crate) envelope: Vec<u8>,
}

/// What a connection has to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Write this.
    Mail(Mail),
    /// Say that few one-time prekeys are left.
    PrekeysLow(u32),
    /// Read kept mail from the store from the last written number on.
    CatchUp,
    /// A newer connection took over: say so and end.
    Replaced,
}

/// Bounded by [`LANE`] and [`LANE_BYTES`]. When full, kept mail stays in the store and is read from there once the
/// lane has drained; what is not kept is dropped. A lane costs no buffer while it is empty.
#[derive(Debug)]
pub(crate) struct Lane {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Debug)]
struct State {
    queue: VecDeque<Mail>,
    bytes: usize,
    /// Kept mail is pushed; else the connection reads it from the store.
    live: bool,
    /// Kept mail waits in the store and no page was asked for yet.
    behind: bool,
    prekeys_low: Option<u32>,
    replaced: bool,
}

impl Default for Lane {
    /// A lane starts behind: the first thing a connection does is to read its mailbox.
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                queue: VecDeque::new(),
                bytes: 0,
                live: false,
                behind: true,
                prekeys_low: None,
                replaced: false,
            }),
            wake: Notify::new(),
        }
    }
}

impl Lane {
    /// Pushes mail that the store has just committed. Called by the store's writer only, in the order of commits.
    pub(crate) fn push_kept(&self, mail: Mail) {
        let mut state = self.lock();
        if !state.live {
            return;
        }
        if state.has_room(mail.envelope.len()) {
            state.push(mail);
        } else {
            state.live = false;
            state.behind = true;
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Pushes mail that is not kept; `false` when it was dropped for want of room.
    pub(crate) fn push_unkept(&self, mail: Mail) -> bool {
        let mut state = self.lock();
        let room = state.has_room(mail.envelope.len());
        if room {
            state.push(mail);
        }
        drop(state);
        self.wake.notify_one();
        room
    }

    /// Few one-time prekeys are left.
    pub(crate) fn prekeys_low(&self, left: u32) {
        self.lock().prekeys_low = Some(left);
        self.wake.notify_one();
    }

    /// A newer connection took over.
    pub(crate) fn replace(&self) {
        self.lock().replaced = true;
        self.wake.notify_one();
    }

    /// From here on kept mail is pushed. Called by the store's writer only, when a page reached the mailbox's end.
    pub(crate) fn go_live(&self) {
        let mut state = self.lock();
        state.live = true;
        state.behind = false;
    }

    /// The mailbox goes on behind the page that was written.
    pub(crate) fn read_on(&self) {
        self.lock().behind = true;
        self.wake.notify_one();
    }

    /// What to do next, waiting until there is something. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.try_next() {
                return next;
            }
            self.wake.notified().await;
        }
    }

    /// What to do next, if anything.
    pub(crate) fn try_next(&self) -> Option<Next> {
        let mut state = self.lock();
        if state.replaced {
            return Some(Next::Replaced);
        }
        if let Some(left) = state.prekeys_low.take() {
            return Some(Next::PrekeysLow(left));
        }
        if let Some(mail) = state.queue.pop_front() {
            state.bytes = state.bytes.saturating_sub(mail.envelope.len());
            if state.queue.is_empty() {
                // An idle connection keeps no buffer.
                state.queue = VecDeque::new();
            }
            return Some(Next::Mail(mail));
        }
        std::mem::take(&mut state.behind).then_some(Next::CatchUp)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&self, bytes: usize) -> bool {
        self.queue.len() < LANE && self.bytes.saturating_add(bytes) <= LANE_BYTES
    }

    fn push(&mut self, mail: Mail) {
        self.bytes = self.bytes.saturating_add(mail.envelope.len());
        self.queue.push_back(mail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(id: Option<u64>, bytes: usize) -> Mail {
        Mail {
            id,
            taken_ms: 0,
            envelope: vec![0; bytes],
        }
    }

    fn live() -> Lane {
        let lane = Lane::default();
        assert_eq!(lane.try_next(), Some(Next::CatchUp));
        lane.go_live();
        lane
    }

    #[test]
    fn a_new_connection_reads_its_mailbox_first_and_is_not_pushed_what_it_will_read() {
        let lane = Lane::default();
        lane.push_kept(mail(Some(1), 1));
        assert_eq!(lane.try_next(), Some(Next::CatchUp));
        lane.push_kept(mail(Some(2), 1));
        assert_eq!(lane.try_next(), None);
        lane.go_live();
        lane.push_kept(mail(Some(3), 1));
        assert_eq!(lane.try_next(), Some(Next::Mail(mail(Some(3), 1))));
    }

    #[test]
    fn between_two_pages_everything_else_has_its_turn() {
        let lane = Lane::default();
        assert_eq!(lane.try_next(), Some(Next::CatchUp));
        lane.read_on();
        lane.prekeys_low(3);
        assert!(lane.push_unkept(mail(None, 1)));
        assert_eq!(lane.try_next(), Some(Next::PrekeysLow(3)));
        assert_eq!(lane.try_next(), Some(Next::Mail(mail(None, 1))));
        assert_eq!(lane.try_next(), Some(Next::CatchUp));
        assert_eq!(lane.try_next(), None);
        lane.read_on();
        lane.replace();
        assert_eq!(lane.try_next(), Some(Next::Replaced));
    }

    #[test]
    fn a_full_lane_is_drained_in_order_and_the_rest_read_from_the_store() {
        let lane = live();
        for id in 0..LANE as u64 + 10 {
            lane.push_kept(mail(Some(id), 1));
        }
        for id in 0..LANE as u64 {
            assert_eq!(lane.try_next(), Some(Next::Mail(mail(Some(id), 1))));
        }
        assert_eq!(lane.try_next(), Some(Next::CatchUp));
        assert_eq!(lane.try_next(), None);
    }

    #[test]
    fn a_lane_holds_no_more_bytes_than_it_may() {
        let lane = live();
        let taken = (0..LANE).filter(|_| lane.push_unkept(mail(None, 24 * 1024))).count();
        assert_eq!(taken, LANE_BYTES / (24 * 1024));
        assert!(lane.lock().bytes <= LANE_BYTES);
    }

    #[test]
    fn mail_that_is_not_kept_is_dropped_when_there_is_no_room() {
        let lane = live();
        for _ in 0..LANE {
            assert!(lane.push_unkept(mail(None, 1)));
        }
        assert!(!lane.push_unkept(mail(None, 1)));
        assert!(lane.try_next().is_some());
        assert!(lane.push_unkept(mail(None, 1)));
    }
}
