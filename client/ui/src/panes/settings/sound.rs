//! Microphone, loudspeaker, and trying both.

use egui::{Align2, Rect, Ui, pos2, vec2};

use super::rows::{group, row, rule};
use crate::action::{Setting, UiAction};
use crate::cx::{Cx, t};
use crate::icons;
use crate::paint::{self, Type};
use crate::start::notice;
use crate::text::one_line;
use crate::tokens as tok;
use crate::view::{DeviceView, Level, SettingsView};
use crate::widgets::{self, Kind};

pub(super) fn sound(ui: &mut Ui, cx: &mut Cx<'_>, view: &SettingsView) {
    group(ui, &t("sound-in"), |ui| {
        if view.inputs.is_empty() {
            none(ui, view, "sound-no-input");
        } else {
            let place = row(ui, &t("sound-device"), "", vec2(300.0, 34.0));
            if let Some(picked) = device(
                ui,
                cx,
                "settings.input",
                place,
                &t("sound-in"),
                &view.inputs,
                view.input.as_deref(),
            ) {
                cx.emit(UiAction::Set(Setting::Input(picked)));
            }
            rule(ui);
            let place = row(ui, &t("sound-volume"), "", vec2(300.0, 34.0));
            volume(
                ui,
                cx,
                "settings.input_volume",
                place,
                view.input_volume,
                Setting::InputVolume,
            );
            rule(ui);
            let place = row(ui, &t("sound-level"), &t("sound-level-lead"), vec2(300.0, 34.0));
            let button = Rect::from_min_size(pos2(place.right() - 160.0, place.top()), vec2(160.0, place.height()));
            let meters = cx.view.meters;
            let bars = Rect::from_min_max(
                pos2(place.left(), place.center().y - 7.0),
                pos2(button.left() - 14.0, place.center().y + 7.0),
            );
            widgets::meter(ui, bars, meters.mic, meters.mic_open);
            cx.mark("settings.mic_level", bars);
            let (label, icon) = if view.mic_test {
                (t("stop"), icons::SQUARE)
            } else {
                (t("sound-try"), icons::MIC)
            };
            if widgets::button(ui, cx, "settings.mic_test", button, &label, Some(icon), Kind::Quiet).clicked() {
                cx.emit(UiAction::MicTest(!view.mic_test));
            }
            rule(ui);
            let place = row(ui, &t("sound-transmit"), &t("sound-transmit-lead"), vec2(150.0, 34.0));
            let kind = Type::regular(tok::TYPE_NOTE, tok::TEXT_SOFT);
            let at = place.right_center();
            paint::label(
                ui,
                at,
                Align2::RIGHT_CENTER,
                &t("sound-voice-activity"),
                kind,
                place.width(),
            );
        }
    });
    group(ui, &t("sound-out"), |ui| {
        if view.outputs.is_empty() {
            none(ui, view, "sound-no-output");
        } else {
            let place = row(ui, &t("sound-device"), "", vec2(300.0, 34.0));
            let picked = device(
                ui,
                cx,
                "settings.output",
                place,
                &t("sound-out"),
                &view.outputs,
                view.output.as_deref(),
            );
            if let Some(picked) = picked {
                cx.emit(UiAction::Set(Setting::Output(picked)));
            }
            rule(ui);
            let place = row(ui, &t("sound-volume"), "", vec2(300.0, 34.0));
            volume(
                ui,
                cx,
                "settings.output_volume",
                place,
                view.output_volume,
                Setting::OutputVolume,
            );
            rule(ui);
            let place = row(ui, &t("sound-tone"), &t("sound-tone-lead"), vec2(110.0, 34.0));
            let (label, icon) = (t("sound-play"), Some(icons::PLAY));
            // It is short and ends by itself.
            if widgets::button(ui, cx, "settings.test_tone", place, &label, icon, Kind::Quiet).clicked() {
                cx.emit(UiAction::TestTone);
            }
        }
    });
}

/// No device: none was looked for yet, or there is none.
fn none(ui: &mut Ui, view: &SettingsView, words: &str) {
    ui.add_space(8.0);
    if view.devices_listed {
        notice(ui, Level::Warn, &t(words));
    } else {
        notice(ui, Level::Info, &t("sound-looking"));
    }
    ui.add_space(8.0);
}

/// A list of devices with the system's choice first; gives what was picked.
#[expect(
    clippy::option_option,
    reason = "nothing picked, the system's choice picked, or a device"
)]
fn device(
    ui: &Ui,
    cx: &mut Cx<'_>,
    name: &str,
    place: Rect,
    label: &str,
    devices: &[DeviceView],
    chosen: Option<&str>,
) -> Option<Option<String>> {
    let mut choices = vec![t("sound-system").into_owned()];
    choices.extend(devices.iter().map(|device| one_line(&device.name, 60)));
    let mut at = chosen.map_or(0, |id| {
        devices
            .iter()
            .position(|device| device.id == id)
            .map_or(usize::MAX, |at| at + 1)
    });
    if at == usize::MAX {
        // Chosen and gone: it says so instead of pretending to be the system's choice.
        choices.push(t("sound-gone").into_owned());
        at = choices.len() - 1;
    }
    let picked = widgets::select(ui, cx, name, place, label, &choices, at)?;
    match picked.checked_sub(1) {
        None => Some(None),
        Some(at) => devices.get(at).map(|device| Some(device.id.clone())),
    }
}

fn volume(ui: &Ui, cx: &mut Cx<'_>, name: &str, place: Rect, value: f32, set: impl FnOnce(f32) -> Setting) {
    let slider = Rect::from_min_max(place.min, pos2(place.right() - 52.0, place.bottom()));
    let label = t("sound-volume");
    let moved = widgets::slider(ui, cx, name, slider, &label, value, 0.0..=2.0);
    let shown = moved.unwrap_or(value);
    let kind = Type::regular(tok::TYPE_NOTE, tok::TEXT_SOFT);
    let words = format!("{:.0} %", shown * 100.0);
    paint::label(ui, place.right_center(), Align2::RIGHT_CENTER, &words, kind, 52.0);
    if let Some(value) = moved {
        cx.emit(UiAction::Set(set(value)));
    }
}
