//! Asking, accepting, declining.

use orrery_core::{Act, CoreError, Fact, Refusal};
use orrery_protocol::{Token, record::ContactState};

use crate::sim::{SERVER, World};

/// Our request was refused: the link is worth nothing any more.
pub(crate) fn not_accepted(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::RequestFailed {
            reason: Refusal::NotAccepted,
            ..
        }
    )
}

#[test]
fn a_request_that_is_accepted_makes_contacts_on_both_sides() {
    let mut w = World::new(1, 2);
    w.ask(0, 1);
    assert_eq!(w.state(0, 1), Some(ContactState::RequestedByUs));
    w.run_for(1000);
    assert_eq!(w.state(1, 0), Some(ContactState::RequestedByThem));
    assert_eq!(w.contact(1, 0).unwrap().name, w.nodes[0].core.as_ref().unwrap().name());
    assert_eq!(w.count(1, |fact| matches!(fact, Fact::RequestReceived { .. })), 1);
    let asker = w.id(0);
    w.act(1, Act::AcceptRequest(asker)).unwrap();
    w.run_for(1000);
    assert_eq!(w.state(0, 1), Some(ContactState::Contact));
    assert_eq!(w.state(1, 0), Some(ContactState::Contact));
    assert_eq!(w.count(0, |fact| matches!(fact, Fact::RequestAccepted { .. })), 1);
    let row = w.contact(0, 1).unwrap();
    assert!(!row.token_is_request, "the delivery token replaced the request token");
    assert_eq!(row.via, SERVER);
}

#[test]
fn a_request_waits_for_who_is_away() {
    let mut w = World::new(2, 2);
    let invite = w.invite(1);
    w.run_for(100);
    w.kill(1);
    w.act(0, Act::AddContact(invite)).unwrap();
    w.run_for(60_000);
    w.start(1);
    w.connect(1);
    w.run_for(1000);
    assert_eq!(w.state(1, 0), Some(ContactState::RequestedByThem));
}

#[test]
fn a_request_says_when_it_has_left_this_computer() {
    let mut w = World::new(21, 2);
    let invite = w.invite(1);
    w.run_for(100);
    w.disconnect(0);
    w.act(0, Act::AddContact(invite)).unwrap();
    let states = |w: &World| -> Vec<bool> {
        let told = w.nodes[0].facts.iter();
        told.filter_map(|fact| match fact {
            Fact::Contact { sending, .. } => Some(*sending),
            _ => None,
        })
        .collect()
    };
    assert_eq!(states(&w), [true]);
    w.connect(0);
    w.run_for(5000);
    assert_eq!(states(&w).last(), Some(&false));
}

#[test]
fn two_requests_that_cross_make_contacts_without_anybody_accepting() {
    let mut w = World::new(3, 2);
    let (to_1, to_0) = (w.invite(1), w.invite(0));
    w.run_for(50);
    w.act(0, Act::AddContact(to_1)).unwrap();
    w.act(1, Act::AddContact(to_0)).unwrap();
    w.run_for(3000);
    assert_eq!(w.state(0, 1), Some(ContactState::Contact));
    assert_eq!(w.state(1, 0), Some(ContactState::Contact));
    for node in 0..2 {
        assert_eq!(w.count(node, |fact| matches!(fact, Fact::RequestAccepted { .. })), 1);
        assert_eq!(w.count(node, |fact| matches!(fact, Fact::RequestReceived { .. })), 0);
    }
    w.send(0, 1, "hello");
    w.send(1, 0, "hello too");
    w.run_for(3000);
    w.assert_same(0, 1);
    assert_eq!(w.texts(0, 1).len(), 2);
}

#[test]
fn asking_somebody_who_has_asked_is_an_answer() {
    let mut w = World::new(4, 2);
    w.ask(0, 1);
    w.run_for(1000);
    let invite = w.invite(0);
    w.act(1, Act::AddContact(invite)).unwrap();
    w.run_for(1000);
    assert_eq!(w.state(0, 1), Some(ContactState::Contact));
    assert_eq!(w.state(1, 0), Some(ContactState::Contact));
}

