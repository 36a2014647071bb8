//! What opens a mailbox: only hashes are kept.

use orrery_protocol::{
    PeerId, Token, TokenHash,
    frame::{CallToken, DepositToken},
    limits::OLD_TOKEN_LIFETIME,
};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::{Store, StoreError, people::register, signed};
use crate::limits::{CALL_TOKEN_LIFETIME, OLD_TOKENS};

const DELIVERY: i64 = 0;
const REPLACED: i64 = 1;
const REQUEST: i64 = 2;
const CALL: i64 = 3;

/// The tokens of one mailbox, as its owner sets them.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) delivery: TokenHash,
    pub(crate) revoked: Vec<TokenHash>,
    pub(crate) requests: Vec<TokenHash>,
    pub(crate) calls: Vec<CallToken>,
}

impl Store {
    /// Sets the tokens of a mailbox; `false` when the server takes nobody new.
    pub(crate) async fn set_tokens(&self, peer: PeerId, tokens: Tokens) -> Result<bool, StoreError> {
        let around = self.around.clone();
        let job = move |db: &Connection| {
            let now_ms = around.clock.now_ms();
            let Some(person) = register(db, peer, now_ms, &around.limits)? else {
                return Ok(false);
            };
            set(db, person, &tokens, now_ms)?;
            Ok(true)
        };
        self.ask(job, |taken| taken).await
    }
}

fn set(db: &Connection, person: i64, tokens: &Tokens, now_ms: u64) -> rusqlite::Result<()> {
    // The delivery token until now becomes a replaced one, unless it is the same still.
    let old_end = signed(now_ms.saturating_add(millis(OLD_TOKEN_LIFETIME)));
    db.prepare_cached("UPDATE token SET kind = ?3, expires_ms = ?4 WHERE person = ?1 AND kind = ?5 AND hash <> ?2")?
        .execute(params![person, tokens.delivery.0, REPLACED, old_end, DELIVERY])?;
    db.prepare_cached("DELETE FROM token WHERE person = ?1 AND kind IN (?2, ?3)")?
        .execute(params![person, REQUEST, CALL])?;
    db.prepare_cached("INSERT OR REPLACE INTO token (person, hash, kind, expires_ms) VALUES (?1, ?2, ?3, NULL)")?
        .execute(params![person, tokens.delivery.0, DELIVERY])?;
    let mut revoke = db.prepare_cached("DELETE FROM token WHERE person = ?1 AND hash = ?2 AND kind = ?3")?;
    for hash in &tokens.revoked {
        revoke.execute(params![person, hash.0, REPLACED])?;
    }
    db.prepare_cached(
        "DELETE FROM token WHERE person = ?1 AND kind = ?2 AND hash NOT IN
         (SELECT hash FROM token WHERE person = ?1 AND kind = ?2 ORDER BY expires_ms DESC LIMIT ?3)",
    )?
    .execute(params![person, REPLACED, signed(OLD_TOKENS as u64)])?;
    // A hash that is a delivery token already stays one.
    let mut add =
        db.prepare_cached("INSERT OR IGNORE INTO token (person, hash, kind, expires_ms) VALUES (?1, ?2, ?3, ?4)")?;
    for hash in &tokens.requests {
        add.execute(params![person, hash.0, REQUEST, None::<i64>])?;
    }
    let latest = now_ms.saturating_add(millis(CALL_TOKEN_LIFETIME));
    for call in &tokens.calls {
        add.execute(params![person, call.hash.0, CALL, signed(call.expires_ms.min(latest))])?;
    }
    Ok(())
}

/// A mailbox that a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) person: i64,
    /// By a request token, which opens it for requests only.
    pub(super) request: bool,
}

impl Opened {
    /// The mailbox of `peer`, if `token` opens it in the way it is shown. One statement answers for a mailbox that
    /// does not exist and for a token that does not open it, so the two cannot be told apart.
    pub(super) fn by(
        db: &Connection,
        peer: PeerId,
        token: &DepositToken,
        now_ms: u64,
    ) -> rusqlite::Result<Option<Self>> {
        let (shown, request) = match token {
            DepositToken::Delivery(token) => (token, false),
            DepositToken::Request(token) => (token, true),
        };
        let person = db
            .prepare_cached(
                "SELECT person.key FROM person JOIN token ON token.person = person.key
                 WHERE peer = ?1 AND hash = ?2 AND (kind = ?3) = ?4 AND (expires_ms IS NULL OR expires_ms > ?5)",
            )?
            .query_row(
                params![peer.0, hash(shown).0, REQUEST, request, signed(now_ms)],
                |row| row.get(0),
            )
            .optional()?;
        Ok(person.map(|person| Self { person, request }))
    }
}

/// SHA-256 of a token.
pub(super) fn hash(token: &Token) -> TokenHash {
    TokenHash(Sha256::digest(token.0).into())
}

pub(super) fn sweep(db: &Connection, now_ms: u64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM token WHERE expires_ms <= ?1")?
        .execute([signed(now_ms)])?;
    Ok(())
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
