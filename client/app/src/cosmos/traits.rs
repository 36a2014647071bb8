//! From an identity key to the planet it draws.
//!
//! Everything about a planet follows from the 32 bytes, by arithmetic alone: the same key gives the same planet on every
//! computer and in every version that keeps this file's laws.

use bevy::math::{Vec3, Vec4};

use super::material::PlanetUniform;

/// What kind of ground a planet has. The number is the shader's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Seas and continents.
    Terran = 0,
    /// Bands and a storm.
    Gas = 1,
    /// Bare rock with craters.
    Cratered = 2,
    /// Ice with cracks.
    Ice = 3,
    /// Dark crust over glowing seams.
    Lava = 4,
    /// Sand and canyons.
    Desert = 5,
}

/// A planet, before it is lit and placed.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanetTraits {
    /// Kind of ground.
    pub kind: Kind,
    /// Main hue, 0..1. Also tints the sky of a conversation.
    pub hue: f32,
    /// Colour of the air, display space.
    pub air: Vec3,
    /// Inner and outer radius of the rings in planet radii, if there are rings.
    pub rings: Option<(f32, f32)>,
    lean: f32,
    coarse: f32,
    seeds: (f32, f32),
    ground: Vec4,
    upland: Vec4,
    lowland: Vec4,
    air_strength: f32,
    spin_from: f32,
    turns_per_second: f32,
}

/// Numbers drawn from the key, one after another. SplitMix64 over the key's words: any byte changes all of them.
struct Draw(u64);

impl Draw {
    fn new(key: &[u8; 32]) -> Self {
        let mut state = 0x4f72_7265_7279_2131;
        for chunk in key.chunks_exact(8) {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            state = Self::mix(state ^ u64::from_le_bytes(word)).wrapping_add(0x9e37_79b9_7f4a_7c15);
        }
        Self(state)
    }

    fn mix(mut z: u64) -> u64 {
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 (included) to 1 (excluded).
    fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        // 24 bits are what a f32 holds exactly.
        (Self::mix(self.0) >> 40) as f32 / 16_777_216.0
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }
}

/// Hue, saturation and lightness as a colour in display space.
#[must_use]
pub fn hsl(hue: f32, saturation: f32, lightness: f32) -> Vec3 {
    let h = hue.rem_euclid(1.0) * 6.0;
    let channel = |offset: f32| (((h + offset).rem_euclid(6.0) - 3.0).abs() - 1.0).clamp(0.0, 1.0);
    let rgb = Vec3::new(channel(0.0), channel(4.0), channel(2.0));
    Vec3::splat(lightness) + (rgb - 0.5) * (saturation * (1.0 - (2.0 * lightness - 1.0).abs()))
}

impl PlanetTraits {
    /// The planet of this key.
    #[must_use]
    pub fn of(key: &[u8; 32]) -> Self {
        let mut draw = Draw::new(key);
        let hue = draw.unit();
        let kind = match draw.unit() {
            x if x < 0.30 => Kind::Terran,
            x if x < 0.56 => Kind::Gas,
            x if x < 0.70 => Kind::Desert,
            x if x < 0.82 => Kind::Ice,
            x if x < 0.93 => Kind::Cratered,
            _ => Kind::Lava,
        };
        let seeds = (draw.between(2.0, 90.0), draw.between(2.0, 90.0));
        let lean = draw.between(-0.62, 0.62);
        let near = hue + draw.between(0.05, 0.11);
        // Ground and sea lie apart, but not on opposite sides: a planet has one mood.
        let far = hue - draw.between(0.10, 0.18) - 0.07 * draw.unit();
        let (threshold, clouds, relief) = (draw.unit(), draw.unit(), draw.unit());
        let ring_chance = draw.unit();
        let ring_width = draw.between(0.30, 0.52);
        let spin_from = draw.between(0.0, std::f32::consts::TAU);
        let turns_per_second = draw.between(0.0035, 0.0075) * if draw.unit() < 0.5 { -1.0 } else { 1.0 };
        let detail = draw.unit();

        let with = |colour: Vec3, w: f32| colour.extend(w);
        let (coarse, ground, upland, lowland, air, air_strength) = match kind {
            Kind::Terran => (
                1.25 + 0.7 * detail,
                with(hsl(far, 0.26, 0.44), 0.46 + 0.10 * threshold),
                with(hsl(far + 0.02, 0.20, 0.64), 0.35 + 0.45 * clouds),
                with(hsl(hue, 0.52, 0.46), 0.55 + 0.35 * relief),
                hsl(hue + 0.02, 0.72, 0.70),
                0.85 + 0.15 * detail,
            ),
            Kind::Gas => (
                0.95 + 0.5 * detail,
                with(hsl(hue, 0.42, 0.58), 0.25 + 0.75 * threshold),
                with(hsl(near, 0.38, 0.76), 0.0),
                with(hsl(hue - 0.06, 0.46, 0.38), 0.0),
                hsl(hue + 0.03, 0.62, 0.74),
                0.70,
            ),
            Kind::Cratered => (
                1.35 + 0.6 * detail,
                with(hsl(hue, 0.20, 0.54), threshold),
                with(hsl(near, 0.24, 0.74), 0.0),
                with(hsl(far, 0.22, 0.36), 0.80 + 0.20 * relief),
                hsl(hue, 0.30, 0.62),
                0.18,
            ),
            Kind::Ice => (
                1.15 + 0.5 * detail,
                with(hsl(hue, 0.46, 0.66), threshold),
                with(hsl(near, 0.34, 0.86), 0.10 + 0.30 * clouds),
                with(hsl(hue - 0.05, 0.52, 0.40), 0.45 + 0.35 * relief),
                hsl(hue, 0.70, 0.82),
                0.80,
            ),
            Kind::Lava => (
                1.20 + 0.5 * detail,
                with(hsl(far, 0.14, 0.34), threshold),
                with(hsl(0.02 + 0.07 * hue, 0.95, 0.56), 0.0),
                with(hsl(far + 0.05, 0.18, 0.17), 0.75 + 0.25 * relief),
                hsl(0.03 + 0.07 * hue, 0.80, 0.60),
                0.45,
            ),
            Kind::Desert => (
                1.05 + 0.6 * detail,
                with(hsl(hue, 0.44, 0.54), threshold),
                with(hsl(near, 0.42, 0.74), 0.05 + 0.30 * clouds),
                with(hsl(hue - 0.05, 0.44, 0.36), 0.50 + 0.40 * relief),
                hsl(near + 0.02, 0.56, 0.72),
                0.60,
            ),
        };
        let ringed = match kind {
            Kind::Gas => ring_chance < 0.42,
            Kind::Ice => ring_chance < 0.22,
            _ => ring_chance < 0.06,
        };
        Self {
            kind,
            hue,
            air,
            rings: ringed.then_some((1.28, 1.30 + ring_width)),
            lean,
            coarse,
            seeds,
            ground,
            upland,
            lowland,
            air_strength,
            spin_from,
            turns_per_second,
        }
    }

