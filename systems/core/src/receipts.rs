//! Receipts: what has arrived and what was read, told cumulatively and not for every message.

use std::collections::BTreeSet;

use orrery_protocol::{
    PeerId,
    note::{Body, Receipt},
    record::{ContactState, Delivery},
};

use crate::{error::Result, inbox::Path, io::Change, outbox::Post, turn::Turn};

/// After the last item so long is waited for more.
const QUIET_MS: u64 = 300;
/// A steady stream of items is receipted at least this often.
const LONGEST_MS: u64 = 1500;
/// Items the other side misses while it has later ones are sent again, at most this often.
const GAP_EVERY_MS: u64 = 15_000;
/// An item younger than this may still be under way.
const GAP_AGE_MS: u64 = 10_000;
/// Items beyond a gap named in one receipt.
const MAX_BEYOND: usize = 64;

/// When a receipt goes out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReceiptTimer {
    first: u64,
    pub(crate) at: u64,
    /// Something it is for came over the server: then the receipt does too, whatever the direct connection promises.
    by_server: bool,
}

impl Turn<'_> {
    /// A receipt is owed; it goes out when it has been quiet for a moment.
    pub(crate) fn receipt_due(&mut self, peer: &PeerId, path: Path) -> Result<()> {
        let due = self.edit_contact(peer, |row| {
            row.receipt_due = true;
        })?;
        if due.is_some() {
            let now = self.mono_ms();
            let timer = self.live.receipts.entry(*peer).or_insert(ReceiptTimer {
                first: now,
                at: now,
                by_server: false,
            });
            timer.by_server |= path == Path::Server;
            timer.at = now.saturating_add(QUIET_MS).min(timer.first.saturating_add(LONGEST_MS));
        }
        Ok(())
    }

    /// A receipt goes out in this turn.
    pub(crate) fn receipt_now(&mut self, peer: &PeerId) -> Result<()> {
        self.receipt_due(peer, Path::Direct)?;
        let now = self.mono_ms();
        if let Some(timer) = self.live.receipts.get_mut(peer) {
            timer.at = now;
        }
        Ok(())
    }

    /// Receipts that were owed when the program stopped.
    pub(crate) fn load_receipts(&mut self) -> Result<()> {
        for row in self.archive.contacts()? {
            if row.receipt_due && row.state == ContactState::Contact {
                self.receipt_due(&row.peer, Path::Server)?;
            }
        }
        Ok(())
    }

    pub(crate) fn tick_receipts(&mut self) -> Result<()> {
        let now = self.mono_ms();
        let due: Vec<(PeerId, bool)> = self
            .live
            .receipts
            .iter()
            .filter(|(_, timer)| timer.at <= now)
            .map(|(peer, timer)| (*peer, timer.by_server))
            .collect();
        for (peer, by_server) in due {
            self.live.receipts.remove(&peer);
            self.post_receipt(&peer, by_server)?;
        }
        Ok(())
    }

    /// All receipts that are owed go out in this turn.
    pub(crate) fn flush_receipts(&mut self) -> Result<()> {
        let now = self.mono_ms();
        for timer in self.live.receipts.values_mut() {
            timer.at = now;
        }
        self.tick_receipts()
    }

    fn post_receipt(&mut self, peer: &PeerId, by_server: bool) -> Result<()> {
        let Some(row) = self.contact(peer)? else {
            return Ok(());
        };
        if !row.receipt_due || row.blocked || row.state != ContactState::Contact {
            return Ok(());
        }
        let read = if self.live.policy.read_receipts {
            row.read_by_us.min(row.their_seq)
        } else {
            0
        };
        let body = Body::Receipt(Receipt {
            delivered: row.their_seq,
            beyond: row.their_beyond.iter().copied().take(MAX_BEYOND).collect(),
            read,
        });
        self.edit_contact(peer, |row| row.receipt_due = false)?;
        // A newer receipt says all that an older one says: one that still waits is replaced.
        let lane = self.lane(peer);
        let waiting = lane
            .receipt
            .filter(|row| lane.queue.contains(row) && !lane.in_flight.contains_key(row));
        if let Some(id) = waiting
            && let Some(mut old) = self.archive.outbox(id)?
        {
            old.note = self.note_bytes(body)?;
            old.message.clear();
            if by_server {
                self.lane(peer).by_server.insert(id);
            }
            return Ok(self.archive.put_outbox(&old)?);
        }
        let id = self.post(peer, body, Post::KEPT)?;
        let lane = self.lane(peer);
        lane.receipt = Some(id);
        if by_server {
            lane.by_server.insert(id);
        }
        Ok(())
    }

    pub(crate) fn receipt_received(&mut self, peer: &PeerId, receipt: &Receipt) -> Result<()> {
        let Some(contact) = self.contact(peer)? else {
            return Ok(());
        };
        let delivered = receipt.delivered.min(contact.own_seq);
        let beyond: BTreeSet<u64> = receipt
            .beyond
            .iter()
            .copied()
            .filter(|seq| *seq <= contact.own_seq)
            .collect();
        let has = |seq: u64| seq <= delivered || beyond.contains(&seq);
        let items: Vec<(u64, u64)> = self
            .live
            .lanes
            .get(peer)
            .map(|lane| lane.items.iter().map(|(seq, row)| (*seq, *row)).collect())
            .unwrap_or_default();
        let furthest = beyond.last().copied().unwrap_or(0);
        let mut missing = Vec::new();
        for (seq, id) in items {
            if seq > delivered.max(furthest) {
                break;
            }
            let Some(row) = self.archive.outbox(id)? else {
                self.lane(peer).items.remove(&seq);
                continue;
            };
            // What never left cannot have arrived, whatever the other side counts.
            let left = !row.failed && !row.message.is_empty();
            if has(seq) && left {
                self.set_delivery(&row, Delivery::Delivered)?;
                self.drop_row(&row)?;
            } else if row.taken {
                missing.push(row);
            }
        }
        let read = receipt.read.min(delivered);
        if read > contact.read_by_them {
            for mut message in self
                .archive
                .own_messages(&(*peer).into(), &self.own, contact.read_by_them, read)?
            {
                if (Delivery::Sent..Delivery::Read).contains(&message.delivery) {
                    message.delivery = Delivery::Read;
                    self.archive.put_message(&message)?;
                    let message = self.archive.message(&message.reference())?.unwrap_or(message);
                    self.message_fact(message, Change::Changed);
                }
            }
        }
        self.edit_contact(peer, |row| {
            row.delivered_to_them = row.delivered_to_them.max(delivered);
            row.read_by_them = row.read_by_them.max(read);
        })?;
        self.send_missing_again(peer, missing)
    }

    /// Items taken long ago that the other side lacks while it has later ones: its mailbox lost them.
    fn send_missing_again(&mut self, peer: &PeerId, missing: Vec<orrery_protocol::record::OutboxRecord>) -> Result<()> {
        let (now, now_ms) = (self.mono_ms(), self.wall_ms());
        let lane = self.lane(peer);
        if missing.is_empty() || lane.gap_at.is_some_and(|at| now.saturating_sub(at) < GAP_EVERY_MS) {
            return Ok(());
        }
        lane.gap_at = Some(now);
        for mut row in missing {
            if now_ms.saturating_sub(row.created_ms) >= GAP_AGE_MS {
                row.taken = false;
                self.archive.put_outbox(&row)?;
                let lane = self.lane(peer);
                lane.queue.insert(row.id);
                lane.by_server.insert(row.id);
            }
        }
        Ok(())
    }
}
