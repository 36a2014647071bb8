//! Frames between a client and a signaling server: CBOR, one frame per binary WebSocket message, each at most
//! [`crate::limits::MAX_FRAME`].
//!
//! `/v1/socket` is logged in and serves one's own mailbox and prekeys. `/v1/drop` is never logged in and serves
//! deposits to others and fetches of their prekeys, so that no frame names a sender.

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};

use crate::{
    PeerId, Token, TokenHash,
    prekey::{KemPrekey, OneTimePrekey, PrekeyBundle, SignedPrekey},
};

/// Client to server on `/v1/socket`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SocketRequest {
    /// Answers [`SocketReply::Challenge`]; the first frame, due within ten seconds.
    Login {
        /// [`crate::limits::SERVER_PROTOCOL_VERSION`] of the client.
        version: u16,
        /// Who logs in.
        peer: PeerId,
        /// Ed25519 over [`crate::login::login_bytes`].
        signature: ByteArray<64>,
    },
    /// Replaces signed and KEM prekey and adds one-time prekeys; answered by [`SocketReply::PrekeysStored`].
    PublishPrekeys {
        /// The new signed prekey.
        signed: SignedPrekey,
        /// The new KEM prekey.
        kem: KemPrekey,
        /// At most [`crate::limits::ONE_TIME_PREKEYS`]; ids already known are kept as they are.
        one_time: Vec<OneTimePrekey>,
        /// Drop all one-time prekeys stored so far (their private halves are gone, as after a restore).
        replace: bool,
    },
    /// Says which tokens open this mailbox from now on; answered by [`SocketReply::TokensStored`].
    SetTokens {
        /// Hash of the delivery token; a replaced one stays valid for seven days.
        delivery: TokenHash,
        /// Hashes that end the seven days early (nobody does that yet in daily use; blocking rotates).
        revoked: Vec<TokenHash>,
        /// All request tokens valid from now on (those of invite links that are not revoked).
        requests: Vec<TokenHash>,
        /// All call tokens valid from now on, each with its end in milliseconds since the Unix epoch.
        calls: Vec<CallToken>,
    },
    /// These envelopes are safely stored by the client; the server forgets them.
    Ack {
        /// Ids from [`SocketReply::Deliver`].
        ids: Vec<u64>,
    },
}

/// A token that opens a mailbox for the time of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallToken {
    /// Hash of the token.
    pub hash: TokenHash,
    /// End, milliseconds since the Unix epoch by the server's clock; at most a day ahead.
    pub expires_ms: u64,
}

/// Server to client on `/v1/socket`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SocketReply {
    /// Sent first, once.
    Challenge {
        /// [`crate::limits::SERVER_PROTOCOL_VERSION`] of the server.
        version: u16,
        /// 32 fresh random bytes.
        nonce: ByteArray<32>,
        /// Server clock, milliseconds since the Unix epoch; part of what is signed.
        time_ms: u64,
    },
    /// Logged in. Deliveries follow, oldest first.
    Welcome {
        /// Server clock, milliseconds since the Unix epoch.
        time_ms: u64,
        /// One-time prekeys left on the server.
        one_time_left: u32,
        /// Whether a signed and a KEM prekey are stored.
        has_prekeys: bool,
        /// UDP port of the server's STUN responder, when it has one.
        stun_port: Option<u16>,
    },
    /// Answers [`SocketRequest::PublishPrekeys`].
    PrekeysStored {
        /// One-time prekeys now on the server.
        one_time_left: u32,
    },
    /// Answers [`SocketRequest::SetTokens`].
    TokensStored,
    /// Few one-time prekeys are left; sent when one was handed out.
    PrekeysLow {
        /// How many.
        one_time_left: u32,
    },
    /// An envelope for this mailbox; sent again after every log-in until it is acknowledged.
    Deliver {
        /// The server's number for it, never reused within a mailbox; `None` for one that is not kept.
        id: Option<u64>,
        /// The sealed bytes.
        envelope: ByteBuf,
        /// When the server took it, milliseconds since the Unix epoch by its clock.
        taken_ms: u64,
    },
    /// The last frame was refused, or the connection ends.
    Refused {
        /// Why.
        code: RefusalCode,
        /// Milliseconds to wait before trying again, when waiting helps.
        retry_after_ms: Option<u64>,
    },
}

/// Client to server on `/v1/drop`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DropRequest {
    /// Puts an envelope into a mailbox.
    Deposit {
        /// The client's number for this request, echoed in the answer.
        request: u32,
        /// Whose mailbox.
        to: PeerId,
        /// What entitles to it.
        token: DepositToken,
        /// The sealed bytes, at most [`crate::limits::MAX_ENVELOPE`].
        envelope: ByteBuf,
        /// Keep it until it is acknowledged; else it reaches only who is connected now.
        keep: bool,
    },
    /// Asks for a prekey bundle.
    Fetch {
        /// The client's number for this request, echoed in the answer.
        request: u32,
        /// Whose bundle.
        peer: PeerId,
        /// With the delivery or a call token the bundle holds a one-time prekey, with a request token it does not.
        token: DepositToken,
    },
}

/// What entitles to a deposit or a fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DepositToken {
    /// The recipient's delivery token (or a call token): any envelope.
    Delivery(Token),
    /// A request token from an invite link: envelopes of at most [`crate::limits::MAX_REQUEST_ENVELOPE`], which must be
    /// kept, while fewer than [`crate::limits::MAX_PENDING_REQUESTS`] of anybody's wait; a bundle without a one-time
    /// prekey.
    Request(Token),
}

/// Server to client on `/v1/drop`.
#[allow(
    clippy::large_enum_variant,
    reason = "lives for one frame; a bundle is not worth a box"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DropReply {
    /// Sent first, once.
    Hello {
        /// [`crate::limits::SERVER_PROTOCOL_VERSION`] of the server.
        version: u16,
        /// Server clock, milliseconds since the Unix epoch.
        time_ms: u64,
    },
    /// The envelope is on disk (or, when not kept, was handed to a connection or dropped).
    Deposited {
        /// Echo of the request's number.
        request: u32,
    },
    /// Answers [`DropRequest::Fetch`].
    Bundle {
        /// Echo of the request's number.
        request: u32,
        /// The keys.
        bundle: PrekeyBundle,
    },
    /// The request was refused.
    Refused {
        /// Echo of the request's number; `None` when it could not be read.
        request: Option<u32>,
        /// Why.
        code: RefusalCode,
        /// Milliseconds to wait before trying again, when waiting helps.
        retry_after_ms: Option<u64>,
    },
}

/// Why a server refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RefusalCode {
    /// The frame is not of the protocol.
    Malformed,
    /// The client speaks another version.
    Version,
    /// The log-in did not prove the identity, or came too late.
    LoginFailed,
    /// Somebody logged in with the same identity; the newest connection wins.
    Replaced,
    /// No such mailbox, or the token does not open it: one answer for both, so that nobody can list people.
    NotAccepted,
    /// The mailbox holds as much as it may.
    MailboxFull,
    /// Larger than allowed here.
    TooLarge,
    /// Too many requests; `retry_after_ms` says when to come again.
    RateLimited,
    /// The server is shutting down or cannot write; nothing was taken.
    Unavailable,
}
