//! Gradients with round, smoothed edges, as meshes.

use egui::epaint::Mesh;
use egui::{Color32, Painter, Pos2, Rect, Shape, Vec2, pos2, vec2};

use crate::tokens as tok;

/// Steps of one round corner.
const CORNER_STEPS: u8 = 8;

/// Outline of a rectangle with round corners, with the outward normal of every point, clockwise.
fn outline(rect: Rect, radius: f32) -> Vec<(Pos2, Vec2)> {
    let radius = radius.min(rect.width() / 2.0).min(rect.height() / 2.0);
    let inner = rect.shrink(radius);
    let corners = [
        (inner.right_bottom(), 0.0),
        (inner.left_bottom(), 0.25),
        (inner.left_top(), 0.5),
        (inner.right_top(), 0.75),
    ];
    let mut points = Vec::with_capacity(4 * usize::from(CORNER_STEPS + 1));
    for (center, start) in corners {
        for step in 0..=CORNER_STEPS {
            let turn = start + 0.25 * f32::from(step) / f32::from(CORNER_STEPS);
            let normal = Vec2::angled(turn * std::f32::consts::TAU);
            points.push((center + normal * radius, normal));
        }
    }
    points
}

/// Fills an outline with a colour for each place, edges smoothed over one pixel.
fn fill(painter: &Painter, center: Pos2, outline: &[(Pos2, Vec2)], color: impl Fn(Pos2) -> Color32) {
    let feather = 0.5 / painter.pixels_per_point();
    let mut mesh = Mesh::default();
    mesh.colored_vertex(center, color(center));
    for (point, normal) in outline {
        let inside = *point - *normal * feather;
        let outside = *point + *normal * feather;
        mesh.colored_vertex(inside, color(inside));
        mesh.colored_vertex(outside, tok::CLEAR);
    }
    let count = u32::try_from(outline.len()).unwrap_or_default();
    for at in 0..count {
        let (a, b) = (1 + 2 * at, 1 + 2 * ((at + 1) % count));
        mesh.add_triangle(0, a, b);
        mesh.add_triangle(a, a + 1, b + 1);
        mesh.add_triangle(a, b + 1, b);
    }
    painter.add(Shape::mesh(mesh));
}

/// A rectangle with round corners whose colour runs from `from` to `to` along `direction`.
pub(crate) fn gradient_rect(painter: &Painter, rect: Rect, radius: f32, from: Color32, to: Color32, direction: Vec2) {
    let direction = direction.normalized();
    // As in CSS: the gradient line reaches so far that the corners have the end colours.
    let length = rect.width() * direction.x.abs() + rect.height() * direction.y.abs();
    let color = |at: Pos2| {
        let along = (at - rect.center()).dot(direction) / length.max(1.0) + 0.5;
        from.lerp_to_gamma(to, along.clamp(0.0, 1.0))
    };
    fill(painter, rect.center(), &outline(rect, radius), color);
}

/// A disc whose colour runs from `inner` to `outer`.
pub(crate) fn gradient_circle(painter: &Painter, center: Pos2, radius: f32, inner: Color32, outer: Color32) {
    let rect = Rect::from_center_size(center, vec2(2.0 * radius, 2.0 * radius));
    fill(painter, center, &outline(rect, radius), |at| {
        inner.lerp_to_gamma(outer, ((at - center).length() / radius.max(0.1)).clamp(0.0, 1.0))
    });
}

/// A plain rectangle whose colour runs from top to foot.
pub(crate) fn vertical_gradient(painter: &Painter, rect: Rect, top: Color32, foot: Color32) {
    let mut mesh = Mesh::default();
    mesh.colored_vertex(rect.left_top(), top);
    mesh.colored_vertex(rect.right_top(), top);
    mesh.colored_vertex(rect.right_bottom(), foot);
    mesh.colored_vertex(pos2(rect.left(), rect.bottom()), foot);
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(0, 2, 3);
    painter.add(Shape::mesh(mesh));
}
