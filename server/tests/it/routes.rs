use std::sync::Arc;

use orrery_protocol::frame::{DropReply, SocketReply};
use orrery_server::{Server, ServerConfig, StartError, StoreError, TlsFiles};
use tokio::net::TcpStream;
use tokio_tungstenite::{Connector, client_async_tls_with_config, tungstenite::client::IntoClientRequest};

use crate::client::{Person, Place, Socket, get, soon};

#[tokio::test]
async fn health_is_answered_and_nothing_else_is_served() {
    let place = Place::new().await;
    assert_eq!(get(place.address(), "/healthz").await.unwrap().0, 200);
    assert_eq!(get(place.address(), "/readyz").await.unwrap().0, 200);
    for path in ["/", "/metrics", "/v1", "/v1/socket/", "/../etc/passwd"] {
        assert_eq!(get(place.address(), path).await.unwrap().0, 404, "{path}");
    }
    assert_eq!(
        get(place.address(), "/v1/socket").await.unwrap().0,
        400,
        "not a WebSocket"
    );
}

#[tokio::test]
async fn counts_name_nobody() {
    let place = Place::with(|config| config.metrics = "127.0.0.1:0".parse().ok()).await;
    let alice = Person::new(1);
    let mut socket = alice.move_in(place.address()).await;
    let mut drop_box = Socket::drop_box(place.address()).await;
    drop_box.deposit(1, &alice, vec![7; 100]).await;
    socket.delivery().await;
    let metrics = place.server.metrics_addr().unwrap();
    let page = get(metrics, "/metrics").await.unwrap().1;
    for line in [
        "orrery_connections{endpoint=\"socket\"} 1",
        "orrery_connections{endpoint=\"drop\"} 1",
        "orrery_frames_total{kind=\"deposit\"} 1",
        "orrery_frames_total{kind=\"login\"} 1",
    ] {
        assert!(page.contains(line), "{line} is missing in\n{page}");
    }
    for secret in [
        alice.id.to_string(),
        "127.0.0.1".into(),
        place.dir.path().display().to_string(),
    ] {
        assert!(!page.contains(&secret), "{secret} in\n{page}");
    }
}

#[tokio::test]
async fn two_servers_do_not_share_a_folder() {
    let place = Place::new().await;
    let second = Server::start(ServerConfig::local(place.dir.path())).await;
    assert!(matches!(second, Err(StartError::Store(StoreError::InUse { .. }))));
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let place = Place::new().await;
    let dir = tempfile::TempDir::new().unwrap();
    let second = ServerConfig {
        listen: place.address(),
        ..ServerConfig::local(dir.path())
    };
    let error = Server::start(second).await.unwrap_err().to_string();
    assert!(error.contains(&place.address().to_string()), "{error}");
}

struct Certificate {
    files: TlsFiles,
    connector: Connector,
}

fn certificate(dir: &std::path::Path) -> Certificate {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let files = TlsFiles {
        cert: dir.join("cert.pem"),
        key: dir.join("key.pem"),
    };
    std::fs::write(&files.cert, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Certificate {
        files,
        connector: Connector::Rustls(Arc::new(config)),
    }
}

async fn dial_tls(place: &Place, connector: &Connector, path: &str) -> Option<Socket> {
    let stream = TcpStream::connect(place.address()).await.unwrap();
    let request = format!("wss://localhost:{}{path}", place.address().port())
        .into_client_request()
        .unwrap();
    let dialled = client_async_tls_with_config(request, stream, None, Some(connector.clone()));
    Some(Socket {
        stream: soon(dialled).await.ok()?.0,
    })
}

#[tokio::test]
async fn tls_serves_by_its_certificate_and_takes_a_renewed_one_without_a_restart() {
    let dir = tempfile::TempDir::new().unwrap();
    let first = certificate(dir.path());
    let place = Place::with(|config| config.tls = Some(first.files.clone())).await;
    assert!(place.server.url().starts_with("wss://127.0.0.1:"));
    let alice = Person::new(1);
    let socket = dial_tls(&place, &first.connector, "/v1/socket").await.unwrap();
    let mut socket = alice.answer_challenge(socket).await;
    socket.send(&alice.tokens()).await;
    assert_eq!(socket.receive::<SocketReply>().await, SocketReply::TokensStored);
    let mut drop_box = dial_tls(&place, &first.connector, "/v1/drop").await.unwrap();
    assert!(matches!(drop_box.receive().await, DropReply::Hello { .. }));
    assert_eq!(
        drop_box.deposit(1, &alice, vec![7; 20_000]).await,
        DropReply::Deposited { request: 1 }
    );
    assert_eq!(socket.delivery().await.1.len(), 20_000);

    let second = certificate(dir.path());
    assert!(dial_tls(&place, &second.connector, "/v1/drop").await.is_none());
    assert!(place.server.reload_certificate().unwrap());
    assert!(dial_tls(&place, &second.connector, "/v1/drop").await.is_some());
    std::fs::write(&second.files.cert, "nonsense").unwrap();
    let error = place.server.reload_certificate().unwrap_err().to_string();
    assert!(error.contains("cert.pem"), "{error}");
    assert!(
        dial_tls(&place, &second.connector, "/v1/drop").await.is_some(),
        "the old one stays in force"
    );
}
