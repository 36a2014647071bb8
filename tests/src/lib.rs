//! The end-to-end bed: real server and client processes, driven as a stranger would drive them.
//!
//! [`Server`] and [`Peer`] are child processes that can be killed at any moment; [`Peer`] speaks the JSON lines of
//! `orrery-headless`. [`on_a_small_disk`] gives a test a disk to fill, [`skipped`] counts what cannot run here. Nothing here sleeps: everything waits for a line, with a deadline far beyond what is expected.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bed for tests: what fails, fails the test"
)]

mod here;
mod peer;
mod server;

pub use here::{on_a_small_disk, skipped};
pub use peer::{DEADLINE, Peer, PeerOptions};
pub use server::{Server, ServerOptions};
