//! The narrow waist between the worker and whoever drives it: a window, a script, a test.
//!
//! Three lanes: [`Command`]s down (bounded, `try_send`), [`Event`]s up (bounded, lossless or announced by
//! [`Event::Resync`]), [`Gauges`] up (the latest value wins). Commands are imperatives and events are facts; both carry
//! stable ids. The only secret that crosses is a [`Passphrase`], on its way in. [`pair`] makes the two ends.
//!
//! [`json`] is the same waist as lines of JSON, as `orrery-headless` speaks it.

pub mod code;
pub mod command;
pub mod event;
pub mod gauges;
pub mod json;
pub mod lane;
pub mod passphrase;
pub mod settings;
pub mod view;

pub use code::Code;
pub use command::{Command, Reference, Request};
pub use event::{Event, Notice};
pub use gauges::{CodecGauge, Gauges, Route, SpeakerGauge};
pub use lane::{AppEnd, Backlog, Full, SendError, WorkerEnd, pair};
pub use passphrase::Passphrase;
pub use settings::{DirectPolicy, NoiseSuppression, Settings, TransmitMode};
pub use view::{
    CallPhase, CallView, ChannelView, ContactView, DeviceView, DirectState, MessageView, ParticipantPhase,
    ParticipantView, ProfilePhase, ProfileView, SearchHit, ServerPhase,
};

/// Version of the commands and events, told in [`Event::Ready`].
pub const VERSION: u32 = 1;
