//! Adding someone: their link, one's own link, requests in and out.

use egui::{Align2, CornerRadius, Rect, Sense, Ui, pos2, vec2};

use super::column;

use crate::action::UiAction;
use crate::cx::{Cx, named, t, tf};
use crate::entry::take_submit;
use crate::home::Place;
use crate::overlay::Dialog;
use crate::paint::{self, Type};
use crate::start::notice;
use crate::strings::{self, Arg};
use crate::text::{ago, clean_name, one_line};
use crate::tokens as tok;

use crate::icons;
use crate::view::{AddContactView, HomeView, Level, LinkCheck, NameDoubt, RequestIn, RequestOut, RequestState};
use crate::widgets::{self, Field, Kind, Name};

/// Draws the pane.
pub(crate) fn add_contact(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    place: &Place,
    link: &mut String,
    dialog: &mut Option<Dialog>,
    home: &HomeView,
    view: &AddContactView,
) {
    place.titled(ui, cx, &t("add-title"));
    column(ui, place, "add", |ui| {
        theirs(ui, cx, link, view);
        ui.add_space(30.0);
        own(ui, cx, dialog, view);
        ui.add_space(30.0);
        requests(ui, cx, dialog, home);
    });
}

fn next(ui: &mut Ui, height: f32) -> Rect {
    ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover())
        .0
}

fn heading(ui: &mut Ui, title: &str, lead: &str) {
    let rect = next(ui, 22.0);
    let kind = Type::strong(tok::TYPE_TITLE, tok::TEXT);
    paint::label(ui, rect.left_center(), Align2::LEFT_CENTER, title, kind, rect.width());
    ui.add_space(4.0);
    let galley = paint::paragraph(
        ui,
        lead,
        Type::regular(tok::TYPE_NOTE, tok::TEXT_SOFT).on(19.0),
        ui.available_width(),
    );
    let rect = next(ui, galley.size().y);
    paint::put(ui.painter(), rect.min, Align2::LEFT_TOP, galley);
    ui.add_space(14.0);
}

/// The field for somebody else's link.
fn theirs(ui: &mut Ui, cx: &mut Cx<'_>, link: &mut String, view: &AddContactView) {
    heading(ui, &t("add-theirs"), &t("add-theirs-lead"));
    let row = next(ui, tok::FIELD_HEIGHT);
    let button = Rect::from_min_size(pos2(row.right() - 120.0, row.top()), vec2(120.0, row.height()));
    let field_rect = Rect::from_min_max(row.min, pos2(button.left() - 10.0, row.bottom()));
    let id = named("add.link");
    let good = matches!(view.check, LinkCheck::Good { .. }) && !link.trim().is_empty();
    let enter = ui.memory(|memory| memory.has_focus(id)) && take_submit(ui.ctx());
    let hint = t("add-link-hint");
    let mut field = Field::new("add.link", field_rect, &hint);
    (field.limit, field.bad) = (2048, matches!(view.check, LinkCheck::Bad(_)) && !link.trim().is_empty());
    let response = widgets::field(ui, cx, &field, link);
    if response.changed() {
        cx.emit(UiAction::LinkEdited(link.trim().to_owned()));
    }
    let grave = matches!(&view.check, LinkCheck::Good { doubt: Some(doubt), .. } if doubt.is_grave()) && good;
    // What should be thought over is not the one thing to do, and not done by the key that ends a line.
    let kind = if grave { Kind::Quiet } else { Kind::Primary };
    let sent = ui
        .add_enabled_ui(good, |ui| {
            widgets::button(ui, cx, "add.send", button, &t("add-send"), None, kind).clicked()
        })
        .inner;
    if grave && enter {
        ui.memory_mut(|memory| memory.request_focus(named("add.send")));
    }
    if good && (sent || (enter && !grave)) {
        let link = std::mem::take(link).trim().to_owned();
        cx.emit(UiAction::SendRequest { link });
        return;
    }
    if link.trim().is_empty() {
        return;
    }
    match &view.check {
        LinkCheck::Empty => {}
        LinkCheck::Bad(error) => {
            ui.add_space(10.0);
            notice(ui, Level::Bad, &strings::error(error));
        }
        LinkCheck::Good {
            peer,
            name,
            doubt,
            server,
        } => {
            ui.add_space(10.0);
            let rect = next(ui, 60.0);
            let ground = if grave { tok::GLASS_RAISED } else { tok::GOOD_GROUND };
            paint::panel(ui.painter(), rect, tok::RADIUS, ground, tok::LINE);
            let planet = Rect::from_center_size(pos2(rect.left() + 34.0, rect.center().y), vec2(38.0, 38.0));
            paint::planet(ui.painter(), planet, *peer, cx.view.avatars);
            let name = clean_name(name);
            cx.fonts.note(&name);
            let left = planet.right() + 14.0;
            let strong = Type::strong(tok::TYPE_BODY, tok::TEXT);
            paint::label(
                ui,
                pos2(left, rect.top() + 21.0),
                Align2::LEFT_CENTER,
                &name,
                strong,
                rect.width() - 90.0,
            );
            let words = tf("add-via", &[("server", Arg::Text(&one_line(server, 80)))]);
            let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT);
            paint::label(
                ui,
                pos2(left, rect.top() + 40.0),
                Align2::LEFT_CENTER,
                &words,
                kind,
                rect.width() - 90.0,
            );
            doubted(ui, doubt.as_ref());
        }
    }
}

