//! What can go wrong, by who can do something about it. No variant carries a secret or a message.

use thiserror::Error;

/// A public key, or a signature by it, that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not the canonical encoding of a point on the curve.
    #[error("not a public key")]
    NotAKey,
    /// A point of small order, or with a part of small order: its Diffie-Hellman results are known to everyone.
    #[error("a weak public key")]
    Weak,
    /// The signature is not by this key over these bytes.
    #[error("the signature does not match")]
    Signature,
}

/// A prekey bundle that must not be used. Whoever served it is broken or hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BundleError {
    /// It belongs to someone else than was asked for.
    #[error("the server sent another person's keys")]
    WrongPeer,
    /// It is our own.
    #[error("the server sent our own keys")]
    OwnBundle,
    /// The identity key is not usable.
    #[error("the identity key: {0}")]
    Identity(KeyError),
    /// The signed prekey is malformed, weak, or not signed by the identity.
    #[error("the signed prekey is not genuine")]
    SignedPrekey,
    /// The KEM prekey is malformed, or not signed by the identity.
    #[error("the KEM prekey is not genuine")]
    KemPrekey,
    /// The one-time prekey is malformed or weak.
    #[error("the one-time prekey is not usable")]
    OneTimePrekey,
}

/// A session could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The other side's identity key is not usable.
    #[error("the identity key: {0}")]
    Identity(KeyError),
    /// A key of small order, not canonical, or a Diffie-Hellman to which one side contributed nothing.
    #[error("an unusable key in the handshake")]
    BadKey,
}

/// A message could not be encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncryptError {
    /// 2³² messages without an answer; a new session is needed.
    #[error("the session is used up")]
    Exhausted,
}

/// A message could not be decrypted. The session is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecryptError {
    /// Too short, or of no known shape.
    #[error("malformed message")]
    Malformed,
    /// Made by a newer version, or with another suite.
    #[error("message of another version")]
    Version,
    /// It names another session than this one.
    #[error("message for another session")]
    WrongSession,
    /// Read before, or its key is gone: older than 30 days, or pushed out by 2000 newer ones.
    #[error("message read before")]
    Duplicate,
    /// More than 1000 messages before it are missing.
    #[error("too many messages missing before this one")]
    TooFarAhead,
    /// A ratchet key that is not canonical or of small order.
    #[error("an unusable ratchet key")]
    BadKey,
    /// Not made by the other side of this session, or changed on the way.
    #[error("message cannot be authenticated")]
    Authentication,
    /// The counter of the chain is at its end.
    #[error("the session is used up")]
    Exhausted,
}

/// The first message of a session could not be accepted. Nothing has changed; no prekey may be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// The halves given are not those the message names.
    #[error("the message names other prekeys")]
    UnknownPrekey,
    /// It claims to be by ourselves.
    #[error("a message of our own came back")]
    OwnMessage,
    /// A key in it is not usable.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// It is not an initial message, or does not authenticate.
    #[error(transparent)]
    Decrypt(#[from] DecryptError),
}

/// Stored bytes that do not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StateError {
    /// Written by a newer version.
    #[error("stored by a newer version")]
    Version,
    /// Too short, too long or out of range.
    #[error("malformed stored state")]
    Malformed,
    /// The checksum does not match.
    #[error("damaged stored state")]
    Damaged,
}

/// An envelope could not be made or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SealError {
    /// The message does not fit the largest size.
    #[error("message too large for an envelope")]
    TooLarge,
    /// The recipient's id is no usable key.
    #[error("the recipient: {0}")]
    Recipient(KeyError),
    /// Not of one of the three sizes, or wrongly padded.
    #[error("malformed envelope")]
    Malformed,
    /// Made by a newer version.
    #[error("envelope of another version")]
    Version,
    /// Not sealed for this identity, or changed on the way.
    #[error("envelope cannot be opened")]
    Authentication,
    /// Genuine, but of a kind this version does not know.
    #[error("envelope of unknown kind {0}")]
    UnknownKind(u8),
}

/// A scanned code that is no safety number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SafetyError {
    /// Not a safety number at all.
    #[error("this code is not a safety number")]
    Malformed,
    /// A safety number of another version.
    #[error("this safety number is of another version")]
    Version,
}

/// The database key could not be wrapped or unwrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The vault is whole, the passphrase is another.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// The vault's bytes are not what was written.
    #[error("the vault file is damaged")]
    Damaged,
    /// Written by a newer version.
    #[error("the vault file is of a newer version")]
    Version,
    /// The key derivation would cost too little or too much.
    #[error("the vault asks for an unreasonable amount of work")]
    Cost,
    /// No passphrase given.
    #[error("the passphrase is empty")]
    PassphraseEmpty,
    /// Longer than 1024 bytes.
    #[error("the passphrase is longer than 1024 bytes")]
    PassphraseTooLong,
    /// The phrase is one, but not this vault's.
    #[error("wrong recovery phrase")]
    WrongPhrase,
    /// The vault has no recovery phrase.
    #[error("the vault has no recovery phrase")]
    NoPhrase,
    /// There is not enough memory for the key derivation.
    #[error("not enough memory to unlock")]
    OutOfMemory,
}

/// Why words are no recovery phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoveryError {
    /// Not twelve words.
    #[error("a recovery phrase has twelve words")]
    WordCount,
    /// A word that is not of the list.
    #[error("word {number} is not one of the list")]
    UnknownWord {
        /// Which, counted from 1.
        number: usize,
    },
    /// Each is of the list, together they are no phrase: one is another, or two are swapped.
    #[error("these words are not a recovery phrase: one of them is another, or two are swapped")]
    Checksum,
}
