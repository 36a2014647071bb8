//! The composer: grows with its text, sends with Enter, keeps drafts.

use egui::{
    Align2, Context, CornerRadius, EventFilter, Frame, Key, Margin, Modifiers, Rect, ScrollArea, TextEdit, Ui, pos2,
    vec2,
};

use super::TalkState;
use super::talk_state::{PickFor, Picker};
use crate::action::UiAction;
use crate::cx::{Cx, named, t, tf};
use crate::entry::{take_key, typing};
use crate::fonts::{self, Weight};
use crate::icons;
use crate::paint::{self, Type};
use crate::strings::Arg;
use crate::text::{TEXT_MAX, clean_name, one_line};
use crate::tokens as tok;
use crate::view::{Body, ConversationView};
use crate::widgets::{self, Kind};

/// The count of bytes is shown from here on.
const COUNT_FROM: usize = TEXT_MAX - 2048;
/// A draft is given to the app when nothing was typed for so long, seconds.
const DRAFT_PAUSE: f64 = 0.5;
/// Typing is told at most so often, seconds.
const TYPING_EVERY: f64 = 3.0;
/// Height of the strip that says what is answered or changed.
const STRIP: f32 = 32.0;

/// The field of one conversation: its caret and what can be undone in it are no other's.
fn field_id(view: &ConversationView) -> egui::Id {
    named("composer.input").with(view.channel)
}

/// Keys of a conversation that count wherever the keyboard is.
pub(super) fn shortcuts(ctx: &Context, talk: &mut TalkState) {
    if take_key(ctx, Modifiers::COMMAND, Key::F, false) {
        (talk.search.open, talk.search.wants_focus) = (true, true);
    }
    // Typing anywhere writes here.
    let free = ctx.memory(|memory| memory.focused().is_none()) && !ctx.any_popup_open();
    let writes = ctx.input(|input| {
        let plain = !input.modifiers.command && !input.modifiers.ctrl;
        plain
            && input
                .events
                .iter()
                .any(|event| matches!(event, egui::Event::Text(_) | egui::Event::Paste(_)))
    });
    if free && writes && ctx.memory(|memory| memory.top_modal_layer().is_none()) {
        talk.composer.wants_focus = true;
    }
}

