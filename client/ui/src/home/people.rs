//! The people: contacts with their last line, and requests.

use egui::{Align2, CornerRadius, Popup, PopupCloseBehavior, Rect, Sense, Ui, pos2, vec2};

use crate::action::UiAction;
use crate::cx::{Cx, named, t, tf};
use crate::fonts::Weight;
use crate::icons;
use crate::paint::{self, Type};
use crate::strings::Arg;
use crate::text::{ago, clean_name, one_line};
use crate::tokens as tok;
use crate::view::{ContactRow, Delivery, HomeView, MainPane, NameDoubt, PeerKey, RequestState};
use crate::widgets::{self, Kind, Name};

/// Height of a row with two lines.
const ROW: f32 = 52.0;

/// Draws the list of people.
pub(crate) fn people(ui: &mut Ui, cx: &mut Cx<'_>, rect: Rect, view: &HomeView) {
    let title = Type::strong(tok::TYPE_TITLE, tok::TEXT);
    let title_at = pos2(rect.left() + 16.0, rect.top() + 28.0);
    paint::label(
        ui,
        title_at,
        Align2::LEFT_CENTER,
        &t("people-title"),
        title,
        rect.width() - 32.0,
    );

    let list = Rect::from_min_max(pos2(rect.left() + 1.0, rect.top() + 48.0), rect.max);
    let mut child = crate::entry::within(ui, list, "people");
    egui::ScrollArea::vertical()
        .id_salt("people")
        .auto_shrink(false)
        .show(&mut child, |ui| {
            ui.spacing_mut().item_spacing = vec2(0.0, 2.0);
            let open = match &view.main {
                MainPane::Conversation(talk) => Some(talk.channel),
                MainPane::Call(call) => call.channel,
                _ => None,
            };
            ui.add_space(2.0);
            for (at, contact) in view.contacts.iter().enumerate() {
                row(ui, cx, at, contact, open == Some(contact.channel));
            }
            if view.contacts.is_empty() {
                nobody(ui, cx, view);
            } else if let Some(name) = &view.welcome {
                welcome(ui, cx, name);
            }
            requests(ui, cx, view);
            ui.add_space(12.0);
        });
}

/// A row's rectangle in the flow.
fn next_row(ui: &mut Ui, height: f32) -> Rect {
    let width = ui.available_width();
    let rect = ui.allocate_exact_size(vec2(width, height), Sense::hover()).0;
    rect.shrink2(vec2(8.0, 0.0))
}

fn ground(ui: &Ui, cx: &Cx<'_>, response: &egui::Response, rect: Rect, chosen: bool) {
    let warmth = widgets::hover(ui, cx, response);
    let fill = if chosen {
        tok::ROW_SELECTED
    } else {
        tok::ROW_HOVER.gamma_multiply(warmth)
    };
    ui.painter()
        .rect_filled(rect, CornerRadius::same(tok::RADIUS_SMALL), fill);
    if response.has_focus() {
        paint::focus_ring(ui.painter(), rect.shrink(2.0), tok::RADIUS_SMALL);
    }
}

