//! A symmetric chain: one message key a step, no way back.

use super::MAX_SKIP;
use crate::{
    error::DecryptError,
    kdf::{self, Key},
};

/// Keys of messages passed over, by their numbers.
pub(super) type Passed = Vec<(u32, Key)>;

/// A chain after reading one message.
pub(super) struct Advanced {
    /// The chain behind that message.
    pub(super) chain: Chain,
    /// The keys of those before it that were passed over.
    pub(super) passed: Passed,
    /// Its own key.
    pub(super) key: Key,
}

/// A chain key and how many steps it has taken.
pub(super) struct Chain {
    key: Key,
    n: u32,
}

impl Chain {
    pub(super) fn new(key: Key) -> Self {
        Self { key, n: 0 }
    }

    pub(super) fn at(key: Key, n: u32) -> Self {
        Self { key, n }
    }

    /// The number of the next message.
    pub(super) const fn n(&self) -> u32 {
        self.n
    }

    pub(super) fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The chain after one step, and the key of message `n`. `None` at the end of the counter.
    pub(super) fn step(&self) -> Option<(Self, Key)> {
        let n = self.n.checked_add(1)?;
        #[cfg(test)]
        super::work::count_step();
        let (key, message) = kdf::chain_step(&self.key);
        Some((Self { key, n }, message))
    }

    /// The chain with `to` as its next message, and the keys of those passed over. `to` must not be behind.
    pub(super) fn skip_to(&self, to: u32) -> Result<(Self, Passed), DecryptError> {
        let missing = to.checked_sub(self.n).ok_or(DecryptError::Duplicate)?;
        if missing > MAX_SKIP {
            return Err(DecryptError::TooFarAhead);
        }
        let mut chain = Self::at(self.key.clone(), self.n);
        // At most MAX_SKIP, checked above, so the reservation is small.
        let mut passed = Vec::with_capacity(missing as usize);
        while chain.n < to {
            let (next, key) = chain.step().ok_or(DecryptError::Exhausted)?;
            passed.push((chain.n, key));
            chain = next;
        }
        Ok((chain, passed))
    }

    /// Steps over everything before `number` and over `number` itself.
    pub(super) fn advance(&self, number: u32) -> Result<Advanced, DecryptError> {
        let (chain, passed) = self.skip_to(number)?;
        let (chain, key) = chain.step().ok_or(DecryptError::Exhausted)?;
        Ok(Advanced { chain, passed, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(n: u32) -> Chain {
        Chain::at(Key::new([1; 32]), n)
    }

    #[test]
    fn the_limit_may_be_skipped_and_one_more_may_not() {
        let Advanced {
            chain: after, passed, ..
        } = chain(5).advance(5 + MAX_SKIP).unwrap();
        assert_eq!((after.n(), passed.len()), (6 + MAX_SKIP, MAX_SKIP as usize));
        assert_eq!(chain(5).advance(6 + MAX_SKIP).err(), Some(DecryptError::TooFarAhead));
        assert_eq!(chain(0).advance(u32::MAX).err(), Some(DecryptError::TooFarAhead));
    }

    #[test]
    fn the_counter_does_not_wrap() {
        assert!(chain(u32::MAX).step().is_none());
        assert_eq!(
            chain(u32::MAX - 1).advance(u32::MAX).err(),
            Some(DecryptError::Exhausted)
        );
        assert!(chain(u32::MAX - 1).advance(u32::MAX - 1).is_ok());
    }

    #[test]
    fn skipping_and_stepping_give_the_same_keys() {
        let Advanced { passed, key: last, .. } = chain(0).advance(3).unwrap();
        let mut walk = chain(0);
        for (n, key) in passed {
            let (next, message) = walk.step().unwrap();
            assert_eq!((walk.n(), &*message), (n, &*key));
            walk = next;
        }
        assert_eq!(*walk.step().unwrap().1, *last);
    }

    #[test]
    fn the_keys_of_a_chain_and_of_what_it_passed_over_are_wiped() {
        use crate::testing::wiped;
        let Advanced { chain, passed, key } = chain(0).advance(3).unwrap();
        let Chain { key: of_chain, n: _ } = &chain;
        wiped(of_chain);
        wiped(&key);
        passed.iter().for_each(|(_, key)| wiped(key));
    }
}