/// Draws composer and typing line at the foot of `below`; gives the whole they take.
pub(super) fn composer(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    below: Rect,
    talk: &mut TalkState,
    view: &ConversationView,
) -> Rect {
    let side = if below.width() < 480.0 { 12.0 } else { tok::TALK_PAD };
    let foot = if below.height() < 420.0 { 10.0 } else { 18.0 };
    if view.blocked {
        return blocked(ui, cx, below, side, foot, view);
    }
    let id = field_id(view);
    let sends = keys(ui.ctx(), talk, view, id);

    let strip = if talk.composer.editing.is_some() || talk.composer.reply.is_some() {
        STRIP
    } else {
        0.0
    };
    let box_left = below.left() + side;
    let box_right = below.right() - side;
    let text_width = box_right - box_left - 14.0 - 44.0;
    let font = fonts::font(Weight::Regular, tok::TYPE_BODY);
    let kind = Type::body(tok::TEXT);
    let text_height = paint::paragraph(ui, &talk.composer.text, kind, text_width).size().y;
    let most = tok::COMPOSER_MAX.min(below.height() * 0.45);
    let height = (text_height + 26.0).clamp(tok::COMPOSER_HEIGHT, most.max(tok::COMPOSER_HEIGHT));
    let rect = Rect::from_min_max(
        pos2(box_left, below.bottom() - foot - height - strip),
        pos2(box_right, below.bottom() - foot),
    );
    talk.composer.height = rect.height();
    let focused = ui.memory(|memory| memory.has_focus(id));
    let line = if focused {
        tok::ION.gamma_multiply(0.55)
    } else {
        tok::LINE_STRONG
    };
    paint::panel(ui.painter(), rect, tok::RADIUS, tok::GLASS_COMPOSER, line);
    cx.mark(
        "composer.input",
        Rect::from_min_max(
            pos2(rect.left(), rect.top() + strip),
            pos2(rect.right() - 44.0, rect.bottom()),
        ),
    );
    if strip > 0.0 {
        draw_strip(
            ui,
            cx,
            Rect::from_min_size(rect.min, vec2(rect.width(), STRIP)),
            talk,
            view,
        );
    }

    let smile = Rect::from_center_size(pos2(rect.right() - 25.0, rect.bottom() - 23.0), vec2(30.0, 30.0));
    let inner = Rect::from_min_max(
        pos2(rect.left() + 14.0, rect.top() + strip + 3.0),
        pos2(rect.left() + 14.0 + text_width, rect.bottom() - 3.0),
    );
    let name = clean_name(&view.name);
    let hint = if talk.composer.editing.is_some() {
        t("composer-edit-hint").into_owned()
    } else {
        tf("composer-hint", &[("name", Arg::Text(&name))])
    };
    if std::mem::take(&mut talk.composer.wants_focus) {
        ui.memory_mut(|memory| memory.request_focus(id));
    }
    let mut child = crate::entry::within(ui, inner, "composer");
    let text = &mut talk.composer.text;
    let changed = ScrollArea::vertical()
        .id_salt(("composer", view.channel))
        .auto_shrink(false)
        .show(&mut child, |ui| {
            let mut layouter = |ui: &Ui, text: &dyn egui::TextBuffer, width: f32| {
                paint::paragraph(ui, text.as_str(), Type::body(tok::TEXT), width)
            };
            let edit = TextEdit::multiline(text)
                .id(id)
                .frame(Frame::NONE.inner_margin(Margin::symmetric(0, 10)))
                .font(font.clone())
                .text_color(tok::TEXT)
                .hint_text(egui::RichText::new(&hint).color(tok::TEXT_FAINT).font(font.clone()))
                .desired_rows(1)
                .desired_width(f32::INFINITY)
                .char_limit(TEXT_MAX * 4)
                .return_key(egui::KeyboardShortcut::new(Modifiers::SHIFT, Key::Enter))
                .layouter(&mut layouter)
                .event_filter(EventFilter {
                    tab: false,
                    horizontal_arrows: true,
                    vertical_arrows: true,
                    escape: true,
                });
            ui.add(edit).changed()
        })
        .inner;
    ui.ctx().accesskit_node_builder(id, |node| node.set_label(hint));
    cx.fonts.note(&talk.composer.text);
    note_changes(ui, cx, talk, view, changed);
    if sends {
        send(cx, talk, view);
    }

    let label = t("composer-emoji");
    if widgets::icon_button(ui, cx, "composer.emoji", smile, icons::SMILE, &label, tok::TEXT_SOFT).clicked() {
        talk.picker = Some(Picker {
            target: PickFor::Composer,
            at: smile.right_top(),
            fresh: true,
        });
    }
    let above = Rect::from_min_max(pos2(box_left, rect.top() - 26.0), pos2(box_right, rect.top() - 6.0));
    line_above(ui, cx, above, talk, view);
    Rect::from_min_max(pos2(below.left(), above.top()), below.max)
}

/// Takes Enter out of this pass, and what was typed after it out of this pass into `later`: letters typed before Enter
/// belong to the message even when a slow frame brings all of them at once, and letters typed after it to the next one.
fn take_enter(ctx: &Context, later: &mut Vec<egui::Event>) -> bool {
    ctx.input_mut(|input| {
        let enter = input.events.iter().position(|event| {
            matches!(event, egui::Event::Key { key: Key::Enter, pressed: true, modifiers, .. }
                if modifiers.matches_exact(Modifiers::NONE))
        });
        let Some(at) = enter else {
            return false;
        };
        let tail = input.events.split_off(at);
        for event in tail.into_iter().skip(1) {
            match event {
                egui::Event::Text(_) | egui::Event::Paste(_) | egui::Event::Key { pressed: true, .. } => {
                    later.push(event)
                }
                other => input.events.push(other),
            }
        }
        true
    })
}

/// Enter, Escape and Up, before the field sees them. Says whether the text is to be sent once the field has taken what
/// was typed before Enter.
fn keys(ctx: &Context, talk: &mut TalkState, view: &ConversationView, id: egui::Id) -> bool {
    let here = ctx.memory(|memory| memory.has_focus(id));
    if !here {
        // Escape gives up an answer or a change from anywhere in the conversation.
        let nowhere = !typing(ctx) && !ctx.any_popup_open() && talk.picker.is_none();
        if nowhere && is_bound(talk) && take_key(ctx, Modifiers::NONE, Key::Escape, false) {
            release(talk);
        }
        return false;
    }
    let mut typed = std::mem::take(&mut talk.composer.later);
    if !typed.is_empty() {
        ctx.input_mut(|input| {
            typed.append(&mut input.events);
            input.events = typed;
        });
    }
    let sends = take_enter(ctx, &mut talk.composer.later);
    if !talk.composer.later.is_empty() {
        ctx.request_repaint();
    }
    if is_bound(talk) && talk.picker.is_none() && take_key(ctx, Modifiers::NONE, Key::Escape, false) {
        release(talk);
    }
    let empty = talk.composer.text.is_empty() && talk.composer.editing.is_none();
    if empty && take_key(ctx, Modifiers::NONE, Key::ArrowUp, false) {
        talk.composer.edit_last(view);
        if let Some(mut state) = egui::text_edit::TextEditState::load(ctx, id) {
            let end = egui::text::CCursor::new(talk.composer.text.chars().count());
            state.cursor.set_char_range(Some(egui::text::CCursorRange::one(end)));
            state.store(ctx, id);
        }
    }
    sends
}

