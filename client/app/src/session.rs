//! The profile in use and the worker that serves it: started when a profile is chosen, ended when it is left.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy::winit::{EventLoopProxyWrapper, WinitUserEvent};
use orrery_ecs::EcsPlugin;
use orrery_ecs::link::{Inbox, Link, Outbox, WorkerState};
use orrery_ecs::profile::{OwnInvite, OwnVoice, Profile, Server, SoundDevices};
use orrery_link::{AppEnd, Command, ProfilePhase, Request, SendError, WorkerEnd, pair};
use orrery_protocol::invite::Invite;
use orrery_worker::{SoundConfig, Worker, WorkerConfig, WorkerHandle};

use crate::cli::Args;
use crate::desk::{Desk, Entrance};
use crate::keys::TalkKey;
use crate::log::LogFile;
use crate::prefs::Kept;
use crate::profiles::Profiles;

/// Server offered at first start when none is given: the one that `./dev serve` runs.
const LOCAL_SERVER: &str = "ws://127.0.0.1:7670";
/// Folder of the log inside a profile.
const LOGS: &str = "logs";
/// A profile that is left before it was unlocked has nothing to save: its worker is not waited for longer.
const LEAVE_DEADLINE: Duration = Duration::from_secs(2);
/// While the last commands wait for room in the lane, it is looked at this often.
const ROOM_EVERY: Duration = Duration::from_millis(5);

/// The profile in use and its worker.
#[derive(Resource)]
pub struct Session {
    profiles: Option<Profiles>,
    /// The command line names the profile: there is no other to go to.
    fixed: bool,
    folder: Option<PathBuf>,
    is_new: bool,
    /// Its vault has a recovery phrase, as far as was said before it was opened.
    has_recovery: bool,
    /// The system's keyring keeps its key, as far as was said before it was opened.
    is_remembered: bool,
    /// It was open a moment ago.
    is_open: bool,
    default_server: String,
    welcome: Option<Invite>,
    bind: Option<String>,
    log: Option<LogFile>,
    worker: Mutex<Option<WorkerHandle>>,
    /// The other end of the link while no worker holds one: without it the link would read as broken.
    nobody: Mutex<Option<WorkerEnd>>,
}

impl Session {
    /// As the command line says, with nothing open yet.
    #[must_use]
    pub fn new(args: &Args, log: Option<LogFile>) -> Self {
        let welcome = args.welcome.as_deref().and_then(|link| match link.parse::<Invite>() {
            Ok(invite) => Some(invite),
            Err(error) => {
                tracing::warn!(%error, "the welcome link cannot be used");
                None
            }
        });
        Self {
            profiles: Profiles::of_this_person(),
            fixed: args.profile.is_some(),
            folder: None,
            is_new: false,
            has_recovery: false,
            is_remembered: false,
            is_open: false,
            default_server: args.server.clone().unwrap_or_else(|| LOCAL_SERVER.into()),
            welcome,
            bind: args
                .bind
                .map(|address| std::net::SocketAddr::new(address, 0).to_string()),
            log,
            worker: Mutex::new(None),
            nobody: Mutex::new(None),
        }
    }

    /// The profiles of this computer.
    #[must_use]
    pub fn profiles(&self) -> Option<&Profiles> {
        self.profiles.as_ref()
    }

    /// The profile's folder, for reading.
    #[must_use]
    pub fn folder_text(&self) -> String {
        self.folder
            .as_ref()
            .map(|folder| folder.display().to_string())
            .unwrap_or_default()
    }

    /// The name of the profile's folder.
    #[must_use]
    pub fn folder_name(&self) -> String {
        let name = self.folder.as_deref().and_then(Path::file_name);
        name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// The profile's folder.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The folder of the log, for reading.
    #[must_use]
    pub fn log_folder_text(&self) -> String {
        self.log_folder()
            .map(|folder| folder.display().to_string())
            .unwrap_or_default()
    }

    /// The folder of the log.
    #[must_use]
    pub fn log_folder(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(LOGS))
    }

    /// Server offered at first start.
    #[must_use]
    pub fn default_server(&self) -> &str {
        &self.default_server
    }