fn row(ui: &mut Ui, cx: &mut Cx<'_>, at: usize, contact: &ContactRow, chosen: bool) {
    let rect = next_row(ui, ROW);
    let place = format!("home.contact.{at}");
    let key = Name::of(&place, named("home.contact").with(contact.peer));
    if !ui.is_rect_visible(rect) && !chosen {
        // Rows out of sight still take part in the order of the Tab key.
        if widgets::press(ui, cx, key, rect, &contact.name).clicked() {
            cx.emit(UiAction::OpenChannel(contact.channel));
        }
        return;
    }
    let name = clean_name(&contact.name);
    cx.fonts.note(&name);
    let label = if contact.unread > 0 {
        tf(
            "people-row-unread",
            &[
                ("name", Arg::Text(&name)),
                ("count", Arg::Number(i64::from(contact.unread))),
            ],
        )
    } else {
        name.clone()
    };
    let label = match &contact.namesake {
        Some(who) => tf(
            "namesake-label",
            &[("name", Arg::Text(&label)), ("id", Arg::Text(&who.id))],
        ),
        None => label,
    };
    let response = widgets::press(ui, cx, key, rect, &label);
    ground(ui, cx, &response, rect, chosen);

    let planet = Rect::from_center_size(
        pos2(rect.left() + 8.0 + tok::PLANET_ROW / 2.0, rect.center().y),
        vec2(tok::PLANET_ROW, tok::PLANET_ROW),
    );
    paint::planet(ui.painter(), planet, contact.peer, cx.view.avatars);
    paint::presence_dot(ui.painter(), planet, contact.presence);

    let (left, mut right) = (planet.right() + 10.0, rect.right() - 8.0);
    let (first, second) = (rect.top() + 17.0, rect.top() + 35.5);
    if let Some(last) = &contact.last {
        let kind = Type::regular(tok::TYPE_TINY, tok::TEXT_FAINT);
        let time = paint::label(
            ui,
            pos2(right, first),
            Align2::RIGHT_CENTER,
            &ago(cx.clock(), last.at_ms),
            kind,
            60.0,
        );
        right = time.left() - 8.0;
    }
    let bright = chosen || contact.unread > 0;
    let weight = if contact.unread > 0 {
        Weight::SemiBold
    } else {
        Weight::Medium
    };
    let kind = Type::new(weight, tok::TYPE_BODY, if bright { tok::TEXT } else { tok::TEXT_SOFT });
    let drawn = paint::label(
        ui,
        pos2(left, first),
        Align2::LEFT_CENTER,
        &name,
        kind,
        right - left - 18.0,
    );
    if contact.verified {
        let middle = pos2(drawn.right() + 11.0, first);
        paint::icon(ui.painter(), middle, icons::SHIELD_CHECK, 12.0, tok::AURORA);
        let sign = Rect::from_center_size(middle, vec2(16.0, 16.0));
        ui.interact(sign, response.id.with("verified"), Sense::hover())
            .on_hover_text(t("verified-tip").as_ref());
    }

    let mut right = rect.right() - 8.0;
    if contact.unread > 0 {
        right = unread(ui, pos2(right, second), contact.unread) - 8.0;
    }
    let left = match &contact.namesake {
        Some(who) => {
            let chip = paint::namesake(ui, pos2(left, second), who);
            ui.interact(chip, response.id.with("namesake"), Sense::hover())
                .on_hover_text(t("namesake-tip").as_ref());
            chip.right() + 7.0
        }
        None => left,
    };
    second_line(ui, cx, contact, left, right, second);
    if response.clicked() {
        cx.emit(UiAction::OpenChannel(contact.channel));
    }
    menu(cx, &response, contact.peer);
}

/// What a row offers under the other button of the mouse.
fn menu(cx: &mut Cx<'_>, response: &egui::Response, peer: PeerKey) {
    Popup::context_menu(response)
        .frame(widgets::popup_frame())
        .close_behavior(PopupCloseBehavior::CloseOnClick)
        .width(210.0)
        .show(|ui| {
            ui.spacing_mut().item_spacing = vec2(0.0, 2.0);
            let items = [
                (
                    "people.menu.compare",
                    "contact-compare",
                    icons::SHIELD_CHECK,
                    UiAction::OpenCompare(peer),
                ),
                (
                    "people.menu.copy_id",
                    "contact-copy-id",
                    icons::FINGERPRINT,
                    UiAction::CopyPeerId(peer),
                ),
            ];
            for (name, words, icon, action) in items {
                if widgets::menu_item(ui, cx, name, 210.0, &t(words), Some(icon), tok::TEXT).clicked() {
                    cx.emit(action);
                }
            }
        });
}

