//! For tests.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::{AudioIo, IoStatus, PortState, Stereo, TICK_SAMPLES};

/// Devices that are wanted and never come.
#[derive(Default)]
pub(crate) struct Gone {
    /// They claim to wake the audio thread.
    pub(crate) wakes: bool,
    /// What happens while that begins.
    pub(crate) begin: Option<fn()>,
    /// Set once they are wanted.
    pub(crate) wanted: Arc<AtomicBool>,
}

impl AudioIo for Gone {
    fn begin(&mut self, _: bool) {
        if let Some(begin) = self.begin {
            begin();
        }
    }
    fn wakes(&self) -> bool {
        self.wakes
    }
    fn set_open(&mut self, _: bool, _: bool, _: u64) {
        self.wanted.store(true, Ordering::Release);
    }
    fn capture(&mut self, _: &mut [f32; TICK_SAMPLES], _: u64) -> bool {
        false
    }
    fn wants_playback(&mut self, _: u64) -> bool {
        false
    }
    fn play(&mut self, _: &Stereo, _: u64) {}
    fn status(&self) -> IoStatus {
        IoStatus {
            input: PortState::NoDevice,
            output: PortState::NoDevice,
            ..IoStatus::default()
        }
    }
}
