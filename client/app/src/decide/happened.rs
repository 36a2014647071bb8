//! What happened meanwhile: toasts in the window, notifications on the desktop. Sounds are the worker's.

use bevy::ecs::message::MessageCursor;
use bevy::ecs::message::Messages;
use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use orrery_ecs::call::{Call, LastCall};
use orrery_ecs::channel::OpenChannel;
use orrery_ecs::derive::CurrentCall;
use orrery_ecs::index::Index;
use orrery_ecs::notice::Happened;
use orrery_ecs::peer::Peer;
use orrery_link::{MessageView, Notice as Told};
use orrery_protocol::limits::CLOCK_SKEW_SAID;
use orrery_protocol::record::{CallOutcome, MessageKind};
use orrery_protocol::{CallId, ChannelId, PeerId};
use orrery_ui::strings;
use orrery_ui::view::Notice;

use crate::desk::{Desk, error};
use crate::likeness::Likeness;
use crate::notify::{Note, Notifier, Texts};
use crate::prefs::Kept;
use crate::present::{conversation_key, name_of};
use crate::redraw::Hidden;

/// Characters of a message in a notice.
const SAMPLE_CHARS: usize = 200;

/// What has been read, and which ringing call was announced.
#[derive(Default)]
pub(super) struct Heard {
    cursor: MessageCursor<Happened>,
    rung: Option<CallId>,
    /// The missed call last told: its row in the conversation comes after it.
    missed: Option<CallId>,
}

pub(super) fn hear(world: &mut World, mut heard: Local<Heard>) {
    let news: Vec<Happened> = heard
        .cursor
        .read(world.resource::<Messages<Happened>>())
        .cloned()
        .collect();
    let mut texts: Vec<Texts> = Vec::new();
    for happened in news {
        match happened {
            Happened::Message(message) => message_came(world, &mut heard.missed, &mut texts, &message),
            Happened::CallEnded {
                call,
                outcome: CallOutcome::Missed,
            } => {
                heard.missed = call_missed(world).then_some(call);
            }
            other => tell(world, other),
        }
    }
    for texts in texts {
        texts_came(world, texts);
    }
    ring(world, &mut heard.rung);
}

/// Nobody looks at the window now.
fn away(world: &mut World) -> bool {
    let mut windows = world.query_filtered::<&Window, With<PrimaryWindow>>();
    let focused = windows.single(world).is_ok_and(|window| window.focused);
    !focused || world.resource::<Hidden>().0
}

fn notify(world: &World, note: Note) {
    if world.resource::<Kept>().get().notifications {
        world.resource::<Notifier>().show(note);
    }
}

/// As a toast to who looks, as a notification to who does not.
fn say(world: &mut World, notice: Notice, channel: Option<ChannelId>, peer: Option<PeerId>) {
    if away(world) {
        let (title, body) = strings::notice(&notice);
        let urgent = false;
        notify(world, Note::Plain { title, body, urgent });
    }
    world.resource_mut::<Desk>().toast(notice, channel, peer);
}

/// Somebody wrote, or rang while nobody here could hear it. Texts of one frame are told together.
fn message_came(world: &mut World, missed: &mut Option<CallId>, texts: &mut Vec<Texts>, message: &MessageView) {
    let here = world.resource::<OpenChannel>().0 == Some(message.channel);
    if here && !away(world) {
        return;
    }
    let answered = match &message.content {
        MessageKind::Text { .. } => false,
        MessageKind::Call { outcome, .. } => *outcome != CallOutcome::Missed,
    };
    if here && !answered {
        let key = conversation_key(message.reference());
        world.resource_mut::<Desk>().came_unseen(key);
    }
    let (channel, author) = (message.channel, message.author);
    match &message.content {
        MessageKind::Text { text } => {
            let before = texts.iter().position(|texts| texts.channel == channel);
            let count = before.map_or(0, |at| texts.remove(at).count);
            texts.push(Texts {
                channel,
                author,
                name: name_of(world, author),
                last: Some(text.chars().take(SAMPLE_CHARS).collect()),
                count: count.saturating_add(1),
            });
        }
        MessageKind::Call { outcome, .. } => {
            let told = missed.take_if(|call| call.0 == message.id.0).is_some();
            if *outcome == CallOutcome::Missed && !told {
                let name = name_of(world, author);
                say(world, Notice::MissedCall { name }, Some(channel), Some(author));
            }
        }
    }
}

