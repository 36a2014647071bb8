//! The durable rows of a profile, as the core states them and the store keeps them.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{CallId, ChannelId, MessageId, MessageRef, PeerId, Token, debug_only};

/// Bytes that must not be seen: session states, prekey halves, seeds. Wiped on drop, hidden in `Debug`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SecretBytes(pub Vec<u8>);

impl std::fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretBytes(hidden)")
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for SecretBytes {}

/// What a peer is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactState {
    /// We asked, they have not answered.
    RequestedByUs,
    /// They asked, we have not answered.
    RequestedByThem,
    /// Both said yes.
    Contact,
    /// Known only from a call that a contact brought us together in.
    Introduced,
    /// Removed or declined by us: unknown as far as anybody can tell, kept only so that history has a name.
    Removed,
}

/// A peer and our conversation's counters with it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRecord {
    /// Who.
    pub peer: PeerId,
    /// What it is to us.
    pub state: ContactState,
    /// The name it gave itself.
    pub name: String,
    /// The name we gave it; wins over `name` when set.
    pub alias: Option<String>,
    /// Its home server.
    pub via: String,
    /// Opens its mailbox: delivery token of a contact, request token of one we asked.
    pub token: Option<Token>,
    /// Whether `token` is only a request token.
    pub token_is_request: bool,
    /// Nothing it sends is taken.
    pub blocked: bool,
    /// Compared in person.
    pub verified: bool,
    /// How loud it is heard in calls, in per cent, 0 to 200.
    pub volume: u16,
    /// Not heard in calls, on our side only.
    pub silenced: bool,
    /// When the row was made, ms since the Unix epoch.
    pub created_ms: u64,
    /// When it last sent or was sent something, ms since the Unix epoch.
    pub last_activity_ms: u64,
    /// When it was last there, ms since the Unix epoch; 0 when never seen.
    pub last_seen_ms: u64,
    /// Highest Lamport time seen in the conversation.
    pub lamport: u64,
    /// Our last item's `seq`; 0 before the first.
    pub own_seq: u64,
    /// All of its items up to this `seq` are stored.
    pub their_seq: u64,
    /// Its items stored beyond a gap.
    pub their_beyond: Vec<u64>,
    /// It has stored all of our items up to this `seq`.
    pub delivered_to_them: u64,
    /// It has read all of our items up to this `seq`.
    pub read_by_them: u64,
    /// We have read all of its items up to this `seq`.
    pub read_by_us: u64,
    /// A receipt is owed.
    pub receipt_due: bool,
    /// Our introduction has changed since it was last told.
    pub profile_due: bool,
    /// Text that was begun and not sent.
    pub draft: String,
}

debug_only!(ContactRecord {
    peer,
    state,
    token_is_request,
    blocked,
    verified,
    volume,
    silenced,
    created_ms,
    last_activity_ms,
    last_seen_ms,
    lamport,
    own_seq,
    their_seq,
    their_beyond,
    delivered_to_them,
    read_by_them,
    read_by_us,
    receipt_due,
    profile_due,
});

impl ContactRecord {
    /// The name to show.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }

    /// A new row with every counter at zero.
    #[must_use]
    pub fn new(peer: PeerId, state: ContactState, name: String, via: String, created_ms: u64) -> Self {
        Self {
            peer,
            state,
            name,
            alias: None,
            via,
            token: None,
            token_is_request: false,
            blocked: false,
            verified: false,
            volume: 100,
            silenced: false,
            created_ms,
            last_activity_ms: created_ms,
            last_seen_ms: 0,
            lamport: 0,
            own_seq: 0,
            their_seq: 0,
            their_beyond: Vec::new(),
            delivered_to_them: 0,
            read_by_them: 0,
            read_by_us: 0,
            receipt_due: false,
            profile_due: false,
            draft: String::new(),
        }
    }
}

/// How far a message of our own has come. Later states include earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// In the outbox.
    Sending,
    /// The recipient's mailbox is full or refuses for now; it is tried again.
    Waiting,
    /// Given up; waits for the person to retry or cancel.
    Failed,
    /// On the server or handed to the peer.
    Sent,
    /// Stored by the recipient.
    Delivered,
    /// Was on the recipient's screen.
    Read,
}

/// What a row in a conversation shows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum MessageKind {
    /// Words.
    Text {
        /// What it says now; empty once deleted.
        text: String,
    },
    /// A call that took place or did not; made by each side for itself.
    Call {
        /// How it ended.
        outcome: CallOutcome,
        /// How long both were in it, in milliseconds.
        duration_ms: u64,
    },
}

debug_only!(enum MessageKind { Text {}, Call { outcome, duration_ms } });

/// How a call ended for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// People talked.
    Answered,
    /// It rang here and nobody answered.
    Missed,
    /// We rang and nobody answered.
    Unanswered,
    /// We said no, or they did.
    Declined,
    /// The other side was in another call.
    Busy,
    /// The ringing side gave up.
    Cancelled,
    /// No connection came about or it broke.
    Failed,
}