/// Why a name is not to be taken at its word, under who bears it.
fn doubted(ui: &mut Ui, doubt: Option<&NameDoubt>) {
    let Some(doubt) = doubt else { return };
    let level = match doubt {
        NameDoubt::Known { .. } => Level::Info,
        NameDoubt::Like { blocked: true, .. } => Level::Warn,
        NameDoubt::Like { .. } | NameDoubt::Yours => Level::Bad,
    };
    ui.add_space(6.0);
    notice(ui, level, &strings::doubt(doubt));
}

/// One's own link, to give away.
fn own(ui: &mut Ui, cx: &mut Cx<'_>, dialog: &mut Option<Dialog>, view: &AddContactView) {
    heading(ui, &t("add-own"), &t("add-own-lead"));
    let row = next(ui, tok::FIELD_HEIGHT);
    let button = Rect::from_min_size(pos2(row.right() - 120.0, row.top()), vec2(120.0, row.height()));
    let field = Rect::from_min_max(row.min, pos2(button.left() - 10.0, row.bottom()));
    paint::panel(ui.painter(), field, tok::RADIUS, tok::FIELD, tok::LINE);
    let ready = !view.own_link.is_empty();
    let words = if ready {
        view.own_link.clone()
    } else {
        t("add-own-none").into_owned()
    };
    let kind = Type::regular(tok::TYPE_NOTE, if ready { tok::TEXT_SOFT } else { tok::TEXT_FAINT });
    let at = pos2(field.left() + 14.0, field.center().y);
    paint::label(ui, at, Align2::LEFT_CENTER, &words, kind, field.width() - 28.0);
    cx.mark("add.own_link", field);
    ui.add_enabled_ui(ready, |ui| {
        let label = t("copy");
        if widgets::button(ui, cx, "add.copy", button, &label, Some(icons::COPY), Kind::Quiet).clicked() {
            ui.ctx().copy_text(view.own_link.clone());
            cx.emit(UiAction::Copied);
        }
    });
    if ready && view.own_here {
        ui.add_space(10.0);
        notice(ui, Level::Info, &t("add-own-here"));
    }
    if ready {
        ui.add_space(8.0);
        let at = next(ui, 20.0).left_center() + vec2(4.0, 0.0);
        let label = t("add-own-new");
        if widgets::link_button(ui, cx, "add.new_link", at, Align2::LEFT_CENTER, &label, tok::TEXT_SOFT).clicked() {
            *dialog = Some(Dialog::NewLink);
        }
    }
}

fn requests(ui: &mut Ui, cx: &mut Cx<'_>, dialog: &mut Option<Dialog>, home: &HomeView) {
    if home.requests_in.is_empty() && home.requests_out.is_empty() {
        return;
    }
    let rect = next(ui, 26.0);
    paint::label(
        ui,
        rect.left_center(),
        Align2::LEFT_CENTER,
        &t("people-requests"),
        Type::caption(),
        rect.width(),
    );
    for (at, request) in home.requests_in.iter().enumerate() {
        ui.add_space(8.0);
        request_in(ui, cx, dialog, at, request);
    }
    for (at, request) in home.requests_out.iter().enumerate() {
        ui.add_space(8.0);
        request_out(ui, cx, at, request);
    }
}

