//! `orrery-headless`: see `docs/HEADLESS.md`.

use std::process::ExitCode;

use clap::Parser;
use orrery_headless::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_env("ORRERY_LOG").unwrap_or_else(|_| "warn".into()))
        .with_writer(std::io::stderr)
        .init();
    match orrery_headless::run(args, std::io::BufReader::new(std::io::stdin()), std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("orrery-headless: {error}");
            ExitCode::from(2)
        }
    }
}
