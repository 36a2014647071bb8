//! Creating and opening a profile: everything from a passphrase to a running core, on a thread that may take its time.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use orrery_core::{Core, CoreError, Now, Output};
use orrery_crypto::RecoveryPhrase;
use orrery_link::{Code, Passphrase, ProfilePhase, Settings};
use orrery_protocol::{
    archive::{Archive, ArchiveError},
    note::check_name,
    record::SecretBytes,
};
use orrery_store::{
    Integrity, IntegrityCheck, ProfileDamage, ProfileFolder, ProfileState, Store, StoreError, VaultParams,
};

use crate::{
    Keyring,
    engine::{Engine, Failure},
    keyring::Memory,
    map::{self, act},
    signaling::ServerAddress,
};

/// The row that holds the settings, as JSON.
const SETTINGS: &str = "worker.settings";
/// How long an opening or closing profile waits for the keyring to note how far it has come.
pub(crate) const KEYRING_NOTE: Duration = Duration::from_secs(1);
/// The name of somebody whose machine stopped between making the database and writing the first row: the passphrase
/// is right, nothing was lost, and the name can be changed.
const UNNAMED: &str = "Orrery";

/// The folder of a profile that is not open.
#[derive(Debug)]
pub(crate) enum Door {
    /// It can be created or unlocked.
    Ready(Arc<ProfileFolder>),
    /// It cannot be used now; a later command looks again.
    Shut(Code),
}

impl Door {
    /// Takes the folder.
    pub(crate) fn open(path: &Path) -> Self {
        match ProfileFolder::open(path) {
            Ok(folder) => Self::Ready(Arc::new(folder)),
            Err(error) => Self::Shut(of_folder(&error)),
        }
    }

    /// What a window shows.
    pub(crate) fn phase(&self, keyring: &Keyring) -> ProfilePhase {
        let folder = match self {
            Self::Ready(folder) => folder,
            Self::Shut(code) => return ProfilePhase::Unusable { code: *code },
        };
        match folder.state() {
            Ok(ProfileState::New) => ProfilePhase::Empty,
            Ok(ProfileState::Locked) => ProfilePhase::Locked {
                remembered: Memory::new(folder.path(), keyring).is_on(),
                // What is wrong with the vault is said when it is opened.
                recovery: folder.has_recovery().unwrap_or(false),
            },
            Ok(ProfileState::Damaged(ProfileDamage::VaultMissing)) => ProfilePhase::Unusable {
                code: Code::VaultDamaged,
            },
            Ok(ProfileState::Damaged(ProfileDamage::DatabaseMissing)) => ProfilePhase::Unusable {
                code: Code::DatabaseDamaged,
            },
            Err(error) => ProfilePhase::Unusable {
                code: of_folder(&error),
            },
        }
    }
}

/// A folder that cannot even be looked into cannot be written either.
fn of_folder(error: &StoreError) -> Code {
    match map::of_store(error) {
        Code::Internal => Code::ReadOnly,
        code => code,
    }
}

/// What opens a profile.
pub(crate) enum Key {
    /// A new one.
    Create {
        name: String,
        server: String,
        params: VaultParams,
        passphrase: Passphrase,
    },
    /// One that is there. The server is for a profile whose making was cut short.
    Unlock {
        server: String,
        passphrase: Passphrase,
        /// Have the keyring keep the key afterwards.
        remember: bool,
    },
    /// One that is there, by the key that the keyring keeps.
    Remembered { server: String },
    /// One that is there, by its recovery phrase; it gets a new passphrase.
    Recover {
        server: String,
        phrase: RecoveryPhrase,
        params: VaultParams,
        passphrase: Passphrase,
    },
    /// A new one out of an exported file.
    Restore {
        source: PathBuf,
        secret: Passphrase,
        progress: Progress,
    },
}

/// Gets bytes done and in all, and says whether to go on.
pub(crate) type Progress = Box<dyn FnMut(u64, u64) -> bool + Send>;

impl Key {
    /// Checks what can be checked before the passphrase costs a second.
    ///
    /// # Errors
    /// The code that answers the command.
    pub(crate) fn create(name: &str, server: &str, params: VaultParams, passphrase: Passphrase) -> Result<Self, Code> {
        let name = name.trim();
        check_name(name).map_err(|_| Code::BadName)?;
        let server = server.trim();
        ServerAddress::parse(server).map_err(|_| Code::BadServer)?;
        Ok(Self::Create {
            name: name.to_owned(),
            server: server.to_owned(),
            params,
            passphrase,
        })
    }

    /// Whether it makes a profile where there is none.
    pub(crate) const fn makes(&self) -> bool {
        matches!(self, Self::Create { .. } | Self::Restore { .. })
    }
}

