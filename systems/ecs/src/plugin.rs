//! Puts it all into an app.

use std::sync::Mutex;

use bevy_app::{App, Plugin, PostUpdate, PreUpdate, Update};
use bevy_ecs::schedule::IntoScheduleConfigs;
use orrery_link::AppEnd;
use orrery_protocol::{CallId, ChannelId, MessageRef, PeerId};

use crate::{
    AppSystems, LinkSystems, call, channel, derive,
    index::Index,
    link::{self, Answer, Inbox, LatestGauges, Link, Outbox, WorkerState},
    notice::Happened,
    profile,
};

/// Entities fed from one end of a link.
#[derive(Debug)]
pub struct EcsPlugin(Mutex<Option<AppEnd>>);

impl EcsPlugin {
    /// Takes the window's end.
    #[must_use]
    pub fn new(end: AppEnd) -> Self {
        Self(Mutex::new(Some(end)))
    }
}

impl Plugin for EcsPlugin {
    fn build(&self, app: &mut App) {
        // A plugin is built once; a second time there would be nothing to take, and nothing to add.
        let Some(end) = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() else {
            return;
        };
        app.insert_resource(Link(end))
            .init_resource::<Inbox>()
            .init_resource::<LatestGauges>()
            .init_resource::<WorkerState>()
            .init_resource::<Outbox>()
            .init_resource::<Index<PeerId>>()
            .init_resource::<Index<ChannelId>>()
            .init_resource::<Index<MessageRef>>()
            .init_resource::<Index<CallId>>()
            .init_resource::<channel::OpenChannel>()
            .init_resource::<channel::Found>()
            .init_resource::<call::LastCall>()
            .init_resource::<profile::Profile>()
            .init_resource::<profile::Server>()
            .init_resource::<profile::OwnInvite>()
            .init_resource::<profile::SafetyNumber>()
            .init_resource::<profile::Transfer>()
            .init_resource::<profile::SoundDevices>()
            .init_resource::<profile::OwnVoice>()
            .init_resource::<derive::Attention>()
            .init_resource::<derive::CurrentCall>()
            .add_message::<Answer>()
            .add_message::<Happened>()
            .configure_sets(
                PreUpdate,
                (LinkSystems::Drain, LinkSystems::Sample, LinkSystems::Apply).chain(),
            )
            .configure_sets(PostUpdate, (AppSystems::Decide, LinkSystems::Flush).chain())
            .add_systems(PreUpdate, link::drain.in_set(LinkSystems::Drain))
            .add_systems(PreUpdate, link::sample.in_set(LinkSystems::Sample))
            .add_systems(
                PreUpdate,
                (link::apply, call::voices).chain().in_set(LinkSystems::Apply),
            )
            .add_systems(
                Update,
                (derive::attention, derive::current_call).in_set(AppSystems::Derive),
            )
            .add_systems(PostUpdate, link::flush.in_set(LinkSystems::Flush));
    }
}
