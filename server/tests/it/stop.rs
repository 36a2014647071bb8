//! The real binary, stopped in every way; and what a client is told when a server stops.

use std::{
    collections::HashSet,
    net::SocketAddr,
    path::Path,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use orrery_protocol::frame::{DropReply, RefusalCode, SocketReply, SocketRequest};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
};

use crate::client::{Person, Place, Socket, deposit, get, soon};

fn binary(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orrery-server"));
    command
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.kill_on_drop(true);
    command
}

/// Starts the binary on a free port; where it listens is its first line.
pub(crate) async fn spawn(data: &Path) -> (Child, SocketAddr) {
    let data = data.to_str().unwrap();
    let mut child = binary(&["--listen", "127.0.0.1:0", "--data", data]).spawn().unwrap();
    let mut line = String::new();
    soon(BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line))
        .await
        .unwrap();
    let address = line
        .trim_end()
        .strip_prefix("listening on ws://")
        .unwrap()
        .parse()
        .unwrap();
    (child, address)
}

/// Deposits until the server is gone; what was acknowledged. Counts into `acknowledged` on the way.
async fn deposit_until_gone(address: SocketAddr, to: Person, lane: u8, acknowledged: Arc<AtomicUsize>) -> Vec<Vec<u8>> {
    let mut drop_box = Socket::drop_box(address).await;
    let mut kept = Vec::new();
    let envelope = |request: u32| [&[lane][..], &request.to_be_bytes(), &[0; 300]].concat();
    let (mut asked, mut answered) = (0u32, 0u32);
    loop {
        while asked < answered + 8 {
            let frame = orrery_protocol::encode(&deposit(asked, &to, envelope(asked))).unwrap();
            use futures_util::SinkExt;
            let message = tokio_tungstenite::tungstenite::Message::Binary(frame.into());
            if drop_box.stream.send(message).await.is_err() {
                break;
            }
            asked += 1;
        }
        match drop_box.try_receive().await {
            Ok(DropReply::Deposited { request }) => {
                assert_eq!(request, answered);
                kept.push(envelope(request));
                acknowledged.fetch_add(1, Ordering::SeqCst);
                answered += 1;
            }
            Ok(DropReply::Refused {
                code: RefusalCode::Unavailable,
                ..
            }) => {}
            Ok(other) => panic!("{other:?}"),
            Err(_) => return kept,
        }
    }
}

