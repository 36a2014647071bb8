//! Who learns what, and what makes itself noticed.

use egui::{Rect, Sense, Ui, vec2};

use super::rows::{group, row, rule, switch};
use crate::action::{Setting, UiAction};
use crate::cx::{Cx, t};
use crate::view::{DirectPolicy, SettingsView};
use crate::widgets::{self, Choice};

const POLICIES: [DirectPolicy; 3] = [
    DirectPolicy::AllContacts,
    DirectPolicy::ConversationsAndCalls,
    DirectPolicy::CallsOnly,
];

pub(super) fn privacy(ui: &mut Ui, cx: &mut Cx<'_>, view: &SettingsView) {
    group(ui, &t("privacy-direct"), |ui| {
        row(
            ui,
            &t("privacy-direct-title"),
            &t("privacy-direct-lead"),
            vec2(0.0, 0.0),
        );
        let width = ui.available_width();
        let rect: Rect = ui.allocate_exact_size(vec2(width, 36.0), Sense::hover()).0;
        let labels = [t("direct-all"), t("direct-conversations"), t("direct-calls")];
        let names = ["all", "conversations", "calls"];
        let choices: Vec<Choice<'_>> = labels
            .iter()
            .zip(names)
            .map(|(label, name)| Choice {
                name,
                label: label.as_ref(),
            })
            .collect();
        let chosen = POLICIES
            .iter()
            .position(|policy| *policy == view.direct)
            .unwrap_or_default();
        let picked = widgets::segmented(ui, cx, "settings.direct", rect, &choices, chosen);
        if let Some(policy) = picked.and_then(|at| POLICIES.get(at)) {
            cx.emit(UiAction::Set(Setting::Direct(*policy)));
        }
        ui.add_space(12.0);
    });
    group(ui, &t("privacy-tell"), |ui| {
        let read = view.read_receipts;
        switch(
            ui,
            cx,
            "settings.read_receipts",
            "privacy-read",
            "privacy-read-lead",
            read,
            Setting::ReadReceipts,
        );
        rule(ui);
        switch(
            ui,
            cx,
            "settings.typing",
            "privacy-typing",
            "privacy-typing-lead",
            view.typing,
            Setting::Typing,
        );
        rule(ui);
        let here = view.presence;
        switch(
            ui,
            cx,
            "settings.presence",
            "privacy-presence",
            "privacy-presence-lead",
            here,
            Setting::Presence,
        );
    });
}

pub(super) fn notices(ui: &mut Ui, cx: &mut Cx<'_>, view: &SettingsView) {
    group(ui, "", |ui| {
        let on = view.notifications;
        switch(
            ui,
            cx,
            "settings.notifications",
            "notices-desktop",
            "notices-desktop-lead",
            on,
            Setting::Notifications,
        );
        rule(ui);
        switch(
            ui,
            cx,
            "settings.sounds",
            "notices-sounds",
            "notices-sounds-lead",
            view.sounds,
            Setting::Sounds,
        );
    });
}
