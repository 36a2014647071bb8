//! The header of a conversation: who, presence, verified, call, search, menu.

use egui::{Align2, Key, Modifiers, Popup, PopupCloseBehavior, Rect, Ui, pos2, vec2};

use super::TalkState;
use crate::action::UiAction;
use crate::cx::{Cx, named, t, tf};
use crate::entry::take_key;
use crate::home::Place;
use crate::icons;
use crate::overlay::Dialog;
use crate::paint::{self, Type};
use crate::strings::{self, Arg};
use crate::text::{ago, clean_name};
use crate::tokens as tok;
use crate::view::{CallChance, ConversationView, Presence};
use crate::widgets::{self, Field};

/// Draws the header.
pub(super) fn header(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    place: &Place,
    talk: &mut TalkState,
    dialog: &mut Option<Dialog>,
    view: &ConversationView,
) {
    let bar = place.bar();
    let left = place.header(ui, cx);
    let wide = bar.width() > 620.0;
    let square = vec2(tok::ICON_BUTTON, tok::ICON_BUTTON);
    let mut right = bar.right() - 16.0;

    let menu = Rect::from_center_size(pos2(right - 15.0, bar.center().y), square);
    right = menu.left() - 10.0;
    let search = wide.then(|| Rect::from_center_size(pos2(right - 110.0, bar.center().y), vec2(220.0, 30.0)));
    let glass = Rect::from_center_size(pos2(right - 15.0, bar.center().y), square);
    right = search.unwrap_or(glass).left() - 12.0;
    let phone = Rect::from_center_size(pos2(right - 15.0, bar.center().y), square);
    right = phone.left() - 12.0;

    title(ui, cx, bar, left, right, view);
    call_button(ui, cx, phone, view);
    match search {
        Some(rect) => search_field(ui, cx, rect, talk, view),
        None if talk.search.open => {
            let rect = Rect::from_min_max(
                pos2(left, bar.center().y - 16.0),
                pos2(right + 34.0, bar.center().y + 16.0),
            );
            ui.painter()
                .rect_filled(rect.expand2(vec2(8.0, 10.0)), 0.0, tok::GLASS_POPUP);
            search_field(ui, cx, rect, talk, view);
            if widgets::icon_button(
                ui,
                cx,
                "talk.search_close",
                glass,
                icons::X,
                &t("close"),
                tok::TEXT_SOFT,
            )
            .clicked()
            {
                close_search(cx, talk, view);
            }
        }
        None => {
            let label = t("search-hint");
            let open = widgets::icon_button(ui, cx, "talk.search_open", glass, icons::SEARCH, &label, tok::TEXT_SOFT);
            if open.clicked() {
                (talk.search.open, talk.search.wants_focus) = (true, true);
            }
        }
    }
    contact_menu(ui, cx, menu, dialog, view);
}

