//! What can go wrong with the store.

use std::path::PathBuf;

/// The store could not be opened, or a job could not be committed; then nothing of the job was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another server uses the folder.
    #[error("another orrery-server is using {}; stop it or give this one its own folder with --data", dir.display())]
    InUse {
        /// The data folder.
        dir: PathBuf,
    },
    /// The folder cannot be created or written.
    #[error("cannot use the data folder {}: {source}", dir.display())]
    Folder {
        /// The data folder.
        dir: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The database was written by a newer server.
    #[error(
        "the database was written by a newer orrery-server (schema {found}, this one knows {known}); update this server"
    )]
    Newer {
        /// The schema found.
        found: i64,
        /// The newest schema this server knows.
        known: i64,
    },
    /// SQLite refused: a full disk, a damaged file, a missing permission.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The transaction that the job was part of failed; the cause has been logged.
    #[error("the database could not write")]
    Unwritten,
    /// The writer thread could not be started.
    #[error("cannot start the database thread: {source}")]
    Thread {
        /// What the system says.
        source: std::io::Error,
    },
    /// The store is closed.
    #[error("the database is closed")]
    Closed,
}
