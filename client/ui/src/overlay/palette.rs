//! The command palette: everything by name.

use egui::{
    Align2, Context, CornerRadius, Frame, Id, Key, Margin, Modal, Modifiers, Rect, ScrollArea, Sense, Shadow, Stroke,
    Ui, pos2, vec2,
};

use crate::action::UiAction;
use crate::call::QualityState;
use crate::cx::{Cx, named, t, tf};
use crate::entry::take_key;
use crate::icons;
use crate::paint::{self, Type};
use crate::strings::Arg;
use crate::text::clean_name;
use crate::tokens as tok;
use crate::view::{CallPhase, Connection, ContactRow, HomeView, IncomingCallView, PeerKey};
use crate::widgets::{self, Field};

/// The open palette.
#[derive(Default)]
pub(crate) struct Palette {
    text: String,
    chosen: usize,
}

/// Something the palette offers.
struct Entry {
    words: String,
    note: String,
    icon: char,
    peer: Option<PeerKey>,
    action: UiAction,
    /// The quality panel opens with it.
    quality: bool,
}

/// Most lines shown.
const LINES: usize = 9;
const LINE: f32 = 40.0;

/// Draws the palette while it is open.
pub(crate) fn palette(
    ctx: &Context,
    cx: &mut Cx<'_>,
    state: &mut Option<Palette>,
    quality: &mut QualityState,
    home: &HomeView,
) {
    let Some(open) = state else { return };
    let found = matching(entries(home, cx.view.incoming), &open.text);
    let last = found.len().saturating_sub(1);
    open.chosen = open.chosen.min(last);
    if take_key(ctx, Modifiers::NONE, Key::ArrowDown, true) {
        open.chosen = if open.chosen >= last { 0 } else { open.chosen + 1 };
    }
    if take_key(ctx, Modifiers::NONE, Key::ArrowUp, true) {
        open.chosen = open.chosen.checked_sub(1).unwrap_or(last);
    }
    let enter = take_key(ctx, Modifiers::NONE, Key::Enter, false);
    let mut done = take_key(ctx, Modifiers::NONE, Key::Escape, false);
    let mut picked = enter.then_some(open.chosen);

    let window = ctx.content_rect();
    let width = 560.0_f32.min(window.width() - 24.0);
    let frame = Frame::new()
        .fill(tok::GLASS_POPUP)
        .stroke(Stroke::new(1.0, tok::LINE_STRONG))
        .corner_radius(CornerRadius::same(tok::RADIUS_LARGE))
        .inner_margin(Margin::same(8))
        .shadow(Shadow {
            offset: [0, 14],
            blur: 48,
            spread: 0,
            color: tok::SHADOW,
        });
    let top = (window.height() * 0.16).min(120.0);
    let area = Modal::default_area(Id::new("palette")).anchor(Align2::CENTER_TOP, vec2(0.0, top));
    let shown = Modal::new(Id::new("palette"))
        .area(area)
        .backdrop_color(tok::SCRIM)
        .frame(frame)
        .show(ctx, |ui| {
            ui.set_width(width - 16.0);
            ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
            let rect = ui.allocate_exact_size(vec2(width - 16.0, 44.0), Sense::hover()).0;
            // The list is walked with the arrow keys; the keyboard stays in the field.
            ui.memory_mut(|memory| memory.request_focus(named("palette.input")));
            let before = open.text.len();
            let hint = t("palette-hint");
            let field = Field::new("palette.input", rect, &hint);
            widgets::field(ui, cx, &field, &mut open.text);
            if open.text.len() != before {
                open.chosen = 0;
            }
            ui.add_space(6.0);
            let height = LINE * found.len().clamp(1, LINES) as f32;
            ScrollArea::vertical()
                .id_salt("palette")
                .max_height(height)
                .auto_shrink(false)
                .show(ui, |ui| {
                    for (at, entry) in found.iter().enumerate() {
                        if line(ui, cx, at, entry, at == open.chosen, enter) {
                            picked = Some(at);
                        }
                    }
                    if found.is_empty() {
                        let rect = ui
                            .allocate_exact_size(vec2(ui.available_width(), LINE), Sense::hover())
                            .0;
                        let kind = Type::regular(tok::TYPE_NOTE, tok::TEXT_SOFT);
                        paint::label(
                            ui,
                            rect.center(),
                            Align2::CENTER_CENTER,
                            &t("palette-none"),
                            kind,
                            rect.width(),
                        );
                    }
                });
        });
    done |= shown.should_close();
    if let Some(entry) = picked.and_then(|at| found.into_iter().nth(at)) {
        cx.emit(entry.action);
        if entry.quality {
            quality.open();
        }
        done = true;
    }
    if done {
        *state = None;
    }
}

fn line(ui: &mut Ui, cx: &mut Cx<'_>, at: usize, entry: &Entry, chosen: bool, moved: bool) -> bool {
    let rect = ui
        .allocate_exact_size(vec2(ui.available_width(), LINE), Sense::hover())
        .0;
    let response = widgets::press(ui, cx, &format!("palette.{at}"), rect, &entry.words);
    let warmth = widgets::hover(ui, cx, &response);
    let fill = if chosen {
        tok::ROW_SELECTED
    } else {
        tok::ROW_HOVER.gamma_multiply(warmth)
    };
    ui.painter().rect_filled(rect, CornerRadius::same(tok::RADIUS), fill);
    if chosen && !moved && !ui.clip_rect().contains_rect(rect.shrink(2.0)) {
        ui.scroll_to_rect(rect, None);
    }
    let sign = Rect::from_center_size(pos2(rect.left() + 24.0, rect.center().y), vec2(24.0, 24.0));
    match entry.peer {
        Some(peer) => paint::planet(ui.painter(), sign, peer, cx.view.avatars),
        None => paint::icon(ui.painter(), sign.center(), entry.icon, 17.0, tok::TEXT_SOFT),
    }
    let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_FAINT);
    let note = paint::label(
        ui,
        pos2(rect.right() - 14.0, rect.center().y),
        Align2::RIGHT_CENTER,
        &entry.note,
        kind,
        160.0,
    );
    let left = rect.left() + 48.0;
    let kind = Type::regular(tok::TYPE_BODY, tok::TEXT);
    paint::label(
        ui,
        pos2(left, rect.center().y),
        Align2::LEFT_CENTER,
        &entry.words,
        kind,
        note.left() - left - 10.0,
    );
    response.clicked()
}