    /// The contact offered after first start.
    #[must_use]
    pub fn welcome(&self) -> Option<&Invite> {
        self.welcome.as_ref()
    }

    /// The profile that is to be opened has a recovery phrase.
    #[must_use]
    pub fn has_recovery(&self) -> bool {
        self.has_recovery
    }

    /// The system's keyring keeps the key of the profile that is to be opened.
    #[must_use]
    pub fn is_remembered(&self) -> bool {
        self.is_remembered
    }

    /// The profile is being made, not opened.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// There are other profiles to choose from.
    #[must_use]
    pub fn can_go_back(&self) -> bool {
        !self.fixed
            && self
                .profiles
                .as_ref()
                .is_some_and(|profiles| !profiles.list().is_empty())
    }

    /// As if a worker served this folder.
    #[cfg(test)]
    pub(crate) fn pretend_open(&mut self, folder: PathBuf) {
        self.folder = Some(folder);
    }

    /// The worker is gone although nobody sent it away.
    #[must_use]
    pub fn has_ended(&self, state: WorkerState) -> bool {
        self.folder.is_some() && state == WorkerState::Down
    }
}

/// Puts the entities in, with nobody at the other end yet.
pub(crate) fn prepare(app: &mut App, session: Session) {
    let (end, nobody) = pair();
    if let Ok(mut slot) = session.nobody.lock() {
        *slot = Some(nobody);
    }
    app.insert_resource(session)
        .init_resource::<Desk>()
        .init_resource::<Kept>()
        .add_plugins(EcsPlugin::new(end));
}

/// What to do first: the profile named on the command line, the only one there is, a new one, or a choice.
pub(crate) fn begin(world: &mut World, named: Option<PathBuf>) {
    if let Some(folder) = named {
        open(world, folder);
        return;
    }
    let Some(profiles) = world.resource::<Session>().profiles().cloned() else {
        tracing::error!("the system names no folder for data");
        return;
    };
    let list = profiles.list();
    match list.as_slice() {
        [] => open(world, profiles.fresh()),
        [only] => match profiles.folder(&only.id) {
            Some(folder) => open(world, folder),
            None => choose(world),
        },
        _ => choose(world),
    }
}

/// Shows the list of profiles.
pub(crate) fn choose(world: &mut World) {
    leave(world);
    world.resource_mut::<Desk>().entrance = Entrance::Choosing;
}

/// Starts a worker on a profile's folder.
pub(crate) fn open(world: &mut World, folder: PathBuf) {
    leave(world);
    let session = world.resource::<Session>();
    let mut config = WorkerConfig::new(folder.clone(), session.default_server.clone());
    config.log_folder = Some(folder.join(LOGS));
    config.bind.clone_from(&session.bind);
    config.sound = SoundConfig::Devices;
    let (end, worker_end) = pair();
    let worker = Worker::spawn(config, worker_end);
    world.insert_resource(Kept::of(&folder));
    {
        let mut session = world.resource_mut::<Session>();
        session.folder = Some(folder);
        session.is_new = false;
        session.is_open = false;
        match worker {
            Ok(handle) => session.worker = Mutex::new(Some(handle)),
            // The link is closed then, and the screen says so.
            Err(error) => tracing::error!(%error, "no worker"),
        }
    }
    connect(world, end);
    world.resource_mut::<Desk>().entrance = Entrance::Chosen;
}

/// Puts a fresh link in place and wakes the window when something comes over it.
fn connect(world: &mut World, end: AppEnd) {
    if let Some(proxy) = world.get_resource::<EventLoopProxyWrapper>() {
        let proxy = (**proxy).clone();
        // Fails only when the loop has ended, and then nobody needs waking.
        end.on_wake(move || {
            // A window that is gone needs no waking.
            let _ = proxy.send_event(WinitUserEvent::WakeUp);
        });
    }
    world.insert_resource(Link(end));
    world.insert_resource(Inbox::default());
    world.insert_resource(Outbox::default());
    world.insert_resource(WorkerState::default());
    world.insert_resource(Profile::default());
    world.insert_resource(Server::default());
    world.insert_resource(OwnInvite::default());
    world.insert_resource(OwnVoice::default());
    world.insert_resource(SoundDevices::default());
    world.resource_mut::<Desk>().leave_profile();
}

