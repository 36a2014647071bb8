//! Medians, sizes and ratios, for people and for programs.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::{Pair, TEXT};

#[derive(Serialize)]
struct Row {
    name: &'static str,
    ours: f64,
    peer: f64,
    /// Ours divided by vodozemac's.
    ratio: f64,
    unit: &'static str,
    /// Which way is good.
    better: &'static str,
}

/// The median that criterion found, in nanoseconds; `None` when this run left it out.
fn median(folder: &Path, group: &str, name: &str) -> Option<f64> {
    let text = std::fs::read(folder.join(group).join(name).join("new/estimates.json")).ok()?;
    let estimates: Value = serde_json::from_slice(&text).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}

pub(crate) fn write<O: Pair, T: Pair>(folder: &Path) {
    let mut rows = Vec::new();
    for (group, name) in [
        ("encrypt", "encrypt in one chain"),
        ("decrypt", "decrypt in one chain"),
        ("ping_pong", "ping-pong, encrypt and decrypt"),
        ("set_up", "session set-up, both sides"),
    ] {
        if let (Some(ours), Some(peer)) = (median(folder, group, O::NAME), median(folder, group, T::NAME)) {
            let a_second = |nanoseconds: f64| 1e9 / nanoseconds;
            rows.push(row(name, a_second(ours), a_second(peer), "1/s", "more"));
        }
    }
    let (mut ours, mut peer) = (O::talking(), T::talking());
    let overhead = |length: usize| (length - TEXT.len()) as f64;
    rows.push(row(
        "bytes added to a message",
        overhead(O::length(&ours.encrypt(true))),
        overhead(T::length(&peer.encrypt(true))),
        "B",
        "less",
    ));
    rows.push(row(
        "bytes added to a first message",
        overhead(O::first_message()),
        overhead(T::first_message()),
        "B",
        "less",
    ));
    rows.push(row(
        "a stored session",
        ours.stored() as f64,
        peer.stored() as f64,
        "B",
        "less",
    ));
    for row in &rows {
        println!(
            "{:32} ours {:>9.0} {:4} vodozemac {:>9.0} {:4} ratio {:.2} ({} is better)",
            row.name, row.ours, row.unit, row.peer, row.unit, row.ratio, row.better
        );
    }
    if let Some(out) = std::env::var_os("OUT") {
        let file = PathBuf::from(out).join("crypto.json");
        std::fs::write(&file, serde_json::to_vec_pretty(&rows).unwrap()).unwrap();
        println!("written to {}", file.display());
    }
}

fn row(name: &'static str, ours: f64, peer: f64, unit: &'static str, better: &'static str) -> Row {
    Row {
        name,
        ours: ours.round(),
        peer: peer.round(),
        ratio: (ours / peer * 100.0).round() / 100.0,
        unit,
        better,
    }
}
