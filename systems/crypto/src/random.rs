//! Fresh ids, from randomness that is given in.

use orrery_protocol::{CallId, ConnectionId, MessageId};
use rand_core::CryptoRng;

/// Random bytes.
#[must_use]
pub fn bytes<const N: usize>(rng: &mut (impl CryptoRng + ?Sized)) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// An id for a new message.
#[must_use]
pub fn message_id(rng: &mut (impl CryptoRng + ?Sized)) -> MessageId {
    MessageId(bytes(rng))
}

/// An id for a new call.
#[must_use]
pub fn call_id(rng: &mut (impl CryptoRng + ?Sized)) -> CallId {
    CallId(bytes(rng))
}

/// An id for a new connection.
#[must_use]
pub fn connection_id(rng: &mut (impl CryptoRng + ?Sized)) -> ConnectionId {
    ConnectionId(bytes(rng))
}
