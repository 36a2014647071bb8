//! What lies on the disk tells nothing.

use std::{fs, path::Path};

use orrery_protocol::record::{ContactRecord, ContactState, SecretBytes};
use orrery_store::{ProfileFolder, Store};
use rusqlite::Connection;

use crate::support::{KEY, THEM, US, files, floor, new_store, outgoing, session, text, write};

const MARKER: &str = "xylophonemarker";

fn assert_no_marker(dir: &Path) {
    let found = files(dir);
    assert!(found.len() >= 3);
    for path in found {
        let bytes = fs::read(&path).unwrap();
        for marker in [MARKER.as_bytes(), &KEY, b"SQLite format", b"CREATE TABLE"] {
            assert!(
                !bytes.windows(marker.len()).any(|window| window == marker),
                "{} holds {}",
                path.display(),
                String::from_utf8_lossy(marker)
            );
        }
    }
}

fn write_markers(store: &mut Store) {
    write(store, |archive| {
        for number in 1..200 {
            archive
                .put_message(&text(US, number, &format!("{MARKER} {number}")))
                .unwrap();
        }
        let mut contact = ContactRecord::new(THEM, ContactState::Contact, MARKER.into(), MARKER.into(), 0);
        contact.draft = MARKER.into();
        archive.put_contact(&contact).unwrap();
        archive.put_value(MARKER, &SecretBytes(MARKER.into())).unwrap();
        let mut record = session(1, 1);
        record.state = SecretBytes(MARKER.into());
        archive.put_session(&THEM, &record).unwrap();
        let mut row = outgoing(1);
        row.note = SecretBytes(MARKER.into());
        archive.push_outbox(&row).unwrap();
        archive.put_unread_ciphertext(&THEM, MARKER.as_bytes()).unwrap();
    });
}

#[test]
fn no_plaintext_is_in_any_file_at_any_time() {
    let (dir, mut store) = new_store();
    write_markers(&mut store);
    assert!(dir.path().join("orrery.db-wal").exists() && dir.path().join("orrery.db-shm").exists());
    assert_no_marker(dir.path());
    store.close().unwrap();
    assert_no_marker(dir.path());
}

#[test]
fn a_profile_with_a_vault_shows_neither_words_nor_passphrase() {
    let dir = tempfile::tempdir().unwrap();
    let folder = ProfileFolder::open(dir.path()).unwrap();
    let mut store = folder.create(MARKER, floor(), &mut rand::rng()).unwrap();
    write_markers(&mut store);
    assert_no_marker(dir.path());
}

#[cfg(unix)]
#[test]
fn every_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("profile");
    let folder = ProfileFolder::open(&dir).unwrap();
    let mut store = folder.create("a passphrase", floor(), &mut rand::rng()).unwrap();
    folder.logs().unwrap();
    write_markers(&mut store);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&dir), mode(&dir.join("logs"))), (0o700, 0o700));
    let found = files(&dir);
    assert!(found.len() >= 6, "{found:?}");
    for path in found {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

/// A connection of our own beside the store's way, with the index's vocabulary open to view.
fn vocabulary(dir: &Path) -> Vec<String> {
    let connection = Connection::open(dir.join("orrery.db")).unwrap();
    let hex: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    connection.execute_batch(&format!("PRAGMA key = \"x'{hex}'\"")).unwrap();
    connection
        .execute_batch("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, search, row)")
        .unwrap();
    let mut statement = connection.prepare("SELECT term FROM temp.words").unwrap();
    let words = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    drop(statement);
    // Every word that is indexed stands in a message, and the other way round.
    connection
        .execute_batch("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")
        .unwrap();
    words
}

#[test]
fn words_that_were_taken_back_are_in_no_page_of_the_index() {
    let (dir, mut store) = new_store();
    write(&mut store, |archive| {
        archive.put_message(&text(US, 1, "regrettable remark")).unwrap();
        archive.put_message(&text(US, 2, "unfortunate remark")).unwrap();
        archive.put_message(&text(US, 3, "lasting remark")).unwrap();
    });
    write(&mut store, |archive| {
        let mut deleted = text(US, 1, "");
        deleted.deleted = true;
        archive.put_message(&deleted).unwrap();
        archive.put_message(&text(US, 2, "better")).unwrap();
    });
    store.close().unwrap();
    let words = vocabulary(dir.path());
    for gone in ["regrettable", "unfortunate"] {
        assert!(!words.iter().any(|word| word == gone), "{words:?}");
    }
    for there in ["lasting", "remark", "better"] {
        assert!(words.iter().any(|word| word == there), "{words:?}");
    }
}

#[test]
fn neither_debug_nor_errors_show_what_is_kept() {
    let (dir, mut store) = new_store();
    write_markers(&mut store);
    let shown = format!("{store:?} {:?}", Store::open_with_key(dir.path(), &KEY).unwrap_err());
    assert!(!shown.contains(MARKER) && !shown.contains("90, 90") && !shown.contains(&dir.path().display().to_string()));
}
