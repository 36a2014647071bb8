//! Between the waist and the rooms below: the link's commands become the core's acts, the core's facts become the
//! link's events, and everybody's errors become codes. Pure functions; whatever needs the store is done by the driver.

pub(crate) mod act;
pub(crate) mod code;
pub(crate) mod view;

pub(crate) use act::{Own, Route, route};
pub(crate) use code::{of_refusal, of_store};
