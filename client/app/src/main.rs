//! The bin `orrery`.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    orrery_app::run(&orrery_app::cli::Args::parse())
}
