//! The system's keyring, as a cache of the database key and nothing more: the passphrase opens the profile whatever
//! becomes of it, and where there is no keyring there is no file in its place.
//!
//! A keyring may be a program that hangs, or one that asks a person first. Nothing here waits for it longer than it
//! says, and what comes too late is undone.

mod remembered;
mod system;

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

pub(crate) use remembered::Memory;
use zeroize::Zeroizing;

/// How long a keyring may take to be there.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may take after that where a person waits for it: it may want a password of its own first.
const ASKING: Duration = Duration::from_secs(30);
/// How often it is looked whether the answer is still wanted.
const LOOK: Duration = Duration::from_millis(50);
/// Questions under way. One more finds the keyring unavailable at once: it hangs.
const MOST: usize = 4;

/// There is no keyring, or it does not answer, or it refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system's keyring cannot be used")]
pub struct Unavailable;

/// Where small secrets are kept by name. Everything here may take as long as it likes.
pub trait SecretStore: Send + Sync {
    /// Whether it is there at all; asks nobody for anything.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn reach(&self) -> Result<(), Unavailable>;
    /// The secret of this name; `None` when there is none.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Unavailable>;
    /// Keeps a secret, in the place of an earlier one.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn set(&self, name: &str, secret: &[u8]) -> Result<(), Unavailable>;
    /// Forgets a secret, if there is one.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn remove(&self, name: &str) -> Result<(), Unavailable>;
}

/// A keyring, with a bound on how long anybody waits for it.
#[derive(Clone)]
pub struct Keyring {
    store: Arc<dyn SecretStore>,
    patience: Duration,
    asking: Duration,
    /// One question at a time, in the order of asking.
    turn: Arc<Mutex<()>>,
    waiting: Arc<AtomicUsize>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").finish_non_exhaustive()
    }
}

impl Keyring {
    /// The system's own: Secret Service, macOS Keychain, Windows Credential Manager.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Arc::new(system::System))
    }

    /// Another one.
    #[must_use]
    pub fn new(store: Arc<dyn SecretStore>) -> Self {
        Self {
            store,
            patience: PATIENCE,
            asking: ASKING,
            turn: Arc::default(),
            waiting: Arc::default(),
        }
    }

    /// Waits no longer than this, whatever is asked.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self.asking = patience;
        self
    }

    /// For who waits: a keyring that is there may ask for a password of its own.
    fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Unavailable> {
        self.reach(&AtomicBool::new(false))?;
        self.read(name, self.asking)
    }

    /// For who can do without.
    fn glance(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Unavailable> {
        self.read(name, self.patience)
    }

    fn read(&self, name: &str, patience: Duration) -> Result<Option<Zeroizing<Vec<u8>>>, Unavailable> {
        let name = name.to_owned();
        self.ask(patience, &AtomicBool::new(false), move |store| store.get(&name), |_| {})
    }

    /// For who waits, unless told to `stop`; then, or when it comes too late, the secret is removed again.
    fn set(&self, name: &str, secret: Zeroizing<Vec<u8>>, stop: &AtomicBool) -> Result<(), Unavailable> {
        self.reach(stop)?;
        let (name, late) = (name.to_owned(), name.to_owned());
        self.ask(
            self.asking,
            stop,
            move |store| store.set(&name, &secret),
            move |store| {
                let _ = store.remove(&late);
            },
        )
    }

    /// Replaces a secret that matters little; one that comes too late stays.
    fn note(&self, name: &str, secret: [u8; 8], patience: Duration) -> Result<(), Unavailable> {
        let name = name.to_owned();
        self.ask(
            patience,
            &AtomicBool::new(false),
            move |store| store.set(&name, &secret),
            |_| {},
        )
    }

    /// For who waits, unless told to `stop`.
    fn remove(&self, name: &str, stop: &AtomicBool) -> Result<(), Unavailable> {
        self.reach(stop)?;
        let name = name.to_owned();
        self.ask(self.asking, stop, move |store| store.remove(&name), |_| {})
    }

    fn reach(&self, stop: &AtomicBool) -> Result<(), Unavailable> {
        self.ask(self.patience, stop, |store| store.reach(), |_| {})
    }

    /// Asks on a thread of its own, which is left behind when the answer is not there in time. What it did nonetheless is
    /// undone by `late`.
    fn ask<T: Send + 'static>(
        &self,
        patience: Duration,
        stop: &AtomicBool,
        work: impl FnOnce(&dyn SecretStore) -> Result<T, Unavailable> + Send + 'static,
        late: impl FnOnce(&dyn SecretStore) + Send + 'static,
    ) -> Result<T, Unavailable> {
        let place = Waiting::take(&self.waiting)?;
        let gone = Arc::new(AtomicBool::new(false));
        // Without room: sending fails when nobody takes it, so that an answer is either heard or undone.
        let (answer, answers): (SyncSender<Result<T, Unavailable>>, _) = sync_channel(0);
        let (store, turn, unwanted) = (Arc::clone(&self.store), Arc::clone(&self.turn), Arc::clone(&gone));
        let asking = move || {
            let _place = place;
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            if unwanted.load(Ordering::Acquire) {
                return;
            }
            let result = work(&*store);
            let done = result.is_ok();
            if answer.send(result).is_err() && done {
                late(&*store);
            }
        };
        thread::Builder::new()
            .name("orrery-keyring".to_owned())
            .spawn(asking)
            .map_err(|_| Unavailable)?;
        let asked = Instant::now();
        let result = loop {
            let left = patience.saturating_sub(asked.elapsed());
            match answers.recv_timeout(left.min(LOOK)) {
                Ok(result) => break result,
                Err(RecvTimeoutError::Timeout) if !left.is_zero() && !stop.load(Ordering::Acquire) => {}
                Err(_) => break Err(Unavailable),
            }
        };
        gone.store(true, Ordering::Release);
        if result.is_err() {
            // Why, a keyring says in words that may hold what it keeps.
            tracing::warn!("the system's keyring did not do what it was asked for");
        }
        result
    }
}

/// A place among the questions under way.
struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    fn take(waiting: &Arc<AtomicUsize>) -> Result<Self, Unavailable> {
        let place = Self(Arc::clone(waiting));
        if waiting.fetch_add(1, Ordering::AcqRel) < MOST {
            Ok(place)
        } else {
            Err(Unavailable)
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests;
