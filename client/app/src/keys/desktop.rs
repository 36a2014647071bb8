//! Keys while another window has the focus, where the desktop lets a program hear them: X11, Windows, macOS.
//!
//! A key that is heard everywhere is taken from every other program. So it is asked for only during a call, and only
//! while this window does not have the focus; in the window it is an ordinary key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use global_hotkey::hotkey::{Code, HotKey, Modifiers};
use global_hotkey::{Error, GlobalHotKeyEvent, GlobalHotKeyManager, HotKeyState};
use orrery_ecs::call::{Active, Call};
use orrery_ecs::derive::CurrentCall;
use orrery_ecs::profile::Profile;
use orrery_link::Settings;
use orrery_ui::Shortcut;
use orrery_ui::view::{KeyReach, KeyUse};

use super::{Hand, OwnKeys, Pressed, TalkKey, Waker, settings, takes_key};
use crate::desk::Desk;

/// What each key is for, by the number under which it is reported.
type Uses = Arc<Mutex<HashMap<u32, KeyUse>>>;

/// The keys that are asked for now. On the main thread: some systems hear keys only there.
#[derive(Default)]
struct Grabs {
    /// Made for the first call of a program; none where the system has no such thing.
    manager: Option<GlobalHotKeyManager>,
    held: Vec<(KeyUse, HotKey)>,
    uses: Uses,
}

