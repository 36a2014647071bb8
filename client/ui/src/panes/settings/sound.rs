//! Microphone, loudspeaker, what is sent and when, and trying all of it.

use std::borrow::Cow;

use egui::{Align2, Rect, Sense, Ui, pos2, vec2};

use super::keys::{KeyRecorder, key_row, reach};
use super::ranked::ranked;
use super::rows::{group, row, rule, switch};
use crate::action::{Setting, UiAction};
use crate::cx::{Cx, t, tf};
use crate::icons;
use crate::paint::{self, Type};
use crate::start::notice;
use crate::strings::Arg;
use crate::text::one_line;
use crate::tokens as tok;
use crate::view::{DeviceView, KeyUse, KeysView, Level, Noise, SettingsView, Transmit, VoiceView};
use crate::widgets::{self, Choice, Kind, Steps};

/// Size of most controls here.
const CONTROL: egui::Vec2 = vec2(300.0, 34.0);

pub(super) fn sound(ui: &mut Ui, cx: &mut Cx<'_>, recorder: &mut KeyRecorder, keys: &KeysView, view: &SettingsView) {
    group(ui, &t("sound-in"), |ui| input(ui, cx, view));
    group(ui, &t("sound-send"), |ui| sending(ui, cx, recorder, keys, view));
    group(ui, &t("sound-process"), |ui| processing(ui, cx, &view.voice));
    group(ui, &t("sound-out"), |ui| output(ui, cx, view));
}

fn input(ui: &mut Ui, cx: &mut Cx<'_>, view: &SettingsView) {
    if view.inputs.is_empty() {
        none(ui, view, "sound-no-input");
    } else {
        let place = row(ui, &t("sound-device"), "", CONTROL);
        let (label, chosen) = (t("sound-in"), view.input.as_deref());
        if let Some(picked) = device(ui, cx, "settings.input", place, &label, &view.inputs, chosen) {
            cx.emit(UiAction::Set(Setting::Input(picked)));
        }
    }
    // Of one device there is no order.
    if view.inputs.len() > 1 || !view.voice.inputs.is_empty() {
        rule(ui);
        let (list, all) = (&view.voice.inputs, &view.inputs);
        ranked(ui, cx, "settings.input_ranked", list, all, Setting::InputRanked);
    }
    if !view.inputs.is_empty() {
        rule(ui);
        let place = row(ui, &t("sound-volume"), "", CONTROL);
        let (name, value) = ("settings.input_volume", view.input_volume);
        volume(ui, cx, name, place, value, Setting::InputVolume);
        rule(ui);
        level(ui, cx, view);
    }
}

/// The level meter with the gate's mark, and both tests of the microphone.
fn level(ui: &mut Ui, cx: &mut Cx<'_>, view: &SettingsView) {
    let gated = view.voice.transmit == Transmit::Voice;
    let lead = if gated {
        "sound-level-gate-lead"
    } else {
        "sound-level-lead"
    };
    row(ui, &t("sound-level"), &t(lead), vec2(0.0, 0.0));
    let width = ui.available_width();
    let rect = ui.allocate_exact_size(vec2(width, 34.0), Sense::hover()).0;
    if gated {
        let fixed = view.voice.gate_db;
        let label = t("sound-gate");
        if let Some(db) = widgets::gate_meter(ui, cx, "settings.gate", rect, &label, fixed) {
            cx.emit(UiAction::Set(Setting::Gate(Some(db))));
        }
    } else {
        let meters = cx.view.meters;
        widgets::meter(ui, rect.shrink2(vec2(0.0, 10.0)), meters.mic, meters.mic_open);
    }
    cx.mark("settings.mic_level", rect);
    let scale = ui.allocate_exact_size(vec2(width, 16.0), Sense::hover()).0;
    for db in [-60, -48, -36, -24, -12, 0_i16] {
        let share = 1.0 - f32::from(db) / widgets::METER_FLOOR;
        let anchor = match db {
            -60 => Align2::LEFT_TOP,
            0 => Align2::RIGHT_TOP,
            _ => Align2::CENTER_TOP,
        };
        let at = pos2(egui::lerp(scale.x_range(), share), scale.top());
        let words = if db == 0 {
            t("sound-decibels")
        } else {
            Cow::Owned(minus(db))
        };
        let kind = Type::regular(tok::TYPE_TINY, tok::TEXT_FAINT);
        paint::label(ui, at, anchor, &words, kind, 60.0);
    }
    ui.add_space(8.0);
    let rect = ui.allocate_exact_size(vec2(width, 34.0), Sense::hover()).0;
    let half = ((width - 10.0) / 2.0).min(190.0);
    let (testing, hearing) = (view.mic_test && !view.voice.hear, view.mic_test && view.voice.hear);
    for (at, name, words, icon, on, hear) in [
        (0.0, "settings.mic_test", "sound-try", icons::MIC, testing, false),
        (1.0, "settings.mic_hear", "sound-hear", icons::EAR, hearing, true),
    ] {
        let place = Rect::from_min_size(rect.min + vec2(at * (half + 10.0), 0.0), vec2(half, 34.0));
        let (label, icon) = if on {
            (t("stop"), icons::SQUARE)
        } else {
            (t(words), icon)
        };
        if widgets::button(ui, cx, name, place, &label, Some(icon), Kind::Quiet).clicked() {
            cx.emit(UiAction::MicTest {
                on: !on,
                hear: hear && !on,
            });
        }
    }
    ui.add_space(6.0);
    let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT).on(17.0);
    let galley = paint::paragraph(ui, &t("sound-hear-lead"), kind, width);
    let rect = ui.allocate_exact_size(vec2(width, galley.size().y), Sense::hover()).0;
    paint::put(ui.painter(), rect.min, Align2::LEFT_TOP, galley);
    ui.add_space(12.0);
}

