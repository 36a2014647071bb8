//! The conversation with a contact: each side keeps a log of items counted without gaps; both logs together sort by
//! (lamport, author, count), so that both see one order without agreeing on a clock.

mod apply;

use orrery_crypto::random;
use orrery_protocol::{
    ChannelId, MessageId, MessageRef, PeerId,
    limits::{MAX_REACTION, MAX_TEXT},
    note::{Body, Item, ItemKind, NoteError, check_text},
    record::{ContactState, Delivery, MessageKind, MessageRecord, OrderKey, OutboxRecord},
};

use crate::{
    error::{Refusal, Result},
    io::{Change, Fact},
    outbox::Post,
    turn::Turn,
};

/// What the check of a note allows; reached only when a peer counts far ahead on purpose.
const MAX_COUNT: u64 = 1 << 48;

fn refusal(error: NoteError) -> Refusal {
    match error {
        NoteError::Empty => Refusal::TextEmpty,
        _ => Refusal::TextTooLong,
    }
}

impl Turn<'_> {
    pub(crate) fn open_channel(&mut self, channel: ChannelId) -> Result<()> {
        let peer = self.peer_of(channel)?;
        self.live.open_channels.insert(peer);
        // Who is looked for may have come while its greetings went past us.
        if !self.live.presence.is_here(&peer) && self.is_contact(&peer)? {
            self.greet(&peer)?;
        }
        Ok(())
    }

    pub(crate) fn close_channel(&mut self, channel: ChannelId) {
        self.live.open_channels.remove(&PeerId::from(channel));
    }

    pub(crate) fn send_text(&mut self, channel: ChannelId, text: String, reply_to: Option<MessageRef>) -> Result<()> {
        let peer = PeerId::from(channel);
        check_text(&text).map_err(refusal)?;
        self.writable(&peer, Refusal::NoSuchChannel)?;
        if let Some(target) = &reply_to {
            self.message_of(channel, target)?;
        }
        let kind = ItemKind::Text {
            text: text.clone(),
            reply_to,
        };
        self.own_typing_over(&peer);
        // What has been sent is no draft any more, also when the program ends before the window says so.
        self.edit_contact(&peer, |row| row.draft.clear())?;
        let item = self.post_item(&peer, kind, true)?;
        let record = MessageRecord {
            channel,
            author: self.own,
            id: item.id,
            seq: item.seq,
            lamport: item.lamport,
            sent_ms: self.wall_ms(),
            kind: MessageKind::Text { text },
            reply_to,
            edited: false,
            changed_at: (0, 0),
            deleted: false,
            delivery: Delivery::Sending,
            reactions: Vec::new(),
        };
        self.archive.put_message(&record)?;
        self.message_fact(record, Change::Sent);
        Ok(())
    }

    pub(crate) fn edit_text(&mut self, channel: ChannelId, id: MessageId, text: String) -> Result<()> {
        check_text(&text).map_err(refusal)?;
        let target = self.own_text(channel, id)?;
        let item = self.post_item(
            &PeerId::from(channel),
            ItemKind::Edit {
                target: id,
                text: text.clone(),
            },
            false,
        )?;
        self.apply_edit(target, text, (item.lamport, item.seq))
    }

    pub(crate) fn delete_text(&mut self, channel: ChannelId, id: MessageId) -> Result<()> {
        let target = self.own_text(channel, id)?;
        let item = self.post_item(&PeerId::from(channel), ItemKind::Delete { target: id }, false)?;
        self.apply_delete(target, (item.lamport, item.seq))
    }

    pub(crate) fn react(&mut self, channel: ChannelId, target: MessageRef, emoji: String, on: bool) -> Result<()> {
        let peer = PeerId::from(channel);
        if emoji.trim().is_empty() || emoji.len() > MAX_REACTION {
            return Err(Refusal::BadReaction.into());
        }
        self.writable(&peer, Refusal::NoSuchChannel)?;
        let message = self.message_of(channel, &target)?;
        let own = self.own;
        let there = message
            .reactions
            .iter()
            .any(|reaction| reaction.by == own && reaction.emoji == emoji);
        if there == on {
            return Ok(());
        }
        let kind = ItemKind::React {
            target,
            emoji: emoji.clone(),
            on,
        };
        let item = self.post_item(&peer, kind, false)?;
        self.apply_reaction(&target, &own, &emoji, on, (item.lamport, item.seq))
    }

    pub(crate) fn retry_message(&mut self, channel: ChannelId, id: MessageId) -> Result<()> {
        let peer = PeerId::from(channel);
        self.writable(&peer, Refusal::NoSuchChannel)?;
        let mut row = self.waiting_row(&peer, id)?.ok_or(Refusal::NoSuchMessage)?;
        row.failed = false;
        self.archive.put_outbox(&row)?;
        self.requeue(&peer, false)?;
        let lane = self.lane(&peer);
        lane.release();
        lane.refused_since = None;
        self.set_delivery(&row, Delivery::Sending)
    }

    /// Gives a message up that nobody has taken. Its place in our count is filled by taking back a message of that id.
    /// When it may have left all the same (an answer got lost), a receipt for that place may speak of the message
    /// itself, so taking it back is said once more at a place of its own.
    pub(crate) fn cancel_message(&mut self, channel: ChannelId, id: MessageId) -> Result<()> {
        let peer = PeerId::from(channel);
        let reference = MessageRef { author: self.own, id };
        let message = self.message_of(channel, &reference)?;
        let mut row = self.waiting_row(&peer, id)?.ok_or(Refusal::NoSuchMessage)?;
        let item = Item {
            id: random::message_id(self.rng),
            seq: message.seq,
            lamport: message.lamport,
            kind: ItemKind::Delete { target: id },
        };
        row.note = self.note_bytes(Body::Item(item))?;
        let may_have_left = !row.message.is_empty();
        row.message.clear();
        row.item_id = None;
        row.failed = false;
        self.archive.put_outbox(&row)?;
        let lane = self.lane(&peer);
        lane.forget(row.id);
        lane.queue.insert(row.id);
        if may_have_left {
            self.post_item(&peer, ItemKind::Delete { target: id }, false)?;
        }
        self.archive.delete_message(&reference)?;
        self.fact(Fact::MessageRemoved {
            channel,
            message: reference,
        });
        self.channel_changed(channel);
        Ok(())
    }

    pub(crate) fn set_draft(&mut self, channel: ChannelId, mut text: String) -> Result<()> {
        let peer = self.peer_of(channel)?;
        if text.len() > MAX_TEXT {
            return Err(Refusal::TextTooLong.into());
        }
        if text.trim().is_empty() {
            text.clear();
        }
        let changed = self.edit_contact(&peer, |row| {
            let changed = row.draft != text;
            row.draft = text;
            changed
        })?;
        if changed == Some(true) {
            self.channel_changed(channel);
        }
        Ok(())
    }

    pub(crate) fn mark_read(&mut self, channel: ChannelId, up_to: OrderKey) -> Result<()> {
        let peer = self.peer_of(channel)?;
        let Some(row) = self.contact(&peer)? else {
            return Ok(());
        };
        let last = row.their_beyond.iter().copied().max().unwrap_or(0).max(row.their_seq);
        // `own_messages` is by author: here the other side's.
        let theirs = self.archive.own_messages(&channel, &peer, row.read_by_us, last)?;
        let read = theirs
            .iter()
            .filter(|message| message.order() <= up_to)
            .map(|message| message.seq)
            .max();
        let Some(read) = read.filter(|read| *read > row.read_by_us) else {
            return Ok(());
        };
        self.edit_contact(&peer, |row| row.read_by_us = read)?;
        self.channel_changed(channel);
        if self.live.policy.read_receipts && row.state == ContactState::Contact {
            self.receipt_now(&peer)?;
        }
        Ok(())
    }

    /// The peer of a conversation that exists.
    fn peer_of(&mut self, channel: ChannelId) -> Result<PeerId> {
        let peer = PeerId::from(channel);
        if self.contact(&peer)?.is_none() {
            return Err(Refusal::NoSuchChannel.into());
        }
        Ok(peer)
    }

    fn message_of(&mut self, channel: ChannelId, reference: &MessageRef) -> Result<MessageRecord> {
        match self.archive.message(reference)? {
            Some(message) if message.channel == channel => Ok(message),
            _ => Err(Refusal::NoSuchMessage.into()),
        }
    }

    /// One's own text that can still be changed.
    fn own_text(&mut self, channel: ChannelId, id: MessageId) -> Result<MessageRecord> {
        let peer = PeerId::from(channel);
        self.writable(&peer, Refusal::NoSuchChannel)?;
        let reference = MessageRef { author: self.own, id };
        if self.archive.message(&reference)?.is_none() {
            let theirs = MessageRef { author: peer, id };
            self.message_of(channel, &theirs)?;
            return Err(Refusal::NotYours.into());
        }
        let message = self.message_of(channel, &reference)?;
        let changeable = matches!(message.kind, MessageKind::Text { .. }) && !message.deleted;
        if changeable {
            Ok(message)
        } else {
            Err(Refusal::NoSuchMessage.into())
        }
    }

    /// The outbox row of a message of ours that nobody has taken.
    fn waiting_row(&mut self, peer: &PeerId, id: MessageId) -> Result<Option<OutboxRecord>> {
        let rows = self.archive.outbox_rows(Some(peer))?;
        Ok(rows.into_iter().find(|row| row.item_id == Some(id) && !row.taken))
    }

    /// Counts a new item of ours and posts it.
    fn post_item(&mut self, peer: &PeerId, kind: ItemKind, is_message: bool) -> Result<Item> {
        let id = random::message_id(self.rng);
        let now_ms = self.wall_ms();
        let counted = self.edit_contact(peer, |row| {
            row.own_seq = row.own_seq.saturating_add(1).min(MAX_COUNT);
            row.lamport = row.lamport.saturating_add(1).min(MAX_COUNT);
            row.last_activity_ms = now_ms;
            (row.own_seq, row.lamport)
        })?;
        let (seq, lamport) = counted.ok_or(Refusal::NoSuchChannel)?;
        let item = Item { id, seq, lamport, kind };
        self.post(
            peer,
            Body::Item(item.clone()),
            Post::item(seq, is_message.then_some(id)),
        )?;
        Ok(item)
    }
}
