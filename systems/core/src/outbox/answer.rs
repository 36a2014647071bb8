//! What servers answered.

use orrery_protocol::{
    PeerId,
    prekey::PrekeyBundle,
    record::{ContactState, Delivery, OutboxRecord},
};

use super::lane::{Ask, Renewal};
use crate::{
    error::{Refusal, Result},
    io::{DropFailure, Fact},
    turn::Turn,
};

/// Nobody answers: the first pause and the longest.
const UNREACHABLE_MS: (u64, u64) = (1000, 60_000);
/// The mailbox is full: people empty theirs by coming online, which nobody hurries.
const FULL_MS: (u64, u64) = (30_000, 600_000);
/// The token opens nothing: perhaps the new one is on its way to us.
const REFUSED_MS: (u64, u64) = (30_000, 3_600_000);
/// Refused for so long, a message waits for the person.
const REFUSED_GIVE_UP_MS: u64 = 6 * 3600 * 1000;
/// A member of the running call whose server does not know our token yet.
const MEMBER_MS: (u64, u64) = (500, 4000);
/// The server speaks another version.
const VERSION_MS: u64 = 3_600_000;
/// A server may ask for patience, but not for ever.
const LATER_MOST_MS: u64 = 3_600_000;

impl Turn<'_> {
    pub(crate) fn deposited(&mut self, ticket: u64, result: std::result::Result<(), DropFailure>) -> Result<()> {
        let Some(Ask::Row { to, row }) = self.live.tickets.remove(&ticket).map(|ticket| ticket.ask) else {
            return Ok(());
        };
        let lane = self.lane(&to);
        if lane.in_flight.get(&row) != Some(&ticket) {
            // It was encrypted anew since, or dropped: this answer speaks of something else.
            return Ok(());
        }
        lane.in_flight.remove(&row);
        let Some(row) = self.archive.outbox(row)? else {
            return Ok(());
        };
        match result {
            Ok(()) => self.taken(row),
            Err(failure) => self.not_taken(&row, failure),
        }
    }

    fn taken(&mut self, mut row: OutboxRecord) -> Result<()> {
        let lane = self.lane(&row.to);
        lane.release();
        lane.refused_since = None;
        lane.forget(row.id);
        if row.item_seq.is_none() {
            self.archive.delete_outbox(row.id)?;
            if self.asked_by_us(&row.to)? {
                // The request is with their server.
                self.tell_contact(&row.to)?;
            }
            return Ok(());
        }
        row.taken = true;
        self.archive.put_outbox(&row)?;
        self.set_delivery(&row, Delivery::Sent)
    }

    fn not_taken(&mut self, row: &OutboxRecord, failure: DropFailure) -> Result<()> {
        if !row.keep {
            // Worth something only at that moment.
            return self.drop_row(row);
        }
        match failure {
            DropFailure::TooLarge => return self.give_up(row, Refusal::Internal),
            DropFailure::NotAccepted if self.asked_by_us(&row.to)? => {
                return self.request_failed(&row.to, Refusal::NotAccepted);
            }
            _ => {}
        }
        let refused_for = self.delay(&row.to, failure)?;
        if refused_for >= REFUSED_GIVE_UP_MS {
            return self.give_up(row, Refusal::NotAccepted);
        }
        if failure == DropFailure::Unreachable {
            Ok(())
        } else {
            self.set_delivery(row, Delivery::Waiting)
        }
    }

    fn asked_by_us(&mut self, peer: &PeerId) -> Result<bool> {
        Ok(self
            .contact(peer)?
            .is_some_and(|row| row.state == ContactState::RequestedByUs)
            && !self.is_call_member(peer))
    }

    /// Makes a lane wait as the failure asks; how long its server has refused our token by now.
    fn delay(&mut self, peer: &PeerId, failure: DropFailure) -> Result<u64> {
        let now = self.mono_ms();
        let failures = self.lane(peer).failures;
        let in_call = self.is_call_member(peer) && !self.is_contact(peer)?;
        let (pause, firm) = match failure {
            _ if in_call => (self.backoff(failures, MEMBER_MS.0, MEMBER_MS.1), true),
            DropFailure::Unreachable => (self.backoff(failures, UNREACHABLE_MS.0, UNREACHABLE_MS.1), false),
            DropFailure::MailboxFull => (self.backoff(failures, FULL_MS.0, FULL_MS.1), true),
            DropFailure::NotAccepted | DropFailure::TooLarge => {
                (self.backoff(failures, REFUSED_MS.0, REFUSED_MS.1), true)
            }
            DropFailure::Later { retry_ms } => {
                let asked = retry_ms.min(LATER_MOST_MS);
                (asked.saturating_add(self.random_below(asked / 4 + 250)), true)
            }
            DropFailure::Version => {
                if self.live.versions_said.insert(*peer) {
                    self.fact(Fact::VersionMismatch { peer: *peer });
                }
                (VERSION_MS, true)
            }
        };
        let lane = self.lane(peer);
        // Several rows are under way at once; the failure of one is the failure of all.
        if !lane.waits(now) {
            lane.failures = lane.failures.saturating_add(1);
            lane.wait(now.saturating_add(pause), firm);
        }
        if failure == DropFailure::NotAccepted {
            let since = *lane.refused_since.get_or_insert(now);
            return Ok(now.saturating_sub(since));
        }
        lane.refused_since = None;
        Ok(0)
    }

    /// Questions that nobody answers any more.
    pub(crate) fn tick_tickets(&mut self) -> Result<()> {
        let now = self.mono_ms();
        let late: Vec<(u64, Ask)> = self
            .live
            .tickets
            .iter()
            .filter(|(_, ticket)| ticket.until <= now)
            .map(|(number, ticket)| (*number, ticket.ask))
            .collect();
        for (number, ask) in late {
            match ask {
                Ask::Row { .. } => self.deposited(number, Err(DropFailure::Unreachable))?,
                Ask::Fetch { .. } => self.fetched(number, Err(DropFailure::Unreachable))?,
            }
        }
        Ok(())
    }

    pub(crate) fn fetched(
        &mut self,
        ticket: u64,
        result: std::result::Result<Box<PrekeyBundle>, DropFailure>,
    ) -> Result<()> {
        let Some(Ask::Fetch { peer }) = self.live.tickets.remove(&ticket).map(|ticket| ticket.ask) else {
            return Ok(());
        };
        let lane = self.lane(&peer);
        if lane.fetching != Some(ticket) {
            return Ok(());
        }
        lane.fetching = None;
        let failure = match result {
            Ok(bundle) => {
                let renewal = lane.renewal;
                let generation = match renewal {
                    Some(Renewal::Heal { generation }) => generation,
                    Some(Renewal::Request) | None => 0,
                };
                // The other side may have begun one meanwhile; then ours would be one too many.
                let answered = renewal.is_none() && self.has_session(&peer)?;
                if answered || self.start_session(&peer, &bundle, generation)? {
                    let lane = self.lane(&peer);
                    lane.release();
                    lane.refused_since = None;
                    lane.renewal = None;
                    let healing = matches!(renewal, Some(Renewal::Heal { .. }));
                    return if healing { self.healed(&peer) } else { Ok(()) };
                }
                if self.asked_by_us(&peer)? {
                    return self.request_failed(&peer, Refusal::BadPrekeys);
                }
                // A server that hands out wrong keys for a contact is no better than one that refuses.
                DropFailure::NotAccepted
            }
            Err(failure) => failure,
        };
        if failure == DropFailure::NotAccepted && self.asked_by_us(&peer)? {
            return self.request_failed(&peer, Refusal::NotAccepted);
        }
        let refused_for = self.delay(&peer, failure)?;
        if refused_for >= REFUSED_GIVE_UP_MS {
            for row in self.archive.outbox_rows(Some(&peer))? {
                if !row.taken && !row.failed {
                    self.give_up(&row, Refusal::NotAccepted)?;
                }
            }
        }
        Ok(())
    }
}
