//! Peer connections: one per pair, for data and sound alike. The lower peer id offers; SDP and candidates travel only
//! as notes; nothing that comes over a connection counts before both ends have proved that its certificates are theirs.

mod input;
mod renew;
mod signal;
mod want;
mod window;

pub(crate) use signal::{FUTURE_MS, Overtaken};
pub(crate) use window::{Seen, Window};

use orrery_protocol::{
    ConnectionId, PeerId,
    limits::MAX_CANDIDATES,
    signal::{ConnectionStep, Purpose, Role},
};
use zeroize::Zeroizing;

use crate::{
    error::Result,
    io::{Link, Output},
    turn::Turn,
};

/// From the first word about a connection to its binding: in a call, where a word that got lost keeps people waiting, and else.
const CALL_SETUP_MS: u64 = 8_000;
const SETUP_MS: u64 = 20_000;
/// Candidates wait so long for others before they are told; the transport has kept them for a moment already.
const BATCH_MS: u64 = 5;
/// A connection nobody needs is closed after this.
const IDLE_MS: u64 = 60_000;
/// An interrupted connection is given up after this. While a call needs it another one is set up meanwhile, see [`renew`].
const LOST_MS: u64 = 30_000;
/// Pauses between tries: first and longest, in a call and for a conversation.
const RETRY_CALL_MS: (u64, u64) = (500, 4000);
const RETRY_MS: (u64, u64) = (5000, 300_000);
/// Connections at once; beyond it only calls make more.
const MAX_CONNECTIONS: usize = 64;
/// Messages that arrive before the binding is verified wait, at most so many; the sender has the rest again.
const MAX_WAITING: usize = 16;

/// How far the setting up has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// We answer, and have asked the other side to offer.
    Wanted,
    /// Our description is being made.
    Describing,
    /// Our description went out; on the offering side its answer has not come.
    Described,
    /// Both descriptions are known; DTLS and binding are under way.
    Joining,
    /// Both bindings are verified.
    Bound,
}

#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    role: Role,
    purpose: Purpose,
    stage: Stage,
    /// The other side wanted it; then it is for the other side to say when it is not needed.
    asked_by_them: bool,
    out_seq: u32,
    seen: Window,
    own_random: Zeroizing<[u8; 32]>,
    their_random: Option<Zeroizing<[u8; 32]>>,
    /// Ours and theirs, as DTLS showed them.
    fingerprints: Option<([u8; 32], [u8; 32])>,
    their_mac: Option<[u8; 32]>,
    /// The data channel is open.
    open: bool,
    /// What came over the data channel before the binding was verified.
    waiting: Vec<Vec<u8>>,
    /// Sound runs over it.
    sound: bool,
    /// Candidates taken from the other side.
    taken: usize,
    /// Candidates that overtook the description they belong to.
    early: Vec<String>,
    /// Candidates told to the other side.
    told: usize,
    /// Candidates not told yet.
    gathered: Vec<String>,
    batch_at: Option<u64>,
    /// When it must be bound, and how long it has from its offer on.
    deadline: u64,
    setup_ms: u64,
    unwanted_since: Option<u64>,
    pub(crate) lost_since: Option<u64>,
    /// What is being set up to take its place. This one goes on until that is bound.
    heir: Option<Box<Self>>,
    /// What it took the place of, and when that is closed: until then what is under way there still counts.
    before: Option<(ConnectionId, u64)>,
    /// The network under it is another one, so that it may be dead without anybody knowing it.
    doubted: bool,
    /// How many heirs came to nothing, and when the next may begin.
    renewal: Attempt,
}

/// How tries to connect to a peer went.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attempt {
    failures: u32,
    pub(crate) retry_at: u64,
}

impl Connection {
    /// Connected is what can carry a note: bound, and the data channel open.
    pub(crate) fn link(&self) -> Link {
        if self.is_bound() && self.open {
            Link::Connected
        } else {
            Link::Connecting
        }
    }

    pub(crate) fn is_bound(&self) -> bool {
        self.stage == Stage::Bound
    }

    /// Sound can flow now.
    pub(crate) fn carries(&self) -> bool {
        self.is_bound() && self.lost_since.is_none()
    }

    pub(crate) fn due(&self, in_call: bool) -> Option<u64> {
        let setup = (!self.is_bound()).then_some(self.deadline);
        let idle = self
            .unwanted_since
            .filter(|_| !self.asked_by_them)
            .map(|at| at.saturating_add(IDLE_MS));
        let lost = self.lost_since.map(|at| at.saturating_add(LOST_MS));
        let heir = self.heir.as_ref().and_then(|heir| heir.due(in_call));
        let before = self.before.map(|(_, at)| at);
        let renews = self.unwanted_since.is_none() && self.wants_renewal(in_call);
        let renewal = renews.then_some(self.renewal.retry_at);
        [setup, idle, lost, self.batch_at, heir, before, renewal]
            .into_iter()
            .flatten()
            .min()
    }

    /// This one or its heir, by the id.
    fn by_id(&mut self, id: ConnectionId) -> Option<&mut Self> {
        if self.id == id {
            Some(self)
        } else {
            self.heir.as_deref_mut().filter(|heir| heir.id == id)
        }
    }
}

