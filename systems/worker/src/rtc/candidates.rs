//! ICE candidates: which of them may be given out and taken, and gathering them into few notes.

use std::net::IpAddr;

use orrery_protocol::limits::{MAX_CANDIDATE, MAX_CANDIDATES};
use webrtc::peer_connection::RTCIceCandidateInit;

/// Reads a candidate that a peer sent. `None` for one that cannot be read, that names a host instead of an address
/// (a name would make us ask a name server of the peer's choosing), or an address that is none of a peer's:
/// unspecified, multicast, and loopback unless `loopback` says that this is where the program runs.
pub(crate) fn read(line: &str, loopback: bool) -> Option<RTCIceCandidateInit> {
    if line.len() > MAX_CANDIDATE {
        return None;
    }
    let candidate: RTCIceCandidateInit = serde_json::from_str(line).ok()?;
    let address = address(&candidate.candidate)?;
    let usable = !address.is_unspecified() && !address.is_multicast() && (loopback || !is_loopback(address));
    usable.then_some(candidate)
}

/// Writes a candidate of our own, or `None` when it must not leave.
pub(crate) fn write(candidate: &RTCIceCandidateInit, loopback: bool) -> Option<String> {
    let address = address(&candidate.candidate)?;
    if address.is_unspecified() || (!loopback && is_loopback(address)) {
        return None;
    }
    let line = serde_json::to_string(candidate).ok()?;
    (line.len() <= MAX_CANDIDATE).then_some(line)
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The connection address: the fifth word of `candidate:…` (RFC 8839 §5.1).
fn address(candidate: &str) -> Option<IpAddr> {
    candidate.split_ascii_whitespace().nth(4)?.parse().ok()
}

/// Takes every candidate line out of an SDP: candidates come only in notes of their own, where [`read`] judges them.
pub(crate) fn strip(sdp: &str) -> String {
    let mut text = String::with_capacity(sdp.len());
    for line in sdp.lines().filter(|line| !line.starts_with("a=candidate:")) {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text
}

/// Candidates of our own that wait for others to go with them.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    waiting: Vec<String>,
    given: usize,
}

impl Batch {
    /// Adds one. Says whether it is the first to wait, so that a timer is set. What exceeds the limit of one
    /// connection is left out: the other side would not take it.
    pub(crate) fn add(&mut self, line: String) -> bool {
        if self.given >= MAX_CANDIDATES {
            return false;
        }
        self.given += 1;
        self.waiting.push(line);
        self.waiting.len() == 1
    }

    /// All that wait.
    pub(crate) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(address: &str) -> String {
        serde_json::to_string(&RTCIceCandidateInit {
            candidate: format!("candidate:1 1 udp 2130706431 {address} 5000 typ host"),
            sdp_mid: Some("0".into()),
            sdp_mline_index: Some(0),
            ..Default::default()
        })
        .unwrap()
    }

    #[test]
    fn only_addresses_that_a_peer_can_have_are_taken() {
        for good in ["192.0.2.7", "2001:db8::1", "10.0.0.1", "169.254.1.1"] {
            assert!(read(&line(good), false).is_some(), "{good}");
        }
        for bad in ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "abc.local", "example.com"] {
            assert!(read(&line(bad), true).is_none(), "{bad}");
        }
        for local in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert!(read(&line(local), false).is_none(), "{local}");
            assert!(read(&line(local), true).is_some(), "{local}");
        }
        for garbage in ["", "{}", "candidate:1", "{\"candidate\":\"x\"}", &"a".repeat(600)] {
            assert!(read(garbage, true).is_none());
        }
    }

    #[test]
    fn our_own_loopback_stays_here_unless_the_program_runs_there() {
        let candidate: RTCIceCandidateInit = serde_json::from_str(&line("127.0.0.1")).unwrap();
        assert!(write(&candidate, false).is_none());
        assert!(write(&candidate, true).is_some());
    }

    #[test]
    fn candidates_hidden_in_an_sdp_are_taken_out() {
        let sdp = "v=0\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\nm=audio 9\r\n";
        assert_eq!(strip(sdp), "v=0\r\nm=audio 9\r\n");
    }

    #[test]
    fn a_connection_gives_no_more_candidates_than_the_other_side_takes() {
        let mut batch = Batch::default();
        assert!(batch.add("a".into()));
        assert!(!batch.add("b".into()));
        assert_eq!(batch.take().len(), 2);
        for _ in 0..200 {
            batch.add("c".into());
        }
        assert_eq!(batch.take().len(), MAX_CANDIDATES - 2);
    }
}
