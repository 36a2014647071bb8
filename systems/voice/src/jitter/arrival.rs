//! How unevenly packets arrive.

use crate::format::samples_to_us;

/// Interarrival jitter as RFC 3550 §6.4.1 and appendix A.8 define it: a sixteenth of the way, each packet, to how much its time under way
/// differs from that of the packet before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Interarrival {
    last: Option<i64>,
    jitter_us: f32,
}

impl Interarrival {
    pub(super) fn packet(&mut self, media: i64, arrival_us: u64) {
        let transit = i64::try_from(arrival_us)
            .unwrap_or(i64::MAX)
            .saturating_sub(samples_to_us(media));
        if let Some(before) = self.last.replace(transit) {
            let change = transit.saturating_sub(before).saturating_abs() as f32;
            self.jitter_us += (change - self.jitter_us) / 16.0;
        }
    }

    /// Another clock, or packets that were held back on purpose, came between.
    pub(super) fn interrupt(&mut self) {
        self.last = None;
    }

    pub(super) fn ms(&self) -> f32 {
        self.jitter_us / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_the_mean_change_of_the_time_under_way() {
        let mut even = Interarrival::default();
        let mut uneven = Interarrival::default();
        for i in 0..500u64 {
            even.packet(i as i64 * 960, 7_000_000 + i * 20_000);
            // Every other packet 10 ms late: each differs from the one before by 10 ms.
            uneven.packet(i as i64 * 960, 7_000_000 + i * 20_000 + i % 2 * 10_000);
        }
        assert_eq!(even.ms(), 0.0);
        assert!((uneven.ms() - 10.0).abs() < 0.01, "{}", uneven.ms());
    }
}
