//! The folder of one identity: `vault`, `orrery.db`, `counter`, `lock`, `logs`.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use orrery_crypto::RecoveryPhrase;
use rand_core::CryptoRng;

use crate::{
    Store, StoreError, VaultParams,
    counter::{COUNTER_FILE, Counter},
    database::{self, Access, DATABASE_FILE},
    export::ExportFile,
    file,
    lock::FolderLock,
    schema,
    store::LOCK_FILE,
    vault::{self, DatabaseKey},
};

/// A database that is being made; it gets its name once the vault is on the disk.
const UNFINISHED_DATABASE: &str = "orrery.db.new";

/// The folder's own folder for logs.
const LOGS: &str = "logs";

/// What lies in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileState {
    /// No profile: one can be made here.
    New,
    /// A profile, to be unlocked by its passphrase.
    Locked,
    /// Part of a profile. Nothing is ever made over it.
    Damaged(ProfileDamage),
}

/// What is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileDamage {
    /// The vault, and with it the key.
    VaultMissing,
    /// The database, and with it everything.
    DatabaseMissing,
}

/// A profile folder, locked for this process.
#[derive(Debug)]
pub struct ProfileFolder {
    dir: PathBuf,
    lock: Arc<FolderLock>,
}

impl ProfileFolder {
    /// What lies in a folder, without locking or making anything; for choosing among profiles.
    ///
    /// # Errors
    /// When it may not be looked into.
    pub fn look(dir: &Path) -> Result<ProfileState, StoreError> {
        let there = |name: &str| file::exists(&dir.join(name));
        let vault = vault::exists(dir)?;
        let database = there(DATABASE_FILE)?;
        // A log without its database: making a new one of that name would run into it.
        let remains = there(&format!("{DATABASE_FILE}-wal"))?;
        // Of no use without a vault: its key was never kept.
        let unfinished = there(UNFINISHED_DATABASE)?;
        Ok(match (vault, database) {
            (true, true) => ProfileState::Locked,
            (false, true) => ProfileState::Damaged(ProfileDamage::VaultMissing),
            (_, false) if remains => ProfileState::Damaged(ProfileDamage::DatabaseMissing),
            (true, false) if unfinished => ProfileState::Locked,
            (true, false) => ProfileState::Damaged(ProfileDamage::DatabaseMissing),
            (false, false) => ProfileState::New,
        })
    }