/// What is said under the name: typing, draft, block, or the last line.
fn second_line(ui: &Ui, cx: &mut Cx<'_>, contact: &ContactRow, left: f32, right: f32, y: f32) {
    let at = pos2(left, y);
    let width = right - left;
    let say = |text: &str, color| {
        paint::label(
            ui,
            at,
            Align2::LEFT_CENTER,
            text,
            Type::regular(tok::TYPE_SMALL, color),
            width,
        )
    };
    if contact.blocked {
        say(&t("people-blocked"), tok::TEXT_FAINT);
        return;
    }
    if contact.typing {
        say(&t("people-typing"), tok::ION);
        return;
    }
    let faint = if contact.unread > 0 {
        tok::TEXT_SOFT
    } else {
        tok::TEXT_FAINT
    };
    let Some(last) = &contact.last else {
        let words = if contact.draft {
            t("people-draft")
        } else {
            t("people-new")
        };
        say(&words, faint);
        return;
    };
    let line = one_line(&last.text, 80);
    cx.fonts.note(&line);
    let words = match (contact.draft && contact.unread == 0, line.is_empty(), last.mine) {
        (true, _, _) => t("people-draft").into_owned(),
        (_, true, _) => t("message-deleted").into_owned(),
        (_, _, true) => tf("people-you", &[("text", Arg::Text(&line))]),
        _ => line,
    };
    let failed = matches!(last.delivery, Some(Delivery::Failed(_)));
    if failed {
        paint::icon(ui.painter(), pos2(left + 6.0, y), icons::CIRCLE_ALERT, 12.0, tok::GIANT);
        let kind = Type::regular(tok::TYPE_SMALL, tok::GIANT);
        paint::label(
            ui,
            pos2(left + 17.0, y),
            Align2::LEFT_CENTER,
            &words,
            kind,
            width - 17.0,
        );
    } else {
        say(&words, faint);
    }
}

/// The unread mark; gives its left edge.
fn unread(ui: &Ui, right: egui::Pos2, count: u32) -> f32 {
    let text = if count > 99 {
        "99+".to_owned()
    } else {
        count.to_string()
    };
    let galley = paint::line(ui, &text, Type::strong(tok::TYPE_MARK, tok::TEXT_ON_ACCENT), 40.0);
    let size = vec2((galley.size().x + 8.0).max(16.0), 16.0);
    let rect = Rect::from_center_size(pos2(right.x - size.x / 2.0, right.y), size);
    ui.painter().rect_filled(rect, tok::RADIUS_MARK, tok::GIANT_DEEP);
    paint::put(ui.painter(), rect.center(), Align2::CENTER_CENTER, galley);
    rect.left()
}

/// The list before anybody is in it.
fn nobody(ui: &mut Ui, cx: &mut Cx<'_>, view: &HomeView) {
    let width = ui.available_width() - 32.0;
    let galley = paint::paragraph(
        ui,
        &t("people-none"),
        Type::regular(tok::TYPE_NOTE, tok::TEXT_SOFT).on(19.0),
        width,
    );
    let rect = next_row(ui, galley.size().y + 14.0);
    paint::put(ui.painter(), rect.min + vec2(8.0, 4.0), Align2::LEFT_TOP, galley);
    if let Some(name) = &view.welcome {
        welcome(ui, cx, name);
    }
}

/// The contact that a first start offers.
fn welcome(ui: &mut Ui, cx: &mut Cx<'_>, name: &str) {
    let name = clean_name(name);
    let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT).on(17.0);
    let words = tf("welcome-words", &[("name", Arg::Text(&name))]);
    let galley = paint::paragraph(ui, &words, kind, ui.available_width() - 60.0);
    let rect = next_row(ui, galley.size().y + 66.0).shrink2(vec2(0.0, 4.0));
    paint::panel(ui.painter(), rect, tok::RADIUS, tok::INFO_GROUND, tok::LINE_STRONG);
    paint::put(ui.painter(), rect.min + vec2(12.0, 9.0), Align2::LEFT_TOP, galley);
    let close = Rect::from_min_size(pos2(rect.right() - 28.0, rect.top() + 6.0), vec2(22.0, 22.0));
    if widgets::icon_button(
        ui,
        cx,
        "welcome.dismiss",
        close,
        icons::X,
        &t("dismiss"),
        tok::TEXT_SOFT,
    )
    .clicked()
    {
        cx.emit(UiAction::DismissWelcome);
    }
    let place = Rect::from_min_size(
        pos2(rect.left() + 12.0, rect.bottom() - 38.0),
        vec2(rect.width() - 24.0, 28.0),
    );
    let label = tf("welcome-add", &[("name", Arg::Text(&name))]);
    if widgets::button(
        ui,
        cx,
        "home.welcome",
        place,
        &label,
        Some(icons::SPARKLES),
        Kind::Primary,
    )
    .clicked()
    {
        cx.emit(UiAction::AcceptWelcome);
    }
}

