//! The waist as lines of JSON: one command or event a line, `"type"` first among equals, snake_case.

use serde_json::Value;

use crate::{Code, Command, Event, Reference, Request};

/// The longest line taken, in bytes: the longest text with every byte escaped, and room for ids.
pub const MAX_LINE: usize = 128 * 1024;

/// A line that is no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct BadLine {
    /// The caller's name for it, when it could be read.
    pub reference: Option<Reference>,
    /// What is wrong, without the line's own content.
    pub reason: String,
}

impl BadLine {
    /// The event that answers it.
    #[must_use]
    pub fn event(&self) -> Event {
        Event::Failed {
            reference: self.reference.clone(),
            code: Code::BadCommand,
        }
    }
}

/// Reads a command.
///
/// # Errors
/// [`BadLine`] for anything that is not one JSON object with a known `type`, its fields and nothing else.
pub fn read_command(line: &str) -> Result<Request, BadLine> {
    let bad = |reference: Option<Reference>, reason: &str| BadLine {
        reference,
        reason: reason.to_owned(),
    };
    if line.len() > MAX_LINE {
        return Err(bad(None, "the line is too long"));
    }
    let Ok(Value::Object(mut fields)) = serde_json::from_str(line) else {
        return Err(bad(None, "not a JSON object"));
    };
    let reference = match fields.remove("ref") {
        None => None,
        Some(Value::String(text)) if text.len() <= 64 => Some(text),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(_) => return Err(bad(None, "`ref` is not a text of at most 64 bytes")),
    };
    match serde_json::from_value::<Command>(Value::Object(fields)) {
        Ok(command) => Ok(Request { reference, command }),
        // serde's message may quote a value, and a value may be a passphrase: only its category is told.
        Err(error) if error.is_data() => Err(bad(
            reference,
            "unknown type, or a field is missing, unknown or of the wrong kind",
        )),
        Err(_) => Err(bad(reference, "not a command")),
    }
}

/// Writes an event as one line without its end.
///
/// # Errors
/// [`serde_json::Error`] when a value cannot be written, which only a defect brings about.
pub fn write_event(event: &Event) -> Result<String, serde_json::Error> {
    serde_json::to_string(event)
}

#[cfg(test)]
mod tests {
    use orrery_protocol::{ChannelId, PeerId};

    use super::*;
    use crate::{ProfilePhase, ServerPhase};

    #[test]
    fn a_command_is_one_object_with_a_type() {
        let channel = ChannelId::from(PeerId([7; 32]));
        let line = format!(r#"{{"type":"send_text","ref":"a1","channel":"{channel}","text":"hi"}}"#);
        let request = read_command(&line).unwrap();
        assert_eq!(request.reference.as_deref(), Some("a1"));
        assert_eq!(
            request.command,
            Command::SendText {
                channel,
                text: "hi".into(),
                reply_to: None
            }
        );
        assert_eq!(
            read_command(r#"{"type":"shutdown"}"#).unwrap().command,
            Command::Shutdown {}
        );
        assert_eq!(
            read_command(r#"{"type":"resync","ref":5}"#)
                .unwrap()
                .reference
                .as_deref(),
            Some("5")
        );
    }

    #[test]
    fn a_bad_line_keeps_its_reference_and_never_its_content() {
        let bad = read_command(r#"{"type":"unlock","ref":"u","passphrase":12345678}"#).unwrap_err();
        assert_eq!(bad.reference.as_deref(), Some("u"));
        assert!(!format!("{bad} {bad:?}").contains("12345678"));
        assert!(read_command(r#"{"type":"unlock","ref":"u","passphrase":"x","extra":1}"#).is_err());
        assert!(read_command("[]").is_err());
        assert!(read_command("{").is_err());
    }

    #[test]
    fn an_event_is_one_line() {
        let line = write_event(&Event::ProfileChanged {
            profile: ProfilePhase::Empty,
        })
        .unwrap();
        assert_eq!(line, r#"{"type":"profile_changed","profile":{"phase":"empty"}}"#);
        let line = write_event(&Event::ServerChanged {
            server: ServerPhase::Offline {
                code: Some(Code::ServerUnreachable),
                retry_ms: 5,
            },
        });
        assert_eq!(
            line.unwrap(),
            r#"{"type":"server_changed","server":{"phase":"offline","code":"server_unreachable","retry_ms":5}}"#
        );
        let line = write_event(&Event::Notice(crate::Notice::Problem { code: Code::DiskFull })).unwrap();
        assert_eq!(line, r#"{"type":"notice","notice":"problem","code":"disk_full"}"#);
        assert_eq!(
            write_event(&Event::Done { reference: "x".into() }).unwrap(),
            r#"{"type":"done","ref":"x"}"#
        );
    }
}