/// Ends the worker of a profile that is not open yet.
fn leave(world: &mut World) {
    let worker = {
        let mut session = world.resource_mut::<Session>();
        session.folder = None;
        session.worker.get_mut().ok().and_then(Option::take)
    };
    let Some(worker) = worker else { return };
    let (end, nobody) = pair();
    if let Ok(mut slot) = world.resource_mut::<Session>().nobody.lock() {
        *slot = Some(nobody);
    }
    // The old end is dropped with this: that is how a worker is told to go.
    connect(world, end);
    if worker.join(LEAVE_DEADLINE).is_err() {
        tracing::warn!("a worker takes long to end");
    }
}

/// Gives the worker what it was not given yet, these commands last; tells it to close the profile, and waits for it
/// before the program ends.
pub(crate) fn shut_down(world: &mut World, last: Vec<Command>, deadline: Duration) {
    let begun = Instant::now();
    // It holds a way to the worker of its own, which would keep the lane open.
    if let Some(talk) = world.get_resource::<TalkKey>() {
        talk.connect(None);
    }
    let waiting = world
        .get_resource_mut::<Outbox>()
        .map(|mut outbox| outbox.take_waiting())
        .unwrap_or_default();
    if let Some(link) = world.get_resource::<Link>() {
        let last = last.into_iter().chain([Command::Shutdown {}]).map(Request::from);
        // Half of the time at most: the worker needs some for its own end.
        say_last(&link.0, waiting.into_iter().chain(last), begun + deadline / 2);
    }
    let worker = world
        .get_resource_mut::<Session>()
        .and_then(|mut session| session.worker.get_mut().ok().and_then(Option::take));
    world.remove_resource::<Link>();
    if let Some(worker) = worker
        && worker.join(deadline.saturating_sub(begun.elapsed())).is_err()
    {
        tracing::error!("the worker did not end in time; the profile is safe, but a message may go out late");
    }
}

/// Sends these in order, waiting for room in the lane. What finds none until then is lost, and said to be.
fn say_last(link: &AppEnd, requests: impl Iterator<Item = Request>, until: Instant) {
    for mut request in requests {
        loop {
            match link.send(request) {
                Ok(()) => break,
                Err(SendError::Full(back)) if Instant::now() < until => {
                    request = *back;
                    std::thread::sleep(ROOM_EVERY);
                }
                // Dropping the end tells the worker to go just as well.
                Err(SendError::Full(_)) => {
                    tracing::error!("the worker takes nothing any more; what was done last may be lost");
                    return;
                }
                // It has ended already.
                Err(SendError::Closed(_)) => return,
            }
        }
    }
}

/// Once it is known whether the profile is made or opened, the log goes to its folder, and a made one is named.
fn follow_profile(
    profile: Res<Profile>,
    mut session: ResMut<Session>,
    mut desk: ResMut<Desk>,
    mut panels: ResMut<crate::present::Panels>,
    mut kept: ResMut<Kept>,
) {
    if !profile.is_changed() {
        return;
    }
    match &profile.0 {
        Some(ProfilePhase::Empty) => session.is_new = true,
        Some(ProfilePhase::Locked { recovery, remembered }) => {
            session.has_recovery = *recovery;
            session.is_remembered = *remembered;
            if std::mem::take(&mut session.is_open) {
                desk.lock();
                panels.0.leave_profile();
            }
            session.is_new = false;
            open_log(&session);
        }
        Some(ProfilePhase::Open(open)) => {
            session.is_open = true;
            open_log(&session);
            desk.busy = None;
            desk.error = None;
            let now = crate::present::unix_ms();
            kept.change(|prefs| {
                prefs.last_used_ms = Some(now);
                // Only what the worker has kept is a name.
                prefs.label.clone_from(&open.name);
            });
        }
        _ => {}
    }
}

fn open_log(session: &Session) {
    if let (Some(log), Some(folder)) = (&session.log, session.log_folder()) {
        log.open(&folder);
    }
}

/// Follows the profile.
pub(crate) fn plugin(app: &mut App) {
    app.add_systems(Update, follow_profile);
}
