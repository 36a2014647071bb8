//! Workers against real signaling servers, over loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod calls;
mod controls;
mod disk;
mod fake;
#[allow(unreachable_pub, reason = "it is reached where it is at home")]
#[path = "../../../../tests/src/here.rs"]
mod here;
mod keyring;
mod limits;
mod locking;
mod opening;
mod refusals;
mod rig;
mod rollback;
mod secrets;
mod servers;
mod tokens;
mod writing;
