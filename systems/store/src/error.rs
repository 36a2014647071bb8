//! What can go wrong between a profile and its disk, in words that a person can act on.

use std::io;

use orrery_protocol::archive::ArchiveError;
use rusqlite::{Error as SqlError, ErrorCode, ffi};

/// What the database says when the system does not write what it is told to, for another reason than a full disk.
const UNWRITTEN: [i32; 4] = [
    ffi::SQLITE_IOERR_WRITE,
    ffi::SQLITE_IOERR_FSYNC,
    ffi::SQLITE_IOERR_DIR_FSYNC,
    ffi::SQLITE_IOERR_TRUNCATE,
];

/// Why a profile or its database could not be used. Says neither paths nor content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process, or another handle in this one, holds the profile.
    #[error("this profile is already open in another window or program")]
    InUse,
    /// The folder or a file in it cannot be written.
    #[error("the profile folder cannot be written")]
    ReadOnly,
    /// No room on the disk; what was there before is unchanged.
    #[error("the disk is full")]
    Full,
    /// The vault is sound and this passphrase does not open it.
    #[error("this is not the passphrase of this profile")]
    WrongPassphrase,
    /// The words are a recovery phrase, but not this profile's.
    #[error("this is not the recovery phrase of this profile")]
    WrongPhrase,
    /// Twelve words were meant as a recovery phrase, and they are none: one is mistyped, or two are swapped.
    #[error("these words are not a recovery phrase")]
    BadPhrase,
    /// No recovery phrase was ever made.
    #[error("this profile has no recovery phrase")]
    NoPhrase,
    /// Not an exported profile, or not all of one.
    #[error("this file is no exported profile, or it is damaged, or a newer version wrote it")]
    BadExport,
    /// An export never overwrites.
    #[error("there is a file of this name already")]
    FileExists,
    /// Nothing at this place.
    #[error("there is no such file or folder")]
    NoSuchFile,
    /// It was told to stop.
    #[error("stopped")]
    Stopped,
    /// The vault file is not what was written.
    #[error("the vault file is damaged; put back a copy of it to open this profile")]
    VaultDamaged,
    /// The vault asks for more memory or time than any vault of ours.
    #[error("the vault file asks for more memory or time than is sane")]
    VaultTooDemanding,
    /// The vault was written by a later version of the program.
    #[error("the vault file was written by a newer version; update to open it")]
    VaultNewer,
    /// A passphrase without a single character.
    #[error("the passphrase is empty")]
    PassphraseEmpty,
    /// A passphrase longer than the vault takes.
    #[error("the passphrase is too long")]
    PassphraseTooLong,
    /// There is not enough memory to turn the passphrase into a key.
    #[error("there is not enough free memory to open the vault")]
    Memory,
    /// A database without the vault that holds its key.
    #[error("the vault file is missing; without it the database cannot be read")]
    VaultMissing,
    /// A vault without a database, or no profile at all.
    #[error("the database of this profile is missing")]
    DatabaseMissing,
    /// A profile is there already; it is never overwritten.
    #[error("there is a profile in this folder already")]
    AlreadyExists,
    /// The database is not what was written.
    #[error("the database is damaged")]
    Damaged,
    /// The key does not open this database, or its first page is damaged: the two look the same.
    #[error("the key does not open this database")]
    WrongKey,
    /// A later version of the program has written here.
    #[error(
        "this profile was written by a newer version (schema {found}, this program knows {known}); update to open it"
    )]
    NewerVersion {
        /// Schema version of the database.
        found: u32,
        /// Highest schema version this program knows.
        known: u32,
    },
    /// The database library was built without encryption and would write everything in the clear.
    #[error("this build cannot encrypt its database and refuses to run")]
    NotEncrypted,
    /// Anything else the system says.
    #[error("the profile cannot be read or written: {0}")]
    Unavailable(String),
}

impl From<ArchiveError> for StoreError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Full => Self::Full,
            ArchiveError::ReadOnly => Self::ReadOnly,
            ArchiveError::Damaged => Self::Damaged,
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl From<StoreError> for ArchiveError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Full,
            StoreError::ReadOnly => Self::ReadOnly,
            StoreError::Damaged | StoreError::WrongKey => Self::Damaged,
            _ => Self::Unavailable,
        }
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            io::ErrorKind::OutOfMemory => Self::Memory,
            // The kind, never the message: some systems put the path into it.
            kind => Self::Unavailable(kind.to_string()),
        }
    }
}

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        match &error {
            SqlError::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::DiskFull => Self::Full,
                // The library looks for ENOSPC only where it writes pages: it does not where the log's index grows.
                ErrorCode::SystemIoFailure if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE => Self::Full,
                // A quota, a disk that was pulled out or a network that is away: nothing is written now, it may be later.
                ErrorCode::SystemIoFailure if UNWRITTEN.contains(&failure.extended_code) => Self::ReadOnly,
                ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::ReadOnly,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Damaged,
                ErrorCode::OutOfMemory => Self::Memory,
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::InUse,
                // The library's message can quote the statement; its number cannot.
                _ => Self::Unavailable(format!("database error {}", failure.extended_code)),
            },
            // A value of a type or range that this program never writes.
            SqlError::FromSqlConversionFailure(..)
            | SqlError::IntegralValueOutOfRange(..)
            | SqlError::InvalidColumnType(..)
            | SqlError::Utf8Error(..) => Self::Damaged,
            _ => Self::Unavailable("unexpected answer from the database".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: i32) -> StoreError {
        SqlError::SqliteFailure(ffi::Error::new(code), None).into()
    }

    #[test]
    fn what_the_disk_does_not_take_now_and_may_take_later_is_told_from_what_is_broken() {
        assert_eq!(said(ffi::SQLITE_FULL), StoreError::Full);
        assert_eq!(said(ffi::SQLITE_IOERR_SHMSIZE), StoreError::Full);
        for code in UNWRITTEN {
            assert_eq!(said(code), StoreError::ReadOnly, "{code}");
        }
        assert!(matches!(said(ffi::SQLITE_IOERR_READ), StoreError::Unavailable(_)));
        assert_eq!(said(ffi::SQLITE_CORRUPT), StoreError::Damaged);
        let quota = io::Error::from(io::ErrorKind::QuotaExceeded);
        assert_eq!(StoreError::from(quota), StoreError::Full);
    }
}
