//! The profiles of this computer: folders beside each other.

use std::fs;
use std::path::{Path, PathBuf};

use orrery_ui::view::ProfileEntry;

use crate::prefs::Preferences;

/// Folder for new profiles below the data folder.
const PROFILES: &str = "profiles";
/// Name of the file in a profile's folder that is locked while it is open.
const LOCK: &str = "lock";
/// More folders than this are not looked at.
const MAX_PROFILES: usize = 200;

/// Where profiles are looked for and made.
#[derive(Clone, Debug)]
pub struct Profiles {
    root: PathBuf,
}

impl Profiles {
    /// The folder of this person's profiles; `None` where the system names no folder for data.
    #[must_use]
    pub fn of_this_person() -> Option<Self> {
        let dirs = directories::ProjectDirs::from("", "", "orrery")?;
        Some(Self {
            root: dirs.data_dir().join(PROFILES),
        })
    }

    /// A given folder.
    #[cfg(test)]
    fn below(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder, for reading.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of a profile. An id that is not a plain folder name names nothing.
    #[must_use]
    pub fn folder(&self, id: &str) -> Option<PathBuf> {
        let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_. ".contains(&b));
        (plain && !id.starts_with('.')).then(|| self.root.join(id))
    }

    /// All profiles with whether another process has them open. Not while a worker of ours is about to open one: the look
    /// would be in its way.
    #[must_use]
    pub fn list_with_use(&self) -> Vec<ProfileEntry> {
        let mut list = self.list();
        for entry in &mut list {
            entry.in_use = self.folder(&entry.id).is_some_and(|folder| is_open(&folder));
        }
        list
    }

    /// All profiles, the last used first. Whether they are in use is not looked at.
    #[must_use]
    pub fn list(&self) -> Vec<ProfileEntry> {
        let Ok(entries) = fs::read_dir(&self.root) else {
            return Vec::new();
        };
        let mut found: Vec<ProfileEntry> = entries
            .filter_map(Result::ok)
            .take(MAX_PROFILES)
            .filter(|entry| entry.path().is_dir())
            .filter_map(|entry| {
                let id = entry.file_name().into_string().ok()?;
                let folder = self.folder(&id)?;
                // A folder that was only begun holds nothing to unlock.
                let prefs = Preferences::read(&folder);
                (!is_begun(&folder)).then(|| ProfileEntry {
                    name: if prefs.label.is_empty() {
                        id.clone()
                    } else {
                        prefs.label
                    },
                    id,
                    last_used_ms: prefs.last_used_ms,
                    in_use: false,
                })
            })
            .collect();
        found.sort_by(|a, b| b.last_used_ms.cmp(&a.last_used_ms).then_with(|| a.id.cmp(&b.id)));
        found
    }

    /// The folder of the profile that was used last.
    #[must_use]
    pub fn last_used(&self) -> Option<PathBuf> {
        self.list().first().and_then(|entry| self.folder(&entry.id))
    }

    /// A folder for one more profile. It does not exist yet.
    #[must_use]
    pub fn fresh(&self) -> PathBuf {
        (1..)
            .map(|n: u32| self.root.join(format!("profile-{n}")))
            .find(|folder| !folder.exists() || (is_begun(folder) && !is_open(folder)))
            .unwrap_or_else(|| self.root.join("profile"))
    }
}

/// Whether a process holds a profile's lock. The lock is let go of at once where it was free.
fn is_open(folder: &Path) -> bool {
    fs::File::open(folder.join(LOCK)).is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
}

/// What stands in a folder before there is a profile in it: somebody looked at the form for a new one, and went away.
const BEFORE: [&str; 4] = [LOCK, "logs", "window.json", "window.json.new"];

/// Whether a folder was only begun: nothing in it could be unlocked.
fn is_begun(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|files| {
        let mut files = files.filter_map(Result::ok);
        files.all(|file| BEFORE.iter().any(|known| file.file_name() == *known))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_lead_out_of_the_folder() {
        let profiles = Profiles::below("/data".into());
        assert_eq!(profiles.folder("profile-1"), Some("/data/profile-1".into()));
        for id in ["", "..", "../x", "a/b", "a\\b", ".hidden"] {
            assert_eq!(profiles.folder(id), None, "{id}");
        }
    }

    #[test]
    fn a_profile_that_another_process_has_open_is_said_to_be() {
        let root = std::env::temp_dir().join(format!("orrery-profiles-use-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let profiles = Profiles::below(root.clone());
        for name in ["open", "shut"] {
            fs::create_dir_all(root.join(name)).unwrap();
            fs::write(root.join(name).join(LOCK), b"").unwrap();
            fs::write(root.join(name).join("vault"), b"x").unwrap();
        }
        let held = fs::File::open(root.join("open").join(LOCK)).unwrap();
        held.lock().unwrap();
        let in_use = |profiles: &Profiles| -> Vec<(String, bool)> {
            let list = profiles.list_with_use();
            list.into_iter().map(|entry| (entry.id, entry.in_use)).collect()
        };
        assert_eq!(in_use(&profiles), [("open".into(), true), ("shut".into(), false)]);
        drop(held);
        assert_eq!(in_use(&profiles), [("open".into(), false), ("shut".into(), false)]);
        fs::remove_dir_all(root).unwrap();
    }

    /// Whoever opens the form for a new profile and leaves it has made none, and gets the same folder the next time.
    #[test]
    fn a_folder_that_was_only_begun_is_no_profile() {
        let root = std::env::temp_dir().join(format!("orrery-profiles-begun-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let profiles = Profiles::below(root.clone());
        let begun = profiles.fresh();
        fs::create_dir_all(begun.join("logs")).unwrap();
        fs::write(begun.join(LOCK), b"").unwrap();
        Preferences::default().write(&begun).unwrap();
        assert_eq!((profiles.list(), profiles.fresh()), (vec![], begun.clone()));
        // Another window has the form open just now.
        let held = fs::File::open(begun.join(LOCK)).unwrap();
        held.lock().unwrap();
        assert_ne!(profiles.fresh(), begun);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_fresh_folder_is_no_other_profiles() {
        let root = std::env::temp_dir().join(format!("orrery-profiles-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let profiles = Profiles::below(root.clone());
        assert_eq!(profiles.list(), vec![]);
        let first = profiles.fresh();
        fs::create_dir_all(&first).unwrap();
        fs::write(first.join("vault"), b"x").unwrap();
        assert_ne!(profiles.fresh(), first);
        let label = Preferences {
            label: "Rhea".into(),
            ..Preferences::default()
        };
        label.write(&first).unwrap();
        assert_eq!(profiles.list()[0].name, "Rhea");
        let second = profiles.fresh();
        fs::create_dir_all(&second).unwrap();
        fs::write(second.join("vault"), b"x").unwrap();
        let used = Preferences {
            last_used_ms: Some(5),
            ..Preferences::default()
        };
        used.write(&second).unwrap();
        assert_eq!(profiles.last_used(), Some(second));
        fs::remove_dir_all(root).unwrap();
    }
}
