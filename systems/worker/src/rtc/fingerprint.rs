//! Certificate fingerprints, read back from a connection after its DTLS handshake: not what an SDP claimed, but what
//! was shown.

use webrtc::peer_connection::{RTCStatsReport, RTCStatsReportEntry};

/// SHA-256 of our own certificate and of the one the other side showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprints {
    /// Ours.
    pub local: [u8; 32],
    /// Theirs.
    pub remote: [u8; 32],
}

/// Reads both out of a report; `None` before the handshake is done.
pub(crate) fn read(report: &RTCStatsReport) -> Option<Fingerprints> {
    let transport = report.transport()?;
    let certificate = |id: &str| {
        report.iter().find_map(|entry| match entry {
            RTCStatsReportEntry::Certificate(certificate)
                if !id.is_empty()
                    && certificate.stats.id == id
                    && certificate.fingerprint_algorithm.eq_ignore_ascii_case("sha-256") =>
            {
                parse(&certificate.fingerprint)
            }
            _ => None,
        })
    };
    // The report holds both certificates and only the transport says which is whose: taking the wrong one would let
    // every peer in, because it would be our own that is compared.
    Some(Fingerprints {
        local: certificate(&transport.local_certificate_id)?,
        remote: certificate(&transport.remote_certificate_id)?,
    })
}

/// `AB:CD:…`, 32 bytes (RFC 8122 §5).
pub(crate) fn parse(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let mut parts = text.split(':');
    for byte in &mut bytes {
        // `from_str_radix` would take a sign for a digit.
        let part = parts
            .next()
            .filter(|part| part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_thirty_two_bytes_and_nothing_else() {
        let text = (0..32u8).map(|i| format!("{i:02X}")).collect::<Vec<_>>().join(":");
        assert_eq!(parse(&text), Some(std::array::from_fn(|i| i as u8)));
        assert_eq!(parse(&text.to_lowercase()), parse(&text));
        assert_eq!(parse(&text[3..]), None);
        assert_eq!(parse(&format!("{text}:00")), None);
        assert_eq!(parse(&text.replace("1F", "1G")), None);
        assert_eq!(parse(&text.replace("0A", "+A")), None);
        assert_eq!(parse(&text.replace("0F", "+F")), None);
        assert_eq!(parse(""), None);
    }
}
