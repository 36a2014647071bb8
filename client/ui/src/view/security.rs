//! Safety numbers, and what protects the profile.

use std::fmt;

use zeroize::Zeroize;

use super::{ErrorView, PeerKey};

/// Comparing safety numbers with somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct CompareView {
    /// With whom.
    pub peer: PeerKey,
    /// Own key, for the planet.
    pub me: PeerKey,
    /// Their name here.
    pub name: String,
    /// They are marked as verified.
    pub verified: bool,
    /// A contact, and so somebody who can be marked.
    pub contact: bool,
    /// The number; `None` until it is there.
    pub number: Option<NumberView>,
    /// What came of comparing with what was pasted.
    pub outcome: Outcome,
}

/// A safety number.
#[derive(Clone, PartialEq, Eq)]
pub struct NumberView {
    /// Sixty digits.
    pub digits: String,
    /// Bytes of the code that the other side scans.
    pub code: Vec<u8>,
}

impl fmt::Debug for NumberView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NumberView(hidden)")
    }
}

/// What came of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was compared yet.
    #[default]
    None,
    /// Both are the same.
    Same,
    /// They differ.
    Differs,
    /// What was pasted cannot be compared.
    Bad(ErrorView),
}

/// What protects the profile, for the settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecurityView {
    /// There is a recovery phrase.
    pub recovery: bool,
    /// The system's keyring keeps the key.
    pub remembered: bool,
    /// Words that were just made, to be written down before they are kept.
    pub words: Option<Words>,
    /// What is being worked at.
    pub work: Option<Work>,
    /// Share of the export that is done, 0 to 1.
    pub progress: Option<f32>,
    /// What was done last.
    pub done: Option<Work>,
    /// Where the last export was written.
    pub exported: Option<String>,
    /// What could not be done, and why.
    pub failed: Option<(Work, ErrorView)>,
    /// A file to export to.
    pub export_path: String,
    /// Minutes without a hand on the window until it locks; 0 for never.
    pub lock_after_min: u32,
    /// Grows whenever something was done, so that fields that held secrets are emptied.
    pub count: u64,
}

/// Something done to what protects the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A new passphrase.
    Passphrase,
    /// A recovery phrase is made.
    Phrase,
    /// The recovery phrase goes.
    NoPhrase,
    /// The system's keyring keeps the key, or forgets it.
    Remember,
    /// Everything into one file.
    Export,
}

/// Words of a recovery phrase: wiped on drop, hidden in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Words(pub Vec<String>);

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words(hidden)")
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(Zeroize::zeroize);
    }
}
