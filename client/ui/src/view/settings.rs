//! Settings as they are now.

use super::{Connection, PeerKey};

/// Everything the settings pane shows.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingsView {
    /// Own key.
    pub peer: PeerKey,
    /// Own id in words of the program (base32), for copying.
    pub id_text: String,
    /// Own name.
    pub name: String,
    /// Own server's address.
    pub server: String,
    /// State of the connection to it.
    pub connection: Connection,
    /// The sound devices have been looked for: an empty list means that there is none.
    pub devices_listed: bool,
    /// Sound inputs, in order.
    pub inputs: Vec<DeviceView>,
    /// Chosen input; `None` follows the system.
    pub input: Option<String>,
    /// Sound outputs, in order.
    pub outputs: Vec<DeviceView>,
    /// Chosen output; `None` follows the system.
    pub output: Option<String>,
    /// Gain on the microphone, 0 to 2 (1 is as it comes).
    pub input_volume: f32,
    /// Gain on what is heard, 0 to 2.
    pub output_volume: f32,
    /// Everything else about one's own voice.
    pub voice: super::VoiceView,
    /// The microphone is being tested: its level is measured, nothing is sent.
    pub mic_test: bool,
    /// Nothing moves that need not.
    pub reduced_motion: bool,
    /// With whom direct connections are made.
    pub direct: DirectPolicy,
    /// Tell others when their messages were read.
    pub read_receipts: bool,
    /// Tell others while writing.
    pub typing: bool,
    /// Tell contacts when here.
    pub presence: bool,
    /// Everybody who is blocked, contact or not, in the order of the list.
    pub blocked: Vec<BlockedView>,
    /// Notifications of the desktop.
    pub notifications: bool,
    /// Those of messages say the beginning of the text, not only whose it is.
    pub notification_text: bool,
    /// Ring tone and message sounds.
    pub sounds: bool,
    /// Where the profile is.
    pub profile_folder: String,
    /// Where the log is.
    pub log_folder: String,
    /// What protects the profile.
    pub security: super::SecurityView,
    /// Version of the program.
    pub version: String,
}

/// Somebody who is blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedView {
    /// Who.
    pub peer: PeerKey,
    /// What they are called here.
    pub name: String,
}

/// A sound device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceView {
    /// What the app knows it by.
    pub id: String,
    /// What a person knows it by.
    pub name: String,
}

/// With whom direct connections are made, and therefore who sees this computer's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DirectPolicy {
    /// All contacts, always.
    AllContacts,
    /// While either side has the conversation open, or a call runs.
    #[default]
    ConversationsAndCalls,
    /// Only for calls.
    CallsOnly,
}
