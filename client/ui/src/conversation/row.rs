//! One message: how tall it is, how it is drawn, and what hangs on it.
//!
//! [`Parts::new`] lays a message out; its height and its drawing come from the same layout, so they cannot disagree.

mod parts;
mod toolbar;

use std::hash::{DefaultHasher, Hash, Hasher};

use egui::text_selection::LabelSelectionState;
use egui::{Align2, CornerRadius, CursorIcon, Rect, Sense, Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2};

use super::TalkState;
use crate::action::UiAction;
use crate::cx::{Cx, named, t, tf};
use crate::overlay::Dialog;
use crate::paint::{self, Type};
use crate::strings::{self, Arg};
use crate::text::{clean_name, clock_time, day_number, full_time};
use crate::tokens as tok;
use crate::view::{Body, Clock, ConversationView, Delivery, MessageKey, MessageView};
use crate::widgets::Name;
use crate::{icons, widgets};

use parts::Parts;
pub(super) use toolbar::hover;

/// Messages of one author within this time stand under one name.
const GROUP_MS: i64 = 5 * 60 * 1000;
/// The column of planets, gap included.
const GUTTER: f32 = 52.0;

/// Where a row is drawn.
pub(super) struct RowPlace {
    /// The row in the message column.
    pub rect: Rect,
    /// The whole history.
    pub whole: Rect,
    /// Middle of the day pill.
    pub day_center: f32,
}

/// How a row stands to its neighbours.
#[derive(Clone, Copy, Hash)]
struct Standing {
    /// The first of a day.
    day: bool,
    /// The first not read.
    new: bool,
    /// The first of its group: name, planet and time stand above.
    head: bool,
}

fn standing(clock: Clock, view: &ConversationView, at: usize) -> Standing {
    let Some(message) = view.messages.get(at) else {
        return Standing {
            day: false,
            new: false,
            head: false,
        };
    };
    let before = at.checked_sub(1).and_then(|before| view.messages.get(before));
    let day = before.is_none_or(|before| day_number(clock, before.at_ms) != day_number(clock, message.at_ms));
    let new = view.first_unread == Some(message.key);
    let is_call = |message: &MessageView| matches!(message.body, Body::Call(_));
    let head = day
        || new
        || message.reply.is_some()
        || before.is_none_or(|before| {
            before.author != message.author
                || is_call(before)
                || is_call(message)
                || (message.at_ms - before.at_ms).abs() > GROUP_MS
        });
    Standing { day, new, head }
}

/// A print of everything the height of a row depends on.
pub(super) fn print(clock: Clock, view: &ConversationView, at: usize, column: f32, pixels: f32) -> u64 {
    let mut hasher = DefaultHasher::new();
    let Some(message) = view.messages.get(at) else { return 0 };
    standing(clock, view, at).hash(&mut hasher);
    (
        column.to_bits(),
        pixels.to_bits(),
        message.edited,
        message.reply.is_some(),
    )
        .hash(&mut hasher);
    match &message.body {
        Body::Text(text) => text.hash(&mut hasher),
        Body::Deleted => 1_u8.hash(&mut hasher),
        Body::Call(_) => 2_u8.hash(&mut hasher),
    }
    match &message.delivery {
        Some(Delivery::Failed(error)) => error.code.hash(&mut hasher),
        Some(Delivery::Waiting) => 2_u8.hash(&mut hasher),
        _ => 0_u8.hash(&mut hasher),
    }
    for reaction in &message.reactions {
        (reaction.emoji.as_str(), reaction.count).hash(&mut hasher);
    }
    hasher.finish()
}

/// Notes what a message needs of the system's fonts.
pub(super) fn note_fonts(cx: &mut Cx<'_>, message: &MessageView) {
    cx.fonts.note(&message.author_name);
    if let Body::Text(text) = &message.body {
        cx.fonts.note(text);
    }
    if let Some(quote) = message.reply.as_ref().and_then(|quote| quote.text.as_deref()) {
        cx.fonts.note(quote);
    }
}

