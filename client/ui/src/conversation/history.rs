//! The history: only the rows in sight are drawn, and what is read stays where it is when others come.

use egui::containers::scroll_area::{DragScroll, ScrollSource};
use egui::{Align2, CornerRadius, Rect, ScrollArea, Ui, pos2, vec2};

use super::TalkState;
use super::row::{self, RowPlace};
use super::talk_state::ListPrint;
use crate::action::UiAction;
use crate::cx::{Cx, t, tf};
use crate::overlay::Dialog;
use crate::paint::{self, Type};
use crate::strings::Arg;
use crate::text::clean_name;
use crate::tokens as tok;
use crate::view::ConversationView;
use crate::{icons, widgets};

/// Space above the first row and below the last.
const PAD: (f32, f32) = (18.0, 8.0);
/// Older messages are asked for when fewer points than these are left above.
const AHEAD: f32 = 600.0;

/// Draws the history.
pub(super) fn history(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    rect: Rect,
    talk: &mut TalkState,
    dialog: &mut Option<Dialog>,
    view: &ConversationView,
) {
    if view.messages.is_empty() {
        (talk.asked_older, talk.asked_newer) = (None, None);
        beginning(ui, cx, rect, view);
        return;
    }
    let side = if rect.width() < 480.0 { 14.0 } else { tok::TALK_PAD };
    let column = (rect.width() - 2.0 * side).min(tok::TALK_WIDTH);
    let tops = measure(ui, cx, talk, view, column);
    let total = tops.last().copied().unwrap_or(0.0) + PAD.0 + PAD.1;
    // A short history hugs the composer.
    let above = (rect.height() - total).max(0.0) + PAD.0;
    let content = total.max(rect.height());
    let lowest = content - rect.height();

    let print = ListPrint {
        total,
        height: rect.height(),
        first: view.messages.first().map(|message| message.key),
        last: view.messages.last().map(|message| message.key),
    };
    let wanted = wanted_offset(ui, talk, view, &tops, above, lowest, print);
    talk.list = print;

    let mut child = crate::entry::within(ui, rect, "history");
    let mut area = ScrollArea::vertical()
        .id_salt(("history", view.channel))
        .auto_shrink(false)
        .scroll_source(ScrollSource {
            scroll_bar: true,
            drag: DragScroll::OnTouch,
            mouse_wheel: true,
        });
    if let Some(offset) = wanted {
        area = area.vertical_scroll_offset(offset);
    }
    let shown = area.show_viewport(&mut child, |ui, viewport| {
        ui.set_height(content);
        let origin = ui.max_rect().min;
        let first = tops
            .partition_point(|top| above + top <= viewport.top())
            .saturating_sub(1);
        let mut drawn = Vec::new();
        for (at, message) in view.messages.iter().enumerate().skip(first) {
            let (Some(top), Some(next)) = (tops.get(at), tops.get(at + 1)) else {
                break;
            };
            if above + top > viewport.bottom() {
                break;
            }
            let min = pos2((rect.left() + side).round(), (origin.y + above + top).round());
            let place = RowPlace {
                rect: Rect::from_min_size(min, vec2(column, next - top)),
                whole: rect,
                // In the middle of what is read, not of an empty expanse beside it.
                day_center: rect.left() + rect.width().min(column + 140.0) / 2.0,
            };
            row::draw(ui, cx, talk, view, at, &place);
            drawn.push((at, message.key, place));
        }
        row::hover(ui, cx, talk, dialog, view, &drawn);
    });
    talk.offset = shown.state.offset.y;
    talk.at_bottom = talk.offset >= lowest - 2.0;
    remember_anchor(talk, view, &tops, above);
    ask_for_more(cx, talk, view, lowest);
    mark_read(ui, cx, talk, view, &tops, above, rect.height());
    jump_button(ui, cx, rect, talk, view, lowest);
}

