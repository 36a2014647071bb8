//! A whole core, and what a contact, a stranger or a server can make it do.

mod bed;
mod laws;

pub use laws::{envelope, notes, server};

pub(crate) use bed::{Bed, base};
