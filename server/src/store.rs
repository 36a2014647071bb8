//! Mailboxes, prekeys and tokens in one SQLite file. One thread owns the database and runs jobs in the order they were
//! asked for, as many as wait in one transaction ([`writer`]); an answer leaves only after the commit. Everything a job
//! decides is therefore exact under concurrency, and one disk flush serves many deposits.

mod error;
mod mailbox;
mod prekeys;
mod schema;
mod tokens;
mod writer;

use std::{
    fs::{DirBuilder, File, TryLockError},
    path::Path,
    sync::Arc,
};

use orrery_protocol::PeerId;
use rusqlite::{Connection, OptionalExtension};
use tokio::sync::oneshot;

pub use error::StoreError;
pub(crate) use mailbox::{Deposit, Deposited};
pub(crate) use prekeys::{Fetched, Published, Upload};
pub(crate) use tokens::Tokens;

use self::writer::Writer;
use crate::{clock::Clock, hub::Hub, limits::Limits, metrics::Metrics};

/// The database file in the data folder.
const FILE: &str = "orrery-server.db";
/// Held while a server uses the folder.
const LOCK: &str = "lock";

/// What a job may look at beside the database.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) limits: Arc<Limits>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) metrics: Arc<Metrics>,
}

/// The answer to a job: it comes after the commit, or an error when nothing was written.
pub(crate) type Answer<T> = oneshot::Receiver<Result<T, StoreError>>;

/// What the server knows about somebody who logs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Whether there is a mailbox.
    pub(crate) known: bool,
    /// Whether a signed and a KEM prekey are stored.
    pub(crate) has_prekeys: bool,
    /// One-time prekeys left.
    pub(crate) one_time_left: u32,
}

/// Handle on the writer thread; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    writer: Writer,
    around: Surroundings,
}

impl Store {
    /// Opens or creates the store in `dir`, which only one server may use at a time.
    pub(crate) fn open(dir: &Path, around: Surroundings) -> Result<Self, StoreError> {
        create_private(dir).map_err(|source| StoreError::Folder {
            dir: dir.to_owned(),
            source,
        })?;
        let lock = File::create(dir.join(LOCK)).map_err(|source| StoreError::Folder {
            dir: dir.to_owned(),
            source,
        })?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { dir: dir.to_owned() }),
            Err(TryLockError::Error(source)) => {
                return Err(StoreError::Folder {
                    dir: dir.to_owned(),
                    source,
                });
            }
        }
        let connection = Connection::open(dir.join(FILE))?;
        schema::prepare(&connection)?;
        let (envelopes, bytes) = mailbox::totals(&connection)?;
        around.metrics.mailboxes(envelopes, bytes);
        let writer = Writer::start(connection, lock).map_err(|source| StoreError::Thread { source })?;
        Ok(Self { writer, around })
    }

    /// Whether the writer still takes jobs.
    pub(crate) fn is_open(&self) -> bool {
        self.writer.is_open()
    }

    /// Finishes all jobs asked for so far, writes the log back into the file and closes it.
    pub(crate) async fn close(&self) {
        self.writer.close().await;
    }

    /// What is known about `peer`.
    pub(crate) async fn standing(&self, peer: PeerId) -> Result<Standing, StoreError> {
        let job = move |db: &Connection| {
            let row = db
                .prepare_cached("SELECT key, signed_id IS NOT NULL FROM person WHERE peer = ?1")?
                .query_row([&peer.0], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))
                .optional()?;
            let Some((person, has_prekeys)) = row else {
                return Ok(Standing::default());
            };
            let one_time_left = prekeys::one_time_left(db, person)?;
            Ok(Standing {
                known: true,
                has_prekeys,
                one_time_left,
            })
        };
        self.ask(job, |standing| standing).await
    }

    /// Deletes what has expired.
    pub(crate) async fn sweep(&self) -> Result<(), StoreError> {
        let around = self.around.clone();
        let job = move |db: &Connection| {
            let now_ms = around.clock.now_ms();
            mailbox::sweep(db, now_ms, &around.limits)?;
            tokens::sweep(db, now_ms)?;
            mailbox::totals(db)
        };
        let metrics = self.around.metrics.clone();
        self.ask(job, move |(envelopes, bytes)| metrics.mailboxes(envelopes, bytes))
            .await
    }

    async fn ask<T, U, J, A>(&self, job: J, after: A) -> Result<U, StoreError>
    where
        T: Send + 'static,
        U: Send + 'static,
        J: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        A: FnOnce(T) -> U + Send + 'static,
    {
        self.writer
            .enqueue(job, after)
            .await
            .await
            .map_err(|_| StoreError::Closed)?
    }
}

/// The row of `peer`, created when there is none and room for one.
fn register(db: &Connection, peer: PeerId, limits: &Limits) -> rusqlite::Result<Option<i64>> {
    let known = db
        .prepare_cached("SELECT key FROM person WHERE peer = ?1")?
        .query_row([&peer.0], |row| row.get(0))
        .optional()?;
    if known.is_some() {
        return Ok(known);
    }
    let people: i64 = db
        .prepare_cached("SELECT people FROM total")?
        .query_row([], |row| row.get(0))?;
    if u64::try_from(people).unwrap_or_default() >= limits.max_people {
        return Ok(None);
    }
    db.prepare_cached("INSERT INTO person (peer) VALUES (?1)")?
        .execute([&peer.0])?;
    Ok(Some(db.last_insert_rowid()))
}

/// SQLite's integers are signed; times and sizes beyond them mean "never" or "all".
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn create_private(dir: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

#[cfg(test)]
mod tests;