impl Grabs {
    /// Asks for these keys and no others; gives those that another program has.
    fn hold(&mut self, wanted: &[(KeyUse, HotKey)]) -> Vec<KeyUse> {
        let gone: Vec<_> = self.held.iter().filter(|key| !wanted.contains(key)).copied().collect();
        for (what, key) in gone {
            self.held.retain(|held| *held != (what, key));
            self.lock().remove(&key.id());
            let freed = self.manager.as_ref().map(|manager| manager.unregister(key));
            if let Some(Err(error)) = freed {
                tracing::warn!(%error, "a key was not given back");
            }
        }
        let mut taken = Vec::new();
        for (what, key) in wanted {
            if self.held.contains(&(*what, *key)) {
                continue;
            }
            if self.manager.is_none() {
                match GlobalHotKeyManager::new() {
                    Ok(manager) => self.manager = Some(manager),
                    Err(error) => {
                        tracing::warn!(%error, "no keys while another window has the focus");
                        return taken;
                    }
                }
            }
            self.lock().insert(key.id(), *what);
            match self.manager.as_ref().map(|manager| manager.register(*key)) {
                Some(Ok(())) => self.held.push((*what, *key)),
                Some(Err(error)) => {
                    self.lock().remove(&key.id());
                    tracing::info!(%error, ?what, "a key is not to be had");
                    if matches!(error, Error::AlreadyRegistered(_)) {
                        taken.push(*what);
                    }
                }
                None => {}
            }
        }
        if self.held.is_empty() {
            // It looks for keys many times a second: not while there are none.
            self.manager = None;
        }
        taken
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u32, KeyUse>> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where keys are heard on this desktop.
fn reach() -> KeyReach {
    let wayland = ["WAYLAND_DISPLAY", "WAYLAND_SOCKET"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    // Under Wayland the X11 beside it hears keys only while one of its own windows has the focus.
    if cfg!(target_os = "linux") && wayland {
        KeyReach::Here
    } else {
        KeyReach::Everywhere
    }
}

/// The keys that a person has set, as the system names them.
fn keys_of(settings: &Settings) -> Vec<(KeyUse, HotKey)> {
    let talk = settings.talk_key.as_ref().filter(|_| takes_key(settings.transmit));
    let all = [
        (KeyUse::Talk, talk),
        (KeyUse::Mute, settings.mute_key.as_ref()),
        (KeyUse::Deafen, settings.deafen_key.as_ref()),
    ];
    all.into_iter()
        .filter_map(|(what, key)| Some((what, hot_key(key?.parse().ok()?)?)))
        .collect()
}

fn hot_key(shortcut: Shortcut) -> Option<HotKey> {
    let mut held = Modifiers::empty();
    for (on, modifier) in [
        (shortcut.ctrl, Modifiers::CONTROL),
        (shortcut.alt, Modifiers::ALT),
        (shortcut.shift, Modifiers::SHIFT),
        (shortcut.command, Modifiers::META),
    ] {
        held.set(modifier, on);
    }
    Some(HotKey::new(Some(held), code(shortcut.key)?))
}

/// Asks for the keys when a call runs behind another window, and gives them back.
#[expect(
    clippy::too_many_arguments,
    reason = "the call, the window, the keys and what is known of them"
)]
fn follow(
    mut grabs: NonSendMut<Grabs>,
    mut own: ResMut<OwnKeys>,
    talk: Res<TalkKey>,
    current: Res<CurrentCall>,
    active: Query<(), (With<Call>, With<Active>)>,
    desk: Res<Desk>,
    profile: Res<Profile>,
    windows: Query<&Window, With<PrimaryWindow>>,
) {
    if own.reach != KeyReach::Everywhere {
        return;
    }
    let focused = windows.single().is_ok_and(|window| window.focused);
    let runs = current.own.is_some_and(|entity| active.contains(entity));
    let wanted = match settings(&desk, &profile) {
        Some(settings) if runs && !focused => keys_of(settings),
        _ => Vec::new(),
    };
    // Given back while it is down, a key would never be told to have come up.
    if wanted == grabs.held || (runs && talk.holds(Hand::Desktop)) {
        return;
    }
    if wanted.is_empty() {
        grabs.hold(&[]);
        return;
    }
    let taken = grabs.hold(&wanted);
    if own.taken != taken {
        own.taken = taken;
    }
}

/// A key that was set anew is no longer known to be taken.
fn forget(mut own: ResMut<OwnKeys>, desk: Res<Desk>, profile: Res<Profile>, mut last: Local<[Option<String>; 3]>) {
    let Some(settings) = settings(&desk, &profile) else {
        return;
    };
    let keys = [&settings.talk_key, &settings.mute_key, &settings.deafen_key];
    if last.iter().ne(keys) {
        *last = keys.map(Clone::clone);
        if !own.taken.is_empty() {
            own.taken.clear();
        }
    }
}

/// Passes on what the system reports, from whatever thread it does. The first one given stays.
fn pass_on(uses: Uses, talk: TalkKey, pressed: Pressed, wake: impl Fn() + Send + Sync + 'static) {
    GlobalHotKeyEvent::set_event_handler(Some(move |event: GlobalHotKeyEvent| {
        let what = uses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&event.id)
            .copied();
        let down = event.state == HotKeyState::Pressed;
        match what {
            Some(KeyUse::Talk) => {
                talk.hold(Hand::Desktop, down);
            }
            Some(what) if down => pressed.push(what),
            _ => return,
        }
        wake();
    }));
}

/// Listens.
pub(super) fn plugin(app: &mut App) {
    let grabs = Grabs::default();
    let talk = app.world().resource::<TalkKey>().clone();
    let pressed = app.world().resource::<Pressed>().clone();
    let waker = app.world().resource::<Waker>().clone();
    pass_on(Arc::clone(&grabs.uses), talk, pressed, move || waker.wake());
    app.world_mut().resource_mut::<OwnKeys>().reach = reach();
    app.insert_non_send(grabs).add_systems(Update, (forget, follow).chain());
}

