//! A whole profile in one file: identity, contacts, history, settings, what waits to be sent. Never its sessions: a ratchet
//! that came back from the past would use a nonce twice. Prekeys and calls under way stay behind as well.
//!
//! ```text
//! file   "orrexport" ‖ version 1 ‖ u32be length ‖ vault ‖ u64be length ‖ SQLCipher database ‖ MAC
//! MAC    HMAC-SHA256 over everything before it, see orrery_crypto::export
//! ```
//! The database has the profile's own key, so the passphrase and the recovery phrase of that moment open the file.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use orrery_crypto::{ExportMac, RecoveryPhrase, export::LEN as MAC, vault};
use rusqlite::{Connection, params_from_iter, types::Value};

use crate::{
    DatabaseKey, StoreError,
    database::{self, Access},
    file,
    vault::MAX_VAULT,
};

const MAGIC: [u8; 9] = *b"orrexport";
const VERSION: u8 = 1;
/// Everything in front of the vault.
const HEAD: u64 = MAGIC.len() as u64 + 1 + 4;
/// What is copied at once.
const CHUNK: usize = 64 * 1024;
/// Rows between two looks at whether to go on.
const ROWS: u64 = 500;
/// The tables that travel, in an order that foreign keys allow. The search index fills itself.
const TABLES: [&str; 8] = [
    "named_values",
    "contacts",
    "channels",
    "messages",
    "reactions",
    "early_changes",
    "items",
    "outbox",
];

/// An export, ready to be run beside the open store.
pub struct Export {
    source: Connection,
    key: DatabaseKey,
    vault: Vec<u8>,
    target: PathBuf,
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Export")
    }
}

/// Files that go unless they were finished.
struct Unfinished(Vec<PathBuf>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = file::remove(path);
        }
    }
}

impl Export {
    pub(crate) fn new(source: Connection, key: DatabaseKey, vault: Vec<u8>, target: &Path) -> Self {
        Self {
            source,
            key,
            vault,
            target: target.to_owned(),
        }
    }

    /// Writes the file: one moment of the database, whatever is written meanwhile. `progress` gets bytes done and in all
    /// (as far as they can be known) and says whether to go on.
    ///
    /// # Errors
    /// [`StoreError::FileExists`], [`StoreError::NoSuchFile`] for a folder that is not there, [`StoreError::Stopped`], or
    /// what the disk says; no file is left then.
    pub fn run(self, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<(), StoreError> {
        let folder = self.target.parent().unwrap_or(Path::new("")).to_owned();
        let name = self.target.file_name().ok_or(StoreError::NoSuchFile)?;
        // Holds the name, so that nothing is ever written over.
        let mut options = OpenOptions::new();
        options.create_new(true).write(true);
        file::private(&mut options);
        let mut out = options.open(&self.target).map_err(of_target)?;
        let mut part = std::ffi::OsString::from(".");
        part.push(name);
        part.push(".part");
        let part = folder.join(part);
        let beside = |suffix: &str| {
            let mut name = part.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        let remains = [part.clone(), beside("-wal"), beside("-shm"), beside("-journal")];
        for path in &remains {
            file::remove(path)?;
        }
        let parts = Unfinished(remains.to_vec());
        let mut whole = Unfinished(vec![self.target.clone()]);

        let size = fs::metadata(self.source.path().unwrap_or_default()).map_or(0, |metadata| metadata.len());
        self.copy(&part, size, progress)?;
        let mut database = File::open(&part)?;
        let len = database.metadata()?.len();
        let mut mac = ExportMac::new(&self.key);
        let mut head = Vec::with_capacity(self.vault.len() + 32);
        head.extend_from_slice(&MAGIC);
        head.push(VERSION);
        head.extend_from_slice(&u32::try_from(self.vault.len()).unwrap_or(u32::MAX).to_be_bytes());
        head.extend_from_slice(&self.vault);
        head.extend_from_slice(&len.to_be_bytes());
        mac.update(&head);
        out.write_all(&head)?;
        pour(&mut database, &mut out, len, &mut mac, &mut |done| {
            progress(size + done, size + len)
        })?;
        out.write_all(&mac.finish())?;
        out.sync_all()?;
        drop(parts);
        file::sync_dir(if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &folder
        })?;
        whole.0.clear();
        Ok(())
    }

    /// Makes the database that travels.
    fn copy(&self, part: &Path, size: u64, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<(), StoreError> {
        database::create(part, self.key.as_bytes())?;
        let target = database::open(part, self.key.as_bytes(), Access::Write)?;
        // Of no worth before it is whole; it is brought to the disk as part of the file.
        target.execute_batch("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE")?;
        // One moment: from the first read on this connection sees nothing newer.
        self.source.execute_batch("BEGIN")?;
        let count = |table: &str| -> Result<u64, StoreError> {
            let count: i64 = self
                .source
                .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
            Ok(count.unsigned_abs())
        };
        let mut total = 0;
        for table in TABLES {
            total += count(table)?;
        }
        let mut done: u64 = 0;
        for table in TABLES {
            let mut from = self.source.prepare(&format!("SELECT * FROM {table}"))?;
            let columns = from.column_count();
            let places = vec!["?"; columns].join(", ");
            let mut into = target.prepare(&format!("INSERT INTO {table} VALUES ({places})"))?;
            let mut rows = from.query([])?;
            while let Some(row) = rows.next()? {
                let values = (0..columns)
                    .map(|column| row.get::<_, Value>(column))
                    .collect::<Result<Vec<_>, _>>()?;
                into.execute(params_from_iter(values))?;
                done += 1;
                if done.is_multiple_of(ROWS) && !progress(size * done / total.max(1), 2 * size) {
                    return Err(StoreError::Stopped);
                }
            }
        }
        // Whoever takes this database up again may have written since: it counts as put back from the past.
        target.execute_batch("UPDATE meta SET open = 0, commits = 0, rolled_back = 1; COMMIT")?;
        self.source.execute_batch("COMMIT")?;
        // One file, without a log beside it, and nothing in it that is not meant to be.
        target.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
        target.close().map_err(|(_, error)| StoreError::from(error))
    }
}

/// An exported file that is being read.
pub(crate) struct ExportFile {
    file: File,
    vault: Vec<u8>,
    database: u64,
}

impl ExportFile {
    /// Looks at everything that can be looked at without a secret.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut file = File::open(path).map_err(of_source)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(StoreError::BadExport);
        }
        let mut head = [0; HEAD as usize];
        read(&mut file, &mut head)?;
        let Some((magic, rest)) = head.split_first_chunk::<9>() else {
            return Err(StoreError::BadExport);
        };
        if *magic != MAGIC {
            return Err(StoreError::BadExport);
        }
        let &[version, a, b, c, d] = rest else {
            return Err(StoreError::BadExport);
        };
        if version != VERSION {
            return Err(StoreError::VaultNewer);
        }
        let length = u64::from(u32::from_be_bytes([a, b, c, d]));
        if length > MAX_VAULT {
            return Err(StoreError::BadExport);
        }
        let mut vault = vec![0; usize::try_from(length).map_err(|_| StoreError::BadExport)?];
        read(&mut file, &mut vault)?;
        let mut database = [0; 8];
        read(&mut file, &mut database)?;
        let database = u64::from_be_bytes(database);
        let whole = (HEAD + 8 + MAC as u64)
            .checked_add(length)
            .and_then(|sum| sum.checked_add(database));
        if whole != Some(metadata.len()) {
            return Err(StoreError::BadExport);
        }
        Ok(Self { file, vault, database })
    }

