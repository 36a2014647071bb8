//! What a connection costs and how fast mail passes: the real binary on loopback, clients in this process.
//!
//! `cargo bench -p orrery-server`, or with `--profile dev` where a release build would take too long. The last line is
//! JSON, figure → number.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench that meets the unexpected has no figures to show"
)]

use std::{
    net::SocketAddr,
    process::Stdio,
    time::{Duration, Instant},
};

use orrery_protocol::frame::{DropReply, SocketRequest};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::client::{Person, Socket, deposit, soon};

#[allow(dead_code, reason = "the tests' client, of which a bench needs a part")]
#[path = "../tests/it/client.rs"]
mod client;

/// Idle connections held at once.
const CONNECTIONS: u32 = 2000;
/// Depositing connections, each with its own recipient.
const PAIRS: u8 = 8;
/// Envelopes of each; below a mailbox's quota.
const ENVELOPES: u32 = 900;
/// Envelopes sent one after the other for the delay.
const PROBES: u32 = 500;
/// A short text, sealed.
const SIZE: usize = 700;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("skipped: figures are measured by cargo bench");
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let figures = runtime.block_on(measure());
    println!("{}", serde_json::Value::Object(figures));
}

async fn measure() -> serde_json::Map<String, serde_json::Value> {
    let mut figures = serde_json::Map::new();
    let mut note = |name: &str, value: f64| {
        println!("{name}: {value:.1}");
        figures.insert(name.into(), value.into());
    };
    let dir = TempDir::new().unwrap();
    let (child, address) = spawn(&dir).await;

    let before = resident_kib(&child);
    let began = Instant::now();
    let mut idle = Vec::new();
    for number in 0..CONNECTIONS {
        let mut seed = [1; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        idle.push(Person::from_seed(seed).connect(address).await);
    }
    note("log_ins_per_s", f64::from(CONNECTIONS) / began.elapsed().as_secs_f64());
    if let (Some(before), Some(after)) = (before, resident_kib(&child)) {
        note("resident_mib_at_start", before / 1024.0);
        note("resident_mib_with_2000", after / 1024.0);
        note("kib_per_idle_connection", (after - before) / f64::from(CONNECTIONS));
    }

    let began = Instant::now();
    let pairs: Vec<_> = (0..PAIRS)
        .map(|seed| tokio::spawn(pass(address, Person::new(200 + seed))))
        .collect();
    for pair in pairs {
        pair.await.unwrap();
    }
    note(
        "deposits_per_s",
        f64::from(PAIRS) * f64::from(ENVELOPES) / began.elapsed().as_secs_f64(),
    );

    let mut delays = probe(address).await;
    delays.sort();
    for (name, share) in [("relay_ms_p50", 0.50), ("relay_ms_p99", 0.99)] {
        let index = (f64::from(PROBES - 1) * share) as usize;
        note(name, delays[index].as_secs_f64() * 1000.0);
    }
    drop(idle);
    figures
}

async fn spawn(dir: &TempDir) -> (Child, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_orrery-server"))
        .args(["--listen", "127.0.0.1:0", "--data", dir.path().to_str().unwrap()])
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
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

/// Resident memory of the server, where the system tells it.
fn resident_kib(child: &Child) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()?)).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Deposits as fast as they are answered, and takes them out at the other end.
async fn pass(address: SocketAddr, to: Person) {
    let mut socket = to.move_in(address).await;
    let mut drop_box = Socket::drop_box(address).await;
    let recipient = tokio::spawn(async move {
        for _ in 0..ENVELOPES {
            let (id, _) = socket.delivery().await;
            socket
                .send(&SocketRequest::Ack {
                    ids: id.into_iter().collect(),
                })
                .await;
        }
    });
    let (mut asked, mut answered) = (0, 0);
    while answered < ENVELOPES {
        while asked < ENVELOPES.min(answered + 32) {
            drop_box.send(&deposit(asked, &to, vec![0; SIZE])).await;
            asked += 1;
        }
        assert_eq!(
            drop_box.receive::<DropReply>().await,
            DropReply::Deposited { request: answered }
        );
        answered += 1;
    }
    recipient.await.unwrap();
}

/// Delays from a deposit to its delivery, one at a time.
async fn probe(address: SocketAddr) -> Vec<Duration> {
    let to = Person::new(100);
    let mut socket = to.move_in(address).await;
    let mut drop_box = Socket::drop_box(address).await;
    let mut delays = Vec::new();
    for request in 0..PROBES {
        let began = Instant::now();
        drop_box.send(&deposit(request, &to, vec![0; SIZE])).await;
        socket.delivery().await;
        delays.push(began.elapsed());
        drop_box.receive::<DropReply>().await;
    }
    delays
}