/// A key as the system names it: by its place on a keyboard.
fn code(key: bevy_egui::egui::Key) -> Option<Code> {
    use bevy_egui::egui::Key as K;
    Some(match key {
        K::Space => Code::Space,
        K::Insert => Code::Insert,
        K::Home => Code::Home,
        K::End => Code::End,
        K::PageUp => Code::PageUp,
        K::PageDown => Code::PageDown,
        K::Delete => Code::Delete,
        K::ArrowUp => Code::ArrowUp,
        K::ArrowDown => Code::ArrowDown,
        K::ArrowLeft => Code::ArrowLeft,
        K::ArrowRight => Code::ArrowRight,
        K::Backtick => Code::Backquote,
        K::Minus => Code::Minus,
        K::Equals => Code::Equal,
        K::Comma => Code::Comma,
        K::Period => Code::Period,
        K::Slash => Code::Slash,
        K::Semicolon => Code::Semicolon,
        K::Num0 => Code::Digit0,
        K::Num1 => Code::Digit1,
        K::Num2 => Code::Digit2,
        K::Num3 => Code::Digit3,
        K::Num4 => Code::Digit4,
        K::Num5 => Code::Digit5,
        K::Num6 => Code::Digit6,
        K::Num7 => Code::Digit7,
        K::Num8 => Code::Digit8,
        K::Num9 => Code::Digit9,
        K::A => Code::KeyA,
        K::B => Code::KeyB,
        K::C => Code::KeyC,
        K::D => Code::KeyD,
        K::E => Code::KeyE,
        K::F => Code::KeyF,
        K::G => Code::KeyG,
        K::H => Code::KeyH,
        K::I => Code::KeyI,
        K::J => Code::KeyJ,
        K::K => Code::KeyK,
        K::L => Code::KeyL,
        K::M => Code::KeyM,
        K::N => Code::KeyN,
        K::O => Code::KeyO,
        K::P => Code::KeyP,
        K::Q => Code::KeyQ,
        K::R => Code::KeyR,
        K::S => Code::KeyS,
        K::T => Code::KeyT,
        K::U => Code::KeyU,
        K::V => Code::KeyV,
        K::W => Code::KeyW,
        K::X => Code::KeyX,
        K::Y => Code::KeyY,
        K::Z => Code::KeyZ,
        K::F1 => Code::F1,
        K::F2 => Code::F2,
        K::F3 => Code::F3,
        K::F4 => Code::F4,
        K::F5 => Code::F5,
        K::F6 => Code::F6,
        K::F7 => Code::F7,
        K::F8 => Code::F8,
        K::F9 => Code::F9,
        K::F10 => Code::F10,
        K::F11 => Code::F11,
        K::F12 => Code::F12,
        K::F13 => Code::F13,
        K::F14 => Code::F14,
        K::F15 => Code::F15,
        K::F16 => Code::F16,
        K::F17 => Code::F17,
        K::F18 => Code::F18,
        K::F19 => Code::F19,
        K::F20 => Code::F20,
        K::F21 => Code::F21,
        K::F22 => Code::F22,
        K::F23 => Code::F23,
        K::F24 => Code::F24,
        _ => return None,
    })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod x11;

#[cfg(test)]
mod tests {
    use super::*;
    use orrery_link::TransmitMode;

    #[test]
    fn what_a_person_may_choose_the_system_can_be_asked_for() {
        let mut count = 0;
        for key in bevy_egui::egui::Key::ALL {
            let held = bevy_egui::egui::Modifiers {
                ctrl: true,
                alt: true,
                shift: true,
                ..Default::default()
            };
            if let Ok(shortcut) = Shortcut::fit(*key, held) {
                assert!(hot_key(shortcut).is_some(), "{shortcut}");
                count += 1;
            }
        }
        assert!(count > 70, "{count}");
    }

    #[test]
    fn the_talk_key_is_asked_for_where_it_means_something() {
        let mut settings = Settings {
            talk_key: Some("Ctrl+Shift+Space".into()),
            mute_key: Some("F7".into()),
            deafen_key: Some("no key at all".into()),
            ..Settings::default()
        };
        let uses = |settings: &Settings| keys_of(settings).into_iter().map(|(what, _)| what).collect::<Vec<_>>();
        assert_eq!(uses(&settings), [KeyUse::Mute]);
        settings.transmit = TransmitMode::PushToTalk;
        assert_eq!(uses(&settings), [KeyUse::Talk, KeyUse::Mute]);
        let (_, key) = keys_of(&settings)[0];
        let expected = HotKey::new(Some(Modifiers::CONTROL | Modifiers::SHIFT), Code::Space);
        assert_eq!(key, expected);
    }
}
