//! The folder: made, locked, unlocked, given a new passphrase, found in pieces.

use std::{fs, path::Path};

use orrery_protocol::record::SecretBytes;
use orrery_store::{ProfileDamage, ProfileFolder, ProfileState, Store, StoreError};

use crate::{
    child::{Running, Task, command},
    support::{floor, new_store, write},
};

const PASSPHRASE: &str = "a long and quiet passphrase";

/// A profile with one value in it, closed.
fn made() -> (tempfile::TempDir, ProfileFolder) {
    let dir = tempfile::tempdir().unwrap();
    let folder = ProfileFolder::open(dir.path()).unwrap();
    let mut store = folder.create(PASSPHRASE, floor(), &mut rand::rng()).unwrap();
    write(&mut store, |archive| {
        archive.put_value("name", &SecretBytes(b"Ada".to_vec())).unwrap()
    });
    store.close().unwrap();
    (dir, folder)
}

fn name(store: &mut Store) -> Vec<u8> {
    write(store, |archive| archive.value("name").unwrap().unwrap().0.clone())
}

#[test]
fn a_profile_is_made_locked_and_unlocked() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("deep/profile");
    assert_eq!(ProfileFolder::look(&inner).unwrap(), ProfileState::New);
    assert!(!inner.exists());
    let folder = ProfileFolder::open(&inner).unwrap();
    assert_eq!(folder.state().unwrap(), ProfileState::New);
    assert_eq!(folder.unlock(PASSPHRASE).unwrap_err(), StoreError::DatabaseMissing);
    drop(folder.create(PASSPHRASE, floor(), &mut rand::rng()).unwrap());
    assert_eq!(folder.state().unwrap(), ProfileState::Locked);
    assert_eq!(
        folder.create(PASSPHRASE, floor(), &mut rand::rng()).unwrap_err(),
        StoreError::AlreadyExists
    );
    let store = folder.unlock(PASSPHRASE).unwrap();
    assert!(!store.was_unclean() && !store.rolled_back());
}

#[test]
fn a_wrong_passphrase_is_said_and_may_be_tried_again() {
    let (_dir, folder) = made();
    for wrong in ["a long and quiet passphras", "", &"x".repeat(5000)] {
        let error = folder.unlock(wrong).unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::WrongPassphrase | StoreError::PassphraseEmpty | StoreError::PassphraseTooLong
            ),
            "{error:?}"
        );
    }
    assert_eq!(name(&mut folder.unlock(PASSPHRASE).unwrap()), b"Ada");
}

#[test]
fn an_empty_passphrase_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let folder = ProfileFolder::open(dir.path()).unwrap();
    assert_eq!(
        folder.create("", floor(), &mut rand::rng()).unwrap_err(),
        StoreError::PassphraseEmpty
    );
    assert_eq!(folder.state().unwrap(), ProfileState::New);
}

#[test]
fn a_new_passphrase_rewrites_only_the_vault_even_while_open() {
    let (dir, folder) = made();
    let database = fs::read(dir.path().join("orrery.db")).unwrap();
    let new = "another one altogether";
    assert_eq!(
        folder.change_passphrase("wrong", new, floor(), &mut rand::rng()),
        Err(StoreError::WrongPassphrase)
    );
    assert_eq!(
        folder.change_passphrase(PASSPHRASE, "", floor(), &mut rand::rng()),
        Err(StoreError::PassphraseEmpty)
    );
    folder
        .change_passphrase(PASSPHRASE, new, floor(), &mut rand::rng())
        .unwrap();
    assert_eq!(fs::read(dir.path().join("orrery.db")).unwrap(), database);
    assert_eq!(folder.unlock(PASSPHRASE).unwrap_err(), StoreError::WrongPassphrase);
    let mut store = folder.unlock(new).unwrap();
    folder
        .change_passphrase(new, PASSPHRASE, floor(), &mut rand::rng())
        .unwrap();
    assert_eq!(name(&mut store), b"Ada");
    drop(store);
    assert_eq!(name(&mut folder.unlock(PASSPHRASE).unwrap()), b"Ada");
    let left: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        !left.iter().any(|name| name.to_string_lossy().starts_with("vault.")),
        "{left:?}"
    );
}

