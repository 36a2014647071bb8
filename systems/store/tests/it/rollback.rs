//! A database put back to an older copy is noticed.

use std::{fs, path::Path};

use orrery_protocol::record::SecretBytes;
use orrery_store::Store;

use crate::support::{KEY, THEM, US, new_store, session, text, write};

fn copy_database(from: &Path, to: &Path) {
    for name in ["orrery.db", "orrery.db-wal", "orrery.db-shm"] {
        let _ = fs::remove_file(to.join(name));
        if from.join(name).exists() {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

#[test]
fn an_older_copy_is_noticed_even_if_one_commit_older() {
    let (dir, mut store) = new_store();
    write(&mut store, |archive| {
        archive.put_session(&THEM, &session(1, 1)).unwrap()
    });
    let kept = tempfile::tempdir().unwrap();
    copy_database(dir.path(), kept.path());
    write(&mut store, |archive| {
        archive.put_session(&THEM, &session(1, 2)).unwrap()
    });
    store.close().unwrap();
    copy_database(kept.path(), dir.path());

    let store = Store::open_with_key(dir.path(), &KEY).unwrap();
    assert!(store.rolled_back());
}

#[test]
fn being_rolled_back_is_remembered_until_the_sessions_are_gone() {
    let (dir, mut store) = new_store();
    write(&mut store, |archive| {
        archive.put_session(&THEM, &session(1, 1)).unwrap();
        archive.put_unread_ciphertext(&THEM, b"waiting").unwrap();
        archive.put_message(&text(US, 1, "history stays")).unwrap();
    });
    store.close().unwrap();
    let kept = tempfile::tempdir().unwrap();
    copy_database(dir.path(), kept.path());
    let mut store = Store::open_with_key(dir.path(), &KEY).unwrap();
    assert!(!store.rolled_back());
    for number in 0..20 {
        write(&mut store, |archive| {
            archive.put_session(&THEM, &session(1, number)).unwrap()
        });
    }
    store.close().unwrap();
    copy_database(kept.path(), dir.path());

    // More is written than the older copy was behind, so that the counts alone would no longer tell.
    let mut store = Store::open_with_key(dir.path(), &KEY).unwrap();
    assert!(store.rolled_back());
    for number in 0..40_u8 {
        write(&mut store, |archive| {
            archive.put_value("v", &SecretBytes(vec![number])).unwrap()
        });
    }
    store.close().unwrap();
    let mut store = Store::open_with_key(dir.path(), &KEY).unwrap();
    assert!(store.rolled_back());

    store.discard_sessions().unwrap();
    assert!(!store.rolled_back());
    store.close().unwrap();
    let mut store = Store::open_with_key(dir.path(), &KEY).unwrap();
    assert!(!store.rolled_back());
    write(&mut store, |archive| {
        assert_eq!(archive.sessions(&THEM).unwrap(), []);
        assert_eq!(archive.unread_ciphertexts(&THEM).unwrap(), []);
        assert!(archive.message(&text(US, 1, "").reference()).unwrap().is_some());
    });
}

#[test]
fn a_used_database_without_its_counter_counts_as_rolled_back() {
    for damage in [
        |path: &Path| fs::remove_file(path).unwrap(),
        |path: &Path| {
            fs::write(path, "not a counter").unwrap();
        },
    ] {
        let (dir, store) = new_store();
        store.close().unwrap();
        damage(&dir.path().join("counter"));
        assert!(Store::open_with_key(dir.path(), &KEY).unwrap().rolled_back());
    }
}

#[test]
fn a_counter_that_is_behind_is_honest() {
    // What a crash between a commit and the counter leaves.
    let (dir, store) = new_store();
    let before = fs::read(dir.path().join("counter")).unwrap();
    store.close().unwrap();
    fs::write(dir.path().join("counter"), before).unwrap();
    assert!(!Store::open_with_key(dir.path(), &KEY).unwrap().rolled_back());
}
