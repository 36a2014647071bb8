//! A whole profile in one file: identity, contacts, history, settings, what waits to be sent. Never its sessions, nor what
//! was encrypted in one: a ratchet that came back from the past would use a nonce twice. What waits is encrypted anew where
//! it is restored. Prekeys and calls under way stay behind as well.
//!
//! ```text
//! file   "orrexport" ‖ version 1 ‖ u32be length ‖ vault ‖ u64be length ‖ SQLCipher database ‖ MAC
//! MAC    HMAC-SHA256 over everything before it, see orrery_crypto::export
//! ```
//! The database has the profile's own key, so the passphrase and the recovery phrase of that moment open the file.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use orrery_crypto::{ExportMac, RecoveryError, RecoveryPhrase, export::LEN as MAC, vault};
use rusqlite::{Connection, types::ToSqlOutput};

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
/// The tables that travel and what is read of each, in an order that foreign keys allow. The search index fills itself.
const TABLES: [(&str, &str); 8] = [
    ("named_values", "*"),
    ("contacts", "*"),
    ("channels", "*"),
    ("messages", "*"),
    ("reactions", "*"),
    ("early_changes", "*"),
    ("items", "*"),
    // An empty message is one that was not encrypted yet.
    (
        "outbox",
        "id, peer, note, x'', zeroblob(32), item_seq, item_id, keep, expires_ms, taken, failed, created_ms",
    ),
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

impl Unfinished {
    fn clear(&self) -> Result<(), StoreError> {
        self.0.iter().try_for_each(|path| file::remove(path)).map_err(of_target)
    }
}

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

    /// Writes the file: one moment of the database, whatever is written meanwhile. It has another name beside `target`
    /// until it is whole and on the disk. `progress` gets bytes done and in all (as far as they can be known) and says
    /// whether to go on.
    ///
    /// # Errors
    /// [`StoreError::FileExists`], [`StoreError::NoSuchFile`] for a folder that is not there, [`StoreError::Stopped`], or
    /// what the disk says; no file is left then.
    pub fn run(self, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<(), StoreError> {
        let name = self.target.file_name().ok_or(StoreError::NoSuchFile)?;
        if file::exists(&self.target).map_err(of_target)? {
            return Err(StoreError::FileExists);
        }
        let beside = |suffix: &str| {
            let mut hidden = std::ffi::OsString::from(".");
            hidden.push(name);
            hidden.push(suffix);
            self.target.with_file_name(hidden)
        };
        let (part, new) = (beside(".part"), beside(".new"));
        let temporary = Unfinished(vec![
            new.clone(),
            part.clone(),
            beside(".part-wal"),
            beside(".part-shm"),
            beside(".part-journal"),
        ]);
        temporary.clear()?;
        let mut out = make(&new).map_err(of_target)?;
        let size = fs::metadata(self.source.path().unwrap_or_default()).map_or(0, |metadata| metadata.len());
        self.copy(&part, size, progress)?;
        let mut database = File::open(&part)?;
        let len = database.metadata()?.len();
        let head = head(&self.vault, len);
        let mut mac = ExportMac::new(&self.key);
        mac.update(&head);
        out.write_all(&head)?;
        pour(&mut database, &mut out, len, &mut mac, &mut |done| {
            progress(size + done, size + len)
        })?;
        out.write_all(&mac.finish())?;
        out.sync_all()?;
        drop(out);
        publish(&new, &self.target)?;
        let folder = match self.target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if let Err(error) = file::sync_dir(folder) {
            let _ = file::remove(&self.target);
            return Err(error.into());
        }
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
        let mut total: u64 = 0;
        for (table, _) in TABLES {
            let sql = format!("SELECT count(*) FROM {table}");
            let count: i64 = self.source.query_row(&sql, [], |row| row.get(0))?;
            total += count.unsigned_abs();
        }
        let mut done: u64 = 0;
        for (table, columns) in TABLES {
            let mut from = self.source.prepare(&format!("SELECT {columns} FROM {table}"))?;
            let columns = from.column_count();
            let places = vec!["?"; columns].join(", ");
            let mut into = target.prepare(&format!("INSERT INTO {table} VALUES ({places})"))?;
            let mut rows = from.query([])?;
            while let Some(row) = rows.next()? {
                for column in 0..columns {
                    // From library to library: no copy of a secret is left in memory of ours.
                    into.raw_bind_parameter(column + 1, ToSqlOutput::Borrowed(row.get_ref(column)?))?;
                }
                into.raw_execute()?;
                done += 1;
                if done.is_multiple_of(ROWS) && !progress(size.saturating_mul(done) / total.max(1), 2 * size) {
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
            return Err(StoreError::BadExport);
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
        let has_phrase = vault::has_phrase(&self.vault).unwrap_or(false);
        let phrase = RecoveryPhrase::parse(secret);
        if let Ok(phrase) = &phrase
            && has_phrase
            && let Ok(key) = vault::unwrap_by_phrase(&self.vault, phrase)
        {
            return Ok(key);
        }
        vault::unwrap(&self.vault, secret).map_err(|error| match StoreError::from(error) {
            StoreError::VaultDamaged => StoreError::BadExport,
            // Whoever typed twelve words is not helped by hearing of a passphrase.
            StoreError::WrongPassphrase if has_phrase => match phrase {
                Ok(_) => StoreError::WrongPhrase,
                Err(RecoveryError::WordCount) => StoreError::WrongPassphrase,
                Err(_) => StoreError::BadPhrase,
            },
            other => other,
        })
    }

    /// Writes the database to `path`, on the disk when this returns. The file is read twice: nothing is made of one that
    /// is not whole.
    ///
    /// # Errors
    /// [`StoreError::BadExport`], before there is anything at `path` unless the file is changed meanwhile;
    /// [`StoreError::Stopped`], or what the disk says.
    pub(crate) fn take_out(
        &mut self,
        key: &DatabaseKey,
        path: &Path,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<(), StoreError> {
        let (half, total) = (self.database, self.database.saturating_mul(2));
        self.read_whole(key, &mut io::sink(), &mut |done| progress(done, total))?;
        let mut out = make(path)?;
        self.read_whole(key, &mut out, &mut |done| progress(half + done, total))?;
        Ok(out.sync_all()?)
    }

    /// Reads the database into `into`, and the MAC of everything.
    fn read_whole(
        &mut self,
        key: &DatabaseKey,
        into: &mut dyn Write,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), StoreError> {
        let head = head(&self.vault, self.database);
        self.file.seek(SeekFrom::Start(head.len() as u64))?;
        let mut mac = ExportMac::new(key);
        mac.update(&head);
        pour(&mut self.file, into, self.database, &mut mac, progress)?;
        let mut tag = [0; MAC];
        read(&mut self.file, &mut tag)?;
        if mac.is(&tag) {
            Ok(())
        } else {
            Err(StoreError::BadExport)
        }
    }
}

/// Everything in front of the database.
fn head(vault: &[u8], database: u64) -> Vec<u8> {
    let mut head = Vec::with_capacity(vault.len() + 32);
    head.extend_from_slice(&MAGIC);
    head.push(VERSION);
    head.extend_from_slice(&u32::try_from(vault.len()).unwrap_or(u32::MAX).to_be_bytes());
    head.extend_from_slice(vault);
    head.extend_from_slice(&database.to_be_bytes());
    head
}

/// A new file for its owner alone.
fn make(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    file::private(&mut options);
    options.open(path)
}

/// Gives a whole file its name, never another file's.
fn publish(new: &Path, target: &Path) -> Result<(), StoreError> {
    match fs::hard_link(new, target) {
        Ok(()) => Ok(file::remove(new)?),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(StoreError::FileExists),
        Err(_) => publish_without_links(new, target),
    }
}

/// As [`publish`], on a disk that knows no second name of a file, as FAT: takes the name with an empty file first.
fn publish_without_links(new: &Path, target: &Path) -> Result<(), StoreError> {
    drop(make(target).map_err(of_target)?);
    if let Err(error) = fs::rename(new, target) {
        let _ = file::remove(target);
        return Err(error.into());
    }
    Ok(())
}

/// Copies `len` bytes, through the MAC.
fn pour(
    from: &mut File,
    into: &mut dyn Write,
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::schema;

    #[test]
    fn every_table_either_travels_or_stays_behind_on_purpose() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let mut statement = connection
            .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB 'search*'")
            .unwrap();
        let there: BTreeSet<String> = statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let stays = [
            "meta",
            "sessions",
            "prekeys",
            "unread_ciphertexts",
            "open_calls",
            "calls_heard_of",
        ];
        let known = TABLES.iter().map(|(table, _)| *table).chain(stays);
        assert_eq!(there, known.map(str::to_owned).collect());
    }

    #[test]
    fn a_name_is_taken_once_with_links_and_without() {
        let dir = tempfile::tempdir().unwrap();
        let (new, target) = (dir.path().join("new"), dir.path().join("target"));
        for way in [publish, publish_without_links] {
            fs::write(&new, b"whole").unwrap();
            way(&new, &target).unwrap();
            assert!(!new.exists());
            fs::write(&new, b"another").unwrap();
            assert_eq!(way(&new, &target).unwrap_err(), StoreError::FileExists);
            assert_eq!(fs::read(&target).unwrap(), b"whole");
            fs::remove_file(&target).unwrap();
            fs::remove_file(&new).unwrap();
            assert!(way(&new, &target).is_err());
            assert!(!target.exists());
        }
    }
}
