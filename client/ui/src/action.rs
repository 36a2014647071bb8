//! What a person did, for the app to carry out.
//!
//! An action is emitted once for one thing done. The panels change nothing but their own [`UiState`](crate::UiState).

use std::fmt;

use zeroize::Zeroizing;

use crate::view::{CallKey, ChannelKey, DirectPolicy, KeyUse, MessageKey, Noise, PeerKey, Transmit};

/// A passphrase on its way out of a field: zeroed on drop, hidden in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes the passphrase over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The passphrase itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase([..])")
    }
}

/// One setting with its new value.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// Own name.
    Name(String),
    /// Own server's address.
    Server(String),
    /// Input device; `None` follows the system.
    Input(Option<String>),
    /// Output device; `None` follows the system.
    Output(Option<String>),
    /// Gain on the microphone, 0 to 2.
    InputVolume(f32),
    /// Gain on what is heard, 0 to 2.
    OutputVolume(f32),
    /// When the microphone is sent.
    Transmit(Transmit),
    /// Loudness in dBFS, −60 to 0, at which the gate opens; `None` follows the noise of the room.
    Gate(Option<f32>),
    /// Milliseconds that the gate stays open, 50 to 2000.
    GateHold(u32),
    /// Milliseconds that a hiss has to last before the gate opens on it.
    GateAttack(u32),
    /// Inputs to take where the chosen one is missing, best first, by id.
    InputRanked(Vec<String>),
    /// The same for outputs.
    OutputRanked(Vec<String>),
    /// Take the others' voices out of one's own sound.
    EchoCancellation(bool),
    /// How much noise is taken out.
    Noise(Noise),
    /// Bring one's own voice to an even loudness.
    AutoGain(bool),
    /// Every packet has the same size.
    ConstantBitrate(bool),
    /// Hear everybody from where their planet stands.
    Positional(bool),
    /// One's own key, as [`Shortcut`](crate::Shortcut) writes it; `None`: none.
    Key(KeyUse, Option<String>),
    /// Nothing moves that need not.
    ReducedMotion(bool),
    /// With whom direct connections are made.
    Direct(DirectPolicy),
    /// Tell others when their messages were read.
    ReadReceipts(bool),
    /// Tell others while writing.
    Typing(bool),
    /// Tell contacts when here.
    Presence(bool),
    /// Notifications of the desktop.
    Notifications(bool),
    /// Those of messages say the beginning of the text.
    NotificationText(bool),
    /// Ring tone and message sounds.
    Sounds(bool),
    /// Minutes without a hand on the window until it locks; 0 for never.
    LockAfter(u32),
}

