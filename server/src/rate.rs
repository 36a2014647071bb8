//! Token buckets by the generic cell rate algorithm: one number per bucket, no timer, time passed in.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::limits::{Span, SpanError};

/// A burst and how fast it refills. Written `60+10/s`: 60 at once, then 10 a second; `6+1/10m`: 6, then 1 in 10 minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How much may come at once.
    pub burst: u32,
    /// How much comes back in each [`Rate::per`].
    pub refill: u32,
    /// The time in which [`Rate::refill`] comes back.
    pub per: Duration,
}

impl Rate {
    /// `burst` at once, then `refill` in each `per`.
    #[must_use]
    pub const fn new(burst: u32, refill: u32, per: Duration) -> Self {
        Self { burst, refill, per }
    }

    /// The same, so many times as much.
    pub(crate) const fn times(self, factor: u32) -> Self {
        Self {
            burst: self.burst.saturating_mul(factor),
            refill: self.refill.saturating_mul(factor),
            per: self.per,
        }
    }

    /// Nanoseconds that one unit costs.
    fn unit_ns(self) -> u64 {
        let per = u64::try_from(self.per.as_nanos()).unwrap_or(u64::MAX);
        per / u64::from(self.refill.max(1))
    }
}

/// A rate that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a rate: write BURST+REFILL/TIME, as in 60+10/s or 6+1/10m")]
pub struct RateError;

impl From<SpanError> for RateError {
    fn from(_: SpanError) -> Self {
        Self
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (burst, rest) = text.split_once('+').ok_or(RateError)?;
        let (refill, per) = rest.split_once('/').ok_or(RateError)?;
        let rate = Self {
            burst: burst.trim().parse().map_err(|_| RateError)?,
            refill: refill.trim().parse().map_err(|_| RateError)?,
            per: per.trim().parse::<Span>()?.0,
        };
        if rate.burst == 0 || rate.refill == 0 || rate.per.is_zero() {
            return Err(RateError);
        }
        Ok(rate)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}/{}", self.burst, self.refill, Span(self.per))
    }
}

/// One bucket: the moment, in nanoseconds since the Unix epoch, at which it will be full again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bucket {
    full_at: u64,
}

const NS_PER_MS: u64 = 1_000_000;

impl Bucket {
    /// The bucket after taking `cost`, and how long whoever took it is in debt.
    fn after(self, rate: Rate, cost: u64, now_ms: u64) -> (Self, Duration) {
        let now = now_ms.saturating_mul(NS_PER_MS);
        let unit = rate.unit_ns();
        // A clock that was set back must not close the bucket for longer than it takes to fill.
        let burst = unit.saturating_mul(u64::from(rate.burst));
        let from = self.full_at.clamp(now, now.saturating_add(burst));
        let full_at = from.saturating_add(unit.saturating_mul(cost));
        let debt = full_at.saturating_sub(now.saturating_add(burst));
        (Self { full_at }, Duration::from_nanos(debt))
    }

    /// Takes `cost`, or says how long to wait until it can be taken; refused cost is not taken.
    pub(crate) fn take(&mut self, rate: Rate, cost: u64, now_ms: u64) -> Result<(), Duration> {
        let (after, debt) = self.after(rate, cost, now_ms);
        if debt.is_zero() {
            *self = after;
            Ok(())
        } else {
            Err(debt)
        }
    }

    /// Takes `cost` in any case and says how long to wait until the debt is paid.
    pub(crate) fn take_in_debt(&mut self, rate: Rate, cost: u64, now_ms: u64) -> Duration {
        let (after, debt) = self.after(rate, cost, now_ms);
        *self = after;
        debt
    }

    fn is_full(self, now_ms: u64) -> bool {
        self.full_at <= now_ms.saturating_mul(NS_PER_MS)
    }
}

