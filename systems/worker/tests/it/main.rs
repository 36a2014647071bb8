//! Workers against real signaling servers, over loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod calls;
mod disk;
mod opening;
mod rig;
mod servers;
mod writing;
