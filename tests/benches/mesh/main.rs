//! Sixteen clients in one call on this machine, of whom two talk: what that costs, and what each sends.
//!
//! `./dev bench mesh`. The clients are whole headless programs over the loopback interface. Processor time is the system's
//! own account of all of them together, as a share of one core; each one's uplink is counted from the packets that leave
//! its address (which needs the right to listen there). ORRERY_PEERS and ORRERY_SECONDS say other numbers. The figures go
//! to the terminal and to `mesh.json` in `OUT`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench that meets the unexpected has no figures to show"
)]

#[cfg(target_os = "linux")]
mod call;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("skipped: figures are measured by cargo bench");
        return;
    }
    #[cfg(target_os = "linux")]
    call::run();
    #[cfg(not(target_os = "linux"))]
    println!("skipped: what programs spend is read from /proc");
}
