//! What is true only while the program runs: connections, calls, presence, timers, requests in flight. Everything
//! durable stands in the archive and is read from there. One cloneable value, so that going back is a swap.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use orrery_protocol::{CallId, PeerId};

use crate::{
    call::Call,
    clock::Clock,
    connection::{Attempt, Connection, Overtaken},
    forks::Places,
    inbox::Early,
    io::Policy,
    outbox::{Ask, Lane, Ticket},
    presence::Presence,
    receipts::ReceiptTimer,
    typing::Typing,
};

/// A question without an answer for so long counts as not answered: its answer may have died with a failed commit.
const TICKET_MS: u64 = 90_000;

#[derive(Clone)]
pub(crate) struct Live {
    /// Display name, as in the archive.
    pub(crate) name: String,
    /// Home server, as in the archive.
    pub(crate) server: String,
    pub(crate) policy: Policy,
    pub(crate) clock: Clock,
    /// Logged in at the home server.
    pub(crate) online: bool,
    pub(crate) next_ticket: u64,
    /// What was asked of other people's servers and is not answered; at most a window per peer.
    pub(crate) tickets: BTreeMap<u64, Ticket>,
    /// What waits for each peer; only peers with rows or a handshake under way.
    pub(crate) lanes: BTreeMap<PeerId, Lane>,
    /// Conversations on screen.
    pub(crate) open_channels: BTreeSet<PeerId>,
    pub(crate) receipts: BTreeMap<PeerId, ReceiptTimer>,
    pub(crate) presence: Presence,
    pub(crate) typing: Typing,
    pub(crate) connections: BTreeMap<PeerId, Connection>,
    /// How the last tries to connect went, and when the next one is due.
    pub(crate) attempts: BTreeMap<PeerId, Attempt>,
    /// Candidates that came before their offer; at most one connection's for a peer who may connect at all.
    pub(crate) overtaken: BTreeMap<PeerId, Overtaken>,
    pub(crate) call: Option<Call>,
    pub(crate) muted: bool,
    pub(crate) deafened: bool,
    /// Calls cancelled before their ring arrived.
    pub(crate) cancelled: Vec<CallId>,
    /// Notes of people whom the roster of the running call may yet introduce.
    pub(crate) early: Vec<Early>,
    /// Peers whose other version was told of already.
    pub(crate) versions_said: BTreeSet<PeerId>,
    /// When the last fresh session was asked for, mono.
    pub(crate) heals: BTreeMap<PeerId, u64>,
    /// What each contact's last messages were, to tell a repeat from a fork.
    pub(crate) forks: BTreeMap<PeerId, Arc<Places>>,
    /// When each contact last rang without being answered, mono; only as many as are counted.
    pub(crate) rings: BTreeMap<PeerId, Vec<u64>>,
    /// Envelopes that were not for us, or held nothing that could be a message.
    pub(crate) ignored: u64,
    /// When each peer was last heard of, mono; says whether a direct connection is worth a try.
    pub(crate) heard: BTreeMap<PeerId, u64>,
    /// When prekeys are looked after next, mono.
    pub(crate) prekeys_at: Option<u64>,
    /// The time of the last look at what is due, mono.
    pub(crate) looked_at: u64,
    /// Prekeys were sent to the server under this signed prekey id, not confirmed yet.
    pub(crate) publishing: Option<u32>,
}

impl Live {
    pub(crate) fn new(name: String, server: String, policy: Policy) -> Self {
        Self {
            name,
            server,
            policy,
            clock: Clock::default(),
            online: false,
            next_ticket: 1,
            tickets: BTreeMap::new(),
            lanes: BTreeMap::new(),
            open_channels: BTreeSet::new(),
            receipts: BTreeMap::new(),
            presence: Presence::default(),
            typing: Typing::default(),
            connections: BTreeMap::new(),
            attempts: BTreeMap::new(),
            overtaken: BTreeMap::new(),
            call: None,
            muted: false,
            deafened: false,
            cancelled: Vec::new(),
            early: Vec::new(),
            versions_said: BTreeSet::new(),
            heals: BTreeMap::new(),
            forks: BTreeMap::new(),
            rings: BTreeMap::new(),
            ignored: 0,
            heard: BTreeMap::new(),
            prekeys_at: None,
            looked_at: 0,
            publishing: None,
        }
    }

    /// Numbers something that is asked of somebody's server.
    pub(crate) fn ticket(&mut self, ask: Ask, now: u64) -> u64 {
        let number = self.next_ticket;
        self.next_ticket = self.next_ticket.wrapping_add(1);
        let until = now.saturating_add(TICKET_MS);
        self.tickets.insert(number, Ticket { ask, until });
        number
    }
}
