//! What does not go any more, and what goes again.

use orrery_protocol::{
    PeerId, decode,
    note::{Body, Note},
    record::{ContactState, Delivery, OutboxRecord},
};

use super::Lane;
use crate::{
    error::{Refusal, Result},
    turn::Turn,
};

impl Turn<'_> {
    /// A row that was refused for too long or cannot go as it is. A message waits for the person. Nothing else can be tried
    /// again by hand, and without a change or a reaction the other side's count has a gap for good: what is only refused
    /// stays in line.
    pub(super) fn give_up(&mut self, row: &OutboxRecord, reason: Refusal) -> Result<()> {
        let state = self.contact(&row.to)?.map(|contact| contact.state);
        if state == Some(ContactState::RequestedByUs) && row.item_seq.is_none() {
            return self.request_failed(&row.to, reason);
        }
        if row.item_id.is_some() {
            self.lane_of(&row.to, |lane| lane.forget(row.id));
            return self.fail(row.clone());
        }
        if reason == Refusal::NotAccepted {
            return Ok(());
        }
        // No server of today takes it: items are tried again when the way has changed, other notes are gone.
        if row.item_seq.is_some() {
            self.lane_of(&row.to, |lane| lane.forget(row.id));
            return Ok(());
        }
        if matches!(introduces(row), Some(Body::Profile(_))) {
            self.edit_contact(&row.to, |contact| contact.profile_due = true)?;
        }
        self.drop_row(row)
    }

    fn fail(&mut self, mut row: OutboxRecord) -> Result<()> {
        row.failed = true;
        self.archive.put_outbox(&row)?;
        self.set_delivery(&row, Delivery::Failed)
    }

    /// Nothing more goes to this peer by itself. Messages that were not taken wait for the person, who may retry them
    /// when the two are contacts again; changes and reactions wait for that alone.
    pub(crate) fn clear_lane(&mut self, peer: &PeerId) -> Result<()> {
        // Blocked: once unblocked, a "yes" that never left is still owed.
        let is_kept = self
            .contact(peer)?
            .is_some_and(|contact| contact.state == ContactState::Contact);
        for row in self.archive.outbox_rows(Some(peer))? {
            if row.item_seq.is_none() {
                if !(is_kept && matches!(introduces(&row), Some(Body::Accept(_)))) {
                    self.archive.delete_outbox(row.id)?;
                }
            } else if row.item_id.is_some() && !row.taken && !row.failed {
                self.fail(row)?;
            }
        }
        if let Some(lane) = self.live.lanes.remove(peer).filter(|lane| !lane.items.is_empty()) {
            let mut rest = Lane::default();
            rest.items = lane.items;
            self.live.lanes.insert(*peer, rest);
        }
        self.live.tickets.retain(|_, ticket| ticket.peer() != peer);
        Ok(())
    }

    /// There is a way to this peer again: what waited for one is in line. When the mailbox has `moved`, so is what the old
    /// server took.
    pub(crate) fn requeue(&mut self, peer: &PeerId, moved: bool) -> Result<()> {
        if moved {
            // Answers of the old server say nothing about the new one.
            self.lane_of(peer, |lane| {
                lane.in_flight.clear();
                lane.fetching = None;
            });
        }
        for mut row in self.archive.outbox_rows(Some(peer))? {
            if row.failed || (row.taken && !moved) {
                continue;
            }
            if row.taken {
                row.taken = false;
                self.archive.put_outbox(&row)?;
                self.lane(peer).by_server.insert(row.id);
            }
            self.lane(peer).queue.insert(row.id);
        }
        Ok(())
    }

    /// The network is back: everything is tried again now.
    pub(crate) fn release_lanes(&mut self) {
        for (peer, lane) in &mut self.live.lanes {
            lane.release();
            self.lanes.insert(*peer);
        }
    }

    /// After a heal: everything that is not known to have arrived is encrypted again, in the session active now.
    pub(crate) fn encrypt_anew(&mut self, peer: &PeerId) -> Result<()> {
        let rows = self.archive.outbox_rows(Some(peer))?;
        let lane = self.lane(peer);
        lane.restart();
        for mut row in rows {
            row.message.clear();
            row.taken = false;
            if !row.failed {
                self.lane(peer).queue.insert(row.id);
            }
            self.archive.put_outbox(&row)?;
        }
        Ok(())
    }

    /// Takes introductions that still wait out of line: a newer one says all that they say. Whether one of them answers a
    /// request; then the newer one must answer it too.
    pub(crate) fn drop_introductions(&mut self, peer: &PeerId) -> Result<bool> {
        let mut answers = false;
        for row in self.archive.outbox_rows(Some(peer))? {
            let Some(body) = introduces(&row) else {
                continue;
            };
            answers |= matches!(body, Body::Accept(_));
            let is_under_way = self.lane_of(peer, |lane| lane.in_flight.contains_key(&row.id));
            if is_under_way != Some(true) {
                self.drop_row(&row)?;
            }
        }
        Ok(answers)
    }

    /// Takes requests that still wait out of line, also one under way: tried again it would tell the old address after the
    /// new one.
    pub(crate) fn drop_requests(&mut self, peer: &PeerId) -> Result<()> {
        for row in self.archive.outbox_rows(Some(peer))? {
            let note = decode::<Note>(&row.note.0);
            if row.item_seq.is_none() && note.is_ok_and(|note| matches!(note.body, Body::Request(_))) {
                self.drop_row(&row)?;
            }
        }
        Ok(())
    }
}

/// The note of a row that tells a contact our introduction.
fn introduces(row: &OutboxRecord) -> Option<Body> {
    if row.item_seq.is_some() {
        return None;
    }
    let body = decode::<Note>(&row.note.0).ok()?.body;
    matches!(body, Body::Accept(_) | Body::Profile(_)).then_some(body)
}
