//! Where things stand: the columns of the window, and the planets of a call. Pure functions, shared with the app that
//! draws the scene behind the panels.

mod columns;
mod orrery;

pub use columns::{Columns, columns};
pub use orrery::{Orbit, PlanetPlacement, orrery_layout, plate_size};
