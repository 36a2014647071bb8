//! People: the list, requests, contacts, links.

use orrery_protocol::Token;
use orrery_protocol::invite::Invite;
use orrery_ui::view::{LinkCheck, PeerKey, RequestState};

use super::*;

const DIONE: PeerId = PeerId([3; 32]);

fn dione() -> PeerKey {
    PeerKey(DIONE.0)
}

fn rhea() -> PeerKey {
    PeerKey(RHEA.0)
}

fn asked(state: ContactState, asked_ms: u64, sending: bool) -> Event {
    Event::ContactChanged {
        contact: ContactView {
            asked_ms,
            sending,
            ..contact(DIONE, state)
        },
    }
}

#[test]
fn requests_and_contacts_stand_where_they_belong() {
    let mut bed = Bed::home();
    bed.tell([
        Event::ContactChanged {
            contact: contact(PeerId([3; 32]), ContactState::RequestedByThem),
        },
        Event::ContactChanged {
            contact: contact(PeerId([4; 32]), ContactState::RequestedByUs),
        },
        Event::ContactChanged {
            contact: contact(PeerId([5; 32]), ContactState::Removed),
        },
    ]);
    let home = bed.home_view();
    assert_eq!(
        (home.contacts.len(), home.requests_in.len(), home.requests_out.len()),
        (1, 1, 1)
    );
    assert_eq!(home.me.name, "Callisto");
}

#[test]
fn who_wrote_last_stands_first() {
    let mut bed = Bed::home();
    let late = PeerId([7; 32]);
    let line = |peer: PeerId, at: u64| Event::ChannelChanged {
        channel: ChannelView {
            channel: peer.into(),
            unread: 0,
            first_unread: None,
            last: Some(Message {
                channel: peer.into(),
                ..message(peer, at, "x")
            }),
            draft: String::new(),
        },
    };
    bed.tell([
        Event::ContactChanged {
            contact: contact(late, ContactState::Contact),
        },
        line(RHEA, 5),
        line(late, 9),
    ]);
    let order: Vec<_> = bed.home_view().contacts.iter().map(|row| row.peer.0[0]).collect();
    assert_eq!(order, [7, 2]);
}

#[test]
fn a_link_is_looked_at_before_it_can_be_sent() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenAddContact);
    let link = |peer| Invite {
        peer,
        via: "ws://127.0.0.1:1".into(),
        name: "Dione".into(),
        token: Token([3; 32]),
    };
    let mut check = |text: String| {
        bed.act(UiAction::LinkEdited(text));
        let MainPane::AddContact(view) = &bed.home_view().main else {
            panic!("no pane")
        };
        view.check.clone()
    };
    let code = |check: LinkCheck| match check {
        LinkCheck::Bad(error) => error.code,
        other => format!("{other:?}"),
    };
    assert_eq!(check(String::new()), LinkCheck::Empty);
    assert_eq!(code(check("garbage".into())), "bad_link");
    assert_eq!(code(check(link(ME).to_string())), "own_link");
    assert_eq!(code(check(link(RHEA).to_string())), "already_contact");
    assert!(matches!(check(link(PeerId([8; 32])).to_string()), LinkCheck::Good { name, .. } if name == "Dione"));
}

#[test]
fn a_link_to_a_server_on_this_computer_is_told_where_it_does_not_work() {
    let mut bed = Bed::home();
    let moved = |server: &str| Event::ProfileChanged {
        profile: ProfilePhase::Open(ProfileView {
            server: server.into(),
            ..profile()
        }),
    };
    let link = |via: &str| {
        let invite = Invite {
            peer: DIONE,
            via: via.into(),
            name: "Dione".into(),
            token: Token([3; 32]),
        };
        invite.to_string()
    };
    let adding = |bed: &Bed| match &bed.home_view().main {
        MainPane::AddContact(view) => (view.own_here, view.check.clone()),
        other => panic!("{other:?}"),
    };
    bed.act(UiAction::OpenAddContact);
    bed.act(UiAction::LinkEdited(link("ws://127.0.0.1:1")));
    let (own_here, check) = adding(&bed);
    assert!(own_here && matches!(check, LinkCheck::Good { .. }), "{check:?}");

    bed.tell([moved("wss://talk.example.org")]);
    bed.act(UiAction::LinkEdited(link("ws://127.0.0.1:1")));
    let elsewhere = LinkCheck::Bad(orrery_ui::view::ErrorView::code("link_elsewhere"));
    assert_eq!(adding(&bed), (false, elsewhere));
    bed.act(UiAction::LinkEdited(link("wss://moons.example.org")));
    assert!(matches!(adding(&bed).1, LinkCheck::Good { .. }));
}

#[test]
fn a_request_says_when_it_was_made_and_whether_it_has_left() {
    let mut bed = Bed::home();
    bed.tell([asked(ContactState::RequestedByUs, 70_000, true)]);
    let request = bed.home_view().requests_out[0].clone();
    assert_eq!((request.at_ms, request.state), (70_000, RequestState::Sending));
    bed.tell([asked(ContactState::RequestedByUs, 70_000, false)]);
    assert_eq!(bed.home_view().requests_out[0].state, RequestState::Waiting);
    bed.tell([asked(ContactState::RequestedByThem, 80_000, false)]);
    assert_eq!(bed.home_view().requests_in[0].at_ms, 80_000);
}

