//! The second way in, and new passphrases: only the vault is rewritten.

use orrery_crypto::RecoveryPhrase;
use orrery_store::{ProfileFolder, StoreError};
use rand::{SeedableRng, rngs::ChaCha20Rng};

use crate::support::{US, floor, text, write};

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn phrase(seed: u64) -> RecoveryPhrase {
    RecoveryPhrase::generate(&mut rng(seed)).unwrap()
}

#[test]
fn the_recovery_phrase_opens_and_gives_a_new_passphrase_and_only_the_vault_is_rewritten() {
    let dir = tempfile::tempdir().unwrap();
    let folder = ProfileFolder::open(dir.path()).unwrap();
    let mut store = folder.create("old", floor(), &mut rng(1)).unwrap();
    write(&mut store, |archive| archive.put_message(&text(US, 1, "kept")).unwrap());
    store.close().unwrap();
    let database = || std::fs::read(dir.path().join("orrery.db")).unwrap();
    let before = database();

    assert!(!folder.has_recovery().unwrap());
    let none = folder.recover(&phrase(2), "new", floor(), &mut rng(3)).unwrap_err();
    assert_eq!(none, StoreError::NoPhrase);
    let wrong = folder
        .set_recovery("not it", &phrase(2), floor(), &mut rng(3))
        .unwrap_err();
    assert_eq!(wrong, StoreError::WrongPassphrase);
    folder.set_recovery("old", &phrase(2), floor(), &mut rng(3)).unwrap();
    assert!(folder.has_recovery().unwrap());
    folder.change_passphrase("old", "newer", floor(), &mut rng(4)).unwrap();
    assert!(folder.has_recovery().unwrap());
    assert_eq!(database(), before, "the database is not touched");
    assert!(!dir.path().join("vault.previous").exists());
    assert_eq!(folder.unlock("old").unwrap_err(), StoreError::WrongPassphrase);
    assert_eq!(
        folder.recover(&phrase(5), "x", floor(), &mut rng(6)).unwrap_err(),
        StoreError::WrongPhrase
    );
    assert_eq!(
        folder.recover(&phrase(2), "", floor(), &mut rng(6)).unwrap_err(),
        StoreError::PassphraseEmpty
    );

    let store = folder.recover(&phrase(2), "newest", floor(), &mut rng(6)).unwrap();
    assert_eq!(
        store
            .history()
            .newest(&crate::support::channel(), 9)
            .unwrap()
            .messages
            .len(),
        1
    );
    drop(store);
    assert_eq!(folder.unlock("newer").unwrap_err(), StoreError::WrongPassphrase);
    drop(folder.unlock("newest").unwrap());

    folder.remove_recovery("newest", &mut rng(7)).unwrap();
    assert!(!folder.has_recovery().unwrap());
    let gone = folder.recover(&phrase(2), "x", floor(), &mut rng(8)).unwrap_err();
    assert_eq!(gone, StoreError::NoPhrase);
    drop(folder.unlock("newest").unwrap());
}

#[test]
fn a_change_that_a_crash_cut_short_leaves_a_vault_that_opens() {
    let dir = tempfile::tempdir().unwrap();
    let folder = ProfileFolder::open(dir.path()).unwrap();
    drop(folder.create("old", floor(), &mut rng(1)).unwrap());
    folder.set_recovery("old", &phrase(2), floor(), &mut rng(3)).unwrap();
    let vault = dir.path().join("vault");
    let old = std::fs::read(&vault).unwrap();
    folder.change_passphrase("old", "new", floor(), &mut rng(4)).unwrap();
    let new = std::fs::read(&vault).unwrap();
    // Whatever of the new one was on the disk when the power went, the previous one opens.
    for written in [&new[..0], &new[..new.len() - 1]] {
        std::fs::write(dir.path().join("vault.previous"), &old).unwrap();
        std::fs::write(&vault, written).unwrap();
        drop(folder.unlock("old").unwrap());
        assert!(folder.has_recovery().unwrap());
        assert_eq!(std::fs::read(&vault).unwrap(), old);
        // And by the phrase, also where nobody knows the passphrase.
        std::fs::write(dir.path().join("vault.previous"), &old).unwrap();
        std::fs::write(&vault, written).unwrap();
        assert!(folder.has_recovery().unwrap());
        drop(folder.recover(&phrase(2), "old", floor(), &mut rng(5)).unwrap());
        assert!(!dir.path().join("vault.previous").exists());
        drop(folder.unlock("old").unwrap());
    }
}

#[test]
fn a_profile_opened_by_a_kept_key_is_not_exported_under_a_damaged_vault() {
    let dir = tempfile::tempdir().unwrap();
    let folder = ProfileFolder::open(dir.path()).unwrap();
    let key = folder.create("pass", floor(), &mut rng(1)).unwrap().database_key();
    std::fs::write(dir.path().join("vault"), b"orrvault").unwrap();
    let store = folder.unlock_by_key(&key).unwrap();
    let target = dir.path().join("ada.orrery");
    assert_eq!(store.export(&target).unwrap_err(), StoreError::VaultDamaged);
    assert!(!target.exists());
}

#[test]
fn a_key_that_was_kept_elsewhere_opens_its_own_profile_and_no_other() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mine = ProfileFolder::open(one.path()).unwrap();
    let store = mine.create("pass", floor(), &mut rng(1)).unwrap();
    let key = store.database_key();
    store.close().unwrap();
    drop(mine.unlock_by_key(&key).unwrap());
    let other = ProfileFolder::open(two.path()).unwrap();
    drop(other.create("pass", floor(), &mut rng(2)).unwrap());
    let before = std::fs::read(two.path().join("orrery.db")).unwrap();
    assert_eq!(other.unlock_by_key(&key).unwrap_err(), StoreError::WrongKey);
    assert_eq!(std::fs::read(two.path().join("orrery.db")).unwrap(), before);
}

#[test]
fn a_folder_that_was_put_back_as_a_whole_is_noticed_by_who_knows_of_later_commits() {
    let dir = tempfile::tempdir().unwrap();
    let folder = ProfileFolder::open(dir.path()).unwrap();
    let mut store = folder.create("pass", floor(), &mut rng(1)).unwrap();
    assert!(!store.rolled_back());
    let known = store.commits() + 50;
    store.mark_rolled_back(known).unwrap();
    assert!(store.rolled_back() && store.commits() > known);
    drop(store);
    let mut store = folder.unlock("pass").unwrap();
    assert!(store.rolled_back(), "remembered until the sessions are gone");
    store.discard_sessions().unwrap();
    assert!(!store.rolled_back());
}
