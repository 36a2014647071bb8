//! Why a connection to the home server is over, and what a person is told of it.

use std::time::Duration;

use orrery_link::Code;
use orrery_protocol::frame::RefusalCode;

use super::wire::{ConnectError, WireError};

/// The wait where trying again soon helps nobody: another version, no server at all.
pub(crate) const LONG_WAIT: Duration = Duration::from_secs(60);

/// The longest wait that a server may ask for. It says when it is ready again; it does not decide when somebody stops trying.
const LONGEST_ASKED: Duration = Duration::from_secs(60 * 60);

/// Why a connection is over.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The handle is gone.
    Told,
    /// It was told to make another one.
    Again,
    /// Another client with the same profile took its place. Two that came back by themselves would throw each other out
    /// for ever: the one that lost stays away until a person wants it back.
    Replaced,
    /// It failed: why, and the least to wait where that is not left to the back-off.
    Failed(Option<Code>, Option<Duration>),
}

impl End {
    /// Nobody is there, as far as can be seen from here.
    pub(crate) const UNREACHABLE: Self = Self::Failed(Some(Code::ServerUnreachable), None);

    /// The server refused a frame or the whole connection.
    pub(crate) fn refused(code: RefusalCode, retry_after_ms: Option<u64>) -> Self {
        let wait = asked(retry_after_ms.map(Duration::from_millis));
        match code {
            RefusalCode::Version | RefusalCode::Malformed => Self::Failed(Some(Code::VersionMismatch), Some(LONG_WAIT)),
            RefusalCode::Replaced => Self::Replaced,
            RefusalCode::RateLimited | RefusalCode::Unavailable => Self::Failed(Some(Code::ServerBusy), wait),
            _ => Self::Failed(Some(Code::ServerRefused), wait),
        }
    }
}

impl From<WireError> for End {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Closed => Self::UNREACHABLE,
            // Whoever sends what is no frame of ours speaks another version, or is something else altogether.
            WireError::Malformed => Self::Failed(Some(Code::ServerRefused), Some(LONG_WAIT)),
        }
    }
}

impl From<ConnectError> for End {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Unreachable => Self::UNREACHABLE,
            ConnectError::Certificate => Self::Failed(Some(Code::ServerCertificate), None),
            ConnectError::Busy(wait) => Self::Failed(Some(Code::ServerBusy), asked(wait)),
            ConnectError::NotAServer => Self::Failed(Some(Code::ServerRefused), None),
        }
    }
}

/// What a server asked for, as far as it is believed.
fn asked(wait: Option<Duration>) -> Option<Duration> {
    wait.map(|wait| wait.min(LONGEST_ASKED))
}
