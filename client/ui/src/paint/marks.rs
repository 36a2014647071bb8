//! Marks of who somebody is: verified, or one of several who look alike by name.

use egui::{Painter, Pos2, Rect, Stroke, Ui, Vec2, pos2, vec2};

use super::{Type, icon, line, panel, put};
use crate::fonts::Weight;
use crate::icons;
use crate::tokens as tok;
use crate::view::Namesake;

/// The mark of somebody whose safety number was compared, on the lower left edge of a planet; gives its box.
pub(crate) fn verified_badge(painter: &Painter, planet: Rect) -> Rect {
    let radius = (planet.width() * 0.15).clamp(8.0, 13.0);
    let center = planet.center() + Vec2::angled(0.75 * std::f32::consts::PI) * (planet.width() / 2.0);
    painter.circle(center, radius, tok::DOT_RING, Stroke::new(1.5, tok::AURORA));
    icon(painter, center, icons::SHIELD_CHECK, radius * 1.25, tok::AURORA);
    Rect::from_center_size(center, vec2(radius, radius) * 2.0)
}

/// The beginning of an id where a name is not enough, from its left middle; gives its box. Who was never verified is
/// marked.
pub(crate) fn namesake(ui: &Ui, at: Pos2, who: &Namesake) -> Rect {
    let (ground, color, room) = if who.doubtful {
        (tok::WARN_GROUND, tok::SOLAR, 15.0)
    } else {
        (tok::FIELD, tok::TEXT_SOFT, 0.0)
    };
    let galley = line(ui, &who.id, Type::new(Weight::Medium, tok::TYPE_TINY, color), 100.0);
    let size = vec2(galley.size().x + 12.0 + room, 18.0);
    let rect = Rect::from_min_size(pos2(at.x, at.y - size.y / 2.0), size);
    panel(ui.painter(), rect, tok::RADIUS_SMALL, ground, tok::LINE);
    if who.doubtful {
        let middle = pos2(rect.left() + 12.0, at.y);
        icon(ui.painter(), middle, icons::TRIANGLE_ALERT, 11.0, color);
    }
    put(
        ui.painter(),
        pos2(rect.left() + 6.0 + room, at.y),
        egui::Align2::LEFT_CENTER,
        galley,
    );
    rect
}
