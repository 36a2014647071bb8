//! How long to wait: learned from how late packets come.

use super::repair::Repairs;
use crate::format::samples_to_us;

/// Width of a histogram step, µs.
const STEP_US: i64 = 2_000;
/// Steps: up to half a second.
const STEPS: usize = 250;
/// How much of what was known survives 20 ms of packets: a memory of about half a minute of speech.
const FORGET: f32 = 0.9993;
/// No packet is waited for longer than this for its own length's sake, µs.
const LONGEST_FRAME_US: i64 = 60_000;
/// The share of packets that must come in time.
const QUANTILE: f32 = 0.96;
/// The share of packets that must come in time to repair what was lost before them.
const REPAIR_QUANTILE: f32 = 0.8;
/// Beyond the quantile: a pull may come a little before it is expected.
const MARGIN_US: i64 = 5_000;
/// The most that the margin grows to where this machine itself runs unevenly.
const MARGIN_MAX_US: i64 = 40_000;
/// Packets before the histogram replaces the cautious start.
const WARM: u32 = 50;
/// Windows of the running minimum, each of this length of time with packets.
const WINDOWS: usize = 10;
const WINDOW_US: u64 = 500_000;
/// A minimum older than this says nothing any more: at 100 ppm two clocks part by 6 ms in it.
const STALE_US: u64 = 60_000_000;
/// A packet this far off any expectation belongs to another clock: begin anew.
const FOREIGN_US: i64 = 5_000_000;
/// A delay this far above the quantile is a peak.
const PEAK_US: i64 = 40_000;
/// Peaks closer than this are one.
const ONE_PEAK_US: u64 = 300_000;
/// Packets this close on each other's heels, each less late than the one before, have queued behind one stall.
const QUEUE_US: u64 = 5_000;
/// Two peaks within this time are a habit, which is provided for this long after the last.
const HABIT_US: u64 = 20_000_000;

/// Estimates, from pairs of media time and arrival time, the earliest arrival of each packet and the delay that lets
/// nearly all of them come in time.
#[derive(Clone, Debug)]
pub(super) struct DelayEstimator {
    min_us: i64,
    max_us: i64,
    start_us: i64,
    /// How much sound a packet holds: with less delay than that, no packet could be mended from the next.
    frame_us: i64,
    repairs: Repairs,
    /// Start of the window, and the least (arrival − media time) in it.
    windows: [Option<(u64, i64)>; WINDOWS],
    window: usize,
    base: Option<i64>,
    histogram: [f32; STEPS],
    counted: u32,
    margin_us: i64,
    peaks: [Option<(u64, i64)>; 2],
    now: u64,
    /// Arrival and lateness of the last packet.
    last: (u64, i64),
}

impl DelayEstimator {
    pub(super) fn new(min_ms: u32, max_ms: u32, start_ms: u32) -> Self {
        let us = |ms: u32| i64::from(ms) * 1000;
        Self {
            min_us: us(min_ms),
            max_us: us(max_ms.max(min_ms)),
            start_us: us(start_ms.clamp(min_ms, max_ms.max(min_ms))),
            frame_us: 0,
            repairs: Repairs::default(),
            windows: [None; WINDOWS],
            window: 0,
            base: None,
            histogram: [0.0; STEPS],
            counted: 0,
            margin_us: MARGIN_US,
            peaks: [None; 2],
            now: 0,
            last: (0, 0),
        }
    }

    /// Forgets everything: another clock sends now.
    pub(super) fn reset(&mut self) {
        self.windows = [None; WINDOWS];
        self.base = None;
        self.histogram = [0.0; STEPS];
        self.counted = 0;
        self.peaks = [None; 2];
        self.repairs = Repairs::default();
    }

    /// Whether a packet of this media time and arrival cannot be of the clock known so far.
    pub(super) fn is_foreign(&self, media: i64, arrival_us: u64) -> bool {
        self.late_by(media, arrival_us)
            .is_some_and(|late| late.abs() > FOREIGN_US)
    }

