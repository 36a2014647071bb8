//! What the window remembers between frames, and nobody else needs to know.

use std::collections::{HashMap, HashSet};
use std::hash::RandomState;

use egui::Rect;
use zeroize::Zeroizing;

use crate::action::UiAction;
use crate::call::{PersonMenu, QualityState, TalkHands};
use crate::conversation::TalkState;
use crate::fonts::SystemFonts;
use crate::overlay::{Dialog, Palette};
use crate::panes::SettingsState;
use crate::view::{CallKey, ChannelKey, HomeView, PeerKey};
use crate::widget_map::WidgetMap;

/// Local state of the window: scroll places, texts being typed, open popups. One for each egui context.
#[derive(Default)]
pub struct UiState {
    pub(crate) map: WidgetMap,
    pub(crate) fonts: SystemFonts,
    pub(crate) first_start: FirstStartState,
    pub(crate) unlock: UnlockState,
    pub(crate) link: String,
    /// The field for it has been given the keyboard since its pane was opened.
    pub(crate) link_focused: bool,
    pub(crate) talks: HashMap<ChannelKey, TalkState>,
    pub(crate) talk_open: Option<ChannelKey>,
    /// The conversation shown last, to return to from another pane.
    pub(crate) talk_last: Option<ChannelKey>,
    pub(crate) settings: SettingsState,
    pub(crate) compare: CompareState,
    pub(crate) palette: Option<Palette>,
    pub(crate) dialog: Option<Dialog>,
    pub(crate) stage: Option<Rect>,
    pub(crate) call_hover: Option<PeerKey>,
    pub(crate) notes_read: NotesRead,
    pub(crate) add_filter: String,
    /// The menu of a person in a call that is open.
    pub(crate) person: Option<PersonMenu>,
    pub(crate) quality: QualityState,
    pub(crate) talk_hands: TalkHands,
    pub(crate) shown: Shown,
}

/// What has been read in a call: which strangers see this computer's address, from whom one's own voice comes back.
#[derive(Default)]
pub(crate) struct NotesRead {
    pub call: Option<CallKey>,
    pub peers: HashSet<PeerKey>,
    /// Of whom it has been read that one's own voice comes back from them.
    pub echoes: HashSet<PeerKey>,
}

/// The screen shown last and since when, for fading in.
#[derive(Default)]
pub(crate) struct Shown {
    pub screen: u64,
    pub since: f64,
    pub pane: u64,
    pub pane_since: f64,
}

/// Texts of the form for a new profile. Passphrases are zeroed when dropped.
pub(crate) struct FirstStartState {
    pub name: String,
    pub passphrase: Zeroizing<String>,
    pub again: Zeroizing<String>,
    pub server: Option<String>,
    pub reveal: bool,
    /// Score 0 to 4 of the passphrase, with the hash of what it was worked out for.
    pub score: Option<(u64, u8)>,
    /// Hashes under a key of this form alone: what is left of it says nothing to who guesses.
    pub keyed: RandomState,
    pub focused: bool,
    /// An exported file is restored instead.
    pub restoring: bool,
    pub path: String,
    pub restore_secret: Zeroizing<String>,
}

/// What is typed while safety numbers are compared.
#[derive(Default)]
pub(crate) struct CompareState {
    pub peer: Option<PeerKey>,
    pub typed: String,
    /// What was compared last: what came of it is said of nothing else.
    pub sent: String,
}

/// Longest passphrase, characters.
pub(crate) const PASSPHRASE_MAX: usize = 256;

/// Room for a whole passphrase from the start: a growing string would leave copies behind in memory.
pub(crate) fn secret() -> Zeroizing<String> {
    Zeroizing::new(String::with_capacity(PASSPHRASE_MAX * 4))
}

impl Default for FirstStartState {
    fn default() -> Self {
        Self {
            name: String::new(),
            passphrase: secret(),
            again: secret(),
            server: None,
            reveal: false,
            score: None,
            keyed: RandomState::new(),
            focused: false,
            restoring: false,
            path: String::new(),
            restore_secret: secret(),
        }
    }
}

/// The passphrase being typed to unlock.
pub(crate) struct UnlockState {
    pub passphrase: Zeroizing<String>,
    pub reveal: bool,
    pub focused: bool,
    pub sent: bool,
    /// The keyring is to keep the key.
    pub remember: bool,
    /// The recovery phrase is asked for instead.
    pub recovering: bool,
    pub phrase: Zeroizing<String>,
    pub new: NewPassphrase,
}

/// A new passphrase being typed, twice.
pub(crate) struct NewPassphrase {
    pub text: Zeroizing<String>,
    pub again: Zeroizing<String>,
    pub reveal: bool,
    /// Score 0 to 4, with what it was worked out for, hashed.
    pub score: Option<(u64, u8)>,
    /// As in [`FirstStartState`].
    pub keyed: RandomState,
}

impl Default for NewPassphrase {
    fn default() -> Self {
        Self {
            text: secret(),
            again: secret(),
            reveal: false,
            score: None,
            keyed: RandomState::new(),
        }
    }
}

impl Default for UnlockState {
    fn default() -> Self {
        Self {
            passphrase: secret(),
            reveal: false,
            focused: false,
            sent: false,
            remember: false,
            recovering: false,
            phrase: secret(),
            new: NewPassphrase::default(),
        }
    }
}

impl UiState {
    /// What leaves a pane for the conversation that was open before it, or for none.
    pub(crate) fn back_to_talk(&self, home: &HomeView) -> UiAction {
        let known = |channel: &ChannelKey| home.contacts.iter().any(|row| row.channel == *channel);
        self.talk_last
            .filter(known)
            .map_or(UiAction::CloseMain, UiAction::OpenChannel)
    }

    /// Forgets everything of a profile that was locked or left: what was typed, opened, scrolled to.
    pub fn leave_profile(&mut self) {
        *self = Self {
            fonts: std::mem::take(&mut self.fonts),
            map: std::mem::take(&mut self.map),
            ..Self::default()
        };
    }

    /// The drafts that the app does not know yet: before the program ends.
    pub fn take_drafts(&mut self) -> Vec<(ChannelKey, String)> {
        let talks = self.talks.iter_mut();
        talks
            .filter_map(|(channel, talk)| Some((*channel, talk.composer.take_unsaved()?)))
            .collect()
    }

    /// The stage of the call in the last pass, points; `None` while the main pane is something else. The app gives it to
    /// [`orrery_layout`](crate::layout::orrery_layout).
    #[must_use]
    pub fn call_stage(&self) -> Option<Rect> {
        self.stage
    }

    /// Whose plate or planet is under the pointer.
    #[must_use]
    pub fn call_hover(&self) -> Option<PeerKey> {
        self.call_hover
    }

    /// Where the named widgets of the last pass are.
    #[must_use]
    pub fn widgets(&self) -> &WidgetMap {
        &self.map
    }

    /// Never looks for fonts of the system: pictures come out the same everywhere.
    pub fn without_system_fonts(&mut self) {
        self.fonts.disable();
    }
}