fn title(ui: &Ui, cx: &mut Cx<'_>, bar: Rect, left: f32, right: f32, view: &ConversationView) {
    let planet = Rect::from_center_size(
        pos2(left + tok::PLANET_BAR / 2.0, bar.center().y),
        vec2(tok::PLANET_BAR, tok::PLANET_BAR),
    );
    paint::planet(ui.painter(), planet, view.peer, cx.view.avatars);
    paint::presence_dot(ui.painter(), planet, view.presence);
    let name = clean_name(&view.name);
    cx.fonts.note(&name);
    let strong = Type::strong(tok::TYPE_TITLE, tok::TEXT);
    let text_left = planet.right() + 12.0;
    let room = right - text_left;
    let drawn = paint::label(
        ui,
        pos2(text_left, bar.center().y),
        Align2::LEFT_CENTER,
        &name,
        strong,
        room * 0.62,
    );
    cx.mark("talk.title", drawn);
    let mut end = drawn.right();
    if let Some(who) = view.namesake.as_ref().filter(|_| right - end > 110.0) {
        let chip = paint::namesake(ui, pos2(end + 10.0, bar.center().y), who);
        cx.mark("talk.namesake", chip);
        ui.interact(chip, named("talk.namesake"), egui::Sense::hover())
            .on_hover_text(t("namesake-tip").as_ref());
        end = chip.right();
    }

    let (icon, words, color) = if view.verified {
        (icons::SHIELD_CHECK, t("verified"), tok::AURORA)
    } else {
        (icons::SHIELD, t("unverified"), tok::TEXT_FAINT)
    };
    let at = end + 14.0;
    if right - at < 30.0 {
        return;
    }
    paint::icon(
        ui.painter(),
        pos2(at + 7.0, bar.center().y),
        icon,
        tok::ICON_SMALL,
        color,
    );
    let kind = Type::regular(tok::TYPE_SMALL, color);
    let drawn = if right - at > 100.0 {
        paint::label(
            ui,
            pos2(at + 19.0, bar.center().y),
            Align2::LEFT_CENTER,
            &words,
            kind,
            right - at - 19.0,
        )
    } else {
        Rect::from_center_size(pos2(at + 7.0, bar.center().y), vec2(16.0, 16.0))
    };
    let tip = if view.verified {
        t("verified-tip")
    } else {
        t("unverified-tip")
    };
    let sign = Rect::from_min_max(
        pos2(at, bar.center().y - 12.0),
        pos2(drawn.right(), bar.center().y + 12.0),
    );
    let label = t("contact-compare");
    let response = widgets::press(ui, cx, "talk.verified", sign, &label).on_hover_text(tip.as_ref());
    if response.has_focus() {
        paint::focus_ring(ui.painter(), sign.expand2(vec2(4.0, 0.0)), tok::RADIUS_SMALL);
    }
    if response.clicked() {
        cx.emit(UiAction::OpenCompare(view.peer));
    }

    let seen = match view.presence {
        Presence::Gone { seen_ms: Some(ms) } => tf("presence-seen", &[("when", Arg::Text(&ago(cx.clock(), ms)))]),
        Presence::Gone { seen_ms: None } => t("presence-gone").into_owned(),
        Presence::Here | Presence::Unknown => return,
    };
    let at = drawn.right() + 14.0;
    if right - at > 90.0 {
        let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_FAINT);
        paint::label(
            ui,
            pos2(at, bar.center().y),
            Align2::LEFT_CENTER,
            &seen,
            kind,
            right - at,
        );
    }
}

fn call_button(ui: &mut Ui, cx: &mut Cx<'_>, rect: Rect, view: &ConversationView) {
    let name = clean_name(&view.name);
    let (label, icon, color, enabled) = match &view.call {
        CallChance::Ready => (
            tf("call-start", &[("name", Arg::Text(&name))]),
            icons::PHONE,
            tok::TEXT_SOFT,
            true,
        ),
        CallChance::InThisCall => (t("rail-call").into_owned(), icons::PHONE_CALL, tok::AURORA, true),
        CallChance::No(error) => (strings::error(error), icons::PHONE, tok::TEXT_SOFT, false),
    };
    ui.add_enabled_ui(enabled, |ui| {
        let response = widgets::icon_button(ui, cx, "talk.call", rect, icon, &label, color);
        if response.clicked() {
            cx.emit(match view.call {
                CallChance::InThisCall => UiAction::OpenCall,
                _ => UiAction::StartCall(view.channel),
            });
        }
        response.on_disabled_hover_text(&label);
    });
}

