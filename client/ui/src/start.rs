//! Before home: cards on the bare sky.

mod card;
mod first_start;
mod new_passphrase;
mod others;
mod recover;
mod restore;
mod unlock;

pub(crate) use card::{next, notice};
pub(crate) use first_start::first_start;
pub(crate) use new_passphrase::{is_ready, new_passphrase};
pub(crate) use others::{broken, profiles, starting};
pub(crate) use unlock::unlock;
