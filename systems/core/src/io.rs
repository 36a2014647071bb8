//! What goes into the core and what comes out of it. The core does no IO: whoever drives it carries out its outputs,
//! in order, after the transaction it lent has been committed, and feeds back what came of them.

mod fact;

use orrery_protocol::TokenHash;
use orrery_protocol::{
    CallId, ChannelId, ConnectionId, MessageId, MessageRef, PeerId,
    frame::{CallToken, DepositToken},
    invite::Invite,
    prekey::{KemPrekey, OneTimePrekey, PrekeyBundle, SignedPrekey},
    record::OrderKey,
};

pub use fact::{CallState, Change, Fact, Link, Participant, ParticipantPhase, Phase};

/// The time, given in with every input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// This machine's wall clock, milliseconds since the Unix epoch, as it stands; the core corrects it by the server's.
    pub wall_ms: u64,
    /// A clock that only goes forward, in milliseconds, from any start.
    pub mono_ms: u64,
}

/// Something that happened.
#[derive(Clone)]
#[non_exhaustive]
pub enum Input {
    /// The person wants something.
    Act(Act),
    /// Logged in at the home server.
    ServerOnline {
        /// One-time prekeys left there.
        one_time_left: u32,
        /// Whether it holds a signed and a KEM prekey.
        has_prekeys: bool,
        /// Its clock at that moment.
        time_ms: u64,
    },
    /// No longer connected to the home server.
    ServerOffline,
    /// The home server has few one-time prekeys left.
    PrekeysLow {
        /// How many.
        one_time_left: u32,
    },
    /// The home server stored what [`Output::PublishPrekeys`] asked for.
    PrekeysStored,
    /// The home server delivered an envelope.
    Delivered {
        /// Its number for it, to be acknowledged after the commit.
        id: Option<u64>,
        /// Sealed bytes.
        envelope: Vec<u8>,
    },
    /// What came of an [`Output::Deposit`].
    Deposited {
        /// Echo.
        ticket: u64,
        /// Taken, or why not.
        result: Result<(), DropFailure>,
    },
    /// What came of an [`Output::Fetch`].
    Fetched {
        /// Echo.
        ticket: u64,
        /// The keys, not checked yet, or why not.
        result: Result<Box<PrekeyBundle>, DropFailure>,
    },
    /// A connection's own description is ready: the offer asked for by [`Output::MakeOffer`] or the answer asked for by
    /// [`Output::MakeAnswer`].
    Described {
        /// Which.
        connection: ConnectionId,
        /// SDP.
        sdp: String,
    },
    /// A connection gathered candidates of its own.
    Gathered {
        /// Which.
        connection: ConnectionId,
        /// `RTCIceCandidateInit` as JSON, one a line.
        lines: Vec<String>,
    },
    /// DTLS is up; nothing of it may be trusted before the binding.
    Secured {
        /// Which.
        connection: ConnectionId,
        /// SHA-256 of our certificate.
        local_fingerprint: [u8; 32],
        /// SHA-256 of the certificate the other side really showed.
        remote_fingerprint: [u8; 32],
    },
    /// Who answers at the other end has not the certificate that the peer's signed description named.
    Impostor {
        /// Which.
        connection: ConnectionId,
    },
    /// The data channel opened.
    DirectOpen {
        /// Which.
        connection: ConnectionId,
    },
    /// A message came over the data channel.
    DirectReceived {
        /// Which.
        connection: ConnectionId,
        /// A ratchet message.
        message: Vec<u8>,
    },
    /// ICE lost the other side and may find it again.
    Interrupted {
        /// Which.
        connection: ConnectionId,
    },
    /// ICE found the other side again.
    Resumed {
        /// Which.
        connection: ConnectionId,
    },
    /// The connection failed or was closed by the other side.
    Broken {
        /// Which.
        connection: ConnectionId,
    },
    /// The connection is silent, and the other end's computer says that no program listens there any more.
    Gone {
        /// Which.
        connection: ConnectionId,
    },
    /// This computer's network is another one than before, or it slept.
    NetworkChanged {
        /// Addresses are gone: what stood may be dead.
        lost: bool,
    },
    /// The time that [`crate::Core::next_wake`] named has come.
    Wake,
}

orrery_protocol::debug_only!(enum Input {
    Act {},
    ServerOnline { one_time_left, has_prekeys, time_ms },
    ServerOffline {},
    PrekeysLow { one_time_left },
    PrekeysStored {},
    Delivered { id },
    Deposited { ticket, result },
    Fetched { ticket },
    Described { connection },
    Gathered { connection },
    Secured { connection },
    Impostor { connection },
    DirectOpen { connection },
    DirectReceived { connection },
    Interrupted { connection },
    Resumed { connection },
    Broken { connection },
    Gone { connection },
    NetworkChanged { lost },
    Wake {},
});

/// Why a server did not take or give something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropFailure {
    /// Nobody answers; the driver tries again when the core asks again.
    Unreachable,
    /// The token opens nothing there.
    NotAccepted,
    /// The mailbox is full.
    MailboxFull,
    /// Too large for the token.
    TooLarge,
    /// Come again after so many milliseconds.
    Later {
        /// How many.
        retry_ms: u64,
    },
    /// The server speaks another version.
    Version,
}

