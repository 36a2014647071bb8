//! The window without a window: real egui passes over sample views, driven by key and pointer events.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests stop at the first surprise"
)]

mod calls;
mod compare;
mod conversation;
mod drive;
mod forms;
mod home;
mod keeping;
mod likeness;
mod quality;
mod reading;
mod sample;
mod screens;
mod security;
mod voice;
