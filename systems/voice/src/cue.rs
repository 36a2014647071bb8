//! Short sounds of the program's own, made from soft sine tones.

use std::sync::OnceLock;

use crate::SAMPLE_RATE;

/// A sound that tells something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cue {
    /// Somebody calls. Repeats until stopped.
    RingIncoming,
    /// We call, and it rings there. Repeats until stopped.
    RingOutgoing,
    /// Somebody joined the call.
    Join,
    /// Somebody left the call.
    Leave,
    /// The microphone went off.
    Mute,
    /// The microphone went on.
    Unmute,
    /// The call's sound went off.
    Deafen,
    /// The call's sound went on.
    Undeafen,
    /// A message came.
    Message,
    /// For trying out a speaker.
    Test,
}

/// One tone: start in s, frequency in Hz, length in s, loudness 0..1.
type Note = (f32, f32, f32, f32);

/// Overtones of a note: multiple of its frequency and share. Soft, like a struck glass.
const OVERTONES: [(f32, f32); 3] = [(1.0, 1.0), (2.0, 0.22), (3.01, 0.07)];

// Equal temperament, A4 = 440 Hz.
const C5: f32 = 523.25;
const E5: f32 = 659.26;
const G5: f32 = 783.99;
const B5: f32 = 987.77;
const D5: f32 = 587.33;
const A4: f32 = 440.0;
const E4: f32 = 329.63;
const C4: f32 = 261.63;

impl Cue {
    /// Every cue.
    pub const ALL: [Self; 10] = [
        Self::RingIncoming,
        Self::RingOutgoing,
        Self::Join,
        Self::Leave,
        Self::Mute,
        Self::Unmute,
        Self::Deafen,
        Self::Undeafen,
        Self::Message,
        Self::Test,
    ];

    /// Whether it starts over until it is stopped.
    pub fn repeats(self) -> bool {
        matches!(self, Self::RingIncoming | Self::RingOutgoing)
    }

    /// Its samples, 48 kHz mono, made once.
    pub fn samples(self) -> &'static [f32] {
        static MADE: [OnceLock<Box<[f32]>>; Cue::ALL.len()] = [const { OnceLock::new() }; Cue::ALL.len()];
        // The position of a variant in ALL is its discriminant; a test holds this.
        MADE.get(self as usize)
            .map_or(&[], |place| place.get_or_init(|| self.render()))
    }

    /// Its notes and, with the pause before it repeats, its length in seconds.
    fn score(self) -> (&'static [Note], f32) {
        match self {
            Self::RingIncoming => (
                &[
                    (0.0, C5, 1.2, 0.5),
                    (0.16, E5, 1.2, 0.5),
                    (0.32, G5, 1.2, 0.5),
                    (0.48, B5, 1.6, 0.45),
                    (1.0, G5, 1.0, 0.35),
                    (1.16, E5, 1.4, 0.35),
                ],
                3.4,
            ),
            Self::RingOutgoing => (&[(0.0, A4, 1.1, 0.3), (0.0, E4, 1.1, 0.25)], 3.0),
            Self::Join => (&[(0.0, C5, 0.35, 0.4), (0.09, G5, 0.5, 0.4)], 0.6),
            Self::Leave => (&[(0.0, G5, 0.35, 0.35), (0.09, C5, 0.5, 0.4)], 0.6),
            Self::Mute => (&[(0.0, E4, 0.2, 0.4)], 0.2),
            Self::Unmute => (&[(0.0, A4, 0.2, 0.4)], 0.2),
            Self::Deafen => (&[(0.0, E4, 0.2, 0.35), (0.08, C4, 0.3, 0.4)], 0.4),
            Self::Undeafen => (&[(0.0, E4, 0.2, 0.35), (0.08, A4, 0.3, 0.4)], 0.4),
            Self::Message => (&[(0.0, D5, 0.25, 0.25), (0.07, B5, 0.4, 0.25)], 0.5),
            Self::Test => (&[(0.0, C5, 0.9, 0.35), (0.2, E5, 0.9, 0.35), (0.4, G5, 1.2, 0.35)], 1.6),
        }
    }

    fn render(self) -> Box<[f32]> {
        let rate = SAMPLE_RATE as f32;
        let (notes, seconds) = self.score();
        let mut out = vec![0.0f32; (seconds * rate) as usize];
        for (start, hz, length, loud) in notes {
            let count = (length * rate) as usize;
            for (i, sample) in out.iter_mut().skip((start * rate) as usize).take(count).enumerate() {
                let t = i as f32 / rate;
                // 8 ms of rise, an exponential fall that has reached nothing at the end.
                let rise = (t / 0.008).min(1.0);
                let fall = (-5.0 * t / length).exp() * (1.0 - t / length);
                let wave: f32 = OVERTONES
                    .iter()
                    .map(|(times, share)| share * (std::f32::consts::TAU * hz * times * t).sin())
                    .sum();
                *sample += 0.5 * loud * rise * fall * wave;
            }
        }
        out.into_boxed_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::dbfs;

    #[test]
    fn every_cue_is_heard_is_soft_and_begins_and_ends_in_silence() {
        for (place, cue) in Cue::ALL.into_iter().enumerate() {
            assert_eq!(cue as usize, place);
            let samples = cue.samples();
            assert!(dbfs(samples) > -45.0, "{cue:?}: {}", dbfs(samples));
            assert!(samples.iter().all(|s| s.abs() < 0.6), "{cue:?}");
            assert!(
                samples[0].abs() < 1e-3 && samples[samples.len() - 1].abs() < 1e-3,
                "{cue:?}"
            );
            assert!(
                samples.windows(2).all(|w| (w[1] - w[0]).abs() < 0.1),
                "{cue:?} has no click"
            );
        }
    }

    #[test]
    fn only_ringing_repeats() {
        assert_eq!(Cue::ALL.into_iter().filter(|c| c.repeats()).count(), 2);
    }
}