/// A row of a conversation. Unique by (author, id), sorted by (lamport, author, seq).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRecord {
    /// The conversation.
    pub channel: ChannelId,
    /// Who wrote it (for a call: who rang).
    pub author: PeerId,
    /// The author's id for it.
    pub id: MessageId,
    /// The author's count; 0 for rows made locally, such as calls.
    pub seq: u64,
    /// Lamport time.
    pub lamport: u64,
    /// The author's clock, ms since the Unix epoch.
    pub sent_ms: u64,
    /// What it shows.
    pub kind: MessageKind,
    /// The message it answers.
    pub reply_to: Option<MessageRef>,
    /// Whether its words were changed.
    pub edited: bool,
    /// `lamport` and `seq` of the edit or delete that made it what it is; a lower one comes too late.
    pub changed_at: (u64, u64),
    /// Taken back by its author.
    pub deleted: bool,
    /// For our own: how far it has come.
    pub delivery: Delivery,
    /// Reactions on it, in the order they came.
    pub reactions: Vec<Reaction>,
}

/// A reaction on a message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Who reacted.
    pub by: PeerId,
    /// With what.
    pub emoji: String,
}

debug_only!(Reaction { by });

/// Where a row stands in its conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderKey {
    /// Lamport time.
    pub lamport: u64,
    /// Author, by its bytes.
    pub author: PeerId,
    /// The author's count.
    pub seq: u64,
}

impl MessageRecord {
    /// Where it stands.
    #[must_use]
    pub fn order(&self) -> OrderKey {
        OrderKey {
            lamport: self.lamport,
            author: self.author,
            seq: self.seq,
        }
    }

    /// How others name it.
    #[must_use]
    pub fn reference(&self) -> MessageRef {
        MessageRef {
            author: self.author,
            id: self.id,
        }
    }
}

/// A ratchet session with a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// SHA-256 of the initiator's encoded ephemeral key: the same on both sides.
    pub id: [u8; 32],
    /// Heal generation: highest wins, then the lowest `id`.
    pub generation: u32,
    /// The state as crypto encodes it.
    pub state: SecretBytes,
    /// When it was made, ms since the Unix epoch.
    pub created_ms: u64,
    /// When it last decrypted or encrypted, ms since the Unix epoch.
    pub used_ms: u64,
}

/// Which kind of prekey a private half belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PrekeyKind {
    /// X25519, signed, weekly.
    Signed,
    /// ML-KEM-1024, signed, weekly.
    Kem,
    /// X25519, once.
    OneTime,
}

/// A prekey's private half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrekeyRecord {
    /// Which kind.
    pub kind: PrekeyKind,
    /// Our number for it.
    pub id: u32,
    /// Private half and signature as crypto encodes them.
    pub secret: SecretBytes,
    /// When it was made, ms since the Unix epoch.
    pub created_ms: u64,
}

/// A note on its way to a peer, encrypted once and sent until it is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRecord {
    /// Our number for it, growing.
    pub id: u64,
    /// To whom.
    pub to: PeerId,
    /// The note's plaintext, for encrypting anew after a heal.
    pub note: SecretBytes,
    /// The ratchet message; the same on every path.
    pub message: Vec<u8>,
    /// The session it was encrypted in.
    pub session: [u8; 32],
    /// The item it carries, by our `seq`; `None` for other notes.
    pub item_seq: Option<u64>,
    /// The message whose `delivery` follows this row.
    pub item_id: Option<MessageId>,
    /// The server keeps it for the recipient, or not.
    pub keep: bool,
    /// After this it is not worth sending; `None` for never.
    pub expires_ms: Option<u64>,
    /// Taken by the server or the peer; kept until the receipt when it carries an item.
    pub taken: bool,
    /// Given up until the person retries.
    pub failed: bool,
    /// When it was made, ms since the Unix epoch.
    pub created_ms: u64,
}

/// The running numbers a call needs after a crash: a ring that was open is a missed or failed call afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCallRecord {
    /// The call.
    pub call: CallId,
    /// The conversation it belongs to.
    pub channel: ChannelId,
    /// Who rang.
    pub caller: PeerId,
    /// When it began, ms since the Unix epoch.
    pub started_ms: u64,
    /// Whether it was answered.
    pub answered: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_words_names_or_addresses() {
        let words = || "Zenobia".to_owned();
        let peer = PeerId([1; 32]);
        let contact = ContactRecord {
            alias: Some(words()),
            draft: words(),
            ..ContactRecord::new(peer, ContactState::Contact, words(), words(), 5)
        };
        let message = MessageRecord {
            channel: peer.into(),
            author: peer,
            id: MessageId([2; 16]),
            seq: 1,
            lamport: 1,
            sent_ms: 5,
            kind: MessageKind::Text { text: words() },
            reply_to: None,
            edited: false,
            changed_at: (0, 0),
            deleted: false,
            delivery: Delivery::Sent,
            reactions: vec![Reaction {
                by: peer,
                emoji: words(),
            }],
        };
        for shown in [format!("{contact:#?}"), format!("{message:#?}")] {
            assert!(!shown.contains("Zenobia"), "{shown}");
            assert!(shown.contains(".."), "says that something is hidden: {shown}");
        }
    }
}
