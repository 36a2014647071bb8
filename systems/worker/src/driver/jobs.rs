//! What takes its time while the profile is open: new wraps of the vault, exports. Each runs on a thread of its own and is
//! answered once; locking and the end stop them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use orrery_link::{Code, Event, Passphrase, Reference};
use orrery_store::{ProfileFolder, StoreError, VaultParams};
use tokio::sync::mpsc;

use super::{Driver, Place, Report};
use crate::{
    map,
    profile::{self, Key, Progress},
};

/// How often progress is told at most.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Jobs under way.
#[derive(Default)]
pub(super) struct Jobs {
    next: u64,
    running: BTreeMap<u64, Option<Reference>>,
    /// A profile that is being restored: its command is answered by the opening, and only its progress comes from here.
    restoring: Option<(u64, Option<Reference>)>,
    /// Told to the jobs of this opening of the profile.
    stop: Arc<AtomicBool>,
    /// Vaults are rewritten one after the other.
    vault: Arc<Mutex<()>>,
}

impl Jobs {
    fn begin(&mut self, reference: Option<Reference>) -> u64 {
        self.next += 1;
        self.running.insert(self.next, reference);
        self.next
    }

    /// Stops all of them; what they were asked for is to be refused.
    pub(super) fn stop(&mut self) -> Vec<Option<Reference>> {
        self.stop.store(true, Ordering::Release);
        self.stop = Arc::default();
        std::mem::take(&mut self.running).into_values().collect()
    }

    /// Tells a restoration that nobody waits for it any more.
    pub(super) fn halt(&self) {
        self.stop.store(true, Ordering::Release);
    }

    /// The opening is over.
    pub(super) fn opened(&mut self) {
        self.restoring = None;
    }

    fn progress(&self, job: u64, reporter: mpsc::Sender<Report>) -> Progress {
        let stop = Arc::clone(&self.stop);
        let mut told: Option<Instant> = None;
        Box::new(move |done, total| {
            if told.is_none_or(|told| told.elapsed() >= PROGRESS_EVERY) || done == total {
                told = Some(Instant::now());
                // One that finds the lane full is not missed: the next one says more.
                let _ = reporter.try_send(Report::Progress { job, done, total });
            }
            !stop.load(Ordering::Acquire)
        })
    }
}

impl Driver {
    pub(super) fn job_progress(&mut self, job: u64, done: u64, total: u64) {
        let restoring = self.jobs.restoring.as_ref().filter(|(restoring, _)| *restoring == job);
        let reference = restoring.map(|(_, reference)| reference);
        if let Some(reference) = reference.or_else(|| self.jobs.running.get(&job)) {
            let reference = reference.clone();
            self.tell(Event::TransferProgress { reference, done, total });
        }
    }

    /// A job that was stopped was answered already.
    pub(super) fn job_done(&mut self, job: u64, result: Result<(), Code>) {
        let Some(reference) = self.jobs.running.remove(&job) else {
            return;
        };
        match result {
            Ok(()) => {
                // Whether there is a recovery phrase may have changed.
                self.tell_profile();
                self.done(reference);
            }
            Err(code) => self.failed(reference, code),
        }
    }

    /// Does something to the vault of the open profile.
    fn rewrap(
        &mut self,
        reference: Option<Reference>,
        work: impl Fn(&ProfileFolder, VaultParams) -> Result<(), StoreError> + Send + 'static,
    ) {
        let Place::Inside(session) = &self.place else {
            self.failed(reference, Code::Locked);
            return;
        };
        let (folder, params) = (Arc::clone(&session.folder), self.config.argon);
        let (job, vault, reporter) = (
            self.jobs.begin(reference),
            Arc::clone(&self.jobs.vault),
            self.reporter.clone(),
        );
        self.runtime.spawn_blocking(move || {
            let guard = vault.lock().unwrap_or_else(PoisonError::into_inner);
            let result = match work(&folder, params) {
                Err(StoreError::Memory) => work(&folder, VaultParams::FLOOR),
                result => result,
            };
            drop(guard);
            // Before the answer: whoever is answered may lock and unlock at once.
            drop(folder);
            let result = result.map_err(|error| map::of_store(&error));
            // Closed when the worker ends.
            let _ = reporter.blocking_send(Report::Job { job, result });
        });
    }

