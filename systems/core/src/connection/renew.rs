//! A connection whose network changed, or that is silent in a call, gets an heir: a whole new connection, set up beside it
//! over the server, with certificates and a binding of its own. The old one goes on, and sounds if it still can, until the
//! heir is bound; only then the heir takes its place.
//!
//! This is what an ICE restart (RFC 8445 §9) is for. The stack has one, but it silences the connection from the moment the
//! offer is made until the new path stands; and a connection that is bound anew needs no thought about what an old
//! binding is worth on a new path.

use orrery_crypto::random;
use orrery_protocol::{
    ConnectionId, PeerId,
    signal::{ConnectionStep, Purpose, Role},
};

use super::{Attempt, Connection, RETRY_CALL_MS, Stage};
use crate::{error::Result, io::Output, turn::Turn};

/// From the first word about an heir to its binding; then another is tried.
const RENEWAL_MS: u64 = 6000;
/// How long both are kept when the heir is bound. The other side binds a little later or earlier, and packets are under
/// way: meanwhile sound goes over both and is heard once.
const OVERLAP_MS: u64 = 1000;
/// So many heirs in a row that come to nothing say that the connection that stands is the only one to be had, as long as it
/// is not silent.
const MAX_HEIRS: u32 = 6;

impl Connection {
    /// Whether it should get an heir, as soon as one may be tried.
    pub(super) fn wants_renewal(&self, in_call: bool) -> bool {
        self.is_bound() && self.heir.is_none() && (self.doubted || (in_call && self.lost_since.is_some()))
    }
}

