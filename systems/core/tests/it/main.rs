//! Whole cores against each other, in virtual time, over a network that may lose, delay, reorder and repeat.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub
)]

mod sim;

mod calls;
mod connections;
mod group_calls;
mod hides;
mod hostile;
mod hostile_calls;
mod lost;
mod messages;
mod moves;
mod outbox;
mod prekeys;
mod presence;
mod profile;
mod property;
mod renewals;
mod requests;
mod rings;
mod sessions;
mod starts;
