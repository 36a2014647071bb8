//! What lies over every screen: a ringing call, questions, the command palette, short notices.

mod dialog;
mod incoming;
mod palette;
mod toasts;

pub(crate) use dialog::{Dialog, dialog};
pub(crate) use incoming::incoming;
pub(crate) use palette::{Palette, palette};
pub(crate) use toasts::toasts;