/// A number below zero as it is set: with a true minus.
fn minus(db: i16) -> String {
    format!("−{}", db.unsigned_abs())
}

const MODES: [(Transmit, &str, &str); 4] = [
    (Transmit::Voice, "sound-voice-activity", "sound-voice-activity-lead"),
    (Transmit::Always, "sound-always", "sound-always-lead"),
    (Transmit::PushToTalk, "sound-push-to-talk", "sound-push-to-talk-lead"),
    (Transmit::PushToMute, "sound-push-to-mute", "sound-push-to-mute-lead"),
];

fn sending(ui: &mut Ui, cx: &mut Cx<'_>, recorder: &mut KeyRecorder, keys: &KeysView, view: &SettingsView) {
    let voice = &view.voice;
    let chosen = MODES
        .iter()
        .position(|(mode, ..)| *mode == voice.transmit)
        .unwrap_or_default();
    let lead = MODES.get(chosen).map_or("", |(.., lead)| lead);
    let title = t("sound-transmit");
    let place = row(ui, &title, &t(lead), CONTROL);
    let choices = MODES.map(|(_, words, _)| t(words).into_owned());
    let picked = widgets::select(ui, cx, "settings.transmit", place, &title, &choices, chosen);
    if let Some((mode, ..)) = picked.and_then(|at| MODES.get(at)) {
        cx.emit(UiAction::Set(Setting::Transmit(*mode)));
    }
    if voice.transmit.takes_key() {
        rule(ui);
        key_row(ui, cx, recorder, keys, KeyUse::Talk);
        reach(ui, keys);
    }
    if voice.transmit == Transmit::Voice {
        rule(ui);
        gate(ui, cx, voice);
    }
    rule(ui);
    switch(
        ui,
        cx,
        "settings.constant_bitrate",
        "sound-constant",
        "sound-constant-lead",
        voice.constant_bitrate,
        Setting::ConstantBitrate,
    );
}

/// From which loudness on a voice is sent, and for how long after it.
fn gate(ui: &mut Ui, cx: &mut Cx<'_>, voice: &VoiceView) {
    let place = row(ui, &t("sound-gate"), &t("sound-gate-lead"), CONTROL);
    let by_hand = match voice.gate_db {
        Some(db) => tf("sound-gate-fixed-at", &[("db", Arg::Text(&decibels(db)))]).into(),
        None => t("sound-gate-fixed"),
    };
    let choices = [
        Choice {
            name: "auto",
            label: &t("sound-gate-auto"),
        },
        Choice {
            name: "fixed",
            label: &by_hand,
        },
    ];
    let chosen = usize::from(voice.gate_db.is_some());
    match widgets::segmented(ui, cx, "settings.gate_mode", place, &choices, chosen) {
        Some(0) => cx.emit(UiAction::Set(Setting::Gate(None))),
        // From where it stands now, so that nothing jumps.
        Some(_) => {
            let gate = cx.view.meters.gate;
            let db = if gate > 0.0 {
                ((1.0 - gate) * widgets::METER_FLOOR).round()
            } else {
                GATE_START
            };
            cx.emit(UiAction::Set(Setting::Gate(Some(db))));
        }
        None => {}
    }
    rule(ui);
    let attack = ["settings.gate_attack", "sound-attack", "sound-attack-lead"];
    if let Some(ms) = milliseconds(ui, cx, attack, voice.gate_attack_ms, &ATTACK) {
        cx.emit(UiAction::Set(Setting::GateAttack(ms)));
    }
    rule(ui);
    let hold = ["settings.gate_hold", "sound-hold", "sound-hold-lead"];
    if let Some(ms) = milliseconds(ui, cx, hold, voice.gate_hold_ms, &HOLD) {
        cx.emit(UiAction::Set(Setting::GateHold(ms)));
    }
}

