//! A whole profile in one file, and back.

use std::{
    fs,
    path::{Path, PathBuf},
};

use orrery_crypto::RecoveryPhrase;
use orrery_protocol::{
    CallId,
    record::{ContactRecord, ContactState, OpenCallRecord, PrekeyKind, PrekeyRecord, SecretBytes},
};
use orrery_store::{ProfileFolder, ProfileState, Search, Store, StoreError};
use rand::{SeedableRng, rngs::ChaCha20Rng};
use tempfile::TempDir;

#[cfg(target_os = "linux")]
use crate::here::on_a_small_disk;
use crate::support::{THEM, US, channel, floor, outgoing, session, text, words, write};

const MESSAGES: u64 = 1200;
/// What was encrypted in a session.
const CIPHERTEXT: &[u8] = b"what a ratchet made of it";

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// A profile with something of everything in it.
fn full() -> (TempDir, ProfileFolder, Store) {
    let dir = tempfile::tempdir().unwrap();
    let folder = ProfileFolder::open(dir.path()).unwrap();
    let mut store = folder.create("pass", floor(), &mut rng(1)).unwrap();
    write(&mut store, |archive| {
        archive.put_value("identity", &SecretBytes(vec![9; 32])).unwrap();
        let mut contact = ContactRecord::new(THEM, ContactState::Contact, "Rhea".into(), "wss://a".into(), 5);
        contact.verified = true;
        contact.own_seq = MESSAGES;
        archive.put_contact(&contact).unwrap();
        for number in 1..=MESSAGES {
            archive
                .put_message(&text(US, number, &format!("comet number {number}")))
                .unwrap();
            archive.remember_item(&US, &crate::support::id(number)).unwrap();
        }
        archive
            .react(&text(US, 7, "").reference(), &THEM, "🪐", true, (1, 1))
            .unwrap();
        archive.put_session(&THEM, &session(3, 0x7373_7373_7373_7373)).unwrap();
        archive
            .put_prekey(&PrekeyRecord {
                kind: PrekeyKind::Signed,
                id: 1,
                secret: SecretBytes(b"a half that must stay behind".to_vec()),
                created_ms: 1,
            })
            .unwrap();
        let mut waiting = outgoing(1);
        waiting.message = CIPHERTEXT.to_vec();
        archive.push_outbox(&waiting).unwrap();
        archive.put_unread_ciphertext(&THEM, CIPHERTEXT).unwrap();
        archive
            .put_open_call(&OpenCallRecord {
                call: CallId([6; 16]),
                channel: channel(),
                caller: THEM,
                started_ms: 1,
                answered: true,
            })
            .unwrap();
    });
    (dir, folder, store)
}

fn run(store: &Store, target: &Path) -> Result<(), StoreError> {
    store.export(target)?.run(&mut |_, _| true)
}

/// Restores into a new folder.
fn back(file: &Path, secret: &str) -> Result<(TempDir, ProfileFolder, Store), StoreError> {
    let dir = tempfile::tempdir().unwrap();
    let folder = ProfileFolder::open(dir.path()).unwrap();
    let result = folder.restore(file, secret, &mut |_, _| true);
    if result.is_err() {
        assert_eq!(folder.state().unwrap(), ProfileState::New);
        let left: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["lock"], "nothing is left of what failed");
    }
    result.map(|store| (dir, folder, store))
}

