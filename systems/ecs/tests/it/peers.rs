use orrery_ecs::{
    derive::Attention,
    index::Index,
    peer::{Here, Peer},
    profile::OwnInvite,
};
use orrery_link::{ChannelView, Event, ProfilePhase, ProfileView, Settings};
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

#[test]
fn attention_is_asked_for_by_contacts_and_not_by_who_is_blocked_or_gone() {
    let mut bed = Bed::new();
    let line = |n: u8, unread| Event::ChannelChanged {
        channel: ChannelView {
            channel: peer(n).into(),
            unread,
            first_unread: None,
            last: None,
            draft: String::new(),
        },
    };
    let blocked = orrery_link::ContactView {
        blocked: true,
        ..contact(2, ContactState::Contact)
    };
    bed.tell([
        Event::ContactChanged {
            contact: contact(1, ContactState::Contact),
        },
        Event::ContactChanged { contact: blocked },
        Event::ContactChanged {
            contact: contact(3, ContactState::Contact),
        },
        line(1, 2),
        line(2, 40),
        line(3, 7),
    ]);
    assert_eq!(bed.resource::<Attention>().unread, 9);
    bed.tell([Event::ContactRemoved { peer: peer(3) }]);
    assert_eq!(bed.resource::<Attention>().unread, 2);
}

#[test]
fn a_link_made_under_another_name_or_server_is_forgotten() {
    let mut bed = Bed::new();
    let open = |name: &str, server: &str| Event::ProfileChanged {
        profile: ProfilePhase::Open(ProfileView {
            peer: peer(9),
            name: name.into(),
            server: server.into(),
            folder: String::new(),
            log_folder: String::new(),
            remembered: false,
            recovery: false,
            settings: Settings::default(),
        }),
    };
    let made = || Event::InviteCreated {
        reference: None,
        link: "orrery:".into(),
    };
    bed.tell([open("Io", "ws://a"), made(), open("Io", "ws://a")]);
    assert!(bed.resource::<OwnInvite>().0.is_some(), "nothing in it has changed");
    bed.tell([open("Io", "ws://b")]);
    assert_eq!(bed.resource::<OwnInvite>().0, None);
    bed.tell([made(), open("Europa", "ws://b")]);
    assert_eq!(bed.resource::<OwnInvite>().0, None);
}

#[test]
fn a_removed_peer_that_is_still_blocked_stays_known_until_it_is_unblocked() {
    let mut bed = Bed::new();
    let mut blocked = contact(1, ContactState::Contact);
    blocked.blocked = true;
    bed.tell([
        Event::ContactChanged {
            contact: blocked.clone(),
        },
        Event::ContactRemoved { peer: peer(1) },
    ]);
    let entity = bed.resource::<Index<PeerId>>().get(&peer(1)).unwrap();
    let known = &bed.app.world().get::<Peer>(entity).unwrap().0;
    assert_eq!((known.state, known.blocked), (ContactState::Removed, true));
}
