//! What the window keeps of its own, beside the profile: a small JSON file. Nothing in it is secret, and losing it costs
//! nothing but comfort.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};

/// Name of the file in the profile's folder.
const FILE: &str = "window.json";
/// A file longer than this is not ours.
const MAX_BYTES: u64 = 64 * 1024;

/// Preferences of the window in one profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// What the profile is called in the list of profiles; given at creation.
    pub label: String,
    /// Nothing moves that need not.
    pub reduced_motion: bool,
    /// The desktop is told about messages and calls.
    pub notifications: bool,
    /// What it is told about a message says how the text begins.
    pub notification_text: bool,
    /// Size of the window in points.
    pub size: Option<(u32, u32)>,
    /// The contact offered at first start was taken or waved off.
    pub welcome_seen: bool,
    /// When the profile was last opened, Unix ms.
    pub last_used_ms: Option<i64>,
    /// What the sound devices in the ranked lists are called, by id: shown while they are not connected.
    pub device_names: BTreeMap<String, String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            label: String::new(),
            reduced_motion: false,
            notifications: true,
            notification_text: true,
            size: None,
            welcome_seen: false,
            last_used_ms: None,
            device_names: BTreeMap::new(),
        }
    }
}

impl Preferences {
    /// Reads them. A file that is missing or damaged gives the defaults.
    #[must_use]
    pub fn read(folder: &Path) -> Self {
        let path = folder.join(FILE);
        let short = fs::metadata(&path).is_ok_and(|meta| meta.len() <= MAX_BYTES);
        let text = if short { fs::read(&path).ok() } else { None };
        text.and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    /// Writes them: a new file first, then the name, so that a stop in between leaves the old ones.
    ///
    /// # Errors
    /// What the file system says. Where there is no folder yet, nothing is written.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        if !folder.is_dir() {
            return Ok(());
        }
        let text = serde_json::to_vec_pretty(self).map_err(std::io::Error::other)?;
        let new = folder.join(format!("{FILE}.new"));
        let mut file = fs::File::create(&new)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(new, folder.join(FILE))
    }
}

/// The preferences in use, and where they stand. Changed through [`Kept::change`], which writes them.
#[derive(Resource, Clone, Debug, Default)]
pub struct Kept {
    folder: Option<PathBuf>,
    now: Preferences,
}

impl Kept {
    /// Those of a profile.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: Some(folder.to_owned()),
            now: Preferences::read(folder),
        }
    }

    /// As they are.
    #[must_use]
    pub fn get(&self) -> &Preferences {
        &self.now
    }

    /// Changes and keeps them.
    pub fn change(&mut self, change: impl FnOnce(&mut Preferences)) {
        let before = self.now.clone();
        change(&mut self.now);
        if self.now != before {
            self.keep();
        }
    }

    /// Writes them once more, for a folder that did not exist before.
    pub fn keep(&self) {
        if let Some(folder) = &self.folder
            && let Err(error) = self.now.write(folder)
        {
            tracing::warn!(kind = ?error.kind(), "the window's preferences were not written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("orrery-prefs-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn what_was_written_is_read_again() {
        let folder = folder("round");
        let mut kept = Kept::of(&folder);
        kept.change(|p| {
            p.reduced_motion = true;
            p.size = Some((1000, 700));
        });
        assert_eq!(Preferences::read(&folder), *kept.get());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_damaged_file_and_one_of_a_later_version_do_no_harm() {
        let folder = folder("damaged");
        fs::write(folder.join(FILE), b"{ not json").unwrap();
        assert_eq!(Preferences::read(&folder), Preferences::default());
        fs::write(folder.join(FILE), br#"{"reduced_motion":true,"added_later":7}"#).unwrap();
        assert!(Preferences::read(&folder).reduced_motion);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn nothing_is_written_where_there_is_no_profile() {
        let nowhere = std::env::temp_dir().join("orrery-prefs-nowhere");
        Preferences::default().write(&nowhere).unwrap();
        assert!(!nowhere.exists());
    }
}
