//! An archive in memory, for tests: a transaction is a clone that replaces the original when it is committed.

use std::collections::{BTreeMap, BTreeSet};

use orrery_protocol::{
    CallId, ChannelId, MessageId, MessageRef, PeerId,
    archive::{Archive, ArchiveError, ArchiveResult},
    record::{
        ContactRecord, MessageRecord, OpenCallRecord, OutboxRecord, PrekeyKind, PrekeyRecord, Reaction, SecretBytes,
        SessionRecord,
    },
};

/// Changes kept for one target that has not arrived.
const MAX_EARLY_CHANGES: usize = 64;
/// Unreadable ciphertexts kept for one peer.
const MAX_UNREAD: usize = 64;

#[derive(Clone, Debug)]
struct ReactionRow {
    target: MessageRef,
    by: PeerId,
    emoji: String,
    on: bool,
    at: (u64, u64),
    came: u64,
}

/// Durable rows that last as long as the value. `Clone` is the beginning of a transaction.
#[derive(Clone, Debug, Default)]
pub struct MemoryArchive {
    /// When set, every write fails with it, as a full disk would.
    pub refuse: Option<ArchiveError>,
    values: BTreeMap<String, SecretBytes>,
    contacts: BTreeMap<PeerId, ContactRecord>,
    sessions: BTreeMap<(PeerId, [u8; 32]), SessionRecord>,
    prekeys: BTreeMap<(PrekeyKind, u32), PrekeyRecord>,
    messages: BTreeMap<MessageRef, MessageRecord>,
    reactions: Vec<ReactionRow>,
    early: BTreeMap<MessageRef, Vec<SecretBytes>>,
    items: BTreeSet<(PeerId, MessageId)>,
    outbox: BTreeMap<u64, OutboxRecord>,
    unread: BTreeMap<u64, (PeerId, Vec<u8>)>,
    open_calls: BTreeMap<CallId, OpenCallRecord>,
    calls: BTreeSet<CallId>,
    counter: u64,
}

impl MemoryArchive {
    /// All rows of a conversation in their order, with their reactions.
    #[must_use]
    pub fn history(&self, channel: &ChannelId) -> Vec<MessageRecord> {
        let mut rows: Vec<_> = self
            .messages
            .values()
            .filter(|message| message.channel == *channel)
            .map(|message| self.with_reactions(message.clone()))
            .collect();
        rows.sort_by_key(|message| (message.order(), message.id));
        rows
    }

    /// How many rows wait in the outbox, taken or not.
    #[must_use]
    pub fn outbox_len(&self) -> usize {
        self.outbox.len()
    }

    /// How many private halves of a kind there are.
    #[must_use]
    pub fn prekey_count(&self, kind: PrekeyKind) -> usize {
        self.prekeys.keys().filter(|(of, _)| *of == kind).count()
    }

    /// How many sessions there are with a peer.
    #[must_use]
    pub fn session_count(&self, peer: &PeerId) -> usize {
        self.sessions.keys().filter(|(with, _)| with == peer).count()
    }

    /// Loses every session, as after a restored backup.
    pub fn lose_sessions(&mut self) {
        self.sessions.clear();
        self.unread.clear();
    }

    /// What an exported profile has left behind where it is restored: sessions, prekeys, everything encrypted in a
    /// session, and calls.
    pub fn travel(&mut self) {
        self.lose_sessions();
        self.prekeys.clear();
        self.open_calls.clear();
        self.calls.clear();
        for row in self.outbox.values_mut() {
            row.message.clear();
            row.session = [0; 32];
        }
    }

    fn with_reactions(&self, mut message: MessageRecord) -> MessageRecord {
        let reference = message.reference();
        let mut rows: Vec<_> = self
            .reactions
            .iter()
            .filter(|row| row.target == reference && row.on)
            .collect();
        rows.sort_by_key(|row| row.came);
        message.reactions = rows
            .into_iter()
            .map(|row| Reaction {
                by: row.by,
                emoji: row.emoji.clone(),
            })
            .collect();
        message
    }

    fn write(&mut self) -> ArchiveResult<()> {
        self.refuse.map_or(Ok(()), Err)
    }

