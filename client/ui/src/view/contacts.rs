//! People: the list, the own bar, requests and adding someone.

use super::{ChannelKey, Connection, Delivery, ErrorView, NameDoubt, Namesake, PeerKey};

/// Own name and state, lower left.
#[derive(Clone, Debug, PartialEq)]
pub struct MeView {
    /// Own key, for the planet.
    pub peer: PeerKey,
    /// Own name.
    pub name: String,
    /// Connection to the own server.
    pub connection: Connection,
    /// Microphone closed by the person. Holds between calls too.
    pub muted: bool,
    /// Ears closed by the person. Holds between calls too.
    pub deafened: bool,
}

impl MeView {
    /// Nothing is sent: the microphone is closed, or the ears and with them the microphone.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.muted || self.deafened
    }
}

/// What the dot says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// Nothing is known (they may not share it).
    #[default]
    Unknown,
    /// There now.
    Here,
    /// Gone; when last seen, Unix ms, if known.
    Gone {
        /// When they were last seen, Unix ms.
        seen_ms: Option<i64>,
    },
}

/// One line of the people list.
#[derive(Clone, Debug, PartialEq)]
pub struct ContactRow {
    /// The conversation it opens.
    pub channel: ChannelKey,
    /// Whose planet.
    pub peer: PeerKey,
    /// Name shown.
    pub name: String,
    /// The dot.
    pub presence: Presence,
    /// Compared safety numbers.
    pub verified: bool,
    /// Somebody else's name looks the same.
    pub namesake: Option<Namesake>,
    /// Blocked here.
    pub blocked: bool,
    /// The last line of the conversation.
    pub last: Option<LastLine>,
    /// Messages not read yet.
    pub unread: u32,
    /// They are writing.
    pub typing: bool,
    /// A draft waits there.
    pub draft: bool,
}

/// The last line of a conversation, for the list.
#[derive(Clone, Debug, PartialEq)]
pub struct LastLine {
    /// First part of the text (any length; the list cuts it), or empty for a deleted message.
    pub text: String,
    /// Written here.
    pub mine: bool,
    /// When, Unix ms.
    pub at_ms: i64,
    /// How far an own one came.
    pub delivery: Option<Delivery>,
}

/// Someone asks to be a contact.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestIn {
    /// Who.
    pub peer: PeerKey,
    /// The name they gave.
    pub name: String,
    /// Why that name is not to be taken at its word.
    pub doubt: Option<NameDoubt>,
    /// When, Unix ms.
    pub at_ms: i64,
}

/// We ask someone to be a contact.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestOut {
    /// Who.
    pub peer: PeerKey,
    /// The name in their link.
    pub name: String,
    /// When, Unix ms.
    pub at_ms: i64,
    /// How far it came.
    pub state: RequestState,
}

/// How far a request sent from here came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// On its way to their server.
    Sending,
    /// With their server; they have not answered (declining is silent).
    Waiting,
    /// It did not go; the code says why.
    Failed(ErrorView),
}

/// The pane in which someone is added.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddContactView {
    /// Own invite link, empty until it exists.
    pub own_link: String,
    /// The own server can be reached from this computer alone, and so the link works here alone.
    pub own_here: bool,
    /// What the app makes of the text in the field; it parses on `LinkEdited`.
    pub check: LinkCheck,
}

/// What the app makes of a pasted link.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum LinkCheck {
    /// The field is empty or not looked at yet.
    #[default]
    Empty,
    /// A good link: who, and over which server.
    Good {
        /// Whose.
        peer: PeerKey,
        /// The name in it.
        name: String,
        /// Why that name is not to be taken at its word.
        doubt: Option<NameDoubt>,
        /// The server in it, for reading.
        server: String,
    },
    /// Not a link that can be used (`bad_link`, `own_link`, `already_contact`, `link_elsewhere` …).
    Bad(ErrorView),
}
