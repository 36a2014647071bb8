//! What goes wrong is said.

use serde_json::{Value, json};

use crate::side::{Ended, Program::MediaPeer, Side};

fn alone(arguments: &[&str], line: Option<&str>) -> Ended {
    let mut side = Side::start(MediaPeer, arguments);
    let other = Side::start(MediaPeer, &["--answer"]);
    side.tells(&other, |line| line);
    if let Some(line) = line {
        side.tell(&serde_json::from_str(line).unwrap());
        side.waits_for("nothing", None);
    }
    side.end()
}

#[test]
fn an_input_that_ends_is_no_error() {
    let ended = alone(&["--answer"], None);
    assert!(ended.status.success(), "{ended:?}");
    assert!(ended.said.contains(&json!({"state": "closed"})), "{ended:?}");
    assert_eq!(ended.complaints, "");
}

#[test]
fn lines_and_files_that_cannot_be_meant_are_named() {
    for (arguments, line, words) in [
        (&["--answer"][..], Some(r#"{"hello":1}"#), "a line has neither"),
        (&["--answer"], Some("7"), "no JSON object"),
        (&["--answer"], Some(r#"{"sdp":"v=0"}"#), "no connection was made"),
        (&["--answer", "--mic", "no-such-file.wav"], None, "no-such-file.wav"),
    ] {
        let ended = alone(arguments, line);
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(ended.complaints.contains(words), "{words}: {ended:?}");
        assert!(!ended.complaints.contains("panicked"), "{ended:?}");
    }
}

/// Another certificate than the one shown: the last byte of each fingerprint is changed.
fn forged(mut line: Value) -> Value {
    if let Some(sdp) = line.get("sdp").and_then(Value::as_str) {
        let lines = sdp.split("\r\n").map(|line| {
            let Some(print) = line.strip_prefix("a=fingerprint:") else {
                return line.to_owned();
            };
            let (rest, last) = print.split_at(print.len() - 1);
            format!("a=fingerprint:{rest}{}", if last == "0" { "1" } else { "0" })
        });
        line["sdp"] = lines.collect::<Vec<_>>().join("\r\n").into();
    }
    line
}

#[test]
fn whoever_shows_another_certificate_is_not_spoken_to() {
    let mut left = Side::start(MediaPeer, &["--offer"]);
    let mut right = Side::start(MediaPeer, &["--answer"]);
    left.tells(&right, |line| line);
    // What the side that offers is told of the other is not true.
    right.tells(&left, forged);
    left.waits_for("nothing", None);
    let ended = left.end();
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(ended.complaints.contains("another certificate"), "{ended:?}");
    assert!(!ended.said.iter().any(|line| line.get("state").is_some()), "{ended:?}");
    right.end();
}
