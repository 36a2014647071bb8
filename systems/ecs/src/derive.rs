//! What follows from the entities.

use bevy_ecs::{
    change_detection::DetectChanges,
    entity::Entity,
    lifecycle::RemovedComponents,
    query::{Changed, With},
    resource::Resource,
    system::{Query, Res, ResMut},
};
use orrery_protocol::{PeerId, record::ContactState};

use crate::{
    call::{Active, Call, InCall, Incoming, Outgoing, Participant, Speaking},
    channel::{Channel, OpenChannel},
    peer::{Peer, PeerKey},
};

/// Unread messages in all conversations, and requests that wait for an answer.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attention {
    /// Messages.
    pub unread: u32,
    /// Requests.
    pub requests: u32,
}

/// The call that matters now: the active one, else the one that rings there, else the one that rings here.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CurrentCall {
    /// Active or ringing there.
    pub own: Option<Entity>,
    /// Rings here.
    pub incoming: Option<Entity>,
}

/// Who speaks, the longest first.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq)]
pub struct SpeakingOrder(pub Vec<PeerId>);

pub(crate) fn attention(
    mut attention: ResMut<'_, Attention>,
    changed: Query<'_, '_, (), Changed<Channel>>,
    changed_peers: Query<'_, '_, (), Changed<Peer>>,
    mut removed: RemovedComponents<'_, '_, PeerKey>,
    open: Res<'_, OpenChannel>,
    channels: Query<'_, '_, &Channel>,
    peers: Query<'_, '_, &Peer>,
) {
    let gone = removed.read().count() > 0;
    if changed.is_empty() && changed_peers.is_empty() && !gone && !open.is_changed() {
        return;
    }
    let blocked = |channel: &Channel| {
        peers
            .iter()
            .any(|peer| peer.0.blocked && peer.0.peer == PeerId::from(channel.0.channel))
    };
    let now = Attention {
        unread: channels
            .iter()
            .filter(|channel| !blocked(channel))
            .map(|channel| channel.0.unread)
            .sum(),
        requests: peers
            .iter()
            .filter(|peer| peer.0.state == ContactState::RequestedByThem && !peer.0.blocked)
            .count() as u32,
    };
    if *attention != now {
        *attention = now;
    }
}

pub(crate) fn current_call(
    mut current: ResMut<'_, CurrentCall>,
    active: Query<'_, '_, Entity, (With<Call>, With<Active>)>,
    outgoing: Query<'_, '_, Entity, (With<Call>, With<Outgoing>)>,
    incoming: Query<'_, '_, Entity, (With<Call>, With<Incoming>)>,
) {
    let now = CurrentCall {
        own: active.iter().next().or_else(|| outgoing.iter().next()),
        incoming: incoming.iter().next(),
    };
    if *current != now {
        *current = now;
    }
}

pub(crate) fn speaking_order(
    mut order: ResMut<'_, SpeakingOrder>,
    speaking: Query<'_, '_, &Participant, (With<InCall>, With<Speaking>)>,
) {
    let speaks = |peer: &PeerId| speaking.iter().any(|participant| participant.0.peer == *peer);
    let fresh = |order: &SpeakingOrder| {
        speaking
            .iter()
            .map(|participant| participant.0.peer)
            .filter(|peer| !order.0.contains(peer))
            .collect::<Vec<_>>()
    };
    if order.0.iter().all(speaks) && fresh(&order).is_empty() {
        return;
    }
    let added = fresh(&order);
    order.0.retain(speaks);
    order.0.extend(added);
}
