//! What one peer tells another inside a ratchet message. The server never sees any of it.

use serde::{Deserialize, Serialize};

use crate::{
    MessageId, MessageRef, Token, debug_only,
    invite::check_via,
    limits::{MAX_NAME, MAX_REACTION, MAX_TEXT, MAX_VIA, PEER_PROTOCOL_VERSION},
    signal::{CallSignal, ConnectionSignal},
};

/// One note: the plaintext of one ratchet message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// [`PEER_PROTOCOL_VERSION`] of the sender.
    pub version: u8,
    /// The sender's clock, corrected by its server's, in milliseconds since the Unix epoch. Shown, never sorted by.
    pub sent_ms: u64,
    /// What it says.
    pub body: Body,
}

/// Just the version of a note, read first so that a newer note is a wish to update and not garbage.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct NoteVersion {
    /// The sender's protocol version.
    pub version: u8,
}

/// What a note says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Body {
    /// "I would like to be your contact": the first note to a stranger.
    Request(Introduction),
    /// "Yes": answers a request and makes both contacts.
    Accept(Introduction),
    /// A contact's name, server or token has changed.
    Profile(Introduction),
    /// Something that belongs to the conversation.
    Item(Item),
    /// How far the conversation has reached the sender of this note.
    Receipt(Receipt),
    /// The sender started or stopped writing. Only over a live direct link.
    Typing {
        /// Started, or stopped.
        on: bool,
    },
    /// The sender is there, or goes away; what the presence dot means.
    Presence {
        /// There.
        here: bool,
        /// Asks for the same in return.
        ask: bool,
    },
    /// Sets up or ends a peer connection.
    Connection(ConnectionSignal),
    /// Rings, answers or changes a call.
    Call(CallSignal),
    /// Nothing but a fresh session: the first note after the old one could no longer be read.
    Heal,
}

/// What a contact needs in order to write back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Introduction {
    /// Display name as its owner writes it, at most [`MAX_NAME`] bytes.
    pub name: String,
    /// Home server, as [`check_via`] wants it.
    pub via: String,
    /// Delivery token.
    pub token: Token,
}

debug_only!(Introduction {});

/// One entry of an author's log in a conversation. `seq` counts the author's items in this conversation from 1 without
/// gaps; items sort by (lamport, author, seq).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Random; unique with the author. A text keeps it for life, edits and reactions have their own.
    pub id: MessageId,
    /// The author's count.
    pub seq: u64,
    /// Lamport time: one more than the highest seen in the conversation.
    pub lamport: u64,
    /// What it is.
    pub kind: ItemKind,
}

/// What an [`Item`] is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ItemKind {
    /// A message.
    Text {
        /// At most [`MAX_TEXT`] bytes, not empty.
        text: String,
        /// The message it answers.
        reply_to: Option<MessageRef>,
    },
    /// New words for a message of one's own.
    Edit {
        /// The author's own message.
        target: MessageId,
        /// At most [`MAX_TEXT`] bytes, not empty.
        text: String,
    },
    /// Takes back a message of one's own.
    Delete {
        /// The author's own message.
        target: MessageId,
    },
    /// Adds or removes a reaction.
    React {
        /// Any message of the conversation.
        target: MessageRef,
        /// At most [`MAX_REACTION`] bytes.
        emoji: String,
        /// Adds, or removes.
        on: bool,
    },
}

debug_only!(enum ItemKind { Text { reply_to }, Edit { target }, Delete { target }, React { target, on } });

/// How far a conversation has come. Cumulative: every receipt replaces the ones before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Every item of the other side up to this `seq` is stored here.
    pub delivered: u64,
    /// Further items stored beyond a gap, at most 64.
    pub beyond: Vec<u64>,
    /// Every item up to this `seq` was on screen; 0 where read receipts are switched off.
    pub read: u64,
}

/// A note that breaks a rule of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Text, name, address or reaction longer than allowed.
    #[error("longer than allowed")]
    TooLong,
    /// A text, name or reaction without a visible character.
    #[error("empty")]
    Empty,
    /// Made by a newer version.
    #[error("from a newer version")]
    Version,
    /// Counts from zero or otherwise out of range.
    #[error("out of range")]
    Range,
    /// A home server that nobody should dial.
    #[error("not a server address, or one without encryption")]
    Server,
}

/// Checks a text as it would be sent.
///
/// # Errors
/// [`NoteError::Empty`] for nothing but white space, [`NoteError::TooLong`] beyond [`MAX_TEXT`] bytes.
pub fn check_text(text: &str) -> Result<(), NoteError> {
    if text.trim().is_empty() {
        return Err(NoteError::Empty);
    }
    if text.len() > MAX_TEXT {
        Err(NoteError::TooLong)
    } else {
        Ok(())
    }
}

/// Checks a display name.
///
/// # Errors
/// [`NoteError::Empty`] or [`NoteError::TooLong`].
pub fn check_name(name: &str) -> Result<(), NoteError> {
    if name.trim().is_empty() || name.chars().all(|c| c.is_control() || c.is_whitespace()) {
        return Err(NoteError::Empty);
    }
    if name.len() > MAX_NAME {
        Err(NoteError::TooLong)
    } else {
        Ok(())
    }
}

