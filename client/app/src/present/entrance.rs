//! The screens before home.

use bevy::prelude::*;
use orrery_ecs::profile::Profile;
use orrery_link::{Code, ProfilePhase};
use orrery_ui::view::{BrokenView, Busy, ErrorView, FirstStartView, ProfilesView, ScreenView, UnlockView};

use crate::desk::{Desk, error};
use crate::prefs::Kept;
use crate::session::Session;

pub(super) fn profiles(world: &World) -> ScreenView {
    let session = world.resource::<Session>();
    ScreenView::Profiles(ProfilesView {
        profiles: session
            .profiles()
            .map(crate::profiles::Profiles::list_with_use)
            .unwrap_or_default(),
        folder: session
            .profiles()
            .map(|all| all.root().display().to_string())
            .unwrap_or_default(),
        error: world.resource::<Desk>().error.clone(),
    })
}

/// Deriving the key is the long part of the work.
fn busy(world: &World) -> Option<Busy> {
    world.resource::<Desk>().busy
}

pub(super) fn first_start(world: &World) -> ScreenView {
    let session = world.resource::<Session>();
    ScreenView::FirstStart(FirstStartView {
        folder: session.folder_text(),
        server: session.default_server().to_owned(),
        busy: busy(world),
        error: world.resource::<Desk>().error.clone(),
        can_go_back: session.can_go_back(),
        progress: super::security::progress(world),
    })
}

pub(super) fn unlock(world: &World) -> ScreenView {
    let session = world.resource::<Session>();
    let (recovery, remembered) = match world.resource::<Profile>().0 {
        Some(ProfilePhase::Locked { recovery, remembered }) => (recovery, remembered),
        // While it is being opened the page stays what it was.
        _ => (session.has_recovery(), session.is_remembered()),
    };
    let label = &world.resource::<Kept>().get().label;
    ScreenView::Unlock(UnlockView {
        name: if label.is_empty() {
            session.folder_name()
        } else {
            label.clone()
        },
        recovery,
        remembered,
        busy: busy(world),
        error: world.resource::<Desk>().error.clone(),
        can_go_back: session.can_go_back(),
    })
}

pub(super) fn unusable(world: &World, code: Code) -> ScreenView {
    broken(world, error(code))
}

pub(super) fn worker_gone(world: &World) -> ScreenView {
    broken(world, ErrorView::code("worker_gone"))
}

fn broken(world: &World, error: ErrorView) -> ScreenView {
    let session = world.resource::<Session>();
    ScreenView::Broken(BrokenView {
        error,
        log_folder: session.log_folder_text(),
        can_go_back: session.can_go_back(),
    })
}
