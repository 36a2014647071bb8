//! Orrery's window.
//!
//! Entities become views (`present`), views become panels (`orrery-ui`) over a living sky ([`cosmos`]); what a person does
//! becomes commands for the worker (`decide`). The window draws as often as something moves ([`redraw`]) and holds no
//! state of the program's own beyond what belongs to the window.
//!
//! - `run`: from the command line ([`cli`]) to the last line of the log; `session`: the profile and its worker
//! - [`window`]: the Bevy app; `gamma`: egui blended as it was designed; [`quality`]: how much is drawn
//! - `desk`: the window's own state; `prefs`: what of it is kept; `profiles`: the folders of profiles
//! - `notify`, `open`: the desktop; `log`: the log; `reach`: from where a server can be reached; `likeness`: names that look
//!   alike
//! - `keys`: one's own keys, here and elsewhere; `heard`: how loud people are heard
//! - `gallery`: every screen with sample data; `frame_log`, `widget_file`: eyes for tests

#![allow(
    elided_lifetimes_in_paths,
    reason = "systems are written without the lifetimes of their parameters, as everywhere in Bevy"
)]
#![allow(unreachable_pub, reason = "a program: nothing outside reaches any of it")]
#![allow(
    clippy::type_complexity,
    reason = "queries say what they look at in their type, as everywhere in Bevy"
)]

pub mod cli;
pub mod cosmos;
pub mod display;
pub mod quality;
pub mod redraw;
pub mod window;

mod decide;
mod desk;
mod event_log;
mod frame_log;
mod gallery;
mod gamma;
mod heard;
pub mod keys;
mod likeness;
mod log;
mod notify;
mod open;
mod prefs;
mod present;
mod profiles;
mod reach;
mod run;
mod session;
mod widget_file;

pub use run::run;
