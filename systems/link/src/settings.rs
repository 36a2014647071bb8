//! What a person may set, kept in the profile.

use serde::{Deserialize, Serialize};

/// With whom a direct connection may be made, which shows both sides each other's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectPolicy {
    /// Only in calls.
    Calls,
    /// In calls, and with a contact whose conversation is open on either side.
    #[default]
    Conversations,
    /// With every contact that is there.
    Contacts,
}

/// When the microphone is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransmitMode {
    /// While one speaks.
    #[default]
    VoiceActivity,
    /// Always.
    Continuous,
}

/// All settings that the worker obeys. Unknown fields are refused, missing ones take their default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Input device by its id; `None` follows the system's default.
    pub input_device: Option<String>,
    /// Output device by its id; `None` follows the system's default.
    pub output_device: Option<String>,
    /// Gain on the microphone, 0 to 2.
    pub input_volume: f32,
    /// Gain on everything heard, 0 to 2.
    pub output_volume: f32,
    /// When the microphone is sent.
    pub transmit: TransmitMode,
    /// With whom direct connections are made.
    pub direct: DirectPolicy,
    /// Tell contacts that their messages were read.
    pub read_receipts: bool,
    /// Tell the other side that one is writing.
    pub typing: bool,
    /// Tell contacts that one is there.
    pub presence: bool,
    /// Ring tone and cues.
    pub sounds: bool,
    /// Minutes without a hand on the program after which a window locks the profile, outside calls; 0 for never. At
    /// most a day.
    pub lock_after_min: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            input_device: None,
            output_device: None,
            input_volume: 1.0,
            output_volume: 1.0,
            transmit: TransmitMode::default(),
            direct: DirectPolicy::default(),
            read_receipts: true,
            typing: true,
            presence: true,
            sounds: true,
            lock_after_min: 0,
        }
    }
}

impl Settings {
    /// The same settings with every number within its range.
    #[must_use]
    pub fn clamped(mut self) -> Self {
        let clamp = |gain: f32| if gain.is_finite() { gain.clamp(0.0, 2.0) } else { 1.0 };
        self.input_volume = clamp(self.input_volume);
        self.output_volume = clamp(self.output_volume);
        self.lock_after_min = self.lock_after_min.min(24 * 60);
        self
    }
}
