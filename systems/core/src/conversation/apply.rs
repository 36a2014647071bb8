//! What an item does to the rows. Whatever the order in which items arrive, both sides end with the same rows: an edit
//! is outdone by a later one, a delete is final, and what comes before its target waits for it.

use orrery_protocol::{
    MessageRef, PeerId, decode, encode,
    note::{Item, ItemKind},
    record::{Delivery, MessageKind, MessageRecord, SecretBytes},
};

use crate::{
    error::{Refusal, Result},
    inbox::Path,
    io::{Change, Cue, Output},
    turn::Turn,
};

/// Reactions of one person on one message; honest programs offer no more.
const MAX_REACTIONS: usize = 32;
/// Items stored beyond a gap. A gap this old will not close; it is passed over, and what fills it later is still shown.
const MAX_BEYOND: usize = 64;

impl Turn<'_> {
    pub(crate) fn item_received(&mut self, peer: &PeerId, sent_ms: u64, item: Item, path: Path) -> Result<()> {
        self.receipt_due(peer, path)?;
        if self.archive.remember_item(peer, &item.id)? {
            return Ok(());
        }
        let now_ms = self.wall_ms();
        self.edit_contact(peer, |row| {
            row.lamport = row.lamport.max(item.lamport);
            row.last_activity_ms = now_ms;
            count(&mut row.their_seq, &mut row.their_beyond, item.seq);
        })?;
        let author = *peer;
        let at = (item.lamport, item.seq);
        match &item.kind {
            ItemKind::Text { .. } => self.text_received(peer, sent_ms, item),
            ItemKind::Edit { target, .. } | ItemKind::Delete { target } => {
                let target = MessageRef { author, id: *target };
                match self.archive.message(&target)? {
                    Some(message) => self.change(message, &item),
                    None => self.came_early(&target, &item),
                }
            }
            ItemKind::React { target, emoji, on } => match self.archive.message(target)? {
                Some(message) if message.channel == author.into() => {
                    self.apply_reaction(target, &author, emoji, *on, at)
                }
                None if target.author == author => self.came_early(target, &item),
                // Of another conversation, or of ours and cancelled: it will not come.
                Some(_) | None => Ok(()),
            },
        }
    }

    /// A change of a message that has not come, or a reaction on it. The archive keeps a bounded number for each.
    fn came_early(&mut self, target: &MessageRef, item: &Item) -> Result<()> {
        let bytes = encode(item).map_err(|_| Refusal::Internal)?;
        Ok(self.archive.put_early_change(target, &SecretBytes(bytes))?)
    }

    fn text_received(&mut self, peer: &PeerId, sent_ms: u64, item: Item) -> Result<()> {
        let ItemKind::Text { text, reply_to } = item.kind else {
            return Ok(());
        };
        let mut record = MessageRecord {
            channel: (*peer).into(),
            author: *peer,
            id: item.id,
            seq: item.seq,
            lamport: item.lamport,
            sent_ms,
            kind: MessageKind::Text { text },
            reply_to,
            edited: false,
            changed_at: (0, 0),
            deleted: false,
            delivery: Delivery::Delivered,
            reactions: Vec::new(),
        };
        let reference = record.reference();
        if self.archive.message(&reference)?.is_some() {
            // A call of its own has that id; what stands there is not overwritten.
            return Ok(());
        }
        let early = self.archive.take_early_changes(&reference)?;
        let early: Vec<Item> = early.iter().filter_map(|bytes| decode(&bytes.0).ok()).collect();
        for change in &early {
            changed(&mut record, change);
        }
        self.archive.put_message(&record)?;
        for item in &early {
            if let ItemKind::React { emoji, on, .. } = &item.kind {
                self.set_reaction(&reference, peer, emoji, *on, (item.lamport, item.seq))?;
            }
        }
        let record = self.archive.message(&reference)?.unwrap_or(record);
        let silent = record.deleted || self.live.open_channels.contains(peer);
        self.typing_over(peer);
        self.message_fact(record, Change::Received);
        if !silent {
            self.push(Output::Cue(Cue::Message));
        }
        Ok(())
    }

    fn change(&mut self, mut message: MessageRecord, item: &Item) -> Result<()> {
        if changed(&mut message, item) {
            self.archive.put_message(&message)?;
            self.message_fact(message, Change::Changed);
        }
        Ok(())
    }

    pub(super) fn apply_edit(&mut self, message: MessageRecord, text: String, at: (u64, u64)) -> Result<()> {
        let item = Item {
            id: message.id,
            seq: at.1,
            lamport: at.0,
            kind: ItemKind::Edit {
                target: message.id,
                text,
            },
        };
        self.change(message, &item)
    }

    pub(super) fn apply_delete(&mut self, message: MessageRecord, at: (u64, u64)) -> Result<()> {
        let item = Item {
            id: message.id,
            seq: at.1,
            lamport: at.0,
            kind: ItemKind::Delete { target: message.id },
        };
        self.change(message, &item)
    }

    pub(super) fn apply_reaction(
        &mut self,
        target: &MessageRef,
        by: &PeerId,
        emoji: &str,
        on: bool,
        at: (u64, u64),
    ) -> Result<()> {
        let changed = self.set_reaction(target, by, emoji, on, at)?;
        if changed && let Some(message) = self.archive.message(target)? {
            self.message_fact(message, Change::Changed);
        }
        Ok(())
    }

    /// Stores a reaction or its end, unless it is one too many; says whether anything changed.
    fn set_reaction(
        &mut self,
        target: &MessageRef,
        by: &PeerId,
        emoji: &str,
        on: bool,
        at: (u64, u64),
    ) -> Result<bool> {
        if on {
            let reactions = self.archive.message(target)?.map(|message| message.reactions);
            let standing = reactions.iter().flatten().filter(|reaction| reaction.by == *by);
            if standing.count() >= MAX_REACTIONS {
                return Ok(false);
            }
        }
        Ok(self.archive.react(target, by, emoji, on, at)?)
    }
}

