//! Settings, and what stands in the settings' corner: sound tests, folders, the connection.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use orrery_ecs::profile::{Profile, Server, SoundDevices};
use orrery_link::{Code, Command, DirectPolicy as Policy, NoiseSuppression, ServerPhase, Settings, TransmitMode};
use orrery_ui::view::{DirectPolicy, ErrorView, KeyUse, Noise, Transmit};
use orrery_ui::{Setting, UiAction};

use super::send;
use crate::desk::{Asked, Desk, error};
use crate::prefs::Kept;
use crate::present::{sound_problem, sound_problems, unix_ms};
use crate::redraw::Wishes;
use crate::session::Session;

/// While a slider is dragged the worker is told at most this often: every time it writes them to the disk.
const TELL_EVERY: Duration = Duration::from_millis(200);
/// Sound devices that are being looked at are listed again so long after the last list was there.
const LIST_EVERY: Duration = Duration::from_secs(2);
/// Banners about sound, by code.
const SOUND: [&str; 3] = ["no_sound", "no_input_device", "no_output_device"];

pub(super) fn act(world: &mut World, action: UiAction) {
    match action {
        UiAction::Set(setting) => set(world, setting),
        UiAction::MicTest { on, hear } => {
            let mut desk = world.resource_mut::<Desk>();
            (desk.mic_test, desk.mic_hear) = (on, hear);
            send(world, Command::TestMicrophone { on, hear }, Asked::Plain);
        }
        UiAction::TestTone => {
            // Said anew, also to somebody who has closed the banner: it is what this click comes to.
            let [_, silent] = sound_problems(world.resource::<SoundDevices>());
            if let Some(code) = silent {
                world.resource_mut::<Desk>().complain(error(code));
            }
            send(world, Command::PlayTestTone {}, Asked::Plain);
        }
        UiAction::WatchDevices(on) => {
            let mut desk = world.resource_mut::<Desk>();
            (desk.watches_devices, desk.list_at) = (on, None);
            if on {
                list(world);
            }
        }
        UiAction::DismissBanner(code) => {
            let mut desk = world.resource_mut::<Desk>();
            if !desk.closed.contains(&code) {
                desk.closed.push(code);
            }
        }
        _ => {}
    }
}

fn set(world: &mut World, setting: Setting) {
    match setting {
        Setting::Name(name) => send(world, Command::SetName { name }, Asked::Setting),
        Setting::Server(server) => send(world, Command::SetServer { server }, Asked::Setting),
        Setting::ReducedMotion(on) => world.resource_mut::<Kept>().change(|prefs| prefs.reduced_motion = on),
        Setting::Notifications(on) => world.resource_mut::<Kept>().change(|prefs| prefs.notifications = on),
        Setting::NotificationText(on) => world
            .resource_mut::<Kept>()
            .change(|prefs| prefs.notification_text = on),
        other => {
            let kept = world.resource::<Profile>().open();
            let Some(kept) = kept.map(|profile| profile.settings.clone()) else {
                return;
            };
            let slides = matches!(
                other,
                Setting::InputVolume(_)
                    | Setting::OutputVolume(_)
                    | Setting::Gate(Some(_))
                    | Setting::GateHold(_)
                    | Setting::GateAttack(_)
            );
            if let Setting::InputRanked(ids) | Setting::OutputRanked(ids) = &other {
                remember_names(world, &kept, ids);
            }
            let mut desk = world.resource_mut::<Desk>();
            let mut settings = desk.settings.take().unwrap_or(kept);
            change(&mut settings, other);
            // Shown at once: a slider that waits for an answer cannot be dragged.
            desk.settings = Some(settings);
            let due = desk.settings_sent.map(|at| at + TELL_EVERY);
            match due.filter(|due| slides && *due > Instant::now()) {
                Some(due) => desk.settings_at = Some(due),
                None => tell(world),
            }
        }
    }
}

/// The settings go to the worker as they are shown.
fn tell(world: &mut World) {
    let mut desk = world.resource_mut::<Desk>();
    desk.settings_at = None;
    let Some(settings) = desk.settings.clone() else { return };
    desk.settings_sent = Some(Instant::now());
    send(world, Command::SetSettings { settings }, Asked::Settings);
}

/// Keeps what the devices of the ranked lists are called: of one that is not connected only its id is told.
fn remember_names(world: &mut World, settings: &Settings, added: &[String]) {
    let devices = world.resource::<SoundDevices>();
    let ranked = || settings.input_ranked.iter().chain(&settings.output_ranked).chain(added);
    let listed: Vec<(String, String)> = devices
        .inputs
        .iter()
        .chain(&devices.outputs)
        .filter(|device| ranked().any(|id| *id == device.id))
        .map(|device| (device.id.clone(), device.name.clone()))
        .collect();
    world.resource_mut::<Kept>().change(|prefs| {
        prefs.device_names.retain(|id, _| ranked().any(|other| other == id));
        prefs.device_names.extend(listed);
    });
}

