//! Cues being played.

use crate::{Cue, Stereo};

/// Cues that may sound over each other; one more replaces the oldest.
const TOGETHER: usize = 4;

/// Mixes cues into what is played.
#[derive(Default)]
pub(super) struct CuePlayer {
    playing: [Option<(Cue, usize)>; TOGETHER],
    next: usize,
    volume: f32,
}

impl CuePlayer {
    pub(super) fn new() -> Self {
        Self {
            volume: 1.0,
            ..Self::default()
        }
    }

    pub(super) fn set_volume(&mut self, volume: f32) {
        if let Some(volume) = crate::mixer::clean_gain(volume) {
            self.volume = volume;
        }
    }

    /// Starts a cue. One that repeats takes the place of any other that does; one that sounds already starts over.
    pub(super) fn play(&mut self, cue: Cue) {
        for place in &mut self.playing {
            if place.is_some_and(|(other, _)| other == cue || (other.repeats() && cue.repeats())) {
                *place = None;
            }
        }
        let free = self.playing.iter().position(Option::is_none).unwrap_or(self.next);
        if let Some(place) = self.playing.get_mut(free) {
            *place = Some((cue, 0));
        }
        self.next = (free + 1) % TOGETHER;
    }

    /// Ends what repeats.
    pub(super) fn stop_repeating(&mut self) {
        for place in &mut self.playing {
            if place.is_some_and(|(cue, _)| cue.repeats()) {
                *place = None;
            }
        }
    }

    pub(super) fn is_playing(&self) -> bool {
        self.playing.iter().any(Option::is_some)
    }

    /// Adds the next 10 ms.
    pub(super) fn mix(&mut self, out: &mut Stereo) {
        for place in &mut self.playing {
            let Some((cue, at)) = place else { continue };
            let samples = cue.samples();
            for (left, right) in out.left.iter_mut().zip(&mut out.right) {
                if *at >= samples.len() && cue.repeats() {
                    *at = 0;
                }
                if let Some(add) = samples.get(*at) {
                    for sample in [left, right] {
                        *sample = (*sample + add * self.volume).clamp(-1.0, 1.0);
                    }
                }
                *at += 1;
            }
            if *at >= samples.len() && !cue.repeats() {
                *place = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::dbfs;

    fn render(player: &mut CuePlayer, ticks: usize) -> Vec<f32> {
        let mut all = Vec::new();
        for _ in 0..ticks {
            let mut out = Stereo::SILENCE;
            player.mix(&mut out);
            all.extend_from_slice(&out.left);
        }
        all
    }

    #[test]
    fn a_cue_plays_once_and_a_ring_until_it_is_stopped() {
        let mut player = CuePlayer::new();
        player.play(Cue::Join);
        assert!(dbfs(&render(&mut player, 60)) > -50.0);
        assert!(!player.is_playing());
        player.play(Cue::RingIncoming);
        let rings = render(&mut player, 1020);
        assert_eq!(rings[..4800], rings[3 * 163_200 - 163_200..][..4800], "it starts over");
        player.play(Cue::RingOutgoing);
        player.play(Cue::Message);
        player.stop_repeating();
        render(&mut player, 60);
        assert!(!player.is_playing());
    }

    #[test]
    fn any_number_of_cues_at_once_stays_within_full_scale() {
        let mut player = CuePlayer::new();
        player.set_volume(2.0);
        for cue in Cue::ALL {
            player.play(cue);
        }
        assert!(render(&mut player, 400).iter().all(|s| s.abs() <= 1.0));
    }
}
