//! A disk that gives back something else than was written.

use serde_json::json;

use crate::bed::Bed;

/// Of the database, as SQLite writes it.
const PAGE: usize = 4096;

#[test]
fn a_page_that_flipped_in_a_power_cut_is_found_and_said_while_the_rest_goes_on() {
    let bed = Bed::new();
    let (mut ariel, mut rhea) = bed.pair();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    // So much that nearly every page of the file holds a piece of a long text, and none of them is looked at at the start.
    for n in 0..40 {
        rhea.write(&ariel_id, &format!("{n} {}", "words ".repeat(2_500)));
    }
    let last = rhea.write(&ariel_id, "the last word");
    ariel.read("the last word");
    rhea.delivery(&last, "delivered");
    // A clean stop leaves everything in one file, which a kill after that leaves open.
    ariel.stop();
    let ariel = bed.peer("ariel");
    let file = ariel.folder().join("orrery.db");
    ariel.kill();
    let mut bytes = std::fs::read(&file).unwrap();
    let pages = bytes.len() / PAGE;
    assert!(pages > 100, "{pages}");
    bytes[pages / 2 * PAGE + 1_000] ^= 0x10;
    std::fs::write(&file, bytes).unwrap();

    let mut ariel = bed.peer("ariel");
    ariel.seen_or_wait("the notice", |event| {
        (event["notice"] == "problem" && event["code"] == "database_damaged").then_some(())
    });
    let id = ariel.write(&rhea_id, "still here");
    rhea.read("still here");
    ariel.delivery(&id, "delivered");
    ariel.tell(json!({ "type": "load_history", "channel": rhea_id, "limit": 1 }));
}
