//! The open database of a profile.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use orrery_protocol::{ChannelId, archive::Archive, record::OrderKey};
use rusqlite::Connection;
use zeroize::Zeroizing;

use crate::{
    DatabaseKey, Export, History, IntegrityCheck, StoreError, Transaction,
    counter::{Counter, CounterState},
    database::{self, Access, DATABASE_FILE},
    lock::FolderLock,
    rows, schema, vault,
};

/// The lock's name in a profile folder.
pub(crate) const LOCK_FILE: &str = "lock";

/// An open, unlocked profile. Everything it does blocks on the disk.
///
/// Dropping it is a clean stop, as far as the disk allows; [`Store::close`] says whether it did.
pub struct Store {
    // The order matters: the connection closes before the lock is let go.
    connection: Connection,
    counter: Counter,
    commits: u64,
    unclean: bool,
    rolled_back: bool,
    closed: bool,
    path: PathBuf,
    key: Zeroizing<[u8; 32]>,
    _lock: Arc<FolderLock>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("commits", &self.commits)
            .field("unclean", &self.unclean)
            .field("rolled_back", &self.rolled_back)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Makes the database of a folder under a raw key, without a vault, and opens it. A person's profile is made by
    /// [`ProfileFolder::create`](crate::ProfileFolder::create).
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] when there is one, [`StoreError::InUse`], or what the disk says.
    pub fn create_with_key(dir: &Path, key: &[u8; 32]) -> Result<Self, StoreError> {
        let lock = Arc::new(FolderLock::take(&dir.join(LOCK_FILE))?);
        database::create(&dir.join(DATABASE_FILE), key)?;
        Counter::in_folder(dir).write_durably(0)?;
        Self::open_locked(dir, key, lock)
    }

    /// Opens the database of a folder under a raw key, without its vault.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::WrongKey`], [`StoreError::NewerVersion`], [`StoreError::Damaged`], or what
    /// the disk says; nothing is changed then.
    pub fn open_with_key(dir: &Path, key: &[u8; 32]) -> Result<Self, StoreError> {
        let lock = Arc::new(FolderLock::take(&dir.join(LOCK_FILE))?);
        Self::open_locked(dir, key, lock)
    }

    pub(crate) fn open_locked(dir: &Path, key: &[u8; 32], lock: Arc<FolderLock>) -> Result<Self, StoreError> {
        let path = dir.join(DATABASE_FILE);
        let mut connection = database::open(&path, key, Access::Write)?;
        schema::migrate(&mut connection)?;
        let (open, commits, known_rolled_back): (i64, i64, i64) =
            connection.query_row("SELECT open, commits, rolled_back FROM meta", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        let commits = u64::try_from(commits).map_err(|_| StoreError::Damaged)?;
        let counter = Counter::in_folder(dir);
        let (beside, behind) = match counter.read()? {
            CounterState::At(count) => (count, count > commits),
            // A used database without its counter was copied in parts: from when, nobody can say.
            CounterState::Unknown => (0, commits > 0),
        };
        let mut store = Self {
            connection,
            counter,
            commits: commits.max(beside),
            unclean: open != 0,
            rolled_back: behind || known_rolled_back != 0,
            closed: false,
            path,
            key: Zeroizing::new(*key),
            _lock: lock,
        };
        // Being rolled back is remembered in the database itself, for the count is about to overtake the file's.
        let (count, rolled_back) = (store.next_commit(), store.rolled_back);
        store.connection.execute(
            "UPDATE meta SET open = 1, commits = ?1, rolled_back = ?2",
            (count.cast_signed(), rolled_back),
        )?;
        store.commits = count;
        store.counter.write_durably(count)?;
        tracing::info!(
            schema = schema::SCHEMA_VERSION,
            unclean = store.unclean,
            rolled_back,
            "database opened"
        );
        Ok(store)
    }

    /// Runs `work` in one transaction and commits it before returning. An `Err` or a panic of `work` rolls it back.
    ///
    /// # Errors
    /// What `work` returned, or, converted, why the transaction could not begin or commit; nothing has happened then.
    pub fn transact<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut dyn Archive) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut transaction = self.begin()?;
        let value = work(&mut transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    /// Begins a transaction in explicit form.
    ///
    /// # Errors
    /// What the disk says.
    pub fn begin(&mut self) -> Result<Transaction<'_>, StoreError> {
        Transaction::begin(self)
    }

    /// Pages, search and counts.
    #[must_use]
    pub fn history(&self) -> History<'_> {
        History::new(&self.connection)
    }

    /// Whether the last to open this profile never stopped cleanly. Nothing committed is lost by that; the disk may
    /// have lost or garbled pages, which [`Store::integrity_check`] finds.
    #[must_use]
    pub fn was_unclean(&self) -> bool {
        self.unclean
    }

    /// Whether the database is older than the counter beside it: an old copy was put back. Its sessions must go before
    /// anything is encrypted, by [`Store::discard_sessions`]; until then this stays true, over restarts too.
    #[must_use]
    pub fn rolled_back(&self) -> bool {
        self.rolled_back
    }

    /// Deletes all ratchet sessions, and the ciphertexts that waited for one, so that no key or nonce is used twice.
    /// Peers are met with new sessions; history stays.
    ///
    /// # Errors
    /// What the disk says; nothing is changed then.
    pub fn discard_sessions(&mut self) -> Result<(), StoreError> {
        let mut transaction = self.begin()?;
        transaction.run(|connection| {
            rows::session::delete_all(connection)?;
            rows::ciphertext::delete_all(connection)?;
            connection.execute("UPDATE meta SET rolled_back = 0", [])?;
            Ok(())
        })?;
        transaction.commit()?;
        self.rolled_back = false;
        Ok(())
    }

    /// Prepares a check of the whole file on a connection of its own, to be run on another thread.
    ///
    /// # Errors
    /// When the second connection cannot be opened.
    pub fn integrity_check(&self) -> Result<IntegrityCheck, StoreError> {
        database::open(&self.path, &self.key, Access::Read).map(IntegrityCheck::new)
    }

    /// Prepares an export of everything but sessions, prekeys and calls under way into a new file, on a connection of its
    /// own, to be run on another thread while this store goes on.
    ///
    /// # Errors
    /// When the second connection cannot be opened or the vault cannot be read.
    pub fn export(&self, target: &Path) -> Result<Export, StoreError> {
        let source = database::open(&self.path, &self.key, Access::Read)?;
        let dir = self.path.parent().ok_or(StoreError::VaultMissing)?;
        Ok(Export::new(source, self.database_key(), vault::sound(dir)?, target))
    }

    /// The key, to be kept in the system's keyring.
    #[must_use]
    pub fn database_key(&self) -> DatabaseKey {
        DatabaseKey::from_bytes(&self.key)
    }

    /// Writing transactions so far; grows with every one, over restarts too.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits
    }

    /// Notes that a place outside the folder knows of later commits than this database does: it was put back as a whole.
    /// From then on [`Self::rolled_back`] until the sessions are gone.
    ///
    /// # Errors
    /// What the disk says; nothing is changed then.
    pub fn mark_rolled_back(&mut self, known: u64) -> Result<(), StoreError> {
        self.commits = self.commits.max(known);
        let mut transaction = self.begin()?;
        transaction.run(|connection| {
            connection.execute("UPDATE meta SET rolled_back = 1", [])?;
            Ok(())
        })?;
        transaction.commit()?;
        self.rolled_back = true;
        Ok(())
    }

    /// Notes that the person has looked at a conversation up to `place`: missed calls up to there are no longer unread.
    /// (Texts count by [`read_by_us`](orrery_protocol::record::ContactRecord::read_by_us).) Says whether it moved on; it
    /// never moves back.
    ///
    /// # Errors
    /// What the disk says; nothing is changed then.
    pub fn mark_seen(&mut self, channel: &ChannelId, place: OrderKey) -> Result<bool, StoreError> {
        let mut transaction = self.begin()?;
        let moved = transaction.run(|connection| rows::channel::mark_seen(connection, channel, &place))?;
        transaction.commit()?;
        Ok(moved)
    }

    /// Stops cleanly: everything moves into the one database file, and the next opening finds no trace of a crash.
    ///
    /// # Errors
    /// What the disk says. Nothing committed is lost by it.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.finish()
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        if std::mem::replace(&mut self.closed, true) {
            return Ok(());
        }
        let count = self.next_commit();
        self.connection
            .execute("UPDATE meta SET open = 0, commits = ?1", (count.cast_signed(),))?;
        self.committed(count);
        // Fails harmlessly while a check still reads: then the log stays and is read at the next opening.
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The count that the transaction now open will commit under.
    pub(crate) fn next_commit(&self) -> u64 {
        self.commits.saturating_add(1)
    }

    /// After a commit: the counter beside the database follows.
    pub(crate) fn committed(&mut self, count: u64) {
        self.commits = count;
        if self.counter.write(count).is_err() {
            // The commit stands, and a counter that is behind is taken for honest.
            tracing::warn!("the counter beside the database could not be written");
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if !std::thread::panicking() && self.finish().is_err() {
            tracing::warn!("the database was not closed cleanly");
        }
    }
}

#[cfg(test)]
mod tests;
