//! Conversations: their line in the list, who writes in them, and which one is open.

use bevy_ecs::{component::Component, entity::Entity, query::With, resource::Resource, world::World};
use orrery_link::{ChannelView, Command, Event, SearchHit};
use orrery_protocol::{ChannelId, MessageRef, PeerId};

use crate::{
    chat::{self, Window},
    index::{Index, Key, enter, leave},
    link::Outbox,
};

/// Messages asked for when a conversation is opened, and with every further page.
pub const PAGE: u32 = 60;

/// A conversation's stable id.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
#[component(immutable, on_insert = enter::<ChannelKey>, on_discard = leave::<ChannelKey>)]
pub struct ChannelKey(pub ChannelId);

impl Key for ChannelKey {
    type Id = ChannelId;
    fn id(&self) -> ChannelId {
        self.0
    }
}

/// Its line in the list.
#[derive(Component, Clone, Debug, PartialEq, Eq)]
pub struct Channel(pub ChannelView);

/// Who is writing in it now.
#[derive(Component, Clone, Debug, PartialEq, Eq)]
pub struct Typing(pub PeerId);

/// The conversation on screen.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenChannel(pub Option<ChannelId>);

/// What the last search found.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What was searched.
    pub query: String,
    /// The messages, newest first.
    pub hits: Vec<SearchHit>,
    /// There are more.
    pub more: bool,
}

/// The entity of a conversation, made when it is new.
pub fn ensure(world: &mut World, channel: ChannelId) -> Entity {
    match world.resource::<Index<ChannelId>>().get(&channel) {
        Some(entity) => entity,
        None => world.spawn(ChannelKey(channel)).id(),
    }
}

/// Shows a conversation: closes the one before, asks for the page where reading goes on.
pub fn open(world: &mut World, channel: ChannelId) {
    if world.resource::<OpenChannel>().0 == Some(channel) {
        return;
    }
    close(world);
    world.resource_mut::<OpenChannel>().0 = Some(channel);
    let entity = ensure(world, channel);
    world.entity_mut(entity).insert(Window::default());
    world.resource_mut::<Outbox>().send(Command::OpenChannel { channel });
    // However much has come in meanwhile, it is read from its beginning.
    let unread = world
        .get::<Channel>(entity)
        .filter(|channel| channel.0.unread > 0)
        .and_then(|channel| channel.0.first_unread);
    chat::load(world, entity, channel, unread);
}

/// Shows no conversation; its message entities go.
pub fn close(world: &mut World) {
    let Some(channel) = world.resource_mut::<OpenChannel>().0.take() else {
        return;
    };
    world.resource_mut::<Outbox>().send(Command::CloseChannel { channel });
    if let Some(entity) = world.resource::<Index<ChannelId>>().get(&channel) {
        chat::clear(world, entity);
        world.entity_mut(entity).remove::<Window>();
    }
}

/// Asks for the page before the first message on screen, once.
pub fn load_older(world: &mut World) {
    chat::load_more(world, true);
}

/// Asks for the page after the last message on screen, once.
pub fn load_newer(world: &mut World) {
    chat::load_more(world, false);
}

/// Goes to a message, or back to the newest.
pub fn jump(world: &mut World, target: Option<MessageRef>) {
    let Some(channel) = world.resource::<OpenChannel>().0 else {
        return;
    };
    let entity = ensure(world, channel);
    match target {
        Some(target) => {
            let limit = PAGE;
            let command = Command::LoadAround { channel, target, limit };
            chat::ask(world, entity, chat::AROUND, command);
        }
        None => chat::load(world, entity, channel, None),
    }
}

pub(crate) fn on(world: &mut World, event: &Event) {
    match event {
        Event::ChannelChanged { channel } => {
            let entity = ensure(world, channel.channel);
            world.entity_mut(entity).insert(Channel(channel.clone()));
        }
        Event::TypingChanged { channel, peer, on } => {
            let entity = ensure(world, *channel);
            if *on {
                world.entity_mut(entity).insert(Typing(*peer));
            } else {
                world.entity_mut(entity).remove::<Typing>();
            }
        }
        Event::MessageReceived { message } => {
            // Who has written is no longer writing.
            let entity = ensure(world, message.channel);
            world.entity_mut(entity).remove::<Typing>();
        }
        Event::SearchFound { query, hits, more, .. } => {
            *world.resource_mut::<Found>() = Found {
                query: query.clone(),
                hits: hits.clone(),
                more: *more,
            };
        }
        _ => {}
    }
}

/// Forgets all conversations but the open one, which is loaded anew.
pub(crate) fn clear(world: &mut World) {
    let open = world.resource::<OpenChannel>().0;
    let all: Vec<(Entity, ChannelId)> = world
        .query_filtered::<(Entity, &ChannelKey), With<ChannelKey>>()
        .iter(world)
        .map(|(e, k)| (e, k.0))
        .collect();
    for (entity, channel) in all {
        if Some(channel) == open {
            world.resource_mut::<Outbox>().send(Command::OpenChannel { channel });
            chat::load(world, entity, channel, None);
        } else {
            world.despawn(entity);
        }
    }
}