#[test]
fn declining_is_silent() {
    let mut w = World::new(5, 2);
    w.ask(0, 1);
    w.run_for(1000);
    let before = w.servers[0].seen.len();
    let asker = w.id(0);
    w.act(1, Act::DeclineRequest(asker)).unwrap();
    w.run_for(60_000);
    assert_eq!(w.servers[0].seen.len(), before, "nothing was sent");
    assert_eq!(w.state(0, 1), Some(ContactState::RequestedByUs));
    assert_eq!(w.state(1, 0), Some(ContactState::Removed));
    // The same envelope again, from a server that wants to annoy.
    let envelope = w.servers[0]
        .seen
        .iter()
        .find(|(to, _)| *to == w.nodes[1].id)
        .unwrap()
        .1
        .clone();
    w.feed(1, orrery_core::Input::Delivered { id: Some(99), envelope });
    assert_eq!(w.state(1, 0), Some(ContactState::Removed));
    assert_eq!(w.count(1, |fact| matches!(fact, Fact::RequestReceived { .. })), 1);
}

#[test]
fn a_request_taken_back_is_not_answered() {
    let mut w = World::new(6, 2);
    w.ask(0, 1);
    w.run_for(1000);
    let (a, b) = (w.id(0), w.id(1));
    w.act(0, Act::CancelRequest(b)).unwrap();
    w.act(1, Act::AcceptRequest(a)).unwrap();
    w.run_for(3000);
    assert_eq!(w.state(0, 1), Some(ContactState::Removed));
    // The one who accepted writes into the void; asking again heals it.
    w.send(1, 0, "are you there?");
    w.run_for(3000);
    assert!(w.texts(0, 1).is_empty());
    w.ask(0, 1);
    w.run_for(3000);
    assert_eq!(w.state(0, 1), Some(ContactState::Contact));
    w.send(0, 1, "yes");
    w.send(1, 0, "good");
    w.run_for(60_000);
    assert!(w.texts(0, 1).contains(&"good".to_owned()));
    assert!(w.texts(1, 0).contains(&"yes".to_owned()));
}

#[test]
fn a_revoked_link_says_so() {
    let mut w = World::new(7, 2);
    let invite = w.invite(1);
    w.act(1, Act::RevokeInvites).unwrap();
    w.run_for(100);
    w.act(0, Act::AddContact(invite.clone())).unwrap();
    w.run_for(1000);
    assert_eq!(w.count(0, not_accepted), 1);
    assert_eq!(w.state(0, 1), Some(ContactState::Removed));
    let fresh = w.invite(1);
    assert_ne!(fresh.token, invite.token);
    w.run_for(100);
    w.act(0, Act::AddContact(fresh)).unwrap();
    w.run_for(1000);
    assert_eq!(w.state(1, 0), Some(ContactState::RequestedByThem));
}

#[test]
fn a_link_is_given_out_again_until_it_is_revoked() {
    let mut w = World::new(8, 1);
    let first = w.invite(0);
    assert_eq!(w.invite(0).token, first.token);
    w.restart(0);
    assert_eq!(w.invite(0).token, first.token);
}

#[test]
fn links_that_lead_nowhere_are_refused_at_once() {
    let mut w = World::friends(9, 2);
    let mut own = w.invite(0);
    assert_eq!(
        w.act(0, Act::AddContact(own.clone())),
        Err(CoreError::Refused(Refusal::OwnLink))
    );
    let contact = w.invite(1);
    assert_eq!(
        w.act(0, Act::AddContact(contact)),
        Err(CoreError::Refused(Refusal::AlreadyContact))
    );
    // No key at all.
    own.peer.0 = [0; 32];
    assert_eq!(
        w.act(0, Act::AddContact(own.clone())),
        Err(CoreError::Refused(Refusal::NotAccepted))
    );
    own.token = Token([0; 32]);
}

#[test]
fn wrong_prekeys_end_a_request() {
    let mut w = World::new(10, 3);
    let invite = w.invite(1);
    w.run_for(100);
    // The server gives the keys of somebody else.
    let theirs = w.invite(2);
    w.run_for(100);
    let token = orrery_protocol::frame::DepositToken::Request(theirs.token);
    let mut forged = w.hand_out(SERVER, &theirs.peer, &token).unwrap();
    forged.peer = invite.peer;
    w.servers[0].forged.insert(invite.peer, forged);
    w.act(0, Act::AddContact(invite)).unwrap();
    w.run_for(1000);
    let failed = |fact: &Fact| {
        matches!(
            fact,
            Fact::RequestFailed {
                reason: Refusal::BadPrekeys,
                ..
            }
        )
    };
    assert_eq!(w.count(0, failed), 1);
    assert_eq!(w.servers[0].seen.len(), 0, "nothing was encrypted to those keys");
}

