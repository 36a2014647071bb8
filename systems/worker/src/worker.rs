//! The worker's thread.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use orrery_link::WorkerEnd;

use crate::{
    WorkerConfig,
    driver::Driver,
    rtc::Fanout,
    signaling::{Dialer, Tls},
    sound::Sound,
};

/// Threads for the network. A packet of ours passes through three tasks; with a second thread each would wake the next on the other
/// core, which takes processor time, and peer connections would be made slower, not faster.
pub(crate) const NETWORK_THREADS: usize = 1;
/// How long tasks that were told to end may take before they are left behind.
const WIND_DOWN: Duration = Duration::from_secs(2);

/// Why a worker could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// No thread, or no network runtime.
    #[error("the system gives no thread: {0}")]
    Thread(#[from] std::io::Error),
    /// The sound file named in the configuration cannot be read or written, or the audio thread cannot be started.
    #[error("sound cannot be opened: {0}")]
    Sound(String),
    /// The extra TLS root is not a certificate.
    #[error("the extra TLS root is not a certificate")]
    Root,
}

/// The worker did not end in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the worker did not end in time")]
pub struct JoinTimeout;

/// Starts workers.
#[derive(Debug)]
pub struct Worker;

impl Worker {
    /// Starts a worker on a thread named `orrery-worker`, which owns its network runtime. It ends after
    /// [`orrery_link::Command::Shutdown`] or when the other end of the link is gone.
    ///
    /// # Errors
    /// [`SpawnError`]. Everything else that can go wrong is told by events.
    pub fn spawn(config: WorkerConfig, end: WorkerEnd) -> Result<WorkerHandle, SpawnError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(NETWORK_THREADS)
            .thread_name("orrery-net")
            .enable_all()
            .build()?;
        // For its timers alone: those of the network's would wake that thread twice for every tick of this one.
        let ticking = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let dialer = Dialer {
            tls: Tls::new(config.extra_root.as_deref()).map_err(|_| SpawnError::Root)?,
            patience: config.patience,
        };
        let fanout = Fanout::default();
        let sound = Sound::open(&config.sound, fanout.clone(), runtime.handle())
            .map_err(|error| SpawnError::Sound(error.to_string()))?;
        // Carries nothing: it closes when the thread is done.
        let (alive, done) = sync_channel::<()>(1);
        let thread = thread::Builder::new().name("orrery-worker".to_owned()).spawn(move || {
            let _alive = alive;
            let handle = runtime.handle().clone();
            ticking.block_on(Driver::new(config, end, dialer, sound, fanout, handle).run());
            runtime.shutdown_timeout(WIND_DOWN);
        })?;
        Ok(WorkerHandle { thread, done })
    }
}

/// A running worker. Dropping it lets it run on.
#[derive(Debug)]
pub struct WorkerHandle {
    thread: JoinHandle<()>,
    done: Receiver<()>,
}

impl WorkerHandle {
    /// Waits until it has ended.
    ///
    /// # Errors
    /// [`JoinTimeout`] when it has not by then; it goes on ending.
    pub fn join(self, deadline: Duration) -> Result<(), JoinTimeout> {
        match self.done.recv_timeout(deadline) {
            Err(RecvTimeoutError::Timeout) => Err(JoinTimeout),
            Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                if self.thread.join().is_err() {
                    tracing::error!("the worker ended by a defect");
                }
                Ok(())
            }
        }
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }
}
