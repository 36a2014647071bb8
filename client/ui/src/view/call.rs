//! Calls: the one that rings here, the one that runs, and the plates under the planets.

use super::{CallKey, ChannelKey, ErrorView, Namesake, PeerKey, Presence, TalkKeyView};

/// A call rings here.
#[derive(Clone, Debug, PartialEq)]
pub struct IncomingCallView {
    /// Which.
    pub call: CallKey,
    /// Who calls.
    pub from: PeerKey,
    /// Their name.
    pub name: String,
    /// Safety numbers were compared.
    pub verified: bool,
    /// Somebody else's name looks the same.
    pub namesake: Option<Namesake>,
    /// Others already in it, by name.
    pub others: Vec<String>,
    /// People in it who are not contacts: accepting shows them this computer's address. Empty: nothing to say.
    pub strangers: Vec<String>,
    /// Since when it rings, Unix ms.
    pub since_ms: i64,
}

/// A call that runs or rings out, seen from anywhere.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningCall {
    /// Which.
    pub call: CallKey,
    /// Names of the others.
    pub names: Vec<String>,
    /// How far it is.
    pub phase: CallPhase,
}

/// How far a call is.
#[derive(Clone, Debug, PartialEq)]
pub enum CallPhase {
    /// It rings there.
    RingingOut {
        /// Since when, Unix ms.
        since_ms: i64,
    },
    /// Accepted; the connection is being made.
    Connecting,
    /// Everybody who is there can be heard.
    Active {
        /// Since when, Unix ms.
        since_ms: i64,
    },
    /// Over.
    Ended {
        /// Why.
        reason: EndReason,
        /// How long it was, seconds.
        seconds: u32,
    },
}

/// Why a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Left here.
    Left,
    /// The last other person left.
    TheyLeft,
    /// Declined there.
    Declined,
    /// They are in another call.
    Busy,
    /// Nobody answered.
    NoAnswer,
    /// Taken back here.
    Cancelled,
    /// It could not be made or held; the code says why.
    Failed(ErrorView),
}

/// The call in the main pane.
#[derive(Clone, Debug, PartialEq)]
pub struct CallView {
    /// Which.
    pub call: CallKey,
    /// How far it is.
    pub phase: CallPhase,
    /// Names of the others, in the order of their planets.
    pub names: Vec<String>,
    /// Everybody in it was verified.
    pub all_verified: bool,
    /// Own microphone closed.
    pub muted: bool,
    /// Own ears closed.
    pub deafened: bool,
    /// Own contacts who are not in it and could be added. Empty: the button is not drawn.
    pub addable: Vec<ContactPick>,
    /// People who see the address of this computer without being contacts. Said once of each.
    pub strangers: Vec<Stranger>,
    /// What about sound needs saying (`no_input_device`, `no_output_device` …).
    pub trouble: Vec<ErrorView>,
    /// The talk key, where it means something.
    pub talk: Option<TalkKeyView>,
    /// The conversation to return to.
    pub channel: Option<ChannelKey>,
}

impl CallView {
    /// Nothing is sent: the microphone is closed, or the ears and with them the microphone.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.muted || self.deafened
    }
}

/// Somebody in a call who is no contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Who.
    pub peer: PeerKey,
    /// The name they gave themselves.
    pub name: String,
}

/// A contact to pick.
#[derive(Clone, Debug, PartialEq)]
pub struct ContactPick {
    /// Who.
    pub peer: PeerKey,
    /// Their name.
    pub name: String,
    /// Their dot.
    pub presence: Presence,
    /// Somebody else's name looks the same.
    pub namesake: Option<Namesake>,
}

/// The plate under one planet. The planet itself is drawn by the app.
#[derive(Clone, Debug, PartialEq)]
pub struct PlateView {
    /// Whose.
    pub peer: PeerKey,
    /// It is ourselves.
    pub me: bool,
    /// Name.
    pub name: String,
    /// Their safety number was compared.
    pub verified: bool,
    /// Somebody else's name looks the same.
    pub namesake: Option<Namesake>,
    /// Middle of the planet in window points.
    pub center: egui::Pos2,
    /// Radius of its disc in points, without corona or rings.
    pub radius: f32,
    /// Being heard now.
    pub speaking: bool,
    /// Their microphone is closed.
    pub muted: bool,
    /// Their ears are closed.
    pub deafened: bool,
    /// How loud they are heard here, percent, 0 to 200.
    pub volume: u16,
    /// They are not heard here, by one's own choice.
    pub silenced: bool,
    /// One's own voice comes back from them.
    pub echo: bool,
    /// What the second line says when neither of the above does.
    pub status: PlateStatus,
}

/// State of the connection to one participant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlateStatus {
    /// Nothing to say.
    #[default]
    None,
    /// It rings there.
    Ringing,
    /// The connection is being made.
    Connecting,
    /// The connection broke and is being made anew.
    Lost,
    /// Connected; round trip in milliseconds.
    Direct {
        /// Round trip, ms.
        rtt_ms: u32,
    },
    /// Connected, but the link loses or delays much.
    BadLink {
        /// Round trip, ms.
        rtt_ms: u32,
        /// Share of packets lost, percent.
        loss_percent: u8,
    },
}
