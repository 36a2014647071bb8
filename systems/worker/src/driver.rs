//! The one loop through which everything passes. What happens becomes an input of the core; what the core wants is
//! carried out after the commit; what a person should see goes up the link. It runs on the worker's own thread, where
//! it may wait for the disk; whatever waits for the network or for a passphrase runs elsewhere and reports back.

mod barrier;
mod commands;
mod ending;
mod events;
mod feeding;
mod jobs;
mod mending;
mod outputs;
mod reads;
mod safety;
mod session;

#[cfg(feature = "fuzzing")]
pub(crate) use safety::compare;

use std::time::Duration;

use orrery_core::Input;
use orrery_link::{Backlog, Code, Event, Notice, Reference, Request, WorkerEnd};
use tokio::{
    runtime,
    sync::mpsc,
    task::{JoinError, JoinHandle},
    time::{Instant, MissedTickBehavior},
};

use crate::{
    WorkerConfig,
    clock::{Clock, LOOK_EVERY, SleepWatch},
    profile::{Door, Opened},
    rtc::{Change, Fanout, PeerEvent},
    signaling::{Dialer, DropResult, HomeEvent},
    sound::{DeviceNews, Problems, Sound},
};
use jobs::Jobs;
use session::Session;

/// How soon events that found the lane full are tried again.
const FLUSH_EVERY: Duration = Duration::from_millis(20);
/// How often it is looked, in a call, whether this computer's network is still the same.
const NETWORK_EVERY: Duration = Duration::from_millis(500);
/// How often gauges are published while something is lively.
const GAUGE_EVERY: Duration = Duration::from_millis(20);
/// How long after a write that the disk did not take it is tried again. Until then nothing more is taken from the
/// network: what was not stored is not acknowledged, and comes again.
const DISK_RETRY: Duration = Duration::from_secs(2);
/// How long the end waits for its last words: the goodbyes to contacts, and events that the lane has no room for.
const GOODBYE: Duration = Duration::from_millis(1_500);
/// Reports of side jobs under way: lists of devices, a check of the database. When full, the job waits.
const REPORT_CAPACITY: usize = 16;

/// Where the profile stands.
enum Place {
    /// Not open.
    Outside(Door),
    /// Being opened; who asked for it.
    Opening {
        task: JoinHandle<Tried>,
        reference: Option<Reference>,
    },
    /// Open.
    Inside(Box<Session>),
}

/// What came of a passphrase: the folder, and what it opened.
type Tried = (Door, Result<Box<Opened>, Code>);

/// A side job's result.
enum Report {
    /// The devices of the machine.
    Devices {
        reference: Option<Reference>,
        asked: bool,
        news: DeviceNews,
    },
    /// The database was checked and is damaged.
    Damaged,
    /// How far a job has come.
    Progress { job: u64, done: u64, total: u64 },
    /// A job is done.
    Job { job: u64, result: Result<(), Code> },
}

/// What woke the loop.
enum Wake {
    Command(Option<Request>),
    Opened(Result<Tried, JoinError>),
    Home(HomeEvent),
    Drop(DropResult),
    Peer(PeerEvent),
    Report(Report),
    Due,
    Flush,
    Gauge,
    Network,
    Look,
}

/// Whether the loop goes on.
#[derive(PartialEq, Eq)]
enum Flow {
    On,
    Stop,
    /// Close the profile, answer this, and go on.
    Lock(Option<Reference>),
}

/// The loop and all it holds.
pub(crate) struct Driver {
    config: WorkerConfig,
    end: WorkerEnd,
    backlog: Backlog,
    runtime: runtime::Handle,
    dialer: Dialer,
    clock: Clock,
    sleep: SleepWatch,
    sound: Sound,
    fanout: Fanout,
    place: Place,
    reports: mpsc::Receiver<Report>,
    reporter: mpsc::Sender<Report>,
    /// Commands that wait for a list of devices.
    listing: Vec<Reference>,
    jobs: Jobs,
    problems: Problems,
    /// Gauges were published while something was lively, and must be put to rest.
    was_lively: bool,
    shown_rtt_ms: u32,
}

impl Driver {
    pub(crate) fn new(
        config: WorkerConfig,
        end: WorkerEnd,
        dialer: Dialer,
        sound: Sound,
        fanout: Fanout,
        runtime: runtime::Handle,
    ) -> Self {
        let (reporter, reports) = mpsc::channel(REPORT_CAPACITY);
        let place = Place::Outside(Door::open(&config.folder));
        Self {
            config,
            end,
            backlog: Backlog::default(),
            dialer,
            clock: Clock::start(),
            sleep: SleepWatch::default(),
            sound,
            fanout,
            place,
            reports,
            reporter,
            listing: Vec::new(),
            jobs: Jobs::default(),
            problems: Problems::default(),
            was_lively: false,
            shown_rtt_ms: 0,
            runtime,
        }
    }

    /// Runs to the end.
    pub(crate) async fn run(mut self) {
        self.tell(Event::Ready {
            version: orrery_link::VERSION,
        });
        self.tell_profile();
        let mut timers = Timers::new();
        loop {
            let wake = self.wait(&mut timers).await;
            match self.step(wake) {
                Flow::On => {}
                Flow::Stop => break,
                Flow::Lock(reference) => self.lock(reference).await,
            }
        }
        self.wind_down().await;
    }

