//! The home screen: rail, people, own bar.

use bevy::prelude::*;
use orrery_ecs::call::{Active, Call};
use orrery_ecs::channel::{Channel, OpenChannel, Typing};
use orrery_ecs::derive::{Attention, CurrentCall};
use orrery_ecs::index::Index;
use orrery_ecs::peer::Peer;
use orrery_ecs::profile::{Profile, Server};
use orrery_link::{ChannelView, ProfileView, ServerPhase};
use orrery_protocol::record::{CallOutcome, ContactState, MessageKind};
use orrery_protocol::{ChannelId, PeerId};
use orrery_ui::strings;
use orrery_ui::view::{
    ChannelKey, Connection, ContactRow, ErrorView, HomeView, KeysView, LastLine, MainPane, MeView, PeerKey, RequestIn,
    RequestOut, RequestState, RunningCall,
};

use super::{add_contact, call, conversation, names, security, settings};
use crate::desk::{Desk, Pane, error};
use crate::keys::{OwnKeys, takes_key};
use crate::likeness::Likeness;
use crate::prefs::Kept;
use crate::reach::is_out_of_reach;
use crate::session::Session;

/// Characters of the last message that a line of the list may need.
const LINE_CHARS: usize = 120;

pub(super) fn view(world: &World, profile: &ProfileView) -> HomeView {
    let desk = world.resource::<Desk>();
    let likeness = world.resource::<Likeness>();
    let mut contacts = Vec::new();
    let (mut requests_in, mut requests_out) = (Vec::new(), Vec::new());
    for (peer, entity) in world.resource::<Index<PeerId>>().iter() {
        let Some(Peer(contact)) = world.get::<Peer>(entity) else {
            continue;
        };
        let key = PeerKey(peer.0);
        let at_ms = contact.asked_ms as i64;
        match contact.state {
            ContactState::Contact => contacts.push(row(world, *peer)),
            ContactState::RequestedByThem if !contact.blocked => {
                requests_in.push(RequestIn {
                    peer: key,
                    name: contact.shown_name().to_owned(),
                    doubt: likeness.doubt(*peer, contact.shown_name()),
                    at_ms,
                });
            }
            ContactState::RequestedByUs => requests_out.push(RequestOut {
                peer: key,
                name: contact.shown_name().to_owned(),
                at_ms,
                state: if contact.sending {
                    RequestState::Sending
                } else {
                    RequestState::Waiting
                },
            }),
            _ => {}
        }
    }
    // Who wrote last comes first; those nobody wrote with follow by name.
    contacts.sort_by(|a, b| {
        let at = |row: &ContactRow| row.last.as_ref().map_or(0, |last| last.at_ms);
        at(b)
            .cmp(&at(a))
            .then_with(|| a.name.to_lowercase().cmp(&b.name.to_lowercase()))
            .then_with(|| a.peer.cmp(&b.peer))
    });
    requests_in.sort_by_key(|request| (std::cmp::Reverse(request.at_ms), request.peer));
    requests_out.sort_by_key(|request| (std::cmp::Reverse(request.at_ms), request.peer));

    HomeView {
        me: MeView {
            peer: PeerKey(profile.peer.0),
            name: profile.name.clone(),
            connection: connection(world),
            muted: desk.muted,
            deafened: desk.deafened,
        },
        contacts,
        unread: world.resource::<Attention>().unread,
        requests_in,
        requests_out,
        main: main(world, desk, profile),
        call: running(world),
        welcome: welcome(world),
        keys: keys(world, desk, profile),
    }
}

/// One's own keys, and where they are heard.
fn keys(world: &World, desk: &Desk, profile: &ProfileView) -> KeysView {
    let set = desk.settings.as_ref().unwrap_or(&profile.settings);
    let current = world.resource::<CurrentCall>().own;
    let runs = current.is_some_and(|entity| world.get::<Active>(entity).is_some());
    let own = world.resource::<OwnKeys>();
    KeysView {
        talk: set.talk_key.clone(),
        mute: set.mute_key.clone(),
        deafen: set.deafen_key.clone(),
        talks: runs && takes_key(set.transmit),
        reach: own.reach,
        taken: own.taken.clone(),
    }
}

fn main(world: &World, desk: &Desk, profile: &ProfileView) -> MainPane {
    match desk.pane {
        Pane::Conversation => {
            let open = world.resource::<OpenChannel>().0;
            match open.and_then(|channel| conversation::view(world, channel)) {
                Some(view) => MainPane::Conversation(Box::new(view)),
                None => MainPane::Empty,
            }
        }
        Pane::Call => match call::view(world) {
            Some(view) => MainPane::Call(Box::new(view)),
            None => MainPane::Empty,
        },
        Pane::Settings => MainPane::Settings(Box::new(settings::view(world, profile))),
        Pane::Compare(peer) => MainPane::Compare(Box::new(security::compare(world, profile, peer))),
        Pane::AddContact => MainPane::AddContact(Box::new(add_contact::view(world))),
        Pane::Nothing => MainPane::Empty,
    }
}