/// Reads a recovery phrase as a person typed it.
///
/// # Errors
/// [`Code::BadRecoveryPhrase`].
pub(crate) fn read_phrase(typed: &Passphrase) -> Result<RecoveryPhrase, Code> {
    RecoveryPhrase::parse(typed.reveal()).map_err(|_| Code::BadRecoveryPhrase)
}

/// An open profile.
pub(crate) struct Opened {
    /// Its state machines and rows.
    pub engine: Engine,
    /// Its settings.
    pub settings: Settings,
    /// What the core wants done first.
    pub outputs: Vec<Output>,
    /// Its folder for logs.
    pub logs: Option<PathBuf>,
    /// To be run in the background after a stop that was not clean.
    pub check: Option<IntegrityCheck>,
    /// An older copy had been put back; its sessions are gone.
    pub rolled_back: bool,
    /// The folder, for what is done to the vault while the profile is open.
    pub folder: Arc<ProfileFolder>,
    /// The keyring is to keep the key.
    pub remember: bool,
}

/// Opens the profile of a folder; takes as long as Argon2id takes, and a keyring that is needed.
///
/// # Errors
/// The code that answers the command; nothing has changed.
pub(crate) fn open(folder: &Arc<ProfileFolder>, key: &mut Key, memory: &Memory, now: Now) -> Result<Opened, Code> {
    let rng = &mut rand::rng();
    let mut store = match key {
        Key::Create { params, passphrase, .. } => match folder.create(passphrase.reveal(), *params, rng) {
            Err(StoreError::Memory) => folder.create(passphrase.reveal(), VaultParams::FLOOR, rng),
            result => result,
        },
        Key::Unlock { passphrase, .. } => folder.unlock(passphrase.reveal()),
        Key::Remembered { .. } => match folder.unlock_by_key(&memory.key()?) {
            // The database may be damaged, and be put back tomorrow: what the keyring knows must still be there then.
            Err(StoreError::WrongKey) => return Err(Code::NotRemembered),
            result => result,
        },
        Key::Recover {
            phrase,
            params,
            passphrase,
            ..
        } => match folder.recover(phrase, passphrase.reveal(), *params, rng) {
            Err(StoreError::Memory) => folder.recover(phrase, passphrase.reveal(), VaultParams::FLOOR, rng),
            result => result,
        },
        Key::Restore {
            source,
            secret,
            progress,
        } => folder.restore(source, secret.reveal(), progress),
    }
    .map_err(|error| map::of_store(&error))?;
    if key.makes() {
        // Left there by a profile that was here before.
        memory.forget_stale();
    }
    let heard = memory.commits();
    if let Ok(Some(known)) = heard
        && known >= store.commits()
    {
        // Opening is a commit too: a folder that nobody put back has come further by now.
        store.mark_rolled_back(known).map_err(|error| map::of_store(&error))?;
    }
    let rolled_back = store.rolled_back();
    if store.rolled_back() {
        tracing::warn!("the database is older than it should be: all sessions are set up anew");
        store.discard_sessions().map_err(|error| map::of_store(&error))?;
    }
    let check = if store.was_unclean() {
        store.integrity_check().ok()
    } else {
        None
    };
    let (core, settings, outputs) = start(&mut store, key, now).map_err(|failure| failure.code())?;
    // A keyring that did not answer is not waited for twice.
    if heard.is_ok() {
        memory.note(store.commits(), KEYRING_NOTE);
    }
    let logs = folder.logs().ok();
    Ok(Opened {
        engine: Engine::new(core, store),
        settings,
        outputs,
        logs,
        check,
        // A restored profile begins anew on purpose.
        rolled_back: rolled_back && !key.makes(),
        folder: Arc::clone(folder),
        remember: matches!(key, Key::Unlock { remember: true, .. }),
    })
}

fn start(store: &mut Store, key: &Key, now: Now) -> Result<(Core, Settings, Vec<Output>), Failure> {
    if let Key::Create { name, server, .. } = key {
        create(store, name, server, now)?;
    }
    let settings = store.transact(load_settings)?;
    let policy = act::policy(&settings);
    let open = |store: &mut Store| {
        store.transact(|archive| -> Result<_, Failure> { Ok(Core::open(archive, policy, now, &mut rand::rng())?) })
    };
    let (core, outputs) = match (open(store), key) {
        (
            Err(Failure::Broken(Code::DatabaseDamaged)),
            Key::Unlock { server, .. } | Key::Recover { server, .. } | Key::Remembered { server },
        ) if is_blank(store)? => {
            create(store, UNNAMED, server, now)?;
            open(store)?
        }
        (result, _) => result?,
    };
    Ok((core, settings, outputs))
}

