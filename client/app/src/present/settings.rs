//! The settings.

use bevy::prelude::*;
use orrery_ecs::index::Index;
use orrery_ecs::peer::Peer;
use orrery_ecs::profile::SoundDevices;
use orrery_link::{DirectPolicy as Policy, NoiseSuppression, ProfileView, Settings, TransmitMode};
use orrery_protocol::PeerId;
use orrery_ui::view::{
    BlockedView, DeviceView, DirectPolicy, Noise, PeerKey, RankedView, SettingsView, Transmit, VoiceView,
};

use super::{home, names, security};
use crate::desk::Desk;
use crate::prefs::{Kept, Preferences};

pub(super) fn view(world: &World, profile: &ProfileView) -> SettingsView {
    let desk = world.resource::<Desk>();
    let devices = world.resource::<SoundDevices>();
    let prefs = world.resource::<Kept>().get();
    // What was chosen counts at once; what the worker refuses comes back by itself.
    let set = desk.settings.as_ref().unwrap_or(&profile.settings);
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
        devices_listed: devices.listed,
        inputs: list(&devices.inputs),
        input: set.input_device.clone(),
        outputs: list(&devices.outputs),
        output: set.output_device.clone(),
        input_volume: set.input_volume,
        output_volume: set.output_volume,
        voice: voice(set, desk.mic_hear, devices, prefs),
        mic_test: desk.mic_test,
        reduced_motion: prefs.reduced_motion,
        direct: match set.direct {
            Policy::Contacts => DirectPolicy::AllContacts,
            Policy::Conversations => DirectPolicy::ConversationsAndCalls,
            Policy::Calls => DirectPolicy::CallsOnly,
        },
        read_receipts: set.read_receipts,
        typing: set.typing,
        presence: set.presence,
        blocked: blocked(world),
        notifications: prefs.notifications,
        notification_text: prefs.notification_text,
        sounds: set.sounds,
        security: security::settings(world, profile, set.lock_after_min),
        profile_folder: profile.folder.clone(),
        log_folder: profile.log_folder.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
    }
}

fn voice(set: &Settings, hear: bool, devices: &SoundDevices, prefs: &Preferences) -> VoiceView {
    let ranked = |ids: &[String], all: &[orrery_link::DeviceView]| {
        ids.iter()
            .map(|id| {
                let here = all.iter().find(|device| device.id == *id).map(|device| &device.name);
                let name = here.or_else(|| prefs.device_names.get(id)).unwrap_or(id).clone();
                RankedView {
                    id: id.clone(),
                    name,
                    here: here.is_some(),
                }
            })
            .collect()
    };
    VoiceView {
        transmit: match set.transmit {
            TransmitMode::VoiceActivity => Transmit::Voice,
            TransmitMode::Continuous => Transmit::Always,
            TransmitMode::PushToTalk => Transmit::PushToTalk,
            TransmitMode::PushToMute => Transmit::PushToMute,
        },
        gate_db: set.gate_threshold_db,
        gate_attack_ms: set.gate_attack_ms,
        gate_hold_ms: set.gate_hold_ms,
        echo_cancellation: set.echo_cancellation,
        noise: match set.noise_suppression {
            NoiseSuppression::Off => Noise::Off,
            NoiseSuppression::Low => Noise::Low,
            NoiseSuppression::High => Noise::High,
            NoiseSuppression::Strong => Noise::Strong,
        },
        auto_gain: set.auto_gain,
        constant_bitrate: set.constant_bitrate,
        positional: set.positional,
        hear,
        inputs: ranked(&set.input_ranked, &devices.inputs),
        outputs: ranked(&set.output_ranked, &devices.outputs),
    }
}

/// Everybody who is blocked: contacts, people who only asked, and people who were removed.
fn blocked(world: &World) -> Vec<BlockedView> {
    let mut blocked: Vec<BlockedView> = world
        .resource::<Index<PeerId>>()
        .iter()
        .filter(|(_, entity)| world.get::<Peer>(*entity).is_some_and(|peer| peer.0.blocked))
        .map(|(peer, _)| BlockedView {
            peer: PeerKey(peer.0),
            name: names::of(world, *peer),
        })
        .collect();
    blocked.sort_by(|a, b| {
        a.name
            .to_lowercase()
            .cmp(&b.name.to_lowercase())
            .then_with(|| a.peer.cmp(&b.peer))
    });
    blocked
}
