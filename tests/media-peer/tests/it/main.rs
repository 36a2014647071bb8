//! Calls of the worker's own set-up with programs that are not ours.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "../../../src/here.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "it is at home elsewhere, where more of it is used"
)]
mod here;

mod calls;
mod judge;
mod side;
mod speech;
mod wrong;
