//! Private halves of prekeys.

use orrery_protocol::record::{PrekeyKind, PrekeyRecord, SecretBytes};
use rusqlite::{Connection, OptionalExtension, Row};

use super::number::Number;

/// Numbers in the database; never given another meaning.
fn kind_number(kind: PrekeyKind) -> i64 {
    match kind {
        PrekeyKind::Signed => 0,
        PrekeyKind::Kem => 1,
        PrekeyKind::OneTime => 2,
    }
}

fn read(kind: PrekeyKind, row: &Row<'_>) -> rusqlite::Result<PrekeyRecord> {
    Ok(PrekeyRecord {
        kind,
        id: row.get(0)?,
        secret: SecretBytes(row.get(1)?),
        created_ms: row.get::<_, Number>(2)?.0,
    })
}

pub(crate) fn get(connection: &Connection, kind: PrekeyKind, id: u32) -> rusqlite::Result<Option<PrekeyRecord>> {
    connection
        .prepare_cached("SELECT id, secret, created_ms FROM prekeys WHERE kind = ?1 AND id = ?2")?
        .query_row((kind_number(kind), id), |row| read(kind, row))
        .optional()
}

pub(crate) fn all(connection: &Connection, kind: PrekeyKind) -> rusqlite::Result<Vec<PrekeyRecord>> {
    connection
        .prepare_cached("SELECT id, secret, created_ms FROM prekeys WHERE kind = ?1 ORDER BY created_ms, id")?
        .query_map((kind_number(kind),), |row| read(kind, row))?
        .collect()
}

pub(crate) fn put(connection: &Connection, prekey: &PrekeyRecord) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO prekeys VALUES (?1, ?2, ?3, ?4)")?
        .execute((
            kind_number(prekey.kind),
            prekey.id,
            &prekey.secret.0,
            Number(prekey.created_ms),
        ))?;
    Ok(())
}

pub(crate) fn delete(connection: &Connection, kind: PrekeyKind, id: u32) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM prekeys WHERE kind = ?1 AND id = ?2")?
        .execute((kind_number(kind), id))?;
    Ok(())
}
