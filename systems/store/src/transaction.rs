//! One transaction: what the core writes in it is kept whole or not at all.

use orrery_protocol::{
    CallId, ChannelId, MessageId, MessageRef, PeerId,
    archive::{Archive, ArchiveResult},
    record::{
        ContactRecord, MessageRecord, OpenCallRecord, OutboxRecord, PrekeyKind, PrekeyRecord, SecretBytes,
        SessionRecord,
    },
};
use rusqlite::Connection;

use crate::{Store, StoreError, rows};

/// An open transaction. Committed only by [`Transaction::commit`]; dropped, in a panic too, it never happened.
///
/// The first statement that fails ends it: everything after is refused with the same error, and so is the commit. A
/// full disk can make SQLite roll back by itself, and whatever followed would then stand alone.
#[derive(Debug)]
pub struct Transaction<'store> {
    store: &'store mut Store,
    changes_before: u64,
    failed: Option<StoreError>,
    open: bool,
}

impl<'store> Transaction<'store> {
    /// Begins; the write lock is taken at once, so that nothing fails later for having begun by reading.
    pub(crate) fn begin(store: &'store mut Store) -> Result<Self, StoreError> {
        store.connection().prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let changes_before = store.connection().total_changes();
        Ok(Self {
            store,
            changes_before,
            failed: None,
            open: true,
        })
    }

    /// Makes all of it durable: when this returns, it survives a crash and a power cut. Writing nothing costs nothing.
    ///
    /// # Errors
    /// Why it could not be; then nothing of it has happened.
    pub fn commit(mut self) -> Result<(), StoreError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if self.store.connection().total_changes() == self.changes_before {
            return Ok(());
        }
        let count = self.store.next_commit();
        let connection = self.store.connection();
        connection
            .prepare_cached("UPDATE meta SET commits = ?1")?
            .execute((count.cast_signed(),))?;
        if connection.is_autocommit() {
            return Err(StoreError::Unavailable("the transaction was lost".to_owned()));
        }
        connection.prepare_cached("COMMIT")?.execute([])?;
        self.open = false;
        self.store.committed(count);
        Ok(())
    }

    /// Runs statements in it; the first failure is the last thing that happens.
    pub(crate) fn run<T>(
        &mut self,
        statements: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = statements(self.store.connection()).map_err(StoreError::from);
        if let Err(error) = &result {
            self.failed = Some(error.clone());
        } else if self.store.connection().is_autocommit() {
            self.failed = Some(StoreError::Unavailable("the transaction was lost".to_owned()));
        }
        result
    }

    fn archive<T>(&mut self, statements: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> ArchiveResult<T> {
        Ok(self.run(statements)?)
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // SQLite has rolled back by itself after some errors; then there is nothing left to do.
        if self.open && !self.store.connection().is_autocommit() {
            let rolled_back = self
                .store
                .connection()
                .prepare_cached("ROLLBACK")
                .and_then(|mut statement| statement.execute([]));
            if rolled_back.is_err() {
                tracing::error!("a transaction could not be rolled back");
            }
        }
    }
}

