//! Buttons: filled, quiet, dangerous, icons in bars, round ones on the stage, and words that act.

use egui::{Align2, Color32, CornerRadius, Rect, Response, Stroke, Ui, vec2};

use super::{Name, hover, press};
use crate::cx::Cx;
use crate::paint::{self, Type};
use crate::tokens as t;

/// What a button means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The one thing to do here: the gradient.
    Primary,
    /// Anything else.
    Quiet,
    /// Cannot be undone.
    Danger,
}

/// A button with words, and an icon before them if there is one.
pub(crate) fn button<'a>(
    ui: &Ui,
    cx: &mut Cx<'_>,
    name: impl Into<Name<'a>>,
    rect: Rect,
    label: &str,
    icon: Option<char>,
    kind: Kind,
) -> Response {
    let response = press(ui, cx, name, rect, label);
    let warmth = hover(ui, cx, &response);
    let down = response.is_pointer_button_down_on();
    let painter = ui.painter();
    let radius = if rect.height() >= t::FIELD_HEIGHT {
        t::RADIUS
    } else {
        t::RADIUS_SMALL + 2
    };
    let dim = if ui.is_enabled() { 1.0 } else { 0.5 };
    let light = |color: Color32| {
        let color = color.lerp_to_gamma(t::TEXT_ON_ACCENT, 0.10 * warmth * if down { 0.0 } else { 1.0 });
        color.gamma_multiply(dim)
    };
    let text = match kind {
        Kind::Primary => {
            let (from, to) = (light(t::ACCENT_FROM), light(t::ACCENT_TO));
            paint::gradient_rect(painter, rect, f32::from(radius), from, to, vec2(0.87, 0.5));
            t::TEXT_ON_ACCENT
        }
        Kind::Danger => {
            painter.rect_filled(rect, CornerRadius::same(radius), light(t::GIANT_DEEP));
            t::TEXT_ON_ACCENT
        }
        Kind::Quiet => {
            let fill = t::FIELD.lerp_to_gamma(t::CONTROL_HOVER, warmth);
            paint::panel(painter, rect, radius, fill, t::LINE_STRONG);
            t::TEXT
        }
    };
    let size = if rect.height() >= t::FIELD_HEIGHT {
        t::TYPE_BODY
    } else {
        t::TYPE_NOTE
    };
    let text = text.gamma_multiply(if ui.is_enabled() { 1.0 } else { 0.6 });
    let icon_room = if icon.is_some() { 24.0 } else { 0.0 };
    let galley = paint::line(ui, label, Type::strong(size, text), rect.width() - 16.0 - icon_room);
    let left = rect.center().x - (galley.size().x + icon_room) / 2.0;
    if let Some(icon) = icon {
        paint::icon(painter, egui::pos2(left + 8.0, rect.center().y), icon, 16.0, text);
    }
    paint::put(
        painter,
        egui::pos2(left + icon_room, rect.center().y),
        Align2::LEFT_CENTER,
        galley,
    );
    if response.has_focus() {
        paint::focus_ring(painter, rect, radius);
    }
    response
}

/// A square icon button of a bar, with its name as tooltip. `on` tints it as switched.
pub(crate) fn icon_button<'a>(
    ui: &Ui,
    cx: &mut Cx<'_>,
    name: impl Into<Name<'a>>,
    rect: Rect,
    icon: char,
    label: &str,
    color: Color32,
) -> Response {
    let response = press(ui, cx, name, rect, label);
    let warmth = hover(ui, cx, &response);
    let painter = ui.painter();
    painter.rect_filled(
        rect,
        CornerRadius::same(t::RADIUS_SMALL),
        t::CONTROL_HOVER.gamma_multiply(warmth),
    );
    let color = if color == t::TEXT_SOFT {
        color.lerp_to_gamma(t::TEXT, warmth)
    } else {
        color
    };
    let color = if ui.is_enabled() {
        color
    } else {
        color.gamma_multiply(0.45)
    };
    let size = t::ICON.min(rect.width() * 0.62);
    paint::icon(painter, rect.center(), icon, size, color);
    if response.has_focus() {
        paint::focus_ring(painter, rect, t::RADIUS_SMALL);
    }
    response.on_hover_text(label)
}

/// A round control of the stage. `fill` and `color` say what it means now.
#[expect(
    clippy::too_many_arguments,
    reason = "a control is its place, its sign, its name and its two colours"
)]
pub(crate) fn round_button(
    ui: &Ui,
    cx: &mut Cx<'_>,
    name: &str,
    rect: Rect,
    icon: char,
    label: &str,
    fill: Color32,
    color: Color32,
) -> Response {
    let response = press(ui, cx, name, rect, label);
    let warmth = hover(ui, cx, &response);
    let painter = ui.painter();
    let lit = if fill == t::CONTROL {
        fill.lerp_to_gamma(t::CONTROL_HOVER, warmth)
    } else {
        fill.lerp_to_gamma(t::TEXT_ON_ACCENT, 0.12 * warmth)
    };
    painter.circle(rect.center(), rect.width() / 2.0, lit, Stroke::NONE);
    paint::icon(painter, rect.center(), icon, rect.width() * 0.43, color);
    if response.has_focus() {
        paint::focus_ring(painter, rect, 255);
    }
    response.on_hover_text(label)
}

/// Words that act when pressed, drawn with `anchor` at a point.
pub(crate) fn link_button<'a>(
    ui: &Ui,
    cx: &mut Cx<'_>,
    name: impl Into<Name<'a>>,
    at: egui::Pos2,
    anchor: Align2,
    label: &str,
    color: Color32,
) -> Response {
    let galley = paint::line(ui, label, Type::regular(t::TYPE_SMALL, color), 400.0);
    let rect = anchor.anchor_size(at, galley.size()).expand2(vec2(4.0, 4.0));
    let response = press(ui, cx, name, rect, label);
    let warmth = hover(ui, cx, &response);
    let bright = color.lerp_to_gamma(t::TEXT, 0.6 * warmth);
    let galley = paint::line(ui, label, Type::regular(t::TYPE_SMALL, bright), 400.0);
    paint::put(ui.painter(), rect.shrink(4.0).min, Align2::LEFT_TOP, galley);
    if response.has_focus() {
        paint::focus_ring(ui.painter(), rect, t::RADIUS_SMALL);
    }
    response
}
