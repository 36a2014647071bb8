//! Calls and who is in them.

use bevy_ecs::{
    component::Component,
    entity::Entity,
    query::With,
    system::{Commands, Query, Res, ResMut},
    world::World,
};
use orrery_link::{CallPhase, CallView, Event, ParticipantPhase, ParticipantView, Route, SpeakerGauge};
use orrery_protocol::{CallId, PeerId, record::CallOutcome};

use crate::{
    index::{Index, Key, enter, leave},
    link::LatestGauges,
    profile::OwnVoice,
};

/// A call's stable id.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
#[component(immutable, on_insert = enter::<CallKey>, on_discard = leave::<CallKey>)]
pub struct CallKey(pub CallId);

impl Key for CallKey {
    type Id = CallId;
    fn id(&self) -> CallId {
        self.0
    }
}

/// What is known of a call.
#[derive(Component, Clone, Debug, PartialEq, Eq)]
pub struct Call(pub CallView);

/// It rings here.
#[derive(Component, Clone, Copy, Debug)]
pub struct Incoming;
/// It rings there.
#[derive(Component, Clone, Copy, Debug)]
pub struct Outgoing;
/// It was accepted.
#[derive(Component, Clone, Copy, Debug)]
pub struct Active;

/// How the last call ended, until the next one begins.
#[derive(bevy_ecs::resource::Resource, Clone, Debug, Default, PartialEq)]
pub struct LastCall(pub Option<Ended>);

/// The end of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// As it was last seen.
    pub view: CallView,
    /// How it ended.
    pub outcome: CallOutcome,
    /// How long it was active, in milliseconds.
    pub duration_ms: u64,
}

/// Somebody else in a call.
#[derive(Component, Clone, Debug, PartialEq, Eq)]
pub struct Participant(pub ParticipantView);

/// The call it belongs to.
#[derive(Component, Clone, Copy, Debug)]
#[relationship(relationship_target = Participants)]
pub struct InCall(pub Entity);

/// Everybody else in a call, in no order: the call's view has the order.
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = InCall, linked_spawn)]
pub struct Participants(Vec<Entity>);

impl Participants {
    /// Their entities.
    #[must_use]
    pub fn entities(&self) -> &[Entity] {
        &self.0
    }
}

/// Sound flows.
#[derive(Component, Clone, Copy, Debug)]
pub struct Connected;
/// The connection is being set up, for the first time or again.
#[derive(Component, Clone, Copy, Debug)]
pub struct Connecting;
/// Its microphone is closed.
#[derive(Component, Clone, Copy, Debug)]
pub struct Muted;
/// Its speaker is closed.
#[derive(Component, Clone, Copy, Debug)]
pub struct Deafened;
/// It speaks, by the sound itself.
#[derive(Component, Clone, Copy, Debug)]
pub struct Speaking;

/// What the gauges say of a participant.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq)]
pub struct Voice {
    /// Loudness, 0 to 1.
    pub level: f32,
    /// Round trip in milliseconds; 0 when unknown.
    pub rtt_ms: u32,
    /// Lost share, 0 to 1.
    pub loss: f32,
    /// Concealed share, 0 to 1.
    pub concealed: f32,
    /// Share of the packets that was lost and made good, 0 to 1.
    pub recovered: f32,
    /// Share of our packets that did not reach them, 0 to 1.
    pub sent_loss: f32,
    /// How unevenly packets arrive, in milliseconds.
    pub jitter_ms: u32,
    /// What waits to be played, in milliseconds.
    pub buffer_ms: u32,
    /// Milliseconds of sound in their packets; 0 where nothing came yet.
    pub frame_ms: u32,
    /// The way the sound takes.
    pub route: Route,
    /// How much of our own voice comes back from their side, 0 to 1.
    pub echo: f32,
}

impl From<&SpeakerGauge> for Voice {
    fn from(gauge: &SpeakerGauge) -> Self {
        Self {
            level: gauge.level,
            rtt_ms: gauge.rtt_ms,
            loss: gauge.loss,
            concealed: gauge.concealed,
            recovered: gauge.recovered,
            sent_loss: gauge.sent_loss,
            jitter_ms: gauge.jitter_ms,
            buffer_ms: gauge.buffer_ms,
            frame_ms: gauge.frame_ms,
            route: gauge.route,
            echo: gauge.echo,
        }
    }
}

