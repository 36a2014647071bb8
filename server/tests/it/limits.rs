//! Limits that hold for everybody but loopback; seen from behind a proxy.

use std::time::Duration;

use orrery_protocol::frame::{DropReply, DropRequest, RefusalCode, SocketReply};

use tokio_tungstenite::tungstenite::Message;

use crate::client::{Person, Place, Socket, deposit, get, soon};

const HERE: Option<&str> = Some("203.0.113.9");
const THERE: Option<&str> = Some("198.51.100.7");

async fn connect_from(place: &Place, person: &Person, from: Option<&str>) -> Socket {
    let socket = Socket::dial_from(place.address(), "/v1/socket", from).await.unwrap();
    person.answer_challenge(socket).await
}

async fn with_mailbox(place: &Place, person: &Person) -> Socket {
    let mut socket = connect_from(place, person, HERE).await;
    socket.send(&person.tokens()).await;
    assert_eq!(socket.receive::<SocketReply>().await, SocketReply::TokensStored);
    socket
}

#[tokio::test]
async fn a_flood_of_deposits_is_refused_beyond_the_burst_and_then_closed() {
    let place = Place::strict(|_| {}).await;
    let alice = Person::new(1);
    let _socket = with_mailbox(&place, &alice).await;
    let mut drop_box = Socket::drop_box_from(place.address(), HERE).await;
    for request in 0..60 {
        assert_eq!(
            drop_box.deposit(request, &alice, vec![0]).await,
            DropReply::Deposited { request }
        );
    }
    for request in 60..120 {
        let reply = drop_box.deposit(request, &alice, vec![0]).await;
        let wait = Some(100);
        let code = RefusalCode::RateLimited;
        assert_eq!(
            reply,
            DropReply::Refused {
                request: Some(request),
                code,
                retry_after_ms: wait
            }
        );
    }
    drop_box.send(&deposit(120, &alice, vec![0])).await;
    assert_eq!(drop_box.close_code().await, Some(1008));

    let mut drop_box = Socket::drop_box_from(place.address(), HERE).await;
    assert_eq!(
        drop_box.deposit(1, &alice, vec![0]).await,
        DropReply::Deposited { request: 1 }
    );
}

#[tokio::test]
async fn a_refused_deposit_passes_after_the_wait_it_was_told() {
    let place = Place::strict(|limits| limits.deposit_rate = "2+1/1m".parse().unwrap()).await;
    let (alice, bob) = (Person::new(1), Person::new(2));
    let _sockets = (with_mailbox(&place, &alice).await, with_mailbox(&place, &bob).await);
    let mut drop_box = Socket::drop_box_from(place.address(), HERE).await;
    for request in 0..2 {
        assert_eq!(
            drop_box.deposit(request, &alice, vec![0]).await,
            DropReply::Deposited { request }
        );
    }
    let DropReply::Refused {
        code: RefusalCode::RateLimited,
        retry_after_ms: Some(wait),
        ..
    } = drop_box.deposit(2, &alice, vec![0]).await
    else {
        panic!("taken")
    };
    assert_eq!(wait, 60_000);
    assert_eq!(
        drop_box.deposit(3, &bob, vec![0]).await,
        DropReply::Deposited { request: 3 },
        "another mailbox"
    );
    let mut elsewhere = Socket::drop_box_from(place.address(), THERE).await;
    assert_eq!(
        elsewhere.deposit(4, &alice, vec![0]).await,
        DropReply::Deposited { request: 4 },
        "another address"
    );
    place.clock.advance(Duration::from_millis(wait));
    assert_eq!(
        drop_box.deposit(5, &alice, vec![0]).await,
        DropReply::Deposited { request: 5 }
    );
}

