//! The lines. A description and a candidate are the dictionaries of the W3C's API (`RTCSessionDescriptionInit`,
//! `RTCIceCandidateInit`) as they stand, so that either side hands them on as they came.

use orrery_worker::media_peer::Figures;
use serde::Serialize;
use serde_json::{Value, json};

/// What a line that came in says.
#[derive(Debug, PartialEq)]
pub(crate) enum In {
    /// `{"type":"offer","sdp":"v=0…"}`. The type may be left out: there is only one that can come.
    Sdp(String),
    /// `{"candidate":"candidate:…","sdpMid":"0","sdpMLineIndex":0}`, again as JSON.
    Candidate(String),
    /// `{"candidate":""}` or `{"candidate":null}`: there are no more. Nothing has to be done about it.
    NoMoreCandidates,
    /// `{"say":"…"}`.
    Say(String),
}

/// A line that is none of [`In`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadLine {
    /// No JSON object.
    #[error("a line is no JSON object")]
    NoObject,
    /// None of the keys, or a value of another kind.
    #[error("a line has neither \"sdp\" nor \"candidate\" nor \"say\" with a text in it")]
    Unknown,
}

/// Reads a line.
///
/// # Errors
/// [`BadLine`].
pub(crate) fn read(line: &str) -> Result<In, BadLine> {
    let Ok(Value::Object(object)) = serde_json::from_str(line) else {
        return Err(BadLine::NoObject);
    };
    let inner = |value: &Value, key: &str| match value {
        Value::Object(inside) => inside.get(key).cloned(),
        other => Some(other.clone()),
    };
    if let Some(value) = object.get("sdp") {
        // Some wrap the whole dictionary once more.
        return match inner(value, "sdp") {
            Some(Value::String(sdp)) => Ok(In::Sdp(sdp)),
            _ => Err(BadLine::Unknown),
        };
    }
    if let Some(value) = object.get("candidate") {
        return match inner(value, "candidate") {
            Some(Value::Null) => Ok(In::NoMoreCandidates),
            Some(Value::String(text)) if text.is_empty() => Ok(In::NoMoreCandidates),
            Some(Value::String(_)) if value.is_object() => Ok(In::Candidate(value.to_string())),
            Some(Value::String(_)) => Ok(In::Candidate(Value::Object(object).to_string())),
            _ => Err(BadLine::Unknown),
        };
    }
    match object.get("say") {
        Some(Value::String(text)) => Ok(In::Say(text.clone())),
        _ => Err(BadLine::Unknown),
    }
}

/// Our description.
pub(crate) fn description(offers: bool, sdp: &str) -> Value {
    json!({"type": if offers { "offer" } else { "answer" }, "sdp": sdp})
}

/// Where the connection stands.
pub(crate) fn state(state: &str) -> Value {
    json!({ "state": state })
}

/// A text that came.
pub(crate) fn heard(text: &str) -> Value {
    json!({ "heard": text })
}

/// The figures.
pub(crate) fn stats(figures: &Figures) -> Value {
    #[derive(Serialize)]
    struct Stats {
        /// From the first description until sound flows.
        setup_ms: Option<u32>,
        rtt_ms: u32,
        /// Share of our packets that the other side did not get.
        sent_loss: f32,
        received: u64,
        lost: u64,
        late: u64,
        fec_recovered: u64,
        dred_recovered: u64,
        jitter_ms: f32,
        buffer_ms: f32,
        heard_ms: u64,
        concealed_ms: u64,
    }
    let jitter = &figures.jitter;
    let ms = |samples: u64| samples / 48;
    json!({"stats": Stats {
        setup_ms: figures.setup_ms,
        rtt_ms: figures.rtt_ms,
        sent_loss: figures.sent_loss,
        received: jitter.received,
        lost: jitter.lost,
        late: jitter.late,
        fec_recovered: jitter.fec_recovered,
        dred_recovered: jitter.dred_recovered,
        jitter_ms: jitter.jitter_ms,
        buffer_ms: figures.buffer_ms,
        heard_ms: ms(jitter.total_samples),
        concealed_ms: ms(jitter.concealed_samples),
    }})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_read_alone_and_wrapped() {
        let sdp = In::Sdp("v=0".into());
        for line in [
            r#"{"sdp":"v=0"}"#,
            r#"{"type":"offer","sdp":"v=0"}"#,
            r#"{"sdp":{"type":"answer","sdp":"v=0"}}"#,
        ] {
            assert_eq!(read(line).as_ref(), Ok(&sdp), "{line}");
        }
        assert_eq!(read(&description(true, "v=0").to_string()), Ok(sdp));
    }

    #[test]
    fn candidates_come_out_as_the_dictionary() {
        let plain = r#"{"candidate":"candidate:1","sdpMid":"0"}"#;
        for line in [plain, r#"{"candidate":{"candidate":"candidate:1","sdpMid":"0"}}"#] {
            let Ok(In::Candidate(text)) = read(line) else {
                panic!("{line}")
            };
            assert_eq!(
                serde_json::from_str::<Value>(&text).unwrap(),
                json!({"candidate": "candidate:1", "sdpMid": "0"})
            );
        }
        for line in [
            r#"{"candidate":null}"#,
            r#"{"candidate":""}"#,
            r#"{"candidate":{"candidate":"","sdpMid":"0"}}"#,
        ] {
            assert_eq!(read(line), Ok(In::NoMoreCandidates), "{line}");
        }
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        assert_eq!(read(r#"{"say":"日本"}"#), Ok(In::Say("日本".into())));
        for line in ["", "7", "[]", "{"] {
            assert_eq!(read(line), Err(BadLine::NoObject), "{line}");
        }
        for line in ["{}", r#"{"say":7}"#, r#"{"sdp":{}}"#, r#"{"candidate":[]}"#] {
            assert_eq!(read(line), Err(BadLine::Unknown), "{line}");
        }
    }
}
