//! People.

use bevy_ecs::{component::Component, entity::Entity, query::With, world::World};
use orrery_link::{ContactView, Event};
use orrery_protocol::{PeerId, record::ContactState};

use crate::index::{Index, Key, enter, leave};

/// A person's stable id.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
#[component(immutable, on_insert = enter::<PeerKey>, on_discard = leave::<PeerKey>)]
pub struct PeerKey(pub PeerId);

impl Key for PeerKey {
    type Id = PeerId;
    fn id(&self) -> PeerId {
        self.0
    }
}

/// What we know of a person: request or contact, names, presence, direct connection.
#[derive(Component, Clone, Debug, PartialEq, Eq)]
pub struct Peer(pub ContactView);

/// The person is there, as far as it told.
#[derive(Component, Clone, Copy, Debug)]
pub struct Here;

pub(crate) fn on(world: &mut World, event: &Event) {
    match event {
        Event::ContactChanged { contact } => {
            let entity = match world.resource::<Index<PeerId>>().get(&contact.peer) {
                Some(entity) => entity,
                None => world.spawn(PeerKey(contact.peer)).id(),
            };
            let mut entity = world.entity_mut(entity);
            entity.insert(Peer(contact.clone()));
            if contact.here {
                entity.insert(Here);
            } else {
                entity.remove::<Here>();
            }
        }
        Event::ContactRemoved { peer } => {
            let Some(entity) = world.resource::<Index<PeerId>>().get(peer) else {
                return;
            };
            match world.get_mut::<Peer>(entity) {
                // Removed and still blocked: only who is known here can be unblocked.
                Some(mut known) if known.0.blocked => known.0.state = ContactState::Removed,
                _ => {
                    world.despawn(entity);
                }
            }
        }
        _ => {}
    }
}

/// Forgets everybody.
pub(crate) fn clear(world: &mut World) {
    let all: Vec<Entity> = world.query_filtered::<Entity, With<PeerKey>>().iter(world).collect();
    for entity in all {
        world.despawn(entity);
    }
}