fn set<C: Component>(world: &mut World, entity: Entity, on: bool, component: C) {
    let mut entity = world.entity_mut(entity);
    if on {
        entity.insert_if_new(component);
    } else {
        entity.remove::<C>();
    }
}

pub(crate) fn on(world: &mut World, event: &Event) {
    match event {
        Event::CallChanged { call } => update(world, call),
        Event::CallEnded {
            call,
            outcome,
            duration_ms,
            ..
        } => {
            let Some(entity) = world.resource::<Index<CallId>>().get(call) else {
                return;
            };
            if let Some(view) = world.get::<Call>(entity).map(|call| call.0.clone()) {
                world.resource_mut::<LastCall>().0 = Some(Ended {
                    view,
                    outcome: *outcome,
                    duration_ms: *duration_ms,
                });
            }
            world.despawn(entity);
        }
        _ => {}
    }
}

fn update(world: &mut World, view: &CallView) {
    let entity = match world.resource::<Index<CallId>>().get(&view.call) {
        Some(entity) => entity,
        None => {
            if view.phase != CallPhase::Incoming {
                world.resource_mut::<LastCall>().0 = None;
            }
            world.spawn(CallKey(view.call)).id()
        }
    };
    world.entity_mut(entity).insert(Call(view.clone()));
    set(world, entity, view.phase == CallPhase::Incoming, Incoming);
    set(world, entity, view.phase == CallPhase::Outgoing, Outgoing);
    set(world, entity, view.phase == CallPhase::Active, Active);

    let existing: Vec<(Entity, PeerId)> = world
        .get::<Participants>(entity)
        .map(|all| all.entities().to_vec())
        .unwrap_or_default()
        .into_iter()
        .filter_map(|e| world.get::<Participant>(e).map(|p| (e, p.0.peer)))
        .collect();
    for (participant, peer) in &existing {
        if !view.participants.iter().any(|p| p.peer == *peer) {
            world.despawn(*participant);
        }
    }
    for participant in &view.participants {
        let found = existing
            .iter()
            .find(|(_, peer)| *peer == participant.peer)
            .map(|(e, _)| *e);
        let e = found.unwrap_or_else(|| world.spawn((InCall(entity), Voice::default())).id());
        world.entity_mut(e).insert(Participant(participant.clone()));
        set(world, e, participant.phase == ParticipantPhase::Connected, Connected);
        let connecting = matches!(participant.phase, ParticipantPhase::Connecting | ParticipantPhase::Lost);
        set(world, e, connecting, Connecting);
        set(world, e, participant.muted, Muted);
        set(world, e, participant.deafened, Deafened);
    }
}

/// Puts the gauges on the participants.
pub(crate) fn voices(
    gauges: Res<'_, LatestGauges>,
    mut own: ResMut<'_, OwnVoice>,
    mut participants: Query<'_, '_, (Entity, &Participant, &mut Voice, Option<&Speaking>)>,
    mut commands: Commands<'_, '_>,
) {
    let gauges = &gauges.0;
    let voice = OwnVoice {
        level: gauges.own_level,
        speaking: gauges.own_speaking,
        gate: gauges.own_gate,
        codec: gauges.codec,
    };
    if *own != voice {
        *own = voice;
    }
    for (entity, participant, mut voice, speaking) in &mut participants {
        let gauge = gauges.speakers.iter().find(|gauge| gauge.peer == participant.0.peer);
        let now = gauge.map_or(Voice::default(), Voice::from);
        if *voice != now {
            *voice = now;
        }
        let speaks = gauge.is_some_and(|gauge| gauge.speaking);
        if speaks && speaking.is_none() {
            commands.entity(entity).insert(Speaking);
        } else if !speaks && speaking.is_some() {
            commands.entity(entity).remove::<Speaking>();
        }
    }
}

/// Forgets all calls.
pub(crate) fn clear(world: &mut World) {
    let all: Vec<Entity> = world.query_filtered::<Entity, With<CallKey>>().iter(world).collect();
    for entity in all {
        world.despawn(entity);
    }
}
