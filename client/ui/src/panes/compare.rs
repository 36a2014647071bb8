//! Comparing safety numbers: sixty digits and a code that both sides see alike.

use egui::{Align2, CornerRadius, Rect, Ui, pos2, vec2};
use qrcode::{Color, QrCode};

use super::column;
use crate::action::UiAction;
use crate::cx::{Cx, named, t, tf};
use crate::entry::take_submit;
use crate::fonts::Weight;
use crate::home::Place;
use crate::icons;
use crate::paint::{self, Type};
use crate::start::{next, notice};
use crate::state::CompareState;
use crate::strings::{self, Arg};
use crate::text::clean_name;
use crate::tokens as tok;
use crate::view::{ChannelKey, CompareView, Level, NumberView, Outcome};
use crate::widgets::{self, Field, Kind};

/// Side of the code with its margin.
const CODE: f32 = 204.0;
/// Modules of white around it, as ISO/IEC 18004 asks for.
const MARGIN: usize = 4;
/// Longest that is pasted, characters.
const TYPED_MAX: usize = 600;

/// Draws the pane.
pub(crate) fn compare(ui: &mut Ui, cx: &mut Cx<'_>, place: &Place, state: &mut CompareState, view: &CompareView) {
    if state.peer != Some(view.peer) {
        *state = CompareState {
            peer: Some(view.peer),
            typed: String::new(),
            sent: String::new(),
        };
    }
    let name = clean_name(&view.name);
    cx.fonts.note(&name);
    place.titled(ui, cx, &tf("compare-title", &[("name", Arg::Text(&name))]));
    column(ui, place, "compare", |ui| {
        people(ui, cx, view, &name);
        ui.add_space(16.0);
        paragraph(ui, &tf("compare-lead", &[("name", Arg::Text(&name))]));
        ui.add_space(18.0);
        match &view.number {
            Some(number) => shown(ui, cx, number),
            None => paragraph(ui, &t("compare-waits")),
        }
        ui.add_space(20.0);
        pasted(ui, cx, state, view, &name);
        ui.add_space(18.0);
        buttons(ui, cx, view, &name);
    });
}

fn paragraph(ui: &mut Ui, words: &str) {
    let galley = paint::paragraph(ui, words, Type::body(tok::TEXT_SOFT), ui.available_width());
    let rect = next(ui, galley.size().y);
    paint::put(ui.painter(), rect.min, Align2::LEFT_TOP, galley);
}

/// Both planets, and how it stands between them.
fn people(ui: &mut Ui, cx: &mut Cx<'_>, view: &CompareView, name: &str) {
    let rect = next(ui, 64.0);
    let side = vec2(56.0, 56.0);
    let me = Rect::from_min_size(pos2(rect.left(), rect.center().y - 28.0), side);
    let them = Rect::from_min_size(pos2(me.right() + 64.0, me.top()), side);
    let color = if view.verified { tok::AURORA } else { tok::LINE_STRONG };
    ui.painter()
        .hline(me.right() + 8.0..=them.left() - 8.0, rect.center().y, (1.5, color));
    paint::planet(ui.painter(), me, view.me, cx.view.avatars);
    paint::planet(ui.painter(), them, view.peer, cx.view.avatars);
    let (icon, words, color) = if view.verified {
        (icons::SHIELD_CHECK, t("verified"), tok::AURORA)
    } else {
        (icons::SHIELD, t("unverified"), tok::TEXT_SOFT)
    };
    let left = them.right() + 20.0;
    let strong = Type::strong(tok::TYPE_CARD, tok::TEXT);
    let room = rect.right() - left;
    paint::label(
        ui,
        pos2(left, rect.center().y - 11.0),
        Align2::LEFT_CENTER,
        name,
        strong,
        room,
    );
    let at = pos2(left, rect.center().y + 13.0);
    paint::icon(ui.painter(), at + vec2(7.0, 0.0), icon, tok::ICON_SMALL, color);
    let kind = Type::regular(tok::TYPE_NOTE, color);
    paint::label(ui, at + vec2(20.0, 0.0), Align2::LEFT_CENTER, &words, kind, room - 20.0);
}

