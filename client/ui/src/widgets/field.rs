//! One line to type in.

use egui::text_edit::TextEditState;
use egui::{Align, Color32, Event, EventFilter, Frame, Key, Margin, Rect, Response, TextEdit, Ui, vec2};

use crate::cx::{Cx, named};
use crate::fonts::{self, Weight};
use crate::paint;
use crate::tokens as t;

/// A field.
pub(crate) struct Field<'a> {
    /// Its name in the widget map.
    pub name: &'a str,
    /// Where it stands.
    pub rect: Rect,
    /// What it is for: shown while empty, and told to screen readers.
    pub hint: &'a str,
    /// Dots instead of letters, no undo history, and nothing of it reaches the clipboard.
    pub secret: bool,
    /// A secret that is read while it is typed: letters all the same.
    pub shown: bool,
    /// Most characters.
    pub limit: usize,
    /// Room kept free at the right, for a button drawn over it.
    pub room: f32,
    /// Something is wrong with what it holds.
    pub bad: bool,
}

impl<'a> Field<'a> {
    /// A plain field.
    pub(crate) fn new(name: &'a str, rect: Rect, hint: &'a str) -> Self {
        Self {
            name,
            rect,
            hint,
            secret: false,
            shown: false,
            limit: 512,
            room: 0.0,
            bad: false,
        }
    }
}

/// Draws a field over `text`.
pub(crate) fn field(ui: &mut Ui, cx: &mut Cx<'_>, spec: &Field<'_>, text: &mut String) -> Response {
    cx.mark(spec.name, spec.rect);
    let id = named(spec.name);
    let focused = ui.memory(|memory| memory.has_focus(id));
    let tall = spec.rect.height() >= 38.0;
    let radius = if tall { t::RADIUS } else { t::RADIUS_SMALL };
    let line = match (focused, spec.bad) {
        (true, _) => t::ION,
        (false, true) => t::GIANT,
        (false, false) => t::LINE_STRONG,
    };
    if focused {
        ui.painter().rect_filled(spec.rect.expand(3.0), radius + 3, t::ION_GLOW);
        // The glow stands around the field, not under its glass.
        ui.painter().rect_filled(spec.rect, radius, t::GLASS_CARD);
    }
    paint::panel(ui.painter(), spec.rect, radius, t::FIELD, line);

    let size = if tall { t::TYPE_BODY } else { t::TYPE_NOTE };
    let pad = if tall { 14 } else { 10 };
    let inner = Rect::from_min_max(spec.rect.min, spec.rect.max - vec2(spec.room, 0.0));
    let color = if ui.is_enabled() { t::TEXT } else { t::TEXT_SOFT };
    let hint: Color32 = t::TEXT_FAINT;
    let edit = TextEdit::singleline(text)
        .id(id)
        .frame(Frame::NONE.inner_margin(Margin::symmetric(pad, 0)))
        .font(fonts::font(Weight::Regular, size))
        .text_color(color)
        .hint_text(
            egui::RichText::new(spec.hint)
                .color(hint)
                .font(fonts::font(Weight::Regular, size)),
        )
        .password(spec.secret && !spec.shown)
        .char_limit(spec.limit)
        // Escape comes to us: a search or a dialog means more by it than leaving the field.
        .event_filter(EventFilter {
            tab: false,
            horizontal_arrows: true,
            vertical_arrows: false,
            escape: true,
        })
        .min_size(inner.size())
        .vertical_align(Align::Center)
        .desired_width(f32::INFINITY);
    if spec.secret && focused {
        // Desktops keep what was copied, for who knows whom.
        ui.input_mut(|input| {
            let copies = |event: &Event| matches!(event, Event::Copy | Event::Cut);
            input.events.retain(|event| !copies(event));
        });
    }
    let response = ui.place(inner, edit);
    if response.has_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
        response.surrender_focus();
    }
    if spec.secret {
        // The undo history would keep copies of a passphrase.
        if let Some(mut state) = TextEditState::load(ui.ctx(), id) {
            state.clear_undoer();
            state.store(ui.ctx(), id);
        }
    } else {
        cx.fonts.note(text);
    }
    ui.ctx().accesskit_node_builder(id, |node| node.set_label(spec.hint));
    response
}
