//! The way to one peer: which rows wait, which are under way on which path, and how patient we are.

use std::collections::{BTreeMap, BTreeSet};

use orrery_protocol::PeerId;

/// What is asked of somebody's server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask {
    /// To take a row.
    Row { to: PeerId, row: u64 },
    /// For a bundle.
    Fetch { peer: PeerId },
}

/// A question under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    pub(crate) ask: Ask,
    /// When no answer is expected any more, mono.
    pub(crate) until: u64,
}

impl Ticket {
    pub(crate) fn peer(&self) -> &PeerId {
        match &self.ask {
            Ask::Row { to, .. } => to,
            Ask::Fetch { peer } => peer,
        }
    }
}

/// Why a fresh session is wanted although there may be one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Renewal {
    /// The other side's messages cannot be read; ours go on in the old session meanwhile.
    Heal { generation: u32 },
    /// A request begins anew; nothing goes before it.
    Request,
}

/// Until when nothing is tried over the server.
#[derive(Clone, Copy, Debug)]
struct Wait {
    until: u64,
    /// The server said no; a new row does not change that.
    firm: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Lane {
    /// Rows not taken and not given up, in order.
    pub(crate) queue: BTreeSet<u64>,
    /// Items not receipted, by `seq`.
    pub(crate) items: BTreeMap<u64, u64>,
    /// Rows deposited and not answered, with their tickets.
    pub(crate) in_flight: BTreeMap<u64, u64>,
    /// Items sent over the direct connection, with the time at which they go over the server too.
    pub(crate) direct: BTreeMap<u64, u64>,
    /// Rows the direct connection had its chance with.
    pub(crate) by_server: BTreeSet<u64>,
    /// The latest receipt still in the queue.
    pub(crate) receipt: Option<u64>,
    /// When a receipt last went over the direct connection only.
    pub(crate) receipt_went_direct: Option<u64>,
    /// The fetch of a bundle under way.
    pub(crate) fetching: Option<u64>,
    /// A fresh session is wanted.
    pub(crate) renewal: Option<Renewal>,
    /// Tries in a row that did not succeed.
    pub(crate) failures: u32,
    /// Since when the server refuses our token.
    pub(crate) refused_since: Option<u64>,
    /// When items beyond a gap were last sent again.
    pub(crate) gap_at: Option<u64>,
    wait: Option<Wait>,
}

impl Lane {
    /// How long a wait may still last when there is something new to say.
    const HURRY_MS: u64 = 1000;

    pub(crate) fn waits(&self, now: u64) -> bool {
        self.wait.is_some_and(|wait| wait.until > now)
    }

    pub(crate) fn wait(&mut self, until: u64, firm: bool) {
        self.wait = Some(Wait { until, firm });
    }

    /// Forgets a wait that is over; says so.
    pub(crate) fn end_wait(&mut self, now: u64) -> bool {
        let over = self.wait.is_some_and(|wait| wait.until <= now);
        if over {
            self.wait = None;
        }
        over
    }

    /// When the wait ends, if there is anything to try then.
    pub(crate) fn due(&self) -> Option<u64> {
        let wanted = !self.queue.is_empty() || self.renewal.is_some();
        self.wait.filter(|_| wanted).map(|wait| wait.until)
    }

    /// When something is to be done here.
    pub(crate) fn next_due(&self) -> Option<u64> {
        let doubt = self
            .receipt_went_direct
            .map(|at| at.saturating_add(super::send::RECEIPT_DOUBT_MS));
        self.direct.values().copied().chain(self.due()).chain(doubt).min()
    }

    pub(crate) fn hurry(&mut self, now: u64) {
        if let Some(wait) = self.wait.as_mut().filter(|wait| !wait.firm) {
            wait.until = wait.until.min(now.saturating_add(Self::HURRY_MS));
        }
    }

    /// It works again.
    pub(crate) fn release(&mut self) {
        self.wait = None;
        self.failures = 0;
    }

    pub(crate) fn forget(&mut self, row: u64) {
        self.queue.remove(&row);
        self.in_flight.remove(&row);
        self.direct.remove(&row);
        self.by_server.remove(&row);
        if self.receipt == Some(row) {
            self.receipt = None;
        }
    }

    /// Answers to what is under way mean nothing any more.
    pub(crate) fn restart(&mut self) {
        self.in_flight.clear();
        self.direct.clear();
        self.by_server.clear();
    }

    /// The direct connection is gone or slow: what was sent over it takes the other way too.
    pub(crate) fn leave_direct(&mut self, rows: impl IntoIterator<Item = u64>) {
        for row in rows {
            self.direct.remove(&row);
            self.by_server.insert(row);
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_empty()
            && self.items.is_empty()
            && self.in_flight.is_empty()
            && self.fetching.is_none()
            && self.renewal.is_none()
            && self.receipt_went_direct.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_new_to_say_cuts_a_wait_short_unless_the_server_said_no() {
        let mut lane = Lane::default();
        lane.queue.insert(1);
        lane.wait(60_000, false);
        lane.hurry(100);
        assert_eq!(lane.due(), Some(1100));
        lane.wait(60_000, true);
        lane.hurry(100);
        assert_eq!(lane.due(), Some(60_000));
    }

    #[test]
    fn a_lane_without_work_is_never_due() {
        let mut lane = Lane::default();
        lane.wait(5, false);
        assert_eq!(lane.due(), None);
        lane.renewal = Some(Renewal::Heal { generation: 1 });
        assert_eq!(lane.due(), Some(5));
    }
}
