//! `orrery-headless`: see `docs/HEADLESS.md`.

use std::process::ExitCode;

use clap::Parser;
use orrery_headless::Args;

fn main() -> ExitCode {
    orrery_worker::hygiene::no_core_dumps();
    let args = Args::parse();
    if args.new_recovery_phrase {
        return match orrery_worker::new_recovery_phrase() {
            Some(phrase) => {
                println!("{}", phrase.as_str());
                ExitCode::SUCCESS
            }
            None => {
                eprintln!("orrery-headless: the system gives no randomness");
                ExitCode::from(2)
            }
        };
    }
    orrery_headless::log::start();
    match orrery_headless::run_program(args, std::io::BufReader::new(std::io::stdin()), std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("orrery-headless: {error}");
            ExitCode::from(2)
        }
    }
}
