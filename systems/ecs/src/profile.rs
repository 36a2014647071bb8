//! One's own profile, the server, the sound devices.

use bevy_ecs::{resource::Resource, world::World};
use orrery_link::{Code, CodecGauge, DeviceView, Event, ProfilePhase, ServerPhase};
use orrery_protocol::PeerId;

use crate::{call, channel, peer};

/// Where the profile stands; `None` before the worker has said.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct Profile(pub Option<ProfilePhase>);

impl Profile {
    /// The open profile.
    #[must_use]
    pub fn open(&self) -> Option<&orrery_link::ProfileView> {
        match &self.0 {
            Some(ProfilePhase::Open(profile)) => Some(profile),
            _ => None,
        }
    }
}

/// The connection to the home server; `None` before the worker has said.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Server(pub Option<ServerPhase>);

/// The latest invite link.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnInvite(pub Option<String>);

/// A safety number that was asked for.
#[derive(Resource, Clone, Default, PartialEq, Eq)]
pub struct SafetyNumber(pub Option<(PeerId, String, String)>);

impl std::fmt::Debug for SafetyNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SafetyNumber(hidden)")
    }
}

/// How far an export or a restoration has come: bytes done and in all.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transfer(pub Option<(u64, u64)>);

/// The sound devices as last listed.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq)]
pub struct SoundDevices {
    /// They have been listed once: an empty list means that there is none.
    pub listed: bool,
    /// Microphones.
    pub inputs: Vec<DeviceView>,
    /// Speakers.
    pub outputs: Vec<DeviceView>,
    /// What is wrong with the microphone.
    pub input_problem: Option<Code>,
    /// What is wrong with the speaker.
    pub output_problem: Option<Code>,
}

/// One's own voice, from the gauges.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub struct OwnVoice {
    /// 0 to 1.
    pub level: f32,
    /// It is being sent.
    pub speaking: bool,
    /// Loudness at which the gate opens, on the scale of `level`; 0 where there is no gate.
    pub gate: f32,
    /// What it is encoded to.
    pub codec: CodecGauge,
}

/// A locked profile leaves nothing behind to be looked at.
fn forget(world: &mut World) {
    // Nobody is to be told: it was closed with the profile.
    world.resource_mut::<channel::OpenChannel>().0 = None;
    peer::clear(world);
    channel::clear(world);
    call::clear(world);
    *world.resource_mut::<channel::Found>() = channel::Found::default();
    *world.resource_mut::<call::LastCall>() = call::LastCall::default();
    *world.resource_mut::<SafetyNumber>() = SafetyNumber::default();
    *world.resource_mut::<OwnInvite>() = OwnInvite::default();
    *world.resource_mut::<OwnVoice>() = OwnVoice::default();
    world.resource_mut::<Server>().0 = None;
}

pub(crate) fn on(world: &mut World, event: &Event) {
    match event {
        Event::ProfileChanged { profile } => {
            let was_open = world.resource::<Profile>().open().is_some();
            let told = |open: &orrery_link::ProfileView| (open.name.clone(), open.server.clone());
            let before = world.resource::<Profile>().open().map(told);
            world.resource_mut::<Profile>().0 = Some(profile.clone());
            world.resource_mut::<Transfer>().0 = None;
            if was_open && world.resource::<Profile>().open().is_none() {
                forget(world);
            }
            // A link says the name and the server: one made before leads to where nobody is any more.
            if world.resource::<Profile>().open().map(told) != before {
                world.resource_mut::<OwnInvite>().0 = None;
            }
        }
        Event::ServerChanged { server } => world.resource_mut::<Server>().0 = Some(*server),
        Event::InviteCreated { link, .. } => world.resource_mut::<OwnInvite>().0 = Some(link.clone()),
        Event::SafetyNumberLoaded { peer, digits, code, .. } => {
            world.resource_mut::<SafetyNumber>().0 = Some((*peer, digits.clone(), code.clone()));
        }
        Event::TransferProgress { done, total, .. } => world.resource_mut::<Transfer>().0 = Some((*done, *total)),
        Event::Devices {
            inputs,
            outputs,
            input_problem,
            output_problem,
            ..
        } => {
            *world.resource_mut::<SoundDevices>() = SoundDevices {
                listed: true,
                inputs: inputs.clone(),
                outputs: outputs.clone(),
                input_problem: *input_problem,
                output_problem: *output_problem,
            };
        }
        _ => {}
    }
}
