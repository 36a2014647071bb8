//! One's own profile, the server, the sound devices.

use bevy_ecs::{resource::Resource, world::World};
use orrery_link::{Code, DeviceView, Event, ProfilePhase, ServerPhase};

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
}

pub(crate) fn on(world: &mut World, event: &Event) {
    match event {
        Event::ProfileChanged { profile } => {
            let told = |open: &orrery_link::ProfileView| (open.name.clone(), open.server.clone());
            let before = world.resource::<Profile>().open().map(told);
            world.resource_mut::<Profile>().0 = Some(profile.clone());
            // A link says the name and the server: one made before leads to where nobody is any more.
            if world.resource::<Profile>().open().map(told) != before {
                world.resource_mut::<OwnInvite>().0 = None;
            }
        }
        Event::ServerChanged { server } => world.resource_mut::<Server>().0 = Some(*server),
        Event::InviteCreated { link, .. } => world.resource_mut::<OwnInvite>().0 = Some(link.clone()),
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
