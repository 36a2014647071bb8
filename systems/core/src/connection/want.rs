//! Which connections there should be: one with everybody in the running call, and, as the settings allow, one with who
//! is on the other side of an open conversation.

use std::collections::BTreeMap;

use orrery_crypto::random;
use orrery_protocol::{
    PeerId,
    signal::{ConnectionStep, Purpose, Role},
};

use super::{Attempt, MAX_CONNECTIONS, Stage};
use crate::{
    error::Result,
    io::{Direct, Output},
    turn::Turn,
};

/// Who was heard of in so long is probably there, also if it does not tell its presence.
const HEARD_MS: u64 = 5 * 60 * 1000;
/// In a call both sides know that they connect; the answering side asks only when no offer comes.
const OFFER_GRACE_MS: u64 = 3000;

impl Turn<'_> {
    /// Begins and ends what the state of things asks for.
    pub(crate) fn settle_connections(&mut self) -> Result<()> {
        let wanted = self.wanted_connections()?;
        let now = self.mono_ms();
        let held: Vec<PeerId> = self.live.connections.keys().copied().collect();
        for peer in held {
            let is_wanted = wanted.contains_key(&peer);
            let may_stay = is_wanted || self.is_contact(&peer)?;
            let policy_forbids = self.live.policy.direct == Direct::Calls && !is_wanted;
            let Some(connection) = self.live.connections.get_mut(&peer) else {
                continue;
            };
            let unfinished = !connection.is_bound() && !connection.asked_by_them && !is_wanted;
            if !may_stay || policy_forbids || unfinished {
                self.drop_connection(&peer, true)?;
            } else if is_wanted {
                connection.unwanted_since = None;
            } else {
                connection.unwanted_since.get_or_insert(now);
            }
        }
        for (peer, purpose) in wanted {
            self.begin_connection(&peer, purpose)?;
            self.begin_renewal(&peer, purpose)?;
        }
        self.settle_sound();
        Ok(())
    }

    fn wanted_connections(&mut self) -> Result<BTreeMap<PeerId, Purpose>> {
        let mut wanted = BTreeMap::new();
        let open: Vec<PeerId> = match self.live.policy.direct {
            Direct::Calls => Vec::new(),
            Direct::Conversations => self.live.open_channels.iter().copied().collect(),
            Direct::Contacts => self
                .live
                .open_channels
                .iter()
                .chain(self.live.presence.here())
                .copied()
                .collect(),
        };
        for peer in open {
            if wanted.len() < MAX_CONNECTIONS && self.probably_there(&peer) && self.is_contact(&peer)? {
                wanted.insert(peer, Purpose::Conversation);
            }
        }
        if let Some(call) = &self.live.call {
            for peer in call.joined() {
                wanted.insert(*peer, Purpose::Call(call.id));
            }
        }
        Ok(wanted)
    }

    fn probably_there(&self, peer: &PeerId) -> bool {
        let now = self.now.mono_ms;
        self.live.presence.is_here(peer)
            || self.live.connections.contains_key(peer)
            || self
                .live
                .heard
                .get(peer)
                .is_some_and(|at| now.saturating_sub(*at) <= HEARD_MS)
    }

    fn begin_connection(&mut self, peer: &PeerId, purpose: Purpose) -> Result<()> {
        let now = self.mono_ms();
        if self.live.connections.contains_key(peer) {
            return Ok(());
        }
        let role = Role::of(&self.own, peer);
        let in_call = matches!(purpose, Purpose::Call(_));
        if in_call && role == Role::Answerer {
            self.live.attempts.entry(*peer).or_insert(Attempt {
                failures: 0,
                retry_at: now.saturating_add(OFFER_GRACE_MS),
            });
        }
        if self
            .live
            .attempts
            .get(peer)
            .is_some_and(|attempt| attempt.retry_at > now)
        {
            return Ok(());
        }
        let id = random::connection_id(self.rng);
        match role {
            Role::Offerer => {
                self.enter_connection(peer, id, purpose, Stage::Describing, false)?;
                self.push(Output::MakeOffer {
                    connection: id,
                    peer: *peer,
                    renews: None,
                });
                Ok(())
            }
            Role::Answerer => {
                self.enter_connection(peer, id, purpose, Stage::Wanted, false)?;
                self.signal(peer, id, ConnectionStep::Want { purpose })
            }
        }
    }

    /// Sound runs exactly where a bound connection and a joined call meet.
    fn settle_sound(&mut self) {
        let mut changes = Vec::new();
        for (peer, connection) in &mut self.live.connections {
            let joined = self
                .live
                .call
                .as_ref()
                .is_some_and(|call| call.joined().any(|member| member == peer));
            let should = joined && connection.is_bound();
            if should != connection.sound {
                connection.sound = should;
                changes.push((connection.id, *peer, should));
            }
        }
        for (connection, peer, on) in changes {
            self.push(if on {
                Output::StartSound { connection, peer }
            } else {
                Output::StopSound { connection, peer }
            });
        }
    }
}