/// Asks for the sound devices.
fn list(world: &mut World) {
    world.resource_mut::<Desk>().listed_once = true;
    send(world, Command::ListDevices {}, Asked::Devices);
}

/// A list is there, or could not be had: the next one is due in a while, if anybody still looks.
pub(super) fn list_later(desk: &mut Desk) {
    desk.list_at = desk.watches_devices.then(|| Instant::now() + LIST_EVERY);
}

fn change(settings: &mut Settings, setting: Setting) {
    match setting {
        Setting::Input(device) => settings.input_device = device,
        Setting::Output(device) => settings.output_device = device,
        Setting::InputVolume(gain) => settings.input_volume = gain,
        Setting::OutputVolume(gain) => settings.output_volume = gain,
        Setting::Transmit(mode) => {
            settings.transmit = match mode {
                Transmit::Voice => TransmitMode::VoiceActivity,
                Transmit::Always => TransmitMode::Continuous,
                Transmit::PushToTalk => TransmitMode::PushToTalk,
                Transmit::PushToMute => TransmitMode::PushToMute,
            }
        }
        Setting::Gate(db) => settings.gate_threshold_db = db,
        Setting::GateHold(ms) => settings.gate_hold_ms = ms,
        Setting::GateAttack(ms) => settings.gate_attack_ms = ms,
        Setting::InputRanked(ids) => settings.input_ranked = ids,
        Setting::OutputRanked(ids) => settings.output_ranked = ids,
        Setting::EchoCancellation(on) => settings.echo_cancellation = on,
        Setting::Noise(noise) => {
            settings.noise_suppression = match noise {
                Noise::Off => NoiseSuppression::Off,
                Noise::Low => NoiseSuppression::Low,
                Noise::High => NoiseSuppression::High,
                Noise::Strong => NoiseSuppression::Strong,
            }
        }
        Setting::AutoGain(on) => settings.auto_gain = on,
        Setting::ConstantBitrate(on) => settings.constant_bitrate = on,
        Setting::Positional(on) => settings.positional = on,
        Setting::Key(what, key) => match what {
            KeyUse::Talk => settings.talk_key = key,
            KeyUse::Mute => settings.mute_key = key,
            KeyUse::Deafen => settings.deafen_key = key,
        },
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
        Setting::LockAfter(minutes) => settings.lock_after_min = minutes,
        // The window's and the profile's own: not the worker's settings.
        Setting::Name(_)
        | Setting::Server(_)
        | Setting::ReducedMotion(_)
        | Setting::Notifications(_)
        | Setting::NotificationText(_) => {}
    }
}

pub(super) fn open_folder(world: &mut World, action: &UiAction) {
    let session = world.resource::<Session>();
    let folder = match action {
        UiAction::OpenLogFolder => session.log_folder(),
        _ => session.folder().map(std::path::Path::to_owned),
    };
    let opened = folder.as_deref().map(crate::open::folder);
    if !matches!(opened, Some(Ok(()))) {
        world.resource_mut::<Desk>().complain(ErrorView {
            code: "folder_not_opened".into(),
            detail: folder.map(|folder| folder.display().to_string()),
        });
    }
}

/// What is due: settings of a slider that came to rest, a list of sound devices; and when the server is tried again.
pub(super) fn follow(
    mut commands: Commands,
    mut desk: ResMut<Desk>,
    server: Res<Server>,
    profile: Res<Profile>,
    devices: Res<SoundDevices>,
    wishes: Res<Wishes>,
) {
    let now = Instant::now();
    if let Some(at) = desk.settings_at {
        if at <= now {
            commands.queue(tell);
        } else {
            wishes.note(Duration::ZERO);
        }
    }
    // Whoever has no microphone is to know it before the first call.
    let first = profile.open().is_some() && !desk.listed_once;
    if first || desk.list_at.is_some_and(|at| at <= now) {
        (desk.listed_once, desk.list_at) = (true, None);
        commands.queue(list);
    } else if desk.list_at.is_some() {
        wishes.note(Duration::from_millis(500));
    }
    if devices.is_changed() && !desk.closed.is_empty() {
        // Once there is a device again, its loss is news.
        let shown = sound_problem(&devices);
        let over = |code: &String| SOUND.contains(&code.as_str()) && shown != Some(code.as_str());
        desk.closed.retain(|code| !over(code));
    }
    if server.is_changed() {
        match server.0 {
            // It stays away until it is told to come back.
            Some(ServerPhase::Offline {
                code: Some(Code::Replaced),
                ..
            }) => desk.retry_at_ms = None,
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