/// Ground, planet and both lines of a request; gives where its buttons may begin.
fn person(ui: &Ui, cx: &mut Cx<'_>, rect: Rect, peer: crate::view::PeerKey, title: &str, line: &str, right: f32) {
    ui.painter()
        .rect_filled(rect, CornerRadius::same(tok::RADIUS), tok::GLASS_RAISED);
    paint::panel(ui.painter(), rect, tok::RADIUS, tok::CLEAR, tok::LINE);
    let planet = Rect::from_center_size(pos2(rect.left() + 34.0, rect.top() + 32.0), vec2(38.0, 38.0));
    paint::planet(ui.painter(), planet, peer, cx.view.avatars);
    cx.fonts.note(title);
    let left = planet.right() + 14.0;
    let strong = Type::strong(tok::TYPE_BODY, tok::TEXT);
    paint::label(
        ui,
        pos2(left, rect.top() + 22.0),
        Align2::LEFT_CENTER,
        title,
        strong,
        right - left - 8.0,
    );
    let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT);
    paint::label(
        ui,
        pos2(left, rect.top() + 42.0),
        Align2::LEFT_CENTER,
        line,
        kind,
        right - left - 8.0,
    );
}

fn request_in(ui: &mut Ui, cx: &mut Cx<'_>, dialog: &mut Option<Dialog>, at: usize, request: &RequestIn) {
    // Buttons go below where the row is too narrow for both.
    let narrow = ui.available_width() < 520.0;
    let rect = next(ui, if narrow { 108.0 } else { 64.0 });
    let (y, right) = if narrow {
        (rect.bottom() - 26.0, rect.right() - 12.0)
    } else {
        (rect.center().y, rect.right() - 16.0)
    };
    let accept = Rect::from_center_size(pos2(right - 46.0, y), vec2(92.0, tok::BUTTON_SMALL));
    let decline = accept.translate(vec2(-102.0, 0.0));
    let block = Rect::from_center_size(
        pos2(decline.left() - 24.0, y),
        vec2(tok::BUTTON_SMALL, tok::BUTTON_SMALL),
    );
    let name = clean_name(&request.name);
    let words = tf("request-in", &[("when", Arg::Text(&ago(cx.clock(), request.at_ms)))]);
    let text_right = if narrow { rect.right() } else { block.left() };
    person(ui, cx, rect, request.peer, &name, &words, text_right);
    let grave = request.doubt.as_ref().is_some_and(NameDoubt::is_grave);
    let kind = if grave { Kind::Quiet } else { Kind::Primary };
    let label = tf("request-block", &[("name", Arg::Text(&name))]);
    let id = named("request").with(request.peer);
    if widgets::icon_button(
        ui,
        cx,
        Name::of(&format!("request.{at}.block"), id.with("block")),
        block,
        icons::BAN,
        &label,
        tok::GIANT,
    )
    .clicked()
    {
        *dialog = Some(Dialog::Block {
            peer: request.peer,
            name,
        });
    }
    if widgets::button(
        ui,
        cx,
        Name::of(&format!("request.{at}.decline"), id.with("decline")),
        decline,
        &t("decline"),
        None,
        Kind::Quiet,
    )
    .clicked()
    {
        cx.emit(UiAction::DeclineRequest(request.peer));
    }
    if widgets::button(
        ui,
        cx,
        Name::of(&format!("request.{at}.accept"), id.with("accept")),
        accept,
        &t("accept"),
        None,
        kind,
    )
    .clicked()
    {
        cx.emit(UiAction::AcceptRequest(request.peer));
    }
    doubted(ui, request.doubt.as_ref());
}

fn request_out(ui: &mut Ui, cx: &mut Cx<'_>, at: usize, request: &RequestOut) {
    let rect = next(ui, 64.0);
    let cancel = Rect::from_center_size(
        pos2(rect.right() - 62.0, rect.center().y),
        vec2(92.0, tok::BUTTON_SMALL),
    );
    let name = clean_name(&request.name);
    let words = match &request.state {
        RequestState::Sending => t("request-out-sending").into_owned(),
        RequestState::Waiting => tf(
            "request-out-waiting",
            &[("when", Arg::Text(&ago(cx.clock(), request.at_ms)))],
        ),
        RequestState::Failed(error) => strings::error(error),
    };
    person(ui, cx, rect, request.peer, &name, &words, cancel.left());
    let label = t("request-cancel");
    if widgets::button(
        ui,
        cx,
        Name::of(
            &format!("request_out.{at}.cancel"),
            named("request_out").with(request.peer),
        ),
        cancel,
        &label,
        None,
        Kind::Quiet,
    )
    .clicked()
    {
        cx.emit(UiAction::CancelRequest(request.peer));
    }
}