#[tokio::test]
async fn prekeys_of_one_person_are_fetched_six_times_then_once_in_ten_minutes() {
    let place = Place::strict(|_| {}).await;
    let alice = Person::new(1);
    let mut socket = with_mailbox(&place, &alice).await;
    socket.send(&crate::client::prekeys(0..50)).await;
    assert!(matches!(socket.receive().await, SocketReply::PrekeysStored { .. }));
    let mut drop_box = Socket::drop_box_from(place.address(), HERE).await;
    let fetch = |request| DropRequest::Fetch {
        request,
        peer: alice.id,
        token: alice.delivery(),
    };
    for request in 0..6 {
        drop_box.send(&fetch(request)).await;
        assert!(matches!(drop_box.receive().await, DropReply::Bundle { .. }));
    }
    for (advance, passes) in [(0, false), (599_999, false), (1, true), (0, false)] {
        place.clock.advance(Duration::from_millis(advance));
        drop_box.send(&fetch(9)).await;
        match drop_box.receive().await {
            DropReply::Bundle { .. } => assert!(passes),
            DropReply::Refused {
                code: RefusalCode::RateLimited,
                retry_after_ms: Some(wait),
                ..
            } => {
                assert!(!passes && wait <= 600_000);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn guessing_at_many_mailboxes_runs_into_the_limit_of_the_address() {
    let place = Place::strict(|limits| {
        limits.frame_rate = "100000+1/s".parse().unwrap();
        limits.byte_rate = "100000000+1/s".parse().unwrap();
    })
    .await;
    let mut drop_box = Socket::drop_box_from(place.address(), HERE).await;
    let mut limited = 0;
    for request in 0..1000u32 {
        let mut nobody = Person::new(1);
        nobody.id.0[..4].copy_from_slice(&request.to_be_bytes());
        match drop_box.deposit(request, &nobody, vec![0]).await {
            DropReply::Refused {
                code: RefusalCode::NotAccepted,
                ..
            } => {}
            DropReply::Refused {
                code: RefusalCode::RateLimited,
                ..
            } => limited += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(limited, 400);
}

#[tokio::test]
async fn a_flood_on_ones_own_socket_is_not_read_beyond_the_rate() {
    let place = Place::strict(|limits| limits.frame_rate = "5+1/1h".parse().unwrap()).await;
    let alice = Person::new(1);
    let mut socket = with_mailbox(&place, &alice).await;
    for _ in 0..50 {
        socket.send(&alice.tokens()).await;
    }
    // One was taken for the mailbox, four more are free, and the sixth is on credit.
    for _ in 0..5 {
        assert_eq!(socket.receive::<SocketReply>().await, SocketReply::TokensStored);
    }
    let mut drop_box = Socket::drop_box_from(place.address(), THERE).await;
    drop_box.deposit(1, &alice, vec![7]).await;
    assert_eq!(socket.delivery().await, (Some(1), vec![7]), "instead of a sixth answer");
    drop_box.deposit(2, &alice, vec![8]).await;
    assert_eq!(socket.delivery().await, (Some(2), vec![8]));
}

#[tokio::test]
async fn a_flood_on_ones_own_socket_is_slowed_down_and_loses_nothing() {
    let place = Place::strict(|limits| limits.frame_rate = "5+1000/s".parse().unwrap()).await;
    let alice = Person::new(1);
    let mut socket = with_mailbox(&place, &alice).await;
    for _ in 0..50 {
        socket.send_raw(Message::Ping(vec![0; 125].into())).await;
        socket.send(&alice.tokens()).await;
    }
    for _ in 0..50 {
        assert_eq!(socket.receive::<SocketReply>().await, SocketReply::TokensStored);
    }
}

#[tokio::test]
async fn log_ins_from_one_address_are_limited_and_say_when_to_come_again() {
    let place = Place::strict(|limits| limits.login_rate = "2+1/1m".parse().unwrap()).await;
    let alice = Person::new(1);
    for _ in 0..2 {
        connect_from(&place, &alice, HERE).await.close().await;
    }
    let mut socket = Socket::dial_from(place.address(), "/v1/socket", HERE).await.unwrap();
    let (nonce, time_ms) = socket.challenge().await;
    socket.send(&alice.login("127.0.0.1", &nonce, time_ms)).await;
    let refused = SocketReply::Refused {
        code: RefusalCode::RateLimited,
        retry_after_ms: Some(60_000),
    };
    assert_eq!(socket.receive::<SocketReply>().await, refused);
    assert_eq!(socket.close_code().await, Some(1013));
    connect_from(&place, &alice, THERE).await;
}

#[tokio::test]
async fn new_mailboxes_from_one_address_are_limited_and_old_ones_are_not() {
    let place = Place::strict(|limits| limits.registration_rate = "2+1/1h".parse().unwrap()).await;
    let mut alice = with_mailbox(&place, &Person::new(1)).await;
    with_mailbox(&place, &Person::new(2)).await;
    let mut carol = connect_from(&place, &Person::new(3), HERE).await;
    carol.send(&Person::new(3).tokens()).await;
    let refused = SocketReply::Refused {
        code: RefusalCode::RateLimited,
        retry_after_ms: Some(3_600_000),
    };
    assert_eq!(carol.receive::<SocketReply>().await, refused);
    alice.send(&Person::new(1).tokens()).await;
    assert_eq!(alice.receive::<SocketReply>().await, SocketReply::TokensStored);
}

#[tokio::test]
async fn new_mailboxes_from_all_networks_of_one_v6_site_are_limited_together() {
    let place = Place::strict(|limits| {
        limits.registration_rate = "2+1/1h".parse().unwrap();
        limits.registration_rate_site = "3+1/1h".parse().unwrap();
    })
    .await;
    let mut seed = 0;
    let mut answer = async |from: &str| {
        seed += 1;
        let person = Person::new(seed);
        let mut socket = connect_from(&place, &person, Some(from)).await;
        socket.send(&person.tokens()).await;
        socket.receive::<SocketReply>().await
    };
    for (from, taken) in [
        ("2001:db8:1:1::1", true),
        ("2001:db8:1:1::2", true),
        ("2001:db8:1:1::3", false),
        ("2001:db8:1:2::1", true),
        ("2001:db8:1:3::1", false),
        ("2001:db8:2:1::1", true),
    ] {
        assert_eq!(answer(from).await == SocketReply::TokensStored, taken, "{from}");
    }
}

#[tokio::test]
async fn connections_are_counted_by_what_the_proxy_added_and_not_by_what_was_forged() {
    let place = Place::strict(|limits| limits.connections_per_address = 2).await;
    let mut open = Vec::new();
    for forged in ["1.1.1.1, 203.0.113.9", "2.2.2.2, 203.0.113.9"] {
        open.push(
            Socket::dial_from(place.address(), "/v1/drop", Some(forged))
                .await
                .ok()
                .unwrap(),
        );
    }
    let refused = Socket::dial_from(place.address(), "/v1/drop", Some("127.0.0.1, 203.0.113.9"))
        .await
        .err()
        .unwrap();
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    open.push(
        Socket::dial_from(place.address(), "/v1/drop", THERE)
            .await
            .ok()
            .unwrap(),
    );
}

#[tokio::test]
async fn a_forwarded_address_counts_for_nothing_when_it_does_not_come_from_the_proxy() {
    let place = Place::with(|config| {
        config.behind_proxy = true;
        config.proxies = vec!["192.0.2.1".parse().unwrap()];
        config.names = vec!["127.0.0.1".into()];
        config.limits.connections_per_address = 2;
    })
    .await;
    let mut open = Vec::new();
    for forged in [HERE, THERE] {
        open.push(
            Socket::dial_from(place.address(), "/v1/drop", forged)
                .await
                .ok()
                .unwrap(),
        );
    }
    let refused = Socket::dial_from(place.address(), "/v1/drop", Some("192.0.2.77")).await;
    assert_eq!(refused.err().unwrap().status(), 429);
}

#[tokio::test]
async fn a_full_server_says_so_and_when_to_come_again() {
    let place = Place::with(|config| config.limits.max_connections = 2).await;
    let first = Socket::drop_box(place.address()).await;
    let _second = Socket::drop_box(place.address()).await;
    let refused = Socket::dial_from(place.address(), "/v1/drop", None)
        .await
        .err()
        .unwrap();
    assert_eq!(
        (refused.status().as_u16(), refused.headers()["retry-after"].as_bytes()),
        (503, b"10".as_slice())
    );
    assert_eq!(get(place.address(), "/healthz").await.unwrap().0, 503);
    first.close().await;
    // The place is free as soon as the server has seen the end.
    soon(async { while Socket::dial_from(place.address(), "/v1/drop", None).await.is_err() {} }).await;
}

#[tokio::test]
async fn loopback_is_spared() {
    let place = Place::with(|config| {
        config.limits.frame_rate = "1+1/1h".parse().unwrap();
        config.limits.deposit_rate = "1+1/1h".parse().unwrap();
        config.limits.connections_per_address = 0;
        config.limits.login_rate = "1+1/1h".parse().unwrap();
    })
    .await;
    let alice = Person::new(1);
    let _old = alice.move_in(place.address()).await;
    let _socket = alice.move_in(place.address()).await;
    let mut drop_box = Socket::drop_box(place.address()).await;
    for request in 0..10 {
        assert_eq!(
            drop_box.deposit(request, &alice, vec![0]).await,
            DropReply::Deposited { request }
        );
    }
}
