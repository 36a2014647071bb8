//! What follows from the entities.

use bevy_ecs::{
    entity::Entity,
    lifecycle::RemovedComponents,
    query::{Changed, With},
    resource::Resource,
    system::{Query, Res, ResMut},
};
use orrery_protocol::{PeerId, record::ContactState};

use crate::{
    call::{Active, Call, Incoming, Outgoing},
    channel::Channel,
    index::Index,
    peer::{Peer, PeerKey},
};

/// Unread messages of contacts, and requests that wait for an answer. Who is blocked asks for none.
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

pub(crate) fn attention(
    mut attention: ResMut<'_, Attention>,
    changed: Query<'_, '_, (), Changed<Channel>>,
    changed_peers: Query<'_, '_, (), Changed<Peer>>,
    mut removed: RemovedComponents<'_, '_, PeerKey>,
    channels: Query<'_, '_, &Channel>,
    index: Res<'_, Index<PeerId>>,
    peers: Query<'_, '_, &Peer>,
) {
    let gone = removed.read().count() > 0;
    if changed.is_empty() && changed_peers.is_empty() && !gone {
        return;
    }
    let shown = |channel: &&Channel| {
        let peer = index.get(&PeerId::from(channel.0.channel));
        peer.and_then(|entity| peers.get(entity).ok())
            .is_some_and(|peer| peer.0.state == ContactState::Contact && !peer.0.blocked)
    };
    let now = Attention {
        unread: channels
            .iter()
            .filter(shown)
            .map(|channel| channel.0.unread)
            .fold(0, u32::saturating_add),
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
