//! How one's own voice is picked up and sent, and the keys that steer it.

/// When the microphone is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transmit {
    /// While one speaks.
    #[default]
    Voice,
    /// Always.
    Always,
    /// While the talk key is held.
    PushToTalk,
    /// Except while the talk key is held.
    PushToMute,
}

impl Transmit {
    /// The talk key has a meaning.
    #[must_use]
    pub fn takes_key(self) -> bool {
        matches!(self, Self::PushToTalk | Self::PushToMute)
    }
}

/// How much of the noise behind a voice is taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Noise {
    /// Nothing.
    Off,
    /// A little.
    #[default]
    Low,
    /// Most of it.
    High,
    /// Everything that is not a voice.
    Strong,
}

/// Everything the sound section shows beside devices and volumes.
#[derive(Clone, Debug, PartialEq)]
pub struct VoiceView {
    /// When the microphone is sent.
    pub transmit: Transmit,
    /// Loudness in dBFS, −60 to 0, at which the gate opens; `None` follows the noise of the room.
    pub gate_db: Option<f32>,
    /// Milliseconds that a hiss has to last before the gate opens on it, 10 to 80.
    pub gate_attack_ms: u32,
    /// Milliseconds that the gate stays open after the last speech, 50 to 2000.
    pub gate_hold_ms: u32,
    /// The others' voices are taken out of one's own sound.
    pub echo_cancellation: bool,
    /// Noise is taken out of one's own sound.
    pub noise: Noise,
    /// One's own voice is brought to an even loudness.
    pub auto_gain: bool,
    /// Every packet has the same size.
    pub constant_bitrate: bool,
    /// Everybody is heard from where their planet stands.
    pub positional: bool,
    /// One hears oneself: the microphone test plays back.
    pub hear: bool,
    /// Inputs to take where the chosen one is missing, best first.
    pub inputs: Vec<RankedView>,
    /// The same for outputs.
    pub outputs: Vec<RankedView>,
}

/// A device in a ranked list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankedView {
    /// What the app knows it by.
    pub id: String,
    /// What a person knows it by.
    pub name: String,
    /// It is connected now.
    pub here: bool,
}

/// What a key of one's own does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyUse {
    /// Talks or mutes while it is held, in push-to-talk and push-to-mute.
    Talk,
    /// Mutes and unmutes.
    Mute,
    /// Deafens and undeafens.
    Deafen,
}

/// Where one's own keys are heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyReach {
    /// Also while another window has the focus.
    Everywhere,
    /// The desktop was asked and lends keys: which ones is its own to choose.
    Desktop,
    /// The desktop was asked and lends none.
    Refused,
    /// Only in this window: the desktop lets no program hear keys meant for another.
    #[default]
    Here,
}

/// One's own keys, as text such as `Ctrl+Shift+Space` (see [`Shortcut`](crate::Shortcut)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeysView {
    /// Talks or mutes while it is held.
    pub talk: Option<String>,
    /// Mutes and unmutes.
    pub mute: Option<String>,
    /// Deafens and undeafens.
    pub deafen: Option<String>,
    /// A call runs in which the talk key means something.
    pub talks: bool,
    /// Where they are heard.
    pub reach: KeyReach,
    /// Those that another program holds, so that they are heard in this window only.
    pub taken: Vec<KeyUse>,
}

impl KeysView {
    /// The key of a use.
    #[must_use]
    pub fn of(&self, what: KeyUse) -> Option<&str> {
        match what {
            KeyUse::Talk => self.talk.as_deref(),
            KeyUse::Mute => self.mute.as_deref(),
            KeyUse::Deafen => self.deafen.as_deref(),
        }
    }
}

/// The talk key in a running call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TalkKeyView {
    /// Push-to-mute; otherwise push-to-talk.
    pub mutes: bool,
    /// What to press, if a key is set.
    pub key: Option<String>,
}
