//! One's own keys: in the window, while another window has the focus, and by a command from outside.
//!
//! Whoever holds the talk key, it goes to the worker at once and past the frames: in the background there are ten of
//! those a second, and a syllable is shorter. Mute and deafen wait for the next frame, which they bring about.
//!
//! - [`talk`]: who holds the talk key; [`trigger`]: the command line
//! - `desktop`, `portal`: keys while another window has the focus, taken on X11, Windows and macOS, lent on Wayland

mod desktop;
#[cfg(target_os = "linux")]
mod portal;
pub mod talk;
pub mod trigger;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::*;
use bevy::winit::{EventLoopProxy, EventLoopProxyWrapper, WinitUserEvent};
use orrery_ecs::call::{Active, Call};
use orrery_ecs::derive::CurrentCall;
use orrery_ecs::link::Link;
use orrery_ecs::profile::Profile;
use orrery_link::{Settings, TransmitMode};
use orrery_ui::UiAction;
use orrery_ui::view::{KeyReach, KeyUse};

use crate::desk::Desk;
use crate::present::Actions;
use crate::session::Session;
pub use talk::{Hand, TalkKey};

/// Presses of mute and deafen kept for the next frame; more than a hand can make in one are dropped.
const MAX_PRESSED: usize = 16;

/// Where one's own keys are heard, as far as is known.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnKeys {
    /// Where.
    pub reach: KeyReach,
    /// Keys that another program holds.
    pub taken: Vec<KeyUse>,
}

/// Mute and deafen as they were pressed outside of the window, for the next frame.
#[derive(Resource, Clone, Debug, Default)]
pub struct Pressed(Arc<Mutex<Vec<KeyUse>>>);

impl Pressed {
    pub(crate) fn push(&self, what: KeyUse) {
        let mut pressed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pressed.len() < MAX_PRESSED {
            pressed.push(what);
        }
    }

    fn take(&self) -> Vec<KeyUse> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Brings the next frame about, from any thread.
#[derive(Resource, Clone, Default)]
pub(crate) struct Waker(Arc<Mutex<Option<EventLoopProxy<WinitUserEvent>>>>);

impl Waker {
    fn wake(&self) {
        let proxy = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(proxy) = &*proxy {
            // Fails when the loop has ended, and then there is nothing left to wake.
            let _ = proxy.send_event(WinitUserEvent::WakeUp);
        }
    }
}

/// The settings as they are shown: chosen ones count before the worker has kept them.
pub(crate) fn settings<'a>(desk: &'a Desk, profile: &'a Profile) -> Option<&'a Settings> {
    desk.settings
        .as_ref()
        .or_else(|| profile.open().map(|open| &open.settings))
}

/// The talk key means something in this mode.
pub(crate) fn takes_key(mode: TransmitMode) -> bool {
    matches!(mode, TransmitMode::PushToTalk | TransmitMode::PushToMute)
}

/// Where the lane to the worker is, and whether the talk key means anything now.
fn follow_call(
    link: Option<Res<Link>>,
    talk: Res<TalkKey>,
    current: Res<CurrentCall>,
    active: Query<(), (With<Call>, With<Active>)>,
    desk: Res<Desk>,
    profile: Res<Profile>,
) {
    let runs = current.own.is_some_and(|entity| active.contains(entity));
    let mode = settings(&desk, &profile).map(|settings| settings.transmit);
    let lane = link
        .filter(|_| runs && mode.is_some_and(takes_key))
        .map(|link| link.0.command_sender());
    talk.connect(lane);
}

/// Carries out what was pressed outside of the window.
fn carry_out(pressed: Res<Pressed>, profile: Res<Profile>, desk: Res<Desk>, mut actions: ResMut<Actions>) {
    let (mut silent, mut deafened) = (desk.muted || desk.deafened, desk.deafened);
    for what in pressed.take() {
        if profile.open().is_none() {
            continue;
        }
        // Each press turns what the one before it has left.
        actions.0.push(match what {
            KeyUse::Mute => {
                silent = !silent;
                deafened &= silent;
                UiAction::SetMuted(silent)
            }
            KeyUse::Deafen => {
                deafened = !deafened;
                silent |= deafened;
                UiAction::SetDeafened(deafened)
            }
            KeyUse::Talk => continue,
        });
    }
}

/// The socket of the profile in use.
#[derive(Resource, Default)]
struct Listening(Option<(PathBuf, Option<trigger::Listener>)>);

/// Listens for commands from outside while a profile is chosen.
fn listen(
    session: Res<Session>,
    talk: Res<TalkKey>,
    pressed: Res<Pressed>,
    waker: Res<Waker>,
    profile: Res<Profile>,
    mut listening: ResMut<Listening>,
) {
    // Only whoever has opened a profile serves it; a second window on it must not take the first one's place.
    let folder = session.folder().filter(|_| profile.open().is_some());
    if listening.0.as_ref().map(|(of, _)| of.as_path()) == folder {
        return;
    }
    listening.0 = None;
    let Some(folder) = folder.map(std::path::Path::to_owned) else {
        return;
    };
    let (talk, pressed, waker) = (talk.clone(), pressed.clone(), waker.clone());
    let heard = move |trigger: trigger::Trigger| {
        let taken = match trigger {
            trigger::Trigger::TalkDown => talk.hold(Hand::Command, true),
            trigger::Trigger::TalkUp => talk.hold(Hand::Command, false),
            trigger::Trigger::TalkToggle => talk.toggle(Hand::Command),
            trigger::Trigger::Mute => {
                pressed.push(KeyUse::Mute);
                true
            }
            trigger::Trigger::Deafen => {
                pressed.push(KeyUse::Deafen);
                true
            }
        };
        waker.wake();
        taken
    };
    let listener = trigger::Listener::start(&folder, heard)
        .inspect_err(|error| tracing::warn!(%error, "commands from outside are not heard"))
        .ok();
    listening.0 = Some((folder, listener));
}

/// The loop to wake is known once the app runs.
fn find_loop(proxy: Option<Res<EventLoopProxyWrapper>>, waker: Res<Waker>) {
    if let Some(proxy) = proxy {
        *waker.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((**proxy).clone());
    }
}

/// What is told of keys without listening to any: for tests and the rest of the window.
pub(crate) fn state(app: &mut App) {
    app.init_resource::<TalkKey>()
        .init_resource::<Pressed>()
        .init_resource::<OwnKeys>()
        .add_systems(Update, (follow_call, carry_out));
}

/// Listens everywhere it can. After [`state`].
pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<Waker>()
        .init_resource::<Listening>()
        .add_systems(PostStartup, find_loop)
        .add_systems(Update, listen)
        .add_plugins(desktop::plugin);
    #[cfg(target_os = "linux")]
    if app.world().resource::<OwnKeys>().reach == KeyReach::Here {
        app.add_plugins(portal::plugin);
    }
}