    fn number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }
}

impl Archive for MemoryArchive {
    fn value(&mut self, key: &str) -> ArchiveResult<Option<SecretBytes>> {
        Ok(self.values.get(key).cloned())
    }

    fn put_value(&mut self, key: &str, value: &SecretBytes) -> ArchiveResult<()> {
        self.write()?;
        self.values.insert(key.to_owned(), value.clone());
        Ok(())
    }

    fn contact(&mut self, peer: &PeerId) -> ArchiveResult<Option<ContactRecord>> {
        Ok(self.contacts.get(peer).cloned())
    }

    fn contacts(&mut self) -> ArchiveResult<Vec<ContactRecord>> {
        Ok(self.contacts.values().cloned().collect())
    }

    fn put_contact(&mut self, contact: &ContactRecord) -> ArchiveResult<()> {
        self.write()?;
        self.contacts.insert(contact.peer, contact.clone());
        Ok(())
    }

    fn sessions(&mut self, peer: &PeerId) -> ArchiveResult<Vec<SessionRecord>> {
        Ok(self
            .sessions
            .iter()
            .filter(|((with, _), _)| with == peer)
            .map(|(_, row)| row.clone())
            .collect())
    }

    fn put_session(&mut self, peer: &PeerId, session: &SessionRecord) -> ArchiveResult<()> {
        self.write()?;
        self.sessions.insert((*peer, session.id), session.clone());
        Ok(())
    }

    fn delete_session(&mut self, peer: &PeerId, id: &[u8; 32]) -> ArchiveResult<()> {
        self.write()?;
        self.sessions.remove(&(*peer, *id));
        Ok(())
    }

    fn prekey(&mut self, kind: PrekeyKind, id: u32) -> ArchiveResult<Option<PrekeyRecord>> {
        Ok(self.prekeys.get(&(kind, id)).cloned())
    }

    fn prekeys(&mut self, kind: PrekeyKind) -> ArchiveResult<Vec<PrekeyRecord>> {
        let mut rows: Vec<_> = self.prekeys.values().filter(|row| row.kind == kind).cloned().collect();
        rows.sort_by_key(|row| (row.created_ms, row.id));
        Ok(rows)
    }

    fn put_prekey(&mut self, prekey: &PrekeyRecord) -> ArchiveResult<()> {
        self.write()?;
        self.prekeys.insert((prekey.kind, prekey.id), prekey.clone());
        Ok(())
    }

    fn delete_prekey(&mut self, kind: PrekeyKind, id: u32) -> ArchiveResult<()> {
        self.write()?;
        self.prekeys.remove(&(kind, id));
        Ok(())
    }

    fn message(&mut self, reference: &MessageRef) -> ArchiveResult<Option<MessageRecord>> {
        Ok(self
            .messages
            .get(reference)
            .cloned()
            .map(|message| self.with_reactions(message)))
    }

    fn put_message(&mut self, message: &MessageRecord) -> ArchiveResult<()> {
        self.write()?;
        let mut message = message.clone();
        message.reactions.clear();
        self.messages.insert(message.reference(), message);
        Ok(())
    }

    fn delete_message(&mut self, reference: &MessageRef) -> ArchiveResult<()> {
        self.write()?;
        self.messages.remove(reference);
        self.reactions.retain(|row| row.target != *reference);
        Ok(())
    }

    fn own_messages(
        &mut self,
        channel: &ChannelId,
        own: &PeerId,
        after: u64,
        up_to: u64,
    ) -> ArchiveResult<Vec<MessageRecord>> {
        let mut rows: Vec<_> = self
            .messages
            .values()
            .filter(|message| message.channel == *channel && message.author == *own)
            .filter(|message| message.seq > after && message.seq <= up_to)
            .cloned()
            .collect();
        rows.sort_by_key(|message| message.seq);
        Ok(rows)
    }

