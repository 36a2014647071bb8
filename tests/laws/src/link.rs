//! Lines of JSON from a script.

use orrery_link::{json, json::MAX_LINE};

/// A line on the headless program's input.
pub fn command_line(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match json::read_command(&text) {
        Ok(request) => {
            assert!(text.len() <= MAX_LINE);
            assert!(
                request.reference.as_ref().is_none_or(|name| name.len() <= 64),
                "a name is short"
            );
            let shown = format!("{request:?}");
            assert!(shown.len() <= 4096, "Debug shows ids and numbers only");
        }
        Err(bad) => {
            assert!(
                bad.reference.as_ref().is_none_or(|name| name.len() <= 64),
                "a name is short"
            );
            assert!(bad.reason.len() < 100, "what is wrong, without the line's own content");
            let line = json::write_event(&bad.event()).unwrap();
            assert!(!line.contains('\n'), "one line");
        }
    }
}
