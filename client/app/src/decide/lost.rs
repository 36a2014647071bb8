//! Answers that were lost with the events that nobody took. The worker has told everything anew by then: nothing waits
//! for them any more, and a text that is nowhere to be seen goes back to who wrote it.

use bevy::prelude::*;
use orrery_ecs::call::{Active, Outgoing};
use orrery_ecs::channel::{Channel, OpenChannel};
use orrery_ecs::chat::{self, ChatMessage};
use orrery_ecs::index::Index;
use orrery_ecs::profile::{OwnInvite, Profile};
use orrery_link::{Code, Command, MessageView, ProfilePhase, Reference};
use orrery_protocol::record::MessageKind;
use orrery_protocol::{ChannelId, MessageRef};

use super::{send, settings, writing};
use crate::desk::{Asked, Desk, Pane, Unsent, error};

/// Settles what was asked, oldest first, as what is known now suggests.
pub(super) fn settle(world: &mut World, lost: Vec<(Reference, Asked)>) {
    let mut texts = Vec::new();
    for (reference, asked) in lost {
        match asked {
            Asked::Text(unsent) => texts.push(unsent),
            Asked::Open => open(world, reference),
            Asked::StartCall => start_call(world),
            Asked::Search => writing::search_again(world),
            Asked::Devices => settings::list_later(&mut world.resource_mut::<Desk>()),
            Asked::Invite => invite(world),
            // Only a locked profile refuses these two; in a call the worker has said by now how they stand.
            Asked::Muted(_) | Asked::Deafened(_) => world.resource_mut::<Desk>().settle(&asked, true),
            // What the worker has told anew counts.
            Asked::Settings | Asked::Heard(_) => world.resource_mut::<Desk>().settle(&asked, false),
            // Whether it was done, the form says when it is tried again.
            Asked::Secret(_) => world.resource_mut::<Desk>().secrets.work = None,
            // Seen by itself, or worth no more than a word that comes too late.
            Asked::Request(_) | Asked::Setting | Asked::Compare(_) | Asked::Plain | Asked::Quiet => {}
        }
    }
    end_jump(world);
    give_back(world, texts);
}

/// A passphrase that is still being tried will be answered.
fn open(world: &mut World, reference: Reference) {
    let opening = matches!(world.resource::<Profile>().0, Some(ProfilePhase::Opening));
    let mut desk = world.resource_mut::<Desk>();
    if opening {
        desk.ask(Some(reference), Asked::Open);
    } else {
        desk.busy = None;
    }
}

/// Where there is a call of ours, the pane turns to it as if it had been answered.
fn start_call(world: &mut World) {
    let mut own = world.query_filtered::<Entity, Or<(With<Active>, With<Outgoing>)>>();
    if own.iter(world).next().is_none() {
        world.resource_mut::<Desk>().calling = false;
    }
}

/// The link may have been lost as well, and who waits for it sees an empty field.
fn invite(world: &mut World) {
    if world.resource::<OwnInvite>().0.is_none() && world.resource::<Desk>().pane == Pane::AddContact {
        send(world, Command::CreateInvite {}, Asked::Invite);
    }
}

/// The page of a jump that began before is not awaited any more.
fn end_jump(world: &mut World) {
    let loading = world
        .resource::<OpenChannel>()
        .0
        .and_then(|channel| world.resource::<Index<ChannelId>>().get(&channel))
        .and_then(|entity| world.get::<chat::Window>(entity))
        .is_some_and(|window| window.loading);
    if !loading {
        world.resource_mut::<Desk>().jumping = None;
    }
}

/// What is not in its conversation goes back. The newest text is looked for first, among the newest messages.
fn give_back(world: &mut World, texts: Vec<Unsent>) {
    let mut changed: Vec<MessageRef> = Vec::new();
    let mut taken: Vec<MessageRef> = Vec::new();
    let mut missing: Vec<Unsent> = Vec::new();
    for unsent in texts.into_iter().rev() {
        if let Some(message) = unsent.edits {
            // Of several changes to one message only the last counts.
            if changed.contains(&message) {
                continue;
            }
            changed.push(message);
        }
        match found(world, &unsent, &taken) {
            Some(message) => taken.push(message),
            None => missing.push(unsent),
        }
    }
    if missing.is_empty() {
        return;
    }
    let mut desk = world.resource_mut::<Desk>();
    desk.refused.extend(missing.into_iter().rev());
    desk.complain(error(Code::Overloaded));
}

/// The message that says what was written, as far as that can be seen here: in the open conversation, and of every
/// other in its last line. None stands for two texts.
fn found(world: &World, unsent: &Unsent, taken: &[MessageRef]) -> Option<MessageRef> {
    let own = world.resource::<Profile>().open()?.peer;
    let entity = world.resource::<Index<ChannelId>>().get(&unsent.channel)?;
    let last = world.get::<Channel>(entity).and_then(|line| line.0.last.as_ref());
    let loaded = chat::sorted(world, entity)
        .into_iter()
        .filter_map(|(_, entity)| world.get::<ChatMessage>(entity))
        .map(|message| &message.0);
    loaded
        .chain(last)
        .rev()
        .filter(|message| message.author == own && !message.deleted)
        .filter(|message| matches!(&message.content, MessageKind::Text { text } if *text == unsent.text))
        .filter(|message| match unsent.edits {
            Some(edited) => message.reference() == edited,
            None => message.reply_to == unsent.reply_to,
        })
        .map(MessageView::reference)
        .find(|message| !taken.contains(message))
}
