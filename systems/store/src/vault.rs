//! The vault file: the database key, wrapped by a passphrase. What the bytes mean is crypto's; that they survive is ours.

use std::path::Path;

use orrery_crypto::{RecoveryPhrase, VaultError, vault};
use rand_core::CryptoRng;

use crate::{StoreError, file};

/// Memory, passes and lanes of Argon2id for a new vault: `STANDARD` wants 256 MiB, `FLOOR` 64 MiB where there is less.
pub use orrery_crypto::KdfParams as VaultParams;

/// The 32 bytes that open the database.
pub use orrery_crypto::DatabaseKey;

/// The vault's name in a profile folder.
pub const VAULT_FILE: &str = "vault";

/// The vault before a new passphrase, kept until the new one has been opened once.
pub const PREVIOUS_VAULT_FILE: &str = "vault.previous";

/// No vault is longer; a longer file is not read.
pub(crate) const MAX_VAULT: u64 = 4096;

impl From<VaultError> for StoreError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::WrongPassphrase => Self::WrongPassphrase,
            VaultError::WrongPhrase => Self::WrongPhrase,
            VaultError::NoPhrase => Self::NoPhrase,
            VaultError::Version => Self::VaultNewer,
            VaultError::Cost => Self::VaultTooDemanding,
            VaultError::PassphraseEmpty => Self::PassphraseEmpty,
            VaultError::PassphraseTooLong => Self::PassphraseTooLong,
            VaultError::OutOfMemory => Self::Memory,
            _ => Self::VaultDamaged,
        }
    }
}

/// Whether a folder has a vault, the present or the previous one.
pub(crate) fn exists(dir: &Path) -> Result<bool, StoreError> {
    Ok(file::exists(&dir.join(VAULT_FILE))? || file::exists(&dir.join(PREVIOUS_VAULT_FILE))?)
}

/// Wraps a key and writes the vault, on the disk when this returns.
pub(crate) fn create<R: CryptoRng + ?Sized>(
    dir: &Path,
    key: &DatabaseKey,
    passphrase: &str,
    params: VaultParams,
    rng: &mut R,
) -> Result<(), StoreError> {
    let bytes = vault::wrap(key, passphrase, params, rng)?;
    Ok(file::write_atomically(dir, VAULT_FILE, &bytes)?)
}

/// Opens the vault. Where the present one is missing or damaged and the previous one is still there, that one is opened
/// and put back; a passphrase that was replaced opens nothing otherwise.
pub(crate) fn unlock(dir: &Path, passphrase: &str) -> Result<DatabaseKey, StoreError> {
    let error = match open(dir, VAULT_FILE, passphrase) {
        Ok((key, _)) => {
            // A change of passphrase that a crash cut short ends here.
            let _ = file::remove(&dir.join(PREVIOUS_VAULT_FILE));
            return Ok(key);
        }
        Err(error) => error,
    };
    if !matches!(error, StoreError::VaultDamaged | StoreError::VaultMissing)
        || !file::exists(&dir.join(PREVIOUS_VAULT_FILE))?
    {
        return Err(error);
    }
    let (key, bytes) = open(dir, PREVIOUS_VAULT_FILE, passphrase)?;
    file::write_atomically(dir, VAULT_FILE, &bytes)?;
    file::remove(&dir.join(PREVIOUS_VAULT_FILE))?;
    tracing::warn!("the vault was damaged; the previous one was put back");
    Ok(key)
}

/// Rewrites the vault for a new passphrase; the database is not touched, and a recovery phrase stays what it was.
pub(crate) fn change<R: CryptoRng + ?Sized>(
    dir: &Path,
    old: &str,
    new: &str,
    params: VaultParams,
    rng: &mut R,
) -> Result<(), StoreError> {
    vault::check_passphrase(new)?;
    let key = unlock(dir, old)?;
    let before = read(dir, VAULT_FILE)?;
    let bytes = vault::rewrap(&before, &key, new, params, rng)?;
    replace(dir, &before, &bytes, |bytes| vault::unwrap(bytes, new), &key)
}