/// A row with a slider of milliseconds, given its name, its words and what they mean; the new value when it was moved.
fn milliseconds(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    [name, words, lead]: [&'static str; 3],
    now: u32,
    steps: &Steps,
) -> Option<u32> {
    let place = row(ui, &t(words), &t(lead), CONTROL);
    let slider = Rect::from_min_max(place.min, pos2(place.right() - 60.0, place.bottom()));
    let moved = widgets::slider(ui, cx, name, slider, &t(words), now as f32, steps);
    let shown = moved.unwrap_or(now as f32);
    let words = tf("milliseconds", &[("ms", Arg::Text(&format!("{shown:.0}")))]);
    let kind = Type::regular(tok::TYPE_NOTE, tok::TEXT_SOFT);
    paint::label(ui, place.right_center(), Align2::RIGHT_CENTER, &words, kind, 60.0);
    moved.map(|ms| ms as u32)
}

/// A threshold that suits most rooms, while nothing of this one has been heard.
const GATE_START: f32 = -42.0;
/// How long a hiss has to last.
const ATTACK: Steps = Steps {
    range: 10.0..=80.0,
    per_unit: 0.1,
    step: 10.0,
    home: 50.0,
};
/// How long the gate stays open.
const HOLD: Steps = Steps {
    range: 50.0..=2000.0,
    per_unit: 0.1,
    step: 50.0,
    home: 250.0,
};

fn decibels(db: f32) -> String {
    minus(db.round() as i16)
}

const NOISES: [(Noise, &str, &str, &str); 4] = [
    (Noise::Off, "off", "noise-off", "noise-off-lead"),
    (Noise::Low, "low", "noise-low", "noise-low-lead"),
    (Noise::High, "high", "noise-high", "noise-high-lead"),
    (Noise::Strong, "strong", "noise-strong", "noise-strong-lead"),
];

fn processing(ui: &mut Ui, cx: &mut Cx<'_>, voice: &VoiceView) {
    let chosen = NOISES
        .iter()
        .position(|(noise, ..)| *noise == voice.noise)
        .unwrap_or_default();
    let lead = NOISES.get(chosen).map_or("", |(.., lead)| lead);
    let place = row(ui, &t("sound-noise"), &t(lead), CONTROL);
    let labels = NOISES.map(|(.., words, _)| t(words));
    let choices: Vec<Choice<'_>> = NOISES
        .iter()
        .zip(&labels)
        .map(|((_, name, ..), label)| Choice { name, label })
        .collect();
    let picked = widgets::segmented(ui, cx, "settings.noise", place, &choices, chosen);
    if let Some((noise, ..)) = picked.and_then(|at| NOISES.get(at)) {
        cx.emit(UiAction::Set(Setting::Noise(*noise)));
    }
    rule(ui);
    switch(
        ui,
        cx,
        "settings.echo",
        "sound-echo",
        "sound-echo-lead",
        voice.echo_cancellation,
        Setting::EchoCancellation,
    );
    rule(ui);
    switch(
        ui,
        cx,
        "settings.auto_gain",
        "sound-auto-gain",
        "sound-auto-gain-lead",
        voice.auto_gain,
        Setting::AutoGain,
    );
}

fn output(ui: &mut Ui, cx: &mut Cx<'_>, view: &SettingsView) {
    if view.outputs.is_empty() {
        none(ui, view, "sound-no-output");
    } else {
        let place = row(ui, &t("sound-device"), "", CONTROL);
        let (label, chosen) = (t("sound-out"), view.output.as_deref());
        if let Some(picked) = device(ui, cx, "settings.output", place, &label, &view.outputs, chosen) {
            cx.emit(UiAction::Set(Setting::Output(picked)));
        }
    }
    // Of one device there is no order.
    if view.outputs.len() > 1 || !view.voice.outputs.is_empty() {
        rule(ui);
        let (list, all) = (&view.voice.outputs, &view.outputs);
        ranked(ui, cx, "settings.output_ranked", list, all, Setting::OutputRanked);
    }
    if !view.outputs.is_empty() {
        rule(ui);
        let place = row(ui, &t("sound-volume"), "", CONTROL);
        let (name, value) = ("settings.output_volume", view.output_volume);
        volume(ui, cx, name, place, value, Setting::OutputVolume);
        rule(ui);
        let place = row(ui, &t("sound-tone"), &t("sound-tone-lead"), vec2(110.0, 34.0));
        let (label, icon) = (t("sound-play"), Some(icons::PLAY));
        // It is short and ends by itself.
        if widgets::button(ui, cx, "settings.test_tone", place, &label, icon, Kind::Quiet).clicked() {
            cx.emit(UiAction::TestTone);
        }
        rule(ui);
        switch(
            ui,
            cx,
            "settings.positional",
            "sound-positional",
            "sound-positional-lead",
            view.voice.positional,
            Setting::Positional,
        );
    }
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
    let moved = widgets::slider(ui, cx, name, slider, &label, value, &Steps::gain());
    let shown = moved.unwrap_or(value);
    let kind = Type::regular(tok::TYPE_NOTE, tok::TEXT_SOFT);
    let words = format!("{:.0} %", shown * 100.0);
    paint::label(ui, place.right_center(), Align2::RIGHT_CENTER, &words, kind, 52.0);
    if let Some(value) = moved {
        cx.emit(UiAction::Set(set(value)));
    }
}