/// Height of a row.
pub(super) fn height(ui: &Ui, cx: &Cx<'_>, view: &ConversationView, at: usize, column: f32) -> f32 {
    let Some(message) = view.messages.get(at) else {
        return 0.0;
    };
    Parts::new(ui, cx, message, standing(cx.clock(), view, at), column).height
}

/// Draws a row.
pub(super) fn draw(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    talk: &mut TalkState,
    view: &ConversationView,
    at: usize,
    place: &RowPlace,
) {
    let Some(message) = view.messages.get(at) else { return };
    let standing = standing(cx.clock(), view, at);
    let parts = Parts::new(ui, cx, message, standing, place.rect.width());
    let origin = place.rect.min;
    let from_end = view.messages.len() - 1 - at;

    // The row itself: something to point at and to reach with Tab.
    let row = Rect::from_min_max(pos2(place.rect.left(), origin.y + parts.row_top), place.rect.max);
    let id = row_id(message.key);
    let response = ui.interact(row, id, Sense::focusable_noninteractive() | Sense::hover());
    response.widget_info(|| {
        let name = clean_name(&message.author_name);
        let words = match &message.body {
            Body::Text(text) => text.clone(),
            Body::Deleted => t("message-deleted").into_owned(),
            Body::Call(note) => parts::call_words(*note, message.mine).1,
        };
        WidgetInfo::labeled(
            WidgetType::Label,
            true,
            format!("{name}, {}: {words}", clock_time(cx.clock(), message.at_ms)),
        )
    });
    cx.mark(&format!("message.{from_end}"), row);
    flash(ui, cx, talk, message.key, row);
    if talk.hovered == Some(message.key) {
        ui.painter().rect_filled(
            row.expand2(vec2(8.0, 0.0)),
            CornerRadius::same(tok::RADIUS_SMALL),
            tok::ROW_HOVER,
        );
    }
    if response.has_focus() {
        paint::focus_ring(ui.painter(), row, tok::RADIUS_SMALL);
        ui.scroll_to_rect(row, None);
    }

    if let Some((galley, y)) = parts.day {
        let pill = Rect::from_center_size(pos2(place.day_center, origin.y + y), galley.size() + vec2(24.0, 10.0));
        paint::panel(ui.painter(), pill, 13, tok::GLASS_DAY, tok::LINE);
        paint::put(ui.painter(), pill.center(), Align2::CENTER_CENTER, galley);
    }
    if let Some(y) = parts.new_y {
        new_divider(ui, place.rect, origin.y + y);
    }
    if let Some(y) = parts.head_y {
        head(ui, cx, message, place.rect, origin.y + y);
    } else if talk.hovered == Some(message.key) && !matches!(message.body, Body::Call(_)) {
        let kind = Type::regular(tok::TYPE_TINY, tok::TEXT_FAINT);
        let time = clock_time(cx.clock(), message.at_ms);
        paint::label(
            ui,
            pos2(origin.x + 38.0, origin.y + parts.body_y + 10.0),
            Align2::RIGHT_CENTER,
            &time,
            kind,
            38.0,
        );
    }
    if let Some((galley, y)) = parts.quote {
        quote(
            ui,
            cx,
            talk,
            view,
            message,
            from_end,
            pos2(origin.x + GUTTER, origin.y + y),
            galley,
        );
    }
    body(
        ui,
        cx,
        message,
        from_end,
        parts.body,
        pos2(origin.x + GUTTER, origin.y + parts.body_y),
    );
    if let Some((galley, y)) = parts.edited {
        paint::put(
            ui.painter(),
            pos2(origin.x + GUTTER, origin.y + y),
            Align2::LEFT_TOP,
            galley,
        );
    }
    for (index, (galley, rect)) in parts.reactions.into_iter().enumerate() {
        reaction(
            ui,
            cx,
            view,
            message,
            index,
            galley,
            rect.translate(origin.to_vec2()),
            from_end,
        );
    }
    if let Some((galley, y)) = parts.status {
        status(
            ui,
            cx,
            view,
            message,
            from_end,
            galley,
            pos2(origin.x + GUTTER, origin.y + y),
        );
    }
}

fn row_id(key: MessageKey) -> egui::Id {
    named("message").with(key)
}

