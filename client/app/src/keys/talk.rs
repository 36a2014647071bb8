//! Who holds the talk key. Any of several hands is enough; the worker is told when the first takes it and the last lets go.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bevy::prelude::Resource;
use orrery_link::Command;
use orrery_link::lane::CommandSender;

/// What holds a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// The window itself: its key or its button.
    Window,
    /// The desktop, while another window has the focus.
    Desktop,
    /// A command from outside.
    Command,
}

impl Hand {
    const fn bit(self) -> u8 {
        match self {
            Self::Window => 1,
            Self::Desktop => 2,
            Self::Command => 4,
        }
    }
}

#[derive(Debug, Default)]
struct Held {
    /// One bit for each hand.
    hands: u8,
    /// What the worker was told last.
    told: bool,
    /// The way to the worker, while the key means something.
    lane: Option<CommandSender>,
}

impl Held {
    /// Tells the worker where it does not know. A full lane is tried again with the next frame or hand.
    fn tell(&mut self) {
        let held = self.hands != 0;
        if held == self.told {
            return;
        }
        if let Some(lane) = &self.lane
            && lane.try_send(Command::HoldTalkKey { held }).is_ok()
        {
            self.told = held;
        }
    }
}

/// The talk key, shared by the threads that hear it.
#[derive(Resource, Clone, Debug, Default)]
pub struct TalkKey(Arc<Mutex<Held>>);

impl TalkKey {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A hand takes it or lets go; false where the key means nothing now.
    pub fn hold(&self, hand: Hand, down: bool) -> bool {
        let mut held = self.lock();
        if held.lane.is_none() {
            return false;
        }
        if down {
            held.hands |= hand.bit();
        } else {
            held.hands &= !hand.bit();
        }
        held.tell();
        true
    }

    /// A hand takes it if it does not have it, and lets go if it does; false where the key means nothing now.
    pub fn toggle(&self, hand: Hand) -> bool {
        let down = !self.holds(hand);
        self.hold(hand, down)
    }

    /// This hand has it.
    #[must_use]
    pub fn holds(&self, hand: Hand) -> bool {
        self.lock().hands & hand.bit() != 0
    }

    /// Some hand has it.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.lock().hands != 0
    }

    /// From now on it means something to who is at the end of this lane, or nothing to anybody. When that begins and when it
    /// ends every hand is off.
    pub fn connect(&self, lane: Option<CommandSender>) {
        let mut held = self.lock();
        if held.lane.is_some() != lane.is_some() {
            held.hands = 0;
            // Also at the end: with another mode the call goes on, and what is down there would stay down.
            held.tell();
            held.told = false;
        }
        held.lane = lane;
        held.tell();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orrery_link::{WorkerEnd, pair};

    fn told(worker: &WorkerEnd) -> Vec<bool> {
        std::iter::from_fn(|| worker.try_command())
            .map(|request| match request.command {
                Command::HoldTalkKey { held } => held,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn the_worker_is_told_of_the_first_hand_and_of_the_last() {
        let (app, worker) = pair();
        let talk = TalkKey::default();
        talk.connect(Some(app.command_sender()));
        assert!(talk.hold(Hand::Window, true) && talk.hold(Hand::Window, true));
        assert!(talk.hold(Hand::Command, true));
        assert!(talk.hold(Hand::Window, false));
        assert!(talk.is_held() && !talk.holds(Hand::Window));
        assert_eq!(told(&worker), [true]);
        assert!(talk.toggle(Hand::Command));
        assert_eq!(told(&worker), [false]);
        assert!(talk.toggle(Hand::Command));
        assert_eq!(told(&worker), [true]);
    }

    #[test]
    fn outside_a_call_no_hand_holds_and_the_next_call_begins_with_none() {
        let (app, worker) = pair();
        let talk = TalkKey::default();
        assert!(!talk.hold(Hand::Command, true) && !talk.is_held());
        talk.connect(Some(app.command_sender()));
        talk.hold(Hand::Command, true);
        talk.connect(None);
        assert!(!talk.is_held());
        talk.connect(Some(app.command_sender()));
        assert_eq!(told(&worker), [true, false]);
        talk.hold(Hand::Desktop, true);
        assert_eq!(told(&worker), [true]);
    }

    #[test]
    fn a_full_lane_is_tried_again() {
        let (app, worker) = pair();
        let talk = TalkKey::default();
        talk.connect(Some(app.command_sender()));
        while app.send(Command::Resync {}).is_ok() {}
        talk.hold(Hand::Window, true);
        while worker.try_command().is_some() {}
        talk.connect(Some(app.command_sender()));
        assert_eq!(told(&worker), [true]);
    }
}
