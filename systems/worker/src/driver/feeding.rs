//! Inputs on their way into the core, and what becomes of those that the database did not take.

use orrery_core::Input;
use orrery_link::{Event, Notice};
use tokio::time::Instant;

use super::{DISK_RETRY, Driver, Place, mending::Cure};
use crate::engine::Failure;

impl Driver {
    /// Gives the core an input and carries out what it wants.
    pub(super) fn feed(&mut self, input: Input) {
        let now = self.clock.now();
        let Place::Inside(session) = &mut self.place else {
            return;
        };
        // The one input kept for a disk that takes nothing is tried again by `due`, before any other of the network's.
        match session.engine.feed(input.clone(), now) {
            Ok(outputs) => {
                session.said = None;
                self.carry_out(outputs, None);
            }
            Err(Failure::Refused(code)) => tracing::debug!(?code, "the core refused what the network brought"),
            Err(failure) => {
                let code = failure.code();
                match failure {
                    Failure::Disk(_) if session.stuck.is_none() => {
                        session.stuck = Some((input, Instant::now() + DISK_RETRY));
                    }
                    Failure::Broken(_) => {
                        let lost = !matches!(input, Input::Wake | Input::Act(_) | Input::ServerOffline);
                        session.mending.failed(lost, Instant::now());
                    }
                    Failure::Disk(_) | Failure::Refused(_) => {}
                }
                if session.said.replace(code) != Some(code) {
                    self.tell(Event::Notice(Notice::Problem { code }));
                }
            }
        }
    }

    /// A timer of the core has come, or what failed is given another try.
    pub(super) fn due(&mut self) {
        let now = Instant::now();
        if let Place::Inside(session) = &mut self.place
            && session.barrier.until().is_some_and(|until| until <= now)
        {
            let freed = session.barrier.lower();
            self.set_free(freed);
        }
        let Place::Inside(session) = &mut self.place else {
            return;
        };
        if session.mending.due(now) == Some(Cure::Reconnect) {
            tracing::warn!("something that the network brought was lost: all sockets are made anew");
            session.reconnect(false);
        }
        let input = session.stuck.take().map_or(Input::Wake, |(input, _)| input);
        self.feed(input);
    }
}
