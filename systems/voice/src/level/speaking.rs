//! Whether someone is speaking, decided on the sound itself.

use super::{mean_square, power_to_db};
use crate::{Gate, TICK_SAMPLES, TICK_US, Threshold};

/// Above the noise floor by this much is speech.
const OPEN_DB: f32 = 10.0;
/// And so much above it that one tick of it is enough, if it has a pitch.
const SURE_DB: f32 = 20.0;
/// Once speech, it stays speech down to this much above the floor.
const STAY_DB: f32 = 5.0;
/// Above the noise floor by this much, a sound may be the beginning of speech: a hiss or a breath before a vowel.
const RISE_DB: f32 = 4.0;
/// Under a fixed threshold, speech stays speech down to this much below it.
const FIXED_HYSTERESIS_DB: f32 = 5.0;
/// Ticks without speech before `speaking` ends: the gaps between words are shorter.
const HOLD_TICKS: u32 = 22;
/// The floor is at least this: nobody speaks below it, and quiet rooms differ by nothing.
const FLOOR_MIN_DBFS: f32 = -65.0;
/// Where the floor starts, before anything was heard.
const FLOOR_START_DBFS: f32 = -55.0;
/// Quieter than any microphone: the stream is gated or muted, which says nothing about its noise.
const DIGITAL_SILENCE_DBFS: f32 = -85.0;
/// The floor is the least loudness of the last 2 s, kept in twenty parts.
const PARTS: usize = 20;
const PART_TICKS: u32 = 10;
/// Ticks heard before the floor is trusted; until then only sound with a pitch counts.
const TRUST_TICKS: u32 = PARTS as u32 * PART_TICKS;
/// Periodicity (0..1) that makes a sound voiced. White noise reaches about 0.35.
const VOICED: f32 = 0.55;

/// Tells speech from noise, hum and silence, one tick of 10 ms at a time.
///
/// Speech swings: between syllables it falls towards the room's noise at least every second or two. The lowest loudness of
/// the last 2 s therefore is the noise (Martin 2001, "minimum statistics"), and what stands 10 dB above it is speech. A
/// steady sound of any loudness *is* its own floor and goes out within 2 s. Sound below 120 Hz is not listened to.
/// Speech is seen within 30 ms of its first voiced sound, 50 ms of a hiss, and ends 220 ms after its last.
#[derive(Clone, Debug)]
pub struct SpeakingDetector {
    threshold: Threshold,
    /// Ticks above the opening mark before it counts; fewer if it has a pitch.
    open_ticks: u32,
    open_voiced_ticks: u32,
    high_pass: Biquad,
    /// The last 40 ms at 8 kHz, for finding a pitch.
    slow: [f32; SLOW],
    power: f32,
    parts: [f32; PARTS],
    part: usize,
    part_ticks: u32,
    heard: u32,
    above: u32,
    active: bool,
    quiet: u32,
    speaking: bool,
    /// Whether each of the last sixteen ticks rose above the floor, newest in the lowest bit.
    risen: u16,
}

/// Milliseconds of a tick.
const TICK_MS: u32 = (TICK_US / 1000) as u32;
const SLOW: usize = 320;
const SLOW_STEP: usize = 6;

impl Default for SpeakingDetector {
    fn default() -> Self {
        Self {
            threshold: Threshold::Auto,
            open_ticks: Gate::ATTACK_MS / TICK_MS,
            open_voiced_ticks: 2,
            high_pass: Biquad::high_pass_120(),
            slow: [0.0; SLOW],
            power: 0.0,
            parts: [FLOOR_START_DBFS; PARTS],
            part: 0,
            part_ticks: 0,
            heard: 0,
            above: 0,
            active: false,
            quiet: 0,
            speaking: false,
            risen: 0,
        }
    }
}

impl SpeakingDetector {
    /// A detector that has heard nothing and follows the room's noise.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what counts as speech: a fixed loudness, or so much above the noise.
    pub fn set_threshold(&mut self, threshold: Threshold) {
        self.threshold = threshold;
    }

    /// Sets how long a hiss has to last before it counts, ms, up to [`Gate::MAX_ATTACK_MS`]. A sound with a pitch needs two fifths of that, and
    /// half of those if it is loud.
    pub fn set_attack(&mut self, attack_ms: u32) {
        self.open_ticks = (attack_ms.min(Gate::MAX_ATTACK_MS) / TICK_MS).max(1);
        self.open_voiced_ticks = (self.open_ticks * 2 / 5).max(1);
    }

