//! The document that strangers script from, held against the program.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod console;
mod program;
#[cfg(unix)]
mod signals;

use std::collections::BTreeSet;

use orrery_link::{Code, Command, Event, Notice, json};
use serde_json::{Value, json};

const DOCUMENT: &str = include_str!("../../../../docs/HEADLESS.md");

/// The JSON lines between two headings.
fn lines(from: &str, to: &str) -> Vec<&'static str> {
    let start = DOCUMENT.find(from).unwrap();
    let end = DOCUMENT[start..].find(to).unwrap() + start;
    DOCUMENT[start..end]
        .split("```json\n")
        .skip(1)
        .map(|rest| rest.lines().next().unwrap())
        .collect()
}

/// The names serde lists when it meets one it does not know.
fn names(error: &str) -> BTreeSet<String> {
    let list = error.split("expected one of").nth(1).unwrap();
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn types(lines: &[&str], field: &str) -> BTreeSet<String> {
    lines
        .iter()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()[field]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

#[test]
fn every_command_is_documented_and_every_example_is_one() {
    let examples = lines("## Commands", "## Events");
    for line in &examples {
        json::read_command(line).unwrap_or_else(|bad| panic!("{line}: {bad}"));
    }
    let all = names(
        &serde_json::from_value::<Command>(json!({ "type": "?" }))
            .unwrap_err()
            .to_string(),
    );
    assert_eq!(types(&examples, "type"), all);
}

#[test]
fn every_event_is_documented_and_every_example_is_one() {
    let examples = lines("## Events", "### Notices");
    for line in &examples {
        let event: Event = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        // What it says and what the program would say are the same line.
        let said: Value = serde_json::from_str(&json::write_event(&event).unwrap()).unwrap();
        assert_eq!(said, serde_json::from_str::<Value>(line).unwrap());
    }
    let all = names(
        &serde_json::from_value::<Event>(json!({ "type": "?" }))
            .unwrap_err()
            .to_string(),
    );
    assert_eq!(types(&examples, "type"), all);
}

#[test]
fn every_notice_and_every_code_is_documented() {
    let examples = lines("### Notices", "## Gauges");
    for line in &examples {
        serde_json::from_str::<Event>(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
    let all = names(
        &serde_json::from_value::<Notice>(json!({ "notice": "?" }))
            .unwrap_err()
            .to_string(),
    );
    assert_eq!(types(&examples, "notice"), all);
    let codes = names(&serde_json::from_value::<Code>(json!("?")).unwrap_err().to_string());
    let listed = DOCUMENT.split_once("## Codes").unwrap().1.lines();
    let listed: BTreeSet<String> = listed
        .filter_map(|line| Some(line.strip_prefix("- `")?.split_once("`: ")?.0.to_owned()))
        .collect();
    assert_eq!(listed, codes);
}
