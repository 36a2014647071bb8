//! Why the core does not do something.

use orrery_protocol::archive::ArchiveError;

/// An input that led to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoreError {
    /// What the person wants cannot be; nothing has changed.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// The rows could not be read or written; the transaction must be rolled back.
    #[error("archive: {0}")]
    Archive(#[from] ArchiveError),
}

/// Short for what the core's own functions return.
pub(crate) type Result<T> = std::result::Result<T, CoreError>;

/// Why an act is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// One's own link.
    #[error("one's own link")]
    OwnLink,
    /// Already a contact or asked.
    #[error("already a contact")]
    AlreadyContact,
    /// The link was revoked or its server knows nobody of the id.
    #[error("not accepted")]
    NotAccepted,
    /// The keys the server gave are not that person's.
    #[error("prekeys do not belong to this id")]
    BadPrekeys,
    /// No such contact.
    #[error("no such contact")]
    NoSuchContact,
    /// No such conversation.
    #[error("no such conversation")]
    NoSuchChannel,
    /// No such message.
    #[error("no such message")]
    NoSuchMessage,
    /// No such call.
    #[error("no such call")]
    NoSuchCall,
    /// Somebody else's message.
    #[error("somebody else's message")]
    NotYours,
    /// Blocked.
    #[error("blocked")]
    Blocked,
    /// Empty or too long.
    #[error("bad name")]
    BadName,
    /// Empty.
    #[error("empty text")]
    TextEmpty,
    /// Over 16 KiB.
    #[error("text too long")]
    TextTooLong,
    /// Empty or too long.
    #[error("bad reaction")]
    BadReaction,
    /// In a call already.
    #[error("busy")]
    Busy,
    /// The call is full.
    #[error("call is full")]
    CallFull,
    /// The other side speaks another version.
    #[error("version mismatch")]
    VersionMismatch,
    /// There is a profile already.
    #[error("a profile is there already")]
    ProfileExists,
    /// Not a server address.
    #[error("bad server address")]
    BadServer,
    /// A defect.
    #[error("internal")]
    Internal,
}
