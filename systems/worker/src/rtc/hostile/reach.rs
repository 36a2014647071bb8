//! What is sent to addresses that a peer names.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use orrery_protocol::limits::MAX_CANDIDATES;
use tokio::{net::UdpSocket, sync::mpsc};

use super::*;

/// Packets that wait to be looked at; when full, the bystanders stop reading.
const PACKETS: usize = 65_536;

/// Sockets at addresses that never asked for anything, and what they got.
async fn bystanders(count: usize) -> (Vec<SocketAddr>, mpsc::Receiver<(SocketAddr, Vec<u8>)>) {
    let (lane, got) = mpsc::channel(PACKETS);
    let mut addresses = Vec::new();
    for _ in 0..count {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        addresses.push(address);
        let lane = lane.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, _)) = socket.recv_from(&mut buffer).await {
                if lane.send((address, buffer[..length].to_vec())).await.is_err() {
                    return;
                }
            }
        });
    }
    (addresses, got)
}

/// A side whose other side names these addresses and is nowhere.
async fn misled(mut side: Side, lines: Vec<String>) -> Side {
    side.stack.offer(LINE);
    let offer = described(&mut side).await;
    let mut other = Side::new();
    other.stack.answer(LINE, offer);
    let answer = described(&mut other).await;
    side.stack.take_answer(LINE, answer);
    for some in lines.chunks(16) {
        side.stack.add_candidates(LINE, some.to_vec());
    }
    side
}

/// A STUN binding request (RFC 8489 §5).
fn is_check(packet: &[u8]) -> bool {
    packet.len() >= 20 && packet[..2] == [0, 1] && packet[4..8] == [0x21, 0x12, 0xa4, 0x42]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_that_a_peer_names_get_a_bounded_number_of_connectivity_checks_and_nothing_else() {
    let (addresses, mut got) = bystanders(MAX_CANDIDATES * 2).await;
    let side = misled(Side::new(), addresses.iter().copied().map(candidate).collect()).await;
    let mut counts: HashMap<SocketAddr, u32> = HashMap::new();
    let (mut all, mut bytes) = (0, 0);
    let end = tokio::time::Instant::now() + Duration::from_secs(10);
    while let Ok(Some((at, packet))) = tokio::time::timeout_at(end, got.recv()).await {
        assert!(is_check(&packet), "{packet:?}");
        *counts.entry(at).or_default() += 1;
        all += 1;
        bytes += packet.len();
    }
    assert_eq!(counts.len(), MAX_CANDIDATES, "of those named beyond it nobody hears");
    assert!(counts.values().all(|count| *count <= 10 + 50), "{counts:?}");
    assert!(all <= 400 + 200 * 10, "{all} checks of {bytes} bytes");
    eprintln!(
        "{all} checks, {bytes} bytes, at most {:?} to one address",
        counts.values().max()
    );
    drop(side);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn this_computer_gets_nothing_because_a_peer_names_it() {
    let (addresses, mut got) = bystanders(8).await;
    let lines: Vec<String> = addresses.iter().copied().map(candidate).collect();
    let mapped = addresses.iter().map(|at| {
        let at: SocketAddr = format!("[::ffff:{}]:{}", at.ip(), at.port()).parse().unwrap();
        candidate(at)
    });
    let mut lines: Vec<String> = lines.iter().cloned().chain(mapped).collect();
    let tcp = candidate(addresses[0])
        .replace(" udp ", " tcp ")
        .replace("typ host", "typ host tcptype passive");
    lines.push(tcp);
    let mut away = Side::new();
    let network = Network {
        loopback: false,
        ..away.stack.network().clone()
    };
    away.stack.set_network(network);
    let side = misled(away, lines).await;
    let heard = tokio::time::timeout(Duration::from_secs(3), got.recv()).await;
    assert!(heard.is_err(), "{heard:?}");
    drop(side);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_connected_to_over_tcp_because_a_peer_names_it() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = candidate(listener.local_addr().unwrap());
    let lines = ["tcptype passive", "tcptype so", "tcptype active", ""].map(|kind| {
        at.replace(" udp ", " tcp ")
            .replace("typ host", &format!("typ host {kind}"))
    });
    let side = misled(Side::new(), lines.to_vec()).await;
    let came = tokio::time::timeout(Duration::from_secs(3), listener.accept()).await;
    assert!(came.is_err(), "somebody came");
    drop(side);
}
