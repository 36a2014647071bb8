//! Before home.

use bevy::prelude::*;
use orrery_ecs::profile::Profile;
use orrery_link::{Command, Passphrase, ProfilePhase};
use orrery_ui::UiAction;
use orrery_ui::view::Busy;

use super::send;
use crate::desk::{Asked, Desk, Entrance};
use crate::prefs::Kept;
use crate::session::{self, Session};

pub(super) fn act(world: &mut World, action: UiAction) {
    match action {
        UiAction::CreateProfile {
            name,
            passphrase,
            server,
        } => {
            working(world);
            world
                .resource_mut::<Kept>()
                .change(|prefs| prefs.label.clone_from(&name));
            let passphrase = Passphrase::new(passphrase.expose().to_owned());
            send(
                world,
                Command::CreateProfile {
                    name,
                    passphrase,
                    // As it was shown: an empty one is refused in words, not replaced.
                    server: Some(server),
                },
                Asked::Open,
            );
        }
        UiAction::Unlock { passphrase, remember } => {
            working(world);
            let passphrase = Passphrase::new(passphrase.expose().to_owned());
            send(world, Command::Unlock { passphrase, remember }, Asked::Open);
        }
        UiAction::UnlockRemembered => by_keyring(world),
        UiAction::Recover { phrase, passphrase } => {
            working(world);
            let command = Command::Recover {
                phrase: Passphrase::new(phrase.expose().to_owned()),
                passphrase: Passphrase::new(passphrase.expose().to_owned()),
            };
            send(world, command, Asked::Open);
        }
        UiAction::Restore { path, secret } => {
            working(world);
            let secret = Passphrase::new(secret.expose().to_owned());
            send(world, Command::RestoreProfile { path, secret }, Asked::Open);
        }
        UiAction::ChooseProfile(id) => {
            if let Some(folder) = world
                .resource::<Session>()
                .profiles()
                .and_then(|profiles| profiles.folder(&id))
            {
                session::open(world, folder);
            }
        }
        UiAction::NewProfile => {
            if let Some(folder) = world
                .resource::<Session>()
                .profiles()
                .map(crate::profiles::Profiles::fresh)
            {
                session::open(world, folder);
            }
        }
        UiAction::BackToProfiles => session::choose(world),
        // What was said of one form means nothing on another.
        UiAction::OtherForm => world.resource_mut::<Desk>().error = None,
        _ => {}
    }
}

/// Whoever comes back to the list may have closed a profile elsewhere: it is looked at anew.
pub(super) fn follow(
    mut desk: ResMut<Desk>,
    window: Query<&Window, With<bevy::window::PrimaryWindow>>,
    mut was_focused: Local<bool>,
) {
    let focused = window.single().is_ok_and(|window| window.focused);
    let came_back = focused && !std::mem::replace(&mut *was_focused, focused);
    if came_back && desk.entrance == Entrance::Choosing {
        desk.set_changed();
    }
}

/// A profile whose key the keyring keeps opens by itself when it is chosen, once: after locking, and when that came to
/// nothing, the page waits for a hand.
pub(super) fn remembered(mut commands: Commands, profile: Res<Profile>, mut desk: ResMut<Desk>) {
    let remembered = match &profile.0 {
        Some(ProfilePhase::Locked { remembered, .. }) => *remembered,
        Some(ProfilePhase::Open(_)) => false,
        _ => return,
    };
    if std::mem::replace(&mut desk.bypass_change_detection().was_asked, true) {
        return;
    }
    if remembered {
        commands.queue(by_keyring);
    }
}

fn by_keyring(world: &mut World) {
    working(world);
    // No key is derived: only the database is opened.
    world.resource_mut::<Desk>().busy = Some(Busy::OpeningDatabase);
    send(world, Command::UnlockRemembered {}, Asked::Open);
}

fn working(world: &mut World) {
    let mut desk = world.resource_mut::<Desk>();
    desk.busy = Some(Busy::DerivingKey);
    desk.error = None;
}
