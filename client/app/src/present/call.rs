//! The call in the main pane.

use bevy::prelude::*;
use orrery_ecs::call::{Call, LastCall};
use orrery_ecs::derive::CurrentCall;
use orrery_ecs::index::Index;
use orrery_ecs::peer::Peer;
use orrery_ecs::profile::{Profile, SoundDevices};
use orrery_link::{CallPhase as Stage, CallView as Running, ParticipantPhase, TransmitMode};
use orrery_protocol::PeerId;
use orrery_protocol::record::CallOutcome;
use orrery_ui::view::{
    CallKey, CallPhase, CallView, ChannelKey, ContactPick, EndReason, ErrorView, PeerKey, Stranger, TalkKeyView,
};

use super::names;
use crate::desk::{Desk, error};
use crate::keys::{settings, takes_key};
use crate::likeness::Likeness;

pub(super) fn view(world: &World) -> Option<CallView> {
    let current = world
        .resource::<CurrentCall>()
        .own
        .and_then(|entity| world.get::<Call>(entity));
    match current {
        Some(call) => Some(filled(world, &call.0, phase(world, &call.0), true)),
        None => ended(world),
    }
}

fn filled(world: &World, call: &Running, phase: CallPhase, runs: bool) -> CallView {
    let desk = world.resource::<Desk>();
    let devices = world.resource::<SoundDevices>();
    // Of nobody nothing is verified.
    let all_verified = !call.participants.is_empty()
        && call
            .participants
            .iter()
            .all(|participant| names::contact(world, participant.peer).is_some_and(|contact| contact.verified));
    let strangers = match &desk.strangers {
        Some((id, peers)) if *id == call.call => peers.iter().map(|peer| stranger(world, call, *peer)).collect(),
        _ => Vec::new(),
    };
    let trouble = super::sound_problems(devices).into_iter().flatten().map(error);
    CallView {
        call: CallKey(call.call.0),
        phase,
        names: call
            .participants
            .iter()
            .map(|participant| participant.name.clone())
            .collect(),
        all_verified,
        muted: call.muted,
        deafened: call.deafened,
        addable: if runs && call.phase == Stage::Active {
            addable(world, call)
        } else {
            Vec::new()
        },
        strangers,
        trouble: if runs { trouble.collect() } else { Vec::new() },
        talk: if runs && call.phase == Stage::Active {
            talk(world)
        } else {
            None
        },
        channel: Some(ChannelKey(call.channel.0)),
    }
}

/// The talk key, where it means something.
fn talk(world: &World) -> Option<TalkKeyView> {
    let set = settings(world.resource::<Desk>(), world.resource::<Profile>())?;
    takes_key(set.transmit).then(|| TalkKeyView {
        mutes: set.transmit == TransmitMode::PushToMute,
        key: set.talk_key.clone(),
    })
}

/// Somebody who is no contact is known by the name that the call gives.
fn stranger(world: &World, call: &Running, peer: PeerId) -> Stranger {
    let given = call.participants.iter().find(|participant| participant.peer == peer);
    Stranger {
        peer: PeerKey(peer.0),
        name: given.map_or_else(|| names::of(world, peer), |participant| participant.name.clone()),
    }
}

/// How far a running call is.
pub(super) fn phase(world: &World, call: &Running) -> CallPhase {
    let desk = world.resource::<Desk>();
    match call.phase {
        Stage::Incoming | Stage::Outgoing => CallPhase::RingingOut {
            since_ms: desk
                .ringing_out
                .filter(|(id, _)| *id == call.call)
                .map_or_else(super::unix_ms, |(_, at)| at),
        },
        Stage::Active => {
            let somebody = call.participants.iter().any(|p| p.phase == ParticipantPhase::Connected);
            if call.active_since_ms == 0 || !somebody {
                CallPhase::Connecting
            } else {
                CallPhase::Active {
                    since_ms: call.active_since_ms as i64,
                }
            }
        }
    }
}

fn addable(world: &World, call: &Running) -> Vec<ContactPick> {
    let mut picks: Vec<ContactPick> = world
        .resource::<Index<PeerId>>()
        .iter()
        .filter_map(|(peer, entity)| world.get::<Peer>(entity).map(|contact| (peer, &contact.0)))
        .filter(|(peer, contact)| {
            names::is_contact(contact) && !contact.blocked && !call.participants.iter().any(|p| p.peer == **peer)
        })
        .map(|(peer, contact)| ContactPick {
            peer: PeerKey(peer.0),
            name: contact.shown_name().to_owned(),
            presence: names::presence(contact),
            namesake: world.resource::<Likeness>().namesake(*peer),
        })
        .collect();
    picks.sort_by(|a, b| {
        a.name
            .to_lowercase()
            .cmp(&b.name.to_lowercase())
            .then_with(|| a.peer.cmp(&b.peer))
    });
    picks
}

/// Why a call could not be held: a connection that could not be proven is no firewall.
fn why(world: &World, call: &Running) -> ErrorView {
    let takes_part = |peer: &PeerId| {
        let channel = PeerId::from(call.channel);
        *peer == channel || call.participants.iter().any(|participant| participant.peer == *peer)
    };
    match world.resource::<Desk>().unproven.filter(takes_part) {
        Some(peer) => ErrorView {
            code: "binding_failed".into(),
            detail: Some(orrery_ui::clean_name(&names::of(world, peer))),
        },
        None => ErrorView::code("call_failed"),
    }
}

fn ended(world: &World) -> Option<CallView> {
    let last = world.resource::<LastCall>().0.as_ref()?;
    let desk = world.resource::<Desk>();
    let by_us = desk.left == Some(last.view.call);
    let reason = match last.outcome {
        CallOutcome::Answered if by_us => EndReason::Left,
        CallOutcome::Answered => EndReason::TheyLeft,
        CallOutcome::Declined => EndReason::Declined,
        CallOutcome::Busy => EndReason::Busy,
        CallOutcome::Unanswered | CallOutcome::Missed => EndReason::NoAnswer,
        CallOutcome::Cancelled => EndReason::Cancelled,
        CallOutcome::Failed => EndReason::Failed(why(world, &last.view)),
    };
    let seconds = u32::try_from(last.duration_ms / 1000).unwrap_or(u32::MAX);
    Some(filled(world, &last.view, CallPhase::Ended { reason, seconds }, false))
}
