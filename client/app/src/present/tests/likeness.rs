//! Names that look like somebody else's.

use orrery_protocol::Token;
use orrery_protocol::invite::Invite;
use orrery_ui::view::{LinkCheck, NameDoubt};

use super::*;
use crate::likeness::Likeness;

const OTHER: PeerId = PeerId([8; 32]);
/// Rhea's name in letters that are not hers: of Cyrillic but for the first.
const HOMOGLYPHS: &str = "R\u{4bb}\u{435}\u{430}";

fn called(peer: PeerId, state: ContactState, name: &str) -> Event {
    known(ContactView {
        name: name.into(),
        ..contact(peer, state)
    })
}

fn known(contact: ContactView) -> Event {
    Event::ContactChanged { contact }
}

fn like(name: &str, verified: bool, blocked: bool) -> Option<NameDoubt> {
    Some(NameDoubt::Like {
        name: name.into(),
        verified,
        blocked,
    })
}

impl Bed {
    fn check(&mut self, peer: PeerId, name: &str) -> LinkCheck {
        let invite = Invite {
            peer,
            via: "ws://127.0.0.1:1".into(),
            name: name.into(),
            token: Token([3; 32]),
        };
        self.act(UiAction::OpenAddContact);
        self.act(UiAction::LinkEdited(invite.to_string()));
        match &self.home_view().main {
            MainPane::AddContact(view) => view.check.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn doubt(&mut self, name: &str) -> Option<NameDoubt> {
        match self.check(OTHER, name) {
            LinkCheck::Good { doubt, .. } => doubt,
            other => panic!("{other:?}"),
        }
    }

    fn requested(&self) -> Vec<Option<NameDoubt>> {
        let requests = &self.home_view().requests_in;
        requests.iter().map(|request| request.doubt.clone()).collect()
    }

    /// Whose rows carry an id, and who of them is doubtful.
    fn told_apart(&self) -> Vec<(u8, bool)> {
        let mut rows: Vec<_> = self
            .home_view()
            .contacts
            .iter()
            .filter_map(|row| row.namesake.as_ref().map(|who| (row.peer.0[0], who.doubtful)))
            .collect();
        rows.sort_unstable();
        rows
    }
}

#[test]
fn a_link_of_another_key_with_a_name_that_is_known_here_is_doubted() {
    let mut bed = Bed::home();
    assert_eq!(bed.doubt("Dione"), None);
    assert_eq!(bed.doubt("Rhea"), like("Rhea", false, false));
    assert_eq!(bed.doubt(HOMOGLYPHS), like("Rhea", false, false));
    let rhea = || contact(RHEA, ContactState::Contact);
    bed.tell([known(ContactView {
        verified: true,
        ..rhea()
    })]);
    assert_eq!(bed.doubt("rhea"), like("Rhea", true, false));
    // Under the name that one gave, and under the one they gave themselves.
    bed.tell([known(ContactView {
        alias: Some("Mum".into()),
        ..rhea()
    })]);
    assert_eq!(bed.doubt("MUM"), like("Mum", false, false));
    assert_eq!(bed.doubt("Rhea"), like("Mum (Rhea)", false, false));
    // Who was blocked, and removed after that, may come back with another key.
    bed.tell([
        known(ContactView {
            blocked: true,
            ..rhea()
        }),
        Event::ContactRemoved { peer: RHEA },
    ]);
    assert_eq!(bed.doubt("Rhea"), like("Rhea", false, true));
    // Somebody one has only asked is somebody one knows of.
    bed.tell([called(PeerId([4; 32]), ContactState::RequestedByUs, "Dione")]);
    assert_eq!(bed.doubt("Dione"), like("Dione", false, false));
}

#[test]
fn a_link_with_a_name_like_ones_own_is_doubted() {
    let mut bed = Bed::home();
    assert_eq!(bed.doubt("CaIIisto"), Some(NameDoubt::Yours));
    assert_eq!(bed.doubt("Callisto II"), None);
}

#[test]
fn a_link_that_calls_somebody_known_otherwise_says_whom_one_knows() {
    let mut bed = Bed::home();
    let detail = |check| match check {
        LinkCheck::Bad(error) => (error.code, error.detail),
        other => panic!("{other:?}"),
    };
    assert_eq!(detail(bed.check(RHEA, "rhea")), ("already_contact".into(), None));
    let known = Some("Rhea".to_owned());
    assert_eq!(detail(bed.check(RHEA, "Titan")), ("already_contact".into(), known));
    bed.tell([called(OTHER, ContactState::RequestedByThem, "Dione")]);
    let name = "Dione".to_owned();
    assert_eq!(bed.doubt("Enceladus"), Some(NameDoubt::Known { name }));
    assert_eq!(bed.doubt("Dione"), None);
    // Another's name weighs more than one of their own.
    assert_eq!(bed.doubt("Rhea"), like("Rhea", false, false));
}

#[test]
fn a_request_under_a_name_that_is_known_here_is_doubted_and_told_as_anothers() {
    let mut bed = Bed::home();
    bed.tell([called(OTHER, ContactState::RequestedByThem, "Dione")]);
    assert_eq!(bed.requested(), [None]);
    bed.tell([called(OTHER, ContactState::RequestedByThem, HOMOGLYPHS)]);
    assert_eq!(bed.requested(), [like("Rhea", false, false)]);
    // Nobody is doubted because somebody asks.
    assert!(bed.told_apart().is_empty());
    let requests = |name: &str| {
        [Event::RequestReceived {
            peer: OTHER,
            name: name.into(),
        }]
    };
    bed.tell(requests(HOMOGLYPHS));
    bed.tell(requests("Dione"));
    let (rhea, dione) = (HOMOGLYPHS.to_owned(), "Dione".to_owned());
    assert_eq!(
        bed.toasts(),
        [Notice::RequestLike { name: rhea }, Notice::Request { name: dione }]
    );
}

#[test]
fn contacts_who_look_alike_carry_their_ids_and_the_unverified_ones_a_mark() {
    let mut bed = Bed::home();
    assert!(bed.told_apart().is_empty());
    bed.tell([called(OTHER, ContactState::Contact, HOMOGLYPHS)]);
    assert_eq!(bed.told_apart(), [(2, true), (8, true)]);
    bed.tell([known(ContactView {
        verified: true,
        ..contact(RHEA, ContactState::Contact)
    })]);
    assert_eq!(bed.told_apart(), [(2, false), (8, true)]);
    let ids: Vec<_> = bed
        .home_view()
        .contacts
        .iter()
        .map(|row| row.namesake.clone())
        .collect();
    assert_ne!(ids[0].as_ref().unwrap().id, ids[1].as_ref().unwrap().id);
    bed.act(UiAction::OpenChannel(talk()));
    let id = RHEA.to_string()[..8].to_owned();
    assert_eq!(bed.talk_view().namesake.as_ref().map(|who| &who.id), Some(&id));
    // A name that one gave tells them apart as well.
    bed.tell([known(ContactView {
        name: HOMOGLYPHS.into(),
        alias: Some("Rhea from work".into()),
        ..contact(OTHER, ContactState::Contact)
    })]);
    assert!(bed.told_apart().is_empty() && bed.talk_view().namesake.is_none());
}

#[test]
fn a_contact_who_takes_a_name_like_anothers_is_told_of_once() {
    let mut bed = Bed::home();
    bed.tell([called(OTHER, ContactState::Contact, "Dione")]);
    bed.tell([called(OTHER, ContactState::Contact, "DIONE")]);
    assert!(bed.toasts().is_empty());
    bed.tell([called(OTHER, ContactState::Contact, HOMOGLYPHS)]);
    let told = Notice::LooksLike {
        was: "DIONE".into(),
        name: HOMOGLYPHS.into(),
        like: Some("Rhea".into()),
    };
    assert_eq!(bed.toasts(), [told]);
    assert_eq!(bed.told_apart(), [(2, true), (8, true)]);
    // Presence and the like are no news of a name; another writing of the same is none either.
    bed.tell([known(ContactView {
        name: "Rhea".into(),
        here: false,
        ..contact(OTHER, ContactState::Contact)
    })]);
    assert_eq!(bed.toasts().len(), 1);
    bed.tell([called(OTHER, ContactState::Contact, "Cal1isto")]);
    let last = bed.toasts().pop();
    assert!(matches!(&last, Some(Notice::LooksLike { like: None, .. })), "{last:?}");
    assert_eq!(bed.told_apart(), [(8, true)]);
}

#[test]
fn a_contact_with_a_name_that_one_gave_borrows_nobodys_by_a_new_one() {
    let mut bed = Bed::home();
    let aliased = |name: &str| {
        known(ContactView {
            name: name.into(),
            alias: Some("Gardener".into()),
            ..contact(OTHER, ContactState::Contact)
        })
    };
    bed.tell([aliased("Dione")]);
    bed.tell([aliased("Rhea")]);
    assert!(bed.toasts().is_empty() && bed.told_apart().is_empty());
}

#[test]
fn a_call_of_somebody_who_looks_like_another_contact_says_which_one_calls() {
    let mut bed = Bed::home();
    bed.tell([called(OTHER, ContactState::Contact, HOMOGLYPHS)]);
    bed.tell([Event::CallChanged {
        call: Running {
            caller: OTHER,
            channel: OTHER.into(),
            ..running(Stage::Incoming)
        },
    }]);
    let incoming = bed.app.world().resource::<Shown>().incoming.clone().expect("it rings");
    let who = incoming.namesake.expect("another looks the same");
    assert!(who.doubtful && OTHER.to_string().starts_with(&who.id));
}

#[test]
fn somebody_in_a_call_who_is_no_contact_is_told_apart_from_who_is() {
    let mut bed = Bed::home();
    let stranger = ParticipantView {
        peer: OTHER,
        name: HOMOGLYPHS.into(),
        contact: false,
        ..running(Stage::Active).participants.remove(0)
    };
    let mut call = running(Stage::Active);
    call.participants.push(stranger);
    bed.tell([Event::CallChanged { call: call.clone() }]);
    let namesake = |bed: &Bed, peer| bed.app.world().resource::<Likeness>().namesake(peer);
    assert!(namesake(&bed, OTHER).is_some_and(|who| who.doubtful));
    assert!(namesake(&bed, RHEA).is_some());
    call.participants.pop();
    bed.tell([Event::CallChanged { call }]);
    assert!(namesake(&bed, RHEA).is_none(), "they are gone");
}
