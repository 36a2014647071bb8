//! A log-in that comes to nothing, and what is said of it.

use std::{net::SocketAddr, time::Duration};

use orrery_link::{Code, Command, Event, ServerPhase};
use orrery_protocol::{
    ChannelId, PeerId,
    frame::{RefusalCode, SocketReply, SocketRequest},
    limits::SERVER_PROTOCOL_VERSION,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpSocket, TcpStream},
};

use crate::{
    fake::{Fake, Guest},
    rig::{Host, Person, config, offline},
};

/// Longer than a socket that waits for its next try lets a person wait.
const NUDGED: Duration = Duration::from_secs(3);

/// Somebody new whose server is this.
async fn at(url: &str, folder: &std::path::Path) -> Person {
    Person::create_offline("Ada", config(folder, url)).await
}

/// Why it is offline, and how long until it tries again; 0 when it does not.
async fn why(person: &mut Person) -> (Option<Code>, u64) {
    person
        .wait("offline", |event| match event {
            Event::ServerChanged {
                server: ServerPhase::Offline { code, retry_ms },
            } => Some((*code, *retry_ms)),
            _ => None,
        })
        .await
}

async fn refuse(guest: &mut Guest, code: RefusalCode, retry_after_ms: Option<u64>) {
    guest.say(&SocketReply::Refused { code, retry_after_ms }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_of_a_log_in_has_its_code_and_its_wait() {
    let fake = Fake::start().await;
    for (refusal, retry, code, wait) in [
        (RefusalCode::LoginFailed, None, Code::ServerRefused, None),
        (RefusalCode::Replaced, None, Code::Replaced, Some(0)),
        (RefusalCode::Replaced, Some(1_000), Code::Replaced, Some(0)),
        (RefusalCode::Version, None, Code::VersionMismatch, Some(60_000)),
        (RefusalCode::Malformed, None, Code::VersionMismatch, Some(60_000)),
        (RefusalCode::Unavailable, Some(4_321), Code::ServerBusy, Some(4_321)),
        (RefusalCode::RateLimited, Some(1_234), Code::ServerBusy, Some(1_234)),
        // A server's word is believed for an hour, and not for ever.
        (RefusalCode::RateLimited, Some(600_000), Code::ServerBusy, Some(600_000)),
        (
            RefusalCode::RateLimited,
            Some(u64::MAX),
            Code::ServerBusy,
            Some(3_600_000),
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut ada = at(&fake.url, folder.path()).await;
        let mut guest = fake.guest().await;
        guest.challenge(SERVER_PROTOCOL_VERSION).await;
        assert!(matches!(guest.hear().await, Some(SocketRequest::Login { .. })));
        refuse(&mut guest, refusal, retry).await;
        let (said, retry_ms) = why(&mut ada).await;
        assert_eq!(said, Some(code), "{refusal:?}");
        assert!(wait.is_none_or(|wait| wait == retry_ms), "{refusal:?}: {retry_ms}");
        ada.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_refuses_or_is_of_another_version_before_the_log_in_gets_no_proof() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut ada = at(&fake.url, &folder.path().join("a")).await;
    let mut guest = fake.guest().await;
    guest.challenge(SERVER_PROTOCOL_VERSION + 1).await;
    assert_eq!(why(&mut ada).await, (Some(Code::VersionMismatch), 60_000));
    assert_eq!(guest.hear().await, None);
    ada.leave().await;

    let mut ada = at(&fake.url, &folder.path().join("b")).await;
    let mut guest = fake.guest().await;
    refuse(&mut guest, RefusalCode::Unavailable, Some(2_000)).await;
    assert_eq!(why(&mut ada).await, (Some(Code::ServerBusy), 2_000));
    assert_eq!(guest.hear().await, None);
    ada.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_turns_away_at_the_door_is_busy() {
    for (status, header, wait) in [
        ("503 Service Unavailable", "", None),
        ("503 Service Unavailable", "retry-after: 7\r\n", Some(7_000)),
        ("429 Too Many Requests", "retry-after: 7\r\n", Some(7_000)),
        ("429 Too Many Requests", "retry-after: 7000000\r\n", Some(3_600_000)),
        ("503 Service Unavailable", "retry-after: tomorrow\r\n", None),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut ada = at(&format!("ws://{}", door.local_addr().unwrap()), folder.path()).await;
        let (mut guest, _) = door.accept().await.unwrap();
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n{header}\r\n");
        guest.write_all(answer.as_bytes()).await.unwrap();
        let (code, retry_ms) = why(&mut ada).await;
        assert_eq!(code, Some(Code::ServerBusy), "{status}");
        // Where nothing is asked for, the back-off begins with at most a second.
        assert!(
            wait.map_or(retry_ms <= 1_000, |wait| wait == retry_ms),
            "{status} {header}: {retry_ms}"
        );
        ada.leave().await;
    }
}

/// Whoever stands in between and passes everything on has been dialled under a name that is not the server's.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_server_refuses_a_log_in_that_was_made_for_another_host() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let between = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let mut ada = at(&format!("ws://{}", between.local_addr().unwrap()), folder.path()).await;
    let server: SocketAddr = host.url.strip_prefix("ws://").unwrap().parse().unwrap();
    let passing = tokio::spawn(async move {
        let (mut guest, _) = between.accept().await.unwrap();
        let mut server = TcpStream::connect(server).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut guest, &mut server).await;
    });
    assert_eq!(offline(&mut ada).await, Some(Code::ServerRefused));
    ada.leave().await;
    passing.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_logs_in_a_second_time_throws_the_first_out_until_that_one_is_wanted_back() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    Person::create("Ada", &one, &host.url).await.leave().await;
    std::fs::create_dir(&other).unwrap();
    for file in ["vault", "orrery.db", "counter"] {
        std::fs::copy(one.join(file), other.join(file)).unwrap();
    }
    let mut first = Person::unlock("Ada", config(&one, &host.url)).await;
    first.online().await;
    let mut second = Person::unlock("Ada again", config(&other, &host.url)).await;
    second.online().await;
    assert_eq!(why(&mut first).await, (Some(Code::Replaced), 0));
    first.ask(Command::Reconnect {}).await.unwrap();
    first.online().await;
    assert_eq!(why(&mut second).await, (Some(Code::Replaced), 0));
    first.leave().await;
    second.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_replaced_comes_back_when_a_person_says_so_and_not_by_itself() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut ada = at(&fake.url, folder.path()).await;
    let mut guest = fake.guest().await;
    guest.let_in().await;
    ada.online().await;
    refuse(&mut guest, RefusalCode::Replaced, None).await;
    assert_eq!(why(&mut ada).await, (Some(Code::Replaced), 0));
    // There is no such conversation, but wanting it would hurry a socket that waits for its next try.
    let channel = ChannelId::from(PeerId([9; 32]));
    let _ = ada.ask(Command::OpenChannel { channel }).await;
    let came = tokio::time::timeout(NUDGED, fake.guest()).await;
    assert!(came.is_err(), "it came back by itself");
    ada.ask(Command::Reconnect {}).await.unwrap();
    let mut guest = fake.guest().await;
    guest.let_in().await;
    ada.online().await;
    ada.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_accepts_and_says_nothing_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let patient = |name: &str, url: &str| {
        let mut config = config(&folder.path().join(name), url);
        config.patience = Duration::from_millis(500);
        Person::create_offline("Ada", config)
    };
    // As far as TCP, and as far as the WebSocket.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut ada = patient("tcp", &format!("ws://{}", mute.local_addr().unwrap())).await;
    let (_guest, _) = mute.accept().await.unwrap();
    assert_eq!(offline(&mut ada).await, Some(Code::ServerUnreachable));
    ada.leave().await;

    let fake = Fake::start().await;
    let mut ada = patient("websocket", &fake.url).await;
    let mut guest = fake.guest().await;
    assert_eq!(offline(&mut ada).await, Some(Code::ServerUnreachable));
    assert_eq!(guest.hear().await, None);
    ada.leave().await;

    // Challenged and proven, and then nothing.
    let mut ada = patient("login", &fake.url).await;
    let mut guest = fake.guest().await;
    guest.challenge(SERVER_PROTOCOL_VERSION).await;
    assert!(matches!(guest.hear().await, Some(SocketRequest::Login { .. })));
    assert_eq!(offline(&mut ada).await, Some(Code::ServerUnreachable));
    ada.leave().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_accepts_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let _deaf = socket.listen(1).unwrap();
    // Who comes when the queue is full is not answered at all.
    let mut queue = Vec::new();
    while let Ok(connected) = tokio::time::timeout(Duration::from_millis(500), TcpStream::connect(address)).await {
        queue.push(connected.unwrap());
    }
    let mut config = config(folder.path(), &format!("ws://{address}"));
    config.patience = Duration::from_millis(500);
    let mut ada = Person::create_offline("Ada", config).await;
    assert_eq!(offline(&mut ada).await, Some(Code::ServerUnreachable));
    ada.leave().await;
}
