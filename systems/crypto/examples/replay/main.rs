//! Replays vectors made by an independent implementation and says how many values differ.
//!
//!     cargo run -p orrery-crypto --features vectors --example replay -- tests/interop/vectors.json

use std::process::ExitCode;

mod scenario;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: replay FILE");
        return ExitCode::FAILURE;
    };
    let report = match std::fs::read_to_string(&path)
        .map_err(|e| e.to_string())
        .and_then(|json| scenario::replay(&json))
    {
        Ok(report) => report,
        Err(error) => {
            eprintln!("{}: {error}", path.to_string_lossy());
            return ExitCode::FAILURE;
        }
    };
    for mismatch in &report.mismatches {
        eprintln!("{mismatch}");
    }
    println!(
        "{} scenarios, {} steps, {} mismatches",
        report.scenarios,
        report.steps,
        report.mismatches.len()
    );
    // A file without a single step proves nothing.
    if report.mismatches.is_empty() && report.steps > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
