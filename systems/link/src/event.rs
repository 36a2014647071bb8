//! What the worker tells.

use orrery_protocol::{CallId, ChannelId, MessageRef, PeerId, record::CallOutcome};
use serde::{Deserialize, Serialize};

use crate::{
    CallView, ChannelView, Code, ContactView, DeviceView, MessageView, ProfilePhase, Reference, SearchHit, ServerPhase,
};

/// A fact.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    // ==== program ====
    /// The first event.
    Ready {
        /// [`crate::VERSION`].
        version: u32,
    },
    /// The command with this reference was carried out (a message is stored, a setting kept, a ring sent).
    Done {
        /// The caller's name for it.
        #[serde(rename = "ref")]
        reference: Reference,
    },
    /// A command was not carried out; nothing has changed.
    Failed {
        /// The caller's name for it, when it had one.
        #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
        /// Why.
        code: Code,
    },
    /// Events were lost because nobody took them; what follows is everything anew.
    Resync,
    /// Something a person should know.
    Notice(Notice),

    // ==== profile ====
    /// The profile's phase, name, server or settings changed.
    ProfileChanged {
        /// As it is now.
        profile: ProfilePhase,
    },
    /// The connection to the home server changed.
    ServerChanged {
        /// As it is now.
        server: ServerPhase,
    },
    /// An invite link was made.
    InviteCreated {
        /// The caller's name for the command.
        #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
        /// The link.
        link: String,
    },

    /// How far an export or a restoration has come.
    TransferProgress {
        /// The caller's name for the command.
        #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
        /// Bytes done.
        done: u64,
        /// Bytes in all, as far as they can be known beforehand.
        total: u64,
    },

    // ==== contacts ====
    /// A contact is new or has changed: state, name, presence, connection.
    ContactChanged {
        /// As it is now.
        contact: ContactView,
    },
    /// A contact request arrived.
    RequestReceived {
        /// Who asks.
        peer: PeerId,
        /// The name it gives itself.
        name: String,
    },
    /// A request was accepted.
    RequestAccepted {
        /// By whom.
        peer: PeerId,
    },
    /// The safety number with a peer.
    SafetyNumberLoaded {
        /// The caller's name for the command.
        #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
        /// With whom.
        peer: PeerId,
        /// Sixty digits, the same on both sides.
        digits: String,
        /// The bytes of the code that the other side scans, in lower-case hexadecimal.
        code: String,
    },
    /// A contact or request is gone.
    ContactRemoved {
        /// Who.
        peer: PeerId,
    },

    // ==== conversations ====
    /// A conversation's line in the list changed.
    ChannelChanged {
        /// As it is now.
        channel: ChannelView,
    },
    /// Somebody else's message was stored for the first time.
    MessageReceived {
        /// The message.
        message: MessageView,
    },
    /// One's own message was stored for the first time.
    MessageSent {
        /// The message.
        message: MessageView,
    },
    /// A stored message changed: words, delivery, reactions.
    MessageChanged {
        /// As it is now.
        message: MessageView,
    },
    /// A message is gone (its sending was cancelled).
    MessageRemoved {
        /// From which conversation.
        channel: ChannelId,
        /// Which.
        message: MessageRef,
    },
    /// The other side started or stopped writing.
    TypingChanged {
        /// Where.
        channel: ChannelId,
        /// Who.
        peer: PeerId,
        /// Writing, or stopped.
        on: bool,
    },
    /// A page of history, in order.
    HistoryLoaded {
        /// The caller's name for the command.
        #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
        /// Of which conversation.
        channel: ChannelId,
        /// The messages, oldest first.
        messages: Vec<MessageView>,
        /// There are messages before the first.
        has_older: bool,
        /// There are messages after the last.
        has_newer: bool,
    },
    /// What a search found, newest first.
    SearchFound {
        /// The caller's name for the command.
        #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
        /// What was searched.
        query: String,
        /// The messages.
        hits: Vec<SearchHit>,
        /// There are more.
        more: bool,
    },

    // ==== calls ====
    /// A call began, changed its phase, or somebody in it changed.
    CallChanged {
        /// As it is now.
        call: CallView,
    },
    /// A call is over for us.
    CallEnded {
        /// Which.
        call: CallId,
        /// Whose conversation it belongs to.
        channel: ChannelId,
        /// How.
        outcome: CallOutcome,
        /// How long it was active, in milliseconds.
        duration_ms: u64,
    },
    /// Somebody left a call that goes on.
    PeerLeft {
        /// Which call.
        call: CallId,
        /// Who.
        peer: PeerId,
    },

    // ==== sound ====
    /// The sound devices, and what is wrong with them.
    Devices {
        /// The caller's name for the command; absent when they changed by themselves.
        #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
        /// Microphones.
        inputs: Vec<DeviceView>,
        /// Speakers.
        outputs: Vec<DeviceView>,
        /// `no_input_device`, when there is none that works.
        input_problem: Option<Code>,
        /// `no_output_device`, when there is none that works.
        output_problem: Option<Code>,
    },
}

orrery_protocol::debug_only!(enum Event {
    Ready { version },
    Done { reference },
    Failed { reference, code },
    Resync {},
    Notice {},
    ProfileChanged { profile },
    ServerChanged { server },
    InviteCreated { reference },
    TransferProgress { reference, done, total },
    ContactChanged { contact },
    RequestReceived { peer },
    RequestAccepted { peer },
    SafetyNumberLoaded { reference, peer },
    ContactRemoved { peer },
    ChannelChanged { channel },
    MessageReceived { message },
    MessageSent { message },
    MessageChanged { message },
    MessageRemoved { channel, message },
    TypingChanged { channel, peer, on },
    HistoryLoaded { reference, channel, messages, has_older, has_newer },
    SearchFound { reference, hits, more },
    CallChanged { call },
    CallEnded { call, channel, outcome, duration_ms },
    PeerLeft { call, peer },
    Devices { reference, inputs, outputs, input_problem, output_problem },
});

/// Something a person should know, in a form a program can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Notice {
    /// The clock is off; times others see are wrong.
    ClockSkew {
        /// Ours minus the server's, in seconds.
        seconds: i64,
    },
    /// A message could not be read; a fresh session was set up and the sender sends it again.
    SessionHealed {
        /// With whom.
        peer: PeerId,
    },
    /// A connection claimed to be this peer and could not prove it; nothing of it was taken.
    BindingFailed {
        /// Whom it claimed to be.
        peer: PeerId,
    },
    /// This peer's program, or ours, needs an update.
    VersionMismatch {
        /// Who.
        peer: PeerId,
    },
    /// A contact request reached nobody and was taken back.
    RequestFailed {
        /// To whom.
        peer: PeerId,
        /// Why.
        code: Code,
    },
    /// Joining this call shows our address to these people and theirs to us.
    AddressesShown {
        /// Which call.
        call: CallId,
        /// To whom.
        peers: Vec<PeerId>,
    },
    /// The database was older than it should be: somebody put back a copy. Its sessions were thrown away, and new ones
    /// are set up; messages sent meanwhile may come once more or be missing.
    RolledBack {},
    /// Something went wrong that no command asked for.
    Problem {
        /// What.
        code: Code,
    },
}
