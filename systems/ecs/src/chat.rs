//! Messages: the loaded window of the open conversation.

use bevy_ecs::{component::Component, entity::Entity, world::World};
use orrery_link::{Command, Event, MessageView};
use orrery_protocol::{ChannelId, MessageRef, record::OrderKey};

use crate::{
    channel::{OpenChannel, PAGE},
    index::{Index, Key, enter, leave},
    link::Outbox,
};

/// Message entities of one conversation at a time. Beyond it the far end goes, and is loaded again when scrolled to.
pub const MAX_WINDOW: usize = 600;

/// Prefixes of references that say what a page of history is for.
pub(crate) const NEWEST: &str = "newest";
pub(crate) const AROUND: &str = "around";
const OLDER: &str = "older";
const NEWER: &str = "newer";

/// A message's stable id.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
#[component(immutable, on_insert = enter::<MessageKey>, on_discard = leave::<MessageKey>)]
pub struct MessageKey(pub MessageRef);

impl Key for MessageKey {
    type Id = MessageRef;
    fn id(&self) -> MessageRef {
        self.0
    }
}

/// What it shows.
#[derive(Component, Clone, Debug, PartialEq, Eq)]
pub struct ChatMessage(pub MessageView);

/// The conversation it belongs to.
#[derive(Component, Clone, Copy, Debug)]
#[relationship(relationship_target = Messages)]
pub struct InChannel(pub Entity);

/// The loaded messages of a conversation, in no order: sort by [`MessageView::order`].
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = InChannel, linked_spawn)]
pub struct Messages(Vec<Entity>);

impl Messages {
    /// Their entities.
    #[must_use]
    pub fn entities(&self) -> &[Entity] {
        &self.0
    }
}

/// What of a conversation is loaded. Changes with every change to its messages, so that a reader can tell.
#[derive(Component, Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// There is more before the first.
    pub has_older: bool,
    /// There is more after the last.
    pub has_newer: bool,
    /// A page is on its way.
    pub loading: bool,
    /// The first page has come.
    pub loaded: bool,
    /// Counts changes.
    pub revision: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            has_older: false,
            has_newer: false,
            loading: true,
            loaded: false,
            revision: 0,
        }
    }
}

pub(crate) fn on(world: &mut World, event: &Event) {
    match event {
        Event::HistoryLoaded {
            reference,
            channel,
            messages,
            has_older,
            has_newer,
        } => {
            loaded(
                world,
                reference.as_deref().unwrap_or(""),
                *channel,
                messages,
                *has_older,
                *has_newer,
            );
        }
        Event::MessageReceived { message } | Event::MessageSent { message } => {
            let Some(entity) = open_entity(world, message.channel) else {
                return;
            };
            let at_end = world
                .get::<Window>(entity)
                .is_some_and(|window| window.loaded && !window.has_newer);
            if at_end {
                put(world, entity, message);
                trim(world, entity, true);
                changed(world, entity);
            }
        }
        Event::MessageChanged { message } => {
            let Some(entity) = open_entity(world, message.channel) else {
                return;
            };
            if let Some(existing) = world.resource::<Index<MessageRef>>().get(&message.reference()) {
                world.entity_mut(existing).insert(ChatMessage(message.clone()));
                changed(world, entity);
            }
        }
        Event::MessageRemoved { channel, message } => {
            let Some(entity) = open_entity(world, *channel) else {
                return;
            };
            if let Some(existing) = world.resource::<Index<MessageRef>>().get(message) {
                world.despawn(existing);
                changed(world, entity);
            }
        }
        _ => {}
    }
}

/// The entity of a conversation if it is the open one.
fn open_entity(world: &World, channel: ChannelId) -> Option<Entity> {
    (world.resource::<OpenChannel>().0 == Some(channel))
        .then(|| world.resource::<Index<ChannelId>>().get(&channel))
        .flatten()
}

fn changed(world: &mut World, channel: Entity) {
    if let Some(mut window) = world.get_mut::<Window>(channel) {
        window.revision += 1;
    }
}

fn put(world: &mut World, channel: Entity, message: &MessageView) {
    let reference = message.reference();
    match world.resource::<Index<MessageRef>>().get(&reference) {
        Some(entity) => {
            world.entity_mut(entity).insert(ChatMessage(message.clone()));
        }
        None => {
            world.spawn((MessageKey(reference), ChatMessage(message.clone()), InChannel(channel)));
        }
    }
}

fn loaded(
    world: &mut World,
    reference: &str,
    channel: ChannelId,
    messages: &[MessageView],
    has_older: bool,
    has_newer: bool,
) {
    let Some(entity) = open_entity(world, channel) else {
        return;
    };
    let kind = reference.split(':').next().unwrap_or("");
    if !matches!(kind, OLDER | NEWER) {
        clear(world, entity);
    }
    for message in messages {
        put(world, entity, message);
    }
    if let Some(mut window) = world.get_mut::<Window>(entity) {
        if kind != NEWER {
            window.has_older = has_older;
        }
        if kind != OLDER {
            window.has_newer = has_newer;
        }
        window.loading = false;
        window.loaded = true;
    }
    trim(world, entity, kind != OLDER);
    changed(world, entity);
}

/// Keeps the window to its size by dropping the end that is not being looked at.
fn trim(world: &mut World, channel: Entity, drop_oldest: bool) {
    let mut order = sorted(world, channel);
    if order.len() <= MAX_WINDOW {
        return;
    }
    if !drop_oldest {
        order.reverse();
    }
    let excess = order.len() - MAX_WINDOW;
    for (_, entity) in order.into_iter().take(excess) {
        world.despawn(entity);
    }
    if let Some(mut window) = world.get_mut::<Window>(channel) {
        if drop_oldest {
            window.has_older = true;
        } else {
            window.has_newer = true;
        }
    }
}

/// The loaded messages of a conversation in order.
#[must_use]
pub fn sorted(world: &World, channel: Entity) -> Vec<(OrderKey, Entity)> {
    let Some(messages) = world.get::<Messages>(channel) else {
        return Vec::new();
    };
    let mut order: Vec<(OrderKey, Entity)> = messages
        .entities()
        .iter()
        .filter_map(|entity| {
            world
                .get::<ChatMessage>(*entity)
                .map(|message| (message.0.order, *entity))
        })
        .collect();
    order.sort_unstable_by_key(|(key, _)| *key);
    order
}

/// Forgets the loaded messages of a conversation.
pub(crate) fn clear(world: &mut World, channel: Entity) {
    let entities = world
        .get::<Messages>(channel)
        .map(|messages| messages.0.clone())
        .unwrap_or_default();
    for entity in entities {
        world.despawn(entity);
    }
}

pub(crate) fn load_more(world: &mut World, older: bool) {
    let Some(channel) = world.resource::<OpenChannel>().0 else {
        return;
    };
    let Some(entity) = open_entity(world, channel) else {
        return;
    };
    let order = sorted(world, entity);
    let edge = if older { order.first() } else { order.last() };
    let Some(edge) = edge.map(|(key, _)| *key) else { return };
    let Some(mut window) = world.get_mut::<Window>(entity) else {
        return;
    };
    let wanted = if older { window.has_older } else { window.has_newer };
    if window.loading || !wanted {
        return;
    }
    window.loading = true;
    let (prefix, before, after) = if older {
        (OLDER, Some(edge), None)
    } else {
        (NEWER, None, Some(edge))
    };
    world.resource_mut::<Outbox>().send_as(
        prefix,
        Command::LoadHistory {
            channel,
            before,
            after,
            limit: PAGE,
        },
    );
}