fn requests(ui: &mut Ui, cx: &mut Cx<'_>, view: &HomeView) {
    if view.requests_in.is_empty() && view.requests_out.is_empty() {
        return;
    }
    ui.add_space(12.0);
    let rect = next_row(ui, 26.0);
    paint::label(
        ui,
        pos2(rect.left() + 8.0, rect.center().y),
        Align2::LEFT_CENTER,
        &t("people-requests"),
        Type::caption(),
        rect.width(),
    );
    for (at, request) in view.requests_in.iter().enumerate() {
        let name = clean_name(&request.name);
        let grave = request.doubt.as_ref().is_some_and(NameDoubt::is_grave);
        let key = if grave {
            "people-request-like"
        } else {
            "people-request-in"
        };
        let words = tf(key, &[("name", Arg::Text(&name))]);
        let when = t("people-request-new");
        let state = if grave { State::Doubtful } else { State::New(&when) };
        request_row(ui, cx, &format!("home.request.{at}"), request.peer, &words, state);
    }
    for (at, request) in view.requests_out.iter().enumerate() {
        let name = clean_name(&request.name);
        let when = match &request.state {
            RequestState::Sending => t("request-sending"),
            RequestState::Waiting => t("request-waiting"),
            RequestState::Failed(_) => t("request-failed"),
        };
        request_row(
            ui,
            cx,
            &format!("home.request_out.{at}"),
            request.peer,
            &name,
            State::Old(&when),
        );
    }
}

/// What stands at the end of a request's row.
enum State<'a> {
    New(&'a str),
    Old(&'a str),
    Doubtful,
}

fn request_row(ui: &mut Ui, cx: &mut Cx<'_>, name: &str, peer: PeerKey, words: &str, given: State<'_>) {
    let rect = next_row(ui, 42.0);
    let key = Name::of(name, named("home.request").with(peer));
    let response = widgets::press(ui, cx, key, rect, words);
    ground(ui, cx, &response, rect, false);
    cx.fonts.note(words);
    let planet = Rect::from_center_size(
        pos2(rect.left() + 22.0, rect.center().y),
        vec2(tok::PLANET_BAR, tok::PLANET_BAR),
    );
    paint::planet(ui.painter(), planet, peer, cx.view.avatars);
    let end = pos2(rect.right() - 8.0, rect.center().y);
    let state = |words, color| {
        let kind = Type::regular(tok::TYPE_TINY, color);
        paint::label(ui, end, Align2::RIGHT_CENTER, words, kind, 90.0)
    };
    let drawn = match given {
        State::New(words) => state(words, tok::ION),
        State::Old(words) => state(words, tok::TEXT_FAINT),
        State::Doubtful => {
            let middle = end - vec2(8.0, 0.0);
            paint::icon(ui.painter(), middle, icons::TRIANGLE_ALERT, 15.0, tok::SOLAR);
            Rect::from_center_size(middle, vec2(16.0, 16.0))
        }
    };
    let left = planet.right() + 10.0;
    let kind = Type::regular(tok::TYPE_BODY, tok::TEXT_SOFT);
    paint::label(
        ui,
        pos2(left, rect.center().y),
        Align2::LEFT_CENTER,
        words,
        kind,
        drawn.left() - left - 8.0,
    );
    if response.clicked() {
        cx.emit(UiAction::OpenAddContact);
    }
}
