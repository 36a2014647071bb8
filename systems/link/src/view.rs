//! What events show: plain values with stable ids. Times are milliseconds since the Unix epoch.

use orrery_protocol::{
    CallId, ChannelId, MessageId, MessageRef, PeerId,
    record::{CallOutcome, ContactState, Delivery, MessageKind, OrderKey, Reaction},
};
use serde::{Deserialize, Serialize};

use crate::{Code, Settings};

/// Where the profile stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one, and it is told a few times a session"
)]
pub enum ProfilePhase {
    /// The folder holds no profile: create one.
    Empty,
    /// A profile is there: unlock it.
    Locked {
        /// The system's keyring should keep its key.
        remembered: bool,
        /// It has a recovery phrase.
        recovery: bool,
    },
    /// The key is being derived; takes up to a second.
    Opening,
    /// The folder cannot be used.
    Unusable {
        /// Why.
        code: Code,
    },
    /// Open.
    Open(ProfileView),
}

/// One's own profile.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfileView {
    /// Who one is.
    pub peer: PeerId,
    /// Display name.
    pub name: String,
    /// Home server.
    pub server: String,
    /// Folder of the profile.
    pub folder: String,
    /// Folder of the log files.
    pub log_folder: String,
    /// The system's keyring keeps the key.
    pub remembered: bool,
    /// It has a recovery phrase.
    pub recovery: bool,
    /// Settings.
    pub settings: Settings,
}

orrery_protocol::debug_only!(ProfileView {
    peer,
    remembered,
    recovery,
    settings
});

/// The connection to the home server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub enum ServerPhase {
    /// Not connected; tried again after the wait, if there is one.
    Offline {
        /// Why, when it is known.
        code: Option<Code>,
        /// Milliseconds until the next try; 0 when none follows before `reconnect`.
        retry_ms: u64,
    },
    /// Connecting or logging in.
    Connecting,
    /// Logged in.
    Online,
}

/// A peer, as one knows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactView {
    /// Who.
    pub peer: PeerId,
    /// Request, contact, …
    pub state: ContactState,
    /// The name it gave itself.
    pub name: String,
    /// The name one gave it.
    pub alias: Option<String>,
    /// Nothing from it is taken.
    pub blocked: bool,
    /// Compared in person.
    pub verified: bool,
    /// How loud it is heard, in per cent, 0 to 200.
    pub volume: u16,
    /// Not heard, on this side only.
    pub silenced: bool,
    /// Its home server.
    pub via: String,
    /// Whether it is there, as far as it told.
    pub here: bool,
    /// When it was last there; 0 when never seen.
    pub last_seen_ms: u64,
    /// The direct connection to it.
    pub direct: DirectState,
    /// Of a request, in either direction: when it was made; 0 for everybody else.
    pub asked_ms: u64,
    /// Of a request of ours: it has not left this computer yet.
    pub sending: bool,
}

orrery_protocol::debug_only!(ContactView {
    peer,
    state,
    blocked,
    verified,
    volume,
    silenced,
    here,
    last_seen_ms,
    direct,
    asked_ms,
    sending
});

impl ContactView {
    /// The name to show.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }
}

/// A direct connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectState {
    /// None.
    #[default]
    None,
    /// Being set up.
    Connecting,
    /// Up, and bound to both identities.
    Connected,
}

/// A conversation in the list.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelView {
    /// Which.
    pub channel: ChannelId,
    /// Messages not read yet.
    pub unread: u32,
    /// Where the first of them stands.
    pub first_unread: Option<OrderKey>,
    /// The last message.
    pub last: Option<MessageView>,
    /// Text begun and not sent.
    pub draft: String,
}

orrery_protocol::debug_only!(ChannelView {
    channel,
    unread,
    first_unread,
    last
});

/// A row of a conversation. Unique by (author, id), sorted by `order`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageView {
    /// The conversation.
    pub channel: ChannelId,
    /// Who wrote it.
    pub author: PeerId,
    /// The author's id for it.
    pub id: MessageId,
    /// Where it stands.
    pub order: OrderKey,
    /// The author's clock.
    pub sent_ms: u64,
    /// What it shows.
    pub content: MessageKind,
    /// The message it answers.
    pub reply_to: Option<MessageRef>,
    /// The beginning of what that message says; absent where it says nothing, was taken back or is not here.
    pub quoted: Option<String>,
    /// Its words were changed.
    pub edited: bool,
    /// Taken back by its author.
    pub deleted: bool,
    /// For one's own: how far it has come.
    pub delivery: Delivery,
    /// Reactions, in the order they came.
    pub reactions: Vec<Reaction>,
}

orrery_protocol::debug_only!(MessageView {
    channel,
    author,
    id,
    order,
    sent_ms,
    content,
    reply_to,
    edited,
    deleted,
    delivery,
    reactions
});

impl MessageView {
    /// How others name it.
    #[must_use]
    pub fn reference(&self) -> MessageRef {
        MessageRef {
            author: self.author,
            id: self.id,
        }
    }
}

/// A message found by a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchHit {
    /// The message.
    pub message: MessageView,
    /// Byte ranges of its text that match.
    pub matches: Vec<(usize, usize)>,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallView {
    /// Which.
    pub call: CallId,
    /// The conversation it belongs to: the first other person's.
    pub channel: ChannelId,
    /// Who rang.
    pub caller: PeerId,
    /// Where it stands.
    pub phase: CallPhase,
    /// Since when it is active; 0 before.
    pub active_since_ms: u64,
    /// Everybody but oneself, in the order they came.
    pub participants: Vec<ParticipantView>,
    /// One's own microphone is closed.
    pub muted: bool,
    /// One's own speaker is closed.
    pub deafened: bool,
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallPhase {
    /// It rings here.
    Incoming,
    /// It rings there.
    Outgoing,
    /// Accepted; sound flows with everybody who is connected.
    Active,
}

/// Somebody else in a call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParticipantView {
    /// Who.
    pub peer: PeerId,
    /// The name to show.
    pub name: String,
    /// Where the connection stands.
    pub phase: ParticipantPhase,
    /// Its microphone is closed.
    pub muted: bool,
    /// Its speaker is closed.
    pub deafened: bool,
    /// A contact, and not only introduced for this call.
    pub contact: bool,
    /// From whom no sound reaches it, as it says; oneself among them.
    #[serde(default)]
    pub misses: Vec<PeerId>,
}

orrery_protocol::debug_only!(ParticipantView {
    peer,
    phase,
    muted,
    deafened,
    contact
});

/// Where a participant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParticipantPhase {
    /// Asked, no answer yet.
    Ringing,
    /// Joined; the connection is being set up.
    Connecting,
    /// Sound flows.
    Connected,
    /// The connection broke and is being set up again.
    Lost,
}

/// A sound device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// Stable id.
    pub id: String,
    /// Name to show.
    pub name: String,
    /// The system's default.
    pub is_default: bool,
}

/// Re-exported so that users of the link need not name the protocol for it.
pub type Outcome = CallOutcome;
