//! How long the packets that repair a loss take to come.

/// Lengths of runs, in steps of this, µs, …
const STEP_US: i64 = 10_000;
/// … up to 160 ms.
const STEPS: usize = 16;
/// How much of what was known survives one run of losses.
const FORGET: f32 = 0.98;
/// The share of what is lost that shall be repaired.
const QUANTILE: f32 = 0.88;
/// Fewer runs than this are an accident.
const HABIT: u32 = 3;
/// Runs further apart than this have nothing to do with each other.
const APART_US: u64 = 20_000_000;
/// The most that is waited for the sake of repairs: beyond, a conversation suffers more from the delay than from the loss.
const MOST_US: i64 = 120_000;

/// Learns how long the runs of lost packets are that redundancy can mend, and so how far the sound must stay behind the newest packet
/// for the redundancy to have come in time.
#[derive(Clone, Debug, Default)]
pub(super) struct Repairs {
    steps: [f32; STEPS],
    runs: u32,
    last_us: u64,
}

impl Repairs {
    /// A run of losses this long, which later packets describe, was met at `now_us`.
    pub(super) fn run(&mut self, span_us: i64, now_us: u64) {
        if now_us.saturating_sub(self.last_us) > APART_US {
            *self = Self::default();
        }
        self.last_us = now_us;
        self.runs = self.runs.saturating_add(1);
        let step = usize::try_from((span_us - 1) / STEP_US).unwrap_or(0).min(STEPS - 1);
        for (at, weight) in self.steps.iter_mut().enumerate() {
            *weight *= FORGET;
            if at == step {
                // A long run weighs as much as what is lost in it.
                *weight += (step + 1) as f32;
            }
        }
    }

    /// The delay that lets most of them be repaired, µs; 0 where there is no habit of losing.
    pub(super) fn wanted_us(&self, now_us: u64) -> i64 {
        if self.runs < HABIT || now_us.saturating_sub(self.last_us) > APART_US {
            return 0;
        }
        let all: f32 = self.steps.iter().sum();
        let mut seen = 0.0;
        for (at, weight) in self.steps.iter().enumerate() {
            seen += weight;
            if seen >= QUANTILE * all {
                return ((at as i64 + 1) * STEP_US).min(MOST_US);
            }
        }
        MOST_US
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_of_what_is_lost_can_be_repaired_within_the_delay_that_is_wanted() {
        let mut repairs = Repairs::default();
        let second = 1_000_000;
        repairs.run(20_000, second);
        repairs.run(20_000, 2 * second);
        assert_eq!(repairs.wanted_us(2 * second), 0, "an accident");
        for i in 0..100 {
            repairs.run(if i % 3 == 0 { 40_000 } else { 20_000 }, (3 + i) * second);
        }
        assert_eq!(repairs.wanted_us(103 * second), 40_000);
        for i in 0..100 {
            repairs.run(160_000, (103 + i) * second);
        }
        assert_eq!(repairs.wanted_us(203 * second), MOST_US);
        assert_eq!(repairs.wanted_us(230 * second), 0, "and is forgotten");
        repairs.run(20_000, 240 * second);
        assert_eq!(repairs.wanted_us(240 * second), 0);
    }
}