impl Archive for Transaction<'_> {
    fn value(&mut self, key: &str) -> ArchiveResult<Option<SecretBytes>> {
        self.archive(|connection| rows::value::get(connection, key))
    }

    fn put_value(&mut self, key: &str, value: &SecretBytes) -> ArchiveResult<()> {
        self.archive(|connection| rows::value::put(connection, key, value))
    }

    fn contact(&mut self, peer: &PeerId) -> ArchiveResult<Option<ContactRecord>> {
        self.archive(|connection| rows::contact::get(connection, peer))
    }

    fn contacts(&mut self) -> ArchiveResult<Vec<ContactRecord>> {
        self.archive(rows::contact::all)
    }

    fn put_contact(&mut self, contact: &ContactRecord) -> ArchiveResult<()> {
        self.archive(|connection| rows::contact::put(connection, contact))
    }

    fn sessions(&mut self, peer: &PeerId) -> ArchiveResult<Vec<SessionRecord>> {
        self.archive(|connection| rows::session::with(connection, peer))
    }

    fn put_session(&mut self, peer: &PeerId, session: &SessionRecord) -> ArchiveResult<()> {
        self.archive(|connection| rows::session::put(connection, peer, session))
    }

    fn delete_session(&mut self, peer: &PeerId, id: &[u8; 32]) -> ArchiveResult<()> {
        self.archive(|connection| rows::session::delete(connection, peer, id))
    }

    fn prekey(&mut self, kind: PrekeyKind, id: u32) -> ArchiveResult<Option<PrekeyRecord>> {
        self.archive(|connection| rows::prekey::get(connection, kind, id))
    }

    fn prekeys(&mut self, kind: PrekeyKind) -> ArchiveResult<Vec<PrekeyRecord>> {
        self.archive(|connection| rows::prekey::all(connection, kind))
    }

    fn put_prekey(&mut self, prekey: &PrekeyRecord) -> ArchiveResult<()> {
        self.archive(|connection| rows::prekey::put(connection, prekey))
    }

    fn delete_prekey(&mut self, kind: PrekeyKind, id: u32) -> ArchiveResult<()> {
        self.archive(|connection| rows::prekey::delete(connection, kind, id))
    }

    fn message(&mut self, reference: &MessageRef) -> ArchiveResult<Option<MessageRecord>> {
        self.archive(|connection| rows::message::get(connection, reference))
    }

    fn put_message(&mut self, message: &MessageRecord) -> ArchiveResult<()> {
        self.archive(|connection| rows::message::put(connection, message))
    }

    fn delete_message(&mut self, reference: &MessageRef) -> ArchiveResult<()> {
        self.archive(|connection| rows::message::delete(connection, reference))
    }

    fn own_messages(
        &mut self,
        channel: &ChannelId,
        own: &PeerId,
        after: u64,
        up_to: u64,
    ) -> ArchiveResult<Vec<MessageRecord>> {
        self.archive(|connection| rows::message::by_author(connection, channel, own, after, up_to))
    }

    fn react(
        &mut self,
        target: &MessageRef,
        by: &PeerId,
        emoji: &str,
        on: bool,
        at: (u64, u64),
    ) -> ArchiveResult<bool> {
        self.archive(|connection| rows::reaction::set(connection, target, by, emoji, on, at))
    }

    fn put_early_change(&mut self, target: &MessageRef, note: &SecretBytes) -> ArchiveResult<()> {
        self.archive(|connection| rows::early::put(connection, target, note))
    }

    fn take_early_changes(&mut self, target: &MessageRef) -> ArchiveResult<Vec<SecretBytes>> {
        self.archive(|connection| rows::early::take(connection, target))
    }

    fn remember_item(&mut self, author: &PeerId, id: &MessageId) -> ArchiveResult<bool> {
        self.archive(|connection| rows::message::remember_item(connection, author, id))
    }

    fn push_outbox(&mut self, row: &OutboxRecord) -> ArchiveResult<u64> {
        self.archive(|connection| rows::outbox::push(connection, row))
    }

    fn outbox(&mut self, id: u64) -> ArchiveResult<Option<OutboxRecord>> {
        self.archive(|connection| rows::outbox::get(connection, id))
    }

    fn outbox_rows(&mut self, to: Option<&PeerId>) -> ArchiveResult<Vec<OutboxRecord>> {
        self.archive(|connection| rows::outbox::rows(connection, to))
    }

    fn put_outbox(&mut self, row: &OutboxRecord) -> ArchiveResult<()> {
        self.archive(|connection| rows::outbox::put(connection, row))
    }

    fn delete_outbox(&mut self, id: u64) -> ArchiveResult<()> {
        self.archive(|connection| rows::outbox::delete(connection, id))
    }

    fn unread_ciphertexts(&mut self, peer: &PeerId) -> ArchiveResult<Vec<(u64, Vec<u8>)>> {
        self.archive(|connection| rows::ciphertext::from(connection, peer))
    }

    fn put_unread_ciphertext(&mut self, peer: &PeerId, message: &[u8]) -> ArchiveResult<()> {
        self.archive(|connection| rows::ciphertext::put(connection, peer, message))
    }

    fn delete_unread_ciphertext(&mut self, number: u64) -> ArchiveResult<()> {
        self.archive(|connection| rows::ciphertext::delete(connection, number))
    }

    fn open_calls(&mut self) -> ArchiveResult<Vec<OpenCallRecord>> {
        self.archive(rows::call::open)
    }

    fn put_open_call(&mut self, call: &OpenCallRecord) -> ArchiveResult<()> {
        self.archive(|connection| rows::call::put(connection, call))
    }

    fn delete_open_call(&mut self, call: &CallId) -> ArchiveResult<()> {
        self.archive(|connection| rows::call::delete(connection, call))
    }

    fn remember_call(&mut self, call: &CallId, now_ms: u64) -> ArchiveResult<bool> {
        self.archive(|connection| rows::call::remember(connection, call, now_ms))
    }
}
