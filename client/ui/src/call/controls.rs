//! The pill of controls at the foot of the stage.

use egui::{Align2, CornerRadius, Key, Popup, PopupCloseBehavior, Rect, RectAlign, Ui, pos2, vec2};

use super::add_people;
use crate::action::UiAction;
use crate::cx::{Cx, keyed, t, tf};
use crate::home::{deafen_look, mute_look};
use crate::paint::{self, Type};
use crate::state::UiState;
use crate::strings::Arg;
use crate::tokens as tok;
use crate::view::{CallPhase, CallView, TalkKeyView};
use crate::{icons, widgets};

/// Room for words in the button for talking, at most, points.
const TALK_WIDTH: f32 = 240.0;

/// Draws the controls.
pub(super) fn controls(ui: &Ui, cx: &mut Cx<'_>, stage: Rect, state: &mut UiState, view: &CallView) {
    let ringing = matches!(view.phase, CallPhase::RingingOut { .. });
    let adds = !view.addable.is_empty() && !ringing;
    let count = if adds { 4.0 } else { 3.0 };
    let buttons = count * tok::CALL_BUTTON + (count + 1.0) * tok::CALL_GAP;
    let talk = view.talk.as_ref().filter(|_| !ringing);
    let talk = talk.map(|talk| (talk, talk_words(cx, talk, view.is_silent())));
    // Words where there is room for them; the sign alone elsewhere.
    let talk_width = talk.as_ref().map_or(0.0, |(_, words)| {
        let kind = Type::strong(tok::TYPE_NOTE, tok::TEXT);
        let width = paint::line(ui, words, kind, TALK_WIDTH).size().x + 52.0;
        if buttons + width + tok::CALL_GAP < stage.width() - 16.0 {
            width
        } else {
            tok::CALL_BUTTON
        }
    });
    let talk_room = if talk.is_some() {
        talk_width + tok::CALL_GAP
    } else {
        0.0
    };
    let size = vec2(buttons + talk_room, tok::CALL_BUTTON + 2.0 * tok::CALL_GAP);
    let pill = Rect::from_min_size(
        pos2(
            (stage.center().x - size.x / 2.0).round(),
            stage.bottom() - tok::CALL_FOOT - size.y,
        ),
        size,
    );
    paint::panel(
        ui.painter(),
        pill,
        tok::RADIUS_CONTROLS,
        tok::GLASS_CONTROLS,
        tok::LINE_STRONG,
    );
    let mut left = pill.left() + tok::CALL_GAP;
    if let Some((talk, words)) = talk {
        let rect = Rect::from_min_size(
            pos2(left, pill.top() + tok::CALL_GAP),
            vec2(talk_width, tok::CALL_BUTTON),
        );
        talk_button(ui, cx, state, rect, talk, &words, view.is_silent());
    }
    left += talk_room;
    let mut next = || {
        let rect = Rect::from_min_size(
            pos2(left, pill.top() + tok::CALL_GAP),
            vec2(tok::CALL_BUTTON, tok::CALL_BUTTON),
        );
        left += tok::CALL_BUTTON + tok::CALL_GAP;
        rect
    };
    let tint = |off: bool| {
        if off {
            (tok::OFF, tok::GIANT)
        } else {
            (tok::CONTROL, tok::TEXT)
        }
    };

    let (icon, label, _) = mute_look(view.is_silent());
    let (fill, color) = tint(view.is_silent());
    if widgets::round_button(ui, cx, "call.mute", next(), icon, &label, fill, color).clicked() {
        cx.emit(UiAction::SetMuted(!view.is_silent()));
    }
    let (icon, label, _) = deafen_look(view.deafened);
    let (fill, color) = tint(view.deafened);
    if widgets::round_button(ui, cx, "call.deafen", next(), icon, &label, fill, color).clicked() {
        cx.emit(UiAction::SetDeafened(!view.deafened));
    }
    if adds {
        let label = t("call-add");
        let response = widgets::round_button(
            ui,
            cx,
            "call.add",
            next(),
            icons::USER_PLUS,
            &label,
            tok::CONTROL,
            tok::TEXT,
        );
        if response.clicked() {
            state.add_filter.clear();
        }
        Popup::from_toggle_button_response(&response)
            .align(RectAlign::TOP)
            .gap(16.0)
            .frame(widgets::popup_frame())
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .width(260.0)
            .show(|ui| add_people::list(ui, cx, &mut state.add_filter, view));
    }
    let label = keyed(if ringing { "call-cancel" } else { "call-leave" }, "press-leave");
    if widgets::round_button(
        ui,
        cx,
        "call.leave",
        next(),
        icons::PHONE_OFF,
        &label,
        tok::GIANT,
        tok::TEXT_ON_ACCENT,
    )
    .clicked()
    {
        cx.emit(UiAction::LeaveCall(view.call));
    }
}

