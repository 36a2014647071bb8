//! The settings.

use bevy::prelude::*;
use orrery_ecs::profile::SoundDevices;
use orrery_link::{DirectPolicy as Policy, ProfileView};
use orrery_ui::view::{DeviceView, DirectPolicy, PeerKey, SettingsView};

use super::home;
use crate::desk::Desk;
use crate::prefs::Kept;

pub(super) fn view(world: &World, profile: &ProfileView) -> SettingsView {
    let desk = world.resource::<Desk>();
    let devices = world.resource::<SoundDevices>();
    let prefs = world.resource::<Kept>().get();
    let set = &profile.settings;
    let list = |all: &[orrery_link::DeviceView]| {
        all.iter()
            .map(|device| DeviceView {
                id: device.id.clone(),
                name: device.name.clone(),
            })
            .collect()
    };
    SettingsView {
        peer: PeerKey(profile.peer.0),
        id_text: profile.peer.to_string(),
        name: profile.name.clone(),
        server: profile.server.clone(),
        connection: home::connection(world),
        inputs: list(&devices.inputs),
        input: set.input_device.clone(),
        outputs: list(&devices.outputs),
        output: set.output_device.clone(),
        input_volume: set.input_volume,
        output_volume: set.output_volume,
        mic_test: desk.mic_test,
        test_tone: desk.test_tone.is_some(),
        reduced_motion: prefs.reduced_motion,
        direct: match set.direct {
            Policy::Contacts => DirectPolicy::AllContacts,
            Policy::Conversations => DirectPolicy::ConversationsAndCalls,
            Policy::Calls => DirectPolicy::CallsOnly,
        },
        read_receipts: set.read_receipts,
        typing: set.typing,
        presence: set.presence,
        notifications: prefs.notifications,
        sounds: set.sounds,
        profile_folder: profile.folder.clone(),
        log_folder: profile.log_folder.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
    }
}
