//! An evil server, for tests. It stands before an honest `orrery-server`, speaks both WebSockets of `docs/PROTOCOL.md`,
//! reads every frame that passes in either direction, and lets a set of [`Mischief`]s change it: false keys, changed,
//! repeated, withheld and misdirected envelopes, forgeries, and lies about everything a server says of itself.
//!
//! - [`Evil`]: starts one; what a test holds.
//! - [`mischief`]: what it can do, by name. `meddle` does it.
//! - [`forge`]: the server's own identity, keys and seals: all that somebody without anybody's keys can make.
//! - [`book`]: everything it ever saw, and how often each mischief struck.
//! - `relay`, `tee`: the connections; `world`: what they share; `deposit`: its own hand on the honest server.
//!
//! Every draw comes from one seed. What the network does in between does not: a seed repeats the decisions, not the
//! moment at which they fall.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bed for tests: what fails, fails the test"
)]

pub mod book;
mod deposit;
mod dice;
mod evil;
pub mod forge;
pub mod frame;
mod meddle;
pub mod mischief;
mod relay;
mod tee;
mod world;

pub use book::Seen;
pub use dice::Dice;
pub use evil::{Evil, EvilOptions};
pub use forge::Stranger;
pub use frame::{Door, Frame, Way};
pub use mischief::{Mischief, Plan};
