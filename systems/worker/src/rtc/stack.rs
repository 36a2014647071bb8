//! The transport over the `webrtc` crate.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use orrery_protocol::ConnectionId;
use tokio::{runtime, sync::mpsc};

use super::{
    Ear, Fanout, Measured, PeerEvent, Transport,
    connection::{self, ORDER_CAPACITY, Order, Setup},
    fanout::Numbers,
    talk::Talk,
};

/// Where connections listen and whom they ask for their own address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Network {
    /// One UDP address to bind; all interfaces when absent.
    pub bind: Option<String>,
    /// The program or its server lives on the loopback interface, so that candidates on it mean something.
    pub loopback: bool,
    /// `stun:host:port`.
    pub stun: Option<String>,
}

impl Network {
    /// The addresses to bind. A wildcard stands for every interface but loopback.
    pub(crate) fn addresses(&self) -> Vec<String> {
        match &self.bind {
            Some(bind) => vec![bind.clone()],
            None => {
                let mut addresses = vec!["0.0.0.0:0".to_owned(), "[::]:0".to_owned()];
                if self.loopback {
                    addresses.push("127.0.0.1:0".to_owned());
                }
                addresses
            }
        }
    }
}

struct Entry {
    orders: mpsc::Sender<Order>,
    measured: Arc<Mutex<Option<Measured>>>,
    numbers: Numbers,
    /// As it was told last; the connection's task and its listener share it.
    speaker: Arc<AtomicU64>,
}

/// Peer connections over the `webrtc` crate. Dropping it closes them.
pub(crate) struct WebRtc {
    runtime: runtime::Handle,
    network: Network,
    talk: Talk,
    events: mpsc::Sender<PeerEvent>,
    ear: Arc<dyn Ear>,
    fanout: Fanout,
    connections: HashMap<ConnectionId, Entry>,
    /// What numbers the packets of a connection that is about to be made.
    inherited: Option<(ConnectionId, Numbers)>,
}

impl WebRtc {
    /// `fanout` is where our sound comes from, `ear` where the others' goes.
    pub(crate) fn new(
        runtime: runtime::Handle,
        network: Network,
        events: mpsc::Sender<PeerEvent>,
        ear: Arc<dyn Ear>,
        fanout: Fanout,
    ) -> Self {
        Self {
            runtime,
            network,
            talk: Talk::default(),
            events,
            ear,
            fanout,
            connections: HashMap::new(),
            inherited: None,
        }
    }

    /// Connections made from now on obey it.
    pub(crate) fn set_network(&mut self, network: Network) {
        self.network = network;
    }

    /// Connections made from now on speak so.
    #[cfg(feature = "media-peer")]
    pub(crate) fn set_talk(&mut self, talk: Talk) {
        self.talk = talk;
    }

    /// The network that new connections obey.
    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    fn make(&mut self, connection: ConnectionId, offer: Option<String>) {
        let (orders, inbox) = mpsc::channel(ORDER_CAPACITY);
        let measured = Arc::default();
        let inherited = self.inherited.take().filter(|(heir, _)| *heir == connection);
        let numbers = inherited.map_or_else(Numbers::random, |(_, numbers)| numbers);
        let speaker = Arc::<AtomicU64>::default();
        let setup = Setup {
            connection,
            offer,
            numbers,
            speaker: Arc::clone(&speaker),
            network: self.network.clone(),
            talk: self.talk,
            events: self.events.clone(),
            ear: Arc::clone(&self.ear),
            fanout: self.fanout.clone(),
            measured: Arc::clone(&measured),
        };
        self.runtime.spawn(connection::run(setup, inbox));
        let entry = Entry {
            orders,
            measured,
            numbers,
            speaker,
        };
        self.connections.insert(connection, entry);
    }

    fn order(&mut self, connection: ConnectionId, order: Order) {
        let Some(entry) = self.connections.get(&connection) else {
            return;
        };
        match entry.orders.try_send(order) {
            Ok(()) | Err(mpsc::error::TrySendError::Full(Order::Send(_))) => {}
            Err(mpsc::error::TrySendError::Closed(_)) => {
                self.connections.remove(&connection);
            }
            Err(mpsc::error::TrySendError::Full(_)) => {
                tracing::warn!("a peer connection takes no orders any more and is closed");
                self.connections.remove(&connection);
                let events = self.events.clone();
                self.runtime.spawn(async move {
                    let _ = events.send(PeerEvent::Broken { connection }).await;
                });
            }
        }
    }
}

impl Transport for WebRtc {
    fn renew(&mut self, connection: ConnectionId, old: ConnectionId) {
        self.inherited = self.connections.get(&old).map(|entry| (connection, entry.numbers));
    }

    fn offer(&mut self, connection: ConnectionId) {
        self.make(connection, None);
    }

    fn answer(&mut self, connection: ConnectionId, offer: String) {
        self.make(connection, Some(offer));
    }

    fn take_answer(&mut self, connection: ConnectionId, answer: String) {
        self.order(connection, Order::TakeAnswer(answer));
    }

    fn add_candidates(&mut self, connection: ConnectionId, lines: Vec<String>) {
        self.order(connection, Order::AddCandidates(lines));
    }

    fn send(&mut self, connection: ConnectionId, message: Vec<u8>) {
        self.order(connection, Order::Send(message));
    }

    fn start_sound(&mut self, connection: ConnectionId, speaker: u64) {
        self.order(connection, Order::StartSound(speaker));
    }

    fn move_sound(&mut self, from: ConnectionId, to: ConnectionId) {
        if let Some(entry) = self.connections.get(&from) {
            let speaker = entry.speaker.load(Ordering::Relaxed);
            self.start_sound(to, speaker);
        }
    }

    fn stop_sound(&mut self, connection: ConnectionId) {
        self.order(connection, Order::StopSound);
    }

    fn close(&mut self, connection: ConnectionId) {
        self.fanout.leave(&connection);
        self.connections.remove(&connection);
    }

    fn close_all(&mut self) {
        for connection in self.connections.keys() {
            self.fanout.leave(connection);
        }
        self.connections.clear();
    }

    fn measured(&self, connection: ConnectionId) -> Option<Measured> {
        *self
            .connections
            .get(&connection)?
            .measured
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
