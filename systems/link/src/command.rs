//! What the worker can be told to do.

use orrery_protocol::{CallId, ChannelId, MessageId, MessageRef, PeerId, record::OrderKey};
use serde::Deserialize;

use crate::{Passphrase, Settings};

/// A name the caller gives a command, at most 64 bytes; echoed in its `done` or `failed`.
pub type Reference = String;

/// A command with the caller's name for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Echoed in exactly one [`crate::Event::Done`] or [`crate::Event::Failed`]; without it nothing but a failure is told.
    pub reference: Option<Reference>,
    /// What to do.
    pub command: Command,
}

impl From<Command> for Request {
    fn from(command: Command) -> Self {
        Self {
            reference: None,
            command,
        }
    }
}

/// Something to do.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Command {
    // ==== profile ====
    /// Creates the profile in an empty folder and opens it.
    CreateProfile {
        /// Display name.
        name: String,
        /// What will open it.
        passphrase: Passphrase,
        /// Home server; the one given at start when absent.
        server: Option<String>,
    },
    /// Opens the profile.
    Unlock {
        /// What opens it.
        passphrase: Passphrase,
        /// Keep the key in the system's keyring, so that [`Command::UnlockRemembered`] opens it from now on.
        #[serde(default)]
        remember: bool,
    },
    /// Opens the profile with the key that the system's keyring keeps.
    UnlockRemembered {},
    /// Opens the profile with its recovery phrase, and gives it a new passphrase.
    Recover {
        /// The twelve words.
        phrase: Passphrase,
        /// What opens it from now on.
        passphrase: Passphrase,
    },
    /// Leaves calls and closes the profile; the program goes on, and the profile can be unlocked again.
    Lock {},
    /// Gives the profile a new passphrase. Only the vault is rewritten.
    ChangePassphrase {
        /// What opens it now.
        old: Passphrase,
        /// What opens it from now on.
        new: Passphrase,
    },
    /// Makes twelve words a second way into the profile, in the place of earlier ones.
    SetRecoveryPhrase {
        /// What opens it now.
        passphrase: Passphrase,
        /// The words, made by whoever shows them.
        phrase: Passphrase,
    },
    /// The recovery phrase opens the profile no more.
    RemoveRecoveryPhrase {
        /// What opens it now.
        passphrase: Passphrase,
    },
    /// Keeps the key of the open profile in the system's keyring, or forgets it there.
    SetRemembered {
        /// Keep.
        on: bool,
    },
    /// Writes identity, contacts, history and settings into one encrypted file, which the passphrase and the recovery
    /// phrase open. Sessions are never part of it. Answered when the file is whole; meanwhile
    /// [`crate::Event::TransferProgress`].
    ExportProfile {
        /// A file that does not exist yet.
        path: String,
    },
    /// Makes the profile of an empty folder from such a file and opens it; meanwhile [`crate::Event::TransferProgress`].
    RestoreProfile {
        /// The file.
        path: String,
        /// The passphrase or the recovery phrase of when it was written.
        secret: Passphrase,
    },
    /// Changes the display name and tells the contacts.
    SetName {
        /// The new name.
        name: String,
    },
    /// Moves to another home server and tells the contacts.
    SetServer {
        /// `wss://host[:port]`, or on this machine `ws://host[:port]`.
        server: String,
    },
    /// Replaces all settings.
    SetSettings {
        /// The new ones.
        settings: Settings,
    },

    // ==== contacts ====
    /// Makes an invite link with a request token of its own; answered by [`crate::Event::InviteCreated`].
    CreateInvite {},
    /// Revokes every invite link made so far.
    RevokeInvites {},
    /// Sends a contact request to whom a link names.
    AddContact {
        /// The link.
        link: String,
    },
    /// Accepts a request.
    AcceptRequest {
        /// Whose.
        peer: PeerId,
    },
    /// Declines a request; the other side is not told.
    DeclineRequest {
        /// Whose.
        peer: PeerId,
    },
    /// Takes back a request that was not answered.
    CancelRequest {
        /// To whom.
        peer: PeerId,
    },
    /// Gives a contact a name of one's own.
    RenameContact {
        /// Whom.
        peer: PeerId,
        /// The name; `None` goes back to the contact's own.
        alias: Option<String>,
    },
    /// Takes nothing from a peer any more, and makes the old delivery token worthless.
    BlockContact {
        /// Whom.
        peer: PeerId,
    },
    /// Takes things from it again.
    UnblockContact {
        /// Whom.
        peer: PeerId,
    },
    /// Computes the safety number with a peer; answered by [`crate::Event::SafetyNumberLoaded`].
    LoadSafetyNumber {
        /// With whom.
        peer: PeerId,
    },
    /// Compares what the other side's screen shows with the safety number. It is `done` when both are the same.
    CompareSafetyNumber {
        /// With whom.
        peer: PeerId,
        /// The sixty digits, blanks as you like, or the bytes of the code in hexadecimal.
        code: String,
    },
    /// Marks a contact as compared, or takes that back.
    SetVerified {
        /// Whom.
        peer: PeerId,
        /// Compared.
        verified: bool,
    },
    /// Removes a contact; the history stays until it is deleted.
    RemoveContact {
        /// Whom.
        peer: PeerId,
    },

    // ==== conversations ====
    /// The conversation is on screen: a direct connection may be made, notes flow faster.
    OpenChannel {
        /// Which.
        channel: ChannelId,
    },
    /// The conversation is no longer on screen.
    CloseChannel {
        /// Which.
        channel: ChannelId,
    },
    /// Sends a text.
    SendText {
        /// To which conversation.
        channel: ChannelId,
        /// At most 16 KiB, not empty.
        text: String,
        /// The message it answers.
        #[serde(default)]
        reply_to: Option<MessageRef>,
    },
    /// Changes the words of one's own message.
    EditText {
        /// In which conversation.
        channel: ChannelId,
        /// One's own message.
        id: MessageId,
        /// At most 16 KiB, not empty.
        text: String,
    },
    /// Takes back one's own message.
    DeleteMessage {
        /// In which conversation.
        channel: ChannelId,
        /// One's own message.
        id: MessageId,
    },
    /// Adds or removes a reaction.
    React {
        /// In which conversation.
        channel: ChannelId,
        /// On which message.
        target: MessageRef,
        /// With what.
        emoji: String,
        /// Adds, or removes.
        on: bool,
    },
    /// Tries again what failed or waits.
    RetryMessage {
        /// In which conversation.
        channel: ChannelId,
        /// One's own message.
        id: MessageId,
    },
    /// Gives up what did not go; the message disappears.
    CancelMessage {
        /// In which conversation.
        channel: ChannelId,
        /// One's own message.
        id: MessageId,
    },
    /// Says that one is writing, or stopped. Reaches the other side only over a direct connection.
    SetTyping {
        /// In which conversation.
        channel: ChannelId,
        /// Writing, or stopped.
        on: bool,
    },
    /// Everything up to this place has been on screen.
    MarkRead {
        /// In which conversation.
        channel: ChannelId,
        /// The last message seen.
        up_to: OrderKey,
    },
    /// Keeps what was begun and not sent.
    SetDraft {
        /// In which conversation.
        channel: ChannelId,
        /// The text; empty to forget it.
        text: String,
    },
    /// Loads a page of history, the newest when no place is given; answered by [`crate::Event::HistoryLoaded`].
    LoadHistory {
        /// Of which conversation.
        channel: ChannelId,
        /// Only messages before this place.
        #[serde(default)]
        before: Option<OrderKey>,
        /// Only messages after this place (then oldest first).
        #[serde(default)]
        after: Option<OrderKey>,
        /// Messages on both sides of this place and the one that stands there; the bounds then count for nothing.
        #[serde(default)]
        around: Option<OrderKey>,
        /// At most this many, up to 200.
        limit: u32,
    },
    /// Loads the messages around one; answered by [`crate::Event::HistoryLoaded`].
    LoadAround {
        /// Of which conversation.
        channel: ChannelId,
        /// In the middle.
        target: MessageRef,
        /// At most this many, up to 200.
        limit: u32,
    },
    /// Searches the history; answered by [`crate::Event::SearchFound`].
    Search {
        /// Words, the last one as a prefix.
        query: String,
        /// In one conversation, or in all.
        #[serde(default)]
        channel: Option<ChannelId>,
        /// At most this many, up to 200.
        limit: u32,
    },

    // ==== calls ====
    /// Rings a contact.
    StartCall {
        /// Whom.
        peer: PeerId,
    },
    /// Picks up.
    AcceptCall {
        /// Which call.
        call: CallId,
    },
    /// Declines.
    DeclineCall {
        /// Which call.
        call: CallId,
    },
    /// Leaves a call, or gives up ringing.
    LeaveCall {
        /// Which call.
        call: CallId,
    },
    /// Rings one more contact into a call.
    AddToCall {
        /// Which call.
        call: CallId,
        /// Whom.
        peer: PeerId,
    },
    /// Closes or opens one's own microphone.
    SetMuted {
        /// Closed.
        muted: bool,
    },
    /// Closes or opens one's own speaker (which closes the microphone too).
    SetDeafened {
        /// Closed.
        deafened: bool,
    },

    /// The talk key of push-to-talk or push-to-mute goes down or up. It goes up by itself when the call ends.
    HoldTalkKey {
        /// Down.
        held: bool,
    },
    /// How loud somebody is heard, in per cent, 0 to 200; kept for the next call.
    SetPeerVolume {
        /// Who.
        peer: PeerId,
        /// Per cent.
        percent: u16,
    },
    /// Hears somebody no more, or again, on this side only; kept for the next call.
    SilencePeer {
        /// Who.
        peer: PeerId,
        /// Not heard.
        silenced: bool,
    },

    /// Where somebody is drawn in the call, and heard from if the settings say so (`positional`). Forgotten with the call.
    PlacePeer {
        /// Who.
        peer: PeerId,
        /// From −100, left, to 100, right; 0 is in front.
        place: i8,
    },

    // ==== sound ====
    /// Lists the sound devices; answered by [`crate::Event::Devices`].
    ListDevices {},
    /// Opens the microphone outside a call and shows its level in the gauges, or closes it again.
    TestMicrophone {
        /// Open.
        on: bool,
        /// Play it back on the output device as others would hear it.
        #[serde(default)]
        hear: bool,
    },
    /// Plays a short tone on the output device.
    PlayTestTone {},

    // ==== program ====
    /// Tries the server at once instead of waiting for the next try; while connected there is nothing to do.
    Reconnect {},
    /// Sends everything again, as after a [`crate::Event::Resync`].
    Resync {},
    /// Leaves calls, closes the profile and ends the worker. Its `done` says that this was heard, and comes before all of it.
    Shutdown {},
}