#[test]
fn a_request_lost_and_sent_again_is_shown_once() {
    for seed in 0..10 {
        let mut w = World::new(100 + seed, 2);
        w.net = crate::sim::ROUGH;
        w.ask(0, 1);
        w.run_for(120_000);
        assert_eq!(w.state(1, 0), Some(ContactState::RequestedByThem));
        assert_eq!(w.count(1, |fact| matches!(fact, Fact::RequestReceived { .. })), 1);
        let asker = w.id(0);
        w.act(1, Act::AcceptRequest(asker)).unwrap();
        w.run_for(120_000);
        assert_eq!(w.state(0, 1), Some(ContactState::Contact));
        assert_eq!(w.count(0, |fact| matches!(fact, Fact::RequestAccepted { .. })), 1);
    }
}

#[test]
fn blocking_ends_everything_and_rotates_the_token() {
    let mut w = World::friends(11, 3);
    let (blocked, other) = (w.id(0), w.contact(0, 1).unwrap().token);
    w.act(1, Act::BlockContact(blocked)).unwrap();
    w.run_for(3000);
    w.send(0, 1, "hello?");
    w.run_for(3000);
    assert!(w.texts(1, 0).is_empty());
    // The third was told the new token, the blocked one was not.
    assert_ne!(w.contact(2, 1).unwrap().token, other);
    assert_eq!(w.contact(0, 1).unwrap().token, other);
    w.old_tokens_end(1);
    let before = w.mailbox(1).kept.len();
    w.send(0, 1, "still there?");
    w.send(2, 1, "hello");
    w.run_for(3000);
    assert_eq!(w.texts(1, 2), ["hello"]);
    assert_eq!(w.mailbox(1).kept.len(), before);
    // Taken back: the way is open again, with the new token.
    w.act(1, Act::UnblockContact(blocked)).unwrap();
    w.run_for(7_200_000);
    w.send(1, 0, "sorry");
    w.send(0, 1, "never mind");
    w.run_for(7_200_000);
    assert!(w.texts(1, 0).contains(&"never mind".to_owned()));
    assert!(w.texts(0, 1).contains(&"sorry".to_owned()));
}

/// What opens the mailbox of `owner`, as `holder` knows it.
fn token(w: &World, holder: usize, owner: usize) -> Option<Token> {
    w.contact(holder, owner).unwrap().token
}

#[test]
fn blocking_rotates_the_token_for_whom_we_asked_or_removed() {
    let mut w = World::new(14, 3);
    w.befriend(0, 2);
    w.ask(0, 1);
    w.run_for(1000);
    let (peer, asked) = (w.id(1), token(&w, 2, 0));
    assert_eq!(token(&w, 1, 0), asked, "the request carries it");
    w.act(0, Act::BlockContact(peer)).unwrap();
    w.run_for(3000);
    assert_ne!(token(&w, 2, 0), asked);

    let mut w = World::friends(15, 3);
    let (peer, removed) = (w.id(1), token(&w, 2, 0));
    w.act(0, Act::RemoveContact(peer)).unwrap();
    w.run_for(3000);
    assert_eq!(token(&w, 2, 0), removed, "removing is nobody else's business");
    w.act(0, Act::BlockContact(peer)).unwrap();
    w.run_for(3000);
    assert_ne!(token(&w, 2, 0), removed);
    assert_eq!(token(&w, 1, 0), removed);
}

#[test]
fn blocking_who_asks_rotates_the_token_only_for_an_earlier_acquaintance() {
    let mut w = World::new(16, 3);
    w.befriend(0, 2);
    w.ask(1, 0);
    w.run_for(1000);
    let (peer, before) = (w.id(1), token(&w, 2, 0));
    w.act(0, Act::BlockContact(peer)).unwrap();
    w.run_for(3000);
    assert_eq!(token(&w, 2, 0), before, "a stranger never had it");

    let mut w = World::friends(17, 3);
    let (peer, own, before) = (w.id(1), w.id(0), token(&w, 2, 0));
    w.act(0, Act::RemoveContact(peer)).unwrap();
    w.act(1, Act::RemoveContact(own)).unwrap();
    w.run_for(3000);
    w.ask(1, 0);
    w.run_for(3000);
    assert_eq!(w.state(0, 1), Some(ContactState::RequestedByThem));
    w.act(0, Act::BlockContact(peer)).unwrap();
    w.run_for(3000);
    assert_ne!(token(&w, 2, 0), before);
}

