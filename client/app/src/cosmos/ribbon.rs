//! The ribbon along an ellipse on which an orbit is drawn: thin, so that a thin line costs no more than itself.

use bevy::asset::RenderAssetUsages;
use bevy::math::Vec2;
use bevy::mesh::{Indices, Mesh, PrimitiveTopology};

/// Pieces of a whole turn.
const PIECES: u32 = 96;

/// A ribbon of `width` around the ellipse with these half axes. u runs clockwise on screen from the right, v across.
/// World units, y up.
pub(super) fn ellipse(half_axes: Vec2, width: f32) -> Mesh {
    let mut positions = Vec::with_capacity(2 * (PIECES as usize + 1));
    let mut uvs = Vec::with_capacity(positions.capacity());
    let mut indices = Vec::with_capacity(6 * PIECES as usize);
    for n in 0..=PIECES {
        let u = n as f32 / PIECES as f32;
        let (sin, cos) = (u * std::f32::consts::TAU).sin_cos();
        let on = Vec2::new(half_axes.x * cos, -half_axes.y * sin);
        // The normal of an ellipse, not its radius: the line keeps its width where the ellipse is flat.
        let normal = Vec2::new(half_axes.y * cos, -half_axes.x * sin).normalize_or(Vec2::X);
        for (side, v) in [(-0.5, 0.0), (0.5, 1.0)] {
            let p = on + normal * (side * width);
            positions.push([p.x, p.y, 0.0]);
            uvs.push([u, v]);
        }
        if n < PIECES {
            let at = 2 * n;
            indices.extend([at, at + 1, at + 2, at + 2, at + 1, at + 3]);
        }
    }
    let normals = vec![[0.0, 0.0, 1.0]; positions.len()];
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::default())
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, normals)
        .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, uvs)
        .with_inserted_indices(Indices::U32(indices))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::mesh::VertexAttributeValues;

    #[test]
    fn every_point_lies_half_a_width_from_the_ellipse() {
        let (a, width) = (Vec2::new(300.0, 120.0), 8.0);
        let mesh = ellipse(a, width);
        let Some(VertexAttributeValues::Float32x3(points)) = mesh.attribute(Mesh::ATTRIBUTE_POSITION) else {
            panic!("no positions");
        };
        for [x, y, _] in points {
            let nearest = (0..7200)
                .map(|n| {
                    let (sin, cos) = (n as f32 * std::f32::consts::TAU / 7200.0).sin_cos();
                    Vec2::new(a.x * cos, a.y * sin).distance(Vec2::new(*x, *y))
                })
                .fold(f32::MAX, f32::min);
            assert!((nearest - width / 2.0).abs() < 0.25, "{nearest}");
        }
    }
}
