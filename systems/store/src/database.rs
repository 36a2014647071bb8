//! Opening SQLCipher the one right way.

use std::{
    fs::OpenOptions,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig, limits::Limit};
use zeroize::Zeroizing;

use crate::{StoreError, file, schema};

/// The database's name in a profile folder.
pub const DATABASE_FILE: &str = "orrery.db";

/// Prepared statements kept per connection: more than there are in this crate.
const STATEMENTS: usize = 128;

/// Page cache, in KiB (SQLite wants it negative). A page of a conversation and its index fit many times over.
const CACHE_KIB: i32 = 16 * 1024;

/// How far the write-ahead log may stay grown after a checkpoint, in bytes.
const WAL_KEPT: i64 = 16 * 1024 * 1024;

/// How long a statement waits for the background check's connection before it gives up.
const BUSY: Duration = Duration::from_secs(10);

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reads and writes an existing file.
    Write,
    /// Reads beside the writer.
    Read,
}

/// Makes a new, empty, encrypted database with the current schema, and closes it: afterwards there is one whole file
/// and no log beside it.
///
/// # Errors
/// [`StoreError::AlreadyExists`] when the file is there; otherwise what the disk says.
pub(crate) fn create(path: &Path, key: &[u8; 32]) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    // SQLite gives its log and index files the mode of the database.
    file::private(&mut options);
    match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Err(StoreError::AlreadyExists),
        other => other?,
    };
    let mut connection = keyed(path, key, Access::Write)?;
    schema::migrate(&mut connection)?;
    connection.close().map_err(|(_, error)| StoreError::from(error))
}

/// Opens an existing database and checks that the key is right; does not migrate.
///
/// # Errors
/// [`StoreError::WrongKey`] when the key does not open it, [`StoreError::Damaged`] when the file is no database of ours
/// (an empty one included: SQLite would take it for new and start over), [`StoreError::DatabaseMissing`].
pub(crate) fn open(path: &Path, key: &[u8; 32], access: Access) -> Result<Connection, StoreError> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(StoreError::DatabaseMissing),
        Err(error) => return Err(error.into()),
        Ok(metadata) if metadata.len() == 0 || !metadata.is_file() => return Err(StoreError::Damaged),
        Ok(_) => {}
    }
    let connection = keyed(path, key, access)?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != schema::APPLICATION_ID {
        return Err(StoreError::Damaged);
    }
    Ok(connection)
}

/// The key as SQLCipher's raw form. Only ever built from 32 bytes: anything else it would silently take for a
/// passphrase, and make a new database under that.
fn raw_key(key: &[u8; 32]) -> Zeroizing<String> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut sql = Zeroizing::new(String::with_capacity(96));
    sql.push_str("PRAGMA key = \"x'");
    for byte in key {
        for nibble in [byte >> 4, byte & 15] {
            sql.push(char::from(HEX.get(usize::from(nibble)).copied().unwrap_or(b'0')));
        }
    }
    sql.push_str("'\"");
    sql
}

/// Refuses a library that does not encrypt. Plain SQLite does not know the pragma that is `asked`, ignores the key, and
/// would write everything in the clear.
fn must_encrypt(connection: &Connection, asked: &str) -> Result<(), StoreError> {
    match connection.query_row(asked, [], |row| row.get::<_, Option<String>>(0)) {
        Ok(Some(version)) if !version.is_empty() => Ok(()),
        Ok(_) | Err(rusqlite::Error::QueryReturnedNoRows) => Err(StoreError::NotEncrypted),
        Err(other) => Err(other.into()),
    }
}

/// A connection whose first statements are these, in this order.
fn keyed(path: &Path, key: &[u8; 32], access: Access) -> Result<Connection, StoreError> {
    let mode = match access {
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    // A connection is used by one thread at a time, which Rust sees to. No URI: a folder may be named "file:x?mode=rw".
    let connection = Connection::open_with_flags(plain(path), mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // SQLCipher would write to the process's stderr by itself; what is wrong is said by errors.
    connection.execute_batch("PRAGMA cipher_log_level = NONE")?;
    connection.execute_batch(&raw_key(key))?;
    must_encrypt(&connection, "PRAGMA cipher_version")?;
    connection.execute_batch("PRAGMA cipher_memory_security = ON")?;
    connection.busy_timeout(BUSY)?;
    // The first real read: here a wrong key shows.
    match connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0)) {
        Ok(_) => {}
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => return Err(StoreError::WrongKey),
        Err(error) => return Err(error.into()),
    }
    if access == Access::Write {
        let journal: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if !journal.eq_ignore_ascii_case("wal") {
            return Err(StoreError::Unavailable("no write-ahead log on this disk".to_owned()));
        }
        // FULL: a commit is on the disk when it returns. NORMAL could lose the last ones, and a ratchet with them.
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA secure_delete = ON")?;
        connection.query_row(&format!("PRAGMA journal_size_limit = {WAL_KEPT}"), [], |_| Ok(()))?;
    }
    connection.execute_batch(
        "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
         PRAGMA foreign_keys = ON",
    )?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// SQLite gives a few names a meaning of their own (":memory:"); a path with a folder in it has none.
fn plain(path: &Path) -> PathBuf {
    if path.is_absolute() {
        path.to_path_buf()
    } else {
        Path::new(".").join(path)
    }
}

#[cfg(test)]
mod tests;
