//! The lanes between the two ends, and the worker's backlog.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{Event, Gauges, Request, gauges::GaugeBoard};

/// Commands under way. When full, the sender keeps the command and tries again; nothing is dropped.
pub const COMMAND_CAPACITY: usize = 256;
/// Events under way. When full, the worker keeps them in its [`Backlog`] and never waits.
pub const EVENT_CAPACITY: usize = 1024;
/// Events the worker keeps for a window that takes none. When full, all are dropped for one [`Event::Resync`], upon
/// which the window reloads from the store.
pub const BACKLOG_CAPACITY: usize = 8192;

/// Wakes a sleeping window.
type Wake = Box<dyn Fn() + Send + Sync>;

/// Wake-ups are coalesced: one until the window has drained its events.
#[derive(Default)]
struct Waker {
    wake: OnceLock<Wake>,
    pending: AtomicBool,
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waker")
    }
}

impl Waker {
    fn wake(&self) {
        if !self.pending.swap(true, Ordering::AcqRel)
            && let Some(wake) = self.wake.get()
        {
            wake();
        }
    }
}

/// Why a command was not taken; it is given back.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SendError {
    /// The lane is full; try again after the worker has caught up.
    #[error("the worker is busy")]
    Full(Box<Request>),
    /// The worker has ended.
    #[error("the worker has ended")]
    Closed(Box<Request>),
}

/// The window's end.
#[derive(Debug)]
pub struct AppEnd {
    commands: async_channel::Sender<Request>,
    events: async_channel::Receiver<Event>,
    gauges: GaugeBoard,
    waker: Arc<Waker>,
}

/// The worker's end.
#[derive(Debug)]
pub struct WorkerEnd {
    commands: async_channel::Receiver<Request>,
    events: async_channel::Sender<Event>,
    gauges: GaugeBoard,
    waker: Arc<Waker>,
}

/// Makes the two ends of a link.
#[must_use]
pub fn pair() -> (AppEnd, WorkerEnd) {
    let (command_sender, command_receiver) = async_channel::bounded(COMMAND_CAPACITY);
    let (event_sender, event_receiver) = async_channel::bounded(EVENT_CAPACITY);
    let gauges = GaugeBoard::default();
    let waker = Arc::new(Waker::default());
    (
        AppEnd {
            commands: command_sender,
            events: event_receiver,
            gauges: gauges.clone(),
            waker: Arc::clone(&waker),
        },
        WorkerEnd {
            commands: command_receiver,
            events: event_sender,
            gauges,
            waker,
        },
    )
}

impl AppEnd {
    /// Sends a command without waiting.
    ///
    /// # Errors
    /// Gives the command back when the lane is full or the worker has ended.
    pub fn send(&self, request: impl Into<Request>) -> Result<(), SendError> {
        try_send(&self.commands, request.into())
    }

    /// The next event, if one is there. Call until `None`, and call [`AppEnd::drained`] before.
    #[must_use]
    pub fn try_event(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// The next event; `None` after the worker has ended and everything was taken.
    pub async fn next_event(&self) -> Option<Event> {
        self.drained();
        self.events.recv().await.ok()
    }

    /// The same for a thread that may block.
    #[must_use]
    pub fn next_event_blocking(&self) -> Option<Event> {
        self.drained();
        self.events.recv_blocking().ok()
    }

    /// Says that events are about to be taken, so that the next one wakes again.
    pub fn drained(&self) {
        self.waker.pending.store(false, Ordering::Release);
    }

    /// Whether the worker has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.events.is_closed() && self.events.is_empty()
    }

    /// The latest gauges.
    #[must_use]
    pub fn gauges(&self) -> Arc<Gauges> {
        self.gauges.latest()
    }

    /// A reader of the gauges for another thread.
    #[must_use]
    pub fn gauge_board(&self) -> GaugeBoard {
        self.gauges.clone()
    }

    /// What to call when an event arrives while the window sleeps. The first one given stays.
    pub fn on_wake(&self, wake: impl Fn() + Send + Sync + 'static) {
        let _ = self.waker.wake.set(Box::new(wake));
    }

    /// A sender of commands for another thread.
    #[must_use]
    pub fn command_sender(&self) -> CommandSender {
        CommandSender(self.commands.clone())
    }
}

fn try_send(lane: &async_channel::Sender<Request>, request: Request) -> Result<(), SendError> {
    lane.try_send(request).map_err(|error| match error {
        async_channel::TrySendError::Full(request) => SendError::Full(Box::new(request)),
        async_channel::TrySendError::Closed(request) => SendError::Closed(Box::new(request)),
    })
}

/// Sends commands from another thread.
#[derive(Clone, Debug)]
pub struct CommandSender(async_channel::Sender<Request>);

impl CommandSender {
    /// Sends without waiting.
    ///
    /// # Errors
    /// Gives the command back when the lane is full or the worker has ended.
    pub fn try_send(&self, request: impl Into<Request>) -> Result<(), SendError> {
        try_send(&self.0, request.into())
    }

