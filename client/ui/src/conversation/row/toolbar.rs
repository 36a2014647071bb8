//! What can be done with a message: shown at the row under the pointer, or the one that has the keyboard.

use egui::{Rect, Ui, pos2, vec2};

use super::super::talk_state::{PickFor, Picker};
use super::{RowPlace, row_id, take_asked_link};
use crate::action::UiAction;
use crate::conversation::TalkState;
use crate::cx::{Cx, t};
use crate::overlay::Dialog;
use crate::paint;
use crate::tokens as tok;
use crate::view::{Body, ConversationView, MessageKey};
use crate::{icons, widgets};

/// Side of one tool.
const TOOL: f32 = 28.0;

/// Finds the row that is meant and draws its tools over it.
pub(in crate::conversation) fn hover(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    talk: &mut TalkState,
    dialog: &mut Option<Dialog>,
    view: &ConversationView,
    drawn: &[(usize, MessageKey, RowPlace)],
) {
    take_asked_link(ui, dialog);
    let clip = ui.clip_rect();
    // The pointer counts only where nothing lies over the history.
    let over = ui
        .ctx()
        .pointer_hover_pos()
        .filter(|at| clip.contains(*at) && ui.ctx().layer_id_at(*at).is_none_or(|layer| layer == ui.layer_id()));
    // The tools stand over the row above their own: while the pointer is on them their row stays meant.
    let kept = talk
        .hovered
        .and_then(|key| drawn.iter().find(|(_, drawn, _)| *drawn == key))
        .filter(|(at, _, place)| {
            let count = tools(view, *at).len();
            over.is_some_and(|pointer| bar_rect(place, count, clip).expand(2.0).contains(pointer))
        });
    let pointed = kept.or_else(|| {
        drawn.iter().find(|(_, _, place)| {
            over.is_some_and(|pointer| {
                pointer.y >= place.rect.top() && pointer.y < place.rect.bottom() && place.whole.contains(pointer)
            })
        })
    });
    let focused = drawn.iter().find(|(_, key, _)| {
        let within = |id| ui.memory(|memory| memory.has_focus(id));
        within(row_id(*key))
            || TOOL_NAMES
                .iter()
                .any(|name| within(tool_id(name)) && talk.hovered == Some(*key))
    });
    let Some((at, key, place)) = pointed.or(focused) else {
        talk.hovered = None;
        return;
    };
    talk.hovered = Some(*key);
    draw(ui, cx, talk, dialog, view, *at, place);
}

/// The tools, in the order in which they stand.
const TOOL_NAMES: [&str; 5] = ["tool.react", "tool.reply", "tool.edit", "tool.copy", "tool.delete"];

fn tool_id(name: &str) -> egui::Id {
    crate::cx::named(name)
}

fn tools(view: &ConversationView, at: usize) -> Vec<&'static str> {
    let Some(message) = view.messages.get(at) else {
        return Vec::new();
    };
    match (&message.body, message.mine) {
        (Body::Text(_), true) => TOOL_NAMES.to_vec(),
        (Body::Text(_), false) => TOOL_NAMES
            .iter()
            .copied()
            .filter(|name| !matches!(*name, "tool.edit" | "tool.delete"))
            .collect(),
        _ => Vec::new(),
    }
}

fn bar_rect(place: &RowPlace, count: usize, clip: Rect) -> Rect {
    let size = vec2(count as f32 * TOOL + 6.0, TOOL + 6.0);
    let right = place.rect.right().min(clip.right() - 8.0);
    let top = (place.rect.bottom() - place.rect.height().min(30.0) - size.y + 8.0).max(place.rect.top() - 16.0);
    let top = top.max(clip.top() + 2.0).min(place.rect.bottom() - 12.0);
    Rect::from_min_size(pos2(right - size.x, top), size)
}

fn draw(
    ui: &Ui,
    cx: &mut Cx<'_>,
    talk: &mut TalkState,
    dialog: &mut Option<Dialog>,
    view: &ConversationView,
    at: usize,
    place: &RowPlace,
) {
    let Some(message) = view.messages.get(at) else { return };
    let names = tools(view, at);
    if names.is_empty() {
        return;
    }
    let bar = bar_rect(place, names.len(), ui.clip_rect());
    paint::panel(
        ui.painter(),
        bar,
        tok::RADIUS_SMALL + 2,
        tok::GLASS_POPUP,
        tok::LINE_STRONG,
    );
    for (index, name) in names.iter().enumerate() {
        let rect = Rect::from_min_size(
            pos2(bar.left() + 3.0 + index as f32 * TOOL, bar.top() + 3.0),
            vec2(TOOL, TOOL),
        );
        let (icon, label, color) = match *name {
            "tool.react" => (icons::SMILE_PLUS, t("tool-react"), tok::TEXT_SOFT),
            "tool.reply" => (icons::REPLY, t("tool-reply"), tok::TEXT_SOFT),
            "tool.edit" => (icons::PENCIL, t("tool-edit"), tok::TEXT_SOFT),
            "tool.copy" => (icons::COPY, t("tool-copy"), tok::TEXT_SOFT),
            _ => (icons::TRASH_2, t("tool-delete"), tok::GIANT),
        };
        if !widgets::icon_button(ui, cx, *name, rect, icon, &label, color).clicked() {
            continue;
        }
        let Body::Text(text) = &message.body else { continue };
        match *name {
            "tool.react" => {
                talk.picker = Some(Picker {
                    target: PickFor::Message(message.key),
                    at: bar.right_bottom(),
                    fresh: true,
                });
            }
            "tool.reply" => talk.composer.answer(message.key),
            "tool.edit" => talk.composer.edit(message.key, text),
            "tool.copy" => {
                ui.ctx().copy_text(text.clone());
                cx.emit(UiAction::Copied);
            }
            _ => {
                *dialog = Some(Dialog::Delete {
                    channel: view.channel,
                    message: message.key,
                })
            }
        }
    }
}