/// Buckets by key. Keys are kept as hashes under a random key of this process, so the table holds no address and no id.
#[derive(Debug)]
pub(crate) struct Buckets {
    rate: Rate,
    hasher: RandomState,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    buckets: HashMap<u64, Bucket>,
    swept_ms: u64,
    /// Shared by all newcomers while the table is full, so that a flood of keys is limited as one.
    overflow: Bucket,
}

/// Keys that one table follows (about 2 MiB); beyond it newcomers share one bucket until others have refilled.
const CAPACITY: usize = 65_536;
/// A full table is searched for refilled buckets at most this often.
const SWEEP_MS: u64 = 1_000;

impl Buckets {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            rate,
            hasher: RandomState::new(),
            table: Mutex::new(Table::default()),
        }
    }

    /// Takes one unit for `key`, or says how long to wait.
    pub(crate) fn take(&self, key: impl Hash, now_ms: u64) -> Result<(), Duration> {
        let key = self.hasher.hash_one(key);
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let table = &mut *table;
        if let Some(bucket) = table.buckets.get_mut(&key) {
            return bucket.take(self.rate, 1, now_ms);
        }
        if table.buckets.len() >= CAPACITY && now_ms.abs_diff(table.swept_ms) >= SWEEP_MS {
            table.swept_ms = now_ms;
            table.buckets.retain(|_, bucket| !bucket.is_full(now_ms));
        }
        if table.buckets.len() >= CAPACITY {
            return table.overflow.take(self.rate, 1, now_ms);
        }
        table.buckets.entry(key).or_default().take(self.rate, 1, now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate::new(6, 1, Duration::from_secs(600));

    #[test]
    fn a_burst_passes_then_one_per_refill() {
        let mut bucket = Bucket::default();
        let mut now = 1_700_000_000_000;
        for _ in 0..6 {
            assert_eq!(bucket.take(RATE, 1, now), Ok(()));
        }
        assert_eq!(bucket.take(RATE, 1, now), Err(Duration::from_secs(600)));
        now += 599_999;
        assert_eq!(bucket.take(RATE, 1, now), Err(Duration::from_millis(1)));
        now += 1;
        assert_eq!(bucket.take(RATE, 1, now), Ok(()));
        assert!(bucket.take(RATE, 1, now).is_err());
    }

    #[test]
    fn a_bucket_refills_to_its_burst_and_not_beyond() {
        let mut bucket = Bucket::default();
        for now in [1_000, 1_000_000_000_000] {
            assert_eq!((0..20).filter(|_| bucket.take(RATE, 1, now).is_ok()).count(), 6);
        }
    }

    #[test]
    fn a_clock_set_back_closes_a_bucket_no_longer_than_a_refill() {
        let mut bucket = Bucket::default();
        for _ in 0..6 {
            bucket.take(RATE, 1, 2_000_000_000_000).unwrap();
        }
        assert_eq!(bucket.take(RATE, 1, 1_000_000_000_000), Err(Duration::from_secs(600)));
    }

    #[test]
    fn keys_do_not_share_until_the_table_is_full_and_then_newcomers_do() {
        let buckets = Buckets::new(RATE);
        for key in 0..CAPACITY {
            assert_eq!(buckets.take(key, 1), Ok(()));
        }
        let passed = (CAPACITY..CAPACITY + 100)
            .filter(|key| buckets.take(key, 2).is_ok())
            .count();
        assert_eq!(passed, 6);
        assert_eq!(buckets.take(0usize, 2), Ok(()), "who was there before is not hurt");
        // Ten minutes later all have refilled and make room.
        assert_eq!(buckets.take(CAPACITY + 5, 700_000), Ok(()));
        assert_eq!(buckets.table.lock().unwrap().buckets.len(), 1 + 1);
    }

    #[test]
    fn a_rate_survives_its_text_form() {
        for text in ["60+10/s", "6+1/10m", "262144+65536/s", "1+1/1500ms"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for text in ["", "60", "60+10", "0+1/s", "1+0/s", "1+1/0s", "1+1/x", "-1+1/s", "1+1/"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError), "{text}");
        }
    }
}