    fn react(
        &mut self,
        target: &MessageRef,
        by: &PeerId,
        emoji: &str,
        on: bool,
        at: (u64, u64),
    ) -> ArchiveResult<bool> {
        self.write()?;
        let came = self.number();
        let known = self
            .reactions
            .iter_mut()
            .find(|row| row.target == *target && row.by == *by && row.emoji == emoji);
        match known {
            Some(row) if at <= row.at => Ok(false),
            Some(row) => {
                let changed = row.on != on;
                row.at = at;
                row.on = on;
                if changed {
                    row.came = came;
                }
                Ok(changed)
            }
            None => {
                self.reactions.push(ReactionRow {
                    target: *target,
                    by: *by,
                    emoji: emoji.to_owned(),
                    on,
                    at,
                    came,
                });
                Ok(on)
            }
        }
    }

    fn put_early_change(&mut self, target: &MessageRef, note: &SecretBytes) -> ArchiveResult<()> {
        self.write()?;
        let changes = self.early.entry(*target).or_default();
        if changes.len() < MAX_EARLY_CHANGES {
            changes.push(note.clone());
        }
        Ok(())
    }

    fn take_early_changes(&mut self, target: &MessageRef) -> ArchiveResult<Vec<SecretBytes>> {
        self.write()?;
        Ok(self.early.remove(target).unwrap_or_default())
    }

    fn remember_item(&mut self, author: &PeerId, id: &MessageId) -> ArchiveResult<bool> {
        self.write()?;
        Ok(!self.items.insert((*author, *id)))
    }

    fn push_outbox(&mut self, row: &OutboxRecord) -> ArchiveResult<u64> {
        self.write()?;
        let id = self.number();
        self.outbox.insert(id, OutboxRecord { id, ..row.clone() });
        Ok(id)
    }

    fn outbox(&mut self, id: u64) -> ArchiveResult<Option<OutboxRecord>> {
        Ok(self.outbox.get(&id).cloned())
    }

    fn outbox_rows(&mut self, to: Option<&PeerId>) -> ArchiveResult<Vec<OutboxRecord>> {
        Ok(self
            .outbox
            .values()
            .filter(|row| to.is_none_or(|to| row.to == *to))
            .cloned()
            .collect())
    }

    fn put_outbox(&mut self, row: &OutboxRecord) -> ArchiveResult<()> {
        self.write()?;
        self.outbox.insert(row.id, row.clone());
        Ok(())
    }

    fn delete_outbox(&mut self, id: u64) -> ArchiveResult<()> {
        self.write()?;
        self.outbox.remove(&id);
        Ok(())
    }

    fn unread_ciphertexts(&mut self, peer: &PeerId) -> ArchiveResult<Vec<(u64, Vec<u8>)>> {
        let of_peer = self.unread.iter().filter(|(_, (from, _))| from == peer);
        Ok(of_peer.map(|(number, (_, bytes))| (*number, bytes.clone())).collect())
    }

    fn put_unread_ciphertext(&mut self, peer: &PeerId, message: &[u8]) -> ArchiveResult<()> {
        self.write()?;
        let number = self.number();
        self.unread.insert(number, (*peer, message.to_vec()));
        let numbers: Vec<u64> = self
            .unread
            .iter()
            .filter(|(_, (from, _))| from == peer)
            .map(|(number, _)| *number)
            .collect();
        for old in numbers.iter().take(numbers.len().saturating_sub(MAX_UNREAD)) {
            self.unread.remove(old);
        }
        Ok(())
    }

    fn delete_unread_ciphertext(&mut self, number: u64) -> ArchiveResult<()> {
        self.write()?;
        self.unread.remove(&number);
        Ok(())
    }

    fn open_calls(&mut self) -> ArchiveResult<Vec<OpenCallRecord>> {
        Ok(self.open_calls.values().cloned().collect())
    }

    fn put_open_call(&mut self, call: &OpenCallRecord) -> ArchiveResult<()> {
        self.write()?;
        self.open_calls.insert(call.call, call.clone());
        Ok(())
    }

    fn delete_open_call(&mut self, call: &CallId) -> ArchiveResult<()> {
        self.write()?;
        self.open_calls.remove(call);
        Ok(())
    }

    fn remember_call(&mut self, call: &CallId, _now_ms: u64) -> ArchiveResult<bool> {
        self.write()?;
        Ok(!self.calls.insert(*call))
    }
}