#[test]
fn a_change_cut_short_by_a_crash_opens_by_one_of_the_two() {
    let (dir, folder) = made();
    let path = |name: &str| dir.path().join(name);
    let old = fs::read(path("vault")).unwrap();
    folder
        .change_passphrase(PASSPHRASE, "new", floor(), &mut rand::rng())
        .unwrap();
    let new = fs::read(path("vault")).unwrap();

    // Before the new one has its name.
    fs::write(path("vault"), &old).unwrap();
    fs::write(path("vault.previous"), &old).unwrap();
    fs::write(path("vault.new"), &new[..new.len() / 2]).unwrap();
    drop(folder.unlock(PASSPHRASE).unwrap());
    assert!(!path("vault.previous").exists());

    // After it has it: the old passphrase is gone although its vault still lies there.
    fs::write(path("vault"), &new).unwrap();
    fs::write(path("vault.previous"), &old).unwrap();
    assert_eq!(folder.unlock(PASSPHRASE).unwrap_err(), StoreError::WrongPassphrase);
    drop(folder.unlock("new").unwrap());
    assert!(!path("vault.previous").exists());

    // The new one is garbage: the previous one is put back.
    fs::write(path("vault.previous"), &old).unwrap();
    fs::write(path("vault"), b"garbage").unwrap();
    assert_eq!(folder.unlock("new").unwrap_err(), StoreError::WrongPassphrase);
    drop(folder.unlock(PASSPHRASE).unwrap());
    assert_eq!(fs::read(path("vault")).unwrap(), old);
}

#[test]
fn a_damaged_vault_is_told_from_a_wrong_passphrase_and_never_overwritten() {
    let (dir, folder) = made();
    let path = dir.path().join("vault");
    let good = fs::read(&path).unwrap();
    let long = [good.clone(), vec![0; 10_000]].concat();
    for garbage in [&[][..], b"x", &good[..good.len() - 1], &long, &[0xff; 200]] {
        fs::write(&path, garbage).unwrap();
        let error = folder.unlock(PASSPHRASE).unwrap_err();
        assert!(
            matches!(error, StoreError::VaultDamaged | StoreError::VaultNewer),
            "{} bytes: {error:?}",
            garbage.len()
        );
        assert_eq!(fs::read(&path).unwrap(), garbage);
    }
    for at in (0..good.len()).step_by(9) {
        let mut flipped = good.clone();
        flipped[at] ^= 0x04;
        fs::write(&path, &flipped).unwrap();
        assert!(folder.unlock(PASSPHRASE).is_err(), "byte {at}");
    }
    fs::write(&path, &good).unwrap();
    assert_eq!(name(&mut folder.unlock(PASSPHRASE).unwrap()), b"Ada");
}

#[test]
fn parts_of_a_profile_are_named_and_nothing_is_made_over_them() {
    let (dir, folder) = made();
    let path = |name: &str| dir.path().join(name);
    let hide = |name: &str| fs::rename(path(name), path("hidden")).unwrap();
    let show = |name: &str| fs::rename(path("hidden"), path(name)).unwrap();

    hide("vault");
    assert_eq!(
        folder.state().unwrap(),
        ProfileState::Damaged(ProfileDamage::VaultMissing)
    );
    assert_eq!(folder.unlock(PASSPHRASE).unwrap_err(), StoreError::VaultMissing);
    assert_eq!(
        folder.create(PASSPHRASE, floor(), &mut rand::rng()).unwrap_err(),
        StoreError::AlreadyExists
    );
    show("vault");

    hide("orrery.db");
    assert_eq!(
        folder.state().unwrap(),
        ProfileState::Damaged(ProfileDamage::DatabaseMissing)
    );
    assert_eq!(folder.unlock(PASSPHRASE).unwrap_err(), StoreError::DatabaseMissing);
    assert_eq!(
        folder.create(PASSPHRASE, floor(), &mut rand::rng()).unwrap_err(),
        StoreError::AlreadyExists
    );
    show("orrery.db");
    assert_eq!(name(&mut folder.unlock(PASSPHRASE).unwrap()), b"Ada");
}

#[test]
fn a_database_of_another_vault_is_damaged_not_a_wrong_passphrase() {
    let (_first, folder) = made();
    let (other, _folder) = made();
    fs::copy(other.path().join("orrery.db"), folder.path().join("orrery.db")).unwrap();
    assert_eq!(folder.unlock(PASSPHRASE).unwrap_err(), StoreError::Damaged);
}