fn texts_came(world: &mut World, texts: Texts) {
    let here = world.resource::<OpenChannel>().0 == Some(texts.channel);
    if away(world) {
        // The desktop may keep what it is told, outside of everything that is encrypted.
        let says = world.resource::<Kept>().get().notification_text;
        let mut told = texts.clone();
        told.last = told.last.filter(|_| says);
        notify(world, Note::Texts(told));
    }
    if !here {
        world.resource_mut::<Desk>().toast_texts(texts);
    }
}

/// It rang here and nobody answered; says whether that was told.
fn call_missed(world: &mut World) -> bool {
    // A call that was not taken leaves nothing to read on the stage.
    let Some(ended) = world.resource_mut::<LastCall>().0.take() else {
        return false;
    };
    let caller = ended.view.caller;
    let name = name_of(world, caller);
    say(world, Notice::MissedCall { name }, Some(caller.into()), Some(caller));
    true
}

fn tell(world: &mut World, happened: Happened) {
    match happened {
        // Told above, each in its own way; of other calls the stage says how they ended.
        Happened::Message(_) | Happened::CallEnded { .. } => {}
        Happened::HistoryFailed { code } => {
            let mut desk = world.resource_mut::<Desk>();
            desk.jumping = None;
            desk.complain(error(code));
        }
        Happened::Request { peer, name } => {
            let notice = if world.resource::<Likeness>().doubt(peer, &name).is_some() {
                Notice::RequestLike { name }
            } else {
                Notice::Request { name }
            };
            say(world, notice, None, Some(peer));
        }
        Happened::Accepted { peer } => {
            let name = name_of(world, peer);
            say(world, Notice::Accepted { name }, Some(peer.into()), Some(peer));
        }
        Happened::RequestFailed { peer, name, code } => {
            let error = error(code);
            say(world, Notice::RequestFailed { name, error }, None, Some(peer));
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
        Told::ClockSkew { seconds } => {
            let mut desk = world.resource_mut::<Desk>();
            // A clock that was set right is nothing to say.
            desk.skew_s = Some(seconds).filter(|seconds| seconds.unsigned_abs() > CLOCK_SKEW_SAID.as_secs());
            desk.closed.retain(|code| code != "clock_skew");
        }
        Told::SessionHealed { peer } => {
            let name = name_of(world, peer);
            world
                .resource_mut::<Desk>()
                .toast(Notice::SessionHealed { name }, Some(peer.into()), Some(peer));
        }
        Told::BindingFailed { peer } => {
            world.resource_mut::<Desk>().unproven = Some(peer);
            let name = name_of(world, peer);
            say(world, Notice::BindingFailed { name }, None, Some(peer));
        }
        Told::VersionMismatch { peer } => {
            let name = name_of(world, peer);
            say(world, Notice::VersionMismatch { name }, None, Some(peer));
        }
        Told::AddressesShown { call, mut peers } => {
            let mut desk = world.resource_mut::<Desk>();
            // Who came in later does not make the others unseen.
            if let Some((known, before)) = desk.strangers.take()
                && known == call
            {
                peers.retain(|peer| !before.contains(peer));
                peers.splice(..0, before);
            }
            desk.strangers = Some((call, peers));
        }
        Told::RolledBack {} => world
            .resource_mut::<Desk>()
            .complain(orrery_ui::view::ErrorView::code("rolled_back")),
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
    if away(world) {
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
        let urgent = true;
        notify(world, Note::Plain { title, body, urgent });
    }
}
