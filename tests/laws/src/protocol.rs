//! What the wires and links of the protocol say.

use std::fmt::Debug;

use orrery_protocol::{
    CallId, ChannelId, ConnectionId, MessageId, PeerId, decode, encode,
    frame::{DropReply, DropRequest, SocketReply, SocketRequest},
    invite::{Invite, check_via},
    login::canonical_host,
    note::{Note, NoteVersion},
};
use serde::{Serialize, de::DeserializeOwned};

/// What was read is written in no more bytes than came in with room for the longest spelling of its numbers, and reads as
/// the same again.
fn survives<T: Serialize + DeserializeOwned + PartialEq + Debug>(data: &[u8]) -> Option<T> {
    let value = decode::<T>(data).ok()?;
    let written = encode(&value).unwrap();
    assert_eq!(decode::<T>(&written).as_ref(), Ok(&value), "written and read again");
    assert_eq!(
        encode(&decode::<T>(&written).unwrap()).unwrap(),
        written,
        "one spelling of our own"
    );
    let shown = format!("{value:?}");
    assert!(shown.len() <= 4096 + 16 * data.len(), "Debug grows with what came");
    Some(value)
}

/// Frames of both sockets, both ways.
pub fn frames(data: &[u8]) {
    survives::<SocketRequest>(data);
    survives::<SocketReply>(data);
    survives::<DropRequest>(data);
    survives::<DropReply>(data);
}

/// A note of a peer, and its checks.
pub fn note(data: &[u8]) {
    let version = decode::<NoteVersion>(data);
    let Some(note) = survives::<Note>(data) else { return };
    assert_eq!(
        version.map(|note| note.version),
        Ok(note.version),
        "the version alone is read too"
    );
    let checked = note.check();
    assert_eq!(decode::<Note>(&encode(&note).unwrap()).unwrap().check(), checked);
}

/// A link out of a chat or a QR code.
pub fn invite(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for text in [text.as_ref(), &format!("orrery:{text}")] {
        let Ok(invite) = text.parse::<Invite>() else { continue };
        assert!(check_via(&invite.via).is_ok());
        assert!(invite.name.len() <= orrery_protocol::limits::MAX_NAME && !invite.name.contains(char::is_control));
        assert_eq!(
            invite.to_string().parse(),
            Ok(invite.clone()),
            "a link made of it leads to the same"
        );
        let shown = format!("{invite:?}");
        assert!(!shown.contains(&invite.via), "Debug hides where");
    }
}

/// Ids as text and as bytes: one spelling each, but for capitals.
pub fn ids(data: &[u8]) {
    macro_rules! id {
        ($($name:ident)*) => {$({
            if let Ok(text) = std::str::from_utf8(data)
                && let Ok(id) = text.parse::<$name>()
            {
                assert_eq!(id.to_string(), text.to_ascii_lowercase());
            }
            assert_eq!($name::from_slice(data).is_ok(), data.len() == $name::LEN);
            if let Some(id) = survives::<$name>(data) {
                assert_eq!(id.to_string().parse(), Ok(id));
            }
        })*};
    }
    id!(PeerId MessageId CallId ConnectionId ChannelId);
}

/// An address of a server out of a link or a note.
pub fn server_address(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let host = canonical_host(&text);
    assert!(host.len() <= 3 * text.len() && !host.chars().any(|c| c.is_ascii_uppercase()));
    for text in [text.as_ref(), &format!("wss://{text}"), &format!("ws://{text}")] {
        if check_via(text).is_err() {
            continue;
        }
        assert!(text.len() <= orrery_protocol::limits::MAX_VIA);
        assert!(text.get(..2).is_some_and(|scheme| scheme.eq_ignore_ascii_case("ws")));
        #[cfg(feature = "whole")]
        crate::rooms::dialled(text);
    }
}
