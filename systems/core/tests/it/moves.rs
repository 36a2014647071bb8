//! Requests of somebody who moves to another home server before they are answered.

use orrery_core::{Act, Fact, Input};
use orrery_protocol::record::{ContactState, Delivery};

use crate::requests::not_accepted;
use crate::sim::{Server, World};

const ELSEWHERE: &str = "ws://127.0.0.1:8000";

/// Two strangers, and a second server.
fn world(seed: u64) -> World {
    let mut w = World::new(seed, 2);
    w.servers.push(Server::new(ELSEWHERE));
    w
}

/// Both are contacts, and neither was told anything twice.
fn assert_acquainted(w: &World) {
    assert_eq!(w.state(0, 1), Some(ContactState::Contact));
    assert_eq!(w.state(1, 0), Some(ContactState::Contact));
    assert_eq!(w.contact(1, 0).unwrap().via, ELSEWHERE);
    assert_eq!(w.count(0, |fact| matches!(fact, Fact::RequestAccepted { .. })), 1);
    assert_eq!(w.count(1, |fact| matches!(fact, Fact::RequestReceived { .. })), 1);
}

#[test]
fn who_moves_before_the_answer_is_answered_at_the_new_server() {
    let mut w = world(400);
    w.ask(0, 1);
    w.run_for(1000);
    let asked = w.contact(1, 0).unwrap();
    w.act(0, Act::SetServer(ELSEWHERE.into())).unwrap();
    w.run_for(3000);
    let asks = w.contact(1, 0).unwrap();
    assert_eq!(asks.via, ELSEWHERE);
    assert_eq!(asks.state, ContactState::RequestedByThem);
    assert_eq!(
        asks.last_activity_ms, asked.last_activity_ms,
        "asked since the first time"
    );
    assert_eq!(w.state(0, 1), Some(ContactState::RequestedByUs));
    let asker = w.id(0);
    w.act(1, Act::AcceptRequest(asker)).unwrap();
    w.run_for(3000);
    assert_acquainted(&w);
    w.send(0, 1, "hello");
    w.send(1, 0, "welcome");
    w.run_for(3000);
    w.assert_same(0, 1);
    assert_eq!(w.texts(0, 1).len(), 2);
}

#[test]
fn an_answer_that_died_at_the_old_server_is_said_again_with_what_followed() {
    let mut w = world(401);
    w.servers[1].down = true;
    w.ask(0, 1);
    w.run_for(1000);
    w.act(0, Act::SetServer(ELSEWHERE.into())).unwrap();
    w.run_for(1000);
    let asker = w.id(0);
    w.act(1, Act::AcceptRequest(asker)).unwrap();
    w.send(1, 0, "welcome");
    w.run_for(3000);
    assert_eq!(w.delivery(1, 0, "welcome"), Delivery::Sent, "the old server took it");
    w.mailbox_of(0).kept.clear();
    // The new server is reached in a later run only.
    w.restart(0);
    w.servers[1].down = false;
    w.run_for(5000);
    assert_acquainted(&w);
    assert_eq!(w.texts(0, 1), ["welcome"]);
    assert_eq!(w.shown(0, "welcome"), 1);
    assert_eq!(w.delivery(1, 0, "welcome"), Delivery::Delivered);
    w.send(0, 1, "thank you");
    w.run_for(3000);
    w.assert_same(0, 1);
    assert_eq!(w.texts(1, 0).len(), 2);
}

#[test]
fn a_request_that_has_not_left_goes_with_the_new_address_only() {
    let mut w = world(402);
    let invite = w.invite(1);
    w.run_for(50);
    w.servers[0].down = true;
    w.act(0, Act::AddContact(invite)).unwrap();
    w.run_for(3000);
    w.act(0, Act::SetServer(ELSEWHERE.into())).unwrap();
    w.run_for(1000);
    w.servers[0].down = false;
    w.run_for(120_000);
    assert_eq!(w.servers[0].seen.len(), 1);
    let asker = w.id(0);
    w.act(1, Act::AcceptRequest(asker)).unwrap();
    w.run_for(3000);
    assert_acquainted(&w);
}

#[test]
fn a_request_under_way_while_one_moves_does_not_outdo_the_new_one() {
    for seed in 0..20 {
        let mut w = world(4100 + seed);
        // Slow, so that the move falls between any two steps, and in order, as a server keeps what one client sends.
        w.net.delay = (100, 100);
        w.ask(0, 1);
        w.run_for(seed * 23);
        w.act(0, Act::SetServer(ELSEWHERE.into())).unwrap();
        w.run_for(20_000);
        assert_eq!(w.contact(1, 0).unwrap().via, ELSEWHERE, "seed {seed}");
        let asker = w.id(0);
        w.act(1, Act::AcceptRequest(asker)).unwrap();
        w.run_for(20_000);
        assert_acquainted(&w);
    }
}

#[test]
fn who_cannot_ask_from_the_new_server_is_told() {
    let mut w = world(403);
    w.ask(0, 1);
    w.run_for(1000);
    w.act(1, Act::RevokeInvites).unwrap();
    w.run_for(100);
    w.act(0, Act::SetServer(ELSEWHERE.into())).unwrap();
    w.run_for(3000);
    assert_eq!(w.count(0, not_accepted), 1);
    assert_eq!(w.state(0, 1), Some(ContactState::Removed));
}

#[test]
fn words_that_overtake_the_answer_are_read_after_it() {
    let mut w = World::new(404, 2);
    w.ask(0, 1);
    w.run_for(1000);
    w.disconnect(0);
    let asker = w.id(0);
    w.act(1, Act::AcceptRequest(asker)).unwrap();
    w.send(1, 0, "welcome");
    w.run_for(1000);
    let kept: Vec<_> = w.mailbox_of(0).kept.values().cloned().collect();
    assert_eq!(kept.len(), 2);
    for envelope in kept.into_iter().rev() {
        assert!(w.texts(0, 1).is_empty());
        w.feed(0, Input::Delivered { id: None, envelope });
    }
    assert_eq!(w.state(0, 1), Some(ContactState::Contact));
    assert_eq!(w.texts(0, 1), ["welcome"]);
    w.connect(0);
    w.run_for(3000);
    assert_eq!(w.shown(0, "welcome"), 1);
    assert_eq!(w.delivery(1, 0, "welcome"), Delivery::Delivered);
}