/// Puts something where the caret stands.
pub(super) fn insert(ctx: &Context, talk: &mut TalkState, view: &ConversationView, piece: &str) {
    let id = field_id(view);
    let text = &mut talk.composer.text;
    let count = text.chars().count();
    let mut state = egui::text_edit::TextEditState::load(ctx, id).unwrap_or_default();
    // Without a caret yet, and behind a text that has become shorter, the end is meant.
    let range = state.cursor.char_range();
    let at = range.map_or(count, |range| range.primary.index.0.min(count));
    let byte = text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
    text.insert_str(byte, piece);
    let caret = egui::text::CCursor::new(at + piece.chars().count());
    state.cursor.set_char_range(Some(egui::text::CCursorRange::one(caret)));
    state.store(ctx, id);
    talk.composer.wants_focus = true;
}

/// Whether the composer answers or changes a message.
fn is_bound(talk: &TalkState) -> bool {
    talk.composer.editing.is_some() || talk.composer.reply.is_some()
}

fn release(talk: &mut TalkState) {
    talk.composer.stop_editing();
    talk.composer.reply = None;
    talk.composer.wants_focus = true;
}

/// Sends what stands in the composer, if it can be sent.
fn send(cx: &mut Cx<'_>, talk: &mut TalkState, view: &ConversationView) {
    let text = talk.composer.text.trim().to_owned();
    if text.len() > TEXT_MAX {
        // Nothing is lost: the text stays, and the line above says why.
        return;
    }
    if let Some((message, aside)) = talk.composer.editing.take() {
        let before = view
            .messages
            .iter()
            .find(|known| known.key == message)
            .map(|known| &known.body);
        let same = matches!(before, Some(Body::Text(before)) if *before == text);
        talk.composer.text = aside;
        // Emptying a message is not deleting it: that is asked for by name.
        if !text.is_empty() && !same {
            cx.emit(UiAction::EditText {
                channel: view.channel,
                message,
                text,
            });
        }
        return;
    }
    if text.is_empty() {
        return;
    }
    talk.composer.text.clear();
    talk.to_bottom = true;
    let reply_to = talk.composer.reply.take();
    cx.emit(UiAction::SendText {
        channel: view.channel,
        text,
        reply_to,
    });
    if view.has_newer {
        // Reading in the past: what was sent is at the end, and so is the writer now.
        cx.emit(UiAction::JumpToPresent(view.channel));
    }
}

/// Tells the app about typing and drafts.
fn note_changes(ui: &Ui, cx: &mut Cx<'_>, talk: &mut TalkState, view: &ConversationView, changed: bool) {
    let now = ui.input(|input| input.time);
    let composer = &mut talk.composer;
    if changed && composer.editing.is_none() {
        composer.dirty_since = Some(now);
        if !composer.text.trim().is_empty() && now - composer.typing_told >= TYPING_EVERY {
            composer.typing_told = now;
            cx.emit(UiAction::Typing(view.channel));
        }
    }
    // A sent text is no draft any more.
    if composer.dirty_since.is_none() && composer.editing.is_none() && composer.text != composer.known {
        composer.dirty_since = Some(now);
    }
    let Some(since) = composer.dirty_since else { return };
    // Who turns to another window may not come back to this one.
    if now - since >= DRAFT_PAUSE || !ui.input(|input| input.focused) {
        if let Some(text) = composer.take_unsaved() {
            cx.emit(UiAction::DraftChanged {
                channel: view.channel,
                text,
            });
        }
    } else {
        let left = std::time::Duration::from_secs_f64(DRAFT_PAUSE - (now - since) + 0.01);
        ui.ctx().request_repaint_after(left);
    }
}

