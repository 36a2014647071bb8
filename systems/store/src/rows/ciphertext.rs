//! Ciphertexts that no session could read yet.

use orrery_protocol::PeerId;
use rusqlite::{Connection, types::Type};

use super::unexpected;

/// Kept from one peer; beyond it the oldest goes.
const KEPT: i64 = 64;

pub(crate) fn from(connection: &Connection, peer: &PeerId) -> rusqlite::Result<Vec<(u64, Vec<u8>)>> {
    connection
        .prepare_cached("SELECT number, message FROM unread_ciphertexts WHERE peer = ?1 ORDER BY number")?
        .query_map((peer.0,), |row| {
            let number = u64::try_from(row.get::<_, i64>(0)?).map_err(|_| unexpected(0, Type::Integer))?;
            Ok((number, row.get(1)?))
        })?
        .collect()
}

pub(crate) fn put(connection: &Connection, peer: &PeerId, message: &[u8]) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO unread_ciphertexts (peer, message) VALUES (?1, ?2)")?
        .execute((peer.0, message))?;
    connection
        .prepare_cached(
            "DELETE FROM unread_ciphertexts WHERE number IN (SELECT number FROM unread_ciphertexts \
             WHERE peer = ?1 ORDER BY number DESC LIMIT -1 OFFSET ?2)",
        )?
        .execute((peer.0, KEPT))?;
    Ok(())
}

pub(crate) fn delete(connection: &Connection, number: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM unread_ciphertexts WHERE number = ?1")?
        .execute((i64::try_from(number).unwrap_or(-1),))?;
    Ok(())
}

/// Deletes them all, from everybody.
pub(crate) fn delete_all(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM unread_ciphertexts", [])?;
    Ok(())
}
