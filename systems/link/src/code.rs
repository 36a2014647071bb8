//! Why something did not work, for programs. The words a person reads are the window's.

use serde::{Deserialize, Serialize};

/// A reason, stable across versions; new ones may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// The passphrase does not open the vault.
    WrongPassphrase,
    /// The passphrase is empty or longer than 1024 bytes.
    BadPassphrase,
    /// Another process has this profile open.
    ProfileInUse,
    /// There is a profile here already.
    ProfileExists,
    /// There is no profile here yet.
    NoProfile,
    /// The command needs an unlocked profile.
    Locked,
    /// These are not the words of a recovery phrase, or one of them is mistyped.
    BadRecoveryPhrase,
    /// The words are a recovery phrase, but not this profile's.
    WrongRecoveryPhrase,
    /// The profile has no recovery phrase.
    NoRecoveryPhrase,
    /// The system has no keyring, or it does not answer.
    KeyringUnavailable,
    /// The keyring does not keep this profile's key.
    NotRemembered,
    /// The file is no exported profile, or a damaged one.
    BadExport,
    /// There is a file of this name already.
    FileExists,
    /// There is no such file or folder.
    NoSuchFile,
    /// The vault file is damaged.
    VaultDamaged,
    /// The database is damaged.
    DatabaseDamaged,
    /// The profile was written by a newer version.
    NewerProfile,
    /// No room on the disk.
    DiskFull,
    /// The folder cannot be written.
    ReadOnly,
    /// The address is not `wss://host[:port]`, nor `ws://host[:port]` on this machine.
    BadServer,
    /// Nobody answers at the server's address.
    ServerUnreachable,
    /// The server answered and refused the log-in.
    ServerRefused,
    /// The server's certificate is not valid for its name.
    ServerCertificate,
    /// The server asks to come again later.
    ServerBusy,
    /// Another program logged in with this profile; the server is not tried again before `reconnect`.
    Replaced,
    /// The other program speaks another version; one of both needs an update.
    VersionMismatch,
    /// Not an invite link, or a damaged one.
    BadLink,
    /// One's own invite link.
    OwnLink,
    /// Already a contact, or already asked.
    AlreadyContact,
    /// The link was revoked, or the person is unknown at its server.
    NotAccepted,
    /// The prekeys that the server gave out for this person are not that person's.
    BadPrekeys,
    /// No contact of this id.
    NoSuchContact,
    /// No conversation of this id.
    NoSuchChannel,
    /// No message of this id.
    NoSuchMessage,
    /// No call of this id.
    NoSuchCall,
    /// Not one's own message.
    NotYours,
    /// Neither sixty digits nor the bytes of a safety number's code.
    BadSafetyNumber,
    /// The safety number is another one: somebody may stand between, or it is another person's.
    SafetyNumberDiffers,
    /// Blocked.
    Blocked,
    /// The name is empty or longer than 64 bytes.
    BadName,
    /// The text is empty.
    TextEmpty,
    /// The text is longer than 16 KiB.
    TextTooLong,
    /// The reaction is empty or too long.
    BadReaction,
    /// Already in a call.
    Busy,
    /// The call has as many people as it can hold.
    CallFull,
    /// No microphone.
    NoInputDevice,
    /// No speaker.
    NoOutputDevice,
    /// Too many commands at once; try again. A window says it of its own outbox; the worker of jobs that take long, and of
    /// nothing else: it makes a script wait.
    Overloaded,
    /// The command cannot be read.
    BadCommand,
    /// A defect of the program; the log says more.
    Internal,
}