    /// Learns from one packet of so many samples. `counts` is off for those that a sender's look-back delayed on purpose.
    pub(super) fn packet(&mut self, media: i64, samples: usize, arrival_us: u64, counts: bool) {
        self.now = self.now.max(arrival_us);
        let offset = arrival_us as i64 - samples_to_us(media);
        self.track_minimum(offset, arrival_us);
        let late = offset - self.base.unwrap_or(offset);
        let (last_arrival, last_late) = std::mem::replace(&mut self.last, (arrival_us, late));
        let queued = arrival_us.saturating_sub(last_arrival) < QUEUE_US && late < last_late;
        // One stall is one event, however many packets it held back.
        if !counts || queued {
            return;
        }
        self.frame_us = samples_to_us(samples as i64).min(LONGEST_FRAME_US);
        self.note_peak(late, arrival_us);
        self.counted = self.counted.saturating_add(1);
        let frames = self.frame_us as f32 / 20_000.0;
        let keep = (1.0 - (1.0 - FORGET) * frames).min(1.0 - 1.0 / self.counted as f32);
        let step = usize::try_from(late / STEP_US).unwrap_or(0).min(STEPS - 1);
        for (at, share) in self.histogram.iter_mut().enumerate() {
            *share *= keep;
            if at == step {
                *share += 1.0 - keep;
            }
        }
        self.margin_us = (self.margin_us - 4).max(MARGIN_US);
    }

    /// A packet came in time by all that is known, and still too late to be played: this machine plays unevenly.
    pub(super) fn missed(&mut self, media: i64, arrival_us: u64) {
        if self
            .late_by(media, arrival_us)
            .is_some_and(|late| late < self.target_us())
        {
            self.margin_us = (self.margin_us + 5_000).min(MARGIN_MAX_US);
        }
    }

    /// A run of losses this long, which redundancy can mend if there is time, was met.
    pub(super) fn mendable(&mut self, span_us: i64) {
        self.repairs.run(span_us, self.now);
    }

    /// How much later than the earliest it arrived, µs. Negative when earlier than any before.
    fn late_by(&self, media: i64, arrival_us: u64) -> Option<i64> {
        Some(arrival_us as i64 - samples_to_us(media) - self.base?)
    }

    /// How long after its earliest arrival a sample is played if it is played now, µs.
    pub(super) fn delay_of(&self, media: i64, now_us: u64) -> i64 {
        self.late_by(media, now_us).unwrap_or(0)
    }

    /// The delay to aim for, µs.
    pub(super) fn target_us(&self) -> i64 {
        let mut wanted = self.quantile_us(QUANTILE).max(self.habit_us());
        let repairs = self.repairs.wanted_us(self.now);
        if repairs > 0 {
            // The packet that repairs a run comes after it, and late as any other.
            wanted = wanted.max(repairs + self.quantile_us(REPAIR_QUANTILE));
        }
        let learned = wanted + self.margin_us;
        let cautious = if self.counted < WARM { self.start_us } else { 0 };
        let least = self.min_us.max(self.frame_us).min(self.max_us);
        learned.max(cautious).clamp(least, self.max_us)
    }

    fn quantile_us(&self, share: f32) -> i64 {
        let mut seen = 0.0;
        for (at, step) in self.histogram.iter().enumerate() {
            seen += step;
            if seen >= share {
                return (at as i64 + 1) * STEP_US;
            }
        }
        if self.counted == 0 { 0 } else { STEPS as i64 * STEP_US }
    }

    /// The height of recurring peaks, µs, or 0.
    fn habit_us(&self) -> i64 {
        let [Some((older, a)), Some((newer, b))] = self.peaks else {
            return 0;
        };
        let habit = newer.saturating_sub(older) < HABIT_US && self.now.saturating_sub(newer) < HABIT_US;
        if habit { a.max(b) } else { 0 }
    }

    fn note_peak(&mut self, late: i64, arrival_us: u64) {
        if late < self.quantile_us(QUANTILE) + PEAK_US || self.counted < WARM {
            return;
        }
        let [_, last] = &mut self.peaks;
        match last {
            // The packets queued behind one stall come down its slope; the first is its height.
            Some((at, height)) if arrival_us.saturating_sub(*at) < ONE_PEAK_US => *height = late.max(*height),
            _ => self.peaks = [*last, Some((arrival_us, late))],
        }
    }

