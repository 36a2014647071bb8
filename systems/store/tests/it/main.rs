//! The store from outside: what it keeps, what it refuses, and what survives.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod archive_laws;
mod atomicity;
mod child;
mod damage;
mod export;
#[cfg(target_os = "linux")]
#[path = "../../../../tests/src/here.rs"]
#[allow(unreachable_pub, reason = "it is public where it lives")]
mod here;
mod history;
mod kill;
mod profile;
mod recovery;
mod rollback;
mod search;
mod secrecy;
mod support;