/// What is answered or changed, with the way out of it.
fn draw_strip(ui: &Ui, cx: &mut Cx<'_>, rect: Rect, talk: &mut TalkState, view: &ConversationView) {
    let key = talk
        .composer
        .editing
        .as_ref()
        .map(|(key, _)| *key)
        .or(talk.composer.reply);
    let message = view.messages.iter().find(|message| Some(message.key) == key);
    let (icon, words) = if talk.composer.editing.is_some() {
        (icons::PENCIL, t("composer-editing").into_owned())
    } else {
        let name = message
            .map(|message| clean_name(&message.author_name))
            .unwrap_or_default();
        (icons::REPLY, tf("composer-replying", &[("name", Arg::Text(&name))]))
    };
    let corners = CornerRadius {
        nw: tok::RADIUS,
        ne: tok::RADIUS,
        sw: 0,
        se: 0,
    };
    ui.painter().rect_filled(rect.shrink(1.0), corners, tok::ROW_HOVER);
    ui.painter()
        .hline(rect.x_range().shrink(1.0), rect.bottom() - 0.5, (1.0, tok::LINE));
    let y = rect.center().y;
    paint::icon(
        ui.painter(),
        pos2(rect.left() + 21.0, y),
        icon,
        tok::ICON_SMALL,
        tok::VIOLET,
    );
    let strong = Type::strong(tok::TYPE_SMALL, tok::TEXT_SOFT);
    let drawn = paint::label(
        ui,
        pos2(rect.left() + 34.0, y),
        Align2::LEFT_CENTER,
        &words,
        strong,
        rect.width() * 0.5,
    );
    if let Some(Body::Text(text)) = message.map(|message| &message.body)
        && talk.composer.editing.is_none()
    {
        let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_FAINT);
        let left = drawn.right() + 8.0;
        let room = rect.right() - left - 44.0;
        paint::label(ui, pos2(left, y), Align2::LEFT_CENTER, &one_line(text, 120), kind, room);
    }
    let close = Rect::from_center_size(pos2(rect.right() - 25.0, y), vec2(24.0, 24.0));
    if widgets::icon_button(ui, cx, "composer.cancel", close, icons::X, &t("cancel"), tok::TEXT_SOFT).clicked() {
        release(talk);
    }
}

/// The line above the composer: who writes at the left, how much is too much at the right.
fn line_above(ui: &Ui, cx: &mut Cx<'_>, rect: Rect, talk: &TalkState, view: &ConversationView) {
    let y = rect.center().y - 2.0;
    let bytes = talk.composer.text.trim().len();
    let mut right = rect.right();
    if bytes > COUNT_FROM {
        let (words, color) = if bytes > TEXT_MAX {
            (
                tf(
                    "composer-too-long",
                    &[("count", Arg::Text(&(bytes - TEXT_MAX).to_string()))],
                ),
                tok::GIANT,
            )
        } else {
            (
                tf(
                    "composer-left",
                    &[("count", Arg::Text(&(TEXT_MAX - bytes).to_string()))],
                ),
                tok::TEXT_SOFT,
            )
        };
        let kind = Type::regular(tok::TYPE_SMALL, color);
        let drawn = paint::label(
            ui,
            pos2(right - 2.0, y),
            Align2::RIGHT_CENTER,
            &words,
            kind,
            rect.width(),
        );
        cx.mark("composer.count", drawn);
        right = drawn.left() - 12.0;
    }
    if view.typing && right - rect.left() > 60.0 {
        let name = clean_name(&view.name);
        let words = tf("typing", &[("name", Arg::Text(&name))]);
        let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT);
        paint::label(
            ui,
            pos2(rect.left() + 2.0, y),
            Align2::LEFT_CENTER,
            &words,
            kind,
            right - rect.left(),
        );
    }
}

/// In place of the composer where somebody is blocked.
fn blocked(ui: &Ui, cx: &mut Cx<'_>, below: Rect, side: f32, foot: f32, view: &ConversationView) -> Rect {
    let rect = Rect::from_min_max(
        pos2(below.left() + side, below.bottom() - foot - tok::COMPOSER_HEIGHT),
        pos2(below.right() - side, below.bottom() - foot),
    );
    paint::panel(ui.painter(), rect, tok::RADIUS, tok::GLASS_COMPOSER, tok::LINE_STRONG);
    paint::icon(
        ui.painter(),
        pos2(rect.left() + 24.0, rect.center().y),
        icons::BAN,
        16.0,
        tok::TEXT_SOFT,
    );
    let name = clean_name(&view.name);
    let words = tf("composer-blocked", &[("name", Arg::Text(&name))]);
    let kind = Type::regular(tok::TYPE_BODY, tok::TEXT_SOFT);
    let room = rect.width() - 160.0;
    paint::label(
        ui,
        pos2(rect.left() + 44.0, rect.center().y),
        Align2::LEFT_CENTER,
        &words,
        kind,
        room,
    );
    let place = Rect::from_center_size(pos2(rect.right() - 56.0, rect.center().y), vec2(96.0, 30.0));
    if widgets::button(ui, cx, "talk.unblock", place, &t("contact-unblock"), None, Kind::Quiet).clicked() {
        cx.emit(UiAction::UnblockContact(view.peer));
    }
    Rect::from_min_max(pos2(below.left(), rect.top() - 14.0), below.max)
}