/// What a person did.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum UiAction {
    // ==== profiles ====
    /// Make a profile.
    CreateProfile {
        /// Own name, trimmed, not empty, at most [`NAME_MAX`](crate::NAME_MAX) bytes.
        name: String,
        /// Passphrase, not empty.
        passphrase: Passphrase,
        /// Server address, trimmed, not empty.
        server: String,
    },
    /// Open the chosen profile.
    Unlock {
        /// Passphrase as typed.
        passphrase: Passphrase,
        /// The system's keyring is to keep the key from now on.
        remember: bool,
    },
    /// Open the chosen profile by the key in the system's keyring.
    UnlockRemembered,
    /// Open the chosen profile with its recovery phrase and give it a new passphrase.
    Recover {
        /// The words as typed.
        phrase: Passphrase,
        /// New passphrase, strong enough.
        passphrase: Passphrase,
    },
    /// Make the profile of an exported file.
    Restore {
        /// The file as typed, trimmed.
        path: String,
        /// Passphrase or recovery phrase.
        secret: Passphrase,
    },
    /// Choose a profile (`ProfileEntry::id`).
    ChooseProfile(String),
    /// Go to the form for a new profile.
    NewProfile,
    /// The same page shows another form: what was said of the first one no longer counts.
    OtherForm,
    /// Back to the list of profiles.
    BackToProfiles,
    /// Leave the program.
    Quit,

    // ==== getting about ====
    /// Show a conversation in the main pane.
    OpenChannel(ChannelKey),
    /// Show nothing in the main pane.
    CloseMain,
    /// Show the settings.
    OpenSettings,
    /// Show the pane for adding someone.
    OpenAddContact,
    /// Show the safety number with somebody.
    OpenCompare(PeerKey),
    /// Compare it with what was pasted.
    CompareCode {
        /// With whom.
        peer: PeerKey,
        /// What was pasted.
        code: String,
    },
    /// Mark somebody as verified, or take that back.
    SetVerified {
        /// Whom.
        peer: PeerKey,
        /// Verified.
        on: bool,
    },
    /// Show the running call.
    OpenCall,
    /// Take a toast away.
    DismissToast(u64),
    /// The banner with this code was read: show it no more.
    DismissBanner(String),
    /// Try the server again now.
    RetryConnection,
    /// Open the folder of the log in the desktop's file manager.
    OpenLogFolder,
    /// Open the profile's folder in the desktop's file manager.
    OpenProfileFolder,
    /// Open a web or mail address in the desktop's program; asked for and confirmed, scheme http, https or mailto.
    OpenLink(String),
    /// Put a text on the clipboard. The panels have already done so; for the app it is a cue (a toast).
    Copied,

    // ==== people ====
    /// The text in the link field changed: look at it and set `AddContactView::check`.
    LinkEdited(String),
    /// Ask the owner of a link to be a contact.
    SendRequest {
        /// The link as typed, trimmed.
        link: String,
    },
    /// Make another invite link; those given away stop working (confirmed).
    NewLink,
    /// Take a request back.
    CancelRequest(PeerKey),
    /// Accept a request.
    AcceptRequest(PeerKey),
    /// Decline a request (silently).
    DeclineRequest(PeerKey),
    /// Ask the `--welcome` contact.
    AcceptWelcome,
    /// Do not offer the `--welcome` contact again.
    DismissWelcome,
    /// Give a contact another name (here only); empty gives back their own.
    RenameContact {
        /// Whom.
        peer: PeerKey,
        /// New name, trimmed.
        name: String,
    },
    /// Block someone (confirmed).
    BlockContact(PeerKey),
    /// Unblock someone.
    UnblockContact(PeerKey),
    /// Remove a contact; what was written stays (confirmed).
    RemoveContact(PeerKey),
    /// Copy a contact's id; the app puts it on the clipboard.
    CopyPeerId(PeerKey),

    // ==== writing ====
    /// Send a text.
    SendText {
        /// Where.
        channel: ChannelKey,
        /// Text, trimmed at both ends, 1 to 16384 bytes.
        text: String,
        /// What it answers.
        reply_to: Option<MessageKey>,
    },
    /// Replace the text of an own message.
    EditText {
        /// Where.
        channel: ChannelKey,
        /// Which.
        message: MessageKey,
        /// New text, trimmed, 1 to 16384 bytes.
        text: String,
    },
    /// Delete an own message (confirmed).
    DeleteMessage {
        /// Where.
        channel: ChannelKey,
        /// Which.
        message: MessageKey,
    },
    /// Add or take back an own reaction.
    React {
        /// Where.
        channel: ChannelKey,
        /// To which.
        message: MessageKey,
        /// The emoji.
        emoji: String,
        /// Add (true) or take back.
        on: bool,
    },
    /// Try to send a failed message again.
    RetryMessage {
        /// Where.
        channel: ChannelKey,
        /// Which.
        message: MessageKey,
    },
    /// Give a failed or waiting message up.
    CancelMessage {
        /// Where.
        channel: ChannelKey,
        /// Which.
        message: MessageKey,
    },
    /// The composer's text changed: keep it. Emitted at most about twice a second, and at once when leaving.
    DraftChanged {
        /// Where.
        channel: ChannelKey,
        /// The whole draft, may be empty.
        text: String,
    },
    /// The person is writing; emitted at most every three seconds.
    Typing(ChannelKey),
    /// Fetch older messages. Emitted once for each oldest loaded message.
    LoadOlder(ChannelKey),
    /// Fetch newer messages (after a jump into the past). Emitted once for each newest loaded message.
    LoadNewer(ChannelKey),
    /// Load the newest messages and forget the jump.
    JumpToPresent(ChannelKey),
    /// Load the surroundings of a message and set `focus` to it.
    JumpTo {
        /// Where.
        channel: ChannelKey,
        /// To which.
        message: MessageKey,
    },
    /// Everything up to this message has been seen.
    MarkRead {
        /// Where.
        channel: ChannelKey,
        /// Up to which.
        message: MessageKey,
    },
    /// Look for a text in a conversation.
    Search {
        /// Where.
        channel: ChannelKey,
        /// What, trimmed, not empty.
        query: String,
    },
    /// The search is over.
    CloseSearch(ChannelKey),

    // ==== calls ====
    /// Call the other side of a conversation.
    StartCall(ChannelKey),
    /// Accept a ringing call.
    AcceptCall(CallKey),
    /// Decline a ringing call.
    DeclineCall(CallKey),
    /// Leave the call, or take a ringing-out one back.
    LeaveCall(CallKey),
    /// The ended call was read: show something else.
    CloseCall(CallKey),
    /// Add a contact to the call.
    AddToCall {
        /// Which call.
        call: CallKey,
        /// Whom.
        peer: PeerKey,
    },
    /// Close or open the microphone.
    SetMuted(bool),
    /// Close or open the ears.
    SetDeafened(bool),
    /// The talk key goes down or up in this window.
    HoldTalkKey(bool),
    /// How loud somebody is heard here, percent, 0 to 200.
    SetPeerVolume {
        /// Who.
        peer: PeerKey,
        /// Percent.
        percent: u16,
    },
    /// Hear somebody no more on this side, or again.
    SilencePeer {
        /// Who.
        peer: PeerKey,
        /// Not heard.
        silenced: bool,
    },

    // ==== what protects the profile ====
    /// Close the profile until its passphrase is given (confirmed while a call runs).
    Lock,
    /// A new passphrase.
    ChangePassphrase {
        /// The one that opens it now.
        old: Passphrase,
        /// The one that opens it from now on, strong enough.
        new: Passphrase,
    },
    /// Make words for a recovery phrase and show them (`SecurityView::words`).
    MakePhrase,
    /// The words that were made are not wanted.
    DropPhrase,
    /// Keep the words that were made.
    KeepPhrase {
        /// What opens the profile.
        passphrase: Passphrase,
    },
    /// The recovery phrase opens the profile no more.
    RemovePhrase {
        /// What opens the profile.
        passphrase: Passphrase,
    },
    /// The system's keyring keeps the key, or forgets it.
    SetRemembered(bool),
    /// Write everything into one file.
    Export {
        /// Where, trimmed.
        path: String,
    },

    // ==== settings ====
    /// Change one setting.
    Set(Setting),
    /// Start or stop the microphone test.
    MicTest {
        /// Start.
        on: bool,
        /// Play it back as others would hear it.
        hear: bool,
    },
    /// Play the test tone once.
    TestTone,
    /// Sound devices are being looked at (`true`: list them again and again) or no longer.
    WatchDevices(bool),
}

