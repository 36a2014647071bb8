//! Before home: cards on the bare sky.

mod card;
mod first_start;
mod others;
mod unlock;

pub(crate) use card::notice;
pub(crate) use first_start::first_start;
pub(crate) use others::{broken, profiles, starting};
pub(crate) use unlock::unlock;
