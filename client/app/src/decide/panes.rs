//! Getting about.

use bevy::prelude::*;
use orrery_ecs::channel::{self, OpenChannel};
use orrery_ecs::chat::{ChatMessage, Window};
use orrery_ecs::index::Index;
use orrery_ecs::profile::OwnInvite;
use orrery_link::Command;
use orrery_protocol::{ChannelId, MessageRef};
use orrery_ui::UiAction;
use orrery_ui::view::LinkCheck;

use super::send;
use crate::desk::{Asked, Desk, Pane};
use crate::present::conversation_key;

pub(super) fn act(world: &mut World, action: UiAction) {
    match action {
        UiAction::OpenChannel(key) => open_channel(world, ChannelId(key.0)),
        UiAction::CloseMain => {
            channel::close(world);
            show(world, Pane::Nothing);
        }
        UiAction::OpenSettings => {
            channel::close(world);
            show(world, Pane::Settings);
            send(world, Command::ListDevices {}, Asked::Quiet);
        }
        UiAction::OpenAddContact => {
            channel::close(world);
            show(world, Pane::AddContact);
            world.resource_mut::<Desk>().check = LinkCheck::Empty;
            if world.resource::<OwnInvite>().0.is_none() {
                send(world, Command::CreateInvite {}, Asked::Invite);
            }
        }
        UiAction::OpenCall => {
            channel::close(world);
            show(world, Pane::Call);
        }
        _ => {}
    }
}

/// Turns the main pane. What ran only for the old one ends with it.
pub(super) fn show(world: &mut World, pane: Pane) {
    let mut desk = world.resource_mut::<Desk>();
    let testing = std::mem::take(&mut desk.mic_test);
    desk.mic_hear = false;
    if desk.pane == Pane::Call && pane != Pane::Call {
        desk.strangers = desk.strangers.take().filter(|_| desk.left.is_none());
    }
    desk.pane = pane;
    desk.search = None;
    desk.jumping = None;
    if testing {
        send(world, Command::TestMicrophone { on: false, hear: false }, Asked::Quiet);
    }
    super::writing::stop_typing(world);
}

/// Opens a conversation where its reader left off.
pub(super) fn open_channel(world: &mut World, id: ChannelId) {
    if world.resource::<OpenChannel>().0 != Some(id) {
        let view = world
            .resource::<Index<ChannelId>>()
            .get(&id)
            .and_then(|entity| world.get::<orrery_ecs::channel::Channel>(entity))
            .map(|channel| channel.0.clone());
        channel::open(world, id);
        let mut desk = world.resource_mut::<Desk>();
        desk.first_unread = None;
        desk.returned.0.clear();
        desk.unread_at = view
            .as_ref()
            .filter(|view| view.unread > 0)
            .and_then(|view| view.first_unread);
        desk.unseen = desk.unread_at.is_some();
        desk.draft = (view.map(|view| view.draft).unwrap_or_default(), desk.draft.1 + 1);
        desk.focus.0 = None;
    }
    show(world, Pane::Conversation);
}

/// Once the page is there: the place of the NEW divider, and the message that was jumped to.
pub(super) fn follow(
    mut desk: ResMut<Desk>,
    open: Res<OpenChannel>,
    channels: Res<Index<ChannelId>>,
    messages: Res<Index<MessageRef>>,
    windows: Query<(&Window, Option<&orrery_ecs::chat::Messages>), Changed<Window>>,
    all: Query<&ChatMessage>,
) {
    let Some(entity) = open.0.and_then(|id| channels.get(&id)) else {
        return;
    };
    let Ok((window, loaded)) = windows.get(entity) else {
        return;
    };
    if !window.loaded {
        return;
    }
    if let Some(place) = desk.unread_at {
        let loaded = loaded.map(orrery_ecs::chat::Messages::entities).unwrap_or_default();
        let loaded = || loaded.iter().filter_map(|entity| all.get(*entity).ok());
        let first = loaded()
            .filter(|message| message.0.order >= place)
            .min_by_key(|message| message.0.order);
        // Where the place itself is not loaded, the first message that is may be far behind it.
        let reached = !window.has_older || loaded().any(|message| message.0.order <= place);
        if let Some(first) = first.filter(|_| reached) {
            desk.first_unread = Some(conversation_key(first.0.reference()));
            desk.unread_at = None;
        }
    }
    if let Some(target) = desk.jumping
        && messages.get(&target).is_some()
    {
        desk.jumping = None;
        desk.focus = (Some(conversation_key(target)), desk.focus.1 + 1);
    }
}