/// Runs depositors against the binary, stops it in the middle by `stop`, and checks the mailbox afterwards.
async fn nothing_acknowledged_is_lost(stop: impl AsyncFnOnce(&mut Child)) {
    let dir = TempDir::new().unwrap();
    let (mut child, address) = spawn(dir.path()).await;
    let alice = Person::new(1);
    alice.move_in(address).await.close().await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let depositors: Vec<_> = (0..4)
        .map(|lane| tokio::spawn(deposit_until_gone(address, alice.clone(), lane, acknowledged.clone())))
        .collect();
    soon(async {
        while acknowledged.load(Ordering::SeqCst) < 100 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    stop(&mut child).await;
    let mut kept = HashSet::new();
    for depositor in depositors {
        kept.extend(soon(depositor).await.unwrap());
    }
    assert!(kept.len() >= 100);

    let (_child, address) = spawn(dir.path()).await;
    let mut socket = alice.connect(address).await;
    let mut drop_box = Socket::drop_box(address).await;
    assert_eq!(
        drop_box.deposit(1, &alice, b"last".to_vec()).await,
        DropReply::Deposited { request: 1 }
    );
    let (mut found, mut last_id) = (HashSet::new(), 0);
    loop {
        let (id, envelope) = socket.delivery().await;
        let id = id.unwrap();
        assert!(id > last_id, "in order");
        last_id = id;
        if envelope == b"last" {
            break;
        }
        assert!(found.insert(envelope), "once");
    }
    assert!(
        kept.is_subset(&found),
        "{} acknowledged are lost",
        kept.difference(&found).count()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_in_the_middle_of_deposits_loses_nothing_acknowledged() {
    nothing_acknowledged_is_lost(async |child| child.kill().await.unwrap()).await;
}

#[cfg(unix)]
async fn signal(child: &Child, signal: &str) {
    let pid = child.id().unwrap().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status().await;
    assert!(sent.unwrap().success());
}

#[cfg(unix)]
async fn terminate(child: &Child) {
    signal(child, "-TERM").await;
}

/// Its proxy has the certificate.
#[cfg(unix)]
#[tokio::test]
async fn a_server_without_a_certificate_says_so_when_it_is_to_read_one() {
    let dir = TempDir::new().unwrap();
    let (mut child, address) = spawn(dir.path()).await;
    // Once it answers it has begun to listen to signals, too.
    assert_eq!(get(address, "/healthz").await.unwrap().0, 200);
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    signal(&child, "-HUP").await;
    let said = loop {
        let line = soon(log.next_line()).await.unwrap().expect("it goes on");
        if line.contains("certificate") {
            break line;
        }
    };
    assert!(said.contains("there is no certificate to read"), "{said}");
    terminate(&child).await;
    assert!(soon(child.wait()).await.unwrap().success());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_termination_under_load_loses_nothing_acknowledged_and_ends_well() {
    nothing_acknowledged_is_lost(async |child| {
        terminate(child).await;
        let status = soon(child.wait()).await.unwrap();
        assert!(status.success(), "{status}");
    })
    .await;
}

#[cfg(unix)]
#[tokio::test]
async fn what_the_binary_logs_names_nobody() {
    let dir = TempDir::new().unwrap();
    let (mut child, address) = spawn(dir.path()).await;
    let alice = Person::new(1);
    let mut socket = alice.move_in(address).await;
    let mut drop_box = Socket::drop_box(address).await;
    drop_box.deposit(1, &alice, b"sealed-marker".to_vec()).await;
    socket.delivery().await;
    socket.send(&SocketRequest::Ack { ids: vec![1] }).await;
    terminate(&child).await;
    let mut log = String::new();
    soon(child.stderr.take().unwrap().read_to_string(&mut log))
        .await
        .unwrap();
    assert!(log.contains("stopped"), "{log}");
    for secret in [alice.id.to_string(), "127.0.0.1".into(), "sealed-marker".into()] {
        assert!(!log.contains(&secret), "{log}");
    }
}

#[tokio::test]
async fn a_stopping_server_asks_its_clients_to_come_back_and_is_not_ready() {
    let place = Place::new().await;
    let address = place.address();
    let mut socket = Person::new(1).move_in(address).await;
    let mut drop_box = Socket::drop_box(address).await;
    let stopping = tokio::spawn(place.server.shutdown());
    let SocketReply::Refused {
        code: RefusalCode::Unavailable,
        retry_after_ms: Some(_),
    } = socket.receive().await
    else {
        panic!("something else")
    };
    assert_ne!(get(address, "/readyz").await.map(|(status, _)| status), Some(200));
    assert_eq!(socket.close_code().await, Some(1012));
    let refused: DropReply = drop_box.receive().await;
    assert!(
        matches!(
            refused,
            DropReply::Refused {
                request: None,
                code: RefusalCode::Unavailable,
                ..
            }
        ),
        "{refused:?}"
    );
    assert_eq!(drop_box.close_code().await, Some(1012));
    soon(stopping).await.unwrap();
    assert!(get(address, "/healthz").await.is_none());
}

#[tokio::test]
async fn a_client_that_does_not_go_does_not_hold_the_server() {
    let place = Place::with(|config| config.limits.drain_timeout = "200ms".parse().unwrap()).await;
    // Neither reads nor closes.
    let _deaf = Socket::dial(place.address(), "/v1/socket").await;
    soon(place.server.shutdown()).await;
}

async fn refusal(arguments: &[&str]) -> String {
    let child = binary(arguments).spawn().unwrap();
    let output = soon(child.wait_with_output()).await.unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn what_would_be_unsafe_is_refused_with_what_to_do() {
    let dir = TempDir::new().unwrap();
    let data = dir.path().to_str().unwrap();
    let message = refusal(&["--listen", "0.0.0.0:0", "--data", data]).await;
    assert!(message.contains("--name HOST"), "{message}");
    let message = refusal(&["--listen", "0.0.0.0:0", "--data", data, "--name", "a.example"]).await;
    assert!(
        message.contains("--cert FILE --key FILE") && message.contains("--behind-proxy"),
        "{message}"
    );
    assert!(
        std::fs::read_dir(data).unwrap().next().is_none(),
        "a refused start leaves nothing behind"
    );
}