impl Turn<'_> {
    /// This computer is in another network. `lost`: addresses are gone, so that what stood may be dead; else there are
    /// only more ways than before, which help whoever has none.
    pub(crate) fn network_changed(&mut self, lost: bool) -> Result<()> {
        let now = self.mono_ms();
        let peers: Vec<PeerId> = self.live.connections.keys().copied().collect();
        for peer in peers {
            self.drop_heir(&peer, true)?;
            let Some(connection) = self.live.connections.get_mut(&peer) else {
                continue;
            };
            connection.doubted |= lost;
            connection.renewal = Attempt {
                failures: 0,
                retry_at: now,
            };
            if !connection.is_bound() {
                // Its sockets are those of the old network.
                self.drop_connection(&peer, true)?;
            }
        }
        for attempt in self.live.attempts.values_mut() {
            *attempt = Attempt {
                failures: 0,
                retry_at: attempt.retry_at.min(now),
            };
        }
        Ok(())
    }

    /// Begins to replace a connection, if it needs that and it is time.
    pub(super) fn begin_renewal(&mut self, peer: &PeerId, purpose: Purpose) -> Result<()> {
        let (now, in_call) = (self.mono_ms(), matches!(purpose, Purpose::Call(_)));
        let Some(old) = self
            .live
            .connections
            .get(peer)
            .filter(|old| old.wants_renewal(in_call) && old.renewal.retry_at <= now)
        else {
            return Ok(());
        };
        let (renews, role) = (old.id, old.role);
        let id = random::connection_id(self.rng);
        match role {
            Role::Offerer => {
                self.enter_heir(peer, id, purpose, Stage::Describing, false)?;
                self.push(Output::MakeOffer {
                    connection: id,
                    peer: *peer,
                    renews: Some(renews),
                });
                Ok(())
            }
            Role::Answerer => {
                self.enter_heir(peer, id, purpose, Stage::Wanted, false)?;
                self.signal(peer, id, ConnectionStep::Want { purpose })
            }
        }
    }

    /// The other side wants the connection that stands replaced. What we began ourselves goes on.
    pub(super) fn renewal_wanted(&mut self, peer: &PeerId, id: ConnectionId, seq: u32, purpose: Purpose) -> Result<()> {
        let Some(old) = self.live.connections.get(peer).filter(|old| old.heir.is_none()) else {
            return Ok(());
        };
        let renews = Some(old.id);
        self.enter_heir(peer, id, purpose, Stage::Describing, true)?;
        self.with_connection(peer, id, |connection| connection.seen.enter(seq));
        self.push(Output::MakeOffer {
            connection: id,
            peer: *peer,
            renews,
        });
        Ok(())
    }

    /// Enters an heir beside the connection that stands.
    pub(super) fn enter_heir(
        &mut self,
        peer: &PeerId,
        id: ConnectionId,
        purpose: Purpose,
        stage: Stage,
        asked_by_them: bool,
    ) -> Result<()> {
        self.drop_heir(peer, false)?;
        let mut heir = self.new_connection(peer, id, purpose, stage, asked_by_them);
        heir.setup_ms = RENEWAL_MS;
        heir.deadline = self.mono_ms().saturating_add(RENEWAL_MS);
        if let Some(old) = self.live.connections.get_mut(peer) {
            old.heir = Some(Box::new(heir));
        }
        Ok(())
    }

    /// Ends an heir; the connection that stands goes on.
    pub(super) fn drop_heir(&mut self, peer: &PeerId, tell: bool) -> Result<()> {
        let Some(heir) = self.live.connections.get(peer).and_then(|old| old.heir.as_ref()) else {
            return Ok(());
        };
        let (connection, made) = (heir.id, heir.stage != Stage::Wanted);
        if tell {
            self.signal(peer, connection, ConnectionStep::Close)?;
        }
        if made {
            self.push(Output::Disconnect { connection });
        }
        if let Some(old) = self.live.connections.get_mut(peer) {
            old.heir = None;
        }
        Ok(())
    }

    /// One connection with a peer, the heir or the one that stands, has come to nothing.
    pub(super) fn one_failed(&mut self, peer: &PeerId, id: ConnectionId, tell: bool) -> Result<()> {
        let Some(old) = self.live.connections.get(peer) else {
            return Ok(());
        };
        if old.id != id {
            let failures = old.renewal.failures;
            self.drop_heir(peer, tell)?;
            let (base, most) = RETRY_CALL_MS;
            let retry_at = self.mono_ms().saturating_add(self.backoff(failures, base, most));
            if let Some(old) = self.live.connections.get_mut(peer) {
                old.renewal = Attempt {
                    failures: failures.saturating_add(1),
                    retry_at,
                };
                old.doubted &= old.renewal.failures < MAX_HEIRS;
            }
            return Ok(());
        }
        let heir = self.live.connections.get_mut(peer).and_then(|old| old.heir.take());
        let Some(heir) = heir else {
            return self.connection_failed(peer, tell);
        };
        // It is over for the old one before the heir is ready: there is silence until it is.
        self.drop_connection(peer, tell)?;
        self.live.connections.insert(*peer, *heir);
        self.link_changed(peer)
    }

    /// An heir that is bound takes the place of the one that stood.
    pub(super) fn succeed(&mut self, peer: &PeerId) -> Result<()> {
        let now = self.mono_ms();
        let Some(old) = self.live.connections.get_mut(peer) else {
            return Ok(());
        };
        let Some(mut heir) = old.heir.take_if(|heir| heir.is_bound()) else {
            return Ok(());
        };
        let earlier = old.before.take();
        heir.before = Some((old.id, now.saturating_add(OVERLAP_MS)));
        heir.sound = old.sound;
        heir.asked_by_them = old.asked_by_them;
        heir.unwanted_since = old.unwanted_since;
        let (from, to, sound) = (old.id, heir.id, old.sound);
        *old = *heir;
        if let Some((connection, _)) = earlier {
            self.push(Output::Disconnect { connection });
        }
        if sound {
            self.push(Output::MoveSound { from, to, peer: *peer });
        }
        // Its data channel opens a little later, and what went over the old one may be lost.
        self.direct_lost(peer)
    }

    /// What is due for the heir of a connection, and for what it took the place of.
    pub(super) fn tick_heir(&mut self, peer: &PeerId) -> Result<()> {
        let now = self.mono_ms();
        let Some(connection) = self.live.connections.get_mut(peer) else {
            return Ok(());
        };
        if let Some((connection, _)) = connection.before.take_if(|(_, at)| *at <= now) {
            self.push(Output::Disconnect { connection });
        }
        let heir = self.live.connections.get(peer).and_then(|now| now.heir.as_ref());
        let Some((id, late, batch)) = heir.map(|heir| {
            let batch = heir.batch_at.is_some_and(|at| at <= now);
            (heir.id, heir.deadline <= now, batch)
        }) else {
            return Ok(());
        };
        if late {
            self.one_failed(peer, id, true)
        } else if batch {
            self.tell_candidates(peer, id)
        } else {
            Ok(())
        }
    }
}