    /// Waits for room and sends.
    ///
    /// # Errors
    /// [`SendError::Closed`] after the worker has ended.
    pub fn send_blocking(&self, request: impl Into<Request>) -> Result<(), SendError> {
        self.0
            .send_blocking(request.into())
            .map_err(|error| SendError::Closed(Box::new(error.0)))
    }

    /// Waits for room and sends.
    ///
    /// # Errors
    /// [`SendError::Closed`] after the worker has ended.
    pub async fn send(&self, request: impl Into<Request> + Send) -> Result<(), SendError> {
        self.0
            .send(request.into())
            .await
            .map_err(|error| SendError::Closed(Box::new(error.0)))
    }
}

/// The event lane is full; the event is given back.
#[derive(Clone, Debug, PartialEq)]
pub struct Full(pub Box<Event>);

impl WorkerEnd {
    /// The next command; `None` when the window's end is gone, which means to shut down.
    pub async fn next_command(&self) -> Option<Request> {
        self.commands.recv().await.ok()
    }

    /// The next command, if one is there.
    #[must_use]
    pub fn try_command(&self) -> Option<Request> {
        self.commands.try_recv().ok()
    }

    /// Sends an event without waiting, and wakes the window. An event for a window that is gone is dropped.
    ///
    /// # Errors
    /// Gives it back when the lane is full.
    pub fn send(&self, event: Event) -> Result<(), Full> {
        match self.events.try_send(event) {
            Ok(()) => {
                self.waker.wake();
                Ok(())
            }
            Err(async_channel::TrySendError::Full(event)) => Err(Full(Box::new(event))),
            Err(async_channel::TrySendError::Closed(_)) => Ok(()),
        }
    }

    /// Puts new gauges up.
    pub fn publish(&self, gauges: Gauges) {
        self.gauges.publish(gauges);
    }

    /// A writer of the gauges for another thread.
    #[must_use]
    pub fn gauge_board(&self) -> GaugeBoard {
        self.gauges.clone()
    }
}

/// The worker's own store of events that the lane has no room for.
#[derive(Debug, Default)]
pub struct Backlog {
    waiting: VecDeque<Event>,
    overflowed: bool,
}

impl Backlog {
    /// Sends an event, or keeps it behind those that wait.
    pub fn push(&mut self, end: &WorkerEnd, event: Event) {
        self.flush(end);
        if self.waiting.is_empty() {
            let Err(Full(event)) = end.send(event) else { return };
            self.waiting.push_back(*event);
        } else if self.overflowed {
            // A resync waits already: the window will ask for everything anew.
        } else if self.waiting.len() >= BACKLOG_CAPACITY {
            self.waiting.clear();
            self.waiting.push_back(Event::Resync);
            self.overflowed = true;
        } else {
            self.waiting.push_back(event);
        }
    }

    /// Sends what there is room for.
    pub fn flush(&mut self, end: &WorkerEnd) {
        while let Some(event) = self.waiting.pop_front() {
            if let Err(Full(event)) = end.send(event) {
                self.waiting.push_front(*event);
                return;
            }
        }
        self.overflowed = false;
    }

    /// Whether everything was sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::Command;

    #[test]
    fn a_full_command_lane_gives_the_command_back() {
        let (app, worker) = pair();
        for _ in 0..COMMAND_CAPACITY {
            app.send(Command::Resync {}).unwrap();
        }
        assert!(
            matches!(app.send(Command::ListDevices {}), Err(SendError::Full(request)) if request.command == Command::ListDevices {})
        );
        assert!(worker.try_command().is_some());
        app.send(Command::ListDevices {}).unwrap();
        drop(worker);
        assert!(matches!(app.send(Command::Resync {}), Err(SendError::Closed(_))));
    }

    #[test]
    fn a_window_that_takes_nothing_gets_one_resync_and_stalls_nobody() {
        let (app, worker) = pair();
        let mut backlog = Backlog::default();
        for _ in 0..EVENT_CAPACITY + BACKLOG_CAPACITY + 5 {
            backlog.push(&worker, Event::Ready { version: 1 });
        }
        let mut seen = Vec::new();
        loop {
            backlog.flush(&worker);
            match app.try_event() {
                Some(event) => seen.push(event),
                None => break,
            }
        }
        assert_eq!(seen.len(), EVENT_CAPACITY + 1);
        assert_eq!(seen.last(), Some(&Event::Resync));
        backlog.push(&worker, Event::Ready { version: 2 });
        assert_eq!(app.try_event(), Some(Event::Ready { version: 2 }));
    }

    #[test]
    fn many_events_wake_the_window_once() {
        let (app, worker) = pair();
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        app.on_wake(move || {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        for _ in 0..10 {
            worker.send(Event::Resync).unwrap();
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
        app.drained();
        while app.try_event().is_some() {}
        worker.send(Event::Resync).unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }
}
