//! One's own keys: choosing them, where they are heard, and every key the window knows.

use egui::{Align2, Context, Event, Key, Sense, Ui, vec2};

use super::rows::{group, row, rule};
use crate::action::{Setting, UiAction};
use crate::cx::{Cx, named, t, tf};
use crate::paint::{self, Type};
use crate::shortcut::{Shortcut, Unfit};
use crate::start::notice;
use crate::strings::Arg;
use crate::tokens as tok;
use crate::view::{KeyReach, KeyUse, KeysView, Level};
use crate::widgets::{self, KeyPress};

/// A key that is being chosen.
#[derive(Default)]
pub(crate) struct KeyRecorder {
    /// For what the next key is.
    waits: Option<KeyUse>,
    /// Why the last one was not taken, as a key of the catalogue.
    refused: Option<(KeyUse, &'static str)>,
    /// That has not been on screen yet.
    unseen: bool,
}

/// Each use, with its names in the widget map and the catalogue.
const USES: [(KeyUse, &str, &str, &str); 3] = [
    (KeyUse::Talk, "settings.key.talk", "own-key-talk", "own-key-talk-lead"),
    (KeyUse::Mute, "settings.key.mute", "key-mute", "own-key-mute-lead"),
    (
        KeyUse::Deafen,
        "settings.key.deafen",
        "key-deafen",
        "own-key-deafen-lead",
    ),
];

impl KeyRecorder {
    /// The keyboard goes to what is being chosen, whatever has it otherwise.
    pub(crate) fn waits(&self) -> bool {
        self.waits.is_some()
    }

    /// Nobody looks any more.
    pub(crate) fn leave(&mut self) {
        *self = Self::default();
    }

    /// Takes the key that was pressed in this pass, and everything else of the keyboard with it.
    pub(crate) fn take(&mut self, ctx: &Context, cx: &mut Cx<'_>, keys: &KeysView) {
        let Some(what) = self.waits else { return };
        let mut pressed = None;
        ctx.input_mut(|input| {
            input.events.retain(|event| match event {
                Event::Key {
                    key,
                    pressed: true,
                    repeat: false,
                    modifiers,
                    ..
                } => {
                    pressed = pressed.or(Some((*key, *modifiers)));
                    false
                }
                Event::Key { .. } | Event::Text(_) => false,
                // How egui is told of Ctrl+C, Ctrl+X and Ctrl+V.
                Event::Copy | Event::Cut | Event::Paste(_) => {
                    pressed = pressed.or(Some((Key::C, egui::Modifiers::COMMAND.plus(egui::Modifiers::CTRL))));
                    false
                }
                _ => true,
            });
        });
        let focused = ctx.input(|input| input.focused);
        match pressed {
            Some((Key::Escape | Key::Tab, _)) => self.waits = None,
            Some((key, held)) => self.decide(cx, keys, what, key, held),
            None if !focused => self.waits = None,
            None => return,
        }
        if let Some((_, name, ..)) = USES.iter().find(|(of, ..)| *of == what) {
            ctx.memory_mut(|memory| memory.request_focus(named(name)));
        }
    }

    fn decide(&mut self, cx: &mut Cx<'_>, keys: &KeysView, what: KeyUse, key: Key, held: egui::Modifiers) {
        // A key that is only held beside others comes before the one that is meant.
        if key.name().contains("Shift") || key.name().contains("Control") || key.name().contains("Alt") {
            return;
        }
        let shortcut = match Shortcut::fit(key, held) {
            Ok(shortcut) => shortcut.to_string(),
            Err(why) => {
                let words = match why {
                    Unfit::Writes => "key-writes",
                    Unfit::Reserved => "key-reserved",
                    Unfit::Unknown => "key-unknown",
                };
                (self.refused, self.unseen) = (Some((what, words)), true);
                return;
            }
        };
        let other = USES
            .iter()
            .any(|(of, ..)| *of != what && keys.of(*of) == Some(&shortcut));
        if other {
            (self.refused, self.unseen) = (Some((what, "key-double")), true);
            return;
        }
        (self.waits, self.refused) = (None, None);
        cx.emit(UiAction::Set(Setting::Key(what, Some(shortcut))));
    }
}

/// The row of one key. `lead` stands under its name.
pub(super) fn key_row(ui: &mut Ui, cx: &mut Cx<'_>, recorder: &mut KeyRecorder, keys: &KeysView, what: KeyUse) {
    let Some((_, name, words, lead)) = USES.iter().find(|(of, ..)| *of == what) else {
        return;
    };
    let label = t(words);
    let place = row(ui, &label, &t(lead), vec2(240.0, 34.0));
    let waits = recorder.waits == Some(what);
    match widgets::key_field(ui, cx, name, place, &label, keys.of(what), waits) {
        Some(KeyPress::Toggle) => {
            recorder.waits = (!waits).then_some(what);
            recorder.refused = None;
        }
        Some(KeyPress::Clear) => {
            recorder.refused = None;
            cx.emit(UiAction::Set(Setting::Key(what, None)));
        }
        None => {}
    }
    let refused = recorder.refused.filter(|(of, _)| *of == what).map(|(_, words)| words);
    if let Some(words) = refused {
        notice(ui, Level::Warn, &t(words));
        ui.add_space(12.0);
        if std::mem::take(&mut recorder.unseen) {
            ui.scroll_to_cursor(None);
        }
    } else if keys.taken.contains(&what) {
        notice(ui, Level::Warn, &t("key-taken"));
        ui.add_space(12.0);
    }
}

/// Where one's own keys are heard, and what to do where that is not enough.
pub(super) fn reach(ui: &mut Ui, keys: &KeysView) {
    let (level, words) = match keys.reach {
        KeyReach::Everywhere => (Level::Good, "reach-everywhere"),
        KeyReach::Desktop => (Level::Good, "reach-desktop"),
        KeyReach::Refused => (Level::Warn, "reach-refused"),
        KeyReach::Here => (Level::Info, "reach-here"),
    };
    let trigger = [("command", Arg::Text("orrery --trigger talk-toggle"))];
    notice(ui, level, &tf(words, &trigger));
    ui.add_space(12.0);
}

/// Every key the window knows: what to press, and what it does.
const KEYS: [(&str, &str); 19] = [
    ("press-palette", "key-palette"),
    ("press-mute", "key-mute"),
    ("press-deafen", "key-deafen"),
    ("press-accept", "key-accept"),
    ("press-decline", "key-decline"),
    ("press-leave", "key-leave"),
    ("press-mute-call", "key-mute-call"),
    ("press-deafen-call", "key-deafen-call"),
    ("press-quality", "key-quality"),
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

/// The section of keys.
pub(super) fn keys(ui: &mut Ui, cx: &mut Cx<'_>, recorder: &mut KeyRecorder, own: &KeysView) {
    group(ui, &t("keys-own"), |ui| {
        for (at, (what, ..)) in USES.into_iter().enumerate() {
            if at > 0 {
                rule(ui);
            }
            key_row(ui, cx, recorder, own, what);
        }
        reach(ui, own);
    });
    group(ui, &t("keys-window"), |ui| {
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
            widgets::caps(ui, rect.right(), rect.center().y, &t(keys));
        }
    });
}
