//! Notes about connections, out and in. Every one is checked for whom it names, when it was said and where it stands in
//! the order of steps; what does not fit is dropped without an answer.

use orrery_protocol::{
    ConnectionId, PeerId,
    limits::{MAX_SDP_SENT, SIGNAL_LIFETIME},
    note::Body,
    signal::{ConnectionSignal, ConnectionStep, Purpose, Role},
};
use serde_bytes::ByteArray;
use zeroize::Zeroizing;

use super::{Seen, Stage};
use crate::{
    clock::millis,
    error::Result,
    io::{Direct, Output},
    outbox::Post,
    turn::Turn,
};

/// A note may seem to come from the future by so much: clocks differ.
pub(crate) const FUTURE_MS: u64 = 30_000;

/// Candidates of a connection whose offer has not come; one connection per peer.
#[derive(Clone, Debug)]
pub(crate) struct Overtaken {
    connection: ConnectionId,
    lines: Vec<String>,
}

impl Turn<'_> {
    /// Says a step of a connection with a peer.
    pub(super) fn signal(&mut self, peer: &PeerId, id: ConnectionId, step: ConnectionStep) -> Result<()> {
        let count = self.with_connection(peer, id, |connection| {
            let seq = connection.out_seq;
            connection.out_seq = seq.saturating_add(1);
            (seq, connection.role)
        });
        match count {
            Some((seq, role)) => self.post_signal(peer, id, seq, role, step),
            None => Ok(()),
        }
    }

    fn post_signal(
        &mut self,
        peer: &PeerId,
        connection: ConnectionId,
        seq: u32,
        role: Role,
        step: ConnectionStep,
    ) -> Result<()> {
        let issued_ms = self.wall_ms();
        let lifetime = millis(SIGNAL_LIFETIME);
        let signal = ConnectionSignal {
            connection,
            seq,
            role,
            from: self.own,
            to: *peer,
            issued_ms,
            expires_ms: issued_ms.saturating_add(lifetime),
            step,
        };
        self.post(peer, Body::Connection(signal), Post::until(lifetime))?;
        Ok(())
    }

    /// Whether a signal is meant for us, said by whom it says, and still true.
    pub(crate) fn in_time(&self, sender: &PeerId, from: &PeerId, to: &PeerId, issued_ms: u64, expires_ms: u64) -> bool {
        let now_ms = self.wall_ms();
        from == sender
            && *to == self.own
            && issued_ms <= now_ms.saturating_add(FUTURE_MS)
            && expires_ms > now_ms
            && expires_ms.saturating_sub(issued_ms) <= millis(SIGNAL_LIFETIME)
    }

    pub(crate) fn connection_signal(&mut self, sender: &PeerId, signal: ConnectionSignal) -> Result<()> {
        if !self.in_time(sender, &signal.from, &signal.to, signal.issued_ms, signal.expires_ms)
            || signal.role != Role::of(sender, &self.own)
        {
            return Ok(());
        }
        let seen = self.with_connection(sender, signal.connection, |connection| {
            connection.seen.enter(signal.seq)
        });
        if seen == Some(Seen::Before) {
            return Ok(());
        }
        match signal.step {
            ConnectionStep::Want { purpose } => self.wanted(sender, signal.connection, signal.seq, purpose),
            ConnectionStep::Offer { purpose, sdp, random } => {
                self.offered(sender, signal.connection, signal.seq, purpose, sdp, random.into_array())
            }
            ConnectionStep::Answer { sdp, random } => {
                self.answered(sender, signal.connection, sdp, random.into_array())
            }
            ConnectionStep::Candidates { lines } => self.candidates(sender, signal.connection, lines),
            ConnectionStep::Bind { mac } => self.bind_received(sender, signal.connection, mac.into_array()),
            ConnectionStep::Close => self.close_received(sender, signal.connection),
        }
    }

    /// Whether the other side may have a connection for this.
    fn allowed(&mut self, peer: &PeerId, purpose: Purpose) -> Result<bool> {
        match purpose {
            Purpose::Conversation => Ok(self.live.policy.direct != Direct::Calls && self.is_contact(peer)?),
            Purpose::Call(call) => self.joins(peer, call),
        }
    }

    /// "No", to a contact, so that it need not wait.
    fn refuse(&mut self, peer: &PeerId, connection: ConnectionId) -> Result<()> {
        if self.is_contact(peer)? {
            let role = Role::of(&self.own, peer);
            self.post_signal(peer, connection, 0, role, ConnectionStep::Close)?;
        }
        Ok(())
    }

    /// The answering side asks for our offer.
    fn wanted(&mut self, peer: &PeerId, id: ConnectionId, seq: u32, purpose: Purpose) -> Result<()> {
        if Role::of(&self.own, peer) != Role::Offerer {
            return Ok(());
        }
        if !self.allowed(peer, purpose)? {
            return self.refuse(peer, id);
        }
        if let Some(connection) = self.live.connections.get_mut(peer)
            && (connection.id == id || !connection.is_bound())
        {
            // Our own try is on its way; the other side takes it instead of what it asked for.
            connection.asked_by_them = true;
            return Ok(());
        }
        if self.live.connections.contains_key(peer) {
            // Of the one that we think of as standing the other side may know nothing any more; but perhaps only its
            // network changed, and sound still comes.
            return self.renewal_wanted(peer, id, seq, purpose);
        }
        self.enter_connection(peer, id, purpose, Stage::Describing, true)?;
        self.with_connection(peer, id, |connection| connection.seen.enter(seq));
        self.push(Output::MakeOffer {
            connection: id,
            peer: *peer,
            renews: None,
        });
        Ok(())
    }

    fn offered(
        &mut self,
        peer: &PeerId,
        id: ConnectionId,
        seq: u32,
        purpose: Purpose,
        sdp: String,
        random: [u8; 32],
    ) -> Result<()> {
        if Role::of(&self.own, peer) != Role::Answerer {
            return Ok(());
        }
        if !self.allowed(peer, purpose)? {
            return self.refuse(peer, id);
        }
        let bound = self.live.connections.get(peer).filter(|now| now.is_bound());
        let renews = bound.map(|now| now.id);
        // Where one stands that is bound, the new one waits beside it until it is bound itself.
        let current = match bound {
            Some(now) if now.id != id => now.heir.as_deref(),
            _ => self.live.connections.get(peer),
        };
        if current.is_some_and(|now| now.id == id && now.stage != Stage::Wanted) {
            // A second offer for the same connection.
            return Ok(());
        }
        // An offer to what we asked for is ours; any other one is the other side's wish.
        let ours = current.is_some_and(|now| now.stage == Stage::Wanted);
        let out_seq = current.filter(|now| now.id == id).map_or(0, |now| now.out_seq);
        if renews.is_some() {
            self.enter_heir(peer, id, purpose, Stage::Describing, !ours)?;
        } else {
            self.enter_connection(peer, id, purpose, Stage::Describing, !ours)?;
        }
        self.with_connection(peer, id, |connection| {
            connection.seen.enter(seq);
            connection.out_seq = out_seq;
            connection.their_random = Some(Zeroizing::new(random));
        });
        self.push(Output::MakeAnswer {
            connection: id,
            peer: *peer,
            sdp,
            renews,
        });
        match self
            .live
            .overtaken
            .remove(peer)
            .filter(|overtaken| overtaken.connection == id)
        {
            Some(overtaken) => self.candidates(peer, id, overtaken.lines),
            None => Ok(()),
        }
    }

    fn answered(&mut self, peer: &PeerId, id: ConnectionId, sdp: String, random: [u8; 32]) -> Result<()> {
        let took = self.with_connection(peer, id, |connection| {
            // Only to an offer we made, and only once.
            let fits = connection.role == Role::Offerer && connection.stage == Stage::Described;
            if fits {
                connection.stage = Stage::Joining;
                connection.their_random = Some(Zeroizing::new(random));
            }
            fits
        });
        if took != Some(true) {
            return Ok(());
        }
        self.push(Output::TakeAnswer { connection: id, sdp });
        let early = self.with_connection(peer, id, |connection| std::mem::take(&mut connection.early));
        self.candidates(peer, id, early.unwrap_or_default())
    }

    fn candidates(&mut self, peer: &PeerId, id: ConnectionId, mut lines: Vec<String>) -> Result<()> {
        let Some(connection) = self.live.connections.get_mut(peer).and_then(|now| now.by_id(id)) else {
            // Its offer may be right behind it.
            if self.is_contact(peer)? || self.is_call_member(peer) {
                let overtaken = self.live.overtaken.entry(*peer).or_insert(Overtaken {
                    connection: id,
                    lines: Vec::new(),
                });
                if overtaken.connection != id {
                    *overtaken = Overtaken {
                        connection: id,
                        lines: Vec::new(),
                    };
                }
                lines.truncate(Self::room(overtaken.lines.len()));
                overtaken.lines.append(&mut lines);
            }
            return Ok(());
        };
        if connection.their_random.is_none() {
            lines.truncate(Self::room(connection.early.len()));
            connection.early.append(&mut lines);
            return Ok(());
        }
        lines.truncate(Self::room(connection.taken));
        connection.taken = connection.taken.saturating_add(lines.len());
        if !lines.is_empty() {
            self.push(Output::AddCandidates { connection: id, lines });
        }
        Ok(())
    }

    fn bind_received(&mut self, peer: &PeerId, id: ConnectionId, mac: [u8; 32]) -> Result<()> {
        let took = self.with_connection(peer, id, |connection| {
            let fits = connection.stage == Stage::Joining && connection.their_mac.is_none();
            if fits {
                connection.their_mac = Some(mac);
            }
            fits
        });
        if took == Some(true) {
            self.try_bind(peer, id)
        } else {
            Ok(())
        }
    }

    fn close_received(&mut self, peer: &PeerId, id: ConnectionId) -> Result<()> {
        match self.with_connection(peer, id, |connection| connection.is_bound()) {
            None => Ok(()),
            Some(true) => self.drop_connection(peer, false),
            Some(false) => self.one_failed(peer, id, false),
        }
    }

    /// Our description is ready and goes out.
    pub(crate) fn described(&mut self, id: ConnectionId, sdp: String) -> Result<()> {
        let Some(peer) = self.peer_of_connection(id) else {
            return Ok(());
        };
        if sdp.len() > MAX_SDP_SENT {
            return self.one_failed(&peer, id, true);
        }
        let now = self.mono_ms();
        let step = self.with_connection(&peer, id, |connection| {
            if connection.stage != Stage::Describing {
                return None;
            }
            let random = ByteArray::new(*connection.own_random);
            connection.batch_at = (!connection.gathered.is_empty()).then_some(now);
            Some(match connection.role {
                Role::Offerer => {
                    connection.stage = Stage::Described;
                    connection.deadline = now.saturating_add(connection.setup_ms);
                    ConnectionStep::Offer {
                        purpose: connection.purpose,
                        sdp,
                        random,
                    }
                }
                Role::Answerer => {
                    connection.stage = Stage::Joining;
                    ConnectionStep::Answer { sdp, random }
                }
            })
        });
        match step.flatten() {
            Some(step) => self.signal(&peer, id, step),
            None => Ok(()),
        }
    }

    /// Tells the candidates gathered since the last time.
    pub(super) fn tell_candidates(&mut self, peer: &PeerId, id: ConnectionId) -> Result<()> {
        let lines = self.with_connection(peer, id, |connection| {
            connection.batch_at = None;
            let lines = std::mem::take(&mut connection.gathered);
            connection.told = connection.told.saturating_add(lines.len());
            lines
        });
        match lines {
            Some(lines) if !lines.is_empty() => self.signal(peer, id, ConnectionStep::Candidates { lines }),
            _ => Ok(()),
        }
    }
}
