//! The noise of somebody's room, for where nothing else is left to play.

/// Frames in a window, and windows: the quietest frame of the last few seconds is taken for the room.
const FRAMES: u32 = 50;
const WINDOWS: usize = 4;
/// Louder than this, −46 dBFS, it is not the room but a voice without pauses.
const LOUDEST: f32 = 2.5e-5;
/// The deepest colour: above, one sample would hardly differ from the next.
const DEEPEST: f32 = 0.98;

/// Power and colour of a frame.
#[derive(Clone, Copy, Debug, Default)]
struct Room {
    power: f32,
    /// Correlation of each sample with the next.
    colour: f32,
}

/// Learns the quietest sound of a voice and makes noise like it: white noise through one pole.
#[derive(Clone, Debug)]
pub(super) struct ComfortNoise {
    windows: [Option<Room>; WINDOWS],
    window: usize,
    frames: u32,
    room: Room,
    state: f32,
    random: u32,
}

impl ComfortNoise {
    pub(super) fn new() -> Self {
        Self {
            windows: [None; WINDOWS],
            window: 0,
            frames: 0,
            room: Room::default(),
            state: 0.0,
            random: 0x9E37_79B9,
        }
    }

    /// Listens to a decoded frame.
    pub(super) fn learn(&mut self, frame: &[f32]) {
        let (mut power, mut next) = (0.0f32, 0.0f32);
        for (a, b) in frame.iter().zip(frame.iter().skip(1)) {
            power += a * a;
            next += a * b;
        }
        let heard = Room {
            power: power / frame.len().max(1) as f32,
            colour: (next / power.max(1e-12)).clamp(0.0, DEEPEST),
        };
        self.frames += 1;
        if self.frames >= FRAMES {
            self.frames = 0;
            self.window = (self.window + 1) % WINDOWS;
            if let Some(window) = self.windows.get_mut(self.window) {
                *window = None;
            }
        }
        if let Some(window) = self.windows.get_mut(self.window)
            && window.is_none_or(|least| heard.power < least.power)
        {
            *window = Some(heard);
        }
        let quietest = self.windows.iter().flatten().min_by(|a, b| a.power.total_cmp(&b.power));
        if let Some(room) = quietest {
            self.room = Room {
                power: room.power.min(LOUDEST),
                ..*room
            };
        }
    }

    /// The next sample.
    pub(super) fn next(&mut self) -> f32 {
        // Xorshift (Marsaglia 2003). Even odds within ±1 have a power of a third.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        let white = self.random as f32 / (u32::MAX / 2) as f32 - 1.0;
        let colour = self.room.colour;
        self.state = colour * self.state + white * (3.0 * self.room.power * (1.0 - colour * colour)).sqrt();
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{dbfs, noise, voice};

    #[test]
    fn it_is_as_loud_as_the_room_and_not_as_the_voice_in_it() {
        let mut comfort = ComfortNoise::new();
        let room = noise(4.0, -60.0, 1);
        let mut heard = room.clone();
        for (to, from) in heard.iter_mut().skip(48_000).zip(voice(2.0, 2)) {
            *to += from;
        }
        for frame in heard.chunks_exact(960) {
            comfort.learn(frame);
        }
        let made: Vec<f32> = (0..48_000).map(|_| comfort.next()).collect();
        let level = dbfs(&made);
        assert!((-64.0..-57.0).contains(&level), "{level} dBFS");
    }

    #[test]
    fn it_is_as_dull_as_the_room() {
        let mut comfort = ComfortNoise::new();
        let mut low = 0.0f32;
        let dull: Vec<f32> = noise(2.0, -40.0, 3)
            .into_iter()
            .map(|s| {
                low = 0.95 * low + 0.05 * s;
                low
            })
            .collect();
        for frame in dull.chunks_exact(480) {
            comfort.learn(frame);
        }
        let made: Vec<f32> = (0..48_000).map(|_| comfort.next()).collect();
        let colour = |s: &[f32]| s.windows(2).map(|w| w[0] * w[1]).sum::<f32>() / s.iter().map(|s| s * s).sum::<f32>();
        assert!(
            (colour(&made) - colour(&dull)).abs() < 0.1,
            "{} {}",
            colour(&made),
            colour(&dull)
        );
    }

    #[test]
    fn after_a_gate_that_was_never_open_or_a_voice_without_pauses_there_is_little_or_none() {
        let mut comfort = ComfortNoise::new();
        assert_eq!(comfort.next(), 0.0);
        for frame in noise(2.0, -10.0, 4).chunks_exact(960) {
            comfort.learn(frame);
        }
        let made: Vec<f32> = (0..48_000).map(|_| comfort.next()).collect();
        assert!(dbfs(&made) < -45.0);
    }
}