#[test]
fn making_a_profile_cut_short_leaves_none_or_all_of_it() {
    let (dir, folder) = made();
    let path = |name: &str| dir.path().join(name);
    // Between the vault and the database's name.
    fs::rename(path("orrery.db"), path("orrery.db.new")).unwrap();
    assert_eq!(folder.state().unwrap(), ProfileState::Locked);
    assert_eq!(folder.unlock("wrong").unwrap_err(), StoreError::WrongPassphrase);
    assert_eq!(name(&mut folder.unlock(PASSPHRASE).unwrap()), b"Ada");
    // Before the vault: nobody has its key, so it is nothing.
    fs::rename(path("orrery.db"), path("orrery.db.new")).unwrap();
    fs::remove_file(path("vault")).unwrap();
    assert_eq!(folder.state().unwrap(), ProfileState::New);
    drop(folder.create("again", floor(), &mut rand::rng()).unwrap());
    drop(folder.unlock("again").unwrap());
}

#[test]
fn one_profile_is_open_once() {
    let (dir, folder) = made();
    assert_eq!(ProfileFolder::open(dir.path()).unwrap_err(), StoreError::InUse);
    let store = folder.unlock(PASSPHRASE).unwrap();
    assert_eq!(folder.unlock(PASSPHRASE).unwrap_err(), StoreError::InUse);
    // The store holds it after the folder value is gone.
    drop(folder);
    assert_eq!(ProfileFolder::open(dir.path()).unwrap_err(), StoreError::InUse);
    assert_eq!(ProfileFolder::look(dir.path()).unwrap(), ProfileState::Locked);
    drop(store);
    ProfileFolder::open(dir.path()).unwrap();
}

#[test]
fn a_second_process_is_refused_until_the_first_is_gone_however_it_went() {
    let (dir, store) = new_store();
    drop(store);
    let mut first = Running::start(command(None, Task::Hold, dir.path()));
    assert_eq!(first.next().as_deref(), Some("held"));
    assert_eq!(ProfileFolder::open(dir.path()).unwrap_err(), StoreError::InUse);
    let mut second = Running::start(command(None, Task::Look, dir.path()));
    assert_eq!(second.next().as_deref(), Some("Ok(Damaged(VaultMissing))"));
    assert_eq!(second.next().as_deref(), Some("Err(InUse)"));
    second.child.wait().unwrap();
    first.kill();
    ProfileFolder::open(dir.path()).unwrap();
}

/// Gives a folder and what is in it to somebody who may read it and not write.
#[cfg(unix)]
fn make_read_only(dir: &Path, owner: Option<u32>) {
    use std::os::unix::fs::{PermissionsExt, chown};
    for path in crate::support::files(dir) {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        chown(&path, owner, owner).unwrap();
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o500)).unwrap();
    chown(dir, owner, owner).unwrap();
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_said_to_be_one() {
    use std::os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    };
    const NOBODY: u32 = 65_534;
    let (dir, store) = new_store();
    store.close().unwrap();
    let around = tempfile::tempdir().unwrap();
    fs::set_permissions(around.path(), fs::Permissions::from_mode(0o755)).unwrap();
    // Root may write anything anywhere, so the child becomes somebody else; who may not run this binary where it lies.
    let root = fs::metadata(dir.path()).unwrap().uid() == 0;
    let program = around.path().join("child");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    make_read_only(dir.path(), root.then_some(NOBODY));
    let mut command = command(Some(&program), Task::Look, dir.path());
    if root {
        command.uid(NOBODY).gid(NOBODY);
    }
    let before = fs::read(dir.path().join("orrery.db")).unwrap();
    command.current_dir("/");
    let mut child = Running::start(command);
    assert_eq!(child.next().as_deref(), Some("Ok(Damaged(VaultMissing))"));
    assert_eq!(child.next().as_deref(), Some("Err(ReadOnly)"));
    assert_eq!(child.next().as_deref(), Some("Err(ReadOnly)"));
    child.child.wait().unwrap();
    assert_eq!(fs::read(dir.path().join("orrery.db")).unwrap(), before);
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
}
