//! Calls that were open, and call ids that were heard of.

use orrery_protocol::{CallId, ChannelId, PeerId, record::OpenCallRecord};
use rusqlite::Connection;

use super::{flag, number::Number};

pub(crate) fn open(connection: &Connection) -> rusqlite::Result<Vec<OpenCallRecord>> {
    connection
        .prepare_cached("SELECT call, channel, caller, started_ms, answered FROM open_calls ORDER BY started_ms, call")?
        .query_map([], |row| {
            Ok(OpenCallRecord {
                call: CallId(row.get(0)?),
                channel: ChannelId(row.get(1)?),
                caller: PeerId(row.get(2)?),
                started_ms: row.get::<_, Number>(3)?.0,
                answered: flag(row, 4)?,
            })
        })?
        .collect()
}

pub(crate) fn put(connection: &Connection, call: &OpenCallRecord) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO open_calls VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute((
            call.call.0,
            call.channel.0,
            call.caller.0,
            Number(call.started_ms),
            call.answered,
        ))?;
    Ok(())
}

pub(crate) fn delete(connection: &Connection, call: &CallId) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM open_calls WHERE call = ?1")?
        .execute((call.0,))?;
    Ok(())
}

/// Whether a call id was heard of before; remembers it.
pub(crate) fn remember(connection: &Connection, call: &CallId, now_ms: u64) -> rusqlite::Result<bool> {
    let added = connection
        .prepare_cached("INSERT INTO calls_heard_of VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute((call.0, Number(now_ms)))?;
    Ok(added == 0)
}
