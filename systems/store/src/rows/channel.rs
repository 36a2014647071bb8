//! Conversations: their short numbers, and how far the person has looked.

use orrery_protocol::{ChannelId, PeerId, record::OrderKey};
use rusqlite::{Connection, OptionalExtension, types::Type};

use super::{number::Number, unexpected};

/// The short number of a channel, if it has a row.
pub(crate) fn number(connection: &Connection, channel: &ChannelId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT number FROM channels WHERE id = ?1")?
        .query_row((channel.0,), |row| row.get(0))
        .optional()
}

/// The short number of a channel, giving it one when it has none.
pub(crate) fn make(connection: &Connection, channel: &ChannelId) -> rusqlite::Result<i64> {
    if let Some(number) = number(connection, channel)? {
        return Ok(number);
    }
    connection
        .prepare_cached("INSERT INTO channels (id) VALUES (?1)")?
        .execute((channel.0,))?;
    Ok(connection.last_insert_rowid())
}

/// How far the person has looked; `None` for not at all.
pub(crate) fn seen(connection: &Connection, number: i64) -> rusqlite::Result<Option<OrderKey>> {
    connection
        .prepare_cached("SELECT seen_lamport, seen_author, seen_seq FROM channels WHERE number = ?1")?
        .query_row((number,), |row| {
            match (
                row.get::<_, Option<Number>>(0)?,
                row.get::<_, Option<[u8; 32]>>(1)?,
                row.get::<_, Option<Number>>(2)?,
            ) {
                (Some(lamport), Some(author), Some(seq)) => Ok(Some(OrderKey {
                    lamport: lamport.0,
                    author: PeerId(author),
                    seq: seq.0,
                })),
                (None, None, None) => Ok(None),
                _ => Err(unexpected(0, Type::Integer)),
            }
        })
}

/// Moves the mark on; says whether it did.
pub(crate) fn mark_seen(connection: &Connection, channel: &ChannelId, place: &OrderKey) -> rusqlite::Result<bool> {
    let number = make(connection, channel)?;
    if seen(connection, number)?.is_some_and(|seen| seen >= *place) {
        return Ok(false);
    }
    connection
        .prepare_cached("UPDATE channels SET seen_lamport = ?2, seen_author = ?3, seen_seq = ?4 WHERE number = ?1")?
        .execute((number, Number(place.lamport), place.author.0, Number(place.seq)))?;
    Ok(true)
}