    fn track_minimum(&mut self, offset: i64, arrival_us: u64) {
        match self.windows.get_mut(self.window) {
            Some(Some((start, least))) if arrival_us < start.saturating_add(WINDOW_US) => *least = (*least).min(offset),
            _ => {
                self.window = (self.window + 1) % WINDOWS;
                if let Some(window) = self.windows.get_mut(self.window) {
                    *window = Some((arrival_us, offset));
                }
            }
        }
        let fresh = self
            .windows
            .iter()
            .flatten()
            .filter(|(start, _)| arrival_us.saturating_sub(*start) < STALE_US);
        let base = fresh.map(|(_, least)| *least).min().unwrap_or(offset);
        if let Some(before) = self.base.filter(|before| base > *before) {
            self.shift_down(base - before);
        }
        self.base = Some(base);
    }

    /// The path grew longer for good: what was late by `by` and more is now late by so much less.
    fn shift_down(&mut self, by: i64) {
        for (_, height) in self.peaks.iter_mut().flatten() {
            *height = (*height - by).max(0);
        }
        let steps = usize::try_from(by / STEP_US).unwrap_or(0).min(STEPS);
        if steps == 0 {
            return;
        }
        let gone: f32 = self.histogram.iter().take(steps).sum();
        self.histogram.copy_within(steps.., 0);
        for share in self.histogram.iter_mut().skip(STEPS - steps) {
            *share = 0.0;
        }
        if let Some(first) = self.histogram.first_mut() {
            *first += gone;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Rng;

    fn feed(estimator: &mut DelayEstimator, from: i64, packets: i64, mut late: impl FnMut(i64) -> i64) {
        for i in from..from + packets {
            let arrival = i * 20_000 + 1_000_000 + late(i);
            estimator.packet(i * 960, 960, arrival as u64, true);
        }
    }

    #[test]
    fn a_steady_network_gets_the_least_delay_whatever_its_latency() {
        let mut estimator = DelayEstimator::new(20, 200, 40);
        assert_eq!(estimator.target_us(), 40_000, "careful at first");
        feed(&mut estimator, 0, 200, |_| 80_000);
        assert_eq!(estimator.target_us(), 20_000);
    }

    #[test]
    fn the_target_covers_nearly_all_of_the_jitter() {
        let mut rng = Rng::new(1);
        let mut estimator = DelayEstimator::new(20, 200, 40);
        feed(&mut estimator, 0, 2000, |_| (rng.unit() * 60_000.0) as i64);
        let target = estimator.target_us();
        assert!((60_000..=80_000).contains(&target), "{target}");
    }

    #[test]
    fn a_longer_path_is_believed_within_ten_seconds_and_costs_nothing_after() {
        let mut estimator = DelayEstimator::new(20, 200, 40);
        feed(&mut estimator, 0, 500, |_| 0);
        feed(&mut estimator, 500, 500, |_| 50_000);
        assert_eq!(estimator.target_us(), 20_000);
        assert_eq!(estimator.delay_of(1000 * 960, 1000 * 20_000 + 1_000_000 + 50_000), 0);
    }

    #[test]
    fn a_shorter_path_is_believed_at_once() {
        let mut estimator = DelayEstimator::new(20, 200, 40);
        feed(&mut estimator, 0, 500, |_| 50_000);
        feed(&mut estimator, 500, 1, |_| 0);
        assert_eq!(estimator.delay_of(501 * 960, 501 * 20_000 + 1_000_000), 0);
    }

    #[test]
    fn stalls_that_recur_are_provided_for_and_one_alone_is_not() {
        let stall = |at: i64| {
            move |i: i64| {
                if (0..7).contains(&(i - at)) {
                    (120 - (i - at) * 20) * 1000
                } else {
                    0
                }
            }
        };
        let mut estimator = DelayEstimator::new(20, 200, 40);
        feed(&mut estimator, 0, 1000, stall(700));
        assert!(estimator.target_us() < 60_000, "{}", estimator.target_us());
        feed(&mut estimator, 1000, 300, stall(1200));
        assert!(estimator.target_us() >= 120_000, "{}", estimator.target_us());
        feed(&mut estimator, 1300, 3000, |_| 0);
        assert!(
            estimator.target_us() <= 30_000,
            "and is forgotten: {}",
            estimator.target_us()
        );
    }

    #[test]
    fn the_target_stays_within_its_bounds_under_garbage() {
        let mut rng = Rng::new(2);
        let mut estimator = DelayEstimator::new(20, 200, 40);
        for _ in 0..5000 {
            estimator.packet(
                rng.next_u64() as i32 as i64,
                rng.below(5761),
                rng.next_u64() >> 16,
                true,
            );
            assert!((20_000..=200_000).contains(&estimator.target_us()));
        }
    }
}
