//! Orrery without a window: the same worker behind lines of JSON.
//!
//! [`run`] opens a profile, reads commands from a reader, writes events to a writer, and ends when the reader ends or
//! `shutdown` was carried out; [`run_program`] listens to signals beside that. [`echo`] turns it into the echo contact.
//! `docs/HEADLESS.md` lists every command and event.

pub mod args;
pub mod console;
pub mod echo;
pub mod log;
pub mod passphrase;
mod signals;

pub use args::Args;
pub use console::{HeadlessError, run, run_program};
