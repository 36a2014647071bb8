//! Sending: which row goes now, and which way.

use orrery_crypto::{SealKind, seal};
use orrery_protocol::{
    ConnectionId, PeerId, decode,
    frame::DepositToken,
    limits::{MAX_DIRECT_MESSAGE, MAX_REQUEST_ENVELOPE},
    note::{Body, Note},
    record::{ContactState, OutboxRecord},
};

use super::lane::{Ask, Renewal};
use crate::{
    error::{Refusal, Result},
    inbox::Path,
    io::Output,
    turn::Turn,
};

/// Rows under way to one peer's server; more wait for answers.
const WINDOW: usize = 8;
/// Items under way over a direct connection without a receipt; more go over the server.
const DIRECT_WINDOW: usize = 64;
/// An item without a receipt for so long over the direct connection goes over the server too.
pub(super) const DIRECT_PATIENCE_MS: u64 = 5000;
/// How long after a receipt went over a connection that broke it is owed again.
pub(super) const RECEIPT_DOUBT_MS: u64 = 10_000;

/// Where a peer's mailbox is and what opens it.
pub(crate) struct Route {
    pub(crate) via: String,
    pub(crate) token: DepositToken,
}

impl Turn<'_> {
    /// How a peer is reached, if we may write to it at all.
    pub(crate) fn route(&mut self, peer: &PeerId) -> Result<Option<Route>> {
        let row = self.contact(peer)?;
        if row.as_ref().is_some_and(|row| row.blocked) {
            return Ok(None);
        }
        if let Some(row) = row
            && matches!(row.state, ContactState::Contact | ContactState::RequestedByUs)
            && let Some(token) = row.token
            && (row.state == ContactState::Contact || !self.is_call_member(peer))
        {
            let token = if row.token_is_request {
                DepositToken::Request(token)
            } else {
                DepositToken::Delivery(token)
            };
            return Ok(Some(Route { via: row.via, token }));
        }
        Ok(self.member_route(peer))
    }

    /// Sends what may go to one peer now.
    pub(crate) fn pump(&mut self, peer: &PeerId) -> Result<()> {
        if !self.live.lanes.contains_key(peer) {
            return Ok(());
        }
        let Some(route) = self.route(peer)? else {
            return self.clear_lane(peer);
        };
        let now = self.mono_ms();
        if self
            .live
            .lanes
            .get(peer)
            .is_some_and(|lane| lane.renewal.is_some() && !lane.waits(now))
        {
            self.fetch(peer, &route);
        }
        // Rows that turn out expired make room for others.
        while self.pump_window(peer, &route)? {}
        if self.live.lanes.get(peer).is_some_and(super::Lane::is_idle) {
            self.live.lanes.remove(peer);
        }
        Ok(())
    }

    /// One look at the front of the queue; `true` when rows were dropped and another look is due.
    fn pump_window(&mut self, peer: &PeerId, route: &Route) -> Result<bool> {
        let now = self.mono_ms();
        let direct = self.direct_connection(peer);
        let Some(lane) = self.live.lanes.get(peer) else {
            return Ok(false);
        };
        let waiting = lane.waits(now);
        let not_yet = matches!(lane.renewal, Some(Renewal::Request));
        if not_yet || (waiting && direct.is_none()) {
            return Ok(false);
        }
        let rows: Vec<u64> = lane
            .queue
            .iter()
            .filter(|row| !lane.in_flight.contains_key(*row) && !lane.direct.contains_key(*row))
            .copied()
            .take(2 * WINDOW)
            .collect();
        let mut dropped = false;
        for id in rows {
            let Some(mut row) = self.archive.outbox(id)? else {
                self.lane_of(peer, |lane| lane.forget(id));
                continue;
            };
            if row.expires_ms.is_some_and(|expires| expires <= self.wall_ms()) {
                self.drop_row(&row)?;
                dropped = true;
                continue;
            }
            let over = direct.filter(|_| self.goes_direct(peer, &row));
            let free = self
                .lane_of(peer, |lane| lane.in_flight.len() < WINDOW)
                .unwrap_or(false);
            if over.is_none() && (waiting || !free) {
                continue;
            }
            if row.message.is_empty() {
                let Some((message, session)) = self.encrypt(peer, &row.note.0)? else {
                    if !waiting {
                        self.fetch(peer, route);
                    }
                    return Ok(false);
                };
                row.message = message;
                row.session = session;
                self.archive.put_outbox(&row)?;
            }
            match over {
                Some(connection) if row.message.len() <= MAX_DIRECT_MESSAGE => self.send_direct(connection, &row)?,
                _ => self.deposit(route, &row)?,
            }
        }
        Ok(dropped)
    }

    /// Items and receipts take the direct connection; what sets up connections and calls takes the server, since it
    /// must arrive most when connections are bad.
    fn goes_direct(&mut self, peer: &PeerId, row: &OutboxRecord) -> bool {
        let Some(lane) = self.live.lanes.get(peer) else {
            return false;
        };
        if lane.by_server.contains(&row.id) || lane.direct.len() >= DIRECT_WINDOW {
            return false;
        }
        row.item_seq.is_some() || decode::<Note>(&row.note.0).is_ok_and(|note| matches!(note.body, Body::Receipt(_)))
    }

    fn send_direct(&mut self, connection: ConnectionId, row: &OutboxRecord) -> Result<()> {
        let now = self.mono_ms();
        self.push(Output::SendDirect {
            connection,
            message: row.message.clone(),
        });
        if row.item_seq.is_some() {
            // No answer comes from this path but the receipt; until then the row stays.
            self.lane_of(&row.to, |lane| {
                lane.direct.insert(row.id, now.saturating_add(DIRECT_PATIENCE_MS))
            });
        } else {
            self.drop_row(row)?;
            self.lane_of(&row.to, |lane| lane.receipt_went_direct = Some(now));
        }
        Ok(())
    }

    fn deposit(&mut self, route: &Route, row: &OutboxRecord) -> Result<()> {
        let request = matches!(route.token, DepositToken::Request(_));
        let envelope = seal::seal(&self.own, &row.to, SealKind::Ratchet, &row.message, self.rng);
        let Some(envelope) = envelope
            .ok()
            .filter(|bytes| !request || bytes.len() <= MAX_REQUEST_ENVELOPE)
        else {
            return self.give_up(row, Refusal::Internal);
        };
        let ask = Ask::Row {
            to: row.to,
            row: row.id,
        };
        let ticket = self.live.ticket(ask, self.now.mono_ms);
        self.lane_of(&row.to, |lane| lane.in_flight.insert(row.id, ticket));
        self.push(Output::Deposit {
            ticket,
            to: row.to,
            via: route.via.clone(),
            token: route.token.clone(),
            envelope,
            keep: row.keep,
        });
        Ok(())
    }

    /// Asks for a bundle, once at a time.
    fn fetch(&mut self, peer: &PeerId, route: &Route) {
        if self.lane_of(peer, |lane| lane.fetching.is_some()).unwrap_or(true) {
            return;
        }
        let ticket = self.live.ticket(Ask::Fetch { peer: *peer }, self.now.mono_ms);
        self.lane_of(peer, |lane| lane.fetching = Some(ticket));
        self.push(Output::Fetch {
            ticket,
            peer: *peer,
            via: route.via.clone(),
            token: route.token.clone(),
        });
    }

    /// Does something to a lane that is there, without looking at it again.
    pub(super) fn lane_of<T>(&mut self, peer: &PeerId, edit: impl FnOnce(&mut super::Lane) -> T) -> Option<T> {
        self.live.lanes.get_mut(peer).map(edit)
    }

    /// Messages sent over the direct connection to which no receipt came go over the server too.
    pub(crate) fn tick_direct(&mut self) {
        let now = self.mono_ms();
        for (peer, lane) in &mut self.live.lanes {
            let late: Vec<u64> = lane
                .direct
                .iter()
                .filter(|(_, at)| **at <= now)
                .map(|(row, _)| *row)
                .collect();
            if !late.is_empty() {
                lane.leave_direct(late);
                self.lanes.insert(*peer);
            }
            if lane
                .receipt_went_direct
                .is_some_and(|at| now >= at.saturating_add(RECEIPT_DOUBT_MS))
            {
                lane.receipt_went_direct = None;
                self.lanes.insert(*peer);
            }
            if lane.end_wait(now) {
                self.lanes.insert(*peer);
            }
        }
    }

    /// The direct connection to a peer is gone.
    pub(crate) fn direct_lost(&mut self, peer: &PeerId) -> Result<()> {
        let Some(lane) = self.live.lanes.get_mut(peer) else {
            return Ok(());
        };
        let rows: Vec<u64> = lane.direct.keys().copied().collect();
        lane.leave_direct(rows);
        let doubtful = lane.receipt_went_direct.take().is_some();
        self.lanes.insert(*peer);
        if doubtful {
            self.receipt_due(peer, Path::Server)?;
        }
        Ok(())
    }
}
