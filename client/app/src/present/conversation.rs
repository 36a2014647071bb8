//! A conversation.

use bevy::prelude::*;
use orrery_ecs::call::Call;
use orrery_ecs::channel::{Found, Typing};
use orrery_ecs::chat::{self, ChatMessage, Window};
use orrery_ecs::derive::CurrentCall;
use orrery_ecs::index::Index;
use orrery_link::{MessageView as Message, SearchHit as Hit};
use orrery_protocol::record::{CallOutcome, Delivery as Way, MessageKind};
use orrery_protocol::{ChannelId, MessageRef, PeerId};
use orrery_ui::view::{
    Body, CallChance, CallNote, ChannelKey, ConversationView, Delivery, ErrorView, MessageKey, MessageView, PeerKey,
    QuoteView, ReactionView, SearchHit, SearchView,
};

use super::names;
use crate::desk::Desk;
use crate::likeness::Likeness;

/// Characters of a message that answers quote.
const QUOTE_CHARS: usize = 160;

pub(crate) fn key(reference: MessageRef) -> MessageKey {
    MessageKey::new(reference.author.0, reference.id.0)
}

pub(super) fn view(world: &World, channel: ChannelId) -> Option<ConversationView> {
    let desk = world.resource::<Desk>();
    let peer = PeerId::from(channel);
    let entity = world.resource::<Index<ChannelId>>().get(&channel)?;
    let contact = names::contact(world, peer);
    let window = world.get::<Window>(entity).cloned().unwrap_or_default();
    let blocked = contact.is_some_and(|contact| contact.blocked);
    let messages = chat::sorted(world, entity)
        .into_iter()
        .filter_map(|(_, entity)| world.get::<ChatMessage>(entity))
        .map(|message| self::message(world, &message.0))
        .collect();
    Some(ConversationView {
        channel: ChannelKey(channel.0),
        peer: PeerKey(peer.0),
        name: names::of(world, peer),
        presence: contact.map(names::presence).unwrap_or_default(),
        verified: contact.is_some_and(|contact| contact.verified),
        namesake: world.resource::<Likeness>().namesake(peer),
        blocked,
        call: chance(world, peer, blocked),
        messages,
        has_older: window.has_older,
        has_newer: window.has_newer,
        loading: window.loading || !window.loaded,
        first_unread: desk.first_unread,
        typing: world.get::<Typing>(entity).is_some(),
        draft: desk.draft.0.clone(),
        draft_rev: desk.draft.1,
        returned: desk.returned.0.clone(),
        focus: desk.focus.0,
        focus_rev: desk.focus.1,
        search: desk.search.as_ref().map(|(query, busy)| search(world, query, *busy)),
    })
}

fn chance(world: &World, peer: PeerId, blocked: bool) -> CallChance {
    let contact = names::contact(world, peer);
    if blocked {
        return CallChance::No(ErrorView::code("blocked"));
    }
    if !contact.is_some_and(names::is_contact) {
        return CallChance::No(ErrorView::code("no_such_contact"));
    }
    let running = world
        .resource::<CurrentCall>()
        .own
        .and_then(|entity| world.get::<Call>(entity));
    match running {
        Some(call) if call.0.participants.iter().any(|participant| participant.peer == peer) => CallChance::InThisCall,
        Some(_) => CallChance::No(ErrorView::code("busy")),
        None => CallChance::Ready,
    }
}

fn message(world: &World, message: &Message) -> MessageView {
    let own = world
        .resource::<orrery_ecs::profile::Profile>()
        .open()
        .map(|own| own.peer);
    let mine = own == Some(message.author);
    let body = match &message.content {
        _ if message.deleted => Body::Deleted,
        MessageKind::Text { text } => Body::Text(text.clone()),
        MessageKind::Call { outcome, duration_ms } => Body::Call(note(*outcome, *duration_ms, mine)),
    };
    let is_text = matches!(message.content, MessageKind::Text { .. });
    MessageView {
        key: key(message.reference()),
        author: PeerKey(message.author.0),
        author_name: names::of(world, message.author),
        mine,
        at_ms: message.sent_ms as i64,
        body,
        edited: message.edited,
        delivery: (mine && is_text && !message.deleted).then(|| delivery(message.delivery)),
        // What was taken back answers nothing, and nobody's reaction is shown to what is not there.
        reply: message
            .reply_to
            .filter(|_| !message.deleted)
            .map(|reference| quote(world, reference, message.quoted.as_deref())),
        reactions: if message.deleted {
            Vec::new()
        } else {
            reactions(world, message, own)
        },
    }
}

