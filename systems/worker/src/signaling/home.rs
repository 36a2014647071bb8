//! The connection to one's own home server: kept up by a task of its own, driven by [`HomeOrder`]s, telling
//! [`HomeEvent`]s.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use orrery_link::Code;
use orrery_protocol::{
    PeerId, TokenHash,
    frame::CallToken,
    prekey::{KemPrekey, OneTimePrekey, SignedPrekey},
};
use tokio::{
    runtime,
    sync::{mpsc, oneshot},
};

use super::{Dialer, ServerAddress, home_socket};

/// Orders under way to the socket's task. When full, the socket has stalled: it is dropped, and after the next log-in
/// everything is said anew.
const ORDER_CAPACITY: usize = 256;
/// What the socket tells, under way to the driver. When full, the task waits and with it, through TCP, the server.
const EVENT_CAPACITY: usize = 256;

/// What a log-in shows.
pub(crate) struct Proof {
    /// Who logs in.
    pub peer: PeerId,
    /// Over [`orrery_protocol::login::login_bytes`].
    pub signature: [u8; 64],
}

/// Something to say to the home server. Lost when not logged in: the core says it again after [`HomeEvent::Online`].
pub(crate) enum HomeOrder {
    /// These are stored.
    Ack(Vec<u64>),
    /// New prekeys.
    Publish {
        /// Signed prekey.
        signed: SignedPrekey,
        /// KEM prekey.
        kem: KemPrekey,
        /// One-time prekeys.
        one_time: Vec<OneTimePrekey>,
        /// Drop those that are there.
        replace: bool,
    },
    /// Which tokens open the mailbox.
    SetTokens {
        /// Delivery token.
        delivery: TokenHash,
        /// Tokens that end at once.
        revoked: Vec<TokenHash>,
        /// Request tokens.
        requests: Vec<TokenHash>,
        /// Call tokens.
        calls: Vec<CallToken>,
    },
    /// A person wants something: if the socket waits for its next try, it tries now.
    Nudge,
    /// A peer connection fell silent, so the way to the server may have, too: asks it for a sign of life at once.
    Doubt,
    /// The machine slept, or the network changed: the connection is worth nothing, make another at once.
    Reconnect {
        /// A person asked for it. Only then it is made where another client with the same profile took its place.
        asked: bool,
    },
}

/// What became of the connection.
pub(crate) enum HomeEvent {
    /// Connecting or logging in.
    Connecting,
    /// Sign this log-in; the answer is dropped to refuse.
    Challenge {
        /// The dialled host, as it is signed.
        host: String,
        /// From the server.
        nonce: [u8; 32],
        /// From the server.
        time_ms: u64,
        /// Where the proof goes.
        answer: oneshot::Sender<Proof>,
    },
    /// Logged in.
    Online {
        /// Server clock.
        time_ms: u64,
        /// One-time prekeys left.
        one_time_left: u32,
        /// Prekeys are there.
        has_prekeys: bool,
        /// UDP port of its STUN responder.
        stun_port: Option<u16>,
    },
    /// Not connected.
    Offline {
        /// Why, when it is known.
        code: Option<Code>,
        /// Milliseconds until the next try; absent when there is none until somebody asks for it.
        retry_ms: Option<u64>,
    },
    /// What was published is stored.
    PrekeysStored,
    /// The tokens are in force.
    TokensStored,
    /// One-time prekeys run out.
    PrekeysLow {
        /// How many are left.
        one_time_left: u32,
    },
    /// An envelope.
    Delivered {
        /// The server's number for it.
        id: Option<u64>,
        /// Sealed bytes.
        envelope: Vec<u8>,
    },
}

/// A handle on the task. Dropping it closes the connection.
pub(crate) struct Home {
    address: ServerAddress,
    orders: Option<mpsc::Sender<HomeOrder>>,
    events: mpsc::Receiver<HomeEvent>,
    rtt_ms: Arc<AtomicU32>,
    runtime: runtime::Handle,
    dialer: Dialer,
}

impl Home {
    /// Begins to connect.
    pub(crate) fn start(runtime: runtime::Handle, address: ServerAddress, dialer: Dialer) -> Self {
        let (orders, inbox) = mpsc::channel(ORDER_CAPACITY);
        let (outbox, events) = mpsc::channel(EVENT_CAPACITY);
        let rtt_ms = Arc::<AtomicU32>::default();
        runtime.spawn(home_socket::run(
            address.clone(),
            dialer.clone(),
            inbox,
            outbox,
            Arc::clone(&rtt_ms),
        ));
        Self {
            address,
            orders: Some(orders),
            events,
            rtt_ms,
            runtime,
            dialer,
        }
    }

    /// Where it connects to.
    pub(crate) fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// Says something, now or not at all.
    pub(crate) fn order(&mut self, order: HomeOrder) {
        let Some(orders) = &self.orders else { return };
        if orders.try_send(order).is_err() {
            tracing::warn!("the socket to the home server has stalled and is made anew");
            let fresh = Self::start(self.runtime.clone(), self.address.clone(), self.dialer.clone());
            self.orders = fresh.orders;
            self.events = fresh.events;
            self.rtt_ms = fresh.rtt_ms;
        }
    }

    /// What became of it; may be given up and called again.
    pub(crate) async fn event(&mut self) -> HomeEvent {
        match self.events.recv().await {
            Some(event) => event,
            // The task ends only with its orders, which are kept here, or by a defect: then there is no server until
            // the next start, and the select loop must not spin on it.
            None => std::future::pending().await,
        }
    }

    /// Round trip to the server in milliseconds; 0 when unknown.
    pub(crate) fn rtt_ms(&self) -> u32 {
        self.rtt_ms.load(Ordering::Relaxed)
    }

    /// Says goodbye and waits until it is said.
    pub(crate) async fn close(mut self) {
        self.orders = None;
        while self.events.recv().await.is_some() {}
    }
}
