//! `orrery-evil-server`: two clients can be pointed at it. The first line on standard output says where it listens; when
//! standard input ends, it says how often each mischief struck.

use std::{
    io::{Read, Write, stdin, stdout},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use orrery_evil_server::{Evil, EvilOptions, Mischief, Plan};

/// A signaling server that lies, before an honest one. For tests on this machine.
#[derive(Debug, Parser)]
#[command(name = "orrery-evil-server", version, long_about = None)]
struct Args {
    /// Where it listens.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7671")]
    listen: SocketAddr,
    /// Folder of the honest server behind it.
    #[arg(long, value_name = "DIR", required_unless_present = "list")]
    data: Option<PathBuf>,
    /// Seed of its draws.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What it does: NAME, or NAME:PERCENT of the cases. May be given several times.
    #[arg(long = "do", value_name = "NAME[:PERCENT]")]
    plans: Vec<Plan>,
    /// Lists what it can do.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mut out = stdout();
    let Some(data) = args.data.filter(|_| !args.list) else {
        for mischief in Mischief::ALL {
            let _ = writeln!(out, "{:16} {}", mischief.name(), mischief.about());
        }
        return ExitCode::SUCCESS;
    };
    let evil = Evil::start(&EvilOptions {
        listen: args.listen,
        keeps_all: false,
        ..EvilOptions::local(data, args.seed)
    });
    evil.plan(args.plans);
    // Whoever started it may not want to know.
    let _ = writeln!(out, "listening on {}", evil.url()).and_then(|()| out.flush());
    let _ = stdin().read_to_end(&mut Vec::new());
    for (mischief, times) in evil.strikes() {
        let _ = writeln!(out, "{:16} {times}", mischief.name());
    }
    ExitCode::SUCCESS
}
