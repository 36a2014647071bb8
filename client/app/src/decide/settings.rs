//! Settings, and what stands in the settings' corner: sound tests, folders, the connection.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use orrery_ecs::profile::{Profile, Server};
use orrery_link::{Command, DirectPolicy as Policy, ServerPhase, Settings};
use orrery_ui::view::{DirectPolicy, ErrorView};
use orrery_ui::{Setting, UiAction};

use super::send;
use crate::desk::{Asked, Desk};
use crate::prefs::Kept;
use crate::present::unix_ms;
use crate::redraw::Wishes;
use crate::session::Session;

/// Length of the test tone, as far as the button is concerned.
const TONE: Duration = Duration::from_millis(1200);

pub(super) fn act(world: &mut World, action: UiAction) {
    match action {
        UiAction::Set(setting) => set(world, setting),
        UiAction::MicTest(on) => {
            world.resource_mut::<Desk>().mic_test = on;
            send(world, Command::TestMicrophone { on }, Asked::Plain);
        }
        UiAction::TestTone(true) => {
            world.resource_mut::<Desk>().test_tone = Some(Instant::now() + TONE);
            send(world, Command::PlayTestTone {}, Asked::Plain);
        }
        // The tone is short and ends by itself.
        UiAction::TestTone(false) => world.resource_mut::<Desk>().test_tone = None,
        _ => {}
    }
}

fn set(world: &mut World, setting: Setting) {
    match setting {
        Setting::Name(name) => {
            world
                .resource_mut::<Kept>()
                .change(|prefs| prefs.label.clone_from(&name));
            send(world, Command::SetName { name }, Asked::Setting);
        }
        Setting::Server(server) => send(world, Command::SetServer { server }, Asked::Setting),
        Setting::ReducedMotion(on) => world.resource_mut::<Kept>().change(|prefs| prefs.reduced_motion = on),
        Setting::Notifications(on) => world.resource_mut::<Kept>().change(|prefs| prefs.notifications = on),
        other => {
            let Some(mut settings) = world
                .resource::<Profile>()
                .open()
                .map(|profile| profile.settings.clone())
            else {
                return;
            };
            change(&mut settings, other);
            // Shown at once: a slider that waits for an answer cannot be dragged.
            if let Some(orrery_link::ProfilePhase::Open(profile)) = &mut world.resource_mut::<Profile>().0 {
                profile.settings = settings.clone();
            }
            send(world, Command::SetSettings { settings }, Asked::Plain);
        }
    }
}

fn change(settings: &mut Settings, setting: Setting) {
    match setting {
        Setting::Input(device) => settings.input_device = device,
        Setting::Output(device) => settings.output_device = device,
        Setting::InputVolume(gain) => settings.input_volume = gain,
        Setting::OutputVolume(gain) => settings.output_volume = gain,
        Setting::Direct(policy) => {
            settings.direct = match policy {
                DirectPolicy::AllContacts => Policy::Contacts,
                DirectPolicy::ConversationsAndCalls => Policy::Conversations,
                DirectPolicy::CallsOnly => Policy::Calls,
            }
        }
        Setting::ReadReceipts(on) => settings.read_receipts = on,
        Setting::Typing(on) => settings.typing = on,
        Setting::Presence(on) => settings.presence = on,
        Setting::Sounds(on) => settings.sounds = on,
        // The window's and the profile's own: not the worker's settings.
        Setting::Name(_) | Setting::Server(_) | Setting::ReducedMotion(_) | Setting::Notifications(_) => {}
    }
}

pub(super) fn open_folder(world: &mut World, action: &UiAction) {
    let session = world.resource::<Session>();
    let folder = match action {
        UiAction::OpenLogFolder => session.log_folder(),
        _ => session.folder().map(std::path::Path::to_owned),
    };
    let opened = folder.map(|folder| crate::open::folder(&folder));
    if !matches!(opened, Some(Ok(()))) {
        world.resource_mut::<Desk>().complain(ErrorView::code("internal"));
    }
}

/// The tone is over; when the server is tried again; reduced motion where it was chosen.
pub(super) fn follow(mut desk: ResMut<Desk>, server: Res<Server>, wishes: Res<Wishes>) {
    if let Some(until) = desk.test_tone {
        if until <= Instant::now() {
            desk.test_tone = None;
        } else {
            wishes.note(Duration::from_millis(300));
        }
    }
    if server.is_changed() {
        match server.0 {
            Some(ServerPhase::Offline { retry_ms, .. }) => {
                let wait = i64::try_from(retry_ms).unwrap_or(i64::MAX);
                desk.retry_at_ms = Some(unix_ms().saturating_add(wait));
            }
            Some(ServerPhase::Online) => {
                desk.retry_at_ms = None;
                desk.was_online = true;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_changes_its_own_field_only() {
        let before = Settings::default();
        let mut after = before.clone();
        change(&mut after, Setting::Typing(false));
        assert_eq!(
            after,
            Settings {
                typing: false,
                ..before.clone()
            }
        );
        let mut after = before.clone();
        change(&mut after, Setting::Direct(DirectPolicy::CallsOnly));
        assert_eq!(
            after,
            Settings {
                direct: Policy::Calls,
                ..before
            }
        );
    }
}
