//! Text that others wrote: cleaned before it is drawn, and looked over for links.

mod clean;
mod links;
mod time;

pub use clean::{clean_name, clean_text, one_line};
pub use links::{Link, host_of, links};
pub(crate) use time::{ago, clock_time, day_label, day_number, duration, full_time};

/// Most bytes of a message text (longer text goes as a file).
pub const TEXT_MAX: usize = 16 * 1024;
/// Most bytes of a name.
pub const NAME_MAX: usize = 64;

/// Whether there is room for a name, as it is sent: without the spaces around it.
pub(crate) fn name_fits(name: &str) -> bool {
    name.trim().len() <= NAME_MAX
}