/// What a person may want. Ids and texts are checked here, not before.
#[derive(Clone)]
#[non_exhaustive]
pub enum Act {
    /// Change the display name.
    SetName(String),
    /// Move to another home server (already known to be of the right form).
    SetServer(String),
    /// Obey other settings.
    SetPolicy(Policy),
    /// Make an invite link.
    CreateInvite,
    /// Revoke all invite links.
    RevokeInvites,
    /// Ask somebody.
    AddContact(Invite),
    /// Accept a request.
    AcceptRequest(PeerId),
    /// Decline a request, silently.
    DeclineRequest(PeerId),
    /// Take back a request.
    CancelRequest(PeerId),
    /// Give a contact a name of one's own, or take it away.
    RenameContact(PeerId, Option<String>),
    /// Safety numbers were compared, or that is taken back.
    SetVerified(PeerId, bool),
    /// How loud somebody is heard in calls, in per cent; more than 200 is 200.
    SetPeerVolume(PeerId, u16),
    /// Hear somebody in calls no more, or again.
    SilencePeer(PeerId, bool),
    /// Block.
    BlockContact(PeerId),
    /// Unblock.
    UnblockContact(PeerId),
    /// Remove.
    RemoveContact(PeerId),
    /// A conversation is on screen.
    OpenChannel(ChannelId),
    /// A conversation is no longer on screen.
    CloseChannel(ChannelId),
    /// Send a text.
    SendText {
        /// Where.
        channel: ChannelId,
        /// What.
        text: String,
        /// On which message.
        reply_to: Option<MessageRef>,
    },
    /// Change one's own words.
    EditText {
        /// Where.
        channel: ChannelId,
        /// Which.
        id: MessageId,
        /// To what.
        text: String,
    },
    /// Take back one's own message.
    DeleteMessage {
        /// Where.
        channel: ChannelId,
        /// Which.
        id: MessageId,
    },
    /// React.
    React {
        /// Where.
        channel: ChannelId,
        /// On what.
        target: MessageRef,
        /// With what.
        emoji: String,
        /// Add, or remove.
        on: bool,
    },
    /// Try a message again.
    RetryMessage {
        /// Where.
        channel: ChannelId,
        /// Which.
        id: MessageId,
    },
    /// Give a message up.
    CancelMessage {
        /// Where.
        channel: ChannelId,
        /// Which.
        id: MessageId,
    },
    /// Writing, or stopped.
    SetTyping {
        /// Where.
        channel: ChannelId,
        /// Writing.
        on: bool,
    },
    /// Seen up to here.
    MarkRead {
        /// Where.
        channel: ChannelId,
        /// Up to here.
        up_to: OrderKey,
    },
    /// Keep a draft.
    SetDraft {
        /// Where.
        channel: ChannelId,
        /// What.
        text: String,
    },
    /// Ring.
    StartCall(PeerId),
    /// Pick up.
    AcceptCall(CallId),
    /// Decline.
    DeclineCall(CallId),
    /// Leave or give up.
    LeaveCall(CallId),
    /// Ring one more.
    AddToCall(CallId, PeerId),
    /// Close or open the microphone.
    SetMuted(bool),
    /// Close or open the speaker.
    SetDeafened(bool),
    /// The program ends: leave calls, say goodbye.
    Leave,
}

orrery_protocol::debug_only!(enum Act {
    SetName {},
    SetServer {},
    SetPolicy {},
    CreateInvite {},
    RevokeInvites {},
    AddContact {},
    AcceptRequest {},
    DeclineRequest {},
    CancelRequest {},
    RenameContact {},
    SetVerified {},
    SetPeerVolume {},
    SilencePeer {},
    BlockContact {},
    UnblockContact {},
    RemoveContact {},
    OpenChannel {},
    CloseChannel {},
    SendText { channel, reply_to },
    EditText { channel, id },
    DeleteMessage { channel, id },
    React { channel, target, on },
    RetryMessage { channel, id },
    CancelMessage { channel, id },
    SetTyping { channel, on },
    MarkRead { channel, up_to },
    SetDraft { channel },
    StartCall {},
    AcceptCall {},
    DeclineCall {},
    LeaveCall {},
    AddToCall {},
    SetMuted {},
    SetDeafened {},
    Leave {},
});

/// With whom direct connections are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direct {
    /// Only in calls.
    Calls,
    /// Also while a conversation is open on either side.
    #[default]
    Conversations,
    /// With every contact that is there.
    Contacts,
}

/// The settings that the core obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// With whom direct connections are made.
    pub direct: Direct,
    /// Tell that messages were read.
    pub read_receipts: bool,
    /// Tell that one is writing.
    pub typing: bool,
    /// Tell that one is there.
    pub presence: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            direct: Direct::default(),
            read_receipts: true,
            typing: true,
            presence: true,
        }
    }
}

