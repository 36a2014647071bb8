//! What there is only while a profile is open.

use std::{path::PathBuf, sync::Arc};

use orrery_core::Input;
use orrery_link::{Code, ProfileView, ServerPhase, Settings};
use orrery_protocol::ConnectionId;
use orrery_store::ProfileFolder;
use tokio::{runtime, sync::mpsc, time::Instant};

use super::{Wake, barrier::Barrier, mending::Mending};
use crate::{
    WorkerConfig,
    clock::Clock,
    engine::Engine,
    keyring::Memory,
    profile::{KEYRING_NOTE, Opened},
    rtc::{Change, Ear, Fanout, Interfaces, Measured, Network, PEER_EVENT_CAPACITY, PeerEvent, Transport, WebRtc},
    signaling::{Dialer, Drops, Home, HomeOrder, ServerAddress},
};

/// Looks ([`LOOK_EVERY`](crate::clock::LOOK_EVERY)) from one note in the keyring to the next: a minute.
const LOOKS_A_NOTE: u32 = 12;

/// An open profile and its network.
pub(crate) struct Session {
    /// Core and store.
    pub(super) engine: Engine,
    /// As the person set them.
    pub(super) settings: Settings,
    /// The socket to the home server.
    pub(super) home: Home,
    /// The sockets to other people's servers.
    pub(super) drops: Drops,
    /// Peer connections.
    pub(super) peers: WebRtc,
    /// As last told.
    pub(super) server: ServerPhase,
    /// An input that the disk did not take, and when it is tried again. Meanwhile the network waits in its lanes.
    pub(super) stuck: Option<(Input, Instant)>,
    /// The trouble with the disk that was told already.
    pub(super) said: Option<Code>,
    /// What is done about inputs that the database could not take.
    pub(super) mending: Mending,
    /// What waits for the server to know our tokens.
    pub(super) barrier: Barrier,
    /// Logged in at the home server, as the core knows it.
    pub(super) online: bool,
    /// The profile's folder, for what is done to the vault.
    pub(super) folder: Arc<ProfileFolder>,
    /// Its place in the keyring.
    pub(super) memory: Memory,
    /// Looks since the keyring heard how far the profile has come, and what it heard.
    noted: (u32, u64),
    peer_events: mpsc::Receiver<PeerEvent>,
    folder_shown: String,
    logs: String,
    bind: Option<String>,
    /// This computer's networks at the last look.
    interfaces: Interfaces,
    runtime: runtime::Handle,
    dialer: Dialer,
}

/// What a session is made with.
pub(super) struct Surroundings<'a> {
    pub(super) config: &'a WorkerConfig,
    pub(super) runtime: &'a runtime::Handle,
    pub(super) dialer: &'a Dialer,
    pub(super) ear: std::sync::Arc<dyn Ear>,
    pub(super) fanout: &'a Fanout,
}

impl Session {
    /// Begins to connect. `None` when the profile's own server address is none, which only a defect brings about.
    pub(super) fn start(opened: Opened, around: &Surroundings<'_>) -> Option<Self> {
        let address = ServerAddress::parse(opened.engine.core().server()).ok()?;
        let network = network(around.config.bind.as_ref(), &address, None);
        let (events, peer_events) = mpsc::channel(PEER_EVENT_CAPACITY);
        let runtime = around.runtime.clone();
        let show = |path: PathBuf| path.to_string_lossy().into_owned();
        Some(Self {
            home: Home::start(runtime.clone(), address.clone(), around.dialer.clone()),
            drops: Drops::new(runtime.clone(), address, around.dialer.clone()),
            peers: WebRtc::new(
                runtime.clone(),
                network,
                events,
                std::sync::Arc::clone(&around.ear),
                around.fanout.clone(),
            ),
            engine: opened.engine,
            settings: opened.settings,
            server: ServerPhase::Connecting,
            stuck: None,
            said: None,
            mending: Mending::default(),
            barrier: Barrier::default(),
            online: false,
            noted: (0, 0),
            peer_events,
            folder: opened.folder,
            memory: Memory::new(&around.config.folder, &around.config.keyring),
            folder_shown: show(around.config.folder.clone()),
            logs: around
                .config
                .log_folder
                .clone()
                .or(opened.logs)
                .map(show)
                .unwrap_or_default(),
            bind: around.config.bind.clone(),
            interfaces: Interfaces::now(),
            runtime,
            dialer: around.dialer.clone(),
        })
    }

    /// The next thing the network tells; nothing while the disk takes nothing. May be given up and called again.
    pub(super) async fn network(&mut self) -> Wake {
        if self.stuck.is_some() {
            return std::future::pending().await;
        }
        tokio::select! {
            event = self.home.event() => Wake::Home(event),
            result = self.drops.result() => Wake::Drop(result),
            Some(event) = self.peer_events.recv() => Wake::Peer(event),
        }
    }

