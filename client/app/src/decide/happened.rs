//! What happened meanwhile: toasts in the window, notifications on the desktop. Sounds are the worker's.

use bevy::ecs::message::MessageCursor;
use bevy::ecs::message::Messages;
use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use orrery_ecs::call::Call;
use orrery_ecs::channel::OpenChannel;
use orrery_ecs::derive::CurrentCall;
use orrery_ecs::index::Index;
use orrery_ecs::notice::Happened;
use orrery_ecs::peer::Peer;
use orrery_link::Notice as Told;
use orrery_protocol::record::{CallOutcome, MessageKind};
use orrery_protocol::{CallId, ChannelId, PeerId};
use orrery_ui::strings;
use orrery_ui::view::{ErrorView, Notice};

use crate::desk::{Desk, error};
use crate::notify::{Note, Notifier};
use crate::prefs::Kept;
use crate::present::name_of;
use crate::redraw::Hidden;

/// Characters of a message in a notice.
const SAMPLE_CHARS: usize = 200;

/// What has been read, and which ringing call was announced.
#[derive(Default)]
pub(super) struct Heard {
    cursor: MessageCursor<Happened>,
    rung: Option<CallId>,
}

pub(super) fn hear(world: &mut World, mut heard: Local<Heard>) {
    let news: Vec<Happened> = heard
        .cursor
        .read(world.resource::<Messages<Happened>>())
        .cloned()
        .collect();
    for happened in news {
        tell(world, happened);
    }
    ring(world, &mut heard.rung);
}

/// Nobody looks at the window now.
fn away(world: &mut World) -> bool {
    let mut windows = world.query_filtered::<&Window, With<PrimaryWindow>>();
    let focused = windows.single(world).is_ok_and(|window| window.focused);
    !focused || world.resource::<Hidden>().0
}

fn notify(world: &World, notice: &Notice, urgent: bool) {
    if world.resource::<Kept>().get().notifications {
        let (title, body) = strings::notice(notice);
        world.resource::<Notifier>().show(Note { title, body, urgent });
    }
}

/// As a toast to who looks, as a notification to who does not.
fn say(world: &mut World, notice: Notice, channel: Option<ChannelId>, peer: Option<PeerId>) {
    if away(world) {
        notify(world, &notice, false);
    }
    world.resource_mut::<Desk>().toast(notice, channel, peer);
}

fn tell(world: &mut World, happened: Happened) {
    match happened {
        Happened::Message(message) => {
            let here = world.resource::<OpenChannel>().0 == Some(message.channel);
            if here && !away(world) {
                return;
            }
            let MessageKind::Text { text } = &message.content else {
                return;
            };
            let name = name_of(world, message.author);
            let notice = Notice::Message {
                name,
                text: text.chars().take(SAMPLE_CHARS).collect(),
            };
            if here {
                notify(world, &notice, false);
            } else {
                say(world, notice, Some(message.channel), Some(message.author));
            }
        }
        Happened::Request { peer, name } => say(world, Notice::Request { name }, None, Some(peer)),
        Happened::Accepted { peer } => {
            let name = name_of(world, peer);
            say(world, Notice::Accepted { name }, Some(peer.into()), Some(peer));
        }
        Happened::CallEnded { outcome } => {
            if outcome == CallOutcome::Missed
                && let Some(caller) = world
                    .resource::<orrery_ecs::call::LastCall>()
                    .0
                    .as_ref()
                    .map(|ended| ended.view.caller)
            {
                let name = name_of(world, caller);
                say(world, Notice::MissedCall { name }, Some(caller.into()), Some(caller));
                // A call that was not taken leaves nothing to read on the stage.
                world.resource_mut::<orrery_ecs::call::LastCall>().0 = None;
            }
        }
        Happened::PeerLeft { peer } => {
            let name = name_of(world, peer);
            world
                .resource_mut::<Desk>()
                .toast(Notice::Left { name }, None, Some(peer));
        }
        Happened::Notice(told) => tell_notice(world, told),
    }
}

fn tell_notice(world: &mut World, told: Told) {
    match told {
        Told::ClockSkew { seconds } => world.resource_mut::<Desk>().skew_s = Some(seconds),
        Told::SessionHealed { peer } => {
            let name = name_of(world, peer);
            world
                .resource_mut::<Desk>()
                .toast(Notice::SessionHealed { name }, Some(peer.into()), Some(peer));
        }
        Told::BindingFailed { .. } => world.resource_mut::<Desk>().complain(ErrorView::code("call_failed")),
        Told::VersionMismatch { .. } => world
            .resource_mut::<Desk>()
            .complain(ErrorView::code("version_mismatch")),
        Told::AddressesShown { call, peers } => world.resource_mut::<Desk>().strangers = Some((call, peers)),
        Told::Problem { code } => world.resource_mut::<Desk>().complain(error(code)),
        // Said by a later version of the worker.
        _ => {}
    }
}

/// A call that rings is told to the desktop once, and asks for attention.
fn ring(world: &mut World, rung: &mut Option<CallId>) {
    let incoming = world
        .resource::<CurrentCall>()
        .incoming
        .and_then(|entity| world.get::<Call>(entity));
    let Some((call, caller)) = incoming.map(|call| (call.0.call, call.0.caller)) else {
        *rung = None;
        return;
    };
    if *rung == Some(call) {
        return;
    }
    *rung = Some(call);
    if away(world) && world.resource::<Kept>().get().notifications {
        let title = name_of(world, caller);
        let verified = world
            .resource::<Index<PeerId>>()
            .get(&caller)
            .and_then(|entity| world.get::<Peer>(entity))
            .is_some_and(|peer| peer.0.verified);
        let body = strings::text(if verified {
            "incoming-verified"
        } else {
            "incoming-unverified"
        })
        .into_owned();
        world.resource::<Notifier>().show(Note {
            title,
            body,
            urgent: true,
        });
    }
}
