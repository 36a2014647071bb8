use orrery_protocol::{
    frame::{RefusalCode, SocketReply, SocketRequest},
    limits::SERVER_PROTOCOL_VERSION,
};
use orrery_server::limits::Span;
use serde_bytes::ByteArray;

use crate::client::{Person, Place, Socket, prekeys, soon};

async fn challenged(place: &Place) -> (Socket, [u8; 32], u64) {
    let mut socket = Socket::dial(place.address(), "/v1/socket").await;
    let (nonce, time_ms) = socket.challenge().await;
    (socket, nonce, time_ms)
}

async fn fails(mut socket: Socket, login: SocketRequest) {
    socket.send(&login).await;
    assert_eq!(socket.refused().await, RefusalCode::LoginFailed);
    assert_eq!(socket.close_code().await, Some(1008));
}

#[tokio::test]
async fn a_log_in_over_a_name_of_this_server_is_welcomed_and_told_the_stun_port() {
    let place = Place::new().await;
    for name in ["127.0.0.1", "localhost", "::1"] {
        let (mut socket, nonce, time_ms) = challenged(&place).await;
        socket.send(&Person::new(1).login(name, &nonce, time_ms)).await;
        let expected = SocketReply::Welcome {
            time_ms,
            one_time_left: 0,
            has_prekeys: false,
            stun_port: place.server.stun_addr().map(|address| address.port()),
        };
        assert_eq!(socket.receive::<SocketReply>().await, expected, "{name}");
    }
    assert_eq!(place.server.stun_addr().unwrap().port(), place.address().port());
}

#[tokio::test]
async fn a_log_in_signed_for_another_host_fails() {
    let place = Place::new().await;
    for name in ["evil.example", "", "127.0.0.1:7670", "LOCALHOST"] {
        let (socket, nonce, time_ms) = challenged(&place).await;
        fails(socket, Person::new(1).login(name, &nonce, time_ms)).await;
    }
}

#[tokio::test]
async fn behind_a_proxy_a_log_in_signed_for_loopback_fails() {
    let place = Place::with(|config| {
        config.behind_proxy = true;
        config.names = vec!["orrery.example".into()];
    })
    .await;
    for name in ["localhost", "127.0.0.1", "::1"] {
        let (socket, nonce, time_ms) = challenged(&place).await;
        fails(socket, Person::new(1).login(name, &nonce, time_ms)).await;
    }
    let (mut socket, nonce, time_ms) = challenged(&place).await;
    socket
        .send(&Person::new(1).login("orrery.example", &nonce, time_ms))
        .await;
    assert!(matches!(socket.receive().await, SocketReply::Welcome { .. }));
}

#[tokio::test]
async fn a_replayed_log_in_fails() {
    let place = Place::new().await;
    let (mut first, nonce, time_ms) = challenged(&place).await;
    let login = Person::new(1).login("127.0.0.1", &nonce, time_ms);
    let (second, other_nonce, _) = challenged(&place).await;
    assert_ne!(nonce, other_nonce);
    first.send(&login).await;
    assert!(matches!(first.receive().await, SocketReply::Welcome { .. }));
    fails(second, login).await;
}

#[tokio::test]
async fn a_log_in_with_somebody_elses_key_fails() {
    let place = Place::new().await;
    let (socket, nonce, time_ms) = challenged(&place).await;
    let SocketRequest::Login { version, signature, .. } = Person::new(1).login("127.0.0.1", &nonce, time_ms) else {
        unreachable!()
    };
    fails(
        socket,
        SocketRequest::Login {
            version,
            peer: Person::new(2).id,
            signature,
        },
    )
    .await;
    let (socket, ..) = challenged(&place).await;
    let nonsense = ByteArray::new([0xff; 64]);
    fails(
        socket,
        SocketRequest::Login {
            version,
            peer: Person::new(2).id,
            signature: nonsense,
        },
    )
    .await;
}

#[tokio::test]
async fn a_log_in_that_comes_too_late_fails() {
    let place = Place::with(|config| config.limits.login_timeout = "100ms".parse::<Span>().unwrap()).await;
    let (mut socket, ..) = challenged(&place).await;
    assert_eq!(socket.refused().await, RefusalCode::LoginFailed);
    assert_eq!(socket.close_code().await, Some(1008));
}

#[tokio::test]
async fn another_version_is_told_so() {
    let place = Place::new().await;
    let (mut socket, nonce, time_ms) = challenged(&place).await;
    let SocketRequest::Login { peer, signature, .. } = Person::new(1).login("127.0.0.1", &nonce, time_ms) else {
        unreachable!()
    };
    socket
        .send(&SocketRequest::Login {
            version: SERVER_PROTOCOL_VERSION + 1,
            peer,
            signature,
        })
        .await;
    assert_eq!(socket.refused().await, RefusalCode::Version);
    assert_eq!(socket.close_code().await, Some(1008));
}

#[tokio::test]
async fn nothing_is_served_before_the_log_in() {
    let place = Place::new().await;
    for request in [
        prekeys(0..1),
        Person::new(1).tokens(),
        SocketRequest::Ack { ids: vec![1] },
    ] {
        let (mut socket, ..) = challenged(&place).await;
        socket.send(&request).await;
        assert_eq!(socket.refused().await, RefusalCode::Malformed);
        assert_eq!(socket.close_code().await, Some(1008));
    }
}

#[tokio::test]
async fn the_newest_connection_of_an_identity_wins() {
    let place = Place::new().await;
    let alice = Person::new(1);
    let mut old = alice.move_in(place.address()).await;
    let mut new = alice.connect(place.address()).await;
    assert_eq!(old.refused().await, RefusalCode::Replaced);
    assert_eq!(old.close_code().await, Some(1008));
    let mut drop_box = Socket::drop_box(place.address()).await;
    drop_box.deposit(1, &alice, vec![7]).await;
    assert_eq!(new.delivery().await, (Some(1), vec![7]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_log_ins_at_once_exactly_one_stays() {
    let place = Place::new().await;
    let alice = Person::new(1);
    alice.move_in(place.address()).await.close().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (alice, address) = (alice.clone(), place.address());
        tasks.spawn(async move {
            let mut socket = alice.connect(address).await;
            match socket.receive().await {
                SocketReply::Refused {
                    code: RefusalCode::Replaced,
                    ..
                } => None,
                SocketReply::Deliver { .. } => Some(socket),
                other => panic!("{other:?}"),
            }
        });
    }
    for _ in 0..11 {
        assert!(soon(tasks.join_next()).await.unwrap().unwrap().is_none());
    }
    let mut drop_box = Socket::drop_box(place.address()).await;
    drop_box.deposit(1, &alice, vec![7]).await;
    let mut stayed = soon(tasks.join_next()).await.unwrap().unwrap().unwrap();
    stayed.send(&alice.tokens()).await;
    assert_eq!(stayed.receive::<SocketReply>().await, SocketReply::TokensStored);
}
