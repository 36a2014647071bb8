//! Mailboxes, prekeys and tokens in one SQLite file. One thread owns the database and runs jobs in the order they were
//! asked for, as many as wait in one transaction ([`writer`]); an answer leaves only after the commit. Everything a job
//! decides is therefore exact under concurrency, and one disk flush serves many deposits.

mod error;
mod mailbox;
mod people;
mod prekeys;
mod schema;
mod tokens;
mod writer;

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    path::Path,
    sync::Arc,
};

use rusqlite::Connection;
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

/// Handle on the writer thread; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    writer: Writer,
    around: Surroundings,
}

impl Store {
    /// Opens or creates the store in `dir`, which only one server may use at a time.
    pub(crate) fn open(dir: &Path, around: Surroundings) -> Result<Self, StoreError> {
        let unusable = |source| StoreError::Folder {
            dir: dir.to_owned(),
            source,
        };
        create_private(dir).map_err(unusable)?;
        let lock = private_file(&dir.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { dir: dir.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        // SQLite gives its log the mode of the database, and makes the database by the umask if it is not there.
        drop(private_file(&dir.join(FILE)).map_err(unusable)?);
        let connection = Connection::open(dir.join(FILE))?;
        schema::prepare(&connection, around.clock.now_ms())?;
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

    /// Deletes what has expired.
    pub(crate) async fn sweep(&self) -> Result<(), StoreError> {
        let around = self.around.clone();
        let job = move |db: &Connection| {
            let now_ms = around.clock.now_ms();
            mailbox::sweep(db, now_ms, &around.limits)?;
            tokens::sweep(db, now_ms)?;
            people::sweep(db, now_ms, &around.limits, &around.hub)?;
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

/// Opens a file that nobody else may read, made when there is none. One that is there keeps the mode it was given.
fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests;
