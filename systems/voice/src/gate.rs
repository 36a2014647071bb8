//! What of the microphone goes out.

use crate::TICK_US;

/// What counts as loud enough to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Threshold {
    /// So much above the noise of the room, which is followed.
    #[default]
    Auto,
    /// This loudness in dBFS.
    Fixed(f32),
}

/// When the microphone is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TransmitMode {
    /// While someone speaks, from a little before the first syllable until `hold_ms` after the last.
    VoiceActivity {
        /// What counts as speaking.
        threshold: Threshold,
        /// Milliseconds that a hiss has to last before it counts, up to [`Gate::MAX_ATTACK_MS`]; of a sound with a pitch less.
        attack_ms: u32,
        /// Milliseconds that the gate stays open after the last speech.
        hold_ms: u32,
    },
    /// Always.
    Continuous,
    /// While a key is held, and [`Gate::RELEASE_MS`] longer.
    PushToTalk {
        /// Whether it is held now.
        held: bool,
    },
    /// Always, except while a key is held.
    PushToMute {
        /// Whether it is held now.
        held: bool,
    },
}

impl Default for TransmitMode {
    fn default() -> Self {
        Self::VoiceActivity {
            threshold: Threshold::Auto,
            attack_ms: Gate::ATTACK_MS,
            hold_ms: 250,
        }
    }
}

impl TransmitMode {
    /// Whether what was heard just before the gate opened may be sent too. Before a key was pressed nobody agreed to be
    /// heard; before the first syllable they did.
    pub(crate) fn looks_back(self) -> bool {
        matches!(self, Self::VoiceActivity { .. })
    }
}

/// Opens and closes on speech, a key, or never closes; shut while muted.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    mode: TransmitMode,
    muted: bool,
    hold_ticks: u32,
}

impl Gate {
    /// The attack that tells words from fast typing, in which one click runs into the next.
    pub const ATTACK_MS: u32 = 50;
    /// The longest attack: so much and a little more of what was heard before is kept to be sent.
    pub const MAX_ATTACK_MS: u32 = 80;
    /// How long push-to-talk stays open after the key is let go, in ms: people let go within their last syllable.
    pub const RELEASE_MS: u32 = 100;

    /// A gate in `mode`, closed until the first tick.
    pub fn new(mode: TransmitMode) -> Self {
        Self {
            mode,
            muted: false,
            hold_ticks: 0,
        }
    }

    /// Changes the mode. Takes effect with the next tick; a hold that runs is kept for push-to-talk's release only.
    pub fn set_mode(&mut self, mode: TransmitMode) {
        if mode == self.mode {
            return;
        }
        let still_ptt = matches!(
            (self.mode, mode),
            (TransmitMode::PushToTalk { .. }, TransmitMode::PushToTalk { .. })
        );
        if !still_ptt {
            self.hold_ticks = 0;
        }
        self.mode = mode;
    }

    /// The mode.
    pub fn mode(&self) -> TransmitMode {
        self.mode
    }

    /// Mutes or unmutes. Muting closes at once, with no hold.
    pub fn set_muted(&mut self, muted: bool) {
        self.muted = muted;
        self.hold_ticks = 0;
    }

    /// Whether it is muted.
    pub fn muted(&self) -> bool {
        self.muted
    }

    /// One tick of 10 ms in which `speech` was heard or not; says whether the gate is open for it.
    pub fn tick(&mut self, speech: bool) -> bool {
        if self.muted {
            return false;
        }
        let (wanted, hold_ms) = match self.mode {
            TransmitMode::Continuous => return true,
            // At once: what follows is not meant for anybody.
            TransmitMode::PushToMute { held } => return !held,
            TransmitMode::VoiceActivity { hold_ms, .. } => (speech, hold_ms),
            TransmitMode::PushToTalk { held } => (held, Self::RELEASE_MS),
        };
        if wanted {
            self.hold_ticks = hold_ms / (TICK_US / 1000) as u32;
            return true;
        }
        let open = self.hold_ticks > 0;
        self.hold_ticks = self.hold_ticks.saturating_sub(1);
        open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_ticks(gate: &mut Gate, speech: bool, ticks: usize) -> usize {
        (0..ticks).filter(|_| gate.tick(speech)).count()
    }

    #[test]
    fn voice_opens_the_gate_and_the_hold_closes_it() {
        let mut gate = Gate::new(TransmitMode::default());
        assert_eq!(open_ticks(&mut gate, false, 10), 0);
        assert_eq!(open_ticks(&mut gate, true, 5), 5);
        assert_eq!(open_ticks(&mut gate, false, 100), 25);
    }

    #[test]
    fn mute_closes_at_once_and_unmute_starts_closed() {
        let mut gate = Gate::new(TransmitMode::default());
        gate.tick(true);
        gate.set_muted(true);
        assert_eq!(open_ticks(&mut gate, true, 5), 0);
        gate.set_muted(false);
        assert_eq!(open_ticks(&mut gate, false, 5), 0, "no hold is left over from before");
    }

    #[test]
    fn continuous_is_open_unless_muted() {
        let mut gate = Gate::new(TransmitMode::Continuous);
        assert_eq!(open_ticks(&mut gate, false, 7), 7);
        gate.set_muted(true);
        assert_eq!(open_ticks(&mut gate, true, 7), 0);
    }

    #[test]
    fn push_to_talk_is_open_while_held_and_100_ms_longer() {
        let mut gate = Gate::new(TransmitMode::PushToTalk { held: false });
        assert_eq!(open_ticks(&mut gate, true, 5), 0, "speech alone does not open it");
        gate.set_mode(TransmitMode::PushToTalk { held: true });
        assert_eq!(open_ticks(&mut gate, false, 5), 5);
        gate.set_mode(TransmitMode::PushToTalk { held: false });
        assert_eq!(open_ticks(&mut gate, false, 50), 10);
        assert!(!TransmitMode::PushToTalk { held: true }.looks_back());
    }

    #[test]
    fn push_to_mute_is_open_except_while_held() {
        let mut gate = Gate::new(TransmitMode::PushToMute { held: false });
        assert_eq!(open_ticks(&mut gate, false, 5), 5);
        gate.set_mode(TransmitMode::PushToMute { held: true });
        assert_eq!(open_ticks(&mut gate, true, 5), 0, "at once, whatever is said");
        gate.set_mode(TransmitMode::PushToMute { held: false });
        assert_eq!(open_ticks(&mut gate, false, 5), 5);
        assert!(!TransmitMode::PushToMute { held: true }.looks_back());
    }
}
