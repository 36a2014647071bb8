//! The audio thread as a whole, in real time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub
)]

mod alloc;
mod call;
#[cfg(feature = "device")]
mod pulse;
#[allow(dead_code)]
#[path = "../../src/testing.rs"]
mod testing;