    /// Listens to one tick and says whether someone is speaking.
    pub fn push(&mut self, tick: &[f32; TICK_SAMPLES]) -> bool {
        let mut filtered = *tick;
        for sample in &mut filtered {
            *sample = self.high_pass.run(*sample);
        }
        self.remember_slowly(&filtered);
        let power = mean_square(&filtered);
        self.power += (power - self.power) * if power > self.power { 0.7 } else { 0.6 };
        // A click's tail in the smoothed power must not open; a word's must keep open.
        let (sharp, loud) = (power_to_db(power.min(self.power)), power_to_db(self.power));
        let floor = self.floor();
        let rises = (floor + RISE_DB).min(self.opens_at(floor) - FIXED_HYSTERESIS_DB);
        self.risen = self.risen << 1 | u16::from(power_to_db(power) >= rises);
        if power_to_db(mean_square(tick)) > DIGITAL_SILENCE_DBFS {
            self.follow_floor(loud);
        }

        let open = self.opens_at(floor);
        let (stay, sure) = match self.threshold {
            Threshold::Auto => (floor + STAY_DB, floor + SURE_DB),
            Threshold::Fixed(_) => (open - FIXED_HYSTERESIS_DB, open + OPEN_DB),
        };
        let trusted = self.heard > TRUST_TICKS || matches!(self.threshold, Threshold::Fixed(_));
        if self.active {
            self.active = loud >= stay;
        } else if sharp < open {
            self.above = 0;
        } else {
            self.above += 1;
            let voiced = self.periodicity() >= VOICED;
            self.active = (trusted && self.above >= self.open_ticks)
                || (voiced && self.above >= self.open_voiced_ticks)
                || (voiced && sharp >= sure && self.above >= self.open_voiced_ticks.div_ceil(2));
        }
        if self.active {
            self.above = 0;
            self.quiet = 0;
            self.speaking = true;
        } else {
            self.quiet = self.quiet.saturating_add(1);
            self.speaking &= self.quiet < HOLD_TICKS;
        }
        self.speaking
    }

    /// Whether the last tick itself was speech: [`speaking`](Self::speaking) without the hold over the gaps between words.
    pub fn active(&self) -> bool {
        self.active
    }

    /// Whether someone is speaking, held for 220 ms over gaps.
    pub fn speaking(&self) -> bool {
        self.speaking
    }

    /// How many ticks ago, this one counted, sound first rose above the noise, as far back as the attack reaches; 0 if none did.
    pub(crate) fn ticks_since_onset(&self) -> usize {
        let recent = self.risen & ((1 << (self.open_ticks + 1)) - 1);
        (u16::BITS - recent.leading_zeros()) as usize
    }

    /// The noise floor in dBFS as it is believed now.
    pub fn floor(&self) -> f32 {
        self.parts.iter().copied().fold(0.0f32, f32::min).max(FLOOR_MIN_DBFS)
    }

    /// The loudness in dBFS above which a sound counts as speech now.
    pub fn threshold(&self) -> f32 {
        self.opens_at(self.floor())
    }

    fn opens_at(&self, floor: f32) -> f32 {
        match self.threshold {
            Threshold::Auto => floor + OPEN_DB,
            Threshold::Fixed(dbfs) => dbfs,
        }
    }

    /// Ends any speech at once and forgets its traces, but keeps the knowledge of the room. For mute and device changes.
    pub fn interrupt(&mut self) {
        self.active = false;
        self.speaking = false;
        self.above = 0;
        self.power = 0.0;
        self.risen = 0;
        self.slow = [0.0; SLOW];
        self.high_pass = Biquad::high_pass_120();
    }

    fn follow_floor(&mut self, loud: f32) {
        self.heard = self.heard.saturating_add(1);
        if let Some(part) = self.parts.get_mut(self.part) {
            *part = if self.part_ticks == 0 { loud } else { part.min(loud) };
        }
        self.part_ticks += 1;
        if self.part_ticks == PART_TICKS {
            self.part_ticks = 0;
            self.part = (self.part + 1) % PARTS;
        }
    }

    /// Keeps the last 40 ms at 8 kHz. The mean of six samples is filter enough for pitches below 400 Hz.
    fn remember_slowly(&mut self, tick: &[f32; TICK_SAMPLES]) {
        const NEW: usize = TICK_SAMPLES / SLOW_STEP;
        self.slow.copy_within(NEW.., 0);
        for (to, from) in self.slow.iter_mut().skip(SLOW - NEW).zip(tick.chunks_exact(SLOW_STEP)) {
            *to = from.iter().sum::<f32>() / SLOW_STEP as f32;
        }
    }

