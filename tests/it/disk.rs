//! A disk that is full.

use std::{io::Write, path::Path};

use orrery_tests::{Peer, on_a_small_disk};
use serde_json::json;

use crate::bed::Bed;

#[test]
fn a_full_disk_is_said_and_nothing_is_half_done() {
    on_a_small_disk("disk::a_full_disk_is_said_and_nothing_is_half_done", fill);
}

fn fill(disk: &Path) {
    let bed = Bed::new();
    let mut ariel = Peer::start(&disk.join("ariel"), &bed.options("ariel"));
    let mut rhea = bed.peer("rhea");
    ariel.befriend(&mut rhea);
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let id = ariel.write(&rhea_id, "room enough");
    ariel.delivery(&id, "delivered");
    let filler = disk.join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    for size in [65_536, 4_096, 512, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    drop(file);
    // What is left of the log's own room is used up first.
    let full = (0..1_000).find_map(|n| {
        let text = format!("{n} {}", "x".repeat(8_000));
        ariel
            .ask(json!({ "type": "send_text", "channel": rhea_id, "text": text }))
            .err()
    });
    assert_eq!(full.as_deref(), Some("disk_full"));
    std::fs::remove_file(&filler).unwrap();
    ariel.write(&rhea_id, "room again");
    rhea.read("room again");
    assert_eq!(ariel.texts(&rhea_id), rhea.texts(&ariel_id));
    ariel.stop();
}
