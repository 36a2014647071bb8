//! The server process of the end-to-end tests: `orrery-server` built from this package, so that tests can name it.

use std::{error::Error, io::Write};

use clap::Parser;
use orrery_server::{Server, cli::Cli};

fn main() -> Result<(), Box<dyn Error>> {
    let config = Cli::parse().into_config()?;
    config.validate()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = Server::start(config).await?;
        let mut out = std::io::stdout();
        writeln!(out, "listening on {}", server.url())?;
        out.flush()?;
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        terminate.recv().await;
        server.shutdown().await;
        Ok(())
    })
}