/// The light on a message just jumped to.
fn flash(ui: &Ui, cx: &Cx<'_>, talk: &TalkState, key: MessageKey, row: Rect) {
    let Some((lit, since)) = talk.flash else { return };
    let age = (ui.input(|input| input.time) - since) as f32;
    if lit != key || age > tok::TIME_FLASH {
        return;
    }
    let left = 1.0 - age / tok::TIME_FLASH;
    let fade = if cx.still() { 1.0 } else { left };
    ui.painter().rect_filled(
        row.expand2(vec2(8.0, 2.0)),
        CornerRadius::same(tok::RADIUS_SMALL),
        tok::FLASH.gamma_multiply(fade),
    );
    let wait = if cx.still() {
        left * tok::TIME_FLASH + 0.01
    } else {
        0.033
    };
    ui.ctx().request_repaint_after(std::time::Duration::from_secs_f32(wait));
}

fn new_divider(ui: &Ui, rect: Rect, y: f32) {
    let kind = Type {
        color: tok::GIANT,
        ..Type::caption()
    };
    let word = paint::label(
        ui,
        pos2(rect.center().x, y),
        Align2::CENTER_CENTER,
        &t("divider-new"),
        kind,
        120.0,
    );
    let stroke = Stroke::new(1.0, tok::NEW_LINE);
    ui.painter()
        .hline(rect.left()..=word.left() - 10.0, y.round() + 0.5, stroke);
    ui.painter()
        .hline(word.right() + 10.0..=rect.right(), y.round() + 0.5, stroke);
}

/// Planet, name and time.
fn head(ui: &Ui, cx: &mut Cx<'_>, message: &MessageView, rect: Rect, y: f32) {
    let size = vec2(tok::PLANET_MESSAGE, tok::PLANET_MESSAGE);
    let planet = Rect::from_min_size(pos2(rect.left(), y), size);
    paint::planet(ui.painter(), planet, message.author, cx.view.avatars);
    let left = rect.left() + GUTTER;
    let name = clean_name(&message.author_name);
    let strong = Type::strong(tok::TYPE_BODY, tok::TEXT);
    let drawn = paint::label(
        ui,
        pos2(left, y + 10.0),
        Align2::LEFT_CENTER,
        &name,
        strong,
        rect.width() - GUTTER - 60.0,
    );
    let kind = Type::regular(tok::TYPE_TINY, tok::TEXT_FAINT);
    let time = clock_time(cx.clock(), message.at_ms);
    let at = pos2(drawn.right() + 8.0, y + 10.5);
    let drawn = paint::label(ui, at, Align2::LEFT_CENTER, &time, kind, 60.0);
    ui.interact(drawn, row_id(message.key).with("time"), Sense::hover())
        .on_hover_text(full_time(cx.clock(), message.at_ms));
}

#[expect(
    clippy::too_many_arguments,
    reason = "a quote is drawn from its message, its place and its layout"
)]
fn quote(
    ui: &Ui,
    cx: &mut Cx<'_>,
    talk: &mut TalkState,
    view: &ConversationView,
    message: &MessageView,
    from_end: usize,
    at: egui::Pos2,
    galley: std::sync::Arc<egui::Galley>,
) {
    let Some(quoted) = &message.reply else { return };
    let rect = Rect::from_min_size(at, galley.size() + vec2(22.0, 4.0));
    let label = tf("quote-jump", &[("name", Arg::Text(&clean_name(&quoted.author_name)))]);
    let place = format!("message.{from_end}.quote");
    let name = Name::of(&place, row_id(message.key).with("quote"));
    let response = widgets::press(ui, cx, name, rect, &label);
    let warmth = widgets::hover(ui, cx, &response);
    ui.painter()
        .rect_filled(rect, CornerRadius::same(2), tok::ROW_HOVER.gamma_multiply(warmth));
    let bar = Rect::from_min_size(rect.min, vec2(2.0, rect.height()));
    ui.painter().rect_filled(bar, 1.0, tok::VIOLET);
    paint::put(
        ui.painter(),
        pos2(rect.left() + 12.0, rect.center().y),
        Align2::LEFT_CENTER,
        galley,
    );
    if response.has_focus() {
        paint::focus_ring(ui.painter(), rect, 2);
    }
    if response.clicked() {
        talk.opened = true;
        cx.emit(UiAction::JumpTo {
            channel: view.channel,
            message: quoted.key,
        });
    }
}

