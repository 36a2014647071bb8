//! The vault file: the database key, wrapped by a passphrase. What the bytes mean is crypto's; that they survive is ours.

use std::path::Path;

use orrery_crypto::{VaultError, vault};
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
const MAX_VAULT: u64 = 4096;

impl From<VaultError> for StoreError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::WrongPassphrase => Self::WrongPassphrase,
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

/// Rewrites the vault for a new passphrase; the database is not touched. At every moment one of the two opens it.
pub(crate) fn change<R: CryptoRng + ?Sized>(
    dir: &Path,
    old: &str,
    new: &str,
    params: VaultParams,
    rng: &mut R,
) -> Result<(), StoreError> {
    vault::check_passphrase(new)?;
    let key = unlock(dir, old)?;
    let before = file::read_short(&dir.join(VAULT_FILE), MAX_VAULT)?;
    let bytes = vault::wrap(&key, new, params, rng)?;
    file::write_atomically(dir, PREVIOUS_VAULT_FILE, &before)?;
    file::write_atomically(dir, VAULT_FILE, &bytes)?;
    // What lies on the disk is opened, not what was meant to be written.
    let opened = open(dir, VAULT_FILE, new).is_ok_and(|(reopened, _)| reopened.as_bytes() == key.as_bytes());
    if !opened {
        file::write_atomically(dir, VAULT_FILE, &before)?;
        file::remove(&dir.join(PREVIOUS_VAULT_FILE))?;
        return Err(StoreError::Unavailable(
            "the new vault could not be read back".to_owned(),
        ));
    }
    file::remove(&dir.join(PREVIOUS_VAULT_FILE))?;
    Ok(file::sync_dir(dir)?)
}

fn open(dir: &Path, name: &str, passphrase: &str) -> Result<(DatabaseKey, Vec<u8>), StoreError> {
    let bytes = match file::read_short(&dir.join(name), MAX_VAULT) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(StoreError::VaultMissing),
        other => other?,
    };
    Ok((vault::unwrap(&bytes, passphrase)?, bytes))
}