    /// The best normalised self-correlation at a lag of a human pitch, 80..=400 Hz, over the last 20 ms.
    fn periodicity(&self) -> f32 {
        const WINDOW: usize = 160;
        let now = self.slow.get(SLOW - WINDOW..).unwrap_or_default();
        let energy: f32 = now.iter().map(|s| s * s).sum();
        (20..=100)
            .filter_map(|lag| self.slow.get(SLOW - WINDOW - lag..SLOW - lag))
            .map(|past| {
                let cross: f32 = now.iter().zip(past).map(|(a, b)| a * b).sum();
                let other: f32 = past.iter().map(|s| s * s).sum();
                cross / (energy.max(other) + 1e-9)
            })
            .fold(0.0, f32::max)
    }
}

/// A second-order filter (direct form II transposed).
#[derive(Clone, Debug)]
struct Biquad {
    b: [f32; 3],
    a: [f32; 2],
    z: [f32; 2],
}

impl Biquad {
    /// Butterworth high-pass at 120 Hz for 48 kHz (RBJ Audio EQ Cookbook, Q = 0.7071).
    fn high_pass_120() -> Self {
        let w = std::f32::consts::TAU * 120.0 / 48_000.0;
        let alpha = w.sin() / std::f32::consts::SQRT_2;
        let a0 = 1.0 + alpha;
        let b1 = -(1.0 + w.cos()) / a0;
        Self {
            b: [-b1 / 2.0, b1, -b1 / 2.0],
            a: [-2.0 * w.cos() / a0, (1.0 - alpha) / a0],
            z: [0.0; 2],
        }
    }