/// Tops of all rows below the first, and the foot of the last: one more than there are messages.
fn measure(ui: &Ui, cx: &mut Cx<'_>, talk: &mut TalkState, view: &ConversationView, column: f32) -> Vec<f32> {
    let mut tops = Vec::with_capacity(view.messages.len() + 1);
    let mut top = 0.0;
    let mut known = std::mem::take(&mut talk.heights);
    let mut kept = std::collections::HashMap::with_capacity(view.messages.len());
    for (at, message) in view.messages.iter().enumerate() {
        let print = row::print(cx.clock(), view, at, column, ui.pixels_per_point());
        let height = match known.remove(&message.key) {
            Some((old, height)) if old == print => height,
            _ => {
                row::note_fonts(cx, message);
                row::height(ui, cx, view, at, column)
            }
        };
        kept.insert(message.key, (print, height));
        tops.push(top);
        top += height;
    }
    talk.heights = kept;
    tops.push(top);
    tops
}

/// Where the history has to be scrolled to before it is drawn; `None` leaves it to the reader.
fn wanted_offset(
    ui: &Ui,
    talk: &mut TalkState,
    view: &ConversationView,
    tops: &[f32],
    above: f32,
    lowest: f32,
    print: ListPrint,
) -> Option<f32> {
    let height = print.height;
    let at_of = |key| view.messages.iter().position(|message| message.key == key);
    let top_of = |key| tops.get(at_of(key)?).map(|top| above + top);
    if let Some(key) = view.focus
        && talk.focus_rev != view.focus_rev
        && let Some(top) = top_of(key)
    {
        talk.focus_rev = view.focus_rev;
        talk.opened = true;
        talk.flash = Some((key, ui.input(|input| input.time)));
        return Some((top - height * 0.35).clamp(0.0, lowest));
    }
    if std::mem::take(&mut talk.to_bottom) {
        return Some(lowest);
    }
    if talk.to_present && !view.has_newer {
        talk.to_present = false;
        talk.opened = true;
        return Some(lowest);
    }
    if !talk.opened {
        talk.opened = true;
        let unread = view
            .first_unread
            .and_then(top_of)
            .filter(|top| lowest + height - top > height);
        return Some(unread.map_or(lowest, |top| (top - 48.0).clamp(0.0, lowest)));
    }
    if print == talk.list {
        return None;
    }
    if talk.at_bottom && !view.has_newer {
        return Some(lowest);
    }
    let (key, below) = talk.anchor?;
    tops.get(at_of(key)? + 1)
        .map(|foot| (above + foot - below).clamp(0.0, lowest))
}

fn remember_anchor(talk: &mut TalkState, view: &ConversationView, tops: &[f32], above: f32) {
    let at = tops
        .partition_point(|top| above + top < talk.offset)
        .min(view.messages.len().saturating_sub(1));
    // By its foot: the head of a row changes when others come in above it (the day is said once).
    talk.anchor = match (view.messages.get(at), tops.get(at + 1)) {
        (Some(message), Some(foot)) => Some((message.key, above + foot - talk.offset)),
        _ => None,
    };
}

/// Asks for what lies beyond an end of the list once it is near. What was asked for is forgotten when the list is another
/// one, and when the reader turns away: who comes back to an end that could not be loaded asks for it again.
fn ask_for_more(cx: &mut Cx<'_>, talk: &mut TalkState, view: &ConversationView, lowest: f32) {
    let oldest = view.messages.first().map(|message| message.key);
    let near = talk.offset < AHEAD;
    if !near || talk.asked_older != oldest {
        talk.asked_older = None;
    }
    if near && view.has_older && !view.loading && talk.asked_older.is_none() {
        talk.asked_older = oldest;
        cx.emit(UiAction::LoadOlder(view.channel));
    }
    let newest = view.messages.last().map(|message| message.key);
    let near = talk.offset > lowest - AHEAD;
    if !near || talk.asked_newer != newest {
        talk.asked_newer = None;
    }
    if near && view.has_newer && !view.loading && talk.asked_newer.is_none() {
        talk.asked_newer = newest;
        cx.emit(UiAction::LoadNewer(view.channel));
    }
}

