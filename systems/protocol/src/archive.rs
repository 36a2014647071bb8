//! The port through which the core reads and writes durable rows: one transaction at a time, given in from outside.
//!
//! Whoever drives the core opens a transaction, lends it as an [`Archive`], and commits before anything the core asked
//! for leaves the process. When the commit fails nothing of it has happened, and the core's outputs are thrown away.

use crate::{
    ChannelId, MessageRef, PeerId,
    record::{
        ContactRecord, MessageRecord, OpenCallRecord, OutboxRecord, PrekeyKind, PrekeyRecord, SecretBytes,
        SessionRecord,
    },
};

/// Why a row could not be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// No room on the disk; nothing of the transaction is kept.
    #[error("the disk is full")]
    Full,
    /// The folder or file cannot be written.
    #[error("the profile folder is read-only")]
    ReadOnly,
    /// A page or a row is not what was written.
    #[error("the database is damaged")]
    Damaged,
    /// Anything else the database says.
    #[error("the database does not answer")]
    Unavailable,
}

/// Short for what every method returns.
pub type ArchiveResult<T> = Result<T, ArchiveError>;

/// Durable rows within one transaction.
pub trait Archive {
    /// A small named value (identity, name, tokens, settings); `None` when never written.
    fn value(&mut self, key: &str) -> ArchiveResult<Option<SecretBytes>>;
    /// Writes a small named value.
    fn put_value(&mut self, key: &str, value: &SecretBytes) -> ArchiveResult<()>;

    /// A contact row.
    fn contact(&mut self, peer: &PeerId) -> ArchiveResult<Option<ContactRecord>>;
    /// All contact rows.
    fn contacts(&mut self) -> ArchiveResult<Vec<ContactRecord>>;
    /// Inserts or replaces a contact row by its peer.
    fn put_contact(&mut self, contact: &ContactRecord) -> ArchiveResult<()>;

    /// All sessions with a peer.
    fn sessions(&mut self, peer: &PeerId) -> ArchiveResult<Vec<SessionRecord>>;
    /// Inserts or replaces a session by (peer, id).
    fn put_session(&mut self, peer: &PeerId, session: &SessionRecord) -> ArchiveResult<()>;
    /// Deletes a session; no error when there is none.
    fn delete_session(&mut self, peer: &PeerId, id: &[u8; 32]) -> ArchiveResult<()>;

    /// A prekey's private half.
    fn prekey(&mut self, kind: PrekeyKind, id: u32) -> ArchiveResult<Option<PrekeyRecord>>;
    /// All private halves of one kind, oldest first.
    fn prekeys(&mut self, kind: PrekeyKind) -> ArchiveResult<Vec<PrekeyRecord>>;
    /// Inserts or replaces a private half by (kind, id).
    fn put_prekey(&mut self, prekey: &PrekeyRecord) -> ArchiveResult<()>;
    /// Deletes a private half for good; no error when there is none.
    fn delete_prekey(&mut self, kind: PrekeyKind, id: u32) -> ArchiveResult<()>;

    /// A row of a conversation with its reactions.
    fn message(&mut self, reference: &MessageRef) -> ArchiveResult<Option<MessageRecord>>;
    /// Inserts or replaces a row by (author, id), keeping the search index in step. `reactions` is not written.
    fn put_message(&mut self, message: &MessageRecord) -> ArchiveResult<()>;
    /// Deletes a row and its reactions; no error when there is none.
    fn delete_message(&mut self, reference: &MessageRef) -> ArchiveResult<()>;
    /// Our own messages in a channel with `seq` in `(after, up_to]`, in order, without reactions.
    fn own_messages(
        &mut self,
        channel: &ChannelId,
        own: &PeerId,
        after: u64,
        up_to: u64,
    ) -> ArchiveResult<Vec<MessageRecord>>;
    /// Sets or removes one reaction; `at` is (lamport, seq) of the item, and a lower one comes too late. Says whether
    /// anything changed. The target need not be stored yet.
    fn react(&mut self, target: &MessageRef, by: &PeerId, emoji: &str, on: bool, at: (u64, u64))
    -> ArchiveResult<bool>;
    /// Remembers an edit or delete (its encoded note) whose target has not arrived yet, at most 64 a target.
    fn put_early_change(&mut self, target: &MessageRef, note: &SecretBytes) -> ArchiveResult<()>;
    /// Changes that came before their target, oldest first; they are forgotten by this.
    fn take_early_changes(&mut self, target: &MessageRef) -> ArchiveResult<Vec<SecretBytes>>;
    /// Whether an item of `author` was stored before, by its id, whatever its kind. Remembers it when not.
    fn remember_item(&mut self, author: &PeerId, id: &crate::MessageId) -> ArchiveResult<bool>;

    /// Adds a row to the outbox; its `id` is ignored, the new one is returned.
    fn push_outbox(&mut self, row: &OutboxRecord) -> ArchiveResult<u64>;
    /// A row of the outbox.
    fn outbox(&mut self, id: u64) -> ArchiveResult<Option<OutboxRecord>>;
    /// All rows for a peer, or for everybody, in order.
    fn outbox_rows(&mut self, to: Option<&PeerId>) -> ArchiveResult<Vec<OutboxRecord>>;
    /// Replaces a row by its id.
    fn put_outbox(&mut self, row: &OutboxRecord) -> ArchiveResult<()>;
    /// Deletes a row; no error when there is none.
    fn delete_outbox(&mut self, id: u64) -> ArchiveResult<()>;

    /// Ciphertexts from a peer that could not be read yet, oldest first, at most 64.
    fn unread_ciphertexts(&mut self, peer: &PeerId) -> ArchiveResult<Vec<(u64, Vec<u8>)>>;
    /// Keeps such a ciphertext; the oldest beyond 64 goes.
    fn put_unread_ciphertext(&mut self, peer: &PeerId, message: &[u8]) -> ArchiveResult<()>;
    /// Forgets one by its number.
    fn delete_unread_ciphertext(&mut self, number: u64) -> ArchiveResult<()>;

    /// Calls that were open when the row was written.
    fn open_calls(&mut self) -> ArchiveResult<Vec<OpenCallRecord>>;
    /// Inserts or replaces by call.
    fn put_open_call(&mut self, call: &OpenCallRecord) -> ArchiveResult<()>;
    /// Deletes by call; no error when there is none.
    fn delete_open_call(&mut self, call: &crate::CallId) -> ArchiveResult<()>;
    /// Whether a call id was heard of before; remembers it when not (call ids are never used twice).
    fn remember_call(&mut self, call: &crate::CallId, now_ms: u64) -> ArchiveResult<bool>;
}
