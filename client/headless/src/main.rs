//! `orrery-headless`: see `docs/HEADLESS.md`.

use std::process::ExitCode;

use clap::Parser;
use orrery_headless::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    orrery_headless::log::start();
    match orrery_headless::run_program(args, std::io::BufReader::new(std::io::stdin()), std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("orrery-headless: {error}");
            ExitCode::from(2)
        }
    }
}