impl Turn<'_> {
    /// A connection over which data may go: bound, open and not interrupted.
    pub(crate) fn direct_connection(&self, peer: &PeerId) -> Option<ConnectionId> {
        let connection = self.live.connections.get(peer)?;
        (connection.carries() && connection.open).then_some(connection.id)
    }

    /// Whose connection this is; `None` for one that is over.
    fn peer_of_connection(&self, id: ConnectionId) -> Option<PeerId> {
        self.live
            .connections
            .iter()
            .find(|(_, connection)| connection.id == id || connection.heir.as_ref().is_some_and(|heir| heir.id == id))
            .map(|(peer, _)| *peer)
    }

    /// Changes a connection with a peer, be it the one that counts or its heir.
    fn with_connection<T>(
        &mut self,
        peer: &PeerId,
        id: ConnectionId,
        edit: impl FnOnce(&mut Connection) -> T,
    ) -> Option<T> {
        self.live.connections.get_mut(peer)?.by_id(id).map(edit)
    }

    /// Makes room for a new connection with a peer and enters it.
    fn enter_connection(
        &mut self,
        peer: &PeerId,
        id: ConnectionId,
        purpose: Purpose,
        stage: Stage,
        asked_by_them: bool,
    ) -> Result<()> {
        self.drop_connection(peer, false)?;
        let connection = self.new_connection(peer, id, purpose, stage, asked_by_them);
        self.live.connections.insert(*peer, connection);
        self.link_changed(peer)
    }

    fn new_connection(
        &mut self,
        peer: &PeerId,
        id: ConnectionId,
        purpose: Purpose,
        stage: Stage,
        asked_by_them: bool,
    ) -> Connection {
        let setup_ms = match purpose {
            Purpose::Call(_) => CALL_SETUP_MS,
            Purpose::Conversation => SETUP_MS,
        };
        Connection {
            id,
            role: Role::of(&self.own, peer),
            purpose,
            stage,
            asked_by_them,
            out_seq: 0,
            seen: Window::default(),
            own_random: Zeroizing::new(orrery_crypto::random::bytes(self.rng)),
            their_random: None,
            fingerprints: None,
            their_mac: None,
            open: false,
            waiting: Vec::new(),
            sound: false,
            taken: 0,
            early: Vec::new(),
            told: 0,
            gathered: Vec::new(),
            batch_at: None,
            deadline: self.mono_ms().saturating_add(setup_ms),
            setup_ms,
            unwanted_since: None,
            lost_since: None,
            heir: None,
            before: None,
            doubted: false,
            renewal: Attempt::default(),
        }
    }

    /// Ends the connection with a peer; `tell` lets the other side know. What was sent over it and not receipted takes
    /// the way over the server.
    pub(crate) fn drop_connection(&mut self, peer: &PeerId, tell: bool) -> Result<()> {
        self.drop_heir(peer, tell)?;
        if tell && let Some(id) = self.live.connections.get(peer).map(|connection| connection.id) {
            self.signal(peer, id, ConnectionStep::Close)?;
        }
        let Some(connection) = self.live.connections.remove(peer) else {
            return Ok(());
        };
        if let Some((connection, _)) = connection.before {
            self.push(Output::Disconnect { connection });
        }
        if connection.sound {
            self.push(Output::StopSound {
                connection: connection.id,
                peer: *peer,
            });
        }
        if connection.stage != Stage::Wanted {
            self.push(Output::Disconnect {
                connection: connection.id,
            });
        }
        self.typing_over(peer);
        self.direct_lost(peer)?;
        self.link_changed(peer)
    }

    /// The try to connect has come to nothing; while it is wanted there will be another.
    fn connection_failed(&mut self, peer: &PeerId, tell: bool) -> Result<()> {
        self.drop_connection(peer, tell)?;
        let now = self.mono_ms();
        let failures = self.live.attempts.get(peer).map_or(0, |attempt| attempt.failures);
        let (base, most) = if self.is_call_member(peer) {
            RETRY_CALL_MS
        } else {
            RETRY_MS
        };
        let pause = self.backoff(failures, base, most);
        self.live.attempts.insert(
            *peer,
            Attempt {
                failures: failures.saturating_add(1),
                retry_at: now.saturating_add(pause),
            },
        );
        Ok(())
    }

    fn link_changed(&mut self, peer: &PeerId) -> Result<()> {
        self.call_changed |= self.is_call_member(peer);
        self.tell_contact(peer)
    }

    /// Room left for candidates told on a connection.
    fn room(told: usize) -> usize {
        MAX_CANDIDATES.saturating_sub(told)
    }

    pub(crate) fn tick_connections(&mut self) -> Result<()> {
        let now = self.mono_ms();
        let peers: Vec<PeerId> = self.live.connections.keys().copied().collect();
        for peer in peers {
            self.tick_heir(&peer)?;
            let Some(connection) = self.live.connections.get(&peer) else {
                continue;
            };
            let id = connection.id;
            let late = !connection.is_bound() && connection.deadline <= now;
            let lost = connection
                .lost_since
                .is_some_and(|at| now >= at.saturating_add(LOST_MS));
            let idle = connection
                .unwanted_since
                .is_some_and(|at| now >= at.saturating_add(IDLE_MS));
            if late || lost {
                self.connection_failed(&peer, true)?;
            } else if idle && !connection.asked_by_them {
                self.drop_connection(&peer, true)?;
            } else if connection.batch_at.is_some_and(|at| at <= now) {
                self.tell_candidates(&peer, id)?;
            }
        }
        Ok(())
    }
}
