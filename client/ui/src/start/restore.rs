//! A profile out of an exported file.

use egui::{Align2, Rect, Ui};

use super::card::{busy, card, next, small_words, title, trouble, words};
use super::first_start::reveal;
use crate::action::{Passphrase, UiAction};
use crate::cx::{Cx, named, t};
use crate::entry::take_submit;
use crate::icons;
use crate::state::{FirstStartState, PASSPHRASE_MAX};
use crate::tokens as tok;
use crate::view::FirstStartView;
use crate::widgets::{self, Field, Kind};

/// Longest name of a file, characters.
const PATH_MAX: usize = 1024;

/// The form.
pub(super) fn restore(ui: &mut Ui, cx: &mut Cx<'_>, window: Rect, state: &mut FirstStartState, view: &FirstStartView) {
    let ctx = ui.ctx().clone();
    if !std::mem::replace(&mut state.focused, true) {
        ctx.memory_mut(|memory| memory.request_focus(named("restore.path")));
    }
    // A file that is dropped on the window is the one that is meant.
    let dropped = ctx.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_owned()));
    if let Some(path) = dropped {
        state.path = path.to_string_lossy().into_owned();
    }
    let mut submit = view.busy.is_none() && take_submit(&ctx);
    let still = cx.still();
    card(ui, window, "restore", |ui| {
        title(ui, &t("restore-title"));
        ui.add_space(8.0);
        words(ui, &t("restore-lead"), tok::TEXT_SOFT);
        ui.add_space(20.0);
        ui.add_enabled_ui(view.busy.is_none(), |ui| {
            let hint = t("restore-path");
            let mut field = Field::new("restore.path", next(ui, tok::FIELD_HEIGHT), &hint);
            field.limit = PATH_MAX;
            widgets::field(ui, cx, &field, &mut state.path);
            ui.add_space(12.0);
            let rect = next(ui, tok::FIELD_HEIGHT);
            let hint = t("restore-secret");
            let mut spec = Field::new("restore.secret", rect, &hint);
            (spec.secret, spec.shown, spec.limit) = (true, state.reveal, PASSPHRASE_MAX);
            spec.room = 40.0;
            widgets::field(ui, cx, &spec, &mut state.restore_secret);
            reveal(ui, cx, "restore.reveal", rect, &mut state.reveal);
        });
        ui.add_space(14.0);
        small_words(ui, icons::INFO, &t("restore-sessions"), tok::TEXT_SOFT);
        ui.add_space(14.0);
        trouble(ui, view.error.as_ref());
        if let Some(stage) = view.busy {
            match view.progress {
                Some(share) => {
                    let rect = next(ui, tok::BUTTON_HEIGHT);
                    let bar = Rect::from_center_size(rect.center(), egui::vec2(rect.width(), 4.0));
                    widgets::progress(ui, bar, share, tok::ION);
                }
                None => busy(ui, still, stage),
            }
            return;
        }
        let ready = !state.path.trim().is_empty() && !state.restore_secret.is_empty();
        let rect = next(ui, tok::BUTTON_HEIGHT);
        ui.add_enabled_ui(ready, |ui| {
            submit |= widgets::button(ui, cx, "restore.go", rect, &t("restore-go"), None, Kind::Primary).clicked();
        });
        ui.add_space(16.0);
        let at = next(ui, 16.0).center();
        let label = t("restore-back");
        if widgets::link_button(
            ui,
            cx,
            "restore.back",
            at,
            Align2::CENTER_CENTER,
            &label,
            tok::TEXT_FAINT,
        )
        .clicked()
        {
            (state.restoring, state.focused) = (false, false);
            cx.emit(UiAction::OtherForm);
        }
        if submit && ready {
            let secret = Passphrase::new(state.restore_secret.to_string());
            zeroize::Zeroize::zeroize(&mut *state.restore_secret);
            cx.emit(UiAction::Restore {
                path: state.path.trim().to_owned(),
                secret,
            });
        }
    });
}
