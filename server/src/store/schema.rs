//! The tables and their migrations.

use rusqlite::Connection;

use super::{StoreError, people};

/// Each step leads from the version that is its index to the next.
pub(super) const STEPS: &[&str] = &[FIRST, SECOND];

/// `total` and the counts in `person` are kept by triggers, so that no statement can forget them.
const FIRST: &str = "
CREATE TABLE person (
    key INTEGER PRIMARY KEY,
    peer BLOB NOT NULL UNIQUE CHECK (length(peer) = 32),
    next_id INTEGER NOT NULL DEFAULT 1,
    envelopes INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    requests INTEGER NOT NULL DEFAULT 0,
    signed_id INTEGER, signed_key BLOB, signed_signature BLOB,
    kem_id INTEGER, kem_key BLOB, kem_signature BLOB
) STRICT;

CREATE TABLE envelope (
    key INTEGER PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES person (key),
    id INTEGER NOT NULL,
    taken_ms INTEGER NOT NULL,
    request INTEGER NOT NULL,
    size INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (person, id)
) STRICT;
CREATE INDEX envelope_by_age ON envelope (taken_ms);

-- A prekey that was handed out stays as a row without a key.
CREATE TABLE one_time (
    person INTEGER NOT NULL REFERENCES person (key),
    id INTEGER NOT NULL,
    key BLOB,
    used_order INTEGER,
    PRIMARY KEY (person, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX one_time_unused ON one_time (person, id) WHERE key IS NOT NULL;
CREATE INDEX one_time_used ON one_time (person, used_order) WHERE key IS NULL;

-- kind: 0 delivery, 1 replaced delivery, 2 request, 3 call.
CREATE TABLE token (
    person INTEGER NOT NULL REFERENCES person (key),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    kind INTEGER NOT NULL,
    expires_ms INTEGER,
    PRIMARY KEY (person, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX token_by_end ON token (expires_ms) WHERE expires_ms IS NOT NULL;

CREATE TABLE total (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    people INTEGER NOT NULL,
    envelopes INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;
INSERT INTO total VALUES (1, 0, 0, 0);

CREATE TRIGGER person_in AFTER INSERT ON person BEGIN
    UPDATE total SET people = people + 1;
END;
CREATE TRIGGER envelope_in AFTER INSERT ON envelope BEGIN
    UPDATE person SET next_id = NEW.id + 1, envelopes = envelopes + 1, bytes = bytes + NEW.size,
        requests = requests + NEW.request WHERE key = NEW.person;
    UPDATE total SET envelopes = envelopes + 1, bytes = bytes + NEW.size;
END;
CREATE TRIGGER envelope_out AFTER DELETE ON envelope BEGIN
    UPDATE person SET envelopes = envelopes - 1, bytes = bytes - OLD.size, requests = requests - OLD.request
        WHERE key = OLD.person;
    UPDATE total SET envelopes = envelopes - 1, bytes = bytes - OLD.size;
END;
";

/// The day is all that is kept of when somebody was last here: enough to let go of who does not come back.
const SECOND: &str = "
ALTER TABLE person ADD COLUMN seen_day INTEGER;
CREATE INDEX person_by_day ON person (seen_day);
CREATE TRIGGER person_out AFTER DELETE ON person BEGIN
    UPDATE total SET people = people - 1;
END;
";

/// Sets the connection up and brings the schema up to date.
pub(super) fn prepare(db: &Connection, now_ms: u64) -> Result<(), StoreError> {
    // Acknowledged mail must be gone from the file, too; freed pages are given back by the sweep.
    db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;")?;
    let _mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    // A deposit is acknowledged after the commit: the commit has to be on the disk, not in the system's cache.
    db.execute_batch("PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192;")?;
    db.set_prepared_statement_cache_capacity(64);

    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = super::signed(STEPS.len() as u64);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (version, step) in (1i64..).zip(STEPS).skip_while(|(version, _)| *version <= found) {
        db.execute_batch(&format!(
            "BEGIN IMMEDIATE; {step} PRAGMA user_version = {version}; COMMIT;"
        ))?;
    }
    // Who was here before days were kept counts as seen today.
    db.execute(
        "UPDATE person SET seen_day = ?1 WHERE seen_day IS NULL",
        [people::day(now_ms)],
    )?;
    Ok(())
}
