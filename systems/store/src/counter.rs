//! A counter beside the database: a database put back to an older copy counts lower than the file does.
//!
//! A ratchet state that comes back from the past would encrypt a second message under a key and nonce that were used
//! already. The database counts its writing transactions; after each commit the count is also written here. The file
//! is therefore never ahead of an honest database, and it may be behind by the commit a crash fell into. Whoever puts
//! back the whole folder puts back the counter too: that only a keyring could notice.

use std::{
    fs::{File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::file;

/// The file's name in a profile folder.
pub const COUNTER_FILE: &str = "counter";

/// Sixteen hexadecimal digits and a newline: always the same length, so that writing it over itself never leaves a
/// mixture of two lengths.
const LENGTH: u64 = 17;

/// What the file says about the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CounterState {
    /// The file is gone or is no counter.
    Unknown,
    /// The database counted at least this far.
    At(u64),
}

/// The counter's file, kept open for writing.
#[derive(Debug)]
pub struct Counter {
    path: PathBuf,
    file: Option<File>,
}

impl Counter {
    /// The counter in a profile folder; opens nothing yet.
    #[must_use]
    pub fn in_folder(dir: &Path) -> Self {
        Self {
            path: dir.join(COUNTER_FILE),
            file: None,
        }
    }

    /// What the file says.
    ///
    /// # Errors
    /// When it is there and cannot be read at all.
    pub fn read(&self) -> io::Result<CounterState> {
        let bytes = match file::read_short(&self.path, LENGTH) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(CounterState::Unknown),
            Err(error) => return Err(error),
        };
        let count = std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.strip_suffix('\n'))
            .filter(|digits| digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u64::from_str_radix(digits, 16).ok());
        Ok(count.map_or(CounterState::Unknown, CounterState::At))
    }

    /// Writes a count over the old one. Not forced to the disk: after a power cut the file may be behind, which is
    /// taken for honest, and forcing it would double the cost of every commit.
    ///
    /// # Errors
    /// When the file cannot be written; the database is unharmed, and the next write makes up for it.
    pub fn write(&mut self, count: u64) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => {
                let mut options = OpenOptions::new();
                options.create(true).truncate(false).write(true);
                file::private(&mut options);
                options.open(&self.path)?
            }
        };
        file.seek(SeekFrom::Start(0))?;
        file.write_all(format!("{count:016x}\n").as_bytes())?;
        self.file = Some(file);
        Ok(())
    }

    /// [`Counter::write`], forced to the disk, cutting off anything that a damaged file had more.
    ///
    /// # Errors
    /// As for [`Counter::write`].
    pub fn write_durably(&mut self, count: u64) -> io::Result<()> {
        self.write(count)?;
        if let Some(file) = &self.file {
            file.set_len(LENGTH)?;
            file.sync_all()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_read_back_and_anything_else_is_unknown() {
        let dir = tempfile::tempdir().unwrap();
        let mut counter = Counter::in_folder(dir.path());
        assert_eq!(counter.read().unwrap(), CounterState::Unknown);
        for count in [0, 1, 255, u64::MAX] {
            counter.write(count).unwrap();
            assert_eq!(counter.read().unwrap(), CounterState::At(count));
        }
        for garbage in [
            "",
            "12\n",
            "+000000000000001\n",
            "00000000000000010",
            "0000000000000001\n\n",
        ] {
            std::fs::write(dir.path().join(COUNTER_FILE), garbage).unwrap();
            assert_eq!(counter.read().unwrap(), CounterState::Unknown, "{garbage:?}");
        }
        counter.write_durably(7).unwrap();
        assert_eq!(counter.read().unwrap(), CounterState::At(7));
    }

    #[test]
    fn one_that_is_there_and_cannot_be_read_is_not_taken_for_missing() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(COUNTER_FILE)).unwrap();
        let mut counter = Counter::in_folder(dir.path());
        assert!(counter.read().is_err() && counter.write(1).is_err());
    }
}
