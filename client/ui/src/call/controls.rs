//! The pill of controls at the foot of the stage.

use egui::{Popup, PopupCloseBehavior, Rect, RectAlign, Ui, pos2, vec2};

use super::add_people;
use crate::action::UiAction;
use crate::cx::{Cx, keyed, t};
use crate::home::{deafen_look, mute_look};
use crate::paint;
use crate::tokens as tok;
use crate::view::{CallPhase, CallView};
use crate::{icons, widgets};

/// Draws the controls.
pub(super) fn controls(ui: &Ui, cx: &mut Cx<'_>, stage: Rect, filter: &mut String, view: &CallView) {
    let ringing = matches!(view.phase, CallPhase::RingingOut { .. });
    let adds = !view.addable.is_empty() && !ringing;
    let count = if adds { 4.0 } else { 3.0 };
    let size = vec2(
        count * tok::CALL_BUTTON + (count + 1.0) * tok::CALL_GAP,
        tok::CALL_BUTTON + 2.0 * tok::CALL_GAP,
    );
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
            filter.clear();
        }
        Popup::from_toggle_button_response(&response)
            .align(RectAlign::TOP)
            .gap(16.0)
            .frame(widgets::popup_frame())
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .width(260.0)
            .show(|ui| add_people::list(ui, cx, filter, view));
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
