//! The own bar: name, connection in words, mute and deafen; above it the way back to a running call.

use egui::{Align2, CornerRadius, Rect, Ui, pos2, vec2};

use crate::action::UiAction;
use crate::cx::{Cx, keyed, t, tf};
use crate::paint::{self, Type};
use crate::strings::Arg;
use crate::text::{clean_name, duration};
use crate::tokens as tok;
use crate::view::{CallPhase, Connection, HomeView, MainPane, Presence, RunningCall};
use crate::{icons, widgets};

/// Height of the strip of a running call.
const STRIP: f32 = 54.0;

fn strip_of(view: &HomeView) -> Option<&RunningCall> {
    let shown = matches!(view.main, MainPane::Call(_));
    view.call
        .as_ref()
        .filter(|call| !shown && !matches!(call.phase, CallPhase::Ended { .. }))
}

/// Height of everything at the foot of the people column.
pub(crate) fn height(view: &HomeView) -> f32 {
    tok::FOOT_HEIGHT + if strip_of(view).is_some() { STRIP } else { 0.0 }
}

/// Draws the foot of the people column.
pub(crate) fn foot(ui: &Ui, cx: &mut Cx<'_>, rect: Rect, view: &HomeView) {
    let (strip, bar) = rect.split_top_bottom_at_y(rect.bottom() - tok::FOOT_HEIGHT);
    if let Some(call) = strip_of(view) {
        running(ui, cx, strip, call);
    }
    ui.painter().rect_filled(bar, CornerRadius::ZERO, tok::GLASS_FOOT);
    ui.painter().hline(bar.x_range(), bar.top() + 0.5, (1.0, tok::LINE));

    let me = &view.me;
    let planet = Rect::from_center_size(
        pos2(bar.left() + 12.0 + tok::PLANET_BAR / 2.0, bar.center().y),
        vec2(tok::PLANET_BAR, tok::PLANET_BAR),
    );
    paint::planet(ui.painter(), planet, me.peer, cx.view.avatars);
    let online = matches!(me.connection, Connection::Online { .. });
    paint::presence_dot(
        ui.painter(),
        planet,
        if online { Presence::Here } else { Presence::Unknown },
    );

    let deafen = Rect::from_center_size(
        pos2(bar.right() - 28.0, bar.center().y),
        vec2(tok::ICON_BUTTON, tok::ICON_BUTTON),
    );
    let mute = deafen.translate(vec2(-40.0, 0.0));
    let (icon, label, color) = mute_look(me.is_silent());
    if widgets::icon_button(ui, cx, "me.mute", mute, icon, &label, color).clicked() {
        cx.emit(UiAction::SetMuted(!me.is_silent()));
    }
    let (icon, label, color) = deafen_look(me.deafened);
    if widgets::icon_button(ui, cx, "me.deafen", deafen, icon, &label, color).clicked() {
        cx.emit(UiAction::SetDeafened(!me.deafened));
    }

    let left = planet.right() + 10.0;
    let width = mute.left() - left - 6.0;
    let name = clean_name(&me.name);
    cx.fonts.note(&name);
    let strong = Type::strong(tok::TYPE_BODY, tok::TEXT);
    paint::label(
        ui,
        pos2(left, bar.center().y - 10.0),
        Align2::LEFT_CENTER,
        &name,
        strong,
        width,
    );
    let (words, color) = connection_words(&me.connection);
    let kind = Type::regular(tok::TYPE_SMALL, color);
    let state = paint::label(
        ui,
        pos2(left, bar.center().y + 10.0),
        Align2::LEFT_CENTER,
        &words,
        kind,
        width,
    );
    cx.mark("me.connection", state);
}

/// Sign, name and colour of the mute control. `silent`: closed by mute or by deafen, either of which it ends.
pub(crate) fn mute_look(silent: bool) -> (char, String, egui::Color32) {
    if silent {
        (icons::MIC_OFF, keyed("unmute", "press-mute"), tok::GIANT)
    } else {
        (icons::MIC, keyed("mute", "press-mute"), tok::TEXT_SOFT)
    }
}

