//! `orrery-server`: arguments, log, signals. The first line on standard output says where it listens.

use std::{
    io::{IsTerminal, Write, stderr, stdout},
    process::ExitCode,
};

use clap::Parser;
use orrery_server::{RunningServer, Server, cli::Cli};
use tracing_subscriber::EnvFilter;

/// Wrong usage, as sysexits.h names it.
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Only what this program says itself: libraries would log addresses.
    let filter = EnvFilter::try_from_env("ORRERY_LOG").unwrap_or_else(|_| EnvFilter::new("orrery_server=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .init();
    let config = match cli.into_config() {
        Ok(config) => config,
        Err(error) => return fail(&error, USAGE),
    };
    if let Err(error) = config.validate() {
        return fail(&error, USAGE);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, 1),
    };
    runtime.block_on(async {
        let server = match Server::start(config).await {
            Ok(server) => server,
            Err(error) => return fail(&error, 1),
        };
        let mut out = stdout();
        // Whoever started it may not want to know.
        let _ = writeln!(out, "listening on {}", server.url()).and_then(|()| out.flush());
        tracing::info!("serving");
        if let Err(error) = until_stopped(&server).await {
            return fail(&error, 1);
        }
        tracing::info!("stopping");
        server.shutdown().await;
        tracing::info!("stopped");
        ExitCode::SUCCESS
    })
}

fn fail(error: &dyn std::error::Error, code: u8) -> ExitCode {
    eprintln!("orrery-server: {error}");
    ExitCode::from(code)
}

/// Waits for a signal to stop; reads the certificate again on SIGHUP.
#[cfg(unix)]
async fn until_stopped(server: &RunningServer) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hangup = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = hangup.recv() => match server.reload_certificate() {
                Ok(true) => tracing::info!("certificate read again"),
                Ok(false) => tracing::warn!("there is no certificate to read: the server was started without one"),
                Err(error) => tracing::error!(%error, "the certificate could not be read again; the old one stays"),
            },
        }
    }
}

/// Waits for a signal to stop.
#[cfg(not(unix))]
async fn until_stopped(_server: &RunningServer) -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
