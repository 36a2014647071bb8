//! Which servers are dialled, and what is made of those who turn us away at the door.

use std::time::Duration;

use orrery_protocol::Token;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::*;
use crate::signaling::Tls;

/// Ten times what anything here should take.
const DEADLINE: Duration = Duration::from_secs(60);
/// Long enough for a connection that was made to be seen.
const MOMENT: Duration = Duration::from_millis(200);

fn at(server: &str) -> ServerAddress {
    ServerAddress::parse(server).unwrap()
}

/// The sockets of somebody whose own server is this.
fn drops(home: &str) -> Drops {
    let dialer = Dialer {
        tls: Tls::new(None).unwrap(),
        patience: Duration::from_secs(1),
    };
    Drops::new(runtime::Handle::current(), at(home), dialer)
}

fn fetch() -> Task {
    Task::Fetch {
        peer: PeerId([9; 32]),
        token: DepositToken::Request(Token([3; 32])),
    }
}

/// What became of the only job.
async fn failure(drops: &mut Drops) -> DropFailure {
    let result = timeout(DEADLINE, drops.result()).await.expect("an answer");
    match result.outcome {
        Outcome::Fetched(Err(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

/// Who connects.
async fn guest(door: &TcpListener) -> TcpStream {
    let accepted = timeout(DEADLINE, door.accept()).await.expect("a connection");
    accepted.unwrap().0
}

/// Whether nobody connects.
async fn is_quiet(door: &TcpListener) -> bool {
    timeout(MOMENT, door.accept()).await.is_err()
}

#[tokio::test]
async fn what_listens_on_this_machine_is_left_alone_when_somebody_far_away_names_it() {
    let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = door.local_addr().unwrap().port();
    let mut drops = drops("wss://orrery.example");
    for (ticket, host) in (0..).zip([
        "ws://127.0.0.1",
        "ws://localhost",
        "wss://localhost",
        "wss://127.0.0.1",
        "wss://[::ffff:127.0.0.1]",
        "wss://0.0.0.0",
    ]) {
        drops.start(&format!("{host}:{port}"), ticket, fetch());
        assert_eq!(failure(&mut drops).await, DropFailure::Unreachable, "{host}");
        assert!(is_quiet(&door).await, "{host} was dialled");
    }
    // Who is at home here has neighbours here.
    drops.move_to(at("ws://127.0.0.1:1"));
    drops.start(&format!("ws://127.0.0.1:{port}"), 7, fetch());
    guest(&door).await;
}

#[tokio::test]
async fn our_own_server_is_dialled_wherever_it_is_and_no_longer_when_we_moved_away() {
    let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let home = format!("ws://{}", door.local_addr().unwrap());
    let mut drops = drops(&home);
    drops.start(&home, 1, fetch());
    drop(guest(&door).await);
    assert_eq!(failure(&mut drops).await, DropFailure::Unreachable);
    drops.move_to(at("wss://orrery.example"));
    drops.start(&home, 2, fetch());
    assert_eq!(failure(&mut drops).await, DropFailure::Unreachable);
    assert!(is_quiet(&door).await);
}

#[tokio::test]
async fn a_server_that_turns_us_away_at_the_door_is_tried_again_when_it_says() {
    let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let home = format!("ws://{}", door.local_addr().unwrap());
    let mut drops = drops(&home);
    for (ticket, header, retry_ms) in [
        (1, "retry-after: 7\r\n", 7_000),
        (2, "", 5_000),
        (3, "retry-after: Fri, 31 Dec 1999 23:59:59 GMT\r\n", 5_000),
    ] {
        drops.start(&home, ticket, fetch());
        let mut guest = guest(&door).await;
        let answer = format!("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n{header}\r\n");
        guest.write_all(answer.as_bytes()).await.unwrap();
        assert_eq!(failure(&mut drops).await, DropFailure::Later { retry_ms }, "{header}");
    }
}