/// The text, selectable, with its links; after it how far an own one came.
fn body(ui: &Ui, cx: &mut Cx<'_>, message: &MessageView, from_end: usize, body: parts::BodyParts, at: egui::Pos2) {
    let rect = Rect::from_min_size(at, body.galley.size());
    if let Some((icon, color)) = body.icon {
        paint::icon(ui.painter(), pos2(at.x + 8.0, rect.center().y), icon, 15.0, color);
    }
    let text_at = at + vec2(if body.icon.is_some() { 24.0 } else { 0.0 }, 0.0);
    let text_at = pos2(text_at.x.round(), text_at.y.round());
    let text_rect = Rect::from_min_size(text_at, body.galley.size());
    let end = body.galley.rows.last().map_or(text_rect.right_bottom(), |row| {
        pos2(text_at.x + row.rect().right(), text_at.y + row.rect().center().y)
    });
    if matches!(message.body, Body::Text(_)) {
        let sense = Sense::CLICK | Sense::DRAG | Sense::HOVER;
        let response = ui.interact(text_rect, row_id(message.key).with("text"), sense);
        let galley = std::sync::Arc::clone(&body.galley);
        LabelSelectionState::label_text_selection(ui, &response, text_at, galley, tok::TEXT_BODY, Stroke::NONE);
        for (index, link) in body.links.iter().enumerate() {
            let Some(first) = link.rects.first() else { continue };
            let name = format!("message.{from_end}.link.{index}");
            let id = row_id(message.key).with(("link", index));
            for (part, place) in link.rects.iter().enumerate() {
                let place = place.translate(text_at.to_vec2());
                // The first line of a link has its name; where it goes on it can be pressed all the same.
                let response = if part == 0 {
                    let info = |enabled| WidgetInfo::labeled(WidgetType::Link, enabled, &link.target);
                    widgets::press_as(ui, cx, Name::of(&name, id), place, info)
                } else {
                    ui.interact(place, id.with(part), Sense::CLICK | Sense::HOVER)
                };
                if response.has_focus() {
                    paint::focus_ring(ui.painter(), first.translate(text_at.to_vec2()), 3);
                }
                if response.clicked() {
                    // Asked about before it is opened: see `Dialog::Link`.
                    ui.ctx()
                        .data_mut(|data| data.insert_temp(named("asked.link"), link.target.clone()));
                }
                response
                    .on_hover_cursor(CursorIcon::PointingHand)
                    .on_hover_text(&link.target);
            }
        }
    } else {
        paint::put(ui.painter(), text_at, Align2::LEFT_TOP, body.galley);
    }
    delivery(ui, cx, message, end);
}

/// The sign of how far an own message came.
fn delivery(ui: &Ui, cx: &mut Cx<'_>, message: &MessageView, end: egui::Pos2) {
    let Some(delivery) = &message.delivery else { return };
    let (icon, color, words) = match delivery {
        Delivery::Sending => (icons::CLOCK, tok::TEXT_FAINT, t("delivery-sending")),
        Delivery::Sent => (icons::CHECK, tok::TEXT_FAINT, t("delivery-sent")),
        Delivery::Delivered => (icons::CHECK_CHECK, tok::TEXT_FAINT, t("delivery-delivered")),
        Delivery::Read => (icons::CHECK_CHECK, tok::ION, t("delivery-read")),
        Delivery::Waiting => (icons::HOURGLASS, tok::SOLAR, t("delivery-waiting")),
        Delivery::Failed(_) => (icons::CIRCLE_ALERT, tok::GIANT, t("delivery-failed")),
    };
    let center = pos2(end.x + 13.0, end.y + 1.0);
    paint::icon(ui.painter(), center, icon, 13.0, color);
    let rect = Rect::from_center_size(center, vec2(18.0, 18.0));
    let response = ui.interact(rect, row_id(message.key).with("delivery"), Sense::hover());
    response.on_hover_text(format!("{words} · {}", full_time(cx.clock(), message.at_ms)));
}

