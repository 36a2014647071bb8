//! End to end: real servers, real clients, real connections on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod bed;
mod calls;
#[cfg(target_os = "linux")]
mod candidates;
mod crash;
mod damage;
mod disk;
mod echo;
mod evil;
mod knows_nothing;
mod logs;
#[cfg(target_os = "linux")]
mod networks;
mod supply;
mod talk;
mod threats;
mod walls;
mod wiping;
mod wrong;
