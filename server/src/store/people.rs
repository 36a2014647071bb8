//! Who has a mailbox here, and on which day each was last seen.

use orrery_protocol::PeerId;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Store, StoreError, prekeys, signed};
use crate::{hub::Hub, limits::Limits};

const DAY_MS: u64 = 24 * 3600 * 1000;
/// People let go in one sweep; the next one comes soon, and deposits must not wait for a large one.
const SWEPT_AT_ONCE: i64 = 200;

/// What the server knows about somebody who logs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Whether there is a mailbox.
    pub(crate) known: bool,
    /// Whether a signed and a KEM prekey are stored.
    pub(crate) has_prekeys: bool,
    /// One-time prekeys left.
    pub(crate) one_time_left: u32,
}

impl Store {
    /// What is known about `peer`, who has just logged in and counts as seen today.
    pub(crate) async fn standing(&self, peer: PeerId) -> Result<Standing, StoreError> {
        let clock = self.around.clock.clone();
        let job = move |db: &Connection| {
            let row = db
                .prepare_cached("SELECT key, signed_id IS NOT NULL FROM person WHERE peer = ?1")?
                .query_row([&peer.0], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))
                .optional()?;
            let Some((person, has_prekeys)) = row else {
                return Ok(Standing::default());
            };
            // The first log-in of a day writes, the others change nothing.
            db.prepare_cached("UPDATE person SET seen_day = ?2 WHERE key = ?1 AND seen_day IS NOT ?2")?
                .execute(params![person, day(clock.now_ms())])?;
            let one_time_left = prekeys::one_time_left(db, person)?;
            Ok(Standing {
                known: true,
                has_prekeys,
                one_time_left,
            })
        };
        self.ask(job, |standing| standing).await
    }
}

/// The row of `peer`, created when there is none and room for one.
pub(super) fn register(db: &Connection, peer: PeerId, now_ms: u64, limits: &Limits) -> rusqlite::Result<Option<i64>> {
    let known = db
        .prepare_cached("SELECT key FROM person WHERE peer = ?1")?
        .query_row([&peer.0], |row| row.get(0))
        .optional()?;
    if known.is_some() {
        return Ok(known);
    }
    let people: i64 = db
        .prepare_cached("SELECT people FROM total")?
        .query_row([], |row| row.get(0))?;
    if u64::try_from(people).unwrap_or_default() >= limits.max_people {
        return Ok(None);
    }
    db.prepare_cached("INSERT INTO person (peer, seen_day) VALUES (?1, ?2)")?
        .execute(params![peer.0, day(now_ms)])?;
    Ok(Some(db.last_insert_rowid()))
}

/// Lets go of people who did not come for long and for whom nothing waits, with their prekeys and tokens, so that
/// mailboxes that nobody wants do not keep others out for good.
pub(super) fn sweep(db: &Connection, now_ms: u64, limits: &Limits, hub: &Hub) -> rusqlite::Result<()> {
    let today = day(now_ms);
    let days = limits.mailbox_lifetime.millis().div_ceil(DAY_MS);
    let mut find = db.prepare_cached("SELECT key, peer FROM person WHERE seen_day < ?1 AND envelopes = 0 LIMIT ?2")?;
    let gone = find
        .query_map(params![today.saturating_sub(signed(days)), SWEPT_AT_ONCE], |row| {
            Ok((row.get::<_, i64>(0)?, PeerId(row.get(1)?)))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for (person, peer) in gone {
        if hub.lane(&peer).is_some() {
            // A connection as old as that: its owner is here today.
            db.prepare_cached("UPDATE person SET seen_day = ?2 WHERE key = ?1")?
                .execute([person, today])?;
            continue;
        }
        for statement in [
            "DELETE FROM one_time WHERE person = ?1",
            "DELETE FROM token WHERE person = ?1",
            "DELETE FROM person WHERE key = ?1",
        ] {
            db.prepare_cached(statement)?.execute([person])?;
        }
    }
    Ok(())
}

/// Days since the Unix epoch.
pub(super) fn day(now_ms: u64) -> i64 {
    signed(now_ms / DAY_MS)
}