    async fn wait(&mut self, timers: &mut Timers) -> Wake {
        let lively = self.sound.is_lively() || self.was_lively;
        let calling = self.sound.is_in_call();
        let late = !self.backlog.is_empty();
        let (mut session, mut opening) = (None, None);
        match &mut self.place {
            Place::Outside(_) => {}
            Place::Opening { task, .. } => opening = Some(task),
            Place::Inside(open) => session = Some(open),
        }
        let due = session.as_ref().and_then(|session| session.due(&self.clock));
        tokio::select! {
            command = self.end.next_command() => Wake::Command(command),
            opened = async { join(opening).await } => Wake::Opened(opened),
            wake = async { network(session).await } => wake,
            Some(report) = self.reports.recv() => Wake::Report(report),
            () = until(due) => Wake::Due,
            _ = timers.flush.tick(), if late => Wake::Flush,
            _ = timers.gauge.tick(), if lively => Wake::Gauge,
            _ = timers.network.tick(), if calling => Wake::Network,
            _ = timers.look.tick() => Wake::Look,
        }
    }

    fn step(&mut self, wake: Wake) -> Flow {
        match wake {
            Wake::Command(Some(request)) => return self.command(request),
            Wake::Command(None) => return Flow::Stop,
            Wake::Opened(result) => self.opened(result),
            Wake::Home(event) => self.home_event(event),
            Wake::Drop(result) => self.drop_result(result),
            Wake::Peer(event) => self.peer_event(event),
            Wake::Report(report) => self.report(report),
            Wake::Due => self.due(),
            Wake::Flush => self.backlog.flush(&self.end),
            Wake::Gauge => self.gauge(),
            Wake::Network => self.look_at_network(),
            Wake::Look => self.look(),
        }
        Flow::On
    }

    /// Whether this computer slept or is in another network: then sockets are made anew, and connections too.
    fn look_at_network(&mut self) {
        let slept = self.sleep.slept(self.clock.now());
        let Place::Inside(session) = &mut self.place else {
            return;
        };
        let change = session.network_change();
        let lost = slept || change == Some(Change::Lost);
        if !lost && change.is_none() {
            return;
        }
        if lost {
            tracing::info!(slept, "another network, or a sleep: all sockets are made anew");
            session.reconnect(false);
        }
        self.feed(Input::NetworkChanged { lost });
    }

    fn look(&mut self) {
        self.look_at_network();
        let mut rtt_ms = 0;
        if let Place::Inside(session) = &mut self.place {
            session.note_commits();
            rtt_ms = session.home.rtt_ms();
        }
        if rtt_ms != self.shown_rtt_ms && !self.sound.is_lively() {
            self.gauge();
        }
    }

    fn gauge(&mut self) {
        let now_ms = self.clock.now().mono_ms;
        let session = if let Place::Inside(session) = &self.place {
            Some(session)
        } else {
            None
        };
        let rtt_ms = session.map_or(0, |session| session.home.rtt_ms());
        let gauges = self
            .sound
            .gauges(rtt_ms, now_ms, |connection| session?.measured(connection));
        self.shown_rtt_ms = rtt_ms;
        self.end.publish(gauges);
        self.was_lively = self.sound.is_lively();
        let problems = if self.was_lively {
            self.sound.problems()
        } else {
            self.problems
        };
        if problems != self.problems {
            self.problems = problems;
            self.list_devices(None, false);
        }
    }

    fn list_devices(&mut self, reference: Option<Reference>, asked: bool) {
        self.listing.extend(reference.clone());
        let (lister, reporter) = (self.sound.lister(), self.reporter.clone());
        self.runtime.spawn_blocking(move || {
            let news = lister();
            // Closed when the worker ends.
            let _ = reporter.blocking_send(Report::Devices { reference, asked, news });
        });
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Devices { reference, asked, news } => {
                if let Some(at) = self.listing.iter().position(|waits| Some(waits) == reference.as_ref()) {
                    self.listing.swap_remove(at);
                }
                self.tell(Event::Devices {
                    reference: reference.clone(),
                    inputs: news.inputs,
                    outputs: news.outputs,
                    input_problem: self.problems.input,
                    output_problem: self.problems.output,
                });
                if asked {
                    self.done(reference);
                }
            }
            Report::Progress { job, done, total } => self.job_progress(job, done, total),
            Report::Job { job, result } => self.job_done(job, result),
            Report::Damaged => self.tell(Event::Notice(Notice::Problem {
                code: Code::DatabaseDamaged,
            })),
        }
    }
}

/// The loop's own timers.
struct Timers {
    flush: tokio::time::Interval,
    gauge: tokio::time::Interval,
    network: tokio::time::Interval,
    look: tokio::time::Interval,
}

impl Timers {
    fn new() -> Self {
        let every = |period| {
            let mut interval = tokio::time::interval(period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        };
        Self {
            flush: every(FLUSH_EVERY),
            gauge: every(GAUGE_EVERY),
            network: every(NETWORK_EVERY),
            look: every(LOOK_EVERY),
        }
    }
}

async fn join(task: Option<&mut JoinHandle<Tried>>) -> Result<Tried, JoinError> {
    match task {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}

async fn network(session: Option<&mut Box<Session>>) -> Wake {
    match session {
        Some(session) => session.network().await,
        None => std::future::pending().await,
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