fn files(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn everything_but_sessions_and_prekeys_comes_back() {
    let (_dir, _folder, mut store) = full();
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("ada.orrery");
    let export = store.export(&file).unwrap();
    let mut told = Vec::new();
    // What is written after it began to read is not part of it, and does not disturb it.
    let mut late = Some(|store: &mut Store| {
        write(store, |archive| {
            archive.put_message(&text(US, MESSAGES + 1, "too late")).unwrap()
        });
    });
    export
        .run(&mut |done, total| {
            if let Some(late) = late.take() {
                late(&mut store);
            }
            told.push((done, total));
            true
        })
        .unwrap();
    assert!(
        told.len() > 2 && told.windows(2).all(|pair| pair[0].0 <= pair[1].0),
        "{told:?}"
    );
    let (done, total) = told.last().unwrap();
    assert_eq!(done, total);
    assert_eq!(
        files(out.path()),
        std::slice::from_ref(&file),
        "no part is left beside it"
    );

    let (_new, folder, mut restored) = back(&file, "pass").unwrap();
    assert!(restored.rolled_back(), "its sessions start anew");
    let page = restored.history().newest(&channel(), 5).unwrap();
    assert_eq!(words(page.messages.last().unwrap()), format!("comet number {MESSAGES}"));
    let found = restored.history().search(&Search {
        text: "number 77",
        channel: None,
        before: None,
        limit: 10,
    });
    assert!(!found.unwrap().is_empty(), "the search index came along");
    write(&mut restored, |archive| {
        let contact = archive.contact(&THEM).unwrap().unwrap();
        assert!(contact.verified && contact.name == "Rhea" && contact.own_seq == MESSAGES);
        assert_eq!(archive.value("identity").unwrap().unwrap().0, vec![9; 32]);
        assert_eq!(
            archive
                .message(&text(US, 7, "").reference())
                .unwrap()
                .unwrap()
                .reactions
                .len(),
            1
        );
        assert!(
            archive.remember_item(&US, &crate::support::id(3)).unwrap(),
            "known already"
        );
        assert!(archive.sessions(&THEM).unwrap().is_empty());
        assert!(archive.prekeys(PrekeyKind::Signed).unwrap().is_empty());
        assert!(archive.unread_ciphertexts(&THEM).unwrap().is_empty());
        assert!(archive.open_calls().unwrap().is_empty());
        // What waits goes again, encrypted in a session of this place.
        let waiting = archive.outbox_rows(None).unwrap();
        let mut expected = outgoing(1);
        (expected.id, expected.message, expected.session) = (waiting[0].id, Vec::new(), [0; 32]);
        assert_eq!(waiting, [expected]);
        assert_eq!(archive.contacts().unwrap().len(), 1);
    });
    restored.discard_sessions().unwrap();
    restored.close().unwrap();
    assert!(!folder.unlock("pass").unwrap().rolled_back());
}

#[test]
fn no_byte_of_a_session_or_prekey_is_in_the_database_that_travels() {
    let (dir, folder, store) = full();
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("ada.orrery");
    run(&store, &file).unwrap();
    store.close().unwrap();
    drop(folder);
    let (new, folder, restored) = back(&file, "pass").unwrap();
    restored.close().unwrap();
    drop(folder);
    let pages = |dir: &Path| -> Vec<u8> {
        // The decrypted pages, as the database library hands them out.
        let store = ProfileFolder::open(dir).unwrap().unlock("pass").unwrap();
        let key = store.database_key();
        store.close().unwrap();
        decrypted(&dir.join("orrery.db"), key.as_bytes())
    };
    let session = 0x7373_7373_7373_7373_u64.to_be_bytes();
    let markers: [&[u8]; 3] = [b"a half that must stay behind", CIPHERTEXT, &session];
    let contains = |bytes: &[u8], marker: &[u8]| bytes.windows(marker.len()).any(|window| window == marker);
    let here = pages(dir.path());
    for marker in markers {
        assert!(contains(&here, marker), "the search finds what is there");
    }
    let there = pages(new.path());
    assert!(contains(&there, b"comet number 12"));
    for marker in markers {
        assert!(!contains(&there, marker));
    }
}

/// Everything in the clear, by the library's own export into a file of the test.
fn decrypted(database: &Path, key: &[u8; 32]) -> Vec<u8> {
    let plain = tempfile::tempdir().unwrap();
    let target = plain.path().join("plain");
    let connection = rusqlite::Connection::open(database).unwrap();
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    connection.execute_batch(&format!("PRAGMA key = \"x'{hex}'\"")).unwrap();
    connection
        .execute_batch(&format!("ATTACH '{}' AS plain KEY ''", target.display()))
        .unwrap();
    connection
        .query_row("SELECT sqlcipher_export('plain')", [], |_| Ok(()))
        .unwrap();
    drop(connection);
    fs::read(target).unwrap()
}

#[test]
fn every_secret_of_that_moment_opens_it_and_no_other_does() {
    let (_dir, folder, store) = full();
    let phrase = RecoveryPhrase::generate(&mut rng(2)).unwrap();
    folder.set_recovery("pass", &phrase, floor(), &mut rng(3)).unwrap();
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("ada.orrery");
    run(&store, &file).unwrap();
    folder.change_passphrase("pass", "later", floor(), &mut rng(4)).unwrap();
    assert_eq!(back(&file, "later").unwrap_err(), StoreError::WrongPassphrase);
    assert_eq!(back(&file, "").unwrap_err(), StoreError::PassphraseEmpty);
    let other = RecoveryPhrase::generate(&mut rng(5)).unwrap();
    assert_eq!(back(&file, other.as_str()).unwrap_err(), StoreError::WrongPhrase);
    let mistyped = phrase.as_str().replacen(phrase.words().next().unwrap(), "orrery", 1);
    assert_eq!(back(&file, &mistyped).unwrap_err(), StoreError::BadPhrase);
    assert_eq!(back(&file, "two words").unwrap_err(), StoreError::WrongPassphrase);
    let (_new, folder, restored) = back(&file, &phrase.as_str().to_uppercase()).unwrap();
    drop(restored);
    assert!(folder.has_recovery().unwrap());
    drop(folder.unlock("pass").unwrap());
}

#[test]
fn a_file_that_was_changed_cut_or_extended_anywhere_makes_nothing() {
    let (_dir, _folder, store) = full();
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("ada.orrery");
    run(&store, &file).unwrap();
    let whole = fs::read(&file).unwrap();
    let bad = out.path().join("bad.orrery");
    let refused = |bytes: &[u8]| {
        fs::write(&bad, bytes).unwrap();
        back(&bad, "pass").unwrap_err()
    };
    // Head, vault and lengths cost no key derivation; of the rest a bit here and there, the first and the last.
    for at in (0..13).chain([
        111,
        112,
        119,
        120,
        5000,
        whole.len() / 2,
        whole.len() - 33,
        whole.len() - 1,
    ]) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        let error = refused(&changed);
        assert_eq!(error, StoreError::BadExport, "byte {at}");
    }
    for len in [0, 1, 9, 14, 100, 120, whole.len() / 2, whole.len() - 1] {
        assert_eq!(refused(&whole[..len]), StoreError::BadExport, "cut at {len}");
    }
    assert_eq!(refused(&[&whole[..], &[0]].concat()), StoreError::BadExport);
    // A head that claims the world.
    let mut huge = whole[..200].to_vec();
    huge[10..14].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(refused(&huge), StoreError::BadExport);
    let mut huge = whole.clone();
    huge[111..119].copy_from_slice(&(1_u64 << 30).to_be_bytes());
    assert_eq!(refused(&huge), StoreError::BadExport);
    let longest = (u64::MAX - 200).to_be_bytes();
    huge[111..119].copy_from_slice(&longest);
    assert_eq!(refused(&huge), StoreError::BadExport);
    assert_eq!(back(out.path(), "pass").unwrap_err(), StoreError::BadExport);
    assert_eq!(
        back(&out.path().join("none"), "pass").unwrap_err(),
        StoreError::NoSuchFile
    );
    drop(back(&file, "pass").unwrap());
}

