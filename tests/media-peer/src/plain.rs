//! What other programs write into a description and ours never do. A call takes descriptions of our own shape alone
//! (`systems/worker/src/rtc/sdp.rs`), and is not widened for this: what is more is taken out before.

use serde_json::json;

/// A description as a call takes it, and what was taken out of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    /// With SHA-256 as the only kind of fingerprint (RFC 8122 §5 allows several at once, of which the listener chooses).
    pub sdp: String,
    /// Its candidates, as JSON lines: many programs gather all of them before they describe themselves.
    pub candidates: Vec<String>,
}

/// Takes a description apart.
pub(crate) fn read(sdp: &str) -> Plain {
    let mut kept = String::with_capacity(sdp.len() + 2);
    let mut candidates = Vec::new();
    let mut section: Option<u16> = None;
    let mut mid = String::new();
    // The `mid` stands before or behind the candidates of its section.
    let mids = mids(sdp);
    for line in sdp.lines() {
        if line.starts_with("m=") {
            section = Some(section.map_or(0, |n| n + 1));
            mid = section
                .and_then(|n| mids.get(usize::from(n)).cloned())
                .unwrap_or_default();
        }
        if let Some(candidate) = line.strip_prefix("a=").filter(|rest| rest.starts_with("candidate:")) {
            let line = json!({"candidate": candidate, "sdpMid": mid, "sdpMLineIndex": section.unwrap_or(0)});
            candidates.push(line.to_string());
            continue;
        }
        let other_kind = line
            .strip_prefix("a=fingerprint:")
            .is_some_and(|value| !value.starts_with("sha-256 "));
        if !other_kind {
            kept.push_str(line);
            kept.push_str("\r\n");
        }
    }
    Plain { sdp: kept, candidates }
}

/// The `mid` of each section, empty where it has none.
fn mids(sdp: &str) -> Vec<String> {
    let mut mids: Vec<String> = Vec::new();
    for line in sdp.lines() {
        if line.starts_with("m=") {
            mids.push(String::new());
        } else if let (Some(value), Some(last)) = (line.strip_prefix("a=mid:"), mids.last_mut()) {
            value.clone_into(last);
        }
    }
    mids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_come_out_with_their_section() {
        let plain = read(
            "v=0\r\nm=audio 9 X 96\r\na=candidate:1 1 udp 1 127.0.0.1 7 typ host\r\na=mid:a\r\nm=application 9 Y z\r\na=mid:b\r\n\
             a=candidate:2 1 udp 1 127.0.0.1 8 typ host\r\na=end-of-candidates\r\n",
        );
        assert_eq!(
            plain.sdp,
            "v=0\r\nm=audio 9 X 96\r\na=mid:a\r\nm=application 9 Y z\r\na=mid:b\r\na=end-of-candidates\r\n"
        );
        let of =
            |text: &str, mid: &str, n: u16| json!({"candidate": text, "sdpMid": mid, "sdpMLineIndex": n}).to_string();
        assert_eq!(
            plain.candidates,
            [
                of("candidate:1 1 udp 1 127.0.0.1 7 typ host", "a", 0),
                of("candidate:2 1 udp 1 127.0.0.1 8 typ host", "b", 1),
            ]
        );
    }

    #[test]
    fn one_kind_of_fingerprint_stays() {
        let plain = read("v=0\r\na=fingerprint:sha-512 AA\r\na=fingerprint:sha-256 BB\r\na=fingerprint:sha-384 CC\r\n");
        assert_eq!(plain.sdp, "v=0\r\na=fingerprint:sha-256 BB\r\n");
    }
}
