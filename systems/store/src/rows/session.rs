//! Ratchet sessions.

use orrery_protocol::{
    PeerId,
    record::{SecretBytes, SessionRecord},
};
use rusqlite::Connection;

use super::number::Number;

pub(crate) fn with(connection: &Connection, peer: &PeerId) -> rusqlite::Result<Vec<SessionRecord>> {
    connection
        .prepare_cached("SELECT id, generation, state, created_ms, used_ms FROM sessions WHERE peer = ?1 ORDER BY id")?
        .query_map((peer.0,), |row| {
            Ok(SessionRecord {
                id: row.get(0)?,
                generation: row.get(1)?,
                state: SecretBytes(row.get(2)?),
                created_ms: row.get::<_, Number>(3)?.0,
                used_ms: row.get::<_, Number>(4)?.0,
            })
        })?
        .collect()
}

pub(crate) fn put(connection: &Connection, peer: &PeerId, session: &SessionRecord) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute((
            peer.0,
            session.id,
            session.generation,
            &session.state.0,
            Number(session.created_ms),
            Number(session.used_ms),
        ))?;
    Ok(())
}

pub(crate) fn delete(connection: &Connection, peer: &PeerId, id: &[u8; 32]) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM sessions WHERE peer = ?1 AND id = ?2")?
        .execute((peer.0, id))?;
    Ok(())
}

/// Deletes every session with everybody.
pub(crate) fn delete_all(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM sessions", [])?;
    Ok(())
}