/// What has been in sight while the window has the focus has been read.
fn mark_read(
    ui: &Ui,
    cx: &mut Cx<'_>,
    talk: &mut TalkState,
    view: &ConversationView,
    tops: &[f32],
    above: f32,
    height: f32,
) {
    if !ui.input(|input| input.focused) {
        return;
    }
    let seen = talk.offset + height + 2.0;
    let feet = tops.iter().skip(1);
    let Some(at) = view
        .messages
        .iter()
        .zip(feet)
        .rposition(|(message, foot)| !message.mine && above + foot - 8.0 <= seen)
    else {
        return;
    };
    let before = talk
        .marked_read
        .and_then(|key| view.messages.iter().position(|message| message.key == key));
    if before.is_none_or(|before| before < at)
        && let Some(message) = view.messages.get(at)
        && talk.marked_read != Some(message.key)
    {
        talk.marked_read = Some(message.key);
        cx.emit(UiAction::MarkRead {
            channel: view.channel,
            message: message.key,
        });
    }
}

/// The way back to the newest message.
fn jump_button(ui: &Ui, cx: &mut Cx<'_>, rect: Rect, talk: &mut TalkState, view: &ConversationView, lowest: f32) {
    if !view.has_newer && talk.offset > lowest - 240.0 {
        return;
    }
    let label = t("jump-present");
    let galley = paint::line(ui, &label, Type::strong(tok::TYPE_SMALL, tok::TEXT), 240.0);
    let size = vec2(galley.size().x + 46.0, 32.0);
    let place = Rect::from_center_size(pos2(rect.center().x, rect.bottom() - 24.0), size);
    let response = widgets::press(ui, cx, "talk.jump_present", place, &label);
    let warmth = widgets::hover(ui, cx, &response);
    ui.painter()
        .rect_filled(place, CornerRadius::same(16), tok::GLASS_POPUP);
    paint::panel(
        ui.painter(),
        place,
        16,
        tok::CONTROL.lerp_to_gamma(tok::CONTROL_HOVER, warmth),
        tok::LINE_STRONG,
    );
    paint::icon(
        ui.painter(),
        pos2(place.left() + 20.0, place.center().y),
        icons::ARROW_DOWN,
        15.0,
        tok::ION,
    );
    paint::put(
        ui.painter(),
        pos2(place.left() + 33.0, place.center().y),
        Align2::LEFT_CENTER,
        galley,
    );
    if response.has_focus() {
        paint::focus_ring(ui.painter(), place, 16);
    }
    if response.clicked() {
        if view.has_newer {
            talk.to_present = true;
            cx.emit(UiAction::JumpToPresent(view.channel));
        } else {
            talk.to_bottom = true;
            ui.ctx().request_repaint();
        }
    }
}

/// A conversation in which nothing has been said.
fn beginning(ui: &Ui, cx: &mut Cx<'_>, rect: Rect, view: &ConversationView) {
    let name = clean_name(&view.name);
    let width = (rect.width() - 48.0).min(420.0);
    let center = rect.center();
    let planet = Rect::from_center_size(center - vec2(0.0, 76.0), vec2(84.0, 84.0));
    paint::planet(ui.painter(), planet, view.peer, cx.view.avatars);
    if view.loading {
        return;
    }
    let kind = Type::strong(tok::TYPE_TITLE, tok::TEXT);
    let words = tf("talk-begin", &[("name", Arg::Text(&name))]);
    paint::label(ui, center - vec2(0.0, 6.0), Align2::CENTER_CENTER, &words, kind, width);
    let kind = Type::regular(tok::TYPE_NOTE, tok::TEXT_SOFT).on(19.0);
    paint::centered(ui, center + vec2(0.0, 12.0), &t("talk-begin-lead"), kind, width);
}
