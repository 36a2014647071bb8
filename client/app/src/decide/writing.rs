//! Writing and reading.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use orrery_ecs::channel::{self, Channel, Found, OpenChannel};
use orrery_ecs::chat::ChatMessage;
use orrery_ecs::index::Index;
use orrery_ecs::link::Outbox;
use orrery_link::Command;
use orrery_protocol::{ChannelId, MessageId, MessageRef, PeerId};
use orrery_ui::view::{ChannelKey, MessageKey, ReturnedText};
use orrery_ui::{TEXT_MAX, UiAction};

use super::send;
use crate::desk::{Asked, Desk, Unsent};
use crate::present::conversation_key;
use crate::redraw::Wishes;

/// Who has not typed for so long has stopped.
const TYPING_ENDS: Duration = Duration::from_secs(5);
/// Messages that a search may find at once.
const SEARCH_LIMIT: u32 = 60;

fn channel_id(key: ChannelKey) -> ChannelId {
    ChannelId(key.0)
}

fn reference(key: MessageKey) -> MessageRef {
    MessageRef {
        author: PeerId(key.author()),
        id: MessageId(key.id()),
    }
}

pub(super) fn act(world: &mut World, action: UiAction) {
    match action {
        UiAction::SendText {
            channel,
            text,
            reply_to,
        } => {
            let (channel, reply_to) = (channel_id(channel), reply_to.map(reference));
            stop_typing(world);
            note_draft(world, channel, "");
            let unsent = Unsent {
                channel,
                text: text.clone(),
                reply_to,
                edits: None,
            };
            let command = Command::SendText {
                channel,
                text,
                reply_to,
            };
            send(world, command, Asked::Text(unsent));
        }
        UiAction::EditText { channel, message, text } => {
            let (channel, message) = (channel_id(channel), reference(message));
            let unsent = Unsent {
                channel,
                text: text.clone(),
                reply_to: None,
                edits: Some(message),
            };
            let id = message.id;
            send(world, Command::EditText { channel, id, text }, Asked::Text(unsent));
        }
        UiAction::DeleteMessage { channel, message } => {
            let id = reference(message).id;
            send(
                world,
                Command::DeleteMessage {
                    channel: channel_id(channel),
                    id,
                },
                Asked::Plain,
            );
        }
        UiAction::React {
            channel,
            message,
            emoji,
            on,
        } => {
            let target = reference(message);
            send(
                world,
                Command::React {
                    channel: channel_id(channel),
                    target,
                    emoji,
                    on,
                },
                Asked::Plain,
            );
        }
        UiAction::RetryMessage { channel, message } => {
            let id = reference(message).id;
            send(
                world,
                Command::RetryMessage {
                    channel: channel_id(channel),
                    id,
                },
                Asked::Plain,
            );
        }
        UiAction::CancelMessage { channel, message } => {
            let id = reference(message).id;
            send(
                world,
                Command::CancelMessage {
                    channel: channel_id(channel),
                    id,
                },
                Asked::Plain,
            );
        }
        UiAction::DraftChanged { channel, text } => {
            let channel = channel_id(channel);
            note_draft(world, channel, &text);
            send(world, Command::SetDraft { channel, text }, Asked::Quiet);
        }
        UiAction::Typing(channel) => {
            let channel = channel_id(channel);
            world.resource_mut::<Desk>().bypass_change_detection().typing =
                Some((channel, Instant::now() + TYPING_ENDS));
            send(world, Command::SetTyping { channel, on: true }, Asked::Quiet);
        }
        UiAction::LoadOlder(channel) if is_open(world, channel) => channel::load_older(world),
        UiAction::LoadNewer(channel) if is_open(world, channel) => channel::load_newer(world),
        UiAction::JumpToPresent(channel) if is_open(world, channel) => {
            world.resource_mut::<Desk>().jumping = None;
            channel::jump(world, None);
        }
        UiAction::JumpTo { channel, message } => jump(world, channel, message),
        UiAction::MarkRead { channel, message } => {
            if is_open(world, channel) {
                world.resource_mut::<Desk>().bypass_change_detection().unseen = false;
            }
            let order = world
                .resource::<Index<MessageRef>>()
                .get(&reference(message))
                .and_then(|entity| world.get::<ChatMessage>(entity))
                .map(|message| message.0.order);
            if let Some(up_to) = order {
                send(
                    world,
                    Command::MarkRead {
                        channel: channel_id(channel),
                        up_to,
                    },
                    Asked::Quiet,
                );
            }
        }
        UiAction::Search { channel, query } => search(world, channel_id(channel), query),
        UiAction::CloseSearch(_) => world.resource_mut::<Desk>().search = None,
        _ => {}
    }
}

