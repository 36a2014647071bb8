//! Rows of settings: a name, a line that explains, and a control.

use egui::{Align2, Rect, Sense, Ui, pos2, vec2};

use crate::action::{Setting, UiAction};
use crate::cx::{Cx, t};
use crate::fonts::Weight;
use crate::paint::{self, Type};
use crate::tokens as tok;
use crate::widgets;

/// A titled group on its own glass.
pub(super) fn group(ui: &mut Ui, title: &str, content: impl FnOnce(&mut Ui)) {
    if !title.is_empty() {
        let rect = ui
            .allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover())
            .0;
        paint::label(
            ui,
            rect.left_top(),
            Align2::LEFT_TOP,
            title,
            Type::caption(),
            rect.width(),
        );
    }
    let ground = ui.painter().add(egui::Shape::Noop);
    let left = ui.cursor().left();
    let top = ui.cursor().top();
    let width = ui.available_width();
    let inner = Rect::from_min_size(pos2(left + 18.0, top + 6.0), vec2(width - 36.0, 100_000.0));
    let used = ui.scope_builder(egui::UiBuilder::new().max_rect(inner), |ui| {
        content(ui);
    });
    let rect = Rect::from_min_max(pos2(left, top), pos2(left + width, used.response.rect.bottom() + 6.0));
    ui.painter().set(
        ground,
        egui::epaint::RectShape::new(
            rect,
            egui::CornerRadius::same(tok::RADIUS),
            tok::GLASS_RAISED,
            egui::Stroke::new(1.0, tok::LINE),
            egui::StrokeKind::Inside,
        ),
    );
    ui.add_space(24.0);
}

/// Draws name and explanation of a row and gives the place for its control: at the right, or below where it is narrow.
pub(super) fn row(ui: &mut Ui, title: &str, lead: &str, control: egui::Vec2) -> Rect {
    let width = ui.available_width();
    let below = control.x > 80.0 && width < 460.0;
    let text_width = if below { width } else { width - control.x - 20.0 };
    let kind = Type::new(Weight::Medium, tok::TYPE_BODY, tok::TEXT).on(20.0);
    let title = paint::paragraph(ui, title, kind, text_width);
    let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT).on(17.0);
    let lead = (!lead.is_empty()).then(|| paint::paragraph(ui, lead, kind, text_width));
    let lead_height = lead.as_ref().map_or(0.0, |lead| lead.size().y + 2.0);
    let text_height = title.size().y + lead_height;
    let control = vec2(control.x.min(width), control.y);
    let height = if below {
        text_height + control.y + 30.0
    } else {
        text_height.max(control.y) + 24.0
    };
    let rect = ui.allocate_exact_size(vec2(width, height), Sense::hover()).0;
    let top = if below {
        rect.top() + 12.0
    } else {
        rect.center().y - text_height / 2.0
    };
    let drawn = paint::put(ui.painter(), pos2(rect.left(), top), Align2::LEFT_TOP, title);
    if let Some(lead) = lead {
        paint::put(
            ui.painter(),
            pos2(rect.left(), drawn.bottom() + 2.0),
            Align2::LEFT_TOP,
            lead,
        );
    }
    if below {
        Rect::from_min_size(pos2(rect.left(), rect.bottom() - 12.0 - control.y), control)
    } else {
        Rect::from_center_size(pos2(rect.right() - control.x / 2.0, rect.center().y), control)
    }
}

/// A hairline between rows.
pub(super) fn rule(ui: &mut Ui) {
    let rect = ui
        .allocate_exact_size(vec2(ui.available_width(), 1.0), Sense::hover())
        .0;
    ui.painter().hline(rect.x_range(), rect.center().y, (1.0, tok::LINE));
}

/// A row with a switch.
pub(super) fn switch(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    name: &str,
    title: &str,
    lead: &str,
    on: bool,
    set: impl FnOnce(bool) -> Setting,
) {
    let title = t(title);
    let place = row(ui, &title, &t(lead), vec2(38.0, 22.0));
    if widgets::toggle(ui, cx, name, place, &title, on).clicked() {
        cx.emit(UiAction::Set(set(!on)));
    }
}
