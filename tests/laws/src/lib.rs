//! Laws about bytes that strangers send: one function a target, and each holds for **any** input.
//!
//! A target takes whatever a fuzzer thinks of, drives one reader of the project with it and panics when a law is broken:
//! nothing panics, memory stays in proportion, what was read can be written and read again, and where a state stands behind
//! the reader an error leaves it byte for byte as it was.
//!
//! - [`protocol`]: frames, notes, invite links, ids, server addresses
//! - [`crypto`]: bundles, messages, sessions and their stored states, envelopes, vaults, codes
//! - [`core`]: a whole core that hears from a contact, a stranger and a server
//! - [`voice`]: Opus packets, and the jitter buffer with hostile sequences
//! - [`link`]: lines of JSON
//! - `rooms`: the database and exported files, text that is drawn, pieces and candidates of peer connections
//!
//! `tests/fuzz` searches for inputs that break a law; `tests/it` here replays all that were ever worth keeping.

#![cfg(feature = "laws")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a law that does not hold panics: that is how a fuzzer learns of it"
)]

pub mod core;
pub mod crypto;
mod cursor;
pub mod link;
mod people;
pub mod protocol;
#[cfg(feature = "whole")]
pub mod rooms;
pub mod seeds;
pub mod voice;

/// A law by its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target. Its name is that of its fuzz target and of its corpus.
pub const TARGETS: &[Target] = &[
    ("frames", protocol::frames),
    ("note", protocol::note),
    ("invite", protocol::invite),
    ("ids", protocol::ids),
    ("server_address", protocol::server_address),
    ("bundle", crypto::bundle),
    ("message", crypto::message),
    ("decrypt", crypto::decrypt),
    ("accept", crypto::accept),
    ("session_state", crypto::session_state),
    ("key_state", crypto::key_state),
    ("envelope", crypto::envelope),
    ("vault", crypto::vault),
    ("safety_code", crypto::safety_code),
    ("recovery_phrase", crypto::recovery_phrase),
    ("login", crypto::login),
    ("core_envelope", core::envelope),
    ("core_notes", core::notes),
    ("core_server", core::server),
    ("opus", voice::opus),
    ("jitter", voice::jitter),
    ("command_line", link::command_line),
    #[cfg(feature = "whole")]
    ("shown_text", rooms::shown_text),
    #[cfg(feature = "whole")]
    ("export_file", rooms::export_file),
    #[cfg(feature = "whole")]
    ("database_file", rooms::database_file),
    #[cfg(feature = "whole")]
    ("pieces", rooms::pieces),
    #[cfg(feature = "whole")]
    ("candidates", rooms::candidates),
    #[cfg(feature = "whole")]
    ("typed_safety_number", rooms::typed_safety_number),
];

/// The largest input a law is tried with. Larger than every limit of ours that counts in one message.
pub const MAX_INPUT: usize = 128 * 1024;

/// Tries one input with the law of this name.
///
/// # Panics
/// Where the law does not hold, or there is none of this name.
pub fn run(name: &str, data: &[u8]) {
    let law = TARGETS.iter().find(|(target, _)| *target == name);
    law.expect("a law of this name").1(data);
}
