//! Envelopes: taken, read page by page, acknowledged, expired.

use std::sync::Arc;

use orrery_protocol::{PeerId, frame::DepositToken, limits::MAX_PENDING_REQUESTS};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Answer, Store, StoreError, signed, tokens::Opened};
use crate::{
    hub::{Lane, Mail},
    limits::{Limits, PAGE, PAGE_BYTES},
    metrics::Dropped,
};

/// An envelope for a mailbox.
#[derive(Debug)]
pub(crate) struct Deposit {
    pub(crate) to: PeerId,
    pub(crate) token: DepositToken,
    pub(crate) envelope: Vec<u8>,
    pub(crate) keep: bool,
}

/// What became of a deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deposited {
    /// It is on the disk, or, when not to be kept, was offered to whoever is connected.
    Taken,
    /// No such mailbox, or the token does not open it.
    NotAccepted,
    /// The mailbox holds as much as it may.
    MailboxFull,
    /// All mailboxes together hold as much as they may.
    StoreFull,
}

/// Part of a mailbox, oldest first.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) mail: Vec<Mail>,
    /// Whether the mailbox ends here; from then on mail is pushed.
    pub(crate) complete: bool,
}

impl Store {
    /// Asks for a deposit; the answer comes when it is on the disk.
    pub(crate) async fn deposit(&self, deposit: Deposit) -> Answer<Deposited> {
        let around = self.around.clone();
        let (to, keep) = (deposit.to, deposit.keep);
        let job = move |db: &Connection| {
            let now_ms = around.clock.now_ms();
            let (outcome, id) = put(db, &deposit, now_ms, &around.limits)?;
            Ok((
                outcome,
                Mail {
                    id,
                    taken_ms: now_ms,
                    envelope: deposit.envelope,
                },
            ))
        };
        let (hub, metrics) = (self.around.hub.clone(), self.around.metrics.clone());
        let after = move |(outcome, mail): (Deposited, Mail)| {
            if outcome == Deposited::Taken {
                match hub.lane(&to) {
                    Some(lane) if keep => lane.push_kept(mail),
                    Some(lane) if lane.push_unkept(mail) => {}
                    None if keep => {}
                    _ => metrics.dropped(Dropped::Unkept),
                }
            }
            outcome
        };
        self.writer.enqueue(job, after).await
    }

    /// Reads on in a mailbox after number `after`. At the mailbox's end `lane` goes live in the same breath, so that
    /// the next commit's mail is pushed.
    pub(crate) async fn page(&self, peer: PeerId, after: u64, lane: Arc<Lane>) -> Result<Page, StoreError> {
        let around = self.around.clone();
        let job = move |db: &Connection| read(db, peer, after, around.clock.now_ms(), &around.limits);
        self.ask(job, move |page: Page| {
            if page.complete {
                lane.go_live();
            }
            page
        })
        .await
    }

    /// Forgets what the client has stored. Numbers that are not (or no longer) in the mailbox are no error.
    pub(crate) async fn acknowledge(&self, peer: PeerId, ids: Vec<u64>) -> Answer<()> {
        let job = move |db: &Connection| {
            let mut statement = db.prepare_cached(
                "DELETE FROM envelope WHERE id = ?2 AND person = (SELECT key FROM person WHERE peer = ?1)",
            )?;
            for id in ids {
                statement.execute(params![peer.0, signed(id)])?;
            }
            Ok(())
        };
        self.writer.enqueue(job, |()| ()).await
    }
}

