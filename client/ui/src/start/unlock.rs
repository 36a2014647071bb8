//! Opening a profile.

use egui::{Align2, Rect, Ui, pos2, vec2};

use super::card::{busy, card, next, title, trouble, words};
use super::first_start::reveal;
use crate::action::{Passphrase, UiAction};
use crate::cx::{Cx, named, t, tf};
use crate::entry::take_submit;
use crate::icons;
use crate::paint::{self, Type};
use crate::state::{PASSPHRASE_MAX, UnlockState};
use crate::strings::Arg;
use crate::text::clean_name;
use crate::tokens as tok;
use crate::view::UnlockView;
use crate::widgets::{self, Field, Kind};

/// The form that opens a profile.
pub(crate) fn unlock(ui: &mut Ui, cx: &mut Cx<'_>, window: Rect, state: &mut UnlockState, view: &UnlockView) {
    if state.recovering {
        super::recover::recover(ui, cx, window, state, view);
        return;
    }
    let ctx = ui.ctx().clone();
    // After a wrong passphrase the field is empty and has the keyboard again.
    if !state.focused || (state.sent && view.busy.is_none() && view.error.is_some()) {
        (state.focused, state.sent) = (true, false);
        ctx.memory_mut(|memory| memory.request_focus(named("unlock.passphrase")));
    }
    let submit = view.busy.is_none() && take_submit(&ctx);
    let still = cx.still();
    card(ui, window, "unlock", |ui| {
        title(ui, &t("unlock-title"));
        ui.add_space(8.0);
        let lead = if view.remembered {
            "unlock-lead-keyring"
        } else {
            "unlock-lead"
        };
        words(ui, &t(lead), tok::TEXT_SOFT);
        ui.add_space(20.0);
        ui.add_enabled_ui(view.busy.is_none(), |ui| fields(ui, cx, state, view));
        ui.add_space(16.0);
        trouble(ui, view.error.as_ref());

        if let Some(stage) = view.busy {
            busy(ui, still, stage);
            return;
        }
        go(ui, cx, state, view, submit);
        ui.add_space(18.0);
        let at = next(ui, 16.0).center();
        let label = t("unlock-forgot");
        if widgets::link_button(
            ui,
            cx,
            "unlock.forgot",
            at,
            Align2::CENTER_CENTER,
            &label,
            tok::TEXT_SOFT,
        )
        .clicked()
        {
            zeroize::Zeroize::zeroize(&mut *state.passphrase);
            (state.recovering, state.focused) = (true, false);
            cx.emit(UiAction::OtherForm);
        }
        ui.add_space(12.0);
        let at = next(ui, 16.0).center();
        let label = t("unlock-other");
        if widgets::link_button(ui, cx, "unlock.new", at, Align2::CENTER_CENTER, &label, tok::TEXT_FAINT).clicked() {
            cx.emit(UiAction::NewProfile);
        }
    });
}

/// The button, and what it asks for: the keyring where it keeps the key and nothing is typed, else the passphrase.
fn go(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut UnlockState, view: &UnlockView, mut submit: bool) {
    let by_keyring = view.remembered && state.passphrase.is_empty();
    let ready = by_keyring || !state.passphrase.is_empty();
    let label = t(if by_keyring { "unlock-go-keyring" } else { "unlock-go" });
    let rect = next(ui, tok::BUTTON_HEIGHT);
    ui.add_enabled_ui(ready, |ui| {
        submit |= widgets::button(ui, cx, "unlock.go", rect, &label, None, Kind::Primary).clicked();
    });
    if !submit || !ready {
        return;
    }
    state.sent = true;
    if by_keyring {
        cx.emit(UiAction::UnlockRemembered);
        return;
    }
    let passphrase = Passphrase::new(state.passphrase.to_string());
    zeroize::Zeroize::zeroize(&mut *state.passphrase);
    let remember = state.remember && !view.remembered;
    cx.emit(UiAction::Unlock { passphrase, remember });
}

/// Whether the keyring is to keep the key; where it does already that is changed in the settings.
fn remember(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut UnlockState, view: &UnlockView) {
    if view.remembered {
        return;
    }
    ui.add_space(14.0);
    let rect = next(ui, 22.0);
    let switch = Rect::from_min_size(rect.min, vec2(38.0, 22.0));
    let label = t("unlock-remember");
    if widgets::toggle(ui, cx, "unlock.remember", switch, &label, state.remember).clicked() {
        state.remember = !state.remember;
    }
    let at = pos2(switch.right() + 12.0, rect.center().y);
    let kind = Type::regular(tok::TYPE_NOTE, tok::TEXT_SOFT);
    paint::label(ui, at, Align2::LEFT_CENTER, &label, kind, rect.width() - 50.0);
}

/// The profile and its passphrase.
fn fields(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut UnlockState, view: &UnlockView) {
    profile(ui, cx, view);
    ui.add_space(12.0);
    let rect = next(ui, tok::FIELD_HEIGHT);
    let hint = t("unlock-passphrase");
    let mut spec = Field::new("unlock.passphrase", rect, &hint);
    (spec.secret, spec.shown, spec.limit) = (true, state.reveal, PASSPHRASE_MAX);
    spec.room = 40.0;
    let wrong = view
        .error
        .as_ref()
        .is_some_and(|error| error.code == "wrong_passphrase");
    spec.bad = wrong && state.passphrase.is_empty();
    widgets::field(ui, cx, &spec, &mut state.passphrase);
    reveal(ui, cx, "unlock.reveal", rect, &mut state.reveal);
    remember(ui, cx, state, view);
}

/// Which profile it is; the way to the others where there are any.
fn profile(ui: &mut Ui, cx: &mut Cx<'_>, view: &UnlockView) {
    let rect = next(ui, tok::FIELD_HEIGHT);
    let name = clean_name(&view.name);
    paint::panel(ui.painter(), rect, tok::RADIUS, tok::FIELD, tok::LINE_STRONG);
    let at = pos2(rect.left() + 14.0, rect.center().y);
    paint::label(
        ui,
        at,
        Align2::LEFT_CENTER,
        &name,
        Type::regular(tok::TYPE_BODY, tok::TEXT),
        rect.width() - 60.0,
    );
    if !view.can_go_back {
        return;
    }
    let label = tf("unlock-choose", &[("name", Arg::Text(&name))]);
    let response = widgets::press(ui, cx, "unlock.choose", rect, &label);
    let warmth = widgets::hover(ui, cx, &response);
    let color = tok::TEXT_SOFT.lerp_to_gamma(tok::TEXT, warmth);
    paint::icon(
        ui.painter(),
        pos2(rect.right() - 22.0, rect.center().y),
        icons::CHEVRON_DOWN,
        16.0,
        color,
    );
    if response.has_focus() {
        paint::focus_ring(ui.painter(), rect, tok::RADIUS);
    }
    if response.clicked() {
        cx.emit(UiAction::BackToProfiles);
    }
}