/// Something to carry out, after the commit, in order.
#[derive(Clone)]
#[non_exhaustive]
pub enum Output {
    /// Deposit at `via` over a socket that never logs in; answer with [`Input::Deposited`].
    Deposit {
        /// To be echoed.
        ticket: u64,
        /// Whose mailbox.
        to: PeerId,
        /// At which server.
        via: String,
        /// What entitles to it.
        token: DepositToken,
        /// Sealed bytes.
        envelope: Vec<u8>,
        /// Kept for who is away.
        keep: bool,
    },
    /// Fetch a prekey bundle at `via` over a socket that never logs in; answer with [`Input::Fetched`].
    Fetch {
        /// To be echoed.
        ticket: u64,
        /// Whose.
        peer: PeerId,
        /// At which server.
        via: String,
        /// What entitles to it.
        token: DepositToken,
    },
    /// Tell the home server that these are stored.
    Ack(Vec<u64>),
    /// Publish at the home server; answer with [`Input::PrekeysStored`].
    PublishPrekeys {
        /// Signed prekey.
        signed: SignedPrekey,
        /// KEM prekey.
        kem: KemPrekey,
        /// New one-time prekeys.
        one_time: Vec<OneTimePrekey>,
        /// Drop those that are there.
        replace: bool,
    },
    /// Tell the home server which tokens open the mailbox.
    SetTokens {
        /// Delivery token.
        delivery: TokenHash,
        /// Tokens that end at once.
        revoked: Vec<TokenHash>,
        /// Request tokens.
        requests: Vec<TokenHash>,
        /// Call tokens.
        calls: Vec<CallToken>,
    },
    /// Connect to the home server, now at another address.
    MoveTo {
        /// The address.
        server: String,
    },
    /// Make a peer connection and its offer; answer with [`Input::Described`].
    MakeOffer {
        /// Which.
        connection: ConnectionId,
        /// With whom.
        peer: PeerId,
        /// The connection that it will take the place of.
        renews: Option<ConnectionId>,
    },
    /// Make a peer connection from an offer, and its answer; answer with [`Input::Described`].
    MakeAnswer {
        /// Which.
        connection: ConnectionId,
        /// With whom.
        peer: PeerId,
        /// The offer.
        sdp: String,
        /// The connection that it will take the place of.
        renews: Option<ConnectionId>,
    },
    /// Give the answer to the connection that made the offer.
    TakeAnswer {
        /// Which.
        connection: ConnectionId,
        /// The answer.
        sdp: String,
    },
    /// Give the other side's candidates to a connection.
    AddCandidates {
        /// Which.
        connection: ConnectionId,
        /// As in [`Input::Gathered`].
        lines: Vec<String>,
    },
    /// Close a connection.
    Disconnect {
        /// Which.
        connection: ConnectionId,
    },
    /// Send over the data channel; when it is not open or full, the message takes the way over the server by itself.
    SendDirect {
        /// Which.
        connection: ConnectionId,
        /// A ratchet message.
        message: Vec<u8>,
    },
    /// The connection is bound and both are in the call: send our sound there and render its sound.
    StartSound {
        /// Which.
        connection: ConnectionId,
        /// Whose.
        peer: PeerId,
    },
    /// A bound connection takes the place of another one, which is closed a little later: send our sound over both, and
    /// render what comes over either as the same voice.
    MoveSound {
        /// Which has the sound.
        from: ConnectionId,
        /// Which has it from now on.
        to: ConnectionId,
        /// Whose.
        peer: PeerId,
    },
    /// No more sound over it.
    StopSound {
        /// Which.
        connection: ConnectionId,
        /// Whose.
        peer: PeerId,
    },
    /// What our own controls say, and whether a call is active (devices open only then).
    Controls {
        /// A call is active.
        in_call: bool,
        /// Microphone closed.
        muted: bool,
        /// Speaker closed.
        deafened: bool,
    },
    /// Play this from now on, or nothing.
    Ring(Option<Ring>),
    /// Play once.
    Cue(Cue),
    /// Tell the person.
    Fact(Fact),
}

orrery_protocol::debug_only!(enum Output {
    Deposit { ticket, to, token, keep },
    Fetch { ticket, peer, token },
    Ack {},
    PublishPrekeys { replace },
    SetTokens {},
    MoveTo {},
    MakeOffer { connection, peer, renews },
    MakeAnswer { connection, peer, renews },
    TakeAnswer { connection },
    AddCandidates { connection },
    Disconnect { connection },
    SendDirect { connection },
    StartSound { connection, peer },
    MoveSound { from, to, peer },
    StopSound { connection, peer },
    Controls { in_call, muted, deafened },
    Ring {},
    Cue {},
    Fact {},
});

/// A sound that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// Somebody rings here.
    Incoming,
    /// It rings there.
    Outgoing,
}

/// A sound that is over by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    /// Somebody joined.
    Joined,
    /// Somebody left.
    Left,
    /// Microphone closed.
    Muted,
    /// Microphone opened.
    Unmuted,
    /// Speaker closed.
    Deafened,
    /// Speaker opened.
    Undeafened,
    /// A message arrived.
    Message,
}
