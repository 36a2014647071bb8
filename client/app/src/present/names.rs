//! What people are called.

use bevy::prelude::*;
use orrery_ecs::index::Index;
use orrery_ecs::peer::Peer;
use orrery_ecs::profile::Profile;
use orrery_link::ContactView;
use orrery_protocol::PeerId;
use orrery_protocol::record::ContactState;
use orrery_ui::view::Presence;

/// What is known of a person.
pub(super) fn contact(world: &World, peer: PeerId) -> Option<&ContactView> {
    let entity = world.resource::<Index<PeerId>>().get(&peer)?;
    world.get::<Peer>(entity).map(|peer| &peer.0)
}

/// The name to show: one's own, a contact's, or the beginning of an id of which nothing else is known.
pub(crate) fn of(world: &World, peer: PeerId) -> String {
    if let Some(own) = world.resource::<Profile>().open()
        && own.peer == peer
    {
        return own.name.clone();
    }
    match contact(world, peer).map(ContactView::shown_name) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => peer.to_string().chars().take(8).collect(),
    }
}

/// What the dot says.
pub(super) fn presence(contact: &ContactView) -> Presence {
    match (contact.here, contact.last_seen_ms) {
        (true, _) => Presence::Here,
        (false, 0) => Presence::Unknown,
        (false, seen) => Presence::Gone {
            seen_ms: i64::try_from(seen).ok(),
        },
    }
}

/// Somebody one writes with and calls.
pub(super) fn is_contact(contact: &ContactView) -> bool {
    contact.state == ContactState::Contact
}
