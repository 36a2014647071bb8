//! Edits and deletes that came before the message they are about.

use orrery_protocol::{MessageRef, record::SecretBytes};
use rusqlite::Connection;

/// Kept for one target; beyond it the oldest goes, for a later change says more than an earlier one.
const KEPT: i64 = 64;

pub(crate) fn put(connection: &Connection, target: &MessageRef, note: &SecretBytes) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO early_changes (target_author, target_id, note) VALUES (?1, ?2, ?3)")?
        .execute((target.author.0, target.id.0, &note.0))?;
    connection
        .prepare_cached(
            "DELETE FROM early_changes WHERE number IN (SELECT number FROM early_changes \
             WHERE target_author = ?1 AND target_id = ?2 ORDER BY number DESC LIMIT -1 OFFSET ?3)",
        )?
        .execute((target.author.0, target.id.0, KEPT))?;
    Ok(())
}

pub(crate) fn take(connection: &Connection, target: &MessageRef) -> rusqlite::Result<Vec<SecretBytes>> {
    let notes = connection
        .prepare_cached("SELECT note FROM early_changes WHERE target_author = ?1 AND target_id = ?2 ORDER BY number")?
        .query_map((target.author.0, target.id.0), |row| row.get(0).map(SecretBytes))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    if !notes.is_empty() {
        connection
            .prepare_cached("DELETE FROM early_changes WHERE target_author = ?1 AND target_id = ?2")?
            .execute((target.author.0, target.id.0))?;
    }
    Ok(notes)
}
