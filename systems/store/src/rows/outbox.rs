//! Notes on their way.

use orrery_protocol::{
    MessageId, PeerId,
    record::{OutboxRecord, SecretBytes},
};
use rusqlite::{Connection, OptionalExtension, Params, Row, named_params, types::Type};

use super::{flag, number::Number, unexpected};

const COLUMNS: &str =
    "id, peer, note, message, session, item_seq, item_id, keep, expires_ms, taken, failed, created_ms";

/// Ids are given by the database, from 1 upwards, and never twice; one beyond its range is of no row.
fn row_id(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(-1)
}

fn read(row: &Row<'_>) -> rusqlite::Result<OutboxRecord> {
    let optional = |index| row.get::<_, Option<Number>>(index).map(|number| number.map(|n| n.0));
    Ok(OutboxRecord {
        id: u64::try_from(row.get::<_, i64>(0)?).map_err(|_| unexpected(0, Type::Integer))?,
        to: PeerId(row.get(1)?),
        note: SecretBytes(row.get(2)?),
        message: row.get(3)?,
        session: row.get(4)?,
        item_seq: optional(5)?,
        item_id: row.get::<_, Option<[u8; 16]>>(6)?.map(MessageId),
        keep: flag(row, 7)?,
        expires_ms: optional(8)?,
        taken: flag(row, 9)?,
        failed: flag(row, 10)?,
        created_ms: row.get::<_, Number>(11)?.0,
    })
}

fn write(connection: &Connection, sql: &str, id: Option<i64>, row: &OutboxRecord) -> rusqlite::Result<usize> {
    connection.prepare_cached(sql)?.execute(named_params! {
        ":id": id,
        ":peer": row.to.0,
        ":note": row.note.0,
        ":message": row.message,
        ":session": row.session,
        ":item_seq": row.item_seq.map(Number),
        ":item_id": row.item_id.map(|id| id.0),
        ":keep": row.keep,
        ":expires_ms": row.expires_ms.map(Number),
        ":taken": row.taken,
        ":failed": row.failed,
        ":created_ms": Number(row.created_ms),
    })
}

pub(crate) fn push(connection: &Connection, row: &OutboxRecord) -> rusqlite::Result<u64> {
    let sql = format!(
        "INSERT INTO outbox ({COLUMNS}) VALUES (:id, :peer, :note, :message, :session, :item_seq, :item_id, :keep, \
         :expires_ms, :taken, :failed, :created_ms)"
    );
    write(connection, &sql, None, row)?;
    u64::try_from(connection.last_insert_rowid()).map_err(|_| unexpected(0, Type::Integer))
}

/// Replaces a row; one that is gone stays gone, or a late "taken" would send it again.
pub(crate) fn put(connection: &Connection, row: &OutboxRecord) -> rusqlite::Result<()> {
    let sql = "UPDATE outbox SET peer = :peer, note = :note, message = :message, session = :session, \
               item_seq = :item_seq, item_id = :item_id, keep = :keep, expires_ms = :expires_ms, taken = :taken, \
               failed = :failed, created_ms = :created_ms WHERE id = :id";
    write(connection, sql, Some(row_id(row.id)), row)?;
    Ok(())
}

pub(crate) fn get(connection: &Connection, id: u64) -> rusqlite::Result<Option<OutboxRecord>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM outbox WHERE id = ?1"))?
        .query_row((row_id(id),), read)
        .optional()
}

pub(crate) fn rows(connection: &Connection, to: Option<&PeerId>) -> rusqlite::Result<Vec<OutboxRecord>> {
    fn collect<P: Params>(connection: &Connection, rest: &str, params: P) -> rusqlite::Result<Vec<OutboxRecord>> {
        connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM outbox {rest}"))?
            .query_map(params, read)?
            .collect()
    }
    match to {
        Some(peer) => collect(connection, "WHERE peer = ?1 ORDER BY id", (peer.0,)),
        None => collect(connection, "ORDER BY id", ()),
    }
}

pub(crate) fn delete(connection: &Connection, id: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM outbox WHERE id = ?1")?
        .execute((row_id(id),))?;
    Ok(())
}
