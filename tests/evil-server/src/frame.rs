//! Frames of either door in either direction, as one type.

use orrery_protocol::{
    decode, encode,
    frame::{DropReply, DropRequest, SocketReply, SocketRequest},
};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes, protocol::CloseFrame};

/// Which of the two WebSockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Door {
    /// `/v1/socket`.
    Socket,
    /// `/v1/drop`.
    Drop,
}

impl Door {
    /// The door behind a path.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        match path {
            "/v1/socket" => Some(Self::Socket),
            "/v1/drop" => Some(Self::Drop),
            _ => None,
        }
    }

    /// Its path.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Socket => "/v1/socket",
            Self::Drop => "/v1/drop",
        }
    }
}

/// Which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// From a client to the server.
    Up,
    /// From the server to a client.
    Down,
}

/// What stands in one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A client on `/v1/socket`.
    Ask(SocketRequest),
    /// The server on `/v1/socket`.
    Tell(SocketReply),
    /// A client on `/v1/drop`.
    Want(DropRequest),
    /// The server on `/v1/drop`.
    Answer(DropReply),
    /// Bytes that are no frame.
    Bytes(Vec<u8>),
    /// A text message, which the protocol does not have.
    Text(String),
    /// The connection is closed with this code.
    Close(u16),
}

impl Frame {
    /// Reads a binary message.
    #[must_use]
    pub fn read(door: Door, way: Way, bytes: &[u8]) -> Self {
        let frame = match (door, way) {
            (Door::Socket, Way::Up) => decode(bytes).map(Self::Ask),
            (Door::Socket, Way::Down) => decode(bytes).map(Self::Tell),
            (Door::Drop, Way::Up) => decode(bytes).map(Self::Want),
            (Door::Drop, Way::Down) => decode(bytes).map(Self::Answer),
        };
        frame.unwrap_or_else(|_| Self::Bytes(bytes.to_vec()))
    }

    /// The WebSocket message for it.
    #[must_use]
    pub fn message(&self) -> Message {
        let bytes = match self {
            Self::Ask(frame) => encode(frame),
            Self::Tell(frame) => encode(frame),
            Self::Want(frame) => encode(frame),
            Self::Answer(frame) => encode(frame),
            Self::Bytes(bytes) => Ok(bytes.clone()),
            Self::Text(text) => return Message::text(text.clone()),
            Self::Close(code) => {
                let reason = Utf8Bytes::default();
                let code = (*code).into();
                return Message::Close(Some(CloseFrame { code, reason }));
            }
        };
        Message::Binary(bytes.expect("frames of the protocol can be encoded").into())
    }

    /// The envelope in it, where it carries one.
    #[must_use]
    pub fn envelope(&self) -> Option<&[u8]> {
        match self {
            Self::Tell(SocketReply::Deliver { envelope, .. }) | Self::Want(DropRequest::Deposit { envelope, .. }) => {
                Some(envelope)
            }
            _ => None,
        }
    }
}