#[expect(
    clippy::too_many_arguments,
    reason = "a reaction is drawn from its message, its place and its layout"
)]
fn reaction(
    ui: &Ui,
    cx: &mut Cx<'_>,
    view: &ConversationView,
    message: &MessageView,
    index: usize,
    galley: std::sync::Arc<egui::Galley>,
    rect: Rect,
    from_end: usize,
) {
    let Some(reaction) = message.reactions.get(index) else {
        return;
    };
    let names: Vec<String> = reaction.names.iter().map(|name| clean_name(name)).collect();
    let label = format!("{} {}", reaction.emoji, names.join(", "));
    let response = widgets::press_as(
        ui,
        cx,
        Name::of(
            &format!("message.{from_end}.reaction.{index}"),
            row_id(message.key).with(("reaction", &reaction.emoji)),
        ),
        rect,
        |enabled| WidgetInfo::selected(WidgetType::Button, enabled, reaction.mine, &label),
    );
    let warmth = widgets::hover(ui, cx, &response);
    let fill = if reaction.mine {
        tok::REACTION_MINE
    } else {
        tok::REACTION
    };
    let line = if reaction.mine { tok::ION } else { tok::REACTION_LINE };
    paint::panel(
        ui.painter(),
        rect,
        11,
        fill.lerp_to_gamma(tok::REACTION_LINE, 0.4 * warmth),
        line,
    );
    paint::put(ui.painter(), rect.center(), Align2::CENTER_CENTER, galley);
    if response.has_focus() {
        paint::focus_ring(ui.painter(), rect, 11);
    }
    if response.clicked() {
        cx.emit(UiAction::React {
            channel: view.channel,
            message: message.key,
            emoji: reaction.emoji.clone(),
            on: !reaction.mine,
        });
    }
    if !names.is_empty() {
        response.on_hover_text(names.join(", "));
    }
}

/// Under a message that did not go: why, and what can be done.
fn status(
    ui: &Ui,
    cx: &mut Cx<'_>,
    view: &ConversationView,
    message: &MessageView,
    from_end: usize,
    galley: std::sync::Arc<egui::Galley>,
    at: egui::Pos2,
) {
    let foot = at.y + galley.size().y;
    paint::put(ui.painter(), at, Align2::LEFT_TOP, galley);
    let mut left = at.x;
    let y = foot + 11.0;
    let (channel, key) = (view.channel, message.key);
    if matches!(message.delivery, Some(Delivery::Failed(_))) {
        let name = format!("message.{from_end}.retry");
        let response = widgets::link_button(
            ui,
            cx,
            Name::of(&name, row_id(key).with("retry")),
            pos2(left, y),
            Align2::LEFT_CENTER,
            &t("message-retry"),
            tok::ION,
        );
        if response.clicked() {
            cx.emit(UiAction::RetryMessage { channel, message: key });
        }
        left = response.rect.right() + 8.0;
    }
    let name = format!("message.{from_end}.cancel");
    let at = pos2(left, y);
    if widgets::link_button(
        ui,
        cx,
        Name::of(&name, row_id(key).with("cancel")),
        at,
        Align2::LEFT_CENTER,
        &t("message-cancel"),
        tok::TEXT_SOFT,
    )
    .clicked()
    {
        cx.emit(UiAction::CancelMessage { channel, message: key });
    }
}

/// What stands under a message that did not go.
fn status_words(message: &MessageView) -> Option<(String, egui::Color32)> {
    match &message.delivery {
        Some(Delivery::Failed(error)) => {
            let why = strings::error(error);
            Some((tf("message-failed", &[("why", Arg::Text(&why))]), tok::GIANT))
        }
        Some(Delivery::Waiting) => Some((t("message-waiting").into_owned(), tok::SOLAR)),
        _ => None,
    }
}

/// Takes the link that was pressed in this pass.
pub(super) fn take_asked_link(ui: &Ui, dialog: &mut Option<Dialog>) {
    let asked: Option<String> = ui.ctx().data_mut(|data| data.remove_temp(named("asked.link")));
    if let Some(target) = asked {
        *dialog = Some(Dialog::Link { target });
    }
}
