//! The recorded vectors.

use crate::scenario::replay;

const VECTORS: &str = include_str!("../../../../tests/interop/vectors.json");

#[test]
fn every_recorded_byte_is_ours() {
    let report = replay(VECTORS).unwrap();
    assert_eq!(report.mismatches, Vec::<String>::new());
    assert_eq!((report.scenarios, report.steps), (4, 4 * 31));
}

#[test]
fn a_replay_that_differs_says_so() {
    // One digit of the first ciphertext, and one verdict.
    let at = VECTORS.find("\"steps\"").unwrap();
    let at = at + VECTORS[at..].find("\"ciphertext\": \"").unwrap() + "\"ciphertext\": \"".len();
    let digit = if &VECTORS[at..=at] == "0" { "1" } else { "0" };
    let bad = format!("{}{digit}{}", &VECTORS[..at], &VECTORS[at + 1..]);
    assert!(!replay(&bad).unwrap().mismatches.is_empty());
    let bad = VECTORS.replacen("DuplicateMessageException", "AuthenticationFailedException", 1);
    assert_eq!(replay(&bad).unwrap().mismatches.len(), 1);
    assert!(replay("{}").is_err());
}