#[test]
fn a_token_that_changed_while_a_request_waited_is_told_with_the_answer() {
    let mut w = World::new(18, 3);
    w.befriend(0, 2);
    w.ask(0, 1);
    w.run_for(1000);
    let (asker, blocked) = (w.id(0), w.id(2));
    w.act(0, Act::BlockContact(blocked)).unwrap();
    w.run_for(1000);
    w.act(1, Act::AcceptRequest(asker)).unwrap();
    w.run_for(3000);
    w.old_tokens_end(0);
    w.send(1, 0, "hello");
    w.run_for(3000);
    assert_eq!(w.texts(0, 1), ["hello"]);
}

#[test]
fn a_yes_that_never_left_is_said_after_a_block_with_the_new_token() {
    let mut w = World::new(19, 2);
    w.ask(0, 1);
    w.run_for(1000);
    let asker = w.id(0);
    w.servers[0].down = true;
    w.act(1, Act::AcceptRequest(asker)).unwrap();
    w.run_for(5000);
    w.act(1, Act::BlockContact(asker)).unwrap();
    w.run_for(5000);
    w.act(1, Act::UnblockContact(asker)).unwrap();
    w.servers[0].down = false;
    w.run_for(120_000);
    assert_eq!(w.state(0, 1), Some(ContactState::Contact));
    w.old_tokens_end(1);
    w.send(0, 1, "hello");
    w.run_for(3000);
    assert_eq!(w.texts(1, 0), ["hello"]);
    assert_eq!(w.nodes[1].archive.outbox_len(), 0);
}

#[test]
fn a_yes_outlasts_a_server_that_refuses() {
    let mut w = World::new(20, 2);
    w.ask(0, 1);
    w.run_for(1000);
    let asker = w.id(0);
    w.servers[0].refused.insert(asker);
    w.act(1, Act::AcceptRequest(asker)).unwrap();
    w.run_for(9 * 3_600_000);
    w.servers[0].refused.clear();
    w.run_for(2 * 3_600_000);
    assert_eq!(w.state(0, 1), Some(ContactState::Contact));
}

#[test]
fn a_removed_contact_is_a_stranger_again() {
    let mut w = World::friends(12, 2);
    w.send(0, 1, "before");
    w.run_for(3000);
    let other = w.id(0);
    w.act(1, Act::RemoveContact(other)).unwrap();
    assert_eq!(
        w.act(1, Act::RemoveContact(other)),
        Err(CoreError::Refused(Refusal::NoSuchContact))
    );
    w.send(0, 1, "after");
    w.run_for(3000);
    assert_eq!(w.texts(1, 0), ["before"]);
    let channel = w.channel(0);
    let act = Act::SendText {
        channel,
        text: "x".into(),
        reply_to: None,
    };
    assert_eq!(w.act(1, act), Err(CoreError::Refused(Refusal::NoSuchChannel)));
}

#[test]
fn a_name_of_ones_own_wins_and_can_be_taken_away() {
    let mut w = World::friends(13, 2);
    let peer = w.id(1);
    w.act(0, Act::RenameContact(peer, Some("Sam".into()))).unwrap();
    assert_eq!(w.contact(0, 1).unwrap().shown_name(), "Sam");
    assert_eq!(
        w.act(0, Act::RenameContact(peer, Some(" ".into()))),
        Err(CoreError::Refused(Refusal::BadName))
    );
    w.act(1, Act::SetName("Samantha".into())).unwrap();
    w.run_for(1000);
    let row = w.contact(0, 1).unwrap();
    assert_eq!((row.shown_name(), row.name.as_str()), ("Sam", "Samantha"));
    w.act(0, Act::RenameContact(peer, None)).unwrap();
    assert_eq!(w.contact(0, 1).unwrap().shown_name(), "Samantha");
}
