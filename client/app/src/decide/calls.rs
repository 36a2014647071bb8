//! Calls.

use bevy::prelude::*;
use orrery_ecs::call::{Active, Call, LastCall, Outgoing};
use orrery_ecs::derive::CurrentCall;
use orrery_link::Command;
use orrery_protocol::{CallId, ChannelId, PeerId};
use orrery_ui::UiAction;
use orrery_ui::view::CallKey;

use super::{panes, send};
use crate::desk::{Asked, Desk, Pane};
use crate::present::unix_ms;

fn id(key: CallKey) -> CallId {
    CallId(key.0)
}

pub(super) fn act(world: &mut World, action: UiAction) {
    match action {
        UiAction::StartCall(channel) => {
            begin(world);
            send(
                world,
                Command::StartCall {
                    peer: PeerId(channel.0),
                },
                Asked::StartCall,
            );
        }
        UiAction::AcceptCall(call) => {
            begin(world);
            send(world, Command::AcceptCall { call: id(call) }, Asked::StartCall);
        }
        UiAction::DeclineCall(call) => send(world, Command::DeclineCall { call: id(call) }, Asked::Plain),
        UiAction::LeaveCall(call) => {
            world.resource_mut::<Desk>().left = Some(id(call));
            send(world, Command::LeaveCall { call: id(call) }, Asked::Plain);
        }
        UiAction::CloseCall(_) => close(world),
        UiAction::AddToCall { call, peer } => {
            send(
                world,
                Command::AddToCall {
                    call: id(call),
                    peer: PeerId(peer.0),
                },
                Asked::Plain,
            );
        }
        UiAction::SetMuted(muted) => {
            // Closed ears keep the microphone closed: whoever wants to be heard opens both.
            if !muted && world.resource::<Desk>().deafened {
                set_deafened(world, false);
            }
            let mut desk = world.resource_mut::<Desk>();
            desk.muted = muted;
            desk.steer();
            send(world, Command::SetMuted { muted }, Asked::Muted(muted));
        }
        UiAction::SetDeafened(deafened) => set_deafened(world, deafened),
        _ => {}
    }
}

/// A call is made or taken; what is shown of an earlier one is over.
fn begin(world: &mut World) {
    let mut desk = world.resource_mut::<Desk>();
    desk.calling = true;
    desk.unproven = None;
}

fn set_deafened(world: &mut World, deafened: bool) {
    let mut desk = world.resource_mut::<Desk>();
    desk.deafened = deafened;
    desk.steer();
    send(world, Command::SetDeafened { deafened }, Asked::Deafened(deafened));
}

/// The ended call was read: back to its conversation.
fn close(world: &mut World) {
    let channel = world
        .resource_mut::<LastCall>()
        .0
        .take()
        .map(|ended| ended.view.channel);
    match channel {
        Some(channel) if world.resource::<Desk>().pane == Pane::Call => panes::open_channel(world, channel),
        _ => panes::show(world, Pane::Nothing),
    }
}

/// Notes when a call rings, turns the pane to a call that we made or took, and back when we left it.
pub(super) fn follow(
    mut commands: Commands,
    mut desk: ResMut<Desk>,
    current: Res<CurrentCall>,
    last: Res<LastCall>,
    calls: Query<(&Call, Has<Active>, Has<Outgoing>)>,
) {
    let incoming = current
        .incoming
        .and_then(|entity| calls.get(entity).ok())
        .map(|(call, ..)| call.0.call);
    if desk.ringing.map(|(call, _)| call) != incoming {
        desk.ringing = incoming.map(|call| (call, unix_ms()));
    }
    let own = current.own.and_then(|entity| calls.get(entity).ok());
    if let Some((call, active, outgoing)) = own {
        if outgoing && desk.ringing_out.is_none_or(|(id, _)| id != call.0.call) {
            desk.ringing_out = Some((call.0.call, unix_ms()));
        }
        if desk.calling && (active || outgoing) {
            desk.calling = false;
            desk.left = None;
            commands.queue(|world: &mut World| {
                orrery_ecs::channel::close(world);
                panes::show(world, Pane::Call);
            });
        }
        let says = (call.0.muted, call.0.deafened);
        if desk.steered != says {
            desk.steered = says;
        }
        // What the person has just asked for is shown until the worker has answered.
        if (desk.muted, desk.deafened) != says && !desk.is_steering() {
            (desk.muted, desk.deafened) = says;
        }
    }
    if last.is_changed()
        && let Some(ended) = &last.0
    {
        let ours = desk.left == Some(ended.view.call);
        let channel = ended.view.channel;
        if ours && own.is_none() && desk.pane == Pane::Call {
            // Who hangs up knows why it is over: back to the conversation at once.
            commands.queue(move |world: &mut World| back(world, channel));
        }
    }
}

fn back(world: &mut World, channel: ChannelId) {
    world.resource_mut::<LastCall>().0 = None;
    panes::open_channel(world, channel);
}
