//! The bin `orrery`.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    orrery_worker::hygiene::no_core_dumps();
    orrery_app::run(&orrery_app::cli::Args::parse())
}