    /// The vault, as it travelled.
    pub(crate) fn vault(&self) -> &[u8] {
        &self.vault
    }

    /// The key, by passphrase or recovery phrase.
    pub(crate) fn unlock(&self, secret: &str) -> Result<DatabaseKey, StoreError> {
        if let Ok(phrase) = RecoveryPhrase::parse(secret)
            && vault::has_phrase(&self.vault).unwrap_or(false)
            && let Ok(key) = vault::unwrap_by_phrase(&self.vault, &phrase)
        {
            return Ok(key);
        }
        vault::unwrap(&self.vault, secret).map_err(|error| match StoreError::from(error) {
            StoreError::VaultDamaged => StoreError::BadExport,
            other => other,
        })
    }

    /// Writes the database to `path`, on the disk when this returns; whether it is whole is known at its end.
    pub(crate) fn take_out(
        &mut self,
        key: &DatabaseKey,
        path: &Path,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<(), StoreError> {
        let mut mac = ExportMac::new(key);
        mac.update(&MAGIC);
        mac.update(&[VERSION]);
        mac.update(&u32::try_from(self.vault.len()).unwrap_or(u32::MAX).to_be_bytes());
        mac.update(&self.vault);
        mac.update(&self.database.to_be_bytes());
        let mut options = OpenOptions::new();
        options.create_new(true).write(true);
        file::private(&mut options);
        let mut out = options.open(path)?;
        let total = self.database;
        pour(&mut self.file, &mut out, total, &mut mac, &mut |done| {
            progress(done, total)
        })?;
        let mut tag = [0; MAC];
        read(&mut self.file, &mut tag)?;
        if !mac.is(&tag) {
            return Err(StoreError::BadExport);
        }
        Ok(out.sync_all()?)
    }
}

/// Copies `len` bytes, through the MAC.
fn pour(
    from: &mut File,
    into: &mut File,
    len: u64,
    mac: &mut ExportMac,
    progress: &mut dyn FnMut(u64) -> bool,
) -> Result<(), StoreError> {
    let mut chunk = vec![0; CHUNK];
    let mut done = 0;
    while done < len {
        let want = usize::try_from(len - done).unwrap_or(CHUNK).min(CHUNK);
        let piece = chunk.get_mut(..want).unwrap_or_default();
        read(from, piece)?;
        mac.update(piece);
        into.write_all(piece)?;
        done += want as u64;
        if !progress(done) {
            return Err(StoreError::Stopped);
        }
    }
    Ok(())
}

/// Fills a piece; a file that ends before is no export.
fn read(from: &mut File, piece: &mut [u8]) -> Result<(), StoreError> {
    from.read_exact(piece).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => StoreError::BadExport,
        _ => error.into(),
    })
}

fn of_target(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::AlreadyExists => StoreError::FileExists,
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidInput => StoreError::NoSuchFile,
        _ => error.into(),
    }
}

fn of_source(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidInput => StoreError::NoSuchFile,
        io::ErrorKind::IsADirectory => StoreError::BadExport,
        _ => error.into(),
    }
}
