//! Prekeys: what others need to write to us for the first time. Signed and KEM prekey are renewed weekly and their private
//! halves kept one week after that, for messages under way; a one-time half dies with the message it opened.

use orrery_crypto::{Identity, KemPrekeyPair, OneTimePrekeyPair, SignedPrekeyPair};
use orrery_protocol::{
    archive::{Archive, ArchiveError},
    limits::{ONE_TIME_PREKEYS, ONE_TIME_PREKEYS_LOW},
    prekey::OneTimePrekey,
    record::{PrekeyKind, PrekeyRecord},
};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::{
    error::Result,
    io::Output,
    profile::{read_value, write_value},
    turn::Turn,
};

const PREKEYS: &str = "prekeys";
const WEEK_MS: u64 = 7 * 24 * 3600 * 1000;
/// How often the age of the prekeys is looked at while the program runs.
const LOOK_MS: u64 = 3600 * 1000;
/// One-time halves kept at most: those on the server and those handed out and never used. Beyond it the oldest go, and a
/// message that would have used one leads to a fresh session instead.
const MAX_ONE_TIME_HALVES: usize = 4 * ONE_TIME_PREKEYS;

/// Signed or KEM halves kept at most. With a sound clock there are two; one that jumps about could keep the old ones from
/// ever being a week out of use.
const MAX_SIGNED_HALVES: usize = 4;

/// The row under [`PREKEYS`].
#[derive(Serialize, Deserialize)]
struct Numbers {
    /// The current signed prekey; the KEM prekey has the same number.
    current: u32,
    /// When the current ones were made.
    made_ms: u64,
    /// The signed prekey the server has confirmed; 0 for none.
    published: u32,
    /// The next one-time prekey's number.
    next_one_time: u32,
    /// What the server holds is not ours any more: it gets a whole new set.
    #[serde(default)]
    replace: bool,
}

pub(crate) fn create(
    archive: &mut dyn Archive,
    identity: &Identity,
    now_ms: u64,
    rng: &mut dyn CryptoRng,
) -> Result<()> {
    let mut numbers = Numbers {
        current: 0,
        made_ms: 0,
        published: 0,
        next_one_time: 1,
        replace: false,
    };
    renew(archive, identity, &mut numbers, now_ms, rng)?;
    write_value(archive, PREKEYS, &numbers)
}

fn renew(
    archive: &mut dyn Archive,
    identity: &Identity,
    numbers: &mut Numbers,
    now_ms: u64,
    rng: &mut dyn CryptoRng,
) -> Result<()> {
    numbers.current = numbers.current.wrapping_add(1).max(1);
    numbers.made_ms = now_ms;
    let signed = SignedPrekeyPair::generate(identity, numbers.current, rng);
    let kem = KemPrekeyPair::generate(identity, numbers.current, rng);
    for (kind, secret) in [(PrekeyKind::Signed, signed.encode()), (PrekeyKind::Kem, kem.encode())] {
        archive.put_prekey(&PrekeyRecord {
            kind,
            id: numbers.current,
            secret,
            created_ms: now_ms,
        })?;
    }
    Ok(())
}

