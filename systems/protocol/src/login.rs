//! The bytes that a log-in signs.

use crate::PeerId;

/// Keeps a log-in signature from meaning anything anywhere else.
const CONTEXT: &[u8] = b"orrery-login-v1\0";

/// Context ‖ length-prefixed (u32be) host name ‖ nonce ‖ key ‖ u64be time.
///
/// `host` is the name the client dialled, lower-case, without port or brackets: a server that relays another server's
/// nonce therefore gets a signature that is good for nothing there. `nonce` and `time_ms` come from the challenge.
#[must_use]
pub fn login_bytes(host: &str, nonce: &[u8; 32], peer: &PeerId, time_ms: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(CONTEXT.len() + 4 + host.len() + 32 + 32 + 8);
    bytes.extend_from_slice(CONTEXT);
    bytes.extend_from_slice(&(u32::try_from(host.len()).unwrap_or(u32::MAX)).to_be_bytes());
    bytes.extend_from_slice(host.as_bytes());
    bytes.extend_from_slice(nonce);
    bytes.extend_from_slice(peer.as_bytes());
    bytes.extend_from_slice(&time_ms.to_be_bytes());
    bytes
}

/// The form of a host name that is signed: lower-case, no brackets around IPv6, no trailing dot.
#[must_use]
pub fn canonical_host(host: &str) -> String {
    let host = host.trim();
    let host = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    host.trim_end_matches('.').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_inputs_share_bytes() {
        let peer = PeerId([1; 32]);
        let base = login_bytes("a.example", &[2; 32], &peer, 3);
        assert_ne!(base, login_bytes("b.example", &[2; 32], &peer, 3));
        assert_ne!(base, login_bytes("a.example", &[4; 32], &peer, 3));
        assert_ne!(base, login_bytes("a.example", &[2; 32], &PeerId([5; 32]), 3));
        assert_ne!(base, login_bytes("a.example", &[2; 32], &peer, 4));
    }

    #[test]
    fn a_host_has_one_form() {
        assert_eq!(canonical_host("[::1]"), "::1");
        assert_eq!(canonical_host("Orrery.Example."), "orrery.example");
    }
}