#[test]
fn a_request_is_accepted_declined_or_taken_back() {
    let mut bed = Bed::home();
    bed.tell([asked(ContactState::RequestedByThem, 1, false)]);
    let sent = bed.act(UiAction::AcceptRequest(dione()));
    assert_eq!(sent, [Command::AcceptRequest { peer: DIONE }]);
    let sent = bed.act(UiAction::DeclineRequest(dione()));
    assert_eq!(sent, [Command::DeclineRequest { peer: DIONE }]);
    bed.tell([asked(ContactState::RequestedByUs, 1, false)]);
    let sent = bed.act(UiAction::CancelRequest(dione()));
    assert_eq!(sent, [Command::CancelRequest { peer: DIONE }]);
    bed.tell([Event::ContactRemoved { peer: DIONE }]);
    let home = bed.home_view();
    assert!(home.requests_in.is_empty() && home.requests_out.is_empty());
}

#[test]
fn a_contact_is_renamed_and_gets_its_own_name_back() {
    let mut bed = Bed::home();
    let rename = |name: &str| UiAction::RenameContact {
        peer: rhea(),
        name: name.into(),
    };
    let alias = Some("Ria".to_owned());
    let sent = bed.act(rename("Ria"));
    assert_eq!(
        sent,
        [Command::RenameContact {
            peer: RHEA,
            alias: alias.clone()
        }]
    );
    bed.tell([Event::ContactChanged {
        contact: ContactView {
            alias,
            ..contact(RHEA, ContactState::Contact)
        },
    }]);
    assert_eq!(bed.home_view().contacts[0].name, "Ria");
    let sent = bed.act(rename(""));
    assert_eq!(
        sent,
        [Command::RenameContact {
            peer: RHEA,
            alias: None
        }]
    );
}

#[test]
fn who_is_blocked_stays_in_the_list_and_cannot_be_written_to() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenChannel(talk()));
    let sent = bed.act(UiAction::BlockContact(rhea()));
    assert_eq!(sent, [Command::BlockContact { peer: RHEA }]);
    bed.tell([Event::ContactChanged {
        contact: ContactView {
            blocked: true,
            ..contact(RHEA, ContactState::Contact)
        },
    }]);
    assert!(bed.home_view().contacts[0].blocked && bed.talk_view().blocked);
    let sent = bed.act(UiAction::UnblockContact(rhea()));
    assert_eq!(sent, [Command::UnblockContact { peer: RHEA }]);
}

#[test]
fn removing_who_is_open_leaves_the_conversation() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenChannel(talk()));
    let sent = bed.act(UiAction::RemoveContact(rhea()));
    assert!(sent.contains(&Command::RemoveContact { peer: RHEA }), "{sent:?}");
    assert!(
        sent.contains(&Command::CloseChannel { channel: RHEA.into() }),
        "{sent:?}"
    );
    bed.tell([Event::ContactRemoved { peer: RHEA }]);
    let home = bed.home_view();
    assert!(home.contacts.is_empty() && home.main == MainPane::Empty);
}

#[test]
fn ones_own_link_is_made_when_it_is_shown_and_anew_when_it_says_what_is_no_more() {
    let mut bed = Bed::home();
    let shown = |bed: &Bed| {
        let MainPane::AddContact(view) = &bed.home_view().main else {
            panic!("no pane")
        };
        view.own_link.clone()
    };
    let made = |link: &str| Event::InviteCreated {
        reference: None,
        link: link.into(),
    };
    assert_eq!(bed.act(UiAction::OpenAddContact), [Command::CreateInvite {}]);
    bed.tell([made("orrery:one")]);
    assert_eq!(shown(&bed), "orrery:one");
    bed.act(UiAction::OpenSettings);
    bed.tell([Event::ProfileChanged {
        profile: ProfilePhase::Open(ProfileView {
            server: "ws://127.0.0.1:2".into(),
            ..profile()
        }),
    }]);
    bed.commands();
    assert_eq!(bed.act(UiAction::OpenAddContact), [Command::CreateInvite {}]);
    bed.tell([made("orrery:two")]);
    // The answer to a change of name may come when the pane is open already.
    bed.tell([Event::ProfileChanged {
        profile: ProfilePhase::Open(profile()),
    }]);
    assert_eq!(shown(&bed), "");
    assert_eq!(bed.commands(), [Command::CreateInvite {}]);
}

#[test]
fn a_new_link_revokes_the_old_one_first() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenAddContact);
    bed.tell([Event::InviteCreated {
        reference: None,
        link: "orrery:one".into(),
    }]);
    let sent = bed.act(UiAction::NewLink);
    assert_eq!(sent, [Command::RevokeInvites {}, Command::CreateInvite {}]);
    let MainPane::AddContact(view) = &bed.home_view().main else {
        panic!("no pane")
    };
    assert_eq!(view.own_link, "", "nobody is to copy it any more");
}