impl Introduction {
    /// Checks the name and the address.
    ///
    /// # Errors
    /// As [`check_name`]; [`NoteError::TooLong`] or [`NoteError::Server`] for the address.
    pub fn check(&self) -> Result<(), NoteError> {
        check_name(&self.name)?;
        if self.via.len() > MAX_VIA {
            return Err(NoteError::TooLong);
        }
        check_via(&self.via).map_err(|_| NoteError::Server)
    }
}

impl Note {
    /// A note of this version.
    #[must_use]
    pub fn new(sent_ms: u64, body: Body) -> Self {
        Self {
            version: PEER_PROTOCOL_VERSION,
            sent_ms,
            body,
        }
    }

    /// Checks what the shape alone cannot say: sizes, emptiness, ranges.
    ///
    /// # Errors
    /// The rule that is broken. A note that fails is dropped whole.
    pub fn check(&self) -> Result<(), NoteError> {
        if self.version != PEER_PROTOCOL_VERSION {
            return Err(NoteError::Version);
        }
        match &self.body {
            Body::Request(intro) | Body::Accept(intro) | Body::Profile(intro) => intro.check(),
            Body::Item(item) => item.check(),
            Body::Receipt(receipt) if receipt.beyond.len() > 64 => Err(NoteError::Range),
            Body::Connection(signal) => signal.check(),
            Body::Call(signal) => signal.check(),
            Body::Receipt(_) | Body::Typing { .. } | Body::Presence { .. } | Body::Heal => Ok(()),
        }
    }
}

impl Item {
    fn check(&self) -> Result<(), NoteError> {
        // Room above for centuries of honest counting, so that no peer can push a counter to its end.
        if self.seq == 0 || self.seq > 1 << 48 || self.lamport > 1 << 48 {
            return Err(NoteError::Range);
        }
        match &self.kind {
            ItemKind::Text { text, .. } | ItemKind::Edit { text, .. } => check_text(text),
            ItemKind::Delete { .. } => Ok(()),
            ItemKind::React { emoji, .. } if emoji.trim().is_empty() => Err(NoteError::Empty),
            ItemKind::React { emoji, .. } if emoji.len() > MAX_REACTION => Err(NoteError::TooLong),
            ItemKind::React { .. } => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_sixteen_kib_and_not_one_byte_more() {
        assert_eq!(check_text(&"x".repeat(MAX_TEXT)), Ok(()));
        assert_eq!(check_text(&"x".repeat(MAX_TEXT + 1)), Err(NoteError::TooLong));
        assert_eq!(check_text(" \n\t"), Err(NoteError::Empty));
    }

    #[test]
    fn the_version_of_a_newer_note_can_be_read() {
        #[derive(Serialize)]
        struct Newer {
            version: u8,
            surprise: bool,
        }
        let bytes = crate::encode(&Newer {
            version: 9,
            surprise: true,
        })
        .unwrap();
        assert_eq!(crate::decode::<NoteVersion>(&bytes).unwrap().version, 9);
        assert!(crate::decode::<Note>(&bytes).is_err());
    }

    fn introduction(via: &str) -> Introduction {
        Introduction {
            name: "Zenobia".into(),
            via: via.into(),
            token: Token([4; 32]),
        }
    }

    #[test]
    fn an_introduction_with_a_server_that_nobody_should_dial_is_dropped_whole() {
        let check = |via: &str| {
            [Body::Request, Body::Accept, Body::Profile].map(|body| Note::new(5, body(introduction(via))).check())
        };
        for good in ["wss://orrery.example", "ws://127.0.0.1:7670", "ws://[::1]"] {
            assert_eq!(check(good), [Ok(()); 3], "{good}");
        }
        for bad in [
            "ws://orrery.example",
            "ws://192.168.0.7:7670",
            "https://orrery.example",
            "",
        ] {
            assert_eq!(check(bad), [Err(NoteError::Server); 3], "{bad}");
        }
        let long = format!("wss://orrery.example:{}", "0".repeat(MAX_VIA));
        assert_eq!(check(&long), [Err(NoteError::TooLong); 3]);
    }

    #[test]
    fn debug_shows_no_words_names_or_addresses() {
        let (target, author) = (MessageId([7; 16]), crate::PeerId([8; 32]));
        let target_ref = MessageRef { author, id: target };
        let words = || "Zenobia".to_owned();
        let kinds = [
            ItemKind::Text {
                text: words(),
                reply_to: None,
            },
            ItemKind::Edit { target, text: words() },
            ItemKind::React {
                target: target_ref,
                emoji: words(),
                on: true,
            },
        ];
        let items = kinds.map(|kind| {
            Body::Item(Item {
                id: target,
                seq: 1,
                lamport: 1,
                kind,
            })
        });
        let introductions =
            [Body::Request, Body::Accept, Body::Profile].map(|body| body(introduction("wss://Zenobia")));
        for body in items.into_iter().chain(introductions) {
            let shown = format!("{:#?}", Note::new(5, body));
            assert!(!shown.contains("Zenobia"), "{shown}");
            assert!(shown.contains(".."), "says that something is hidden: {shown}");
        }
    }

    #[test]
    fn a_note_survives_the_wire() {
        let note = Note::new(
            5,
            Body::Item(Item {
                id: MessageId([1; 16]),
                seq: 1,
                lamport: 1,
                kind: ItemKind::Text {
                    text: "Grüße".into(),
                    reply_to: None,
                },
            }),
        );
        let bytes = crate::encode(&note).unwrap();
        assert_eq!(crate::decode::<Note>(&bytes).unwrap(), note);
        assert_eq!(note.check(), Ok(()));
    }
}
