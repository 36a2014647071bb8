//! Whatever happened to the files: words for it, no panic, and nothing made worse.

use std::{
    fs,
    path::{Path, PathBuf},
};

use orrery_store::{Integrity, Search, Store, StoreError};
use rusqlite::Connection;

use crate::{
    child::{Running, Task, command},
    support::{KEY, THEM, US, channel, new_store, text, write},
};

const PAGE: usize = 4096;

/// A closed database with something in every table that matters, and its bytes.
fn closed() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let (dir, mut store) = new_store();
    write(&mut store, |archive| {
        for number in 1..400 {
            archive
                .put_message(&text(US, number, &format!("word{number} and more of them")))
                .unwrap();
        }
        archive.put_session(&THEM, &crate::support::session(1, 1)).unwrap();
    });
    store.close().unwrap();
    let path = dir.path().join("orrery.db");
    let bytes = fs::read(&path).unwrap();
    (dir, path, bytes)
}

/// Uses everything; the first thing that is found wrong.
fn use_all(dir: &Path) -> Result<(), StoreError> {
    let mut store = Store::open_with_key(dir, &KEY)?;
    store.transact(|archive| {
        archive.contacts()?;
        archive.sessions(&THEM)?;
        archive.outbox_rows(None)?;
        archive.own_messages(&channel(), &US, 0, u64::MAX)?;
        Ok::<_, StoreError>(())
    })?;
    store.history().newest(&channel(), 500)?;
    store.history().channels()?;
    let search = Search {
        text: "word",
        channel: None,
        before: None,
        limit: 500,
    };
    store.history().search(&search)?;
    match store.integrity_check()?.run()? {
        Integrity::Sound => Ok(()),
        _ => Err(StoreError::Damaged),
    }
}

#[test]
fn a_flipped_bit_in_any_page_is_found_and_said() {
    let (dir, path, bytes) = closed();
    use_all(dir.path()).unwrap();
    let bytes = fs::read(&path).unwrap_or(bytes);
    let pages = bytes.len() / PAGE;
    assert!(pages > 30);
    for page in 0..pages {
        let mut flipped = bytes.clone();
        flipped[page * PAGE + (page * 131) % PAGE] ^= 0x10;
        fs::write(&path, &flipped).unwrap();
        let found = use_all(dir.path());
        // In the first page the salt or the first check fails, which looks like another key.
        let expected = [StoreError::Damaged, StoreError::WrongKey];
        assert!(expected.contains(&found.clone().unwrap_err()), "page {page}: {found:?}");
        for leftover in ["orrery.db-wal", "orrery.db-shm"] {
            let _ = fs::remove_file(dir.path().join(leftover));
        }
    }
}

#[test]
fn a_file_cut_short_anywhere_is_damaged() {
    let (dir, path, bytes) = closed();
    for length in [
        0,
        1,
        100,
        PAGE - 1,
        PAGE,
        PAGE + 1,
        bytes.len() / 2,
        bytes.len() - PAGE,
        // SQLite reads zeros where the file ends inside a page, and one cut byte in 256 was a zero.
        bytes.len() - 16,
    ] {
        fs::write(&path, &bytes[..length]).unwrap();
        let found = use_all(dir.path());
        assert!(
            matches!(found, Err(StoreError::Damaged | StoreError::WrongKey)),
            "{length} of {}: {found:?}",
            bytes.len()
        );
        for leftover in ["orrery.db-wal", "orrery.db-shm"] {
            let _ = fs::remove_file(dir.path().join(leftover));
        }
    }
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("orrery.db");
    for bytes in [b"SQLite format 3\0".repeat(512), vec![0; 8192], b"hello".to_vec()] {
        fs::write(&path, &bytes).unwrap();
        let error = Store::open_with_key(dir.path(), &KEY).unwrap_err();
        assert!(matches!(error, StoreError::WrongKey | StoreError::Damaged), "{error:?}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let (dir, path, _) = closed();
    let connection = Connection::open(&path).unwrap();
    let hex: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    connection
        .execute_batch(&format!("PRAGMA key = \"x'{hex}'\"; PRAGMA user_version = 4711"))
        .unwrap();
    connection.close().unwrap();
    let before = fs::read(&path).unwrap();
    let error = Store::open_with_key(dir.path(), &KEY).unwrap_err();
    assert!(
        matches!(error, StoreError::NewerVersion { found: 4711, .. }),
        "{error:?}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
}

/// Kills a writing child and says how far it had come; its log is still beside the database.
fn killed(dir: &Path) -> u64 {
    let mut child = Running::start(command(None, Task::Write, dir));
    assert_eq!(child.next().as_deref(), Some("opening"));
    for _ in 0..10 {
        child.next().unwrap();
    }
    child.kill().last().map_or(10, |last| last.parse().unwrap())
}

#[test]
fn a_log_that_vanished_after_a_crash_is_noticed_as_a_roll_back() {
    let (dir, store) = new_store();
    store.close().unwrap();
    assert!(killed(dir.path()) >= 10);
    fs::remove_file(dir.path().join("orrery.db-wal")).unwrap();
    let store = Store::open_with_key(dir.path(), &KEY).unwrap();
    assert!(store.rolled_back());
}

#[test]
fn a_log_damaged_after_a_crash_loses_whole_transactions_and_is_noticed() {
    let (dir, store) = new_store();
    store.close().unwrap();
    killed(dir.path());
    let path = dir.path().join("orrery.db-wal");
    let mut log = fs::read(&path).unwrap();
    let middle = log.len() / 2;
    log[middle] ^= 1;
    fs::write(&path, log).unwrap();
    let mut store = Store::open_with_key(dir.path(), &KEY).unwrap();
    assert!(store.was_unclean() && store.rolled_back());
    write(&mut store, |archive| {
        let sent = archive.contact(&THEM).unwrap().map_or(0, |contact| contact.own_seq);
        assert_eq!(archive.outbox_rows(None).unwrap().len() as u64, sent);
        assert_eq!(
            archive.own_messages(&channel(), &US, 0, u64::MAX).unwrap().len() as u64,
            sent
        );
    });
    assert_eq!(store.integrity_check().unwrap().run().unwrap(), Integrity::Sound);
}

#[test]
fn an_unclean_stop_is_known_at_the_next_opening_and_only_there() {
    let (dir, store) = new_store();
    assert!(!store.was_unclean());
    store.close().unwrap();
    killed(dir.path());
    let store = Store::open_with_key(dir.path(), &KEY).unwrap();
    assert!(store.was_unclean() && !store.rolled_back());
    drop(store);
    assert!(!Store::open_with_key(dir.path(), &KEY).unwrap().was_unclean());
}