fn search(world: &mut World, channel: ChannelId, query: String) {
    world.resource_mut::<Desk>().search = Some((query.clone(), true));
    let command = Command::Search {
        query,
        channel: Some(channel),
        limit: SEARCH_LIMIT,
    };
    send(world, command, Asked::Search);
}

/// Searches once more where what was found has been lost.
pub(super) fn search_again(world: &mut World) {
    let open = world.resource::<OpenChannel>().0;
    if let (Some(channel), Some((query, true))) = (open, world.resource::<Desk>().search.clone()) {
        search(world, channel, query);
    }
}

/// Counts at once: who comes back to a conversation before the worker has answered finds what was written there.
fn note_draft(world: &mut World, channel: ChannelId, text: &str) {
    let entity = world.resource::<Index<ChannelId>>().get(&channel);
    if let Some(mut line) = entity.and_then(|entity| world.get_mut::<Channel>(entity))
        && line.0.draft != text
    {
        text.clone_into(&mut line.0.draft);
    }
}

fn is_open(world: &World, channel: ChannelKey) -> bool {
    world.resource::<OpenChannel>().0 == Some(channel_id(channel))
}

/// Scrolls to a message; loads its surroundings first when it is not there.
fn jump(world: &mut World, channel: ChannelKey, message: MessageKey) {
    if !is_open(world, channel) {
        super::panes::open_channel(world, channel_id(channel));
    }
    let target = reference(message);
    let loaded = world.resource::<Index<MessageRef>>().get(&target).is_some();
    let mut desk = world.resource_mut::<Desk>();
    if loaded {
        desk.focus = (Some(message), desk.focus.1 + 1);
        desk.jumping = None;
    } else {
        desk.jumping = Some(target);
        channel::jump(world, Some(target));
    }
}

/// Says that we stopped writing, if we were.
pub(super) fn stop_typing(world: &mut World) {
    if let Some((channel, _)) = world.resource_mut::<Desk>().bypass_change_detection().typing.take() {
        send(world, Command::SetTyping { channel, on: false }, Asked::Quiet);
    }
}

/// What was refused goes back into the composer, or, where that is not open any more, to the draft of its conversation.
pub(super) fn give_back(
    mut desk: ResMut<Desk>,
    open: Res<OpenChannel>,
    channels: Res<Index<ChannelId>>,
    lines: Query<&Channel>,
    mut outbox: ResMut<Outbox>,
) {
    if desk.refused.is_empty() {
        return;
    }
    // Drafts as they will be: several texts may come back to one conversation.
    let mut drafts: Vec<(ChannelId, String)> = Vec::new();
    for unsent in std::mem::take(&mut desk.refused) {
        if open.0 == Some(unsent.channel) {
            desk.returned.1 += 1;
            let number = desk.returned.1;
            desk.returned.0.push(ReturnedText {
                number,
                text: unsent.text,
                reply_to: unsent.reply_to.map(conversation_key),
                edits: unsent.edits.map(conversation_key),
            });
            continue;
        }
        let known = drafts.iter().position(|(channel, _)| *channel == unsent.channel);
        let before = match known {
            Some(at) => drafts.remove(at).1,
            None => channels
                .get(&unsent.channel)
                .and_then(|entity| lines.get(entity).ok())
                .map(|line| line.0.draft.clone())
                .unwrap_or_default(),
        };
        let both = format!("{}\n{before}", unsent.text);
        let fits = !before.is_empty() && both.len() <= TEXT_MAX;
        drafts.push((unsent.channel, if fits { both } else { unsent.text }));
    }
    for (channel, text) in drafts {
        outbox.send(Command::SetDraft { channel, text });
    }
}

/// The answer to a search has come; who has not typed for a while has stopped.
pub(super) fn follow(mut desk: ResMut<Desk>, found: Res<Found>, mut outbox: ResMut<Outbox>, wishes: Res<Wishes>) {
    if found.is_changed()
        && let Some((query, busy)) = &desk.search
        && *busy
        && *query == found.query
    {
        let query = query.clone();
        desk.search = Some((query, false));
    }
    if let Some((channel, until)) = desk.typing {
        if until <= Instant::now() {
            desk.bypass_change_detection().typing = None;
            outbox.send(Command::SetTyping { channel, on: false });
        } else {
            wishes.note(Duration::from_millis(1200));
        }
    }
}
