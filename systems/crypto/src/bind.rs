//! Ties a peer connection to the people at its ends: a MAC over both DTLS fingerprints, both identities and the role,
//! under a key that only the two ratchets carried.
//!
//! ```text
//! key  HKDF-SHA256(salt 32×00, r_offer ‖ r_answer, "Orrery_BIND_v1", 32)
//! MAC  HMAC-SHA256(key, "orrery-bind-v1\0" ‖ connection 16 ‖ fp offerer 32 ‖ fp answerer 32 ‖ id offerer ‖ id answerer ‖ role)
//! ```
//! The role is that of who made the MAC, so that one side's cannot be sent back as the other's.

use std::fmt;

use hmac::Mac;
use orrery_protocol::{ConnectionId, PeerId, signal::Role};
use zeroize::Zeroizing;

use crate::kdf::{self, Key};

const CONTEXT: &[u8] = b"orrery-bind-v1\0";

/// What a binding MAC speaks of. The fingerprints are SHA-256 of the DTLS certificates as seen on the connection: one's
/// own as made, the other's as read back after the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The connection.
    pub connection: ConnectionId,
    /// Who offered.
    pub offerer: PeerId,
    /// Who answered.
    pub answerer: PeerId,
    /// Fingerprint of the offerer's certificate.
    pub offerer_fingerprint: [u8; 32],
    /// Fingerprint of the answerer's certificate.
    pub answerer_fingerprint: [u8; 32],
}

/// The key of one connection's binding MACs. Wiped on drop, hidden in `Debug`.
pub struct BindingKey(Key);

impl fmt::Debug for BindingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BindingKey(hidden)")
    }
}

impl BindingKey {
    /// From the random bytes sealed in the offer and in the answer.
    #[must_use]
    pub fn new(offer: &[u8; 32], answer: &[u8; 32]) -> Self {
        let mut both = Zeroizing::new([0; 64]);
        both.iter_mut()
            .zip(offer.iter().chain(answer))
            .for_each(|(to, from)| *to = *from);
        Self(kdf::hkdf(&[0; 32], both.as_slice(), kdf::BIND))
    }

    /// The MAC that the side with this role sends.
    #[must_use]
    pub fn mac(&self, binding: &Binding, role: Role) -> [u8; 32] {
        self.over(binding, role).finalize().into_bytes().into()
    }

    /// Whether a MAC is the one that the side with this role must send. In constant time.
    #[must_use]
    pub fn verify(&self, binding: &Binding, role: Role, mac: &[u8; 32]) -> bool {
        self.over(binding, role).verify(mac.into()).is_ok()
    }

    fn over(&self, binding: &Binding, role: Role) -> hmac::Hmac<sha2::Sha256> {
        kdf::hmac(&self.0)
            .chain_update(CONTEXT)
            .chain_update(binding.connection.as_bytes())
            .chain_update(binding.offerer_fingerprint)
            .chain_update(binding.answerer_fingerprint)
            .chain_update(binding.offerer.as_bytes())
            .chain_update(binding.answerer.as_bytes())
            .chain_update([role.byte()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding() -> Binding {
        Binding {
            connection: ConnectionId([1; 16]),
            offerer: PeerId([2; 32]),
            answerer: PeerId([3; 32]),
            offerer_fingerprint: [4; 32],
            answerer_fingerprint: [5; 32],
        }
    }

    #[test]
    fn both_sides_hold_the_same_key() {
        let (here, there) = (BindingKey::new(&[7; 32], &[8; 32]), BindingKey::new(&[7; 32], &[8; 32]));
        for role in [Role::Offerer, Role::Answerer] {
            assert!(there.verify(&binding(), role, &here.mac(&binding(), role)));
        }
    }

    #[test]
    fn a_reflected_mac_is_refused() {
        let key = BindingKey::new(&[7; 32], &[8; 32]);
        assert!(!key.verify(&binding(), Role::Answerer, &key.mac(&binding(), Role::Offerer)));
    }

    #[test]
    fn every_part_counts() {
        let key = BindingKey::new(&[7; 32], &[8; 32]);
        let mac = key.mac(&binding(), Role::Offerer);
        let b = binding();
        let changed = [
            Binding {
                connection: ConnectionId([9; 16]),
                ..b
            },
            Binding {
                offerer: PeerId([9; 32]),
                ..b
            },
            Binding {
                answerer: PeerId([9; 32]),
                ..b
            },
            Binding {
                offerer_fingerprint: [9; 32],
                ..b
            },
            Binding {
                answerer_fingerprint: [9; 32],
                ..b
            },
            // A certificate swapped for the other side's own.
            Binding {
                offerer_fingerprint: b.answerer_fingerprint,
                answerer_fingerprint: b.offerer_fingerprint,
                ..b
            },
            Binding {
                offerer: b.answerer,
                answerer: b.offerer,
                ..b
            },
        ];
        for other in changed {
            assert!(!key.verify(&other, Role::Offerer, &mac));
        }
        assert!(!BindingKey::new(&[8; 32], &[7; 32]).verify(&b, Role::Offerer, &mac));
        for bit in 0..256 {
            let mut bad = mac;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.verify(&b, Role::Offerer, &bad));
        }
    }

    #[test]
    fn the_key_hides() {
        insta::assert_snapshot!(format!("{:?}", BindingKey::new(&[7; 32], &[8; 32])), @"BindingKey(hidden)");
    }

    #[test]
    fn the_key_is_wiped() {
        let BindingKey(key) = &BindingKey::new(&[7; 32], &[8; 32]);
        crate::testing::wiped(key);
    }
}