/// The digits in groups of five, and the code beside or below them.
fn shown(ui: &mut Ui, cx: &mut Cx<'_>, number: &NumberView) {
    let width = ui.available_width();
    let beside = width >= 560.0;
    let columns = if beside { 3 } else { 4 };
    let rows = 12_usize.div_ceil(columns);
    let digits_height = if beside { CODE } else { rows as f32 * 40.0 + 24.0 };
    let rect = next(ui, if beside { CODE } else { digits_height + CODE + 16.0 });
    let digits = if beside {
        Rect::from_min_max(rect.min, pos2(rect.right() - CODE - 16.0, rect.bottom()))
    } else {
        Rect::from_min_size(rect.min, vec2(width, digits_height))
    };
    paint::panel(ui.painter(), digits, tok::RADIUS, tok::GLASS_RAISED, tok::LINE);
    cx.mark("compare.digits", digits);
    let cell = vec2(
        (digits.width() - 32.0) / columns as f32,
        (digits.height() - 24.0) / rows as f32,
    );
    let kind = Type::new(Weight::Medium, tok::TYPE_CARD, tok::TEXT);
    for at in 0..12 {
        let group = number.digits.get(at * 5..at * 5 + 5).unwrap_or_default();
        let (row, column) = (at / columns, at % columns);
        let middle = digits.min
            + vec2(
                16.0 + cell.x * (column as f32 + 0.5),
                12.0 + cell.y * (row as f32 + 0.5),
            );
        // Digit by digit, so that all stand in columns whatever the face.
        for (place, digit) in group.chars().enumerate() {
            let x = middle.x + (place as f32 - 2.0) * 12.5;
            paint::label(
                ui,
                pos2(x, middle.y),
                Align2::CENTER_CENTER,
                &digit.to_string(),
                kind,
                20.0,
            );
        }
    }
    ui.ctx().accesskit_node_builder(named("compare.digits"), |node| {
        node.set_label(number.digits.as_str());
    });
    let code = if beside {
        Rect::from_min_size(pos2(rect.right() - CODE, rect.top()), vec2(CODE, CODE))
    } else {
        Rect::from_min_size(
            pos2(rect.center().x - CODE / 2.0, digits.bottom() + 16.0),
            vec2(CODE, CODE),
        )
    };
    cx.mark("compare.code", code);
    draw(ui, code, &number.code);
}

/// A QR code, dark on white however dark the window is: that is what cameras look for.
fn draw(ui: &Ui, rect: Rect, bytes: &[u8]) {
    ui.painter()
        .rect_filled(rect, CornerRadius::same(tok::RADIUS), tok::CODE_LIGHT);
    let Ok(code) = QrCode::new(bytes) else { return };
    let modules = code.width() + 2 * MARGIN;
    let side = rect.width() / modules as f32;
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (row, column) = (at / code.width() + MARGIN, at % code.width() + MARGIN);
            let min = rect.min + vec2(column as f32, row as f32) * side;
            // A hair wider, so that no line shows between neighbours.
            let module = Rect::from_min_size(min, vec2(side + 0.3, side + 0.3));
            ui.painter().rect_filled(module, CornerRadius::ZERO, tok::CODE_DARK);
        }
    }
}

