//! Planets as avatars: the picture of the app where there is one, a shaded disc of the key's hue where not.

use egui::epaint::Mesh;
use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, Vec2, pos2, vec2};

use crate::tokens as tok;
use crate::view::{Avatars, PeerKey, Presence};

/// Hue of a key, 0 to 1, spread evenly whatever the key.
#[must_use]
pub fn key_hue(peer: PeerKey) -> f32 {
    let mut sum = 0_u32;
    for (at, byte) in (0_u32..).zip(peer.0) {
        sum = sum.wrapping_mul(31).wrapping_add(u32::from(byte)).rotate_left(at % 7);
    }
    // The golden ratio scatters neighbours.
    (f64::from(sum) * 0.618_033_988_75).fract() as f32
}

/// Draws the planet of `peer` as a disc filling `rect`.
pub(crate) fn planet(painter: &Painter, rect: Rect, peer: PeerKey, avatars: &dyn Avatars) {
    if let Some((texture, uv)) = avatars.planet(peer) {
        painter.image(texture, rect, uv, tok::UNTINTED);
    } else {
        disc(painter, rect, key_hue(peer));
    }
}

/// Colour at a distance from the highlight, as shares of the disc's diameter.
fn shade(hue: f32, distance: f32) -> Color32 {
    let stops = [
        (0.0, tok::hsl(hue, 0.62, 0.80)),
        (0.44, tok::hsl(hue + 0.05, 0.52, 0.48)),
        (0.88, tok::hsl(hue + 0.11, 0.58, 0.13)),
    ];
    let mut color = stops[0].1;
    for pair in stops.windows(2) {
        if let [(from, low), (to, high)] = pair
            && distance >= *from
        {
            color = low.lerp_to_gamma(*high, ((distance - from) / (to - from)).clamp(0.0, 1.0));
        }
    }
    color
}

/// A sphere lit from the upper left: rings between the highlight and the edge, coloured by distance.
fn disc(painter: &Painter, rect: Rect, hue: f32) {
    const SPOKES: u16 = 40;
    const RINGS: u16 = 9;
    let (center, radius) = (rect.center(), rect.width() / 2.0);
    let light = rect.lerp_inside(vec2(0.32, 0.28));
    let feather = 0.5 / painter.pixels_per_point();
    let edge = |spoke: u16, radius: f32| {
        center + Vec2::angled(f32::from(spoke) / f32::from(SPOKES) * std::f32::consts::TAU) * radius
    };
    let color = |at: Pos2| shade(hue, (at - light).length() / rect.width());

    let mut mesh = Mesh::default();
    mesh.colored_vertex(light, color(light));
    for ring in 1..=RINGS {
        for spoke in 0..SPOKES {
            let at = light + (edge(spoke, radius - feather) - light) * (f32::from(ring) / f32::from(RINGS));
            mesh.colored_vertex(at, color(at));
        }
    }
    for spoke in 0..SPOKES {
        mesh.colored_vertex(edge(spoke, radius + feather), tok::CLEAR);
    }
    let spokes = u32::from(SPOKES);
    for spoke in 0..spokes {
        let next = (spoke + 1) % spokes;
        mesh.add_triangle(0, 1 + spoke, 1 + next);
        for ring in 0..u32::from(RINGS) {
            let (inner, outer) = (1 + ring * spokes, 1 + (ring + 1) * spokes);
            mesh.add_triangle(inner + spoke, outer + spoke, outer + next);
            mesh.add_triangle(inner + spoke, outer + next, inner + next);
        }
    }
    painter.add(Shape::mesh(mesh));
}

/// The dot that says somebody is there, at the lower right of a planet. Nothing for who is not known to be.
pub(crate) fn presence_dot(painter: &Painter, planet: Rect, presence: Presence) {
    if presence != Presence::Here {
        return;
    }
    let radius = (planet.width() * 0.14).clamp(4.0, 6.0);
    let center = pos2(planet.right() - radius + 1.0, planet.bottom() - radius + 1.0);
    painter.circle(center, radius + 2.0, tok::DOT_RING, Stroke::NONE);
    painter.circle_filled(center, radius, tok::AURORA);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hues_of_keys_that_differ_in_one_bit_are_far_apart_and_within_range() {
        let hues: Vec<f32> = (0..64).map(|n| key_hue(PeerKey([n; 32]))).collect();
        assert!(hues.iter().all(|hue| (0.0..1.0).contains(hue)));
        let mut sorted = hues.clone();
        sorted.sort_by(f32::total_cmp);
        let widest = sorted.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f32::max);
        assert!(widest < 0.2, "a gap of {widest} in the hues");
    }
}