    /// When the core wants to be woken, or what failed is tried again.
    pub(super) fn due(&self, clock: &Clock) -> Option<Instant> {
        match &self.stuck {
            Some((_, at)) => Some(*at),
            None => {
                let core = self.engine.core().next_wake().and_then(|wake| clock.at(wake));
                let core = core.filter(|_| !self.mending.is_resting());
                [core, self.mending.at(), self.barrier.until()]
                    .into_iter()
                    .flatten()
                    .min()
            }
        }
    }

    /// Tells the keyring now and then how far the profile has come, so that a copy of a folder in use is noticed even when the
    /// program did not end in peace. Call at every look.
    pub(super) fn note_commits(&mut self) {
        let commits = self.engine.store().commits();
        let (looks, heard) = &mut self.noted;
        *looks += 1;
        if *looks < LOOKS_A_NOTE || commits == *heard {
            return;
        }
        self.noted = (0, commits);
        let memory = self.memory.clone();
        self.runtime.spawn_blocking(move || memory.note(commits, KEYRING_NOTE));
    }

    /// Connects to another home server.
    pub(super) fn move_to(&mut self, server: &str) {
        // Checked when the command came in.
        let Ok(address) = ServerAddress::parse(server) else {
            return;
        };
        self.peers.set_network(network(self.bind.as_ref(), &address, None));
        self.drops.move_to(address.clone());
        self.home = Home::start(self.runtime.clone(), address, self.dialer.clone());
        self.online = false;
    }

    /// Logged in: its STUN responder is known now.
    pub(super) fn learned_stun(&mut self, port: Option<u16>) {
        let network = network(self.bind.as_ref(), self.home.address(), port);
        if *self.peers.network() != network {
            self.peers.set_network(network);
        }
    }

    /// How this computer's networks differ from those of the last look. Who bound one address stays there.
    pub(super) fn network_change(&mut self) -> Option<Change> {
        let fixed = |bind: &String| {
            bind.parse::<std::net::SocketAddr>()
                .is_ok_and(|address| !address.ip().is_unspecified())
        };
        if self.bind.as_ref().is_some_and(fixed) {
            return None;
        }
        let now = Interfaces::now();
        let change = now.since(&self.interfaces);
        self.interfaces = now;
        change
    }

    /// No socket is worth anything any more; `asked`: a person says so.
    pub(super) fn reconnect(&mut self, asked: bool) {
        self.home.order(HomeOrder::Reconnect { asked });
        self.drops.reconnect();
    }

    /// What was measured on a connection.
    pub(super) fn measured(&self, connection: ConnectionId) -> Option<Measured> {
        self.peers.measured(connection)
    }

    /// As a window shows it.
    pub(super) fn view(&self) -> ProfileView {
        let core = self.engine.core();
        ProfileView {
            peer: core.own(),
            name: core.name().to_owned(),
            server: core.server().to_owned(),
            folder: self.folder_shown.clone(),
            log_folder: self.logs.clone(),
            remembered: self.memory.is_on(),
            recovery: self.folder.has_recovery().unwrap_or(false),
            settings: self.settings.clone(),
        }
    }

    /// Closes everything, the database last.
    pub(super) async fn close(mut self: Box<Self>, deadline: Instant) {
        self.peers.close_all();
        let Self {
            home,
            engine,
            memory,
            runtime,
            ..
        } = *self;
        // Closing itself is one commit more, of nothing that must not come twice.
        let commits = engine.store().commits();
        let noting = runtime.spawn_blocking(move || memory.note(commits, KEYRING_NOTE));
        let _ = tokio::time::timeout_at(deadline, home.close()).await;
        engine.close();
        let _ = noting.await;
    }
}

/// Loopback counts where we bound it or where the server is: then both ends of a connection may well be here.
fn network(bind: Option<&String>, server: &ServerAddress, stun_port: Option<u16>) -> Network {
    let bound_loopback = bind.is_some_and(|bind| {
        bind.parse::<std::net::SocketAddr>()
            .is_ok_and(|address| address.ip().to_canonical().is_loopback())
    });
    let loopback = bound_loopback || server.is_loopback();
    Network {
        bind: bind.cloned(),
        loopback,
        stun: stun_port.filter(|_| !loopback).map(|port| server.stun(port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_this_machine_is_not_asked_for_our_address() {
        let at = |text: &str| ServerAddress::parse(text).unwrap();
        let far = network(None, &at("wss://orrery.example"), Some(3478));
        assert_eq!(
            (far.loopback, far.stun.as_deref()),
            (false, Some("stun:orrery.example:3478"))
        );
        let near = network(None, &at("ws://127.0.0.1:7000"), Some(3478));
        assert_eq!((near.loopback, near.stun), (true, None));
        let bound = network(Some(&"127.0.0.1:0".to_owned()), &at("wss://orrery.example"), Some(3478));
        assert!(bound.loopback);
    }
}
