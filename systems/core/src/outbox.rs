//! What is on its way to others. Every note is a row until it is taken, an item until it is receipted; it is encrypted
//! once, when it first leaves, and the same ciphertext takes every path. Rows go in order, several at a time, and wait
//! with growing patience when a server does not take them.

mod again;
mod answer;
mod lane;
mod send;

pub(crate) use lane::{Ask, Lane, Renewal, Ticket};
use orrery_protocol::{
    MessageId, PeerId, encode,
    note::{Body, Note},
    record::{Delivery, OutboxRecord, SecretBytes},
};
pub(crate) use send::Route;

use crate::{
    error::{Refusal, Result},
    io::Change,
    turn::Turn,
};

/// Items that were taken and never receipted are forgotten after this: no mailbox keeps them longer.
const UNRECEIPTED_MS: u64 = 30 * 24 * 3600 * 1000;

/// How a note is posted.
#[derive(Clone, Copy)]
pub(crate) struct Post {
    /// The item it carries.
    pub(crate) item: Option<(u64, Option<MessageId>)>,
    /// The server keeps it for who is away.
    pub(crate) keep: bool,
    /// Not worth sending after so many milliseconds.
    pub(crate) lifetime_ms: Option<u64>,
}

impl Post {
    /// Kept, for as long as it takes.
    pub(crate) const KEPT: Self = Self {
        item: None,
        keep: true,
        lifetime_ms: None,
    };

    /// Only for who is there now.
    pub(crate) const FLEETING: Self = Self {
        item: None,
        keep: false,
        lifetime_ms: Some(30_000),
    };

    /// Kept, until it stops being true.
    pub(crate) const fn until(lifetime_ms: u64) -> Self {
        Self {
            item: None,
            keep: true,
            lifetime_ms: Some(lifetime_ms),
        }
    }

    /// An item of a conversation; `message` is whose delivery it decides.
    pub(crate) const fn item(seq: u64, message: Option<MessageId>) -> Self {
        Self {
            item: Some((seq, message)),
            keep: true,
            lifetime_ms: None,
        }
    }
}

impl Turn<'_> {
    /// A note's plaintext, said now.
    pub(crate) fn note_bytes(&self, body: Body) -> Result<SecretBytes> {
        let bytes = encode(&Note::new(self.wall_ms(), body)).map_err(|_| Refusal::Internal)?;
        Ok(SecretBytes(bytes))
    }

    /// Puts a note into the outbox; it goes at the end of this turn.
    pub(crate) fn post(&mut self, to: &PeerId, body: Body, post: Post) -> Result<u64> {
        let now_ms = self.wall_ms();
        let row = OutboxRecord {
            id: 0,
            to: *to,
            note: self.note_bytes(body)?,
            // Empty: not encrypted yet.
            message: Vec::new(),
            session: [0; 32],
            item_seq: post.item.map(|(seq, _)| seq),
            item_id: post.item.and_then(|(_, message)| message),
            keep: post.keep,
            expires_ms: post.lifetime_ms.map(|lifetime| now_ms.saturating_add(lifetime)),
            taken: false,
            failed: false,
            created_ms: now_ms,
        };
        let id = self.archive.push_outbox(&row)?;
        let now = self.mono_ms();
        let lane = self.lane(to);
        lane.queue.insert(id);
        if let Some((seq, _)) = post.item {
            lane.items.insert(seq, id);
        }
        lane.hurry(now);
        Ok(id)
    }

    /// The lane to a peer, made when missing, looked at again at the end of this turn.
    pub(crate) fn lane(&mut self, peer: &PeerId) -> &mut Lane {
        self.lanes.insert(*peer);
        self.live.lanes.entry(*peer).or_default()
    }

    /// Builds the lanes from the rows of an earlier run.
    pub(crate) fn load_lanes(&mut self) -> Result<()> {
        let now_ms = self.wall_ms();
        for mut row in self.archive.outbox_rows(None)? {
            let forgotten = row.taken && now_ms.saturating_sub(row.created_ms) > UNRECEIPTED_MS;
            let expired = row.expires_ms.is_some_and(|expires| expires <= now_ms);
            if forgotten || expired {
                self.archive.delete_outbox(row.id)?;
                continue;
            }
            if row.failed && row.item_id.is_none() {
                // Given up by an earlier version, and no message, so nobody could retry it.
                row.failed = false;
                self.archive.put_outbox(&row)?;
            }
            let lane = self.live.lanes.entry(row.to).or_default();
            if !row.taken && !row.failed {
                lane.queue.insert(row.id);
            }
            if let Some(seq) = row.item_seq {
                lane.items.insert(seq, row.id);
            }
        }
        // Nothing leaves before the home server is reached or the first wake: the driver is not ready yet.
        let soon = self.mono_ms().saturating_add(1);
        for lane in self.live.lanes.values_mut().filter(|lane| !lane.queue.is_empty()) {
            lane.wait(soon, false);
        }
        Ok(())
    }

    /// Takes a row out of the archive and its lane.
    pub(crate) fn drop_row(&mut self, row: &OutboxRecord) -> Result<()> {
        self.archive.delete_outbox(row.id)?;
        if let Some(lane) = self.live.lanes.get_mut(&row.to) {
            lane.forget(row.id);
            if let Some(seq) = row.item_seq
                && lane.items.get(&seq) == Some(&row.id)
            {
                lane.items.remove(&seq);
            }
        }
        Ok(())
    }

    /// Shows how far a message of ours has come. What has arrived never goes back.
    pub(crate) fn set_delivery(&mut self, row: &OutboxRecord, delivery: Delivery) -> Result<()> {
        let Some(id) = row.item_id else {
            return Ok(());
        };
        let reference = orrery_protocol::MessageRef { author: self.own, id };
        let Some(mut message) = self.archive.message(&reference)? else {
            return Ok(());
        };
        let arrived = message.delivery >= Delivery::Sent;
        if message.delivery == delivery || (arrived && delivery <= message.delivery) {
            return Ok(());
        }
        message.delivery = delivery;
        self.archive.put_message(&message)?;
        self.message_fact(message, Change::Changed);
        Ok(())
    }
}
