//! Standing conditions, short notices and errors.

use super::{ChannelKey, PeerKey};

/// Something went wrong, as a code for programs. The words come from the catalogue (`error-<code>`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorView {
    /// Code, such as `wrong_passphrase`.
    pub code: String,
    /// A figure or name the words may need (a folder, a device, seconds). Never a secret, never message text.
    pub detail: Option<String>,
}

impl ErrorView {
    /// An error without detail.
    #[must_use]
    pub fn code(code: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            detail: None,
        }
    }
}

/// Connection to the own server, said in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// No server is set.
    None,
    /// Being made.
    Connecting,
    /// There; round trip in ms if measured.
    Online {
        /// Round trip, ms.
        rtt_ms: Option<u32>,
    },
    /// Lost; the next try at, Unix ms.
    Offline {
        /// When the next try is, Unix ms.
        retry_at_ms: Option<i64>,
        /// Why (`server_unreachable`, `server_refused`, `version_mismatch` …).
        error: ErrorView,
    },
}

/// How loud a notice is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// For knowing.
    #[default]
    Info,
    /// Went well.
    Good,
    /// Needs attention.
    Warn,
    /// Went wrong.
    Bad,
}

/// A standing condition above the main pane.
#[derive(Clone, Debug, PartialEq)]
pub struct BannerView {
    /// What it is; words by code.
    pub error: ErrorView,
    /// How loud.
    pub level: Level,
    /// When the program tries again by itself, Unix ms.
    pub retry_at_ms: Option<i64>,
    /// What can be done about it.
    pub button: Option<BannerButton>,
    /// It may be closed once it was read (`DismissBanner`).
    pub closes: bool,
}

/// What can be done about a banner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BannerButton {
    /// `RetryConnection`.
    Retry,
    /// `RetryConnection`, which takes the place of another computer.
    ConnectHere,
    /// `OpenSettings`.
    Settings,
    /// `OpenLogFolder`.
    LogFolder,
}

/// A short notice.
#[derive(Clone, Debug, PartialEq)]
pub struct ToastView {
    /// Which, chosen by the app.
    pub id: u64,
    /// What it says.
    pub notice: Notice,
    /// A click leads to this conversation.
    pub channel: Option<ChannelKey>,
    /// Whose planet stands beside it.
    pub peer: Option<PeerKey>,
}

/// What a toast says. The words are the catalogue's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Something went wrong.
    Error(ErrorView),
    /// Someone wrote.
    Message {
        /// Who.
        name: String,
        /// First part of the text.
        text: String,
    },
    /// Someone wrote several times.
    Messages {
        /// Who.
        name: String,
        /// How often.
        count: u32,
    },
    /// Someone asks to be a contact.
    Request {
        /// Who.
        name: String,
    },
    /// Someone asks to be a contact whose name looks like that of somebody else.
    RequestLike {
        /// The name they gave.
        name: String,
    },
    /// A contact took a name that looks like another's.
    LooksLike {
        /// What they were called before.
        was: String,
        /// What they are called now.
        name: String,
        /// Whom that looks like; `None`: like oneself.
        like: Option<String>,
    },
    /// A request sent from here was accepted.
    Accepted {
        /// Who.
        name: String,
    },
    /// A request was sent.
    RequestSent {
        /// To whom.
        name: String,
    },
    /// A call was missed.
    MissedCall {
        /// Who called.
        name: String,
    },
    /// Someone came into the call.
    Joined {
        /// Who.
        name: String,
    },
    /// Someone left the call.
    Left {
        /// Who.
        name: String,
    },
    /// A safe session with someone was built anew.
    SessionHealed {
        /// With whom.
        name: String,
    },
    /// A connection could not prove that it is this person's, and was closed. Stays until it is closed.
    BindingFailed {
        /// Whose it claimed to be.
        name: String,
    },
    /// Someone's program, or this one, needs an update.
    VersionMismatch {
        /// Who.
        name: String,
    },
    /// A request sent from here reached nobody.
    RequestFailed {
        /// To whom.
        name: String,
        /// Why.
        error: ErrorView,
    },
    /// The sound device changed.
    DeviceChanged {
        /// Its name.
        name: String,
    },
    /// Something was copied.
    Copied,
    /// The settings were kept.
    Saved,
}
