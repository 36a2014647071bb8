//! The client process of the end-to-end tests: `orrery-headless` built from this package, so that tests can name it.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = orrery_headless::Args::parse();
    orrery_headless::log::start();
    match orrery_headless::run(args, std::io::BufReader::new(std::io::stdin()), std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("e2e-peer: {error}");
            ExitCode::from(2)
        }
    }
}
