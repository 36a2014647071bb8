//! A conversation: its messages and everything that hangs on one.

use super::{ChannelKey, ErrorView, MessageKey, Namesake, PeerKey, Presence};

/// A conversation in the main pane.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversationView {
    /// Which.
    pub channel: ChannelKey,
    /// With whom.
    pub peer: PeerKey,
    /// Name of the other side.
    pub name: String,
    /// Their dot.
    pub presence: Presence,
    /// Safety numbers were compared.
    pub verified: bool,
    /// Somebody else's name looks the same.
    pub namesake: Option<Namesake>,
    /// Blocked here: the composer says so instead of taking text.
    pub blocked: bool,
    /// Whether a call can be started.
    pub call: CallChance,
    /// The loaded messages, oldest first.
    pub messages: Vec<MessageView>,
    /// There are older ones in the store.
    pub has_older: bool,
    /// There are newer ones in the store than the loaded window (after a jump into the past).
    pub has_newer: bool,
    /// Older or newer ones are being fetched.
    pub loading: bool,
    /// First message not read when the conversation was opened, or that came while nobody looked: the NEW divider stands
    /// above it.
    pub first_unread: Option<MessageKey>,
    /// They are writing now.
    pub typing: bool,
    /// The draft kept for this conversation. Read when the panel first sees the conversation, and when `draft_rev` changes.
    pub draft: String,
    /// Raised by the app when `draft` is to replace what the composer holds.
    pub draft_rev: u64,
    /// Texts that were refused and come back into the composer, oldest first; each is taken once, by its number.
    pub returned: Vec<ReturnedText>,
    /// Message to scroll to and light up. Followed once for every new `focus_rev`.
    pub focus: Option<MessageKey>,
    /// Raised by the app for every new jump.
    pub focus_rev: u64,
    /// Result of the search in this conversation, while there is one.
    pub search: Option<SearchView>,
}

/// A text that could not be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct ReturnedText {
    /// Its number, higher than that of any before it.
    pub number: u64,
    /// What was written.
    pub text: String,
    /// What it answered.
    pub reply_to: Option<MessageKey>,
    /// The own message it was to change; `None` for a new one.
    pub edits: Option<MessageKey>,
}

/// Whether a call can be started from this conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallChance {
    /// Yes.
    Ready,
    /// The call that runs is with them already: the button leads back to it.
    InThisCall,
    /// Not now; the code says why (`busy`, `blocked`, `no_such_contact` …).
    No(ErrorView),
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageView {
    /// Which.
    pub key: MessageKey,
    /// Who wrote it.
    pub author: PeerKey,
    /// Their name.
    pub author_name: String,
    /// Written here.
    pub mine: bool,
    /// When, Unix ms (shown only; the order is the list's).
    pub at_ms: i64,
    /// What it holds.
    pub body: Body,
    /// The text was changed after sending.
    pub edited: bool,
    /// How far an own one came; `None` for others'.
    pub delivery: Option<Delivery>,
    /// What it answers.
    pub reply: Option<QuoteView>,
    /// Reactions, in order.
    pub reactions: Vec<ReactionView>,
}

/// What a message holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Text as it was written.
    Text(String),
    /// Deleted by its author.
    Deleted,
    /// A call that was.
    Call(CallNote),
}

/// A call in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallNote {
    /// It rang here and nobody answered.
    Missed,
    /// It rang there and nobody answered.
    NoAnswer,
    /// Declined, by either.
    Declined,
    /// They were in another call.
    Busy,
    /// Taken back before it was answered.
    Cancelled,
    /// It took place, for so many seconds.
    Held {
        /// Length in seconds.
        seconds: u32,
    },
    /// No connection could be made.
    Failed,
}

/// How far an own message came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Not with the server yet.
    Sending,
    /// With the server.
    Sent,
    /// On their device.
    Delivered,
    /// Seen.
    Read,
    /// Their server does not take it yet; it is tried again by itself.
    Waiting,
    /// It did not go; may be retried or cancelled.
    Failed(ErrorView),
}

/// The message that one answers.
#[derive(Clone, Debug, PartialEq)]
pub struct QuoteView {
    /// Which: a click jumps there.
    pub key: MessageKey,
    /// Who wrote it.
    pub author_name: String,
    /// First part of its text; `None` when it was deleted or is not kept here.
    pub text: Option<String>,
}

/// One reaction under a message.
#[derive(Clone, Debug, PartialEq)]
pub struct ReactionView {
    /// The emoji.
    pub emoji: String,
    /// How many gave it.
    pub count: u32,
    /// One of them is us.
    pub mine: bool,
    /// Who, for the tooltip.
    pub names: Vec<String>,
}

/// Result of a search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchView {
    /// What was looked for.
    pub query: String,
    /// Still looking.
    pub busy: bool,
    /// What was found, newest first.
    pub hits: Vec<SearchHit>,
    /// There are more than are listed.
    pub more: bool,
}

/// One message found.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchHit {
    /// Where.
    pub channel: ChannelKey,
    /// Which.
    pub key: MessageKey,
    /// Who wrote it.
    pub author: PeerKey,
    /// Their name.
    pub author_name: String,
    /// When, Unix ms.
    pub at_ms: i64,
    /// Its text or the part around the hit.
    pub text: String,
    /// Byte ranges of `text` that matched, ascending; ranges off a character boundary are ignored.
    pub marks: Vec<std::ops::Range<usize>>,
}
