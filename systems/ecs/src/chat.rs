//! Messages: the loaded window of the open conversation.

use bevy_ecs::{component::Component, entity::Entity, world::World};
use orrery_link::{Code, Command, Event, MessageView, Reference};
use orrery_protocol::{
    ChannelId, MessageRef,
    record::{MessageKind, OrderKey},
};

use crate::{
    channel::{OpenChannel, PAGE},
    index::{Index, Key, enter, leave},
    link::Outbox,
    notice::{self, Happened},
};

/// Message entities of one conversation at a time. Beyond it the far end goes, and is loaded again when scrolled to.
pub const MAX_WINDOW: usize = 600;

/// Prefixes of references that say what a page of history is for.
const NEWEST: &str = "newest";
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
#[derive(Component, Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// There is more before the first.
    pub has_older: bool,
    /// There is more after the last.
    pub has_newer: bool,
    /// A page is on its way.
    pub loading: bool,
    /// Which page that is. Any other was asked for by a window that is no more, and would leave a hole in this one.
    pub awaited: Option<Reference>,
    /// The first page has come.
    pub loaded: bool,
    /// Counts changes.
    pub revision: u64,
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
        Event::Failed {
            reference: Some(reference),
            code,
        } => failed(world, reference, *code),
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
            requote(world, entity, message.reference(), words(message));
        }
        Event::MessageRemoved { channel, message } => {
            let Some(entity) = open_entity(world, *channel) else {
                return;
            };
            if let Some(existing) = world.resource::<Index<MessageRef>>().get(message) {
                world.despawn(existing);
                changed(world, entity);
            }
            requote(world, entity, *message, None);
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

/// What a message says, for those that answer it.
fn words(message: &MessageView) -> Option<&str> {
    match &message.content {
        MessageKind::Text { text } if !message.deleted => Some(text),
        _ => None,
    }
}

/// Answers quote what a message says now, whether or not it is loaded itself.
fn requote(world: &mut World, channel: Entity, reference: MessageRef, words: Option<&str>) {
    let mut any = false;
    for (_, entity) in sorted(world, channel) {
        if let Some(mut answer) = world.get_mut::<ChatMessage>(entity)
            && answer.0.reply_to == Some(reference)
            && answer.0.quoted.as_deref() != words
        {
            answer.0.quoted = words.map(str::to_owned);
            any = true;
        }
    }
    if any {
        changed(world, channel);
    }
}

/// Asks for a page and remembers which one is awaited.
pub(crate) fn ask(world: &mut World, channel: Entity, prefix: &str, command: Command) {
    let reference = world.resource_mut::<Outbox>().send_as(prefix, command);
    let refused = reference.is_none();
    if let Some(mut window) = world.get_mut::<Window>(channel) {
        window.loading = !refused;
        window.awaited = reference;
    }
    if refused {
        let code = Code::Overloaded;
        notice::write(world, Happened::HistoryFailed { code });
    }
}

/// Asks for the page around a place, or for the newest.
pub(crate) fn load(world: &mut World, entity: Entity, channel: ChannelId, around: Option<OrderKey>) {
    let command = Command::LoadHistory {
        channel,
        before: None,
        after: None,
        around,
        limit: PAGE,
    };
    ask(world, entity, if around.is_some() { AROUND } else { NEWEST }, command);
}

/// The awaited page does not come: what is loaded stays, and more can be asked for.
fn failed(world: &mut World, reference: &str, code: Code) {
    let Some(entity) = world.resource::<OpenChannel>().0.and_then(|id| open_entity(world, id)) else {
        return;
    };
    if let Some(mut window) = world.get_mut::<Window>(entity)
        && window.awaited.as_deref() == Some(reference)
    {
        window.loading = false;
        window.awaited = None;
        notice::write(world, Happened::HistoryFailed { code });
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
    let awaited = |window: &Window| window.awaited.as_deref() == Some(reference);
    if !world.get::<Window>(entity).is_some_and(awaited) {
        return;
    }
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
        window.awaited = None;
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
    let Some(window) = world.get::<Window>(entity) else {
        return;
    };
    let wanted = if older { window.has_older } else { window.has_newer };
    if window.loading || !wanted {
        return;
    }
    let (prefix, before, after) = if older {
        (OLDER, Some(edge), None)
    } else {
        (NEWER, None, Some(edge))
    };
    let command = Command::LoadHistory {
        channel,
        before,
        after,
        around: None,
        limit: PAGE,
    };
    ask(world, entity, prefix, command);
}