impl fmt::Debug for UiAction {
    /// Names the action only: texts, links and names stay out of every log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl UiAction {
    /// The action's name without what it carries.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateProfile { .. } => "CreateProfile",
            Self::Unlock { .. } => "Unlock",
            Self::UnlockRemembered => "UnlockRemembered",
            Self::SetRemembered(_) => "SetRemembered",
            Self::Recover { .. } => "Recover",
            Self::Restore { .. } => "Restore",
            Self::OpenCompare(_) => "OpenCompare",
            Self::CompareCode { .. } => "CompareCode",
            Self::SetVerified { .. } => "SetVerified",
            Self::Lock => "Lock",
            Self::ChangePassphrase { .. } => "ChangePassphrase",
            Self::MakePhrase => "MakePhrase",
            Self::DropPhrase => "DropPhrase",
            Self::KeepPhrase { .. } => "KeepPhrase",
            Self::RemovePhrase { .. } => "RemovePhrase",
            Self::Export { .. } => "Export",
            Self::ChooseProfile(_) => "ChooseProfile",
            Self::NewProfile => "NewProfile",
            Self::OtherForm => "OtherForm",
            Self::BackToProfiles => "BackToProfiles",
            Self::Quit => "Quit",
            Self::OpenChannel(_) => "OpenChannel",
            Self::CloseMain => "CloseMain",
            Self::OpenSettings => "OpenSettings",
            Self::OpenAddContact => "OpenAddContact",
            Self::OpenCall => "OpenCall",
            Self::DismissToast(_) => "DismissToast",
            Self::DismissBanner(_) => "DismissBanner",
            Self::RetryConnection => "RetryConnection",
            Self::OpenLogFolder => "OpenLogFolder",
            Self::OpenProfileFolder => "OpenProfileFolder",
            Self::OpenLink(_) => "OpenLink",
            Self::Copied => "Copied",
            Self::LinkEdited(_) => "LinkEdited",
            Self::SendRequest { .. } => "SendRequest",
            Self::NewLink => "NewLink",
            Self::CancelRequest(_) => "CancelRequest",
            Self::AcceptRequest(_) => "AcceptRequest",
            Self::DeclineRequest(_) => "DeclineRequest",
            Self::AcceptWelcome => "AcceptWelcome",
            Self::DismissWelcome => "DismissWelcome",
            Self::RenameContact { .. } => "RenameContact",
            Self::BlockContact(_) => "BlockContact",
            Self::UnblockContact(_) => "UnblockContact",
            Self::RemoveContact(_) => "RemoveContact",
            Self::CopyPeerId(_) => "CopyPeerId",
            Self::SendText { .. } => "SendText",
            Self::EditText { .. } => "EditText",
            Self::DeleteMessage { .. } => "DeleteMessage",
            Self::React { .. } => "React",
            Self::RetryMessage { .. } => "RetryMessage",
            Self::CancelMessage { .. } => "CancelMessage",
            Self::DraftChanged { .. } => "DraftChanged",
            Self::Typing(_) => "Typing",
            Self::LoadOlder(_) => "LoadOlder",
            Self::LoadNewer(_) => "LoadNewer",
            Self::JumpToPresent(_) => "JumpToPresent",
            Self::JumpTo { .. } => "JumpTo",
            Self::MarkRead { .. } => "MarkRead",
            Self::Search { .. } => "Search",
            Self::CloseSearch(_) => "CloseSearch",
            Self::StartCall(_) => "StartCall",
            Self::AcceptCall(_) => "AcceptCall",
            Self::DeclineCall(_) => "DeclineCall",
            Self::LeaveCall(_) => "LeaveCall",
            Self::CloseCall(_) => "CloseCall",
            Self::AddToCall { .. } => "AddToCall",
            Self::SetMuted(_) => "SetMuted",
            Self::SetDeafened(_) => "SetDeafened",
            Self::Set(_) => "Set",
            Self::MicTest { .. } => "MicTest",
            Self::HoldTalkKey(_) => "HoldTalkKey",
            Self::SetPeerVolume { .. } => "SetPeerVolume",
            Self::SilencePeer { .. } => "SilencePeer",
            Self::TestTone => "TestTone",
            Self::WatchDevices(_) => "WatchDevices",
        }
    }
}