    fn run(&mut self, x: f32) -> f32 {
        let ([b0, b1, b2], [a1, a2], [z1, z2]) = (self.b, self.a, self.z);
        let y = b0 * x + z1;
        self.z = [b1 * x - a1 * y + z2, b2 * x - a2 * y];
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{hum, noise, ticks, voice};

    /// The ticks at which `speaking` was on.
    fn run(detector: &mut SpeakingDetector, samples: &[f32]) -> Vec<bool> {
        ticks(samples).map(|t| detector.push(t)).collect()
    }

    fn add(a: &[f32], b: &[f32]) -> Vec<f32> {
        a.iter().zip(b).map(|(a, b)| a + b).collect()
    }

    #[test]
    fn speech_is_seen_within_40_ms_and_gone_within_300() {
        let mut signal = vec![0.0; 48_000];
        // Starts inside a syllable, so that the first tick of speech is speech.
        let speech = &voice(2.1, 1)[4800..];
        signal.extend_from_slice(speech);
        let off = signal.len();
        signal.extend(vec![0.0; 48_000]);
        let lit = run(&mut SpeakingDetector::new(), &signal);
        let first = lit.iter().position(|l| *l).unwrap();
        assert!((100..=104).contains(&first), "first lit at tick {first}");
        assert!(
            lit[first..off / 480].iter().all(|l| *l),
            "it stays lit through the words"
        );
        let last = lit.iter().rposition(|l| *l).unwrap();
        assert!(
            last * 480 < off + 48 * 300,
            "last lit {} ms after the end",
            (last * 480 - off) / 48
        );
    }

    #[test]
    fn speech_right_from_the_first_sample_is_seen() {
        let lit = run(&mut SpeakingDetector::new(), &voice(1.0, 2)[2400..]);
        let first = lit.iter().position(|l| *l).unwrap();
        assert!(first <= 5, "{first}");
    }

    #[test]
    fn speech_in_a_noisy_room_is_still_seen() {
        let mut room = noise(6.0, -50.0, 3);
        for (at, s) in voice(1.0, 4).iter().enumerate() {
            room[4 * 48_000 + at] += s;
        }
        let lit = run(&mut SpeakingDetector::new(), &room);
        assert!(lit[..400].iter().all(|l| !l), "the room alone is dark");
        assert!(lit[410..500].iter().filter(|l| **l).count() > 80);
        assert!(lit[540..].iter().all(|l| !l));
    }

    #[test]
    fn silence_steady_noise_and_hum_are_not_speech() {
        for (name, signal) in [
            ("silence", vec![0.0; 480_000]),
            ("noise", noise(10.0, -45.0, 5)),
            ("loud noise", noise(10.0, -25.0, 6)),
            ("hum", hum(10.0, -30.0)),
            ("hum and noise", add(&hum(10.0, -35.0), &noise(10.0, -50.0, 7))),
        ] {
            let lit = run(&mut SpeakingDetector::new(), &signal);
            let late = lit[250..].iter().filter(|l| **l).count();
            assert_eq!(late, 0, "{name}: lit {late} ticks after the first 2.5 s");
        }
        // What is quiet from the start never lights at all.
        let lit = run(&mut SpeakingDetector::new(), &noise(10.0, -50.0, 8));
        assert!(lit.iter().all(|l| !l));
    }

    #[test]
    fn a_key_click_is_not_speech() {
        let mut signal = noise(5.0, -60.0, 9);
        for click in 0..8 {
            for s in &mut signal[120_000 + click * 12_000..][..240] {
                *s *= 200.0;
            }
        }
        let lit = run(&mut SpeakingDetector::new(), &signal);
        assert!(lit.iter().all(|l| !l));
    }

    #[test]
    fn a_fan_that_breathes_and_typing_are_not_speech() {
        // More low than high, swinging by 4 dB every second and a half as fans do.
        let (mut low, mut fan) = (0.0, noise(20.0, -35.0, 21));
        for (i, s) in fan.iter_mut().enumerate() {
            low += (*s - low) * 0.15;
            let swing = (std::f32::consts::TAU * i as f32 / 72_000.0).sin();
            *s = low * 3.0 * 10f32.powf(2.0 * swing / 20.0);
        }
        let lit = run(&mut SpeakingDetector::new(), &fan);
        let late = lit[250..].iter().filter(|l| **l).count();
        assert_eq!(late, 0, "a fan: {late} ticks");
        // Eight keys a second at uneven distances, each a click and the thump of its end.
        let mut rng = crate::testing::Rng::new(22);
        let mut typing = noise(20.0, -62.0, 23);
        let mut at = 24_000;
        while at + 6000 < typing.len() {
            for (begin, loud) in [(0, 0.3f32), (2400 + rng.below(2400), 0.15)] {
                for (i, s) in typing[at + begin..][..480].iter_mut().enumerate() {
                    *s += loud * (-(i as f32) / 90.0).exp() * rng.normal() as f32 * 0.4;
                }
            }
            at += 3000 + rng.below(6000);
        }
        let lit = run(&mut SpeakingDetector::new(), &typing);
        let share = lit.iter().filter(|l| **l).count() as f64 / lit.len() as f64;
        println!("typing lights {share:.3} of the time");
        assert!(share < 0.02, "{share}");
    }

    #[test]
    fn gaps_in_a_gated_stream_do_not_lower_the_floor() {
        let mut detector = SpeakingDetector::new();
        run(&mut detector, &noise(3.0, -45.0, 10));
        let before = detector.floor();
        run(&mut detector, &vec![0.0; 10 * 48_000]);
        assert!((detector.floor() - before).abs() < 1.0);
    }

    #[test]
    fn a_fixed_threshold_is_obeyed() {
        let mut detector = SpeakingDetector::new();
        assert!(run(&mut detector, &noise(3.0, -50.0, 14)).iter().all(|l| !l));
        let follows = detector.threshold();
        assert!((-45.0..-36.0).contains(&follows), "ten above the noise: {follows}");
        let mut detector = SpeakingDetector::new();
        detector.set_threshold(Threshold::Fixed(-40.0));
        assert_eq!(detector.threshold(), -40.0);
        assert!(run(&mut detector, &noise(1.0, -46.0, 11)).iter().all(|l| !l));
        assert!(run(&mut detector, &noise(1.0, -30.0, 12)).iter().skip(4).all(|l| *l));
    }

    #[test]
    fn an_interruption_ends_speech_at_once() {
        let mut detector = SpeakingDetector::new();
        run(&mut detector, &voice(1.0, 13));
        assert!(detector.speaking());
        detector.interrupt();
        assert!(!detector.speaking() && !detector.active());
        assert!(!detector.push(&[0.0; 480]));
    }

    #[test]
    fn the_attack_says_how_long_a_hiss_has_to_last() {
        for (attack_ms, opens_on) in [(10, [20, 40, 60, 90]), (50, [0, 0, 60, 90]), (80, [0, 0, 0, 90])] {
            for (hiss_ms, expected) in [20, 40, 60, 90].into_iter().zip(opens_on) {
                let mut detector = SpeakingDetector::new();
                detector.set_attack(attack_ms);
                let mut sound = noise(3.0, -65.0, 1);
                sound.extend(noise(hiss_ms as f64 / 1000.0, -30.0, 2));
                sound.extend(noise(0.5, -65.0, 3));
                let opened = ticks(&sound).fold(false, |opened, tick| detector.push(tick) | opened);
                assert_eq!(opened, expected > 0, "{hiss_ms} ms of hiss, an attack of {attack_ms}");
            }
        }
    }
}
