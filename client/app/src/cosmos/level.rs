//! How a measured loudness becomes a burning corona: fast up, slow down.

/// Time in which a rising level covers 63 % of the way, seconds.
const ATTACK_S: f32 = 0.040;
/// The same for a falling level.
const RELEASE_S: f32 = 0.250;
/// Below this a corona counts as dark.
pub const LIT: f32 = 0.08;

/// One step of the follower: from `shown` towards `measured` in `dt_s` seconds. Independent of the frame rate.
#[must_use]
pub fn follow(shown: f32, measured: f32, dt_s: f32) -> f32 {
    let measured = if measured.is_finite() {
        measured.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let constant = if measured > shown { ATTACK_S } else { RELEASE_S };
    let next = measured + (shown - measured) * (-dt_s.max(0.0) / constant).exp();
    // Below what eight bits can show it is simply off, so that a silent call can stand still.
    if next < 0.003 { 0.0 } else { next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_lights_within_a_tenth_of_a_second_and_is_dark_within_one() {
        let lit = follow(0.0, 0.8, 0.1);
        assert!(lit > 0.7, "{lit}");
        let dark = follow(lit, 0.0, 1.0);
        assert!(dark < LIT, "{dark}");
    }

    #[test]
    fn rising_is_faster_than_falling() {
        let up = follow(0.0, 1.0, 0.03);
        let down = 1.0 - follow(1.0, 0.0, 0.03);
        assert!(up > down * 3.0);
    }

    #[test]
    fn the_frame_rate_does_not_change_the_curve() {
        let mut fine = 0.0;
        for _ in 0..60 {
            fine = follow(fine, 0.6, 1.0 / 600.0);
        }
        assert!((fine - follow(0.0, 0.6, 0.1)).abs() < 1e-3);
    }

    #[test]
    fn what_is_not_a_number_is_silence() {
        assert_eq!(follow(0.0, f32::NAN, 0.1), 0.0);
        assert!(follow(0.5, f32::INFINITY, 0.1) < 0.5);
    }
}
