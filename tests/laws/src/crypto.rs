//! What the cryptography reads. Beside forged bytes each law has genuine ones: only what is genuine may be taken.

mod keys;
mod messages;
mod vaults;

pub use keys::{bundle, key_state, login, recovery_phrase, safety_code};
pub use messages::{accept, decrypt, envelope, message, session_state};
pub use vaults::vault;

use sha2::{Digest, Sha256};

/// Puts the right checksum under stored state, so that a fuzzer gets past it.
fn with_checksum(body: &[u8]) -> Vec<u8> {
    let sum: [u8; 32] = Sha256::digest(body).into();
    [body, &sum[..8]].concat()
}
