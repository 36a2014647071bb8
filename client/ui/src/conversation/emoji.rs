//! The small emoji picker.

use egui::{Align2, CornerRadius, Key, Modifiers, Order, Rect, Ui, vec2};

use super::talk_state::PickFor;
use super::{TalkState, composer};
use crate::action::UiAction;
use crate::cx::{Cx, named};
use crate::entry::take_key;
use crate::fonts::{self, Weight};
use crate::paint;
use crate::tokens as tok;
use crate::view::ConversationView;
use crate::widgets;

/// What can be picked. All are in the emoji fonts the program carries.
const EMOJI: &[&str] = &[
    "👍", "👎", "❤", "😂", "😊", "😍", "😮", "😢", "😡", "🎉", "🔥", "✨", "👏", "🙏", "💪", "👀", "😋", "😅", "😎",
    "😴", "🚀", "🌍", "🌙", "⭐", "☀", "🌈", "☕", "🍕", "🎵", "📷", "💡", "✅", "❌", "❓", "❗", "💯",
];
const COLUMNS: usize = 9;
const CELL: f32 = 34.0;

/// Draws the picker while it is open.
pub(super) fn picker(ui: &Ui, cx: &mut Cx<'_>, talk: &mut TalkState, view: &ConversationView) {
    let Some(open) = &mut talk.picker else { return };
    let ctx = ui.ctx().clone();
    let fresh = std::mem::take(&mut open.fresh);
    let (target, at) = (open.target, open.at);
    if !fresh && take_key(&ctx, Modifiers::NONE, Key::Escape, false) {
        talk.picker = None;
        return;
    }
    let rows = EMOJI.len().div_ceil(COLUMNS);
    let size = vec2(COLUMNS as f32 * CELL + 12.0, rows as f32 * CELL + 12.0);
    let window = ctx.content_rect().shrink(8.0);
    // Above where it was asked for, or below where there is no room.
    let top = if at.y - size.y - 6.0 > window.top() {
        at.y - size.y - 6.0
    } else {
        at.y + 6.0
    };
    let left = (at.x - size.x).clamp(window.left(), (window.right() - size.x).max(window.left()));
    let rect = Rect::from_min_size(egui::pos2(left, top.min(window.bottom() - size.y)), size);
    let mut picked = None;
    egui::Area::new(named("emoji"))
        .order(Order::Foreground)
        .fixed_pos(rect.min)
        .fade_in(false)
        .show(&ctx, |ui| {
            ui.set_min_size(size);
            ui.painter().add(tokens_shadow(rect));
            paint::panel(ui.painter(), rect, tok::RADIUS, tok::GLASS_POPUP, tok::LINE_STRONG);
            for (index, emoji) in EMOJI.iter().enumerate() {
                let (row, column) = (index / COLUMNS, index % COLUMNS);
                let min = rect.min + vec2(6.0 + column as f32 * CELL, 6.0 + row as f32 * CELL);
                let cell = Rect::from_min_size(min, vec2(CELL, CELL));
                let response = widgets::press(ui, cx, &format!("emoji.{index}"), cell, emoji);
                if fresh && index == 0 {
                    response.request_focus();
                }
                let warmth = widgets::hover(ui, cx, &response);
                let radius = CornerRadius::same(tok::RADIUS_SMALL);
                ui.painter()
                    .rect_filled(cell.shrink(1.0), radius, tok::ROW_SELECTED.gamma_multiply(warmth));
                let font = fonts::font(Weight::Regular, tok::TYPE_EMOJI);
                ui.painter()
                    .text(cell.center(), Align2::CENTER_CENTER, *emoji, font, tok::TEXT);
                if response.has_focus() {
                    paint::focus_ring(ui.painter(), cell.shrink(3.0), tok::RADIUS_SMALL);
                }
                if response.clicked() {
                    picked = Some(*emoji);
                }
            }
        });
    if let Some(emoji) = picked {
        talk.picker = None;
        match target {
            PickFor::Composer => composer::insert(&ctx, talk, view, emoji),
            PickFor::Message(message) => {
                let mine = view
                    .messages
                    .iter()
                    .find(|known| known.key == message)
                    .is_some_and(|known| known.reactions.iter().any(|given| given.mine && given.emoji == emoji));
                cx.emit(UiAction::React {
                    channel: view.channel,
                    message,
                    emoji: emoji.to_owned(),
                    on: !mine,
                });
            }
        }
        return;
    }
    let elsewhere = ctx.input(|input| {
        input.pointer.any_pressed() && input.pointer.interact_pos().is_some_and(|at| !rect.contains(at))
    });
    if elsewhere && !fresh {
        talk.picker = None;
    }
}

fn tokens_shadow(rect: Rect) -> egui::Shape {
    let shadow = egui::Shadow {
        offset: [0, 8],
        blur: 28,
        spread: 0,
        color: tok::SHADOW,
    };
    egui::Shape::Rect(shadow.as_shape(rect, CornerRadius::same(tok::RADIUS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_emoji_offered_is_in_the_fonts_we_carry() {
        for letter in EMOJI.iter().flat_map(|emoji| emoji.chars()) {
            assert!(fonts::ours(letter), "{letter}");
        }
    }
}