    /// How far the drawing reaches from the middle, in planet radii: air, and rings if there are any.
    #[must_use]
    pub fn extent(&self) -> f32 {
        match self.rings {
            Some((_, outer)) => outer + 0.06,
            None => 1.30,
        }
    }

    /// The planet as the shader wants it. `light` points to the light (x right, y down, z to the viewer); `time_s` turns it.
    #[must_use]
    pub fn uniform(&self, light: Vec3, time_s: f32, extent: f32, radius_px: f32) -> PlanetUniform {
        let spin = self.spin_from + (time_s * self.turns_per_second).fract() * std::f32::consts::TAU;
        let (sin, cos) = self.lean.sin_cos();
        let craters = if self.kind == Kind::Cratered { 2.0 } else { 0.0 };
        let (inner, outer) = self.rings.unwrap_or_default();
        PlanetUniform {
            light: light.extend(spin),
            axis: Vec4::new(cos, sin, inner, outer),
            style: Vec4::new(self.kind as u8 as f32, self.coarse, self.seeds.0, self.seeds.1),
            ground: self.ground,
            upland: self.upland,
            lowland: self.lowland,
            air: self.air.extend(self.air_strength),
            state: Vec4::new(extent, radius_px, 0.0, 1.0),
            // Finer layers than a pixel would only flicker.
            detail: Vec4::new(6.0, (radius_px / 8.0).log2().clamp(3.0, 6.0).round(), craters, 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_always_has_the_same_planet() {
        assert_eq!(PlanetTraits::of(&[7; 32]), PlanetTraits::of(&[7; 32]));
    }

    #[test]
    fn one_changed_byte_anywhere_makes_another_planet() {
        let one = PlanetTraits::of(&[7; 32]);
        for at in 0..32 {
            let mut key = [7; 32];
            key[at] ^= 1;
            let other = PlanetTraits::of(&key);
            assert_ne!(one.seeds, other.seeds, "byte {at}");
        }
    }

    #[test]
    fn every_number_a_shader_gets_is_finite_and_every_colour_in_range() {
        for n in 0..2000_u32 {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&n.to_le_bytes());
            let traits = PlanetTraits::of(&key);
            let u = traits.uniform(Vec3::Z, 1e6, traits.extent(), 40.0);
            for v in [u.light, u.axis, u.style, u.ground, u.upland, u.lowland, u.air, u.state] {
                assert!(v.is_finite());
            }
            for c in [u.ground, u.upland, u.lowland, u.air] {
                assert!(c.min_element() >= 0.0 && c.max_element() <= 1.01, "{c}");
            }
        }
    }

    #[test]
    fn every_kind_and_rings_occur_among_a_few_hundred_keys() {
        let mut seen = [0; 6];
        let mut rings = 0;
        for n in 0..400_u16 {
            let mut key = [0; 32];
            key[..2].copy_from_slice(&n.to_le_bytes());
            let traits = PlanetTraits::of(&key);
            seen[traits.kind as usize] += 1;
            rings += usize::from(traits.rings.is_some());
        }
        assert!(seen.iter().all(|&n| n > 5), "{seen:?}");
        assert!((10..160).contains(&rings), "{rings}");
    }
}
