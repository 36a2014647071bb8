//! Peers and people between who do not keep to the protocol, over real sockets.

mod between;
mod dtls;
mod knock;
mod reach;
mod relay;
mod rtp;
mod sctp;

use std::{net::SocketAddr, time::Duration};

use webrtc::peer_connection::RTCIceCandidateInit;

use super::{
    laws::{DEADLINE, LINE, Side},
    *,
};

/// Bytes of memory that this process holds.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .map_or(0, |kilobytes| kilobytes * 1024)
}

/// A candidate line for an address.
pub(crate) fn candidate(address: SocketAddr) -> String {
    let (ip, port) = (address.ip(), address.port());
    serde_json::to_string(&RTCIceCandidateInit {
        candidate: format!("candidate:1 1 udp 2130706431 {ip} {port} typ host"),
        sdp_mid: Some("0".into()),
        sdp_mline_index: Some(0),
        ..Default::default()
    })
    .unwrap()
}

/// The address in a candidate line.
fn address(line: &str) -> SocketAddr {
    let candidate: RTCIceCandidateInit = serde_json::from_str(line).unwrap();
    let words: Vec<&str> = candidate.candidate.split(' ').collect();
    format!("{}:{}", words[4], words[5]).parse().unwrap()
}

/// A description in which every line that begins so is another.
fn with_line(sdp: &str, beginning: &str, line: &str) -> String {
    let lines = sdp
        .lines()
        .map(|old| if old.starts_with(beginning) { line } else { old });
    lines.map(|line| format!("{line}\r\n")).collect()
}

/// The line of a description that begins so.
fn line_of<'a>(sdp: &'a str, beginning: &str) -> &'a str {
    sdp.lines()
        .find(|line| line.starts_with(beginning))
        .expect("such a line")
}

/// The first event out of which something can be made.
async fn event<T>(side: &mut Side, mut find: impl FnMut(&PeerEvent) -> Option<T>) -> T {
    tokio::time::timeout(DEADLINE, async {
        loop {
            let event = side.events.recv().await.unwrap();
            if let Some(found) = find(&event) {
                return found;
            }
        }
    })
    .await
    .expect("in time")
}

async fn described(side: &mut Side) -> String {
    event(side, |event| match event {
        PeerEvent::Described { sdp, .. } => Some(sdp.clone()),
        _ => None,
    })
    .await
}

async fn broken(side: &mut Side) {
    event(side, |event| matches!(event, PeerEvent::Broken { .. }).then_some(())).await;
}

/// Everything told within a time.
async fn told_within(side: &mut Side, time: Duration) -> Vec<PeerEvent> {
    let mut told = Vec::new();
    let end = tokio::time::Instant::now() + time;
    while let Ok(Some(event)) = tokio::time::timeout_at(end, side.events.recv()).await {
        told.push(event);
    }
    told
}