fn create(store: &mut Store, name: &str, server: &str, now: Now) -> Result<(), Failure> {
    store.transact(|archive| Ok(Core::create(archive, name, server, now, &mut rand::rng())?))
}

/// Whether nothing was ever written into the database.
fn is_blank(store: &mut Store) -> Result<bool, Failure> {
    store.transact(|archive| -> Result<bool, Failure> {
        let contacts = archive.contacts().map_err(CoreError::from)?;
        let prekeys = archive
            .prekeys(orrery_protocol::record::PrekeyKind::Signed)
            .map_err(CoreError::from)?;
        Ok(contacts.is_empty() && prekeys.is_empty())
    })
}

fn load_settings(archive: &mut dyn Archive) -> Result<Settings, Failure> {
    let bytes = archive.value(SETTINGS).map_err(CoreError::from)?;
    Ok(match bytes {
        None => Settings::default(),
        Some(bytes) => serde_json::from_slice::<Settings>(&bytes.0)
            .map(Settings::clamped)
            .unwrap_or_else(|_| {
                tracing::warn!("the settings are of another version and start over");
                Settings::default()
            }),
    })
}

/// Writes the settings.
///
/// # Errors
/// [`Failure`].
pub(crate) fn save_settings(archive: &mut dyn Archive, settings: &Settings) -> Result<(), Failure> {
    let bytes = serde_json::to_vec(settings).map_err(|_| Failure::Refused(Code::Internal))?;
    archive
        .put_value(SETTINGS, &SecretBytes(bytes))
        .map_err(|error: ArchiveError| CoreError::from(error).into())
}

/// Runs a check to its end; says whether the database is damaged.
pub(crate) fn is_damaged(check: IntegrityCheck) -> bool {
    match check.run() {
        Ok(Integrity::Damaged(findings)) => {
            tracing::error!(findings = findings.len(), "the database is damaged");
            true
        }
        Ok(_) => false,
        Err(error) => {
            tracing::warn!(%error, "the database could not be checked");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use orrery_protocol::{PeerId, record::SessionRecord};

    use super::*;

    const PEER: PeerId = PeerId([2; 32]);

    #[test]
    fn a_name_or_server_that_cannot_be_is_refused_before_the_passphrase_is_hashed() {
        let create = |name: &str, server: &str| {
            Key::create(name, server, VaultParams::FLOOR, Passphrase::new("x".into())).map(|_| ())
        };
        assert_eq!(create("", "ws://a"), Err(Code::BadName));
        assert_eq!(create("  ", "ws://a"), Err(Code::BadName));
        assert_eq!(create(&"x".repeat(65), "ws://a"), Err(Code::BadName));
        assert_eq!(create("Ada", "a"), Err(Code::BadServer));
        assert_eq!(create(" Ada ", " wss://a "), Ok(()));
    }
    #[test]
    fn an_older_database_is_opened_without_the_sessions_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let (file, kept) = (dir.path().join("orrery.db"), dir.path().join("kept"));
        let now = Now { wall_ms: 1, mono_ms: 1 };
        let passphrase = || Passphrase::new("seven planets drift".into());
        let open_with = |mut key: Key| {
            let folder = Arc::new(ProfileFolder::open(dir.path()).unwrap());
            let memory = Memory::new(dir.path(), &Keyring::system());
            open(&folder, &mut key, &memory, now).unwrap()
        };
        // With its hold on the folder.
        let close = |opened: Opened| opened.engine.close();
        let sessions = |opened: &mut Opened| {
            let store = opened.engine.store_mut();
            store.transact(|archive| Ok::<_, StoreError>(archive.sessions(&PEER)?.len()))
        };
        let begin = |opened: &mut Opened, id: u8| {
            let session = SessionRecord {
                id: [id; 32],
                generation: 1,
                state: SecretBytes(vec![id]),
                created_ms: 1,
                used_ms: 1,
            };
            let store = opened.engine.store_mut();
            store.transact(|archive| Ok::<_, StoreError>(archive.put_session(&PEER, &session)?))
        };
        let mut opened = open_with(Key::create("Ada", "ws://127.0.0.1:1", VaultParams::FLOOR, passphrase()).unwrap());
        begin(&mut opened, 1).unwrap();
        close(opened);
        std::fs::copy(&file, &kept).unwrap();

        let unlock = || Key::Unlock {
            server: String::new(),
            passphrase: passphrase(),
            remember: false,
        };
        let mut opened = open_with(unlock());
        assert_eq!(sessions(&mut opened), Ok(1));
        begin(&mut opened, 2).unwrap();
        close(opened);
        std::fs::copy(&kept, &file).unwrap();

        let mut opened = open_with(unlock());
        assert_eq!(sessions(&mut opened), Ok(0));
        assert!(opened.rolled_back && !opened.engine.store().rolled_back());
    }
}