orrery_protocol::debug_only!(enum Command {
    CreateProfile { passphrase },
    Unlock { passphrase, remember },
    UnlockRemembered {},
    Recover { phrase, passphrase },
    Lock {},
    ChangePassphrase { old, new },
    SetRecoveryPhrase { passphrase, phrase },
    RemoveRecoveryPhrase { passphrase },
    SetRemembered { on },
    ExportProfile {},
    RestoreProfile { secret },
    SetName {},
    SetServer {},
    SetSettings { settings },
    CreateInvite {},
    RevokeInvites {},
    AddContact {},
    AcceptRequest { peer },
    DeclineRequest { peer },
    CancelRequest { peer },
    RenameContact { peer },
    BlockContact { peer },
    UnblockContact { peer },
    LoadSafetyNumber { peer },
    CompareSafetyNumber { peer },
    SetVerified { peer, verified },
    RemoveContact { peer },
    OpenChannel { channel },
    CloseChannel { channel },
    SendText { channel, reply_to },
    EditText { channel, id },
    DeleteMessage { channel, id },
    React { channel, target, on },
    RetryMessage { channel, id },
    CancelMessage { channel, id },
    SetTyping { channel, on },
    MarkRead { channel, up_to },
    SetDraft { channel },
    LoadHistory { channel, before, after, around, limit },
    LoadAround { channel, target, limit },
    Search { channel, limit },
    StartCall { peer },
    AcceptCall { call },
    DeclineCall { call },
    LeaveCall { call },
    AddToCall { call, peer },
    SetMuted { muted },
    SetDeafened { deafened },
    HoldTalkKey { held },
    SetPeerVolume { peer, percent },
    SilencePeer { peer, silenced },
    PlacePeer { peer, place },
    ListDevices {},
    TestMicrophone { on, hear },
    PlayTestTone {},
    Reconnect {},
    Resync {},
    Shutdown {},
});

#[cfg(test)]
mod tests {
    use orrery_protocol::PeerId;

    use super::*;
    use crate::Event;

    #[test]
    fn what_people_write_and_are_called_is_not_printed() {
        let secret = String::from("under the third stone");
        let command = Command::SendText {
            channel: PeerId([7; 32]).into(),
            text: secret.clone(),
            reply_to: None,
        };
        let event = Event::RequestReceived {
            peer: PeerId([7; 32]),
            name: secret,
        };
        let printed = format!("{command:?} {event:?}");
        assert!(
            printed.starts_with("SendText") && printed.contains("RequestReceived"),
            "{printed}"
        );
        assert!(!printed.contains("stone"), "{printed}");
    }
}
