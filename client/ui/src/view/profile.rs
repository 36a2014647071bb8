//! Before home: choosing, making and unlocking a profile, and what is shown when nothing can go on.

use super::ErrorView;

/// Several profiles on this computer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfilesView {
    /// The profiles, most recently used first.
    pub profiles: Vec<ProfileEntry>,
    /// Folder they stand in, for reading.
    pub folder: String,
    /// Why the last choice did not work.
    pub error: Option<ErrorView>,
}

/// One profile in the chooser.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileEntry {
    /// What the app knows it by (its folder's name); returned in `ChooseProfile`.
    pub id: String,
    /// The name a person gave it.
    pub name: String,
    /// When it was last used, Unix ms.
    pub last_used_ms: Option<i64>,
    /// Another running Orrery has it open.
    pub in_use: bool,
}

/// Making a profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FirstStartView {
    /// Where the profile will be stored, for reading.
    pub folder: String,
    /// Server address to start with; the person may change it.
    pub server: String,
    /// Work in progress; the form is locked while there is any.
    pub busy: Option<Busy>,
    /// Why the last try failed.
    pub error: Option<ErrorView>,
    /// There are other profiles to go back to (`BackToProfiles`).
    pub can_go_back: bool,
    /// Share of a restoration that is done, 0 to 1.
    pub progress: Option<f32>,
}

/// A locked profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnlockView {
    /// The profile's name.
    pub name: String,
    /// It has a recovery phrase.
    pub recovery: bool,
    /// The system's keyring keeps its key (`UnlockRemembered`).
    pub remembered: bool,
    /// Work in progress; the form is locked while there is any.
    pub busy: Option<Busy>,
    /// Why the last try failed (`wrong_passphrase` …).
    pub error: Option<ErrorView>,
    /// There are other profiles to go back to (`BackToProfiles`).
    pub can_go_back: bool,
}

/// What is being waited for while a profile is made or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// Argon2id runs over the passphrase. Made slow on purpose.
    DerivingKey,
    /// The database is created or opened.
    OpeningDatabase,
}

/// The program cannot go on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BrokenView {
    /// What happened.
    pub error: ErrorView,
    /// Folder of the log, offered to be opened.
    pub log_folder: String,
    /// There are profiles to go back to (`BackToProfiles`).
    pub can_go_back: bool,
}
