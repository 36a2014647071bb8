use super::*;

#[test]
fn the_key_is_written_as_raw_hexadecimal() {
    let mut key = [0_u8; 32];
    key[0] = 0xab;
    key[31] = 0x01;
    let sql = raw_key(&key);
    assert_eq!(&sql[..20], "PRAGMA key = \"x'ab00");
    assert_eq!(sql.len(), "PRAGMA key = \"x'".len() + 64 + "'\"".len());
    assert!(sql.ends_with("01'\""));
}

#[test]
fn a_connection_is_set_up_as_promised() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(DATABASE_FILE);
    create(&path, &[7; 32]).unwrap();
    let connection = open(&path, &[7; 32], Access::Write).unwrap();
    let get = |name: &str| -> i64 { connection.pragma_query_value(None, name, |row| row.get(0)).unwrap() };
    assert_eq!(get("synchronous"), 2);
    assert_eq!(get("secure_delete"), 1);
    assert_eq!(get("temp_store"), 2);
    assert_eq!(get("trusted_schema"), 0);
    assert_eq!(get("cell_size_check"), 1);
    assert_eq!(get("foreign_keys"), 1);
    let text = |name: &str| -> String { connection.pragma_query_value(None, name, |row| row.get(0)).unwrap() };
    assert_eq!(text("journal_mode"), "wal");
    assert!(text("cipher_version").starts_with('4'));
    assert_eq!(text("cipher_memory_security"), "1");
}

#[test]
fn another_key_is_told_from_the_right_one_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(DATABASE_FILE);
    create(&path, &[7; 32]).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert_eq!(open(&path, &[8; 32], Access::Write).unwrap_err(), StoreError::WrongKey);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert!(open(&path, &[7; 32], Access::Write).is_ok());
}

#[test]
fn an_empty_or_missing_file_is_never_taken_for_a_new_database() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(DATABASE_FILE);
    assert_eq!(
        open(&path, &[7; 32], Access::Write).unwrap_err(),
        StoreError::DatabaseMissing
    );
    std::fs::write(&path, b"").unwrap();
    assert_eq!(open(&path, &[7; 32], Access::Write).unwrap_err(), StoreError::Damaged);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
}

#[test]
fn creating_never_overwrites() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(DATABASE_FILE);
    std::fs::write(&path, b"precious").unwrap();
    assert_eq!(create(&path, &[7; 32]).unwrap_err(), StoreError::AlreadyExists);
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_library_that_does_not_encrypt_is_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let connection = Connection::open(dir.path().join("plain")).unwrap();
    must_encrypt(&connection, "PRAGMA cipher_version").unwrap();
    // What plain SQLite answers to a pragma that it does not know: nothing. And what an empty build might.
    for asked in ["PRAGMA no_such_pragma", "SELECT ''", "SELECT NULL"] {
        let refused = must_encrypt(&connection, asked).unwrap_err();
        assert_eq!(refused, StoreError::NotEncrypted, "{asked}");
    }
}

/// Names the folder to the process that works in it.
const WORK: &str = "ORRERY_STORE_WORK";

#[test]
fn nothing_ever_stands_in_the_systems_folder_for_temporary_files() {
    if let Some(folder) = std::env::var_os(WORK) {
        sort_much(Path::new(&folder));
        return;
    }
    let (work, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let before = std::fs::metadata(temporary.path()).unwrap().modified().unwrap();
    let said = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "database::tests::nothing_ever_stands_in_the_systems_folder_for_temporary_files",
            "--exact",
            "--test-threads=1",
        ])
        .env(WORK, work.path())
        .envs(["TMPDIR", "TEMP", "TMP", "SQLITE_TMPDIR"].map(|name| (name, temporary.path())))
        .output()
        .unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
    assert!(work.path().join("sorted").exists());
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
    // A file that was there for a moment only would have left its mark on the folder.
    assert_eq!(std::fs::metadata(temporary.path()).unwrap().modified().unwrap(), before);
}

/// Sorts and gathers more than the page cache holds, which SQLite would do in files.
fn sort_much(folder: &Path) {
    let path = folder.join(DATABASE_FILE);
    create(&path, &[7; 32]).unwrap();
    let connection = open(&path, &[7; 32], Access::Write).unwrap();
    connection.pragma_update(None, "cache_size", 16).unwrap();
    let rows: i64 = connection
        .query_row(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
             SELECT count(*) FROM (SELECT DISTINCT hex(randomblob(900)) AS text FROM n ORDER BY text)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(rows, 3000);
    std::fs::write(folder.join("sorted"), b"").unwrap();
}