/// Sign, name and colour of the deafen control.
pub(crate) fn deafen_look(deafened: bool) -> (char, String, egui::Color32) {
    if deafened {
        (icons::HEADPHONE_OFF, keyed("undeafen", "press-deafen"), tok::GIANT)
    } else {
        (icons::HEADPHONES, keyed("deafen", "press-deafen"), tok::TEXT_SOFT)
    }
}

/// A connection in words, with the colour that goes with it.
pub(crate) fn connection_words(connection: &Connection) -> (String, egui::Color32) {
    match connection {
        Connection::None => (t("connection-none").into_owned(), tok::TEXT_FAINT),
        Connection::Connecting => (t("connection-connecting").into_owned(), tok::TEXT_SOFT),
        Connection::Online { rtt_ms: Some(ms) } => (
            tf("connection-online-ms", &[("ms", Arg::Text(&ms.to_string()))]),
            tok::TEXT_FAINT,
        ),
        Connection::Online { rtt_ms: None } => (t("connection-online").into_owned(), tok::TEXT_FAINT),
        Connection::Offline { .. } => (t("connection-offline").into_owned(), tok::SOLAR),
    }
}

/// The strip of a call that runs while something else is looked at.
fn running(ui: &Ui, cx: &mut Cx<'_>, rect: Rect, call: &RunningCall) {
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, (1.0, tok::LINE));
    ui.painter().rect_filled(rect, CornerRadius::ZERO, tok::GOOD_GROUND);
    let hang = Rect::from_center_size(
        pos2(rect.right() - 28.0, rect.center().y),
        vec2(tok::ICON_BUTTON, tok::ICON_BUTTON),
    );
    let open = Rect::from_min_max(rect.min, pos2(hang.left() - 6.0, rect.bottom()));
    let response = widgets::press(ui, cx, "home.running_call", open, &t("rail-call"));
    let warmth = widgets::hover(ui, cx, &response);
    ui.painter()
        .rect_filled(open, CornerRadius::ZERO, tok::ROW_HOVER.gamma_multiply(warmth));
    if response.has_focus() {
        paint::focus_ring(ui.painter(), open.shrink(3.0), tok::RADIUS_SMALL);
    }
    if response.clicked() {
        cx.emit(UiAction::OpenCall);
    }
    let (title, color) = match &call.phase {
        CallPhase::RingingOut { .. } => (t("call-calling").into_owned(), tok::SOLAR),
        CallPhase::Connecting => (t("call-connecting").into_owned(), tok::SOLAR),
        CallPhase::Active { since_ms } => {
            let seconds = (cx.clock().now_ms - since_ms) / 1000;
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(500));
            (
                tf("strip-active", &[("time", Arg::Text(&duration(seconds)))]),
                tok::AURORA,
            )
        }
        CallPhase::Ended { .. } => return,
    };
    let names: Vec<String> = call.names.iter().map(|name| clean_name(name)).collect();
    let left = rect.left() + 16.0;
    let width = open.right() - left;
    let strong = Type::strong(tok::TYPE_NOTE, color);
    paint::label(
        ui,
        pos2(left, rect.center().y - 9.0),
        Align2::LEFT_CENTER,
        &title,
        strong,
        width,
    );
    let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT);
    paint::label(
        ui,
        pos2(left, rect.center().y + 9.0),
        Align2::LEFT_CENTER,
        &names.join(", "),
        kind,
        width,
    );
    if widgets::icon_button(
        ui,
        cx,
        "home.leave_call",
        hang,
        icons::PHONE_OFF,
        &keyed("call-leave", "press-leave"),
        tok::GIANT,
    )
    .clicked()
    {
        cx.emit(UiAction::LeaveCall(call.call));
    }
}
