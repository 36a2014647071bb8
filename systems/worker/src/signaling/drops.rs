//! Depositing envelopes and fetching prekeys at other people's servers, over sockets that never log in: one a server,
//! made when needed, closed when idle.

use std::collections::{HashMap, VecDeque};

use orrery_core::io::DropFailure;
use orrery_protocol::{PeerId, frame::DepositToken, prekey::PrekeyBundle};
use tokio::{runtime, sync::mpsc};

use super::{Dialer, Reach, ServerAddress, drop_socket};

/// Requests waiting for one server. When full, the request is answered with "later" at once.
pub(crate) const JOB_CAPACITY: usize = 256;
/// Results under way to the driver. When full, a socket's task waits and takes no more requests.
const RESULT_CAPACITY: usize = 1024;
/// Sockets at a time. One more closes the one that was used longest ago.
const SOCKETS: usize = 32;
/// After this long a request that found the queue full may be tried again, milliseconds.
const FULL_RETRY_MS: u64 = 1_000;

/// What to do at a server.
pub(crate) enum Task {
    /// Deposit.
    Deposit {
        /// Whose mailbox.
        to: PeerId,
        /// What entitles to it.
        token: DepositToken,
        /// Sealed bytes.
        envelope: Vec<u8>,
        /// Kept for who is away.
        keep: bool,
    },
    /// Fetch.
    Fetch {
        /// Whose prekeys.
        peer: PeerId,
        /// What entitles to them.
        token: DepositToken,
    },
}

/// A task with the core's number for it.
pub(crate) struct Job {
    pub ticket: u64,
    pub task: Task,
}

impl Job {
    /// The job's answer when nothing came of it.
    pub(crate) fn failed(&self, failure: DropFailure) -> DropResult {
        let outcome = match self.task {
            Task::Deposit { .. } => Outcome::Deposited(Err(failure)),
            Task::Fetch { .. } => Outcome::Fetched(Err(failure)),
        };
        DropResult {
            ticket: self.ticket,
            outcome,
        }
    }
}

/// What came of a job.
#[derive(Debug)]
pub(crate) struct DropResult {
    /// The core's number for it.
    pub ticket: u64,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a job, by its kind.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A deposit.
    Deposited(Result<(), DropFailure>),
    /// A fetch.
    Fetched(Result<Box<PrekeyBundle>, DropFailure>),
}

struct Line {
    jobs: mpsc::Sender<Job>,
    used: u64,
}

/// All drop sockets.
pub(crate) struct Drops {
    runtime: runtime::Handle,
    home: ServerAddress,
    dialer: Dialer,
    lines: HashMap<ServerAddress, Line>,
    uses: u64,
    outbox: mpsc::Sender<DropResult>,
    results: mpsc::Receiver<DropResult>,
    /// Answers that needed no socket; bounded by what the core asks for in one go.
    immediate: VecDeque<DropResult>,
    /// Tasks without their answer.
    open: usize,
}

impl Drops {
    /// `home`: our own server, which says whether others may be on this machine.
    pub(crate) fn new(runtime: runtime::Handle, home: ServerAddress, dialer: Dialer) -> Self {
        let (outbox, results) = mpsc::channel(RESULT_CAPACITY);
        Self {
            runtime,
            home,
            dialer,
            lines: HashMap::new(),
            uses: 0,
            outbox,
            results,
            immediate: VecDeque::new(),
            open: 0,
        }
    }

    /// Does something at the server `via`; answered by exactly one result.
    pub(crate) fn start(&mut self, via: &str, ticket: u64, task: Task) {
        let job = Job { ticket, task };
        self.open += 1;
        let Ok(address) = ServerAddress::parse(via) else {
            // A contact told an address that is none: nobody will ever answer there.
            self.immediate.push_back(job.failed(DropFailure::Unreachable));
            return;
        };
        self.uses += 1;
        let uses = self.uses;
        let job = match self.lines.get_mut(&address) {
            Some(line) => {
                line.used = uses;
                match line.jobs.try_send(job) {
                    Ok(()) => return,
                    Err(mpsc::error::TrySendError::Full(job)) => {
                        self.immediate.push_back(job.failed(DropFailure::Later {
                            retry_ms: FULL_RETRY_MS,
                        }));
                        return;
                    }
                    // It was idle or broke; a new one is made.
                    Err(mpsc::error::TrySendError::Closed(job)) => job,
                }
            }
            None => job,
        };
        self.make_room();
        let reach = self.reach(&address);
        let (jobs, inbox) = mpsc::channel(JOB_CAPACITY);
        // The lane is empty: the job fits.
        let _ = jobs.try_send(job);
        self.runtime.spawn(drop_socket::run(
            address.clone(),
            reach,
            self.dialer.clone(),
            inbox,
            self.outbox.clone(),
        ));
        self.lines.insert(address, Line { jobs, used: uses });
    }

    /// Whoever names a server on this machine as theirs would have us open connections to whatever listens in here. It
    /// can be one only for who is at home on this machine as well.
    fn reach(&self, address: &ServerAddress) -> Reach {
        if self.home.is_loopback() || *address == self.home {
            Reach::Anywhere
        } else {
            Reach::Elsewhere
        }
    }

    /// Our own server is another one now.
    pub(crate) fn move_to(&mut self, home: ServerAddress) {
        if self.home.is_loopback() && !home.is_loopback() {
            // Each answers what it has and closes; some of them could not be made any more.
            self.lines.clear();
        }
        self.home = home;
    }

    fn make_room(&mut self) {
        self.lines.retain(|_, line| !line.jobs.is_closed());
        while self.lines.len() >= SOCKETS {
            let oldest = self
                .lines
                .iter()
                .min_by_key(|(_, line)| line.used)
                .map(|(address, _)| address.clone());
            let Some(oldest) = oldest else { return };
            // Its task answers what it has and closes.
            self.lines.remove(&oldest);
        }
    }

    /// The machine slept: no socket is worth anything.
    pub(crate) fn reconnect(&mut self) {
        self.lines.clear();
    }

    /// What came of a job; may be given up and called again.
    pub(crate) async fn result(&mut self) -> DropResult {
        let result = match self.immediate.pop_front() {
            Some(result) => result,
            None => match self.results.recv().await {
                Some(result) => result,
                // Cannot be: the other end is kept here.
                None => std::future::pending().await,
            },
        };
        self.open = self.open.saturating_sub(1);
        result
    }

    /// Whether an answer is still to come.
    pub(crate) fn is_busy(&self) -> bool {
        self.open > 0
    }
}

#[cfg(test)]
mod tests;