fn put(db: &Connection, deposit: &Deposit, now_ms: u64, limits: &Limits) -> rusqlite::Result<(Deposited, Option<u64>)> {
    let Some(opened) = Opened::by(db, deposit.to, &deposit.token, now_ms)? else {
        return Ok((Deposited::NotAccepted, None));
    };
    if !deposit.keep {
        return Ok((Deposited::Taken, None));
    }
    let (person, size) = (opened.person, deposit.envelope.len() as u64);
    if !has_room(db, person, size, opened.request, limits)? {
        // Refuse only what is full of mail that still counts.
        expire(db, person, now_ms, limits)?;
        if !has_room(db, person, size, opened.request, limits)? {
            return Ok((Deposited::MailboxFull, None));
        }
    }
    let (_, stored) = totals(db)?;
    if stored.saturating_add(size) > limits.stored_bytes {
        return Ok((Deposited::StoreFull, None));
    }
    let id: i64 = db
        .prepare_cached(
            "INSERT INTO envelope (person, id, taken_ms, request, size, body)
             SELECT key, next_id, ?2, ?3, ?4, ?5 FROM person WHERE key = ?1 RETURNING id",
        )?
        .query_row(
            params![person, signed(now_ms), opened.request, signed(size), deposit.envelope],
            |row| row.get(0),
        )?;
    Ok((Deposited::Taken, u64::try_from(id).ok()))
}

fn has_room(db: &Connection, person: i64, size: u64, request: bool, limits: &Limits) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT envelopes < ?2 AND bytes + ?3 <= ?4 AND (NOT ?5 OR requests < ?6) FROM person WHERE key = ?1",
    )?
    .query_row(
        params![
            person,
            limits.mailbox_envelopes,
            signed(size),
            signed(limits.mailbox_bytes),
            request,
            signed(MAX_PENDING_REQUESTS as u64),
        ],
        |row| row.get(0),
    )
}

fn oldest_that_counts(now_ms: u64, limits: &Limits) -> i64 {
    signed(now_ms.saturating_sub(limits.envelope_lifetime.millis()))
}

fn expire(db: &Connection, person: i64, now_ms: u64, limits: &Limits) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM envelope WHERE person = ?1 AND taken_ms <= ?2")?
        .execute(params![person, oldest_that_counts(now_ms, limits)])?;
    Ok(())
}

fn read(db: &Connection, peer: PeerId, after: u64, now_ms: u64, limits: &Limits) -> rusqlite::Result<Page> {
    let mut statement = db.prepare_cached(
        "SELECT envelope.id, taken_ms, body FROM envelope JOIN person ON person.key = envelope.person
         WHERE person.peer = ?1 AND envelope.id > ?2 AND taken_ms > ?3 ORDER BY envelope.id",
    )?;
    let mut rows = statement.query(params![peer.0, signed(after), oldest_that_counts(now_ms, limits)])?;
    let (mut mail, mut bytes) = (Vec::new(), 0usize);
    while let Some(row) = rows.next()? {
        if mail.len() == PAGE || bytes >= PAGE_BYTES {
            return Ok(Page { mail, complete: false });
        }
        let envelope: Vec<u8> = row.get(2)?;
        bytes = bytes.saturating_add(envelope.len());
        mail.push(Mail {
            id: u64::try_from(row.get::<_, i64>(0)?).ok(),
            taken_ms: u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default(),
            envelope,
        });
    }
    Ok(Page { mail, complete: true })
}

/// Envelopes deleted in one sweep; the next one comes soon, and deposits must not wait for a large one.
const SWEPT_AT_ONCE: i64 = 2000;
/// Pages of the file given back to the system in one sweep.
const PAGES_RETURNED: i64 = 256;

pub(super) fn sweep(db: &Connection, now_ms: u64, limits: &Limits) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM envelope WHERE key IN (SELECT key FROM envelope WHERE taken_ms <= ?1 LIMIT ?2)")?
        .execute(params![oldest_that_counts(now_ms, limits), SWEPT_AT_ONCE])?;
    let mut vacuum = db.prepare_cached(&format!("PRAGMA incremental_vacuum({PAGES_RETURNED})"))?;
    let mut rows = vacuum.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

/// Envelopes and bytes in all mailboxes.
pub(super) fn totals(db: &Connection) -> rusqlite::Result<(u64, u64)> {
    let (envelopes, bytes): (i64, i64) = db
        .prepare_cached("SELECT envelopes, bytes FROM total")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .unwrap_or_default();
    Ok((
        u64::try_from(envelopes).unwrap_or_default(),
        u64::try_from(bytes).unwrap_or_default(),
    ))
}
