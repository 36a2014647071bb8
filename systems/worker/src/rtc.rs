//! Peer connections, behind a boundary of our own: [`Transport`] in, [`PeerEvent`] out. Nothing outside this folder
//! names a type of the WebRTC stack, so another stack can take its place.
//!
//! One task drives each connection. The stack's callbacks run on its own driver, where waiting would stall ICE, DTLS
//! and SCTP at once: they only put what they were told into a bounded lane.

pub(crate) mod candidates;
pub(crate) mod connection;
pub(crate) mod fanout;
pub(crate) mod fingerprint;
pub(crate) mod guard;
pub(crate) mod handler;
pub(crate) mod interfaces;
pub(crate) mod pieces;
pub(crate) mod reports;
pub(crate) mod sdp;
pub(crate) mod stack;
pub(crate) mod stats;
pub(crate) mod talk;
pub(crate) mod transport;

#[cfg(test)]
mod garbage;
#[cfg(test)]
pub(crate) mod hostile;
#[cfg(test)]
mod laws;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod leaks;

pub(crate) use fanout::{Fanout, OutFrame};
pub(crate) use interfaces::{Change, Interfaces};
pub(crate) use stack::{Network, WebRtc};
pub(crate) use stats::Measured;
pub(crate) use transport::{Ear, PEER_EVENT_CAPACITY, PeerEvent, Transport};