/// What the button for talking says.
fn talk_words(cx: &Cx<'_>, talk: &TalkKeyView, silent: bool) -> String {
    let held = cx.view.meters.talk_held;
    let fixed = match (silent, talk.mutes, held) {
        (true, ..) => "talk-muted",
        (false, false, true) => "talk-talking",
        (false, true, true) => "talk-muting",
        (false, mutes, false) => {
            return match (&talk.key, mutes) {
                (Some(key), false) => tf("talk-hold", &[("keys", Arg::Text(key))]),
                (Some(key), true) => tf("talk-hold-mute", &[("keys", Arg::Text(key))]),
                (None, false) => t("talk-hold-here").into_owned(),
                (None, true) => t("talk-hold-mute-here").into_owned(),
            };
        }
    };
    t(fixed).into_owned()
}

/// Talks, or mutes, for as long as it is held: by the pointer, or by the space bar while it has the keyboard.
fn talk_button(
    ui: &Ui,
    cx: &mut Cx<'_>,
    state: &mut UiState,
    rect: Rect,
    talk: &TalkKeyView,
    words: &str,
    silent: bool,
) {
    let held = cx.view.meters.talk_held;
    let response = widgets::press_as(ui, cx, "call.talk", rect, |enabled| {
        egui::WidgetInfo::selected(egui::WidgetType::Button, enabled, held, words)
    });
    let space = response.has_focus() && ui.input(|input| input.key_down(Key::Space));
    state
        .talk_hands
        .point(cx, response.is_pointer_button_down_on() || space);
    let warmth = widgets::hover(ui, cx, &response);
    let (fill, color, icon) = match (silent, held, talk.mutes) {
        (true, ..) => (tok::CONTROL, tok::TEXT_SOFT, icons::MIC_OFF),
        (false, true, false) => (tok::WARN_GROUND, tok::SOLAR, icons::AUDIO_LINES),
        (false, true, true) => (tok::OFF, tok::GIANT, icons::MIC_OFF),
        (false, false, false) => (tok::CONTROL, tok::TEXT, icons::KEYBOARD),
        (false, false, true) => (tok::CONTROL, tok::TEXT, icons::AUDIO_LINES),
    };
    let radius = (rect.height() / 2.0) as u8;
    let fill = if fill == tok::CONTROL {
        fill.lerp_to_gamma(tok::CONTROL_HOVER, warmth)
    } else {
        fill
    };
    ui.painter().rect_filled(rect, CornerRadius::same(radius), fill);
    let wide = rect.width() > rect.height() + 1.0;
    let sign = if wide {
        pos2(rect.left() + 24.0, rect.center().y)
    } else {
        rect.center()
    };
    paint::icon(ui.painter(), sign, icon, 18.0, color);
    if wide {
        let at = pos2(rect.left() + 38.0, rect.center().y);
        let kind = Type::strong(tok::TYPE_NOTE, color);
        paint::label(ui, at, Align2::LEFT_CENTER, words, kind, TALK_WIDTH);
    }
    if response.has_focus() {
        paint::focus_ring(ui.painter(), rect, radius);
    }
    if !wide {
        response.on_hover_text(words);
    }
}