    pub(super) fn change_passphrase(&mut self, old: Passphrase, new: Passphrase, reference: Option<Reference>) {
        self.rewrap(reference, move |folder, params| {
            folder.change_passphrase(old.reveal(), new.reveal(), params, &mut rand::rng())
        });
    }

    /// Makes a recovery phrase; `None` takes it away.
    pub(super) fn set_recovery(
        &mut self,
        passphrase: Passphrase,
        phrase: Option<&Passphrase>,
        reference: Option<Reference>,
    ) {
        match phrase.map(profile::read_phrase).transpose() {
            Ok(phrase) => self.rewrap(reference, move |folder, params| {
                let rng = &mut rand::rng();
                match &phrase {
                    Some(phrase) => folder.set_recovery(passphrase.reveal(), phrase, params, rng),
                    None => folder.remove_recovery(passphrase.reveal(), rng),
                }
            }),
            Err(code) => self.failed(reference, code),
        }
    }

    pub(super) fn export(&mut self, path: &str, reference: Option<Reference>) {
        let Place::Inside(session) = &self.place else {
            self.failed(reference, Code::Locked);
            return;
        };
        let prepared = file_at(path).and_then(|target| {
            session
                .engine
                .store()
                .export(&target)
                .map_err(|error| map::of_store(&error))
        });
        let export = match prepared {
            Ok(export) => export,
            Err(code) => {
                self.failed(reference, code);
                return;
            }
        };
        let job = self.jobs.begin(reference);
        let reporter = self.reporter.clone();
        let mut progress = self.jobs.progress(job, reporter.clone());
        self.runtime.spawn_blocking(move || {
            let result = export.run(&mut progress).map_err(|error| map::of_store(&error));
            let _ = reporter.blocking_send(Report::Job { job, result });
        });
    }

    pub(super) fn restore(&mut self, path: &str, secret: Passphrase, reference: Option<Reference>) {
        match file_at(path) {
            Ok(source) => {
                self.jobs.next += 1;
                let job = self.jobs.next;
                let progress = self.jobs.progress(job, self.reporter.clone());
                let key = Key::Restore {
                    source,
                    secret,
                    progress,
                };
                self.open(key, reference.clone());
                if matches!(self.place, Place::Opening { .. }) && self.jobs.restoring.is_none() {
                    self.jobs.restoring = Some((job, reference));
                }
            }
            Err(code) => self.failed(reference, code),
        }
    }

    /// Closes the profile and goes on; the folder stays ours.
    pub(super) async fn lock(&mut self, reference: Option<Reference>) {
        match &self.place {
            Place::Inside(_) => {}
            Place::Opening { .. } => {
                self.failed(reference, Code::ProfileInUse);
                return;
            }
            Place::Outside(_) => {
                self.done(reference);
                return;
            }
        }
        self.close_profile().await;
        self.sound.set_test(false);
        // What was lively comes to rest with one last look.
        self.was_lively = true;
        self.tell_profile();
        self.done(reference);
    }
}

/// A file as a person names it: absolute, or in the home folder.
///
/// # Errors
/// [`Code::NoSuchFile`] for anything else: what a relative path is relative to, a window does not show.
fn file_at(path: &str) -> Result<PathBuf, Code> {
    let path = path.trim();
    let path = match path.strip_prefix("~/") {
        Some(rest) => PathBuf::from(std::env::var_os("HOME").ok_or(Code::NoSuchFile)?).join(rest),
        None => PathBuf::from(path),
    };
    let named = path.file_name().is_some() && !path.as_os_str().as_encoded_bytes().contains(&0);
    if Path::is_absolute(&path) && named {
        Ok(path)
    } else {
        Err(Code::NoSuchFile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_from_the_root_or_from_home() {
        let root = if cfg!(windows) {
            "C:\\x\\a.orrery"
        } else {
            "/x/a.orrery"
        };
        assert_eq!(file_at(&format!(" {root} ")), Ok(PathBuf::from(root)));
        if let Some(home) = std::env::var_os("HOME") {
            assert_eq!(file_at("~/a.orrery"), Ok(PathBuf::from(home).join("a.orrery")));
        }
        for bad in ["", "a.orrery", "./a", "~", "/", "/..", "/a\0b"] {
            assert_eq!(file_at(bad), Err(Code::NoSuchFile), "{bad:?}");
        }
    }
}
