//! A switch.

use egui::{Rect, Response, Ui, WidgetInfo, WidgetType, pos2};

use super::press_as;
use crate::cx::Cx;
use crate::paint;
use crate::tokens as t;

/// Draws a switch of 38 by 22 points with its left upper corner at `rect`'s; true when it was flipped.
pub(crate) fn toggle(ui: &Ui, cx: &mut Cx<'_>, name: &str, rect: Rect, label: &str, on: bool) -> Response {
    let response = press_as(ui, cx, name, rect, |enabled| {
        WidgetInfo::selected(WidgetType::Checkbox, enabled, on, label)
    });
    let share = if cx.still() {
        if on { 1.0 } else { 0.0 }
    } else {
        ui.ctx()
            .animate_bool_with_time(response.id.with("on"), on, t::TIME_CONTROL)
    };
    let radius = rect.height() / 2.0;
    let painter = ui.painter();
    painter.rect_filled(rect, radius, t::TRACK.lerp_to_gamma(t::ACCENT_FROM, share));
    let x = egui::lerp(rect.left() + radius..=rect.right() - radius, share);
    let knob = t::TEXT_SOFT.lerp_to_gamma(t::TEXT_ON_ACCENT, share);
    painter.circle_filled(pos2(x, rect.center().y), radius - 3.5, knob);
    if response.has_focus() {
        paint::focus_ring(painter, rect, 12);
    }
    response
}
