//! The console from its input to its output.

use std::{
    io::{self, Cursor, Write},
    sync::{Arc, Mutex},
};

use clap::Parser;
use orrery_headless::Args;
use serde_json::Value;

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Everything that is said to an input that ends.
fn said(folder: &std::path::Path, input: &[u8]) -> Vec<Value> {
    let args = [
        "orrery-headless",
        "--low-memory",
        "--server",
        "ws://127.0.0.1:1",
        "--profile",
    ];
    let args = Args::parse_from(args.map(std::ffi::OsStr::new).into_iter().chain([folder.as_os_str()]));
    let page = Page::default();
    orrery_headless::run(args, Cursor::new(input.to_vec()), page.clone()).unwrap();
    let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn answers(said: &[Value], reference: &str) -> Vec<String> {
    said.iter()
        .filter(|line| line["ref"] == reference && matches!(line["type"].as_str(), Some("done" | "failed")))
        .map(|line| line["code"].as_str().unwrap_or("done").to_owned())
        .collect()
}

#[test]
fn what_was_asked_before_the_input_ended_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let create = br#"{"type":"create_profile","ref":"c","name":"Ariel","passphrase":"seven planets drift"}"#;
    assert_eq!(answers(&said(folder.path(), create), "c"), ["done"]);
    let unlock = br#"{"type":"unlock","ref":"u","passphrase":"seven planets"}"#;
    assert_eq!(answers(&said(folder.path(), unlock), "u"), ["wrong_passphrase"]);
    let both = b"{\"type\":\"list_devices\",\"ref\":1}\n{\"type\":\"shutdown\",\"ref\":\"s\"}\n";
    let said = said(folder.path(), both);
    // A number comes back as a text.
    assert_eq!(answers(&said, "1"), ["done"]);
    assert_eq!(answers(&said, "s"), ["done"]);
}

#[test]
fn a_line_that_is_no_text_is_no_command_and_the_next_one_is() {
    let folder = tempfile::tempdir().unwrap();
    let long = vec![b'x'; 300_000];
    let mut input = b"{\"type\":\"resync\",\"ref\":\"\xff\"}\n".to_vec();
    input.extend_from_slice(&long);
    input.extend_from_slice(b"\n\n  \n{\"type\":\"resync\",\"ref\":\"r\"}\n");
    let said = said(folder.path(), &input);
    let failed: Vec<&Value> = said.iter().filter(|line| line["type"] == "failed").collect();
    assert_eq!(failed.len(), 2, "{said:?}");
    assert!(
        failed
            .iter()
            .all(|line| line["code"] == "bad_command" && line["ref"].is_null())
    );
    assert_eq!(answers(&said, "r"), ["done"]);
}