fn search_field(ui: &mut Ui, cx: &mut Cx<'_>, rect: Rect, talk: &mut TalkState, view: &ConversationView) {
    let ctx = ui.ctx().clone();
    let id = named("talk.search");
    if std::mem::take(&mut talk.search.wants_focus) {
        ctx.memory_mut(|memory| memory.request_focus(id));
    }
    if ctx.memory(|memory| memory.has_focus(id)) {
        if take_key(&ctx, Modifiers::NONE, Key::Enter, false) {
            let query = talk.search.text.trim().to_owned();
            if !query.is_empty() {
                cx.emit(UiAction::Search {
                    channel: view.channel,
                    query,
                });
            }
        }
        if take_key(&ctx, Modifiers::NONE, Key::Escape, false) {
            close_search(cx, talk, view);
            talk.composer.wants_focus = true;
        }
    }
    let hint = t("search-hint");
    let mut field = Field::new("talk.search", rect, &hint);
    (field.limit, field.room) = (200, 26.0);
    widgets::field(ui, cx, &field, &mut talk.search.text);
    let end = pos2(rect.right() - 15.0, rect.center().y);
    if talk.search.text.is_empty() {
        paint::icon(ui.painter(), end, icons::SEARCH, tok::ICON_SMALL, tok::TEXT_FAINT);
    } else {
        let clear = Rect::from_center_size(end, vec2(22.0, 22.0));
        if widgets::icon_button(
            ui,
            cx,
            "talk.search_clear",
            clear,
            icons::X,
            &t("clear"),
            tok::TEXT_SOFT,
        )
        .clicked()
        {
            close_search(cx, talk, view);
        }
    }
}

pub(super) fn close_search(cx: &mut Cx<'_>, talk: &mut TalkState, view: &ConversationView) {
    talk.search.text.clear();
    talk.search.open = false;
    if view.search.is_some() {
        cx.emit(UiAction::CloseSearch(view.channel));
    }
}

fn contact_menu(ui: &Ui, cx: &mut Cx<'_>, rect: Rect, dialog: &mut Option<Dialog>, view: &ConversationView) {
    let label = t("contact-menu");
    let response = widgets::icon_button(ui, cx, "talk.menu", rect, icons::ELLIPSIS, &label, tok::TEXT_SOFT);
    let (peer, name) = (view.peer, clean_name(&view.name));
    Popup::from_toggle_button_response(&response)
        .align(egui::RectAlign::BOTTOM_END)
        .gap(6.0)
        .frame(widgets::popup_frame())
        .close_behavior(PopupCloseBehavior::CloseOnClick)
        .width(210.0)
        .show(|ui| {
            ui.spacing_mut().item_spacing = vec2(0.0, 2.0);
            let mut item = |ui: &mut Ui, key: &str, words: &str, icon, color| {
                widgets::menu_item(ui, cx, key, 210.0, words, Some(icon), color).clicked()
            };
            let mut action = None;
            if item(ui, "menu.rename", &t("contact-rename"), icons::USER_PEN, tok::TEXT) {
                *dialog = Some(Dialog::Rename {
                    peer,
                    name: view.name.clone(),
                    grabs: 3,
                });
            }
            if item(ui, "menu.copy_id", &t("contact-copy-id"), icons::FINGERPRINT, tok::TEXT) {
                action = Some(UiAction::CopyPeerId(peer));
            }
            if item(
                ui,
                "menu.compare",
                &t("contact-compare"),
                icons::SHIELD_CHECK,
                tok::TEXT,
            ) {
                action = Some(UiAction::OpenCompare(peer));
            }
            if view.blocked {
                if item(
                    ui,
                    "menu.unblock",
                    &t("contact-unblock"),
                    icons::CIRCLE_CHECK,
                    tok::TEXT,
                ) {
                    action = Some(UiAction::UnblockContact(peer));
                }
            } else if item(ui, "menu.block", &t("contact-block"), icons::BAN, tok::GIANT) {
                *dialog = Some(Dialog::Block {
                    peer,
                    name: name.clone(),
                });
            }
            if item(ui, "menu.remove", &t("contact-remove"), icons::USER_X, tok::GIANT) {
                *dialog = Some(Dialog::Remove {
                    peer,
                    name: name.clone(),
                });
            }
            if let Some(action) = action {
                cx.emit(action);
            }
        });
}
