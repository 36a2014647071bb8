//! Facts about the program.

use egui::{Ui, vec2};

use super::rows::{group, row, rule};
use crate::action::UiAction;
use crate::cx::{Cx, t, tf};
use crate::icons;
use crate::strings::Arg;
use crate::view::SettingsView;
use crate::widgets::{self, Kind};

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
