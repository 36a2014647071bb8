//! Keys of messages that were leapt over and may still come.

use std::collections::VecDeque;

use super::{MAX_SKIPPED_KEPT, SKIPPED_LIFETIME_MS, chain::Passed};
use crate::kdf::Key;

/// One key. The secret is on the heap: entries shift within the queue, and that must not leave copies.
pub(super) struct SkippedKey {
    pub(super) chain: [u8; 32],
    pub(super) number: u32,
    /// When it was put here, ms since the Unix epoch.
    pub(super) stamp_ms: u64,
    pub(super) key: Box<Key>,
}

/// The oldest first, at most [`MAX_SKIPPED_KEPT`].
#[derive(Default)]
pub(super) struct SkippedKeys(VecDeque<SkippedKey>);

fn is_expired(stamp_ms: u64, now_ms: u64) -> bool {
    now_ms.saturating_sub(stamp_ms) >= SKIPPED_LIFETIME_MS
}

impl SkippedKeys {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &SkippedKey> {
        self.0.iter()
    }

    /// Adds keys of one chain; the oldest go when there are too many.
    pub(super) fn add(&mut self, chain: [u8; 32], keys: Passed, now_ms: u64) {
        for (number, key) in keys {
            self.push(SkippedKey {
                chain,
                number,
                stamp_ms: now_ms,
                key: Box::new(key),
            });
        }
    }

    pub(super) fn push(&mut self, key: SkippedKey) {
        if self.0.len() >= MAX_SKIPPED_KEPT {
            self.0.pop_front();
        }
        self.0.push_back(key);
    }

    /// The place and key of a message, unless it has expired.
    pub(super) fn find(&self, chain: &[u8; 32], number: u32, now_ms: u64) -> Option<(usize, Key)> {
        // The number differs far more often than the chain: comparing it first makes the walk cheap.
        self.0
            .iter()
            .enumerate()
            .find(|(_, key)| key.number == number && key.chain == *chain && !is_expired(key.stamp_ms, now_ms))
            .map(|(place, key)| (place, (*key.key).clone()))
    }

    pub(super) fn has_chain(&self, chain: &[u8; 32]) -> bool {
        self.0.iter().any(|key| key.chain == *chain)
    }

    pub(super) fn remove(&mut self, place: usize) {
        self.0.remove(place);
    }

    /// Drops what is too old. A stamp from the future (the clock was set back) counts from now on, or it would stay
    /// for as long as the clock was wrong.
    pub(super) fn expire(&mut self, now_ms: u64) {
        self.0.retain_mut(|key| {
            key.stamp_ms = key.stamp_ms.min(now_ms);
            !is_expired(key.stamp_ms, now_ms)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(numbers: std::ops::Range<u32>) -> Passed {
        numbers.map(|n| (n, Key::new([n as u8; 32]))).collect()
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let mut skipped = SkippedKeys::default();
        for chain in 0..4 {
            skipped.add([chain; 32], keys(0..1000), 0);
            assert!(skipped.len() <= MAX_SKIPPED_KEPT);
        }
        assert!(skipped.find(&[1; 32], 999, 0).is_none());
        assert!(skipped.find(&[2; 32], 0, 0).is_some());
        assert_eq!(skipped.len(), MAX_SKIPPED_KEPT);
    }

    #[test]
    fn a_key_lives_for_thirty_days() {
        let mut skipped = SkippedKeys::default();
        skipped.add([1; 32], keys(0..1), 1000);
        let end = 1000 + SKIPPED_LIFETIME_MS;
        assert!(skipped.find(&[1; 32], 0, end - 1).is_some());
        assert!(skipped.find(&[1; 32], 0, end).is_none());
        skipped.expire(end - 1);
        assert_eq!(skipped.len(), 1);
        skipped.expire(end);
        assert_eq!(skipped.len(), 0);
    }

    #[test]
    fn a_clock_set_back_makes_no_key_live_for_ever() {
        let mut skipped = SkippedKeys::default();
        skipped.add([1; 32], keys(0..1), u64::MAX);
        skipped.expire(5000);
        skipped.expire(5000 + SKIPPED_LIFETIME_MS);
        assert_eq!(skipped.len(), 0);
    }

    #[test]
    fn a_skipped_key_is_wiped() {
        let mut skipped = SkippedKeys::default();
        skipped.add([1; 32], keys(0..1), 0);
        let SkippedKey {
            chain: _,
            number: _,
            stamp_ms: _,
            key,
        } = &skipped.0[0];
        crate::testing::wiped(&**key);
    }
}