/// Applies an edit or a delete; says whether anything changed.
fn changed(message: &mut MessageRecord, item: &Item) -> bool {
    let at = (item.lamport, item.seq);
    let MessageKind::Text { text } = &mut message.kind else {
        return false;
    };
    match &item.kind {
        ItemKind::Edit { text: new, .. } if !message.deleted && at > message.changed_at => {
            text.clone_from(new);
            message.edited = true;
            message.changed_at = at;
            true
        }
        ItemKind::Delete { .. } if !message.deleted => {
            text.clear();
            // Whether it was edited before does not depend on which of both came first.
            message.edited = false;
            message.deleted = true;
            message.changed_at = at;
            true
        }
        _ => false,
    }
}

/// Adds an item to a count without gaps and a list of what lies beyond them.
fn count(up_to: &mut u64, beyond: &mut Vec<u64>, seq: u64) {
    if seq <= *up_to || beyond.contains(&seq) {
        return;
    }
    beyond.push(seq);
    beyond.sort_unstable();
    if beyond.len() > MAX_BEYOND
        && let Some(first) = beyond.first()
    {
        *up_to = first.saturating_sub(1);
    }
    while beyond.first().is_some_and(|first| *first == up_to.saturating_add(1)) {
        *up_to = beyond.remove(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_closes_its_gaps_whatever_the_order() {
        let mut orders = vec![vec![]];
        for n in 1..=5u64 {
            orders = orders
                .into_iter()
                .flat_map(|order: Vec<u64>| {
                    (0..=order.len()).map(move |at| {
                        let mut longer = order.clone();
                        longer.insert(at, n);
                        longer
                    })
                })
                .collect();
        }
        assert_eq!(orders.len(), 120);
        for order in orders {
            let (mut up_to, mut beyond) = (0, Vec::new());
            for seq in &order {
                count(&mut up_to, &mut beyond, *seq);
                count(&mut up_to, &mut beyond, *seq);
            }
            assert_eq!((up_to, beyond.is_empty()), (5, true), "{order:?}");
        }
    }

    #[test]
    fn a_gap_that_never_closes_is_passed_over_and_memory_stays_bounded() {
        let (mut up_to, mut beyond) = (0, Vec::new());
        for seq in 2..10_000 {
            count(&mut up_to, &mut beyond, seq);
            assert!(beyond.len() <= MAX_BEYOND);
        }
        assert_eq!(up_to, 9999);
        // Every other one is missing for good.
        for seq in (20_000..40_000).step_by(2) {
            count(&mut up_to, &mut beyond, seq);
            assert!(beyond.len() <= MAX_BEYOND);
        }
        assert!(up_to > 39_000);
    }
}
