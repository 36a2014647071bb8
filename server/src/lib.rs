//! Orrery's signaling server: it introduces peers and holds sealed mail for those who are away. It knows who receives,
//! never who sends, and can read nothing.
//!
//! - [`config`], [`limits`]: what an operator sets; every limit stands in one file.
//! - [`server`]: [`Server::start`] and the [`RunningServer`] it returns.
//! - `http`: TCP, TLS and the routes; `session` is `/v1/socket`, `dropbox` is `/v1/drop`, `connection` what both share,
//!   `meter` what they may send at all.
//! - `hub`: who is connected now, and the lanes by which mail reaches them.
//! - `store`: mailboxes, prekeys and tokens in one SQLite file, behind one writer that commits in groups.
//! - `stun`: tells a client its public address.
//!
//! Invariants: an envelope is acknowledged to its depositor only after it is on disk; a one-time prekey leaves in the
//! transaction that deletes it; nothing that names a person, a token or an address is logged or counted.

pub mod cli;
pub mod clock;
pub mod config;
pub mod limits;
pub mod server;

mod address;
mod admission;
mod connection;
mod dropbox;
mod http;
mod hub;
mod meter;
mod metrics;
mod rate;
mod session;
mod shared;
mod store;
mod stun;
mod tls;

pub use clock::{Clock, ManualClock, SystemClock};
pub use config::{ConfigError, ServerConfig, Stun, TlsFiles};
pub use limits::Limits;
pub use rate::Rate;
pub use server::{RunningServer, Server, StartError};
pub use store::StoreError;