#[test]
fn nothing_is_written_over_and_nothing_is_left_of_what_was_stopped() {
    let (dir, folder, store) = full();
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("ada.orrery");
    fs::write(&file, b"precious").unwrap();
    assert_eq!(run(&store, &file).unwrap_err(), StoreError::FileExists);
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    fs::remove_file(&file).unwrap();
    assert_eq!(
        run(&store, &out.path().join("no/such/folder")).unwrap_err(),
        StoreError::NoSuchFile
    );
    let stopped = store.export(&file).unwrap().run(&mut |_, _| false).unwrap_err();
    assert_eq!(stopped, StoreError::Stopped);
    assert!(files(out.path()).is_empty());
    run(&store, &file).unwrap();
    // Into a folder that has a profile: never.
    drop(store);
    let before = fs::read(dir.path().join("vault")).unwrap();
    let error = folder.restore(&file, "pass", &mut |_, _| true).unwrap_err();
    assert_eq!(error, StoreError::AlreadyExists);
    assert_eq!(fs::read(dir.path().join("vault")).unwrap(), before);
    // Stopped while it is taken out: as if it had never begun.
    let new = tempfile::tempdir().unwrap();
    let folder = ProfileFolder::open(new.path()).unwrap();
    let error = folder.restore(&file, "pass", &mut |_, _| false).unwrap_err();
    assert_eq!(error, StoreError::Stopped);
    assert_eq!(folder.state().unwrap(), ProfileState::New);
    drop(folder.restore(&file, "pass", &mut |_, _| true).unwrap());
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (_dir, _folder, store) = full();
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("ada.orrery");
    run(&store, &file).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_that_is_not_whole_never_has_a_byte_in_the_folder() {
    let (_dir, _folder, store) = full();
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("ada.orrery");
    run(&store, &file).unwrap();
    let mut changed = fs::read(&file).unwrap();
    let last = changed.len() - 33;
    changed[last] ^= 1;
    fs::write(&file, changed).unwrap();
    let new = tempfile::tempdir().unwrap();
    let folder = ProfileFolder::open(new.path()).unwrap();
    let mut looks = 0;
    let error = folder.restore(&file, "pass", &mut |_, _| {
        looks += 1;
        assert_eq!(files(new.path()), [new.path().join("lock")]);
        true
    });
    assert_eq!(error.unwrap_err(), StoreError::BadExport);
    assert!(looks > 1);
}

#[test]
fn restoring_cut_short_leaves_none_or_all_of_it() {
    let (_dir, _folder, store) = full();
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("ada.orrery");
    run(&store, &file).unwrap();
    let (new, folder, restored) = back(&file, "pass").unwrap();
    let path = |name: &str| new.path().join(name);
    // Before it was ever opened under its name: the database as it travelled, beside its counter and vault.
    let mut restored = restored;
    restored.discard_sessions().unwrap();
    restored.close().unwrap();
    fs::rename(path("orrery.db"), path("orrery.db.new")).unwrap();
    assert_eq!(folder.state().unwrap(), ProfileState::Locked);
    assert_eq!(
        folder
            .unlock("pass")
            .unwrap()
            .history()
            .newest(&channel(), 5)
            .unwrap()
            .messages
            .len(),
        5
    );
    // Before the vault.
    fs::rename(path("orrery.db"), path("orrery.db.new")).unwrap();
    fs::remove_file(path("vault")).unwrap();
    assert_eq!(folder.state().unwrap(), ProfileState::New);
    // Half of the database.
    let half = fs::read(path("orrery.db.new")).unwrap();
    fs::write(path("orrery.db.new"), &half[..half.len() / 2]).unwrap();
    fs::remove_file(path("counter")).unwrap();
    assert_eq!(folder.state().unwrap(), ProfileState::New);
    let restored = folder.restore(&file, "pass", &mut |_, _| true).unwrap();
    assert!(restored.rolled_back());
}

#[test]
fn what_is_written_meanwhile_is_in_the_file_by_whole_transactions() {
    let dir = tempfile::tempdir().unwrap();
    let folder = ProfileFolder::open(dir.path()).unwrap();
    let mut store = folder.create("pass", floor(), &mut rng(1)).unwrap();
    let mut number = 0;
    let mut one_more = |store: &mut Store| {
        number += 1;
        write(store, |archive| {
            let mut contact = ContactRecord::new(THEM, ContactState::Contact, "Rhea".into(), "wss://a".into(), 5);
            contact.own_seq = number;
            archive.put_contact(&contact).unwrap();
            archive.put_message(&text(US, number, "word")).unwrap();
        });
    };
    for _ in 0..700 {
        one_more(&mut store);
    }
    let out = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let file = out.path().join(round.to_string());
        let export = store.export(&file).unwrap();
        assert_eq!(format!("{export:?}"), "Export");
        let exporting = std::thread::Builder::new()
            .spawn(move || export.run(&mut |_, _| true))
            .unwrap();
        while !exporting.is_finished() {
            one_more(&mut store);
        }
        exporting.join().unwrap().unwrap();
        let (_new, _folder, mut restored) = back(&file, "pass").unwrap();
        let sent = write(&mut restored, |archive| {
            let all = archive.own_messages(&channel(), &US, 0, u64::MAX).unwrap().len() as u64;
            (all, archive.contact(&THEM).unwrap().unwrap().own_seq)
        });
        assert!(sent.0 >= 700 && sent.0 == sent.1, "{sent:?}");
    }
}

