//! Settings: what can be chosen, and the facts about this profile and program.

mod about;
mod keys;
mod privacy;
mod profile;
mod ranked;
mod rows;
mod security;
mod sound;

use egui::{Align2, Rect, Sense, Ui, pos2, vec2};

use super::column;
use crate::action::UiAction;
use crate::cx::{Cx, t};
use crate::fonts::Weight;
use crate::home::Place;
use crate::overlay::Dialog;
use crate::paint::{self, Type};
use crate::tokens as tok;
use crate::view::{HomeView, SettingsView};
use crate::widgets;

/// What the settings pane remembers.
#[derive(Default)]
pub(crate) struct SettingsState {
    tab: Tab,
    /// Own name being typed, with the name it started from.
    name: Option<(String, String)>,
    /// Server address being typed, with the one it started from.
    server: Option<(String, String)>,
    security: security::SecurityState,
    /// A key of one's own that is being chosen.
    pub keys: keys::KeyRecorder,
    /// The app was told that sound devices are being looked at.
    watches: bool,
}

impl SettingsState {
    /// The app has left the profile, and with it whatever it was told.
    pub(crate) fn forget_devices(&mut self) {
        self.watches = false;
    }

    /// Tells the app when somebody begins to look at sound devices, and when no longer.
    fn watch(&mut self, cx: &mut Cx<'_>, on: bool) {
        if self.watches != on {
            self.watches = on;
            cx.emit(UiAction::WatchDevices(on));
        }
    }
}

/// The settings are no longer shown.
pub(crate) fn leave_settings(cx: &mut Cx<'_>, state: &mut SettingsState) {
    state.watch(cx, false);
    state.security.leave(cx);
    state.keys.leave();
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Tab {
    #[default]
    Profile,
    Security,
    Sound,
    Privacy,
    Notices,
    Keys,
    About,
}

const TABS: [(Tab, &str, &str); 7] = [
    (Tab::Profile, "settings.tab.profile", "settings-profile"),
    (Tab::Security, "settings.tab.security", "settings-security"),
    (Tab::Sound, "settings.tab.sound", "settings-sound"),
    (Tab::Privacy, "settings.tab.privacy", "settings-privacy"),
    (Tab::Notices, "settings.tab.notices", "settings-notices"),
    (Tab::Keys, "settings.tab.keys", "settings-keys"),
    (Tab::About, "settings.tab.about", "settings-about"),
];

/// Draws the settings.
pub(crate) fn settings(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    place: &Place,
    state: &mut SettingsState,
    dialog: &mut Option<Dialog>,
    home: &HomeView,
    view: &SettingsView,
) {
    place.titled(ui, cx, &t("rail-settings"));
    column(ui, place, "settings", |ui| {
        tabs(ui, cx, state);
        let sound = state.tab == Tab::Sound;
        if state.watches && !sound && view.mic_test {
            // Out of sight nobody would know that the microphone is open.
            cx.emit(UiAction::MicTest { on: false, hear: false });
        }
        state.watch(cx, sound);
        if state.tab != Tab::Security {
            state.security.leave(cx);
        }
        ui.add_space(22.0);
        match state.tab {
            Tab::Profile => profile::profile(ui, cx, state, view),
            Tab::Security => security::security(ui, cx, &mut state.security, dialog, home, &view.security),
            Tab::Sound => sound::sound(ui, cx, &mut state.keys, &home.keys, view),
            Tab::Privacy => privacy::privacy(ui, cx, view),
            Tab::Notices => privacy::notices(ui, cx, view),
            Tab::Keys => keys::keys(ui, cx, &mut state.keys, &home.keys),
            Tab::About => about::about(ui, cx, view),
        }
    });
}

/// The sections, wrapped where the window is narrow.
fn tabs(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut SettingsState) {
    let width = ui.available_width();
    let labels = TABS.map(|(_, _, key)| t(key));
    let sizes = labels.clone().map(|label| {
        paint::line(ui, &label, Type::new(Weight::Medium, tok::TYPE_NOTE, tok::TEXT), 200.0)
            .size()
            .x
            + 26.0
    });
    let (mut x, mut rows) = (0.0, 1.0);
    let places = sizes.map(|size| {
        if x > 0.0 && x + size > width {
            (x, rows) = (0.0, rows + 1.0);
        }
        let at = vec2(x, (rows - 1.0) * 38.0);
        x += size + 6.0;
        (at, size)
    });
    let whole = ui.allocate_exact_size(vec2(width, rows * 38.0 - 6.0), Sense::hover()).0;
    for (((tab, name, _), label), (at, size)) in TABS.into_iter().zip(labels).zip(places) {
        let rect = Rect::from_min_size(whole.min + at, vec2(size, 32.0));
        let chosen = state.tab == tab;
        let response = widgets::press_as(ui, cx, name, rect, |enabled| {
            egui::WidgetInfo::selected(egui::WidgetType::RadioButton, enabled, chosen, label.as_ref())
        });
        let warmth = widgets::hover(ui, cx, &response);
        let (fill, line) = if chosen {
            (tok::ROW_SELECTED, tok::REACTION_LINE)
        } else {
            (tok::FIELD.lerp_to_gamma(tok::CONTROL_HOVER, warmth), tok::LINE)
        };
        paint::panel(ui.painter(), rect, tok::RADIUS_TAB, fill, line);
        let color = if chosen { tok::TEXT } else { tok::TEXT_SOFT };
        let kind = Type::new(Weight::Medium, tok::TYPE_NOTE, color);
        paint::label(
            ui,
            pos2(rect.center().x, rect.center().y),
            Align2::CENTER_CENTER,
            &label,
            kind,
            size,
        );
        if response.has_focus() {
            paint::focus_ring(ui.painter(), rect, tok::RADIUS_TAB);
        }
        if response.clicked() {
            state.tab = tab;
            state.keys.leave();
        }
    }
}