pub(super) fn channel(world: &World, channel: ChannelId) -> Option<(Entity, &ChannelView)> {
    let entity = world.resource::<Index<ChannelId>>().get(&channel)?;
    world.get::<Channel>(entity).map(|channel| (entity, &channel.0))
}

fn row(world: &World, peer: PeerId) -> ContactRow {
    let contact = names::contact(world, peer);
    let found = channel(world, peer.into());
    let typing = world
        .resource::<Index<ChannelId>>()
        .get(&peer.into())
        .is_some_and(|e| world.get::<Typing>(e).is_some());
    let open = world.resource::<OpenChannel>().0 == Some(peer.into());
    ContactRow {
        channel: ChannelKey(peer.0),
        peer: PeerKey(peer.0),
        name: names::of(world, peer),
        presence: contact.map(names::presence).unwrap_or_default(),
        verified: contact.is_some_and(|contact| contact.verified),
        namesake: world.resource::<Likeness>().namesake(peer),
        blocked: contact.is_some_and(|contact| contact.blocked),
        last: found.and_then(|(_, channel)| last_line(channel, peer)),
        unread: found.map_or(0, |(_, channel)| channel.unread),
        typing,
        // The open conversation shows its draft itself.
        draft: !open && found.is_some_and(|(_, channel)| !channel.draft.is_empty()),
    }
}

fn last_line(channel: &ChannelView, peer: PeerId) -> Option<LastLine> {
    let last = channel.last.as_ref()?;
    let mine = last.author != peer;
    let text = match &last.content {
        _ if last.deleted => String::new(),
        MessageKind::Text { text } => text.chars().take(LINE_CHARS).collect(),
        MessageKind::Call { outcome, duration_ms } => call_words(*outcome, *duration_ms, mine),
    };
    // A call belongs to both: nobody said it.
    let mine = mine && matches!(last.content, MessageKind::Text { .. });
    Some(LastLine {
        text,
        mine,
        at_ms: last.sent_ms as i64,
        delivery: mine.then(|| conversation::delivery(last.delivery)),
    })
}

/// A call as the last line of a conversation, in the words of the history.
fn call_words(outcome: CallOutcome, duration_ms: u64, mine: bool) -> String {
    let seconds = duration_ms / 1000;
    match outcome {
        CallOutcome::Answered => {
            let time = format!("{}:{:02}", seconds / 60, seconds % 60);
            strings::text_with("note-held", &[("time", strings::Arg::Text(&time))])
        }
        CallOutcome::Missed => strings::text("note-missed").into_owned(),
        CallOutcome::Unanswered => strings::text("note-no-answer").into_owned(),
        CallOutcome::Declined => strings::text("note-declined").into_owned(),
        CallOutcome::Busy => strings::text("note-busy").into_owned(),
        CallOutcome::Cancelled if mine => strings::text("note-cancelled").into_owned(),
        CallOutcome::Cancelled => strings::text("note-missed").into_owned(),
        CallOutcome::Failed => strings::text("note-failed").into_owned(),
    }
}

pub(super) fn connection(world: &World) -> Connection {
    let gauges = &world.resource::<orrery_ecs::link::LatestGauges>().0;
    match world.resource::<Server>().0 {
        None | Some(ServerPhase::Connecting) => Connection::Connecting,
        Some(ServerPhase::Online) => Connection::Online {
            rtt_ms: Some(gauges.server_rtt_ms).filter(|rtt_ms| *rtt_ms > 0),
        },
        Some(ServerPhase::Offline { code, .. }) => Connection::Offline {
            retry_at_ms: world.resource::<Desk>().retry_at_ms,
            error: code.map_or_else(|| ErrorView::code("server_unreachable"), error),
        },
    }
}

fn running(world: &World) -> Option<RunningCall> {
    let entity = world.resource::<CurrentCall>().own?;
    let call = &world.get::<Call>(entity)?.0;
    Some(RunningCall {
        call: orrery_ui::view::CallKey(call.call.0),
        names: call
            .participants
            .iter()
            .map(|participant| participant.name.clone())
            .collect(),
        phase: call::phase(world, call),
    })
}

/// The contact offered after first start, as long as it is neither taken nor waved off, and can be reached.
fn welcome(world: &World) -> Option<String> {
    let invite = world.resource::<Session>().welcome()?;
    let own = world.resource::<Profile>().open()?;
    if is_out_of_reach(&invite.via, Some(&own.server)) {
        return None;
    }
    let known = names::contact(world, invite.peer).is_some_and(|contact| contact.state != ContactState::Removed);
    let seen = world.resource::<Kept>().get().welcome_seen;
    (!known && !seen).then(|| invite.name.clone())
}
