//! The window of Orrery without its world: egui panels over plain view structs.
//!
//! [`show`] draws one frame from a [`RootView`] and adds what the person did to a list of [`UiAction`]s. Between frames
//! it keeps only what belongs to the picture itself (scroll places, text being typed, open popups) in [`UiState`].
//! Nothing here knows Bevy, the network or the store.
//!
//! - [`view`]: what is shown, [`action`]: what was done
//! - [`tokens`]: the look in numbers, [`strings`]: the words
//! - [`layout`]: where columns and planets stand
//! - [`WidgetMap`]: where named widgets are, for tests that drive the window by pointer

pub mod action;
pub mod layout;
pub mod strings;
pub mod tokens;
pub mod view;

mod call;
mod conversation;
mod cx;
mod entry;
mod fonts;
mod home;
mod icons;
mod overlay;
mod paint;
mod panes;
mod shortcut;
mod start;
mod state;
mod text;
mod theme;
mod widget_map;
mod widgets;

pub use action::{Passphrase, Setting, UiAction};
pub use entry::show;
pub use paint::key_hue;
pub use shortcut::{NoShortcut, Shortcut, Unfit};
pub use state::UiState;
pub use text::{Link, NAME_MAX, TEXT_MAX, clean_name, clean_text, host_of, links, one_line};
pub use theme::install;
pub use view::RootView;
pub use widget_map::WidgetMap;
