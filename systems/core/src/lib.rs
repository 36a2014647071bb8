//! The sans-IO heart: contacts, conversations, outbox and receipts, connections and calls as state machines. Time,
//! randomness and what the network did are inputs; what to do next comes out as [`Output`]s.
//!
//! - [`Core`]: the one entry; [`io`]: what goes in and comes out; [`error`]: why something is refused.
//! - `turn`: one input on its way through; every noun below adds its methods to it.
//! - `profile`, `tokens`, `prekeys`, `clock`: one's own identity and what is published of it.
//! - `contacts`, `sessions`, `forks`, `inbox`, `outbox`: who may write, under which ratchet, how notes come and go.
//! - `conversation`, `receipts`, `typing`, `presence`: what two people see of each other's writing.
//! - `connection`, `call`: peer connections bound to identities, and calls over them.
//! - `live`: all that is not durable, in one cloneable value.

mod act;
mod call;
mod clock;
mod connection;
mod contacts;
mod conversation;
mod core;
pub mod error;
mod forks;
mod inbox;
pub mod io;
mod live;
mod outbox;
mod prekeys;
mod presence;
mod profile;
mod receipts;
mod sessions;
#[cfg(feature = "test-support")]
pub mod testing;
mod tokens;
mod turn;
mod typing;
mod wake;

pub use self::core::Core;
pub use error::{CoreError, Refusal};
pub use io::{Act, Fact, Input, Now, Output, Policy};
