//! Who learns what, and what makes itself noticed.

use egui::{Align2, Rect, Sense, Ui, pos2, vec2};

use super::rows::{group, row, rule, switch};
use crate::action::{Setting, UiAction};
use crate::cx::{Cx, t};
use crate::paint::{self, Type};
use crate::text::clean_name;
use crate::tokens as tok;
use crate::view::{DirectPolicy, SettingsView};
use crate::widgets::{self, Choice, Kind};

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
    group(ui, &t("privacy-blocked"), |ui| blocked(ui, cx, view));
}

/// Everybody who is blocked, with the way back: also who never was a contact, or is one no longer.
fn blocked(ui: &mut Ui, cx: &mut Cx<'_>, view: &SettingsView) {
    if view.blocked.is_empty() {
        row(ui, &t("privacy-blocked-none"), "", vec2(0.0, 0.0));
    }
    for (at, person) in view.blocked.iter().enumerate() {
        if at > 0 {
            rule(ui);
        }
        let rect = ui
            .allocate_exact_size(vec2(ui.available_width(), 52.0), Sense::hover())
            .0;
        let planet = Rect::from_center_size(
            pos2(rect.left() + tok::PLANET_ROW / 2.0, rect.center().y),
            vec2(tok::PLANET_ROW, tok::PLANET_ROW),
        );
        paint::planet(ui.painter(), planet, person.peer, cx.view.avatars);
        let button = Rect::from_center_size(
            pos2(rect.right() - 50.0, rect.center().y),
            vec2(100.0, tok::BUTTON_SMALL),
        );
        let name = clean_name(&person.name);
        cx.fonts.note(&name);
        let left = planet.right() + 12.0;
        paint::label(
            ui,
            pos2(left, rect.center().y),
            Align2::LEFT_CENTER,
            &name,
            Type::regular(tok::TYPE_BODY, tok::TEXT),
            button.left() - left - 12.0,
        );
        let place = format!("settings.blocked.{at}");
        let label = t("contact-unblock");
        if widgets::button(ui, cx, &place, button, &label, None, Kind::Quiet).clicked() {
            cx.emit(UiAction::UnblockContact(person.peer));
        }
    }
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
        // Without notifications there is no text to show.
        if on {
            switch(
                ui,
                cx,
                "settings.notification_text",
                "notices-text",
                "notices-text-lead",
                view.notification_text,
                Setting::NotificationText,
            );
            rule(ui);
        }
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
