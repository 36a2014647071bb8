//! Checking the whole database while it is in use.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rusqlite::{Connection, InterruptHandle};

use crate::StoreError;

/// How many findings are listed; one is enough to act on.
const FINDINGS: usize = 20;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Integrity {
    /// Every page and index is what was written.
    Sound,
    /// Something is not; in the database's words, which name pages and tables, never content.
    Damaged(Vec<String>),
    /// It was stopped before it was done.
    Stopped,
}

/// A check, ready to run beside the open store. Holds a read-only connection of its own; reads every page, so it takes
/// seconds on a large history and belongs on a thread where nobody waits.
#[derive(Debug)]
pub struct IntegrityCheck {
    connection: Connection,
    stopped: Arc<AtomicBool>,
}

/// Stops a running check from another thread.
pub struct Stopper {
    interrupt: InterruptHandle,
    stopped: Arc<AtomicBool>,
}

impl Stopper {
    /// The check ends soon with [`Integrity::Stopped`]; no effect on one that is over.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.interrupt.interrupt();
    }
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stopper")
    }
}

impl IntegrityCheck {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            stopped: Arc::default(),
        }
    }

    /// A handle that stops it while it runs.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper {
            interrupt: self.connection.get_interrupt_handle(),
            stopped: Arc::clone(&self.stopped),
        }
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// When the database cannot be asked at all. Damage is not an error but the answer.
    pub fn run(self) -> Result<Integrity, StoreError> {
        if self.is_stopped() {
            return Ok(Integrity::Stopped);
        }
        // Through the pager: every page that holds something is decrypted and authenticated on the way, the search
        // index is walked too, and what the writer does meanwhile is not seen.
        let findings = self.ask(&format!("PRAGMA integrity_check({FINDINGS})"));
        match findings {
            Ok(lines) if lines == ["ok"] => Ok(Integrity::Sound),
            // Cut short in the middle, it reports whatever it was looking at as wrong.
            _ if self.is_stopped() => Ok(Integrity::Stopped),
            Ok(lines) => Ok(Integrity::Damaged(self.with_pages(lines))),
            Err(error) => match StoreError::from(error) {
                StoreError::Damaged => Ok(Integrity::Damaged(
                    self.with_pages(vec!["a page could not be read".to_owned()]),
                )),
                other => Err(other),
            },
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Adds the pages that fail their authentication. This reads the file past the pager and could catch a page half
    /// written, so it is asked only once damage is certain.
    fn with_pages(&self, mut lines: Vec<String>) -> Vec<String> {
        lines.extend(self.ask("PRAGMA cipher_integrity_check").unwrap_or_default());
        lines.truncate(FINDINGS);
        lines
    }

    fn ask(&self, sql: &str) -> rusqlite::Result<Vec<String>> {
        self.connection
            .prepare(sql)?
            .query_map([], |row| row.get(0))?
            .take(FINDINGS)
            .collect()
    }
}
