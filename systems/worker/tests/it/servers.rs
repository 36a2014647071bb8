//! Servers that go, come back, or are none.

use std::sync::Arc;

use orrery_link::{Code, Command, Event};
use orrery_protocol::ChannelId;
use orrery_server::{Server, ServerConfig, TlsFiles};
use tokio::{io::AsyncWriteExt, net::TcpListener};

use crate::rig::{DEADLINE, Host, Person, config, friends, nobody, offline};

async fn create_at(server: &str, folder: &std::path::Path, root: Option<Vec<u8>>) -> Person {
    let mut config = config(folder, server);
    config.extra_root = root;
    Person::create_offline("Ada", config).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_written_while_the_server_is_down_go_when_it_is_back() {
    let mut host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (mut ada, mut bob) = friends(&host, folder.path()).await;
    host.stop().await;
    offline(&mut ada).await;
    offline(&mut bob).await;
    ada.say(&bob, "into the dark").await;
    host.restart().await;
    bob.hear("into the dark").await;
    ada.leave().await;
    bob.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_does_not_answer_and_one_that_is_no_server_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let (_kept, url) = nobody();
    let mut ada = create_at(&url, &folder.path().join("a"), None).await;
    assert_eq!(offline(&mut ada).await, Some(Code::ServerUnreachable));
    ada.leave().await;

    let stranger = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = stranger.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        loop {
            let (mut socket, _) = stranger.accept().await.unwrap();
            socket
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
                .await
                .unwrap();
        }
    });
    let mut ada = create_at(&format!("ws://{address}"), &folder.path().join("b"), None).await;
    assert_eq!(offline(&mut ada).await, Some(Code::ServerRefused));
    ada.leave().await;
    serving.abort();
}

/// A server that opens the WebSocket and says what is no frame; tells of each who came.
async fn talking_garbage(came: tokio::sync::mpsc::Sender<()>) -> (String, tokio::task::JoinHandle<()>) {
    let stranger = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", stranger.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        loop {
            let (socket, _) = stranger.accept().await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(socket).await.unwrap();
            let garbage = tokio_tungstenite::tungstenite::Message::binary(vec![0xff; 100]);
            let _ = futures_util::SinkExt::send(&mut socket, garbage).await;
            came.send(()).await.unwrap();
        }
    });
    (url, serving)
}

/// What talks garbage is left alone for a minute, twice as long as this waits: only the command brings the second connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_want_to_wait_has_the_server_tried_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (came, mut comings) = tokio::sync::mpsc::channel(8);
    let (url, serving) = talking_garbage(came).await;
    let mut locked = Person::start("Ada", config(&folder.path().join("locked"), "ws://127.0.0.1:1")).await;
    assert_eq!(locked.ask(Command::Reconnect {}).await, Err(Code::Locked));
    locked.leave().await;
    let mut ada = create_at(&url, &folder.path().join("a"), None).await;
    assert_eq!(offline(&mut ada).await, Some(Code::ServerRefused));
    comings.recv().await.unwrap();
    ada.ask(Command::Reconnect {}).await.unwrap();
    tokio::time::timeout(DEADLINE / 2, comings.recv())
        .await
        .unwrap()
        .unwrap();
    ada.leave().await;
    serving.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_believed_only_with_its_root() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let files = TlsFiles {
        cert: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
    };
    std::fs::write(&files.cert, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let server = ServerConfig {
        tls: Some(files),
        names: vec!["localhost".into()],
        ..ServerConfig::local(folder.path().join("server"))
    };
    let server = Arc::new(Server::start(server).await.unwrap());
    let url = format!("wss://localhost:{}", server.local_addr().port());
    let mut ada = create_at(&url, &folder.path().join("a"), None).await;
    assert_eq!(offline(&mut ada).await, Some(Code::ServerCertificate));
    ada.leave().await;
    let mut ada = create_at(&url, &folder.path().join("b"), Some(made.cert.der().to_vec())).await;
    ada.online().await;
    ada.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_moves_to_another_server_is_still_reached() {
    let (old, new) = (Host::start().await, Host::start().await);
    let folder = tempfile::tempdir().unwrap();
    let (mut ada, mut bob) = friends(&old, folder.path()).await;
    ada.forget();
    ada.ask(Command::SetServer {
        server: new.url.clone(),
    })
    .await
    .unwrap();
    ada.online().await;
    let id = ada.id();
    let url = new.url.clone();
    bob.wait("the new address", |event| match event {
        Event::ContactChanged { contact } if contact.peer == id && contact.via == url => Some(()),
        _ => None,
    })
    .await;
    bob.ask(Command::SendText {
        channel: ChannelId::from(id),
        text: "there?".into(),
        reply_to: None,
    })
    .await
    .unwrap();
    ada.hear("there?").await;
    ada.leave().await;
    bob.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_talks_garbage_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (came, _comings) = tokio::sync::mpsc::channel(8);
    let (url, serving) = talking_garbage(came).await;
    let mut ada = create_at(&url, folder.path(), None).await;
    assert_eq!(offline(&mut ada).await, Some(Code::ServerRefused));
    ada.leave().await;
    serving.abort();
}