/// Everything on a disk up to so many bytes that stay free.
#[cfg(target_os = "linux")]
fn fill(disk: &Path, free: usize) -> PathBuf {
    use std::io::Write;
    let filler = disk.join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    let mut size = 0;
    while file.write_all(&[1; 4096]).is_ok() {
        size += 4096;
    }
    file.set_len((size - free) as u64).unwrap();
    filler
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_or_read_only_disk_gets_nothing_and_loses_nothing() {
    const NAME: &str = "export::a_full_or_read_only_disk_gets_nothing_and_loses_nothing";
    on_a_small_disk(NAME, |disk| {
        // Where the profile is there is room; the small disk is only what is written to.
        let (_dir, _folder, store) = full();
        let out = tempfile::tempdir().unwrap();
        let source = out.path().join("ada.orrery");
        run(&store, &source).unwrap();
        let len = usize::try_from(fs::metadata(&source).unwrap().len()).unwrap();
        let target = disk.join("ada.orrery");
        for free in [0, 8192, len / 2, len, 2 * len - 65_536] {
            let filler = fill(disk, free);
            assert_eq!(run(&store, &target).unwrap_err(), StoreError::Full, "{free} bytes free");
            assert_eq!(files(disk), [filler], "{free} bytes free");
        }
        fs::remove_file(disk.join("filler")).unwrap();
        run(&store, &target).unwrap();
        fs::remove_file(&target).unwrap();

        let new = disk.join("new");
        let folder = ProfileFolder::open(&new).unwrap();
        for free in [0, 8192, len / 2, len - 4096] {
            let filler = fill(disk, free);
            let error = folder.restore(&source, "pass", &mut |_, _| true).unwrap_err();
            assert_eq!(error, StoreError::Full, "{free} bytes free");
            assert_eq!(folder.state().unwrap(), ProfileState::New);
            assert_eq!(files(&new), [new.join("lock")], "{free} bytes free");
            fs::remove_file(filler).unwrap();
        }
        drop(folder.restore(&source, "pass", &mut |_, _| true).unwrap());
        drop(folder);

        let read_only = std::process::Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(disk)
            .status();
        assert!(read_only.unwrap().success());
        let before = files(disk);
        assert_eq!(run(&store, &target).unwrap_err(), StoreError::ReadOnly);
        assert_eq!(files(disk), before);
    });
}
