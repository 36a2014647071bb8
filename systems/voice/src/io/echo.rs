//! A mirror: the microphone hears what the speaker played, some time later.

use super::pace::Pace;
use super::{AudioIo, IoStatus, PortState};
use crate::{Stereo, TICK_SAMPLES, TICK_US};

/// The longest delay, ms.
const MAX_DELAY_MS: u32 = 10_000;

/// Says back what it hears, after a delay.
pub struct EchoIo {
    /// What was played, one tick after the other, in a ring of the delay's length.
    ring: Box<[[f32; TICK_SAMPLES]]>,
    /// Where the next played tick goes; the oldest stands there until then.
    at: usize,
    pace: Pace,
    playback: Pace,
}

impl EchoIo {
    /// A mirror with a delay of 10 to 10 000 ms, in steps of 10.
    pub fn new(delay_ms: u32) -> Self {
        let ticks = (u64::from(delay_ms.clamp(10, MAX_DELAY_MS)) * 1000).div_ceil(TICK_US);
        let ring = vec![[0.0; TICK_SAMPLES]; usize::try_from(ticks).unwrap_or(1)].into_boxed_slice();
        Self {
            ring,
            at: 0,
            pace: Pace::default(),
            playback: Pace::default(),
        }
    }
}

impl AudioIo for EchoIo {
    fn set_open(&mut self, input: bool, output: bool, now_us: u64) {
        if !output && self.playback.running() {
            // What the last call said is none of the next one's business.
            self.ring.fill([0.0; TICK_SAMPLES]);
        }
        self.pace.set_running(input, now_us);
        self.playback.set_running(output, now_us);
    }

    fn capture(&mut self, tick: &mut [f32; TICK_SAMPLES], now_us: u64) -> bool {
        if self.pace.take(now_us).is_none() {
            return false;
        }
        // Played and captured once each 10 ms, so what stands here was played one delay ago.
        *tick = self
            .ring
            .get_mut(self.at)
            .map_or([0.0; TICK_SAMPLES], |t| std::mem::replace(t, [0.0; TICK_SAMPLES]));
        self.at = (self.at + 1) % self.ring.len().max(1);
        true
    }

    fn wants_playback(&mut self, now_us: u64) -> bool {
        self.playback.due(now_us).is_some()
    }

    fn play(&mut self, tick: &Stereo, now_us: u64) {
        if self.playback.take(now_us).is_none() {
            return;
        }
        let behind = (self.at + self.ring.len().saturating_sub(1)) % self.ring.len().max(1);
        if let Some(place) = self.ring.get_mut(behind) {
            *place = tick.mono();
        }
    }

    fn status(&self) -> IoStatus {
        let state = |pace: Pace| {
            if pace.running() {
                PortState::Open
            } else {
                PortState::Closed
            }
        };
        IoStatus {
            input: state(self.pace),
            output: state(self.playback),
            ..IoStatus::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ticks, voice};

    #[test]
    fn what_is_played_comes_back_after_the_delay_and_only_once() {
        let mut echo = EchoIo::new(1000);
        echo.set_open(true, true, 0);
        let said = voice(1.0, 1);
        let mut heard = Vec::new();
        let mut said_ticks = ticks(&said);
        for now in (0..4_000_000).step_by(10_000) {
            let mut tick = [0.0; TICK_SAMPLES];
            while echo.capture(&mut tick, now) {
                heard.extend_from_slice(&tick);
            }
            while echo.wants_playback(now) {
                echo.play(
                    &Stereo::from_mono(said_ticks.next().unwrap_or(&[0.0; TICK_SAMPLES])),
                    now,
                );
            }
        }
        let at = heard.windows(2).position(|w| w[1] != 0.0).unwrap();
        assert!((47_000..=48_500).contains(&at), "{at}");
        assert_eq!(heard[48_000..96_000], said[..]);
        assert!(heard[96_000..].iter().all(|s| *s == 0.0));
    }
}
