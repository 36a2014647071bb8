//! Keys, and facts about the program.

use egui::{Align2, Rect, Sense, Ui, pos2, vec2};

use super::rows::{group, row, rule};
use crate::action::UiAction;
use crate::cx::{Cx, t, tf};
use crate::icons;
use crate::paint::{self, Type};
use crate::strings::Arg;
use crate::tokens as tok;
use crate::view::SettingsView;
use crate::widgets::{self, Kind};

/// Every key the window knows: what to press, and what it does.
const KEYS: [(&str, &str); 18] = [
    ("press-palette", "key-palette"),
    ("press-mute", "key-mute"),
    ("press-deafen", "key-deafen"),
    ("press-accept", "key-accept"),
    ("press-decline", "key-decline"),
    ("press-leave", "key-leave"),
    ("press-mute-call", "key-mute-call"),
    ("press-deafen-call", "key-deafen-call"),
    ("press-search", "key-search"),
    ("press-add", "key-add"),
    ("press-settings", "key-settings"),
    ("press-lock", "key-lock"),
    ("press-previous", "key-previous"),
    ("press-next", "key-next"),
    ("press-send", "key-send"),
    ("press-break", "key-break"),
    ("press-edit", "key-edit"),
    ("press-escape", "key-escape"),
];

pub(super) fn keys(ui: &mut Ui) {
    group(ui, "", |ui| {
        for (at, (keys, words)) in KEYS.into_iter().enumerate() {
            if at > 0 {
                rule(ui);
            }
            let rect = ui
                .allocate_exact_size(vec2(ui.available_width(), 38.0), Sense::hover())
                .0;
            let kind = Type::regular(tok::TYPE_NOTE, tok::TEXT);
            paint::label(
                ui,
                rect.left_center(),
                Align2::LEFT_CENTER,
                &t(words),
                kind,
                rect.width() - 150.0,
            );
            let mut right = rect.right();
            for key in t(keys).split('+').rev() {
                let galley = paint::line(ui, key, Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT), 80.0);
                let width = (galley.size().x + 16.0).max(28.0);
                let cap = Rect::from_center_size(pos2(right - width / 2.0, rect.center().y), vec2(width, 24.0));
                paint::panel(ui.painter(), cap, tok::RADIUS_SMALL, tok::FIELD, tok::LINE_STRONG);
                paint::put(ui.painter(), cap.center(), Align2::CENTER_CENTER, galley);
                right = cap.left() - 5.0;
            }
        }
    });
}

pub(super) fn about(ui: &mut Ui, cx: &mut Cx<'_>, view: &SettingsView) {
    group(ui, "", |ui| {
        row(
            ui,
            &tf("about-version", &[("version", Arg::Text(&view.version))]),
            &t("about-lead"),
            vec2(0.0, 0.0),
        );
        rule(ui);
        row(ui, &t("about-licence"), &t("about-licence-lead"), vec2(0.0, 0.0));
        rule(ui);
        let place = row(ui, &t("about-log"), &view.log_folder, vec2(110.0, 34.0));
        let label = t("open-folder");
        if widgets::button(
            ui,
            cx,
            "settings.log_folder",
            place,
            &label,
            Some(icons::FOLDER_OPEN),
            Kind::Quiet,
        )
        .clicked()
        {
            cx.emit(UiAction::OpenLogFolder);
        }
    });
}
