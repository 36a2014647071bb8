use orrery_ecs::{
    derive::Attention,
    index::Index,
    peer::{Here, Peer},
};
use orrery_link::Event;
use orrery_protocol::{PeerId, record::ContactState};

use crate::bed::{Bed, contact, peer};

#[test]
fn a_peer_is_one_entity_however_often_it_changes() {
    let mut bed = Bed::new();
    let mut rhea = contact(1, ContactState::Contact);
    bed.tell([
        Event::ContactChanged { contact: rhea.clone() },
        Event::ContactChanged { contact: rhea.clone() },
    ]);
    let entity = bed.resource::<Index<PeerId>>().get(&peer(1)).unwrap();
    rhea.here = true;
    bed.tell([Event::ContactChanged { contact: rhea.clone() }]);
    assert_eq!(bed.resource::<Index<PeerId>>().get(&peer(1)), Some(entity));
    assert_eq!(bed.resource::<Index<PeerId>>().len(), 1);
    assert!(bed.app.world().get::<Here>(entity).is_some());
    rhea.here = false;
    bed.tell([Event::ContactChanged { contact: rhea.clone() }]);
    assert!(bed.app.world().get::<Here>(entity).is_none());
    assert_eq!(bed.app.world().get::<Peer>(entity).unwrap().0, rhea);
}

#[test]
fn a_peer_that_is_removed_leaves_the_index() {
    let mut bed = Bed::new();
    bed.tell([Event::ContactChanged {
        contact: contact(1, ContactState::RequestedByThem),
    }]);
    assert_eq!(bed.resource::<Attention>().requests, 1);
    bed.tell([Event::ContactRemoved { peer: peer(1) }]);
    assert!(bed.resource::<Index<PeerId>>().is_empty());
    assert_eq!(bed.resource::<Attention>().requests, 0);
}

#[test]
fn facts_of_one_frame_apply_in_their_order() {
    let mut bed = Bed::new();
    bed.tell([
        Event::ContactChanged {
            contact: contact(1, ContactState::Contact),
        },
        Event::ContactRemoved { peer: peer(1) },
        Event::ContactChanged {
            contact: contact(1, ContactState::RequestedByThem),
        },
    ]);
    let entity = bed.resource::<Index<PeerId>>().get(&peer(1)).unwrap();
    assert_eq!(
        bed.app.world().get::<Peer>(entity).unwrap().0.state,
        ContactState::RequestedByThem
    );
}
