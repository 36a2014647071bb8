//! Opening a profile whose passphrase was forgotten.

use egui::{Align2, Rect, Ui};

use super::card::{busy, card, next, notice, title, trouble, words};
use super::new_passphrase::{is_ready, new_passphrase};
use crate::action::{Passphrase, UiAction};
use crate::cx::{Cx, named, t};
use crate::entry::take_submit;
use crate::state::UnlockState;
use crate::tokens as tok;
use crate::view::{Level, UnlockView};
use crate::widgets::{self, Field, Kind};

/// Longest phrase as somebody may type it: numbered, with blanks.
const PHRASE_MAX: usize = 400;

/// The form: twelve words and a new passphrase; or that there is no other way in.
pub(super) fn recover(ui: &mut Ui, cx: &mut Cx<'_>, window: Rect, state: &mut UnlockState, view: &UnlockView) {
    let ctx = ui.ctx().clone();
    if !std::mem::replace(&mut state.focused, true) && view.recovery {
        ctx.memory_mut(|memory| memory.request_focus(named("recover.phrase")));
    }
    let mut submit = view.busy.is_none() && take_submit(&ctx);
    let still = cx.still();
    card(ui, window, "recover", |ui| {
        title(ui, &t("recover-title"));
        ui.add_space(8.0);
        if view.recovery {
            words(ui, &t("recover-lead"), tok::TEXT_SOFT);
            ui.add_space(20.0);
            ui.add_enabled_ui(view.busy.is_none(), |ui| {
                let hint = t("recover-phrase");
                let mut field = Field::new("recover.phrase", next(ui, tok::FIELD_HEIGHT), &hint);
                (field.secret, field.shown, field.limit) = (true, true, PHRASE_MAX);
                let bad = ["bad_recovery_phrase", "wrong_recovery_phrase"];
                field.bad = view
                    .error
                    .as_ref()
                    .is_some_and(|error| bad.contains(&error.code.as_str()));
                widgets::field(ui, cx, &field, &mut state.phrase);
                ui.add_space(14.0);
                new_passphrase(ui, cx, "recover", &mut state.new);
            });
            ui.add_space(16.0);
            trouble(ui, view.error.as_ref());
            if let Some(stage) = view.busy {
                busy(ui, still, stage);
                return;
            }
            let ready = is_ready(&mut state.new) && !state.phrase.trim().is_empty();
            let rect = next(ui, tok::BUTTON_HEIGHT);
            ui.add_enabled_ui(ready, |ui| {
                submit |= widgets::button(ui, cx, "recover.go", rect, &t("recover-go"), None, Kind::Primary).clicked();
            });
            if submit && ready {
                cx.emit(UiAction::Recover {
                    phrase: Passphrase::new(state.phrase.to_string()),
                    passphrase: Passphrase::new(state.new.text.to_string()),
                });
            }
        } else {
            words(ui, &t("recover-none-lead"), tok::TEXT_SOFT);
            ui.add_space(16.0);
            notice(ui, Level::Info, &t("recover-none"));
        }
        ui.add_space(18.0);
        let at = next(ui, 16.0).center();
        let label = t("recover-back");
        if widgets::link_button(
            ui,
            cx,
            "recover.back",
            at,
            Align2::CENTER_CENTER,
            &label,
            tok::TEXT_FAINT,
        )
        .clicked()
        {
            *state = UnlockState::default();
            cx.emit(UiAction::OtherForm);
        }
    });
}
