//! Entities against a fake worker: the other end of a link, held by the test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod bed;
mod calls;
mod chat;
mod lanes;
mod peers;
