//! Reactions on messages, removed ones included: a late "on" must not win over a newer "off".

use orrery_protocol::{MessageRef, PeerId, record::Reaction};
use rusqlite::{Connection, OptionalExtension};

use super::{flag, number::Number};

/// Reactions standing on a message, in the order they came.
pub(crate) fn on(connection: &Connection, target: &MessageRef) -> rusqlite::Result<Vec<Reaction>> {
    connection
        .prepare_cached(
            "SELECT by, emoji FROM reactions WHERE target_author = ?1 AND target_id = ?2 AND present = 1 ORDER BY number",
        )?
        .query_map((target.author.0, target.id.0), |row| {
            Ok(Reaction {
                by: PeerId(row.get(0)?),
                emoji: row.get(1)?,
            })
        })?
        .collect()
}

/// Sets or removes one; says whether what stands there changed.
pub(crate) fn set(
    connection: &Connection,
    target: &MessageRef,
    by: &PeerId,
    emoji: &str,
    on: bool,
    at: (u64, u64),
) -> rusqlite::Result<bool> {
    let known = connection
        .prepare_cached(
            "SELECT number, present, lamport, seq FROM reactions \
             WHERE target_author = ?1 AND target_id = ?2 AND by = ?3 AND emoji = ?4",
        )?
        .query_row((target.author.0, target.id.0, by.0, emoji), |row| {
            let then = (row.get::<_, Number>(2)?.0, row.get::<_, Number>(3)?.0);
            Ok((row.get::<_, i64>(0)?, flag(row, 1)?, then))
        })
        .optional()?;
    let stood = match known {
        Some((_, _, then)) if at <= then => return Ok(false),
        Some((number, stood, _)) => {
            if stood == on {
                connection
                    .prepare_cached("UPDATE reactions SET lamport = ?2, seq = ?3 WHERE number = ?1")?
                    .execute((number, Number(at.0), Number(at.1)))?;
                return Ok(false);
            }
            // One that comes back comes last, so its row is made anew.
            connection
                .prepare_cached("DELETE FROM reactions WHERE number = ?1")?
                .execute((number,))?;
            stood
        }
        None => false,
    };
    connection
        .prepare_cached(
            "INSERT INTO reactions (target_author, target_id, by, emoji, present, lamport, seq) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            target.author.0,
            target.id.0,
            by.0,
            emoji,
            on,
            Number(at.0),
            Number(at.1),
        ))?;
    Ok(stood != on)
}

pub(crate) fn delete_on(connection: &Connection, target: &MessageRef) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM reactions WHERE target_author = ?1 AND target_id = ?2")?
        .execute((target.author.0, target.id.0))?;
    Ok(())
}
