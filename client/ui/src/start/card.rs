//! The card that every start screen is.

use egui::epaint::RectShape;
use egui::{Align2, Color32, CornerRadius, Id, Rect, Sense, Shape, Stroke, StrokeKind, Ui, UiBuilder, pos2, vec2};

use crate::paint::{self, Type};
use crate::tokens as t;
use crate::view::{Busy, ErrorView, Level};
use crate::widgets;
use crate::{cx, icons, strings};

/// Draws a card in the middle of `window` around `content`, which flows down its inside. Scrolls where it is too tall.
pub(crate) fn card(ui: &mut Ui, window: Rect, name: &str, content: impl FnOnce(&mut Ui)) {
    let id = Id::new(("card", name));
    let width = t::CARD_WIDTH.min(window.width() - 24.0);
    // The height is known once the content has been laid out; the first frame is still transparent.
    let last: f32 = ui.ctx().data(|data| data.get_temp(id)).unwrap_or(400.0);
    let height = last.min(window.height() - 24.0);
    // A little above the middle, where the eye looks for it.
    let top = (window.center().y - height * 0.46)
        .max(window.top() + 12.0)
        .min(window.bottom() - 12.0 - height);
    let left = window.center().x - width / 2.0;
    let rect = Rect::from_min_size(pos2(left.round(), top.round()), vec2(width, height));

    let ground = RectShape::new(
        rect,
        CornerRadius::same(t::RADIUS_LARGE),
        t::GLASS_CARD,
        Stroke::new(1.0, t::LINE_STRONG),
        StrokeKind::Inside,
    );
    ui.painter().add(Shape::Rect(ground));
    let side = if width < 380.0 { 22.0 } else { 36.0 };
    let inner = Rect::from_min_max(rect.min + vec2(side, 1.0), rect.max - vec2(side, 1.0));
    let mut child = ui.new_child(UiBuilder::new().id_salt(name).max_rect(inner));
    // Glows around fields reach past the column of text.
    child.set_clip_rect(rect);
    let scrolled = egui::ScrollArea::vertical()
        .id_salt(name)
        .auto_shrink(false)
        .show(&mut child, |ui| {
            ui.set_clip_rect(rect);
            ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
            ui.add_space(33.0);
            content(ui);
            ui.add_space(29.0);
        });
    let wanted = scrolled.content_size.y + 2.0;
    if (wanted - last).abs() > 0.5 {
        ui.ctx().data_mut(|data| data.insert_temp(id, wanted));
        ui.ctx().request_repaint();
    }
}

/// The next `height` points of the column.
pub(crate) fn next(ui: &mut Ui, height: f32) -> Rect {
    let width = ui.available_width();
    ui.allocate_exact_size(vec2(width, height), Sense::hover()).0
}

/// Title of a card.
pub(crate) fn title(ui: &mut Ui, text: &str) {
    let galley = paint::paragraph(
        ui,
        text,
        Type::strong(t::TYPE_HEAD, t::TEXT).on(30.0),
        ui.available_width(),
    );
    let rect = next(ui, galley.size().y);
    paint::put(ui.painter(), rect.min, Align2::LEFT_TOP, galley);
}

/// A paragraph.
pub(crate) fn words(ui: &mut Ui, text: &str, color: Color32) {
    let galley = paint::paragraph(ui, text, Type::body(color), ui.available_width());
    let rect = next(ui, galley.size().y);
    paint::put(ui.painter(), rect.min, Align2::LEFT_TOP, galley);
}

/// Small text with an icon before it.
pub(crate) fn small_words(ui: &mut Ui, icon: char, text: &str, color: Color32) {
    let galley = paint::paragraph(
        ui,
        text,
        Type::regular(t::TYPE_SMALL, color).on(17.0),
        ui.available_width() - 24.0,
    );
    let rect = next(ui, galley.size().y);
    paint::icon(ui.painter(), rect.min + vec2(8.0, 8.5), icon, t::ICON_SMALL, color);
    paint::put(ui.painter(), rect.min + vec2(24.0, 0.0), Align2::LEFT_TOP, galley);
}

/// A box that says how something stands.
pub(crate) fn notice(ui: &mut Ui, level: Level, text: &str) {
    let (ground, color, icon) = match level {
        Level::Info => (t::INFO_GROUND, t::ION, icons::INFO),
        Level::Good => (t::GOOD_GROUND, t::AURORA, icons::CIRCLE_CHECK),
        Level::Warn => (t::WARN_GROUND, t::SOLAR, icons::TRIANGLE_ALERT),
        Level::Bad => (t::BAD_GROUND, t::GIANT, icons::CIRCLE_ALERT),
    };
    let width = ui.available_width();
    let galley = paint::paragraph(ui, text, Type::regular(t::TYPE_NOTE, t::TEXT).on(18.0), width - 52.0);
    let rect = next(ui, galley.size().y + 20.0);
    ui.painter().rect_filled(rect, CornerRadius::same(t::RADIUS), ground);
    paint::icon(ui.painter(), rect.min + vec2(21.0, 19.0), icon, 16.0, color);
    paint::put(ui.painter(), rect.min + vec2(40.0, 10.0), Align2::LEFT_TOP, galley);
}

/// What went wrong, if anything did.
pub(crate) fn trouble(ui: &mut Ui, error: Option<&ErrorView>) {
    if let Some(error) = error {
        notice(ui, Level::Bad, &strings::error(error));
        ui.add_space(12.0);
    }
}

/// In place of the main button while something is being worked at.
pub(crate) fn busy(ui: &mut Ui, still: bool, busy: Busy) {
    let rect = next(ui, t::BUTTON_HEIGHT);
    let words = match busy {
        Busy::DerivingKey => cx::t("busy-key"),
        Busy::OpeningDatabase => cx::t("busy-database"),
    };
    let kind = Type::regular(t::TYPE_NOTE, t::TEXT_SOFT);
    paint::label(
        ui,
        pos2(rect.center().x, rect.top() + 14.0),
        Align2::CENTER_CENTER,
        &words,
        kind,
        rect.width(),
    );
    let bar = Rect::from_min_size(pos2(rect.left(), rect.bottom() - 12.0), vec2(rect.width(), 4.0));
    if still {
        widgets::progress(ui, bar, 0.5, t::ION);
        return;
    }
    // How long Argon2 takes is not known beforehand: a light that wanders, not a bar that lies.
    widgets::progress(ui, bar, 0.0, t::ION);
    let time = ui.input(|input| input.time);
    let share = ((time * 0.9).sin() * 0.5 + 0.5) as f32;
    let lit = bar.width() * 0.28;
    let left = bar.left() + (bar.width() - lit) * share;
    let light = Rect::from_min_size(pos2(left, bar.top()), vec2(lit, bar.height()));
    ui.painter().rect_filled(light, 2.0, t::ION);
    ui.ctx().request_repaint_after(std::time::Duration::from_millis(33));
}
