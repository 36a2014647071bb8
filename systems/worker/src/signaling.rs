//! The sockets to signaling servers: one to one's own home server, logged in, and one for each server that contacts
//! live on, never logged in, so that no frame names a sender.

pub(crate) mod acks;
pub(crate) mod address;
pub(crate) mod backoff;
pub(crate) mod dialer;
pub(crate) mod drop_socket;
pub(crate) mod drops;
pub(crate) mod end;
pub(crate) mod home;
pub(crate) mod home_socket;
pub(crate) mod tls;
pub(crate) mod wire;

pub(crate) use address::ServerAddress;
pub(crate) use dialer::{Dialer, Reach};
pub(crate) use drops::{DropResult, Drops, Outcome};
pub(crate) use home::{Home, HomeEvent, HomeOrder, Proof};
pub(crate) use tls::Tls;
