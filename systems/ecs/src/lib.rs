//! Orrery's people, conversations, messages and calls as Bevy entities, filled from the worker's events.
//!
//! - Entities carry stable ids ([`peer::PeerKey`], [`channel::ChannelKey`], [`chat::MessageKey`], [`call::CallKey`]) as
//!   immutable components; an [`index::Index`] per id is kept exact by their hooks.
//! - Membership is a relationship ([`chat::InChannel`], [`call::InCall`]); state is component presence
//!   ([`call::Connected`], [`call::Muted`], [`call::Speaking`], …).
//! - Message entities are the loaded window of the open conversation; the store keeps the archive.
//!
//! A frame: [`LinkSystems::Drain`] takes events, [`LinkSystems::Sample`] the gauges, [`LinkSystems::Apply`] turns both
//! into entities (all in `PreUpdate`); [`AppSystems::Derive`] computes what follows from them (`Update`);
//! [`AppSystems::Decide`] and [`LinkSystems::Flush`] send commands (`PostUpdate`). Nothing here knows a window.

pub mod call;
pub mod channel;
pub mod chat;
pub mod derive;
pub mod index;
pub mod link;
pub mod notice;
pub mod peer;
pub mod plugin;
pub mod profile;
pub mod sets;

pub use link::{Outbox, WorkerState};
pub use plugin::EcsPlugin;
pub use sets::{AppSystems, LinkSystems};
