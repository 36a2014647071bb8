//! Own name, server, looks and folder.

use egui::{Align2, Key, Modifiers, Rect, Ui, pos2, vec2};

use super::SettingsState;
use super::rows::{group, row, rule, switch};
use crate::action::{Setting, UiAction};
use crate::cx::{Cx, named, t};
use crate::entry::take_key;
use crate::home::connection_words;
use crate::icons;
use crate::paint::{self, Type};
use crate::strings;
use crate::text::name_fits;
use crate::tokens as tok;
use crate::view::{Connection, SettingsView};
use crate::widgets::{self, Field, Kind};

pub(super) fn profile(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut SettingsState, view: &SettingsView) {
    group(ui, &t("settings-you"), |ui| {
        let fits = state.name.as_ref().is_none_or(|(name, _)| name_fits(name));
        let lead = if fits { "settings-name-lead" } else { "name-too-long" };
        let place = row(ui, &t("settings-name"), &t(lead), vec2(300.0, 34.0));
        if let Some(name) = edited(
            ui,
            cx,
            "settings.name",
            place,
            &t("settings-name"),
            &mut state.name,
            &view.name,
            fits,
        ) {
            cx.emit(UiAction::Set(Setting::Name(name)));
        }
        rule(ui);
        let place = row(ui, &t("settings-id"), &t("settings-id-lead"), vec2(300.0, 34.0));
        id(ui, cx, place, view);
    });
    group(ui, &t("settings-server"), |ui| {
        let place = row(
            ui,
            &t("settings-server-address"),
            &t("settings-server-lead"),
            vec2(300.0, 34.0),
        );
        let server = edited(
            ui,
            cx,
            "settings.server",
            place,
            &t("settings-server-address"),
            &mut state.server,
            &view.server,
            true,
        );
        if let Some(server) = server {
            cx.emit(UiAction::Set(Setting::Server(server)));
        }
        rule(ui);
        let (words, color) = connection_words(&view.connection);
        let lead = match &view.connection {
            Connection::Offline { error, .. } => strings::error(error),
            _ => String::new(),
        };
        let offline = matches!(view.connection, Connection::Offline { .. });
        let place = row(
            ui,
            &t("settings-connection"),
            &lead,
            vec2(if offline { 220.0 } else { 150.0 }, 34.0),
        );
        let right = if offline {
            let retry = Rect::from_min_size(pos2(place.right() - 96.0, place.top()), vec2(96.0, place.height()));
            if widgets::button(ui, cx, "settings.retry", retry, &t("banner-retry"), None, Kind::Quiet).clicked() {
                cx.emit(UiAction::RetryConnection);
            }
            retry.left() - 12.0
        } else {
            place.right()
        };
        let kind = Type::regular(tok::TYPE_NOTE, if offline { color } else { tok::TEXT_SOFT });
        paint::label(
            ui,
            pos2(right, place.center().y),
            Align2::RIGHT_CENTER,
            &words,
            kind,
            right - place.left(),
        );
    });
    group(ui, &t("settings-looks"), |ui| {
        switch(
            ui,
            cx,
            "settings.reduced_motion",
            "settings-motion",
            "settings-motion-lead",
            view.reduced_motion,
            Setting::ReducedMotion,
        );
    });
    group(ui, &t("settings-storage"), |ui| {
        let place = row(
            ui,
            &t("settings-profile-folder"),
            &view.profile_folder,
            vec2(110.0, 34.0),
        );
        let label = t("open-folder");
        if widgets::button(
            ui,
            cx,
            "settings.profile_folder",
            place,
            &label,
            Some(icons::FOLDER_OPEN),
            Kind::Quiet,
        )
        .clicked()
        {
            cx.emit(UiAction::OpenProfileFolder);
        }
    });
}

/// One's own id, to be read out or copied.
fn id(ui: &Ui, cx: &mut Cx<'_>, place: Rect, view: &SettingsView) {
    let copy = Rect::from_min_size(pos2(place.right() - 34.0, place.top()), vec2(34.0, 34.0));
    let text = Rect::from_min_max(place.min, pos2(copy.left() - 8.0, place.bottom()));
    paint::panel(ui.painter(), text, tok::RADIUS_SMALL + 2, tok::FIELD, tok::LINE);
    let at = pos2(text.left() + 12.0, text.center().y);
    let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT);
    paint::label(ui, at, Align2::LEFT_CENTER, &view.id_text, kind, text.width() - 24.0);
    cx.mark("settings.id", text);
    if widgets::icon_button(
        ui,
        cx,
        "settings.copy_id",
        copy,
        icons::COPY,
        &t("copy"),
        tok::TEXT_SOFT,
    )
    .clicked()
    {
        ui.ctx().copy_text(view.id_text.clone());
        cx.emit(UiAction::Copied);
    }
}

/// Most characters of a server address.
const ADDRESS_MAX: usize = 256;

/// A field whose text counts once Enter is pressed or Save; gives the new text, trimmed. What does not fit cannot be saved.
#[expect(clippy::too_many_arguments, reason = "a field, its place and both texts")]
fn edited(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    name: &str,
    place: Rect,
    hint: &str,
    state: &mut Option<(String, String)>,
    now: &str,
    fits: bool,
) -> Option<String> {
    // What the app says wins over what stood here before it said so.
    if state.as_ref().is_none_or(|(_, from)| from != now) {
        *state = Some((now.to_owned(), now.to_owned()));
    }
    let (text, _) = state.as_mut()?;
    let changed = fits && text.trim() != now && !text.trim().is_empty();
    let button = Rect::from_min_size(pos2(place.right() - 70.0, place.top()), vec2(70.0, place.height()));
    let rect = if changed {
        Rect::from_min_max(place.min, pos2(button.left() - 8.0, place.bottom()))
    } else {
        place
    };
    let focused = ui.memory(|memory| memory.has_focus(named(name)));
    let enter = focused && take_key(ui.ctx(), Modifiers::NONE, Key::Enter, false);
    let mut field = Field::new(name, rect, hint);
    (field.limit, field.bad) = (ADDRESS_MAX, !fits);
    widgets::field(ui, cx, &field, text);
    let saved =
        changed && widgets::button(ui, cx, &format!("{name}.save"), button, &t("save"), None, Kind::Primary).clicked();
    (changed && (saved || enter)).then(|| text.trim().to_owned())
}
