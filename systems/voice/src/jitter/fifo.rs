//! Decoded samples waiting to be pulled.

use super::stretch::MAX_LAG;
use crate::{MAX_FRAME_SAMPLES, TICK_SAMPLES};

/// Less than a tick remains when a frame is added, which is at most the longest one, lengthened once.
const CAPACITY: usize = TICK_SAMPLES + MAX_FRAME_SAMPLES + MAX_LAG;

/// A short queue. Taking from it moves the rest up: at most a few kilobytes a tick, and the contents stay one slice.
pub(super) struct Fifo {
    samples: Box<[f32]>,
    len: usize,
    /// What was added last.
    recent: [f32; MAX_LAG],
}

impl Fifo {
    pub(super) fn new() -> Self {
        Self {
            samples: vec![0.0; CAPACITY].into_boxed_slice(),
            len: 0,
            recent: [0.0; MAX_LAG],
        }
    }

    /// The last [`MAX_LAG`] samples that were added.
    pub(super) fn recent(&self) -> &[f32; MAX_LAG] {
        &self.recent
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Appends what fits; the capacity is such that everything does.
    pub(super) fn push(&mut self, samples: &[f32]) {
        let room = self.samples.iter_mut().skip(self.len);
        let mut count = 0;
        for (to, from) in room.zip(samples) {
            *to = *from;
            count += 1;
        }
        self.len += count;
        let kept = MAX_LAG.saturating_sub(samples.len());
        self.recent.copy_within(MAX_LAG - kept.., 0);
        let last = samples.iter().skip(samples.len().saturating_sub(MAX_LAG));
        for (to, from) in self.recent.iter_mut().skip(kept).zip(last) {
            *to = *from;
        }
    }

    /// Moves the first samples into `out`, which is filled up with silence; says how many there were.
    pub(super) fn take(&mut self, out: &mut [f32]) -> usize {
        let count = out.len().min(self.len);
        out.fill(0.0);
        for (to, from) in out.iter_mut().zip(self.samples.iter().take(count)) {
            *to = *from;
        }
        self.samples.copy_within(count..self.len, 0);
        self.len -= count;
        count
    }
}