    /// Takes a folder for this process, making it where there is none. A new or empty folder becomes its owner's alone.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another has it, [`StoreError::ReadOnly`], or what the disk says.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        file::make_private_dir(dir)?;
        // A folder with other things in it may be shared on purpose, and is not ours to close.
        if fs::read_dir(dir)?.next().is_none() {
            file::make_dir_private(dir)?;
        }
        let lock = Arc::new(FolderLock::take(&dir.join(LOCK_FILE))?);
        Ok(Self {
            dir: dir.to_path_buf(),
            lock,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// What lies in it.
    ///
    /// # Errors
    /// When it may not be looked into.
    pub fn state(&self) -> Result<ProfileState, StoreError> {
        Self::look(&self.dir)
    }

    /// Its folder for logs, made where there is none.
    ///
    /// # Errors
    /// What the disk says.
    pub fn logs(&self) -> Result<PathBuf, StoreError> {
        let logs = self.dir.join(LOGS);
        file::make_private_dir(&logs)?;
        Ok(logs)
    }

    /// Makes a profile and opens it. A crash on the way leaves either nothing of a profile or all of it.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] unless the folder is [`ProfileState::New`], [`StoreError::PassphraseEmpty`],
    /// [`StoreError::PassphraseTooLong`], [`StoreError::Memory`] (take [`VaultParams::FLOOR`]), or what the disk says.
    pub fn create<R: CryptoRng + ?Sized>(
        &self,
        passphrase: &str,
        params: VaultParams,
        rng: &mut R,
    ) -> Result<Store, StoreError> {
        orrery_crypto::vault::check_passphrase(passphrase)?;
        if self.state()? != ProfileState::New {
            return Err(StoreError::AlreadyExists);
        }
        self.clear_unfinished()?;
        let key = DatabaseKey::generate(rng);
        // The vault comes last of what takes time and first of what counts: without it, what is made before is
        // nobody's; with it, what is left to do needs only a new name, which unlocking gives as well.
        database::create(&self.dir.join(UNFINISHED_DATABASE), key.as_bytes())?;
        Counter::in_folder(&self.dir).write_durably(0)?;
        vault::create(&self.dir, &key, passphrase, params, rng)?;
        self.finish_database(&key)?;
        self.open_store(&key)
    }

    /// Opens a profile by its passphrase. Takes as long as Argon2id was told to take.
    ///
    /// # Errors
    /// [`StoreError::WrongPassphrase`], after which it may be tried again; otherwise what is wrong with vault or database.
    pub fn unlock(&self, passphrase: &str) -> Result<Store, StoreError> {
        self.must_be_locked()?;
        let key = vault::unlock(&self.dir, passphrase)?;
        self.open_with(&key)
    }

    /// Gives the profile a new passphrase. Only the vault is rewritten; a [`Store`] may be open meanwhile.
    ///
    /// # Errors
    /// [`StoreError::WrongPassphrase`] when `old` is not the passphrase, [`StoreError::PassphraseEmpty`],
    /// [`StoreError::PassphraseTooLong`], or what the disk says; the old passphrase then still opens it.
    pub fn change_passphrase<R: CryptoRng + ?Sized>(
        &self,
        old: &str,
        new: &str,
        params: VaultParams,
        rng: &mut R,
    ) -> Result<(), StoreError> {
        vault::change(&self.dir, old, new, params, rng)
    }

    /// Whether the profile has a recovery phrase.
    ///
    /// # Errors
    /// What is wrong with the vault.
    pub fn has_recovery(&self) -> Result<bool, StoreError> {
        vault::has_phrase(&self.dir)
    }

    /// Makes a recovery phrase a second way in, in the place of an earlier one. Only the vault is rewritten.
    ///
    /// # Errors
    /// [`StoreError::WrongPassphrase`], or what the disk says; everything is as before then.
    pub fn set_recovery<R: CryptoRng + ?Sized>(
        &self,
        passphrase: &str,
        phrase: &RecoveryPhrase,
        params: VaultParams,
        rng: &mut R,
    ) -> Result<(), StoreError> {
        vault::set_phrase(&self.dir, passphrase, Some(phrase), params, rng)
    }

    /// The recovery phrase opens the profile no more.
    ///
    /// # Errors
    /// [`StoreError::WrongPassphrase`], or what the disk says; everything is as before then.
    pub fn remove_recovery<R: CryptoRng + ?Sized>(&self, passphrase: &str, rng: &mut R) -> Result<(), StoreError> {
        vault::set_phrase(&self.dir, passphrase, None, VaultParams::FLOOR, rng)
    }

    /// Opens a profile by its recovery phrase and gives it a new passphrase.
    ///
    /// # Errors
    /// [`StoreError::NoPhrase`], [`StoreError::WrongPhrase`], a passphrase that cannot be one, or what is wrong with
    /// vault or database.
    pub fn recover<R: CryptoRng + ?Sized>(
        &self,
        phrase: &RecoveryPhrase,
        passphrase: &str,
        params: VaultParams,
        rng: &mut R,
    ) -> Result<Store, StoreError> {
        self.must_be_locked()?;
        let key = vault::recover(&self.dir, phrase, passphrase, params, rng)?;
        self.open_with(&key)
    }

    /// Opens a profile by a key that was kept elsewhere, such as in the system's keyring.
    ///
    /// # Errors
    /// [`StoreError::WrongKey`] when it is another profile's, or what is wrong with the database.
    pub fn unlock_by_key(&self, key: &DatabaseKey) -> Result<Store, StoreError> {
        self.must_be_locked()?;
        drop(database::open(&self.database(), key.as_bytes(), Access::Read)?);
        self.open_with(key)
    }

    /// Makes the profile of a new folder from an exported one and opens it. It counts as rolled back, since whoever
    /// wrote the file may have gone on since: [`Store::rolled_back`]. `secret` is the passphrase or the recovery phrase
    /// of when it was written, and stays that. `progress` gets bytes done and in all, and says whether to go on.
    ///
    /// A crash on the way leaves either nothing of a profile or all of it, and so does an error: once the vault is in the
    /// folder, what is left to do needs only unlocking.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] unless the folder is [`ProfileState::New`], [`StoreError::NoSuchFile`],
    /// [`StoreError::BadExport`], [`StoreError::WrongPassphrase`], [`StoreError::NewerVersion`], or what the disk says.
    pub fn restore(
        &self,
        source: &Path,
        secret: &str,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Store, StoreError> {
        if self.state()? != ProfileState::New {
            return Err(StoreError::AlreadyExists);
        }
        self.clear_unfinished()?;
        let mut export = ExportFile::open(source)?;
        let key = export.unlock(secret)?;
        if let Err(error) = self.take_in(&mut export, &key, progress) {
            // The vault first: without it the rest is nobody's. What cannot be removed is in nobody's way.
            for made in [vault::VAULT_FILE, COUNTER_FILE] {
                let _ = file::remove(&self.dir.join(made));
            }
            let _ = self.clear_unfinished();
            return Err(error);
        }
        self.finish_database(&key)?;
        self.open_store(&key)
    }

    /// Database, counter, and last the vault.
    fn take_in(
        &self,
        export: &mut ExportFile,
        key: &DatabaseKey,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<(), StoreError> {
        let unfinished = self.dir.join(UNFINISHED_DATABASE);
        export.take_out(key, &unfinished, progress)?;
        // What this program cannot open it says now, not when the folder is taken.
        let mut connection =
            database::open(&unfinished, key.as_bytes(), Access::Write).map_err(|error| match error {
                StoreError::WrongKey | StoreError::Damaged => StoreError::BadExport,
                other => other,
            })?;
        schema::migrate(&mut connection)?;
        connection.close().map_err(|(_, error)| StoreError::from(error))?;
        Counter::in_folder(&self.dir).write_durably(0)?;
        Ok(file::write_atomically(&self.dir, vault::VAULT_FILE, export.vault())?)
    }

    fn must_be_locked(&self) -> Result<(), StoreError> {
        match self.state()? {
            ProfileState::Damaged(ProfileDamage::VaultMissing) => return Err(StoreError::VaultMissing),
            ProfileState::New | ProfileState::Damaged(ProfileDamage::DatabaseMissing) => {
                return Err(StoreError::DatabaseMissing);
            }
            ProfileState::Locked => {}
        }
        self.claim()
    }

    fn open_with(&self, key: &DatabaseKey) -> Result<Store, StoreError> {
        if !file::exists(&self.dir.join(DATABASE_FILE))? {
            self.finish_database(key)?;
        }
        self.open_store(key)
    }

    /// Where the database is; under its other name where its making was cut short.
    fn database(&self) -> PathBuf {
        let path = self.dir.join(DATABASE_FILE);
        if path.exists() {
            path
        } else {
            self.dir.join(UNFINISHED_DATABASE)
        }
    }

    fn clear_unfinished(&self) -> Result<(), StoreError> {
        for remains in [
            UNFINISHED_DATABASE.to_owned(),
            format!("{UNFINISHED_DATABASE}-wal"),
            format!("{UNFINISHED_DATABASE}-shm"),
        ] {
            file::remove(&self.dir.join(remains))?;
        }
        Ok(())
    }

    /// One store at a time, within this process too.
    fn claim(&self) -> Result<(), StoreError> {
        if Arc::strong_count(&self.lock) > 1 {
            return Err(StoreError::InUse);
        }
        Ok(())
    }

    /// Gives a database that was made under this key its name.
    fn finish_database(&self, key: &DatabaseKey) -> Result<(), StoreError> {
        let unfinished = self.dir.join(UNFINISHED_DATABASE);
        drop(database::open(&unfinished, key.as_bytes(), Access::Write).map_err(after_vault)?);
        fs::rename(&unfinished, self.dir.join(DATABASE_FILE))?;
        Ok(file::sync_dir(&self.dir)?)
    }

    fn open_store(&self, key: &DatabaseKey) -> Result<Store, StoreError> {
        self.claim()?;
        Store::open_locked(&self.dir, key.as_bytes(), Arc::clone(&self.lock)).map_err(after_vault)
    }
}

/// The vault vouches for its key: when that does not open the database, it is the database that is wrong.
fn after_vault(error: StoreError) -> StoreError {
    match error {
        StoreError::WrongKey => StoreError::Damaged,
        other => other,
    }
}