fn entries(home: &HomeView, incoming: Option<&IncomingCallView>) -> Vec<Entry> {
    let mut entries = Vec::new();
    let plain = |words: String, note: &str, icon, action| Entry {
        words,
        note: note.to_owned(),
        icon,
        peer: None,
        action,
        quality: false,
    };
    // What rings comes first: it is what cannot wait.
    if let Some(call) = incoming {
        for (key, press, icon, action) in [
            (
                "palette-accept",
                "press-accept",
                icons::PHONE,
                UiAction::AcceptCall(call.call),
            ),
            (
                "palette-decline",
                "press-decline",
                icons::PHONE_OFF,
                UiAction::DeclineCall(call.call),
            ),
        ] {
            let words = tf(key, &[("name", Arg::Text(&clean_name(&call.name)))]);
            entries.push(plain(words, &t(press), icon, action));
        }
    }
    for contact in &home.contacts {
        entries.push(Entry {
            words: clean_name(&contact.name),
            note: id(contact).unwrap_or_else(|| t("palette-open").into_owned()),
            icon: icons::MESSAGE_CIRCLE,
            peer: Some(contact.peer),
            action: UiAction::OpenChannel(contact.channel),
            quality: false,
        });
    }
    let running = home
        .call
        .as_ref()
        .filter(|call| !matches!(call.phase, CallPhase::Ended { .. }));
    if let Some(call) = running {
        entries.push(plain(
            t("rail-call").into_owned(),
            "",
            icons::PHONE_CALL,
            UiAction::OpenCall,
        ));
        entries.push(plain(
            t("call-leave").into_owned(),
            &t("press-leave"),
            icons::PHONE_OFF,
            UiAction::LeaveCall(call.call),
        ));
        entries.push(Entry {
            quality: true,
            ..plain(
                t("quality-title").into_owned(),
                &t("press-quality"),
                icons::ACTIVITY,
                UiAction::OpenCall,
            )
        });
    } else {
        for contact in home.contacts.iter().filter(|contact| !contact.blocked) {
            let name = clean_name(&contact.name);
            let words = tf("call-start", &[("name", Arg::Text(&name))]);
            let note = id(contact).unwrap_or_default();
            entries.push(plain(words, &note, icons::PHONE, UiAction::StartCall(contact.channel)));
        }
    }
    let silent = home.me.is_silent();
    let (words, icon) = if silent {
        (t("unmute"), icons::MIC)
    } else {
        (t("mute"), icons::MIC_OFF)
    };
    entries.push(plain(
        words.into_owned(),
        &t("press-mute"),
        icon,
        UiAction::SetMuted(!silent),
    ));
    let deaf = home.me.deafened;
    let (words, icon) = if deaf {
        (t("undeafen"), icons::HEADPHONES)
    } else {
        (t("deafen"), icons::HEADPHONE_OFF)
    };
    entries.push(plain(
        words.into_owned(),
        &t("press-deafen"),
        icon,
        UiAction::SetDeafened(!deaf),
    ));
    entries.push(plain(
        t("rail-add").into_owned(),
        &t("press-add"),
        icons::USER_PLUS,
        UiAction::OpenAddContact,
    ));
    entries.push(plain(
        t("rail-settings").into_owned(),
        &t("press-settings"),
        icons::SETTINGS,
        UiAction::OpenSettings,
    ));
    for contact in &home.contacts {
        let name = clean_name(&contact.name);
        entries.push(plain(
            tf("palette-compare", &[("name", Arg::Text(&name))]),
            &id(contact).unwrap_or_default(),
            icons::SHIELD_CHECK,
            UiAction::OpenCompare(contact.peer),
        ));
    }
    // With a call it is asked first: by the key, or in the settings.
    if running.is_none() {
        entries.push(plain(
            t("lock-now").into_owned(),
            &t("press-lock"),
            icons::LOCK,
            UiAction::Lock,
        ));
    }
    if matches!(home.me.connection, Connection::Offline { .. }) {
        entries.push(plain(
            t("banner-retry").into_owned(),
            "",
            icons::REFRESH_CW,
            UiAction::RetryConnection,
        ));
    }
    entries
}

/// What tells a contact apart whose name is not enough.
fn id(contact: &ContactRow) -> Option<String> {
    contact.namesake.as_ref().map(|who| who.id.clone())
}

/// The entries that fit what is typed, best first: by their beginning, by the beginning of a word, anywhere.
fn matching(entries: Vec<Entry>, text: &str) -> Vec<Entry> {
    let wanted = text.trim().to_lowercase();
    let mut found: Vec<(u8, Entry)> = entries
        .into_iter()
        .filter_map(|entry| {
            let words = entry.words.to_lowercase();
            let rank = if words.starts_with(&wanted) {
                0
            } else if words.split_whitespace().any(|word| word.starts_with(&wanted)) {
                1
            } else if words.contains(&wanted) {
                2
            } else {
                return None;
            };
            Some((rank, entry))
        })
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, entry)| entry).collect()
}
