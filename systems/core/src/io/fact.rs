//! What a person may want to see of what came of an input.

use orrery_protocol::{
    CallId, ChannelId, MessageRef, PeerId,
    invite::Invite,
    record::{CallOutcome, ContactRecord, MessageRecord},
};

/// Something a person may want to see.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Fact {
    /// Name or server changed.
    Profile {
        /// Display name.
        name: String,
        /// Home server.
        server: String,
    },
    /// A contact row or its presence or connection changed.
    Contact {
        /// The row.
        record: Box<ContactRecord>,
        /// It is there.
        here: bool,
        /// The direct connection.
        direct: Link,
        /// A request of ours that has not left yet.
        sending: bool,
    },
    /// A request arrived.
    RequestReceived {
        /// From whom.
        peer: PeerId,
        /// Under which name.
        name: String,
    },
    /// A request was accepted.
    RequestAccepted {
        /// By whom.
        peer: PeerId,
    },
    /// A contact or request is gone.
    ContactRemoved {
        /// Who.
        peer: PeerId,
    },
    /// An invite link was made.
    Invited(Invite),
    /// A message row is new.
    Message {
        /// The row with its reactions.
        record: Box<MessageRecord>,
        /// What happened to it.
        change: Change,
    },
    /// A message row is gone.
    MessageRemoved {
        /// Where.
        channel: ChannelId,
        /// Which.
        message: MessageRef,
    },
    /// Unread count, last message or draft of a conversation changed: read it anew from the store.
    Channel {
        /// Which.
        channel: ChannelId,
    },
    /// Somebody writes, or stopped.
    Typing {
        /// Where.
        channel: ChannelId,
        /// Who.
        peer: PeerId,
        /// Writing.
        on: bool,
    },
    /// A call is new or has changed.
    Call(Box<CallState>),
    /// A call is over for us.
    CallEnded {
        /// Which.
        call: CallId,
        /// Where it belongs.
        channel: ChannelId,
        /// How.
        outcome: CallOutcome,
        /// How long it was active.
        duration_ms: u64,
    },
    /// Somebody left a call that goes on.
    PeerLeft {
        /// Which.
        call: CallId,
        /// Who.
        peer: PeerId,
    },
    /// Joining shows addresses to these people.
    AddressesShown {
        /// Which call.
        call: CallId,
        /// To whom.
        peers: Vec<PeerId>,
    },
    /// The clock is off.
    ClockSkew {
        /// Ours minus the server's, in seconds.
        seconds: i64,
    },
    /// A session was set up anew.
    SessionHealed {
        /// With whom.
        peer: PeerId,
    },
    /// A connection could not prove whose it is.
    BindingFailed {
        /// Whom it claimed.
        peer: PeerId,
    },
    /// A peer speaks another version.
    VersionMismatch {
        /// Who.
        peer: PeerId,
    },
    /// A request could not be sent: the link is revoked or its server knows nobody of the name.
    RequestFailed {
        /// To whom.
        peer: PeerId,
        /// Why.
        reason: crate::Refusal,
    },
}

orrery_protocol::debug_only!(enum Fact {
    Profile {},
    Contact { record, here, direct, sending },
    RequestReceived { peer },
    RequestAccepted { peer },
    ContactRemoved { peer },
    Invited {},
    Message { record, change },
    MessageRemoved { channel, message },
    Channel { channel },
    Typing { channel, peer, on },
    Call {},
    CallEnded { call, channel, outcome, duration_ms },
    PeerLeft { call, peer },
    AddressesShown { call, peers },
    ClockSkew { seconds },
    SessionHealed { peer },
    BindingFailed { peer },
    VersionMismatch { peer },
    RequestFailed { peer, reason },
});

/// What happened to a message row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Somebody else's, stored for the first time.
    Received,
    /// One's own, stored for the first time.
    Sent,
    /// Words, delivery or reactions changed.
    Changed,
}

/// A direct connection as the person sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// None.
    #[default]
    None,
    /// On its way.
    Connecting,
    /// Bound.
    Connected,
}

/// A call as the person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallState {
    /// Which.
    pub call: CallId,
    /// Where it belongs.
    pub channel: ChannelId,
    /// Who rang.
    pub caller: PeerId,
    /// Where it stands.
    pub phase: Phase,
    /// Since when it is active, corrected wall clock; 0 before.
    pub active_since_ms: u64,
    /// Everybody but oneself.
    pub participants: Vec<Participant>,
    /// Our microphone is closed.
    pub muted: bool,
    /// Our speaker is closed.
    pub deafened: bool,
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It rings here.
    Incoming,
    /// It rings there.
    Outgoing,
    /// Accepted.
    Active,
}

/// Somebody else in a call.
#[derive(Clone, PartialEq, Eq)]
pub struct Participant {
    /// Who.
    pub peer: PeerId,
    /// The name to show.
    pub name: String,
    /// Where its connection stands.
    pub phase: ParticipantPhase,
    /// Its microphone is closed.
    pub muted: bool,
    /// Its speaker is closed.
    pub deafened: bool,
    /// One of our contacts.
    pub contact: bool,
    /// From whom no sound reaches it, as it says; ourselves among them.
    pub misses: Vec<PeerId>,
}

orrery_protocol::debug_only!(Participant {
    peer,
    phase,
    muted,
    deafened,
    contact,
});

/// Where a participant's connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParticipantPhase {
    /// Asked, no answer yet.
    Ringing,
    /// Joined, not connected yet.
    Connecting,
    /// Sound flows.
    Connected,
    /// Interrupted.
    Lost,
}
