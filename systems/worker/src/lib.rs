//! The worker: the only room of the client with a network and sound in it. It drives the core and the store, the
//! sockets to signaling servers, peer connections and the audio thread, and speaks to whoever holds the other end of
//! the link, window or script, in commands, events and gauges.
//!
//! - [`Worker`]: starts it on a thread of its own; [`WorkerConfig`]: with what.
//! - `driver`: the one loop everything passes through; `engine`: core and store in one transaction; `profile`: opening.
//! - `signaling`: the sockets to one's own server and to those of others.
//! - `rtc`: peer connections, behind a boundary that another stack could fill.
//! - `keyring`: the system's, as a cache of the key; `hygiene`: what a program does first.
//! - `sound`: the audio thread, its controls and gauges.
//! - `map`: the link's words for the core's.
//! - `clock`: the one place that looks at clocks.
//!
//! Every lane in here is bounded, and its constant says what happens when it is full.

mod clock;
mod config;
mod driver;
mod engine;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod hygiene;
mod keyring;
mod map;
#[cfg(feature = "media-peer")]
pub mod media_peer;
mod profile;
mod rtc;
mod signaling;
mod sound;
mod worker;

pub use config::{MicSource, SoundConfig, SpeakerSink, VaultParams, WorkerConfig};
pub use keyring::{Keyring, SecretStore, Unavailable};
/// Twelve words for who shows them: made by the window or a script, and passed down.
pub use orrery_crypto::RecoveryPhrase;
pub use worker::{JoinTimeout, SpawnError, Worker, WorkerHandle};

/// Twelve new words, drawn from the system's randomness.
#[must_use]
pub fn new_recovery_phrase() -> Option<RecoveryPhrase> {
    RecoveryPhrase::generate(&mut rand::rng()).ok()
}