/// Opens the vault by its recovery phrase and gives it a new passphrase.
pub(crate) fn recover<R: CryptoRng + ?Sized>(
    dir: &Path,
    phrase: &RecoveryPhrase,
    new: &str,
    params: VaultParams,
    rng: &mut R,
) -> Result<DatabaseKey, StoreError> {
    vault::check_passphrase(new)?;
    let before = sound(dir)?;
    let key = vault::unwrap_by_phrase(&before, phrase)?;
    let bytes = vault::rewrap(&before, &key, new, params, rng)?;
    replace(dir, &before, &bytes, |bytes| vault::unwrap(bytes, new), &key)?;
    Ok(key)
}

/// Makes a recovery phrase another way in, in the place of an earlier one; `None` takes it away.
pub(crate) fn set_phrase<R: CryptoRng + ?Sized>(
    dir: &Path,
    passphrase: &str,
    phrase: Option<&RecoveryPhrase>,
    params: VaultParams,
    rng: &mut R,
) -> Result<(), StoreError> {
    let key = unlock(dir, passphrase)?;
    let before = read(dir, VAULT_FILE)?;
    let bytes = match phrase {
        Some(phrase) => vault::with_phrase(&before, &key, phrase, params, rng)?,
        None => vault::without_phrase(&before)?,
    };
    let open = |bytes: &[u8]| match phrase {
        Some(phrase) => vault::unwrap_by_phrase(bytes, phrase),
        None => vault::unwrap(bytes, passphrase),
    };
    replace(dir, &before, &bytes, open, &key)
}

/// Whether a recovery phrase opens the vault.
pub(crate) fn has_phrase(dir: &Path) -> Result<bool, StoreError> {
    Ok(vault::has_phrase(&sound(dir)?)?)
}

/// The vault's bytes as they lie on the disk; the previous one's where a crash has damaged the present one.
pub(crate) fn sound(dir: &Path) -> Result<Vec<u8>, StoreError> {
    let whole = |name| -> Result<Vec<u8>, StoreError> {
        let bytes = read(dir, name)?;
        vault::has_phrase(&bytes)?;
        Ok(bytes)
    };
    whole(VAULT_FILE).or_else(|error| match error {
        StoreError::VaultDamaged | StoreError::VaultMissing => whole(PREVIOUS_VAULT_FILE).map_err(|_| error),
        other => Err(other),
    })
}

/// Puts a new vault in the place of the old one. At every moment one of the two opens the database, and the old one goes
/// only after the new one was opened as it lies on the disk.
fn replace(
    dir: &Path,
    before: &[u8],
    after: &[u8],
    open: impl FnOnce(&[u8]) -> Result<DatabaseKey, VaultError>,
    key: &DatabaseKey,
) -> Result<(), StoreError> {
    file::write_atomically(dir, PREVIOUS_VAULT_FILE, before)?;
    file::write_atomically(dir, VAULT_FILE, after)?;
    let written = read(dir, VAULT_FILE)?;
    if !open(&written).is_ok_and(|reopened| reopened.as_bytes() == key.as_bytes()) {
        file::write_atomically(dir, VAULT_FILE, before)?;
        file::remove(&dir.join(PREVIOUS_VAULT_FILE))?;
        return Err(StoreError::Unavailable(
            "the new vault could not be read back".to_owned(),
        ));
    }
    file::remove(&dir.join(PREVIOUS_VAULT_FILE))?;
    Ok(file::sync_dir(dir)?)
}

fn read(dir: &Path, name: &str) -> Result<Vec<u8>, StoreError> {
    match file::read_short(&dir.join(name), MAX_VAULT) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(StoreError::VaultMissing),
        other => Ok(other?),
    }
}

fn open(dir: &Path, name: &str, passphrase: &str) -> Result<(DatabaseKey, Vec<u8>), StoreError> {
    let bytes = read(dir, name)?;
    Ok((vault::unwrap(&bytes, passphrase)?, bytes))
}