fn one_time(
    archive: &mut dyn Archive,
    numbers: &mut Numbers,
    count: usize,
    now_ms: u64,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<OneTimePrekey>> {
    let mut public = Vec::with_capacity(count);
    for _ in 0..count {
        let pair = OneTimePrekeyPair::generate(numbers.next_one_time, rng);
        numbers.next_one_time = numbers.next_one_time.wrapping_add(1).max(1);
        archive.put_prekey(&PrekeyRecord {
            kind: PrekeyKind::OneTime,
            id: pair.id(),
            secret: pair.encode(),
            created_ms: now_ms,
        })?;
        public.push(pair.public());
    }
    let kept = archive.prekeys(PrekeyKind::OneTime)?;
    for old in kept.iter().take(kept.len().saturating_sub(MAX_ONE_TIME_HALVES)) {
        archive.delete_prekey(PrekeyKind::OneTime, old.id)?;
    }
    Ok(public)
}

impl Turn<'_> {
    /// Renews what is a week old and publishes what the server lacks. `server` is what it last said of its own:
    /// one-time prekeys left, and whether it holds any set at all.
    pub(crate) fn look_after_prekeys(&mut self, server: Option<(u32, bool)>) -> Result<()> {
        let now_ms = self.wall_ms();
        self.live.prekeys_at = Some(self.mono_ms().saturating_add(LOOK_MS));
        let mut numbers: Numbers = read_value(self.archive, PREKEYS)?.ok_or(ArchiveError::Damaged)?;
        // A restored profile has none: they never travel, so that what was written under them is read once only.
        let mut lost = false;
        for kind in [PrekeyKind::Signed, PrekeyKind::Kem] {
            lost |= self.archive.prekey(kind, numbers.current)?.is_none();
        }
        numbers.replace |= lost;
        // Far in the future it was made by a clock that was wrong, and would not be renewed before that day.
        if lost || now_ms.abs_diff(numbers.made_ms) >= WEEK_MS {
            renew(self.archive, self.identity, &mut numbers, now_ms, self.rng)?;
        }
        self.forget_replaced(numbers.current, now_ms)?;
        if self.live.online && self.live.publishing.is_none() {
            let (left, has_prekeys) = server.unwrap_or((u32::MAX, true));
            let has_prekeys = has_prekeys && !numbers.replace;
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            // A server without a set gets a new one: of what another server had, or this one before it lost it, nobody
            // knows which keys were handed out. Their halves stay for what was written under them.
            let missing = if !has_prekeys {
                ONE_TIME_PREKEYS
            } else if left < ONE_TIME_PREKEYS_LOW {
                ONE_TIME_PREKEYS.saturating_sub(left)
            } else {
                0
            };
            let fresh = if missing > 0 {
                one_time(self.archive, &mut numbers, missing, now_ms, self.rng)?
            } else {
                Vec::new()
            };
            if !has_prekeys || !fresh.is_empty() || numbers.published != numbers.current {
                self.publish(&numbers, fresh, !has_prekeys)?;
            }
        }
        write_value(self.archive, PREKEYS, &numbers)
    }

    /// Deletes the halves that were replaced a week ago. However old one is, until it is replaced the server hands it out,
    /// and what was written under it waits in the mailbox while we are away.
    fn forget_replaced(&mut self, current: u32, now_ms: u64) -> Result<()> {
        for kind in [PrekeyKind::Signed, PrekeyKind::Kem] {
            let mut kept = self.archive.prekeys(kind)?;
            kept.sort_by_key(|half| half.id);
            let replaced_ms = kept.iter().skip(1).map(|next| next.created_ms);
            let surplus = kept.len().saturating_sub(MAX_SIGNED_HALVES);
            for (place, (old, replaced_ms)) in kept.iter().zip(replaced_ms).enumerate() {
                let is_over = now_ms.saturating_sub(replaced_ms) >= WEEK_MS || place < surplus;
                if old.id != current && is_over {
                    self.archive.delete_prekey(kind, old.id)?;
                }
            }
        }
        Ok(())
    }

    fn publish(&mut self, numbers: &Numbers, one_time: Vec<OneTimePrekey>, replace: bool) -> Result<()> {
        let mut half = |kind| -> Result<PrekeyRecord> {
            Ok(self
                .archive
                .prekey(kind, numbers.current)?
                .ok_or(ArchiveError::Damaged)?)
        };
        let (signed, kem) = (half(PrekeyKind::Signed)?, half(PrekeyKind::Kem)?);
        let signed = SignedPrekeyPair::decode(&signed.secret.0).map_err(|_| ArchiveError::Damaged)?;
        let kem = KemPrekeyPair::decode(&kem.secret.0).map_err(|_| ArchiveError::Damaged)?;
        self.live.publishing = Some(numbers.current);
        self.push(Output::PublishPrekeys {
            signed: signed.public(),
            kem: kem.public(),
            one_time,
            replace,
        });
        Ok(())
    }

    pub(crate) fn prekeys_stored(&mut self) -> Result<()> {
        if let Some(published) = self.live.publishing.take() {
            let mut numbers: Numbers = read_value(self.archive, PREKEYS)?.ok_or(ArchiveError::Damaged)?;
            numbers.published = published;
            // It was said with this very set.
            numbers.replace = false;
            write_value(self.archive, PREKEYS, &numbers)?;
        }
        Ok(())
    }
}
