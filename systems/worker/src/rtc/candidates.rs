//! ICE candidates: which of them may be given out and taken, and gathering them into few notes.

use std::net::IpAddr;

use orrery_protocol::limits::{MAX_CANDIDATE, MAX_CANDIDATES};
use webrtc::peer_connection::RTCIceCandidateInit;

/// Reads a candidate that a peer sent. `None` for one that cannot be read, that names a host instead of an address
/// (a name would make us ask a name server of the peer's choosing), that is not UDP (TCP would have us connect to any
/// service that the peer names), or an address that is none of a peer's: unspecified, multicast, and loopback unless `loopback` says that this is where the program runs.
pub(crate) fn read(line: &str, loopback: bool) -> Option<RTCIceCandidateInit> {
    if line.len() > MAX_CANDIDATE {
        return None;
    }
    let candidate: RTCIceCandidateInit = serde_json::from_str(line).ok()?;
    let address = address(&candidate.candidate)?;
    if !is_udp(&candidate.candidate) {
        return None;
    }
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

/// A word of `candidate:…` (RFC 8839 §5.1), counted from 0 and from behind the colon, as the stack will find it. `None` also
/// for what is not plain: the stack takes words apart at every blank that Unicode knows, and with one of those a peer
/// could show us another address than the stack would use.
fn word(candidate: &str, number: usize) -> Option<&str> {
    if !candidate.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    let value = candidate.strip_prefix("candidate:").unwrap_or(candidate);
    value.split(' ').filter(|word| !word.is_empty()).nth(number)
}

/// The connection address.
fn address(candidate: &str) -> Option<IpAddr> {
    word(candidate, 4)?.parse().ok()
}

/// The transport: the third word (RFC 8839 §5.1), in either case.
fn is_udp(candidate: &str) -> bool {
    word(candidate, 2).is_some_and(|transport| transport.eq_ignore_ascii_case("udp"))
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
    fn nobody_has_us_connect_over_tcp() {
        let udp = line("192.0.2.7");
        assert!(read(&udp.replace(" udp ", " UDP "), false).is_some());
        for other in [" tcp ", " TCP ", " udpx ", " ssltcp "] {
            assert!(read(&udp.replace(" udp ", other), false).is_none(), "{other}");
        }
        let passive = udp
            .replace(" udp ", " tcp ")
            .replace("typ host", "typ host tcptype passive");
        assert!(read(&passive, false).is_none());
    }

    #[test]
    fn no_other_blank_shows_us_another_address_than_the_stack_takes() {
        // As the stack reads it: evil.example. As whoever splits at plain blanks alone: 192.0.2.7, over UDP.
        for blank in ["\u{a0}", "\u{b}", "\u{2003}", "\u{85}", "\t", "\n"] {
            let hidden = ["1", "1", "udp", "1", "evil.example", "9", "typ", "host"].join(blank);
            let line = serde_json::to_string(&RTCIceCandidateInit {
                candidate: format!("candidate:{hidden} x udp x 192.0.2.7"),
                ..Default::default()
            });
            assert!(read(&line.unwrap(), true).is_none(), "{blank:?}");
        }
        // Without a foundation, or without the word in front, the places are the stack's too.
        for candidate in [
            "candidate: 1 udp 1 192.0.2.7 9 typ host",
            "1 udp 1 1 192.0.2.7 9 typ host",
        ] {
            let line = serde_json::to_string(&RTCIceCandidateInit {
                candidate: candidate.into(),
                ..Default::default()
            });
            assert!(read(&line.unwrap(), true).is_none(), "{candidate}");
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
