//! Prekeys: uploaded by their owner, handed out to who may write; a one-time prekey once.

use orrery_protocol::{
    PeerId,
    frame::DepositToken,
    limits::ONE_TIME_PREKEYS_LOW,
    prekey::{KemPrekey, OneTimePrekey, PrekeyBundle, SignedPrekey},
};
use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};
use serde_bytes::{ByteArray, ByteBuf};

use super::{Answer, Store, StoreError, people::register, signed, tokens::Opened};
use crate::limits::{ONE_TIME_STORED, USED_REMEMBERED};

/// Prekeys as their owner uploads them.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) signed: SignedPrekey,
    pub(crate) kem: KemPrekey,
    pub(crate) one_time: Vec<OneTimePrekey>,
    pub(crate) replace: bool,
}

/// What became of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    /// Stored; this many one-time prekeys are there now.
    Stored {
        /// How many.
        one_time_left: u32,
    },
    /// More one-time prekeys than one person may have here; nothing was stored.
    TooMany,
    /// The server takes nobody new.
    NobodyNew,
}

/// The answer to a fetch.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// The keys.
    Bundle(Box<PrekeyBundle>),
    /// No such person, no keys, or the token opens nothing: one answer.
    NotAccepted,
}

impl Store {
    /// Stores prekeys.
    pub(crate) async fn publish(&self, peer: PeerId, upload: Upload) -> Result<Published, StoreError> {
        let around = self.around.clone();
        let job = move |db: &Connection| {
            if !fits(db, peer, &upload)? {
                return Ok(Published::TooMany);
            }
            let Some(person) = register(db, peer, around.clock.now_ms(), &around.limits)? else {
                return Ok(Published::NobodyNew);
            };
            store(db, person, &upload)?;
            Ok(Published::Stored {
                one_time_left: one_time_left(db, person)?,
            })
        };
        self.ask(job, |published| published).await
    }

    /// Hands out a bundle; its one-time prekey, if it has one, is gone from here when the answer comes.
    pub(crate) async fn fetch(&self, peer: PeerId, token: DepositToken) -> Answer<Fetched> {
        let around = self.around.clone();
        let job = move |db: &Connection| {
            let Some(opened) = Opened::by(db, peer, &token, around.clock.now_ms())? else {
                return Ok((None, None));
            };
            let Some(mut bundle) = bundle(db, peer, opened.person)? else {
                return Ok((None, None));
            };
            let mut low = None;
            if !opened.request {
                bundle.one_time = hand_out(db, opened.person)?;
                let left = one_time_left(db, opened.person)?;
                low = (bundle.one_time.is_some() && (left as usize) < ONE_TIME_PREKEYS_LOW).then_some(left);
            }
            Ok((Some(bundle), low))
        };
        let hub = self.around.hub.clone();
        let after = move |(bundle, low): (Option<PrekeyBundle>, Option<u32>)| {
            if let (Some(left), Some(lane)) = (low, hub.lane(&peer)) {
                lane.prekeys_low(left);
            }
            bundle.map_or(Fetched::NotAccepted, |bundle| Fetched::Bundle(Box::new(bundle)))
        };
        self.writer.enqueue(job, after).await
    }
}

/// Whether the one-time prekeys that `peer` would then have are not more than one person may store.
fn fits(db: &Connection, peer: PeerId, upload: &Upload) -> rusqlite::Result<bool> {
    let kept: u32 = if upload.replace {
        0
    } else {
        db.prepare_cached(
            "SELECT count(*) FROM one_time JOIN person ON person.key = one_time.person
             WHERE peer = ?1 AND one_time.key IS NOT NULL",
        )?
        .query_row([&peer.0], |row| row.get(0))?
    };
    Ok((kept as usize).saturating_add(upload.one_time.len()) <= ONE_TIME_STORED)
}

fn store(db: &Connection, person: i64, upload: &Upload) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE person SET signed_id = ?2, signed_key = ?3, signed_signature = ?4,
         kem_id = ?5, kem_key = ?6, kem_signature = ?7 WHERE key = ?1",
    )?
    .execute(params![
        person,
        upload.signed.id,
        upload.signed.key.as_slice(),
        upload.signed.signature.as_slice(),
        upload.kem.id,
        upload.kem.key.as_slice(),
        upload.kem.signature.as_slice(),
    ])?;
    if upload.replace {
        db.prepare_cached("DELETE FROM one_time WHERE person = ?1")?
            .execute([person])?;
    }
    // A number that is there already stays as it is, also one whose key was handed out: an upload that is repeated
    // because its answer was lost must not bring a used key back.
    let mut add = db.prepare_cached("INSERT OR IGNORE INTO one_time (person, id, key) VALUES (?1, ?2, ?3)")?;
    for prekey in &upload.one_time {
        add.execute(params![person, prekey.id, prekey.key.as_slice()])?;
    }
    Ok(())
}

fn bundle(db: &Connection, peer: PeerId, person: i64) -> rusqlite::Result<Option<PrekeyBundle>> {
    db.prepare_cached(
        "SELECT signed_id, signed_key, signed_signature, kem_id, kem_key, kem_signature
         FROM person WHERE key = ?1 AND signed_id IS NOT NULL",
    )?
    .query_row([person], |row| {
        Ok(PrekeyBundle {
            peer,
            signed: SignedPrekey {
                id: row.get(0)?,
                key: array(row, 1)?,
                signature: array(row, 2)?,
            },
            kem: KemPrekey {
                id: row.get(3)?,
                key: ByteBuf::from(row.get::<_, Vec<u8>>(4)?),
                signature: array(row, 5)?,
            },
            one_time: None,
        })
    })
    .optional()
}

/// Takes the one-time prekey with the lowest number out, leaving its number behind.
fn hand_out(db: &Connection, person: i64) -> rusqlite::Result<Option<OneTimePrekey>> {
    let prekey = db
        .prepare_cached("SELECT id, key FROM one_time WHERE person = ?1 AND key IS NOT NULL ORDER BY id LIMIT 1")?
        .query_row([person], |row| {
            Ok(OneTimePrekey {
                id: row.get(0)?,
                key: array(row, 1)?,
            })
        })
        .optional()?;
    let Some(prekey) = prekey else { return Ok(None) };
    db.prepare_cached(
        "UPDATE one_time SET key = NULL, used_order =
         (SELECT coalesce(max(used_order), 0) + 1 FROM one_time WHERE person = ?1 AND key IS NULL)
         WHERE person = ?1 AND id = ?2",
    )?
    .execute(params![person, prekey.id])?;
    db.prepare_cached(
        "DELETE FROM one_time WHERE person = ?1 AND key IS NULL AND used_order <=
         (SELECT max(used_order) FROM one_time WHERE person = ?1 AND key IS NULL) - ?2",
    )?
    .execute(params![person, signed(USED_REMEMBERED as u64)])?;
    Ok(Some(prekey))
}

pub(super) fn one_time_left(db: &Connection, person: i64) -> rusqlite::Result<u32> {
    db.prepare_cached("SELECT count(*) FROM one_time WHERE person = ?1 AND key IS NOT NULL")?
        .query_row([person], |row| row.get(0))
}

fn array<const N: usize>(row: &Row<'_>, column: usize) -> rusqlite::Result<ByteArray<N>> {
    let bytes: Vec<u8> = row.get(column)?;
    let bytes: [u8; N] = bytes.try_into().map_err(|bytes: Vec<u8>| {
        rusqlite::Error::FromSqlConversionFailure(bytes.len(), Type::Blob, "wrong length".into())
    })?;
    Ok(ByteArray::new(bytes))
}
