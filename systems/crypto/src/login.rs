//! Logging in at a signaling server.

use orrery_protocol::login::{canonical_host, login_bytes};

use crate::Identity;

/// Signs a server's challenge. `host` is the name that was dialled (any case, brackets and a final dot allowed);
/// `nonce` and `time_ms` come from the challenge. A server that relays another server's challenge gets nothing of use.
#[must_use]
pub fn sign(own: &Identity, host: &str, nonce: &[u8; 32], time_ms: u64) -> [u8; 64] {
    own.sign(&login_bytes(&canonical_host(host), nonce, &own.peer_id(), time_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::verify;

    #[test]
    fn a_login_is_good_for_one_host_and_one_challenge() {
        let own = Identity::from_seed(&[1; 32]);
        let peer = own.peer_id();
        let signature = sign(&own, "Orrery.Example.", &[2; 32], 3);
        let good = |host: &str, nonce: [u8; 32], time| {
            verify(&peer, &login_bytes(host, &nonce, &peer, time), &signature).is_ok()
        };
        assert!(good("orrery.example", [2; 32], 3));
        assert!(!good("other.example", [2; 32], 3));
        assert!(!good("orrery.example", [9; 32], 3));
        assert!(!good("orrery.example", [2; 32], 4));
    }
}
