//! The server over real WebSockets, on ports it picked itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, which fail by panicking"
)]

mod client;
mod document;
mod hostile;
mod limits;
mod login;
mod mailbox;
mod memory;
mod prekeys;
mod raw;
mod routes;
mod silence;
mod stop;
mod stun;
