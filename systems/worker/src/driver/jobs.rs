//! What takes its time while the profile is open: new wraps of the vault, the keyring, exports. Each runs on a thread of
//! its own and is answered once; locking and the end stop them.

use std::{
    collections::{BTreeMap, VecDeque},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use orrery_link::{Code, Event, Notice, Passphrase, Reference, Settings};
use orrery_store::{ProfileFolder, StoreError, VaultParams};
use tokio::sync::mpsc;

use super::{Driver, Place, Report};
use crate::{
    map,
    profile::{self, Key, Progress},
};

/// How often progress is told at most.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Jobs that may be under way; one more is refused.
const MOST: usize = 32;
/// How long the profile stays open for jobs that were told to stop: as long as Argon2id may take.
const STOPPING: Duration = Duration::from_secs(5);

/// Something that is done beside the loop. It may look at whether to stop, and then has done nothing.
type Work = Box<dyn FnOnce(&AtomicBool) -> Result<(), Code> + Send>;

/// Who waits for a job.
struct Asked {
    reference: Option<Reference>,
    /// What was asked for is done already, and only a notice says that this part of it was not.
    lenient: bool,
}

/// Jobs under way.
#[derive(Default)]
pub(super) struct Jobs {
    next: u64,
    running: BTreeMap<u64, Asked>,
    /// What changes how the profile is opened is done one after the other: the one under way, and those that wait.
    turn: Option<u64>,
    queue: VecDeque<(u64, Work)>,
    /// A profile that is being restored: its command is answered by the opening, and only its progress comes from here.
    restoring: Option<(u64, Option<Reference>)>,
    /// Told to the jobs of this opening of the profile.
    stop: Arc<AtomicBool>,
}

impl Jobs {
    /// Takes a job in, unless there are too many.
    fn begin(&mut self, asked: Asked) -> Result<u64, Asked> {
        if self.running.len() >= MOST {
            return Err(asked);
        }
        self.next += 1;
        self.running.insert(self.next, asked);
        Ok(self.next)
    }

    /// Tells all of them to stop; those that have not begun never will.
    fn stop(&mut self) -> Vec<Asked> {
        self.halt();
        self.stop = Arc::default();
        let waiting = std::mem::take(&mut self.queue);
        waiting
            .into_iter()
            .filter_map(|(job, _)| self.running.remove(&job))
            .collect()
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
        if let Some(reference) = reference.or_else(|| self.jobs.running.get(&job).map(|asked| &asked.reference)) {
            let reference = reference.clone();
            self.tell(Event::TransferProgress { reference, done, total });
        }
    }

    /// A job that was given up was answered already.
    pub(super) fn job_done(&mut self, job: u64, result: Result<(), Code>) {
        if self.jobs.turn == Some(job) {
            self.jobs.turn = None;
            self.next_job();
        }
        let Some(asked) = self.jobs.running.remove(&job) else {
            return;
        };
        if result.is_ok() {
            // Whether there is a recovery phrase, or the keyring keeps the key, may have changed.
            self.tell_profile();
        }
        self.answer(asked, result);
    }

    fn answer(&mut self, asked: Asked, result: Result<(), Code>) {
        match result {
            Ok(()) => self.done(asked.reference),
            Err(code) if asked.lenient => {
                self.tell(Event::Notice(Notice::Problem { code }));
                self.done(asked.reference);
            }
            Err(code) => self.failed(asked.reference, code),
        }
    }

    /// Does something in its turn.
    fn in_turn(&mut self, asked: Asked, work: impl FnOnce(&AtomicBool) -> Result<(), Code> + Send + 'static) {
        match self.jobs.begin(asked) {
            Ok(job) => {
                self.jobs.queue.push_back((job, Box::new(work)));
                self.next_job();
            }
            Err(asked) => self.answer(asked, Err(Code::Overloaded)),
        }
    }

    fn next_job(&mut self) {
        if self.jobs.turn.is_none()
            && let Some((job, work)) = self.jobs.queue.pop_front()
        {
            self.jobs.turn = Some(job);
            let stop = Arc::clone(&self.jobs.stop);
            let answer = Answer::new(job, self.reporter.clone());
            self.runtime.spawn_blocking(move || answer.give(work(&stop)));
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
        let asked = Asked {
            reference,
            lenient: false,
        };
        self.in_turn(asked, move |_| {
            let result = match work(&folder, params) {
                Err(StoreError::Memory) => work(&folder, VaultParams::FLOOR),
                result => result,
            };
            result.map_err(|error| map::of_store(&error))
        });
    }

    /// Has the keyring keep the key of the open profile, or forget it.
    pub(super) fn set_remembered(&mut self, on: bool, reference: Option<Reference>) {
        self.remember(
            on,
            Asked {
                reference,
                lenient: false,
            },
        );
    }

    /// The profile was opened, and its key is to be kept.
    pub(super) fn remember_opened(&mut self, reference: Option<Reference>) {
        self.remember(
            true,
            Asked {
                reference,
                lenient: true,
            },
        );
    }

    fn remember(&mut self, on: bool, asked: Asked) {
        let Place::Inside(session) = &self.place else {
            self.answer(asked, Err(Code::Locked));
            return;
        };
        let store = session.engine.store();
        let (memory, key, commits) = (session.memory.clone(), store.database_key(), store.commits());
        self.in_turn(asked, move |stop| {
            if on {
                memory.keep(&key, commits, stop)
            } else {
                memory.forget(stop)
            }
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
        let asked = Asked {
            reference,
            lenient: false,
        };
        let job = match self.jobs.begin(asked) {
            Ok(job) => job,
            Err(asked) => {
                self.answer(asked, Err(Code::Overloaded));
                return;
            }
        };
        let mut progress = self.jobs.progress(job, self.reporter.clone());
        let answer = Answer::new(job, self.reporter.clone());
        self.runtime.spawn_blocking(move || {
            answer.give(export.run(&mut progress).map_err(|error| map::of_store(&error)));
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

    /// Waits for jobs that were told to stop, as long as that is sensible: what is answered must be true.
    pub(super) async fn finish_jobs(&mut self) {
        let deadline = tokio::time::Instant::now() + STOPPING;
        while !self.jobs.running.is_empty() {
            match tokio::time::timeout_at(deadline, self.reports.recv()).await {
                Ok(Some(report)) => self.report(report),
                Ok(None) | Err(_) => break,
            }
        }
        self.jobs.turn = None;
        for asked in std::mem::take(&mut self.jobs.running).into_values() {
            self.answer(asked, Err(Code::Locked));
        }
    }

    /// Tells jobs to stop, and refuses those that wait.
    pub(super) fn stop_jobs(&mut self) {
        for asked in self.jobs.stop() {
            self.answer(asked, Err(Code::Locked));
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
        self.sound.set_test(false, false);
        self.sound.set_settings(&Settings::default());
        self.sound.forget_people();
        // What was lively comes to rest with one last look.
        self.was_lively = true;
        self.tell_profile();
        self.done(reference);
    }
}

/// Says what came of a job, also when that is that it broke.
struct Answer {
    job: u64,
    reporter: mpsc::Sender<Report>,
    given: bool,
}

impl Answer {
    const fn new(job: u64, reporter: mpsc::Sender<Report>) -> Self {
        Self {
            job,
            reporter,
            given: false,
        }
    }

    /// Waits for room; not for a loop.
    fn give(mut self, result: Result<(), Code>) {
        self.given = true;
        let job = self.job;
        // Closed when the worker ends.
        let _ = self.reporter.blocking_send(Report::Job { job, result });
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if !self.given {
            let (job, result) = (self.job, Err(Code::Internal));
            let _ = self.reporter.try_send(Report::Job { job, result });
        }
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
