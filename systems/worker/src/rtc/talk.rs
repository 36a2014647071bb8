//! What is spoken on a connection's data channel.

use bytes::BytesMut;
use webrtc::{
    data_channel::{DataChannel, RTCDataChannelInit, RTCDataChannelMessage},
    error::Error,
};

use super::pieces::{self, Assembler, BadPiece};

/// The protocol of a data channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Talk {
    /// Ours: one channel, number 0, that both sides know of beforehand, with messages in pieces.
    #[default]
    Pieces,
    /// That of most programs: one side opens a channel (RFC 8832), and each message is a text.
    #[cfg(feature = "media-peer")]
    Text {
        /// Our side opens it.
        opens: bool,
    },
}

impl Talk {
    /// The channel to make; `None` when the other side opens it.
    pub(crate) fn channel(self) -> Option<RTCDataChannelInit> {
        let negotiated = match self {
            Self::Pieces => Some(0),
            #[cfg(feature = "media-peer")]
            Self::Text { opens: true } => None,
            #[cfg(feature = "media-peer")]
            Self::Text { opens: false } => return None,
        };
        Some(RTCDataChannelInit {
            ordered: true,
            negotiated,
            ..Default::default()
        })
    }

    /// Takes what came; gives the message that it completes.
    ///
    /// # Errors
    /// [`BadPiece`]: it is somebody else's protocol.
    pub(crate) fn take(
        self,
        assembler: &mut Assembler,
        piece: &RTCDataChannelMessage,
    ) -> Result<Option<Vec<u8>>, BadPiece> {
        match self {
            // Pieces are bytes.
            Self::Pieces if piece.is_string => Err(BadPiece),
            Self::Pieces => assembler.take(&piece.data),
            #[cfg(feature = "media-peer")]
            Self::Text { .. } => Ok(Some(piece.data.to_vec())),
        }
    }

    /// What is sent for a message; `None` when it may not travel.
    pub(crate) fn cut(self, message: &[u8]) -> Option<Vec<Vec<u8>>> {
        match self {
            Self::Pieces => pieces::cut(message),
            #[cfg(feature = "media-peer")]
            Self::Text { .. } => Some(vec![message.to_vec()]),
        }
    }

    /// Sends one piece of it.
    ///
    /// # Errors
    /// The channel is closed or full.
    pub(crate) async fn send(self, channel: &dyn DataChannel, piece: &[u8]) -> Result<(), Error> {
        match self {
            Self::Pieces => channel.try_send(BytesMut::from(piece)).await,
            #[cfg(feature = "media-peer")]
            Self::Text { .. } => channel.try_send_text(&String::from_utf8_lossy(piece)).await,
        }
    }
}