/// What the other side sent, to be compared by the program.
fn pasted(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut CompareState, view: &CompareView, name: &str) {
    let row = next(ui, tok::FIELD_HEIGHT);
    let button = Rect::from_min_size(pos2(row.right() - 120.0, row.top()), vec2(120.0, row.height()));
    let rect = Rect::from_min_max(row.min, pos2(button.left() - 10.0, row.bottom()));
    let hint = tf("compare-paste", &[("name", Arg::Text(name))]);
    let mut field = Field::new("compare.typed", rect, &hint);
    field.limit = TYPED_MAX;
    field.bad = state.typed == state.sent && matches!(view.outcome, Outcome::Bad(_) | Outcome::Differs);
    let enter = ui.memory(|memory| memory.has_focus(named("compare.typed"))) && take_submit(ui.ctx());
    widgets::field(ui, cx, &field, &mut state.typed);
    let ready = view.number.is_some() && !state.typed.trim().is_empty();
    let pressed = ui
        .add_enabled_ui(ready, |ui| {
            widgets::button(ui, cx, "compare.go", button, &t("compare-go"), None, Kind::Quiet).clicked()
        })
        .inner;
    if ready && (pressed || enter) {
        state.sent.clone_from(&state.typed);
        cx.emit(UiAction::CompareCode {
            peer: view.peer,
            code: state.typed.trim().to_owned(),
        });
    }
    let named = [("name", Arg::Text(name))];
    let (level, words) = match &view.outcome {
        Outcome::None => return,
        _ if state.typed != state.sent => return,
        Outcome::Same => (Level::Good, tf("compare-same", &named)),
        Outcome::Differs => (Level::Bad, tf("compare-differs", &named)),
        Outcome::Bad(error) => (Level::Warn, strings::error(error)),
    };
    ui.add_space(10.0);
    notice(ui, level, &words);
}

fn buttons(ui: &mut Ui, cx: &mut Cx<'_>, view: &CompareView, name: &str) {
    // One beside the other, or below where that is too wide.
    let (step, beside) = (10.0, ui.available_width() >= 190.0 + 2.0 * 160.0);
    let height = if beside {
        tok::FIELD_HEIGHT
    } else {
        3.0 * (tok::FIELD_HEIGHT + step)
    };
    let rows = next(ui, height);
    let mut at = rows.min;
    let mut place = |width: f32| {
        let width = if beside { width } else { rows.width() };
        let rect = Rect::from_min_size(at, vec2(width, tok::FIELD_HEIGHT));
        at = if beside {
            pos2(rect.right() + step, at.y)
        } else {
            pos2(at.x, rect.bottom() + step)
        };
        rect
    };
    if view.contact {
        let (key, on, kind) = if view.verified {
            ("compare-unmark", false, Kind::Quiet)
        } else {
            ("compare-mark", true, Kind::Primary)
        };
        // Nobody marks somebody whose number was just seen to be another.
        let enabled = view.verified || (view.number.is_some() && view.outcome != Outcome::Differs);
        let rect = place(190.0);
        ui.add_enabled_ui(enabled, |ui| {
            let label = t(key);
            if widgets::button(ui, cx, "compare.mark", rect, &label, Some(icons::SHIELD_CHECK), kind).clicked() {
                cx.emit(UiAction::SetVerified { peer: view.peer, on });
            }
        });
    }
    if let Some(number) = &view.number {
        let rect = place(150.0);
        let label = t("compare-copy");
        if widgets::button(ui, cx, "compare.copy", rect, &label, Some(icons::COPY), Kind::Quiet).clicked() {
            ui.ctx().copy_text(grouped(&number.digits));
            cx.emit(UiAction::Copied);
        }
    }
    if view.contact {
        let rect = place(150.0);
        let label = tf("compare-back", &[("name", Arg::Text(name))]);
        if widgets::button(ui, cx, "compare.back", rect, &label, None, Kind::Quiet).clicked() {
            cx.emit(UiAction::OpenChannel(ChannelKey(view.peer.0)));
        }
    }
}

/// Groups of five with blanks between, as they are read out.
fn grouped(digits: &str) -> String {
    let groups: Vec<&str> = (0..12).filter_map(|at| digits.get(at * 5..at * 5 + 5)).collect();
    groups.join(" ")
}