fn note(outcome: CallOutcome, duration_ms: u64, mine: bool) -> CallNote {
    match outcome {
        CallOutcome::Answered => CallNote::Held {
            seconds: u32::try_from(duration_ms / 1000).unwrap_or(u32::MAX),
        },
        CallOutcome::Missed => CallNote::Missed,
        CallOutcome::Unanswered => CallNote::NoAnswer,
        CallOutcome::Declined => CallNote::Declined,
        CallOutcome::Busy => CallNote::Busy,
        // Given up before it was answered: for who was rung it is a missed call.
        CallOutcome::Cancelled if mine => CallNote::Cancelled,
        CallOutcome::Cancelled => CallNote::Missed,
        CallOutcome::Failed => CallNote::Failed,
    }
}

pub(super) fn delivery(way: Way) -> Delivery {
    match way {
        Way::Sending => Delivery::Sending,
        Way::Waiting => Delivery::Waiting,
        Way::Failed => Delivery::Failed(ErrorView::code("not_taken")),
        Way::Sent => Delivery::Sent,
        Way::Delivered => Delivery::Delivered,
        Way::Read => Delivery::Read,
    }
}

/// What a message answers: as it is loaded, or else as the answer itself brought it along.
fn quote(world: &World, reference: MessageRef, brought: Option<&str>) -> QuoteView {
    let loaded = world
        .resource::<Index<MessageRef>>()
        .get(&reference)
        .and_then(|entity| world.get::<ChatMessage>(entity));
    let words = match loaded.map(|message| &message.0) {
        None => brought,
        Some(message) if message.deleted => None,
        Some(message) => match &message.content {
            MessageKind::Text { text } => Some(text.as_str()),
            MessageKind::Call { .. } => None,
        },
    };
    let text = words.map(|words| words.chars().take(QUOTE_CHARS).collect());
    QuoteView {
        key: key(reference),
        author_name: names::of(world, reference.author),
        text,
    }
}

/// Reactions of the same emoji are one pill, in the order in which the first of each came.
fn reactions(world: &World, message: &Message, own: Option<PeerId>) -> Vec<ReactionView> {
    let mut pills: Vec<ReactionView> = Vec::new();
    for reaction in &message.reactions {
        let mine = own == Some(reaction.by);
        let name = names::of(world, reaction.by);
        match pills.iter_mut().find(|pill| pill.emoji == reaction.emoji) {
            Some(pill) => {
                pill.count += 1;
                pill.mine |= mine;
                pill.names.push(name);
            }
            None => {
                pills.push(ReactionView {
                    emoji: reaction.emoji.clone(),
                    count: 1,
                    mine,
                    names: vec![name],
                });
            }
        }
    }
    pills
}

fn search(world: &World, query: &str, busy: bool) -> SearchView {
    let found = world.resource::<Found>();
    // What an earlier search found is not what this one looks for.
    let (hits, more) = if found.query == query && !busy {
        (found.hits.as_slice(), found.more)
    } else {
        (&[][..], false)
    };
    SearchView {
        query: query.to_owned(),
        busy,
        hits: hits.iter().map(|hit| self::hit(world, hit)).collect(),
        more,
    }
}

fn hit(world: &World, hit: &Hit) -> SearchHit {
    let message = &hit.message;
    SearchHit {
        channel: ChannelKey(message.channel.0),
        key: key(message.reference()),
        author: PeerKey(message.author.0),
        author_name: names::of(world, message.author),
        at_ms: message.sent_ms as i64,
        text: match &message.content {
            MessageKind::Text { text } => text.clone(),
            MessageKind::Call { .. } => String::new(),
        },
        marks: hit.matches.iter().map(|(from, to)| *from..*to).collect(),
    }
}
