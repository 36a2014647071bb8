//! What a person may set, kept in the profile.

use serde::{Deserialize, Serialize};

/// The most devices in a ranked list; more are forgotten.
pub const MAX_RANKED: usize = 16;

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
    /// While the talk key is held.
    PushToTalk,
    /// Except while the talk key is held.
    PushToMute,
}

/// How much of the noise behind a voice is taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseSuppression {
    /// Nothing.
    Off,
    /// A little: the room stays a room.
    #[default]
    Low,
    /// Most of it.
    High,
    /// Everything that is not a voice, at the cost of a trace of the voice.
    Strong,
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
    /// Devices to take, best first, where the chosen one is not there; before the system's default.
    pub input_ranked: Vec<String>,
    /// The same for outputs.
    pub output_ranked: Vec<String>,
    /// Loudness in dBFS, −60 to 0, above which the gate of voice activity opens; `None` follows the noise of the room.
    pub gate_threshold_db: Option<f32>,
    /// Milliseconds, 10 to 80, that a hiss has to last before the gate opens on it; for a sound with a pitch less than half of that is enough.
    pub gate_attack_ms: u32,
    /// Milliseconds, 50 to 2000, that the gate stays open after the last speech.
    pub gate_hold_ms: u32,
    /// Take the others' voices, as the microphone hears them from the loudspeaker, out of one's own sound.
    pub echo_cancellation: bool,
    /// Take noise out of one's own sound.
    pub noise_suppression: NoiseSuppression,
    /// Bring one's own voice to an even loudness.
    pub auto_gain: bool,
    /// Every packet has the same size, whatever is said, against those who count bytes. Costs a third more.
    pub constant_bitrate: bool,
    /// Each voice comes from where its planet stands.
    pub positional: bool,
    /// Key that talks or mutes in push-to-talk and push-to-mute, also while another window has the focus, as
    /// `Ctrl+Shift+Space` or `F8`.
    pub talk_key: Option<String>,
    /// Key that mutes and unmutes.
    pub mute_key: Option<String>,
    /// Key that deafens and hears again.
    pub deafen_key: Option<String>,
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
            input_ranked: Vec::new(),
            output_ranked: Vec::new(),
            gate_threshold_db: None,
            gate_attack_ms: 50,
            gate_hold_ms: 250,
            echo_cancellation: true,
            noise_suppression: NoiseSuppression::default(),
            auto_gain: true,
            constant_bitrate: false,
            positional: false,
            talk_key: None,
            mute_key: None,
            deafen_key: None,
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
        let threshold = self.gate_threshold_db.filter(|db| db.is_finite());
        self.gate_threshold_db = threshold.map(|db| db.clamp(-60.0, 0.0));
        self.gate_attack_ms = self.gate_attack_ms.clamp(10, 80);
        self.gate_hold_ms = self.gate_hold_ms.clamp(50, 2000);
        for ranked in [&mut self.input_ranked, &mut self.output_ranked] {
            ranked.truncate(MAX_RANKED);
        }
        self.lock_after_min = self.lock_after_min.min(24 * 60);
        self
    }
}
