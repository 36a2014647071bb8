//! The crate from outside: vectors, two parties over a bad network, hostile input, and an independent implementation
//! live on the other end.

// The lint's exception for tests covers `#[test]` functions only, not the helpers they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod edges;
mod forged;
mod hostile;
mod interop;
mod network;
mod people;
mod ratchet;
#[path = "../../examples/replay/scenario.rs"]
mod scenario;
mod session;
mod vectors;
