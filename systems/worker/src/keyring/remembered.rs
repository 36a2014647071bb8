//! What is kept of a profile: its key, and how far it had come, so that a whole folder put back is noticed.
//!
//! A small file `remembered` in the folder says that the person chose so, and under which name; without it no keyring
//! is ever asked. The name says nothing: it is a hash of where the folder was when that was chosen.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
    time::Duration,
};

use orrery_crypto::DatabaseKey;
use orrery_link::Code;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Keyring, Unavailable};

const MARKER: &str = "remembered";
/// Hexadecimal digits of a name.
const NAME: usize = 32;

impl From<Unavailable> for Code {
    fn from(_: Unavailable) -> Self {
        Self::KeyringUnavailable
    }
}

/// A profile's place in the keyring.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    folder: PathBuf,
    keyring: Keyring,
}

impl Memory {
    pub(crate) fn new(folder: &Path, keyring: &Keyring) -> Self {
        Self {
            folder: folder.to_owned(),
            keyring: keyring.clone(),
        }
    }

    /// Whether the keyring should keep this folder's key.
    pub(crate) fn is_on(&self) -> bool {
        self.name().is_some()
    }

    /// The key.
    ///
    /// # Errors
    /// [`Code::NotRemembered`], and then nothing claims any more that it is; [`Code::KeyringUnavailable`].
    pub(crate) fn key(&self) -> Result<DatabaseKey, Code> {
        let name = self.name().ok_or(Code::NotRemembered)?;
        let kept = self.keyring.get(&name)?;
        let key = kept.and_then(|kept| <&[u8; 32]>::try_from(kept.as_slice()).ok().map(DatabaseKey::from_bytes));
        key.ok_or_else(|| {
            self.forget_stale();
            Code::NotRemembered
        })
    }

    /// What is kept is of no use: it goes, as far as the keyring lets it.
    pub(crate) fn forget_stale(&self) {
        if !self.is_on() {
            return;
        }
        let never = AtomicBool::new(false);
        if self.forget(&never).is_err() {
            self.disown();
        }
    }

    /// Keeps the key of a profile that has come this far.
    ///
    /// # Errors
    /// [`Code::KeyringUnavailable`], or that the folder cannot be written; nothing is kept then.
    pub(crate) fn keep(&self, key: &DatabaseKey, commits: u64, stop: &AtomicBool) -> Result<(), Code> {
        let was_on = self.name();
        let name = match &was_on {
            Some(name) => name.clone(),
            None => name_of(&self.folder),
        };
        if was_on.is_none() {
            // First: whatever the keyring keeps can be found again.
            self.mark(&name).map_err(|error| match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
                _ => Code::ReadOnly,
            })?;
        }
        let secret = Zeroizing::new(key.as_bytes().to_vec());
        // The count first: one that an earlier profile left there would make a liar of this one.
        let kept = self
            .keyring
            .set(&count_of(&name), Zeroizing::new(commits.to_be_bytes().to_vec()), stop)
            .and_then(|()| self.keyring.set(&name, secret, stop));
        if kept.is_err() && was_on.is_none() {
            self.disown();
        }
        Ok(kept?)
    }

    /// Forgets the key.
    ///
    /// # Errors
    /// [`Code::KeyringUnavailable`]: it may keep the key still, and says so.
    pub(crate) fn forget(&self, stop: &AtomicBool) -> Result<(), Code> {
        if let Some(name) = self.name() {
            self.keyring.remove(&name, stop)?;
            self.keyring.remove(&count_of(&name), stop)?;
        }
        self.disown();
        Ok(())
    }

    /// Nothing claims any more that the keyring keeps the key; it is not asked.
    pub(crate) fn disown(&self) {
        match fs::remove_file(self.folder.join(MARKER)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(kind = ?error.kind(), "that the key is remembered is still claimed");
            }
            _ => {}
        }
    }

    /// How far the profile had come when the keyring heard of it last; `None` when it never did.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub(crate) fn commits(&self) -> Result<Option<u64>, Unavailable> {
        let Some(name) = self.name() else { return Ok(None) };
        let kept = self.keyring.glance(&count_of(&name))?;
        Ok(kept.and_then(|kept| <[u8; 8]>::try_from(kept.as_slice()).ok().map(u64::from_be_bytes)))
    }

    /// Tells the keyring how far it has come, if it is remembered at all.
    pub(crate) fn note(&self, commits: u64, patience: Duration) {
        if let Some(name) = self.name() {
            // What it does not hear now it hears at the next opening.
            let _ = self.keyring.note(&count_of(&name), commits.to_be_bytes(), patience);
        }
    }

    fn name(&self) -> Option<String> {
        let mut text = String::new();
        let file = File::open(self.folder.join(MARKER)).ok()?;
        file.take(NAME as u64 + 2).read_to_string(&mut text).ok()?;
        let name = text.trim_end();
        let right = name.len() == NAME && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        right.then(|| name.to_owned())
    }

    fn mark(&self, name: &str) -> io::Result<()> {
        let path = self.folder.join(MARKER);
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options
            .open(&path)
            .and_then(|mut file| writeln!(file, "{name}").and_then(|()| file.sync_all()));
        if written.is_err() {
            let _ = fs::remove_file(&path);
        }
        written
    }
}

fn count_of(name: &str) -> String {
    format!("{name}.count")
}

fn name_of(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let hash = Sha256::new()
        .chain_update(b"Orrery keyring entry\0")
        .chain_update(folder.as_os_str().as_encoded_bytes())
        .finalize();
    hash.iter().take(NAME / 2).map(|byte| format!("{byte:02x}")).collect()
}
