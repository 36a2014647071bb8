//! Chance with a seed.

use rand::{Rng, SeedableRng, rngs::ChaCha20Rng};

/// The same draws for the same seed.
#[derive(Debug)]
pub struct Dice(ChaCha20Rng);

impl Dice {
    /// Dice of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    /// 0 to `sides - 1`; 0 where there are no sides.
    pub fn below(&mut self, sides: u64) -> u64 {
        self.0.next_u64().checked_rem(sides).unwrap_or(0)
    }

    /// A place in a list of this length.
    pub fn place(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: u8) -> bool {
        self.below(100) < u64::from(percent)
    }

    /// One of these; nothing of nothing.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let place = self.place(all.len());
        all.get(place)
    }

    /// Random bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// The source itself.
    pub fn rng(&mut self) -> &mut ChaCha20Rng {
        &mut self.0
    }
}
