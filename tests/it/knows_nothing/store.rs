//! What is in a server's database.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use orrery_evil_server::forge::SEAL;
use orrery_protocol::{PeerId, limits::PADDED_SIZES};
use rusqlite::{Connection, types::ValueRef};

use super::search::{Needle, found, ids_in};

const FILE: &str = "orrery-server.db";

/// Everything that is stored, by table: a new column is to be looked at here before it is kept.
const COLUMNS: [(&str, &[&str]); 5] = [
    (
        "envelope",
        &["key", "person", "id", "taken_ms", "request", "size", "body"],
    ),
    ("one_time", &["person", "id", "key", "used_order"]),
    (
        "person",
        &[
            "key",
            "peer",
            "next_id",
            "envelopes",
            "bytes",
            "requests",
            "signed_id",
            "signed_key",
            "signed_signature",
            "kem_id",
            "kem_key",
            "kem_signature",
            "seen_day",
        ],
    ),
    ("token", &["person", "hash", "kind", "expires_ms"]),
    ("total", &["one", "people", "envelopes", "bytes"]),
];

/// How much there is.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) people: i64,
    pub(super) envelopes: i64,
}

/// Copies the files of a server's folder as they are at this moment, the log included.
pub(super) fn copy(folder: &Path, to: &Path) -> PathBuf {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
    assert!(to.join(FILE).exists());
    to.to_path_buf()
}

fn open(folder: &Path) -> Connection {
    Connection::open(folder.join(FILE)).unwrap()
}

pub(super) fn held(folder: &Path) -> Held {
    let count = |table: &str| {
        open(folder)
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
            .unwrap()
    };
    Held {
        people: count("person"),
        envelopes: count("envelope"),
    }
}

/// What is wrong with what is stored: more than is agreed, an id beside another, anything in the clear.
pub(super) fn violations(folder: &Path, ids: &[PeerId], needles: &[Needle]) -> Vec<String> {
    let mut wrong = Vec::new();
    // The files as bytes, pages that were freed included.
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for needle in found(&bytes, needles) {
            wrong.push(format!("{needle} in {}", path.file_name().unwrap().display()));
        }
    }
    let db = open(folder);
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut names = db
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
        .unwrap();
    for name in names.query_map([], |row| row.get::<_, String>(0)).unwrap() {
        let name = name.unwrap();
        let statement = db.prepare(&format!("SELECT * FROM {name}")).unwrap();
        tables.insert(name, statement.column_names().map(str::to_owned).collect());
    }
    let agreed: BTreeMap<String, Vec<String>> = COLUMNS
        .iter()
        .map(|(table, columns)| {
            (
                (*table).to_owned(),
                columns.iter().map(|&column| column.to_owned()).collect(),
            )
        })
        .collect();
    if tables != agreed {
        wrong.push(format!("other tables or columns than agreed: {tables:?}"));
    }
    for (table, columns) in &tables {
        // A row and, where it belongs to somebody, whose it is.
        let owned = columns.iter().any(|column| column == "person");
        let query = match (table.as_str(), owned) {
            ("person", _) => "SELECT peer, * FROM person".to_owned(),
            (table, true) => {
                format!("SELECT owner.peer, {table}.* FROM {table} JOIN person owner ON owner.key = person")
            }
            (table, false) => format!("SELECT NULL, * FROM {table}"),
        };
        let mut statement = db.prepare(&query).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let owner: Option<Vec<u8>> = row.get(0).unwrap();
            for (at, column) in columns.iter().enumerate() {
                let bytes = match row.get_ref(at + 1).unwrap() {
                    ValueRef::Blob(bytes) | ValueRef::Text(bytes) => bytes.to_vec(),
                    ValueRef::Integer(number) => number.to_string().into_bytes(),
                    ValueRef::Real(number) => number.to_string().into_bytes(),
                    ValueRef::Null => continue,
                };
                for id in ids_in(&bytes, ids) {
                    // One's own id in one's own row, and nowhere else.
                    if !(table == "person" && column == "peer" && owner.as_deref() == Some(&id.as_bytes()[..])) {
                        wrong.push(format!("{id} in {table}.{column}"));
                    }
                }
                for needle in found(&bytes, needles) {
                    // Numbers are counts and times: digits in them say nothing.
                    if matches!(row.get_ref(at + 1).unwrap(), ValueRef::Blob(_) | ValueRef::Text(_)) {
                        wrong.push(format!("{needle} in {table}.{column}"));
                    }
                }
                let is_envelope = table == "envelope" && column == "body";
                if is_envelope && !PADDED_SIZES.iter().any(|size| size + SEAL == bytes.len()) {
                    wrong.push(format!("an envelope of {} bytes", bytes.len()));
                }
            }
        }
    }
    wrong
}

/// Puts everything that must not be there into a copy, and sees it found.
pub(super) fn would_be_found(folder: &Path, ids: &[PeerId], needles: &[Needle]) {
    let (one, other) = (ids[0], ids[1]);
    let of = |peer: PeerId| {
        format!(
            "(SELECT key FROM person WHERE peer = x'{}')",
            data_encoding::HEXLOWER.encode(peer.as_bytes())
        )
    };
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let mut plants = vec![
        (
            "ALTER TABLE envelope ADD COLUMN sender BLOB".to_owned(),
            "other tables or columns",
        ),
        (
            "CREATE TABLE edge (a INTEGER, b INTEGER)".to_owned(),
            "other tables or columns",
        ),
        ("UPDATE envelope SET body = x'00'".to_owned(), "an envelope of 1 bytes"),
        (
            format!(
                "UPDATE envelope SET body = CAST(x'{}' || body AS BLOB)",
                hex(one.as_bytes())
            ),
            "in envelope.body",
        ),
        (
            format!(
                "UPDATE token SET hash = x'{}' WHERE person = {}",
                hex(one.as_bytes()),
                of(other)
            ),
            "in token.hash",
        ),
    ];
    for needle in needles {
        plants.push((
            format!(
                "UPDATE person SET kem_key = x'{}' WHERE key = {}",
                hex(&needle.bytes),
                of(one)
            ),
            needle.what,
        ));
    }
    for (n, (plant, expected)) in plants.iter().enumerate() {
        let planted = copy(folder, &folder.with_file_name(format!("planted-{n}")));
        // `UPDATE token` would hit a unique key where somebody has several: one is enough.
        let plant = plant.replace("UPDATE token", "UPDATE OR REPLACE token");
        open(&planted).execute_batch(&plant).unwrap();
        let wrong = violations(&planted, ids, needles);
        assert!(wrong.iter().any(|one| one.contains(expected)), "{plant}: {wrong:?}");
    }
}
