//! `media-peer`: see `docs/ARCHITECTURE.md`, "Other WebRTC programs". For tests only: nobody proves here who they are.

mod args;
mod lines;
mod plain;
mod run;

use std::{io, process::ExitCode};

use clap::Parser;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("off")))
        .with_writer(io::stderr)
        .init();
    match run::run(&args::Args::parse(), io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("media-peer: {error}");
            ExitCode::from(2)
        }
    }
}
