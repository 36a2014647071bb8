//! What the transport says of a connection, and the proof that its certificates are those of the two identities.

use orrery_crypto::{Binding, BindingKey};
use orrery_protocol::{
    ConnectionId, PeerId,
    limits::{MAX_CANDIDATE, MAX_DIRECT_MESSAGE},
    signal::{ConnectionStep, Role},
};
use serde_bytes::ByteArray;

use super::{BATCH_MS, Connection, MAX_WAITING, Stage};
use crate::{error::Result, inbox::Path, io::Fact, turn::Turn};

/// The key and the statement that both sides' MACs are made of.
fn binding(own: PeerId, peer: PeerId, connection: &Connection) -> Option<(BindingKey, Binding)> {
    let theirs = connection.their_random.as_ref()?;
    let (local, remote) = connection.fingerprints?;
    let ours = &connection.own_random;
    Some(match connection.role {
        Role::Offerer => (
            BindingKey::new(ours, theirs),
            Binding {
                connection: connection.id,
                offerer: own,
                answerer: peer,
                offerer_fingerprint: local,
                answerer_fingerprint: remote,
            },
        ),
        Role::Answerer => (
            BindingKey::new(theirs, ours),
            Binding {
                connection: connection.id,
                offerer: peer,
                answerer: own,
                offerer_fingerprint: remote,
                answerer_fingerprint: local,
            },
        ),
    })
}

impl Turn<'_> {
    pub(crate) fn gathered(&mut self, id: ConnectionId, mut lines: Vec<String>) -> Result<()> {
        let Some(peer) = self.peer_of_connection(id) else {
            return Ok(());
        };
        let now = self.mono_ms();
        self.with_connection(&peer, id, |connection| {
            lines.retain(|line| line.len() <= MAX_CANDIDATE);
            lines.truncate(Self::room(connection.told.saturating_add(connection.gathered.len())));
            connection.gathered.append(&mut lines);
            // Before the description is out they would be refused.
            let described = !matches!(connection.stage, Stage::Wanted | Stage::Describing);
            if described && !connection.gathered.is_empty() {
                connection.batch_at.get_or_insert(now.saturating_add(BATCH_MS));
            }
        });
        Ok(())
    }

    /// DTLS is up: our proof goes out over the server, and theirs is looked at as soon as it is there.
    pub(crate) fn secured(&mut self, id: ConnectionId, local: [u8; 32], remote: [u8; 32]) -> Result<()> {
        let Some(peer) = self.peer_of_connection(id) else {
            return Ok(());
        };
        let own = self.own;
        let mac = self.with_connection(&peer, id, |connection| {
            if connection.stage != Stage::Joining || connection.fingerprints.is_some() {
                return None;
            }
            connection.fingerprints = Some((local, remote));
            binding(own, peer, connection).map(|(key, binding)| key.mac(&binding, connection.role))
        });
        let Some(mac) = mac.flatten() else {
            return Ok(());
        };
        self.signal(
            &peer,
            id,
            ConnectionStep::Bind {
                mac: ByteArray::new(mac),
            },
        )?;
        self.try_bind(&peer, id)
    }

    /// Verifies the other side's proof once both it and the certificates are there.
    pub(super) fn try_bind(&mut self, peer: &PeerId, id: ConnectionId) -> Result<()> {
        let own = self.own;
        let known = self.with_connection(peer, id, |connection| {
            let (key, binding) = binding(own, *peer, connection)?;
            Some((connection.their_mac?, key, binding, connection.role))
        });
        let Some((mac, key, binding, role)) = known.flatten() else {
            return Ok(());
        };
        let theirs = match role {
            Role::Offerer => Role::Answerer,
            Role::Answerer => Role::Offerer,
        };
        if !key.verify(&binding, theirs, &mac) {
            self.fact(Fact::BindingFailed { peer: *peer });
            return self.one_failed(peer, id, true);
        }
        self.with_connection(peer, id, |connection| connection.stage = Stage::Bound);
        self.live.attempts.remove(peer);
        self.succeed(peer)?;
        self.link_changed(peer)?;
        self.direct_usable(peer)
    }

    /// Somebody else is at the other end: said as loudly as a proof that fails.
    pub(crate) fn impostor(&mut self, id: ConnectionId) -> Result<()> {
        let Some(peer) = self.peer_of_connection(id) else {
            return Ok(());
        };
        self.fact(Fact::BindingFailed { peer });
        self.one_failed(&peer, id, true)
    }

    pub(crate) fn direct_opened(&mut self, id: ConnectionId) -> Result<()> {
        match self.peer_of_connection(id) {
            None => Ok(()),
            Some(peer) => {
                self.with_connection(&peer, id, |connection| connection.open = true);
                self.direct_usable(&peer)
            }
        }
    }

    /// Bound and open, in whichever order: what waited on either side goes its way.
    fn direct_usable(&mut self, peer: &PeerId) -> Result<()> {
        if self.direct_connection(peer).is_none() {
            return Ok(());
        }
        self.link_changed(peer)?;
        self.lanes.insert(*peer);
        let waiting = self.live.connections.get_mut(peer);
        let waiting = waiting.map(|connection| std::mem::take(&mut connection.waiting));
        for message in waiting.unwrap_or_default() {
            self.receive(peer, &message, Path::Direct)?;
        }
        Ok(())
    }

    /// Whose message this is, if it may be looked at now; else it waits or is dropped.
    pub(crate) fn direct_peer(&mut self, id: ConnectionId, message: Vec<u8>) -> Option<(PeerId, Vec<u8>)> {
        if message.len() > MAX_DIRECT_MESSAGE {
            return None;
        }
        // What another one took the place of was bound, or nothing would have taken its place.
        let mut connections = self.live.connections.iter();
        let before = |connection: &Connection| connection.before.is_some_and(|(before, _)| before == id);
        if let Some((peer, _)) = connections.find(|(_, connection)| before(connection)) {
            return Some((*peer, message));
        }
        let peer = self.peer_of_connection(id)?;
        let connection = self.live.connections.get_mut(&peer)?.by_id(id)?;
        if connection.is_bound() {
            return Some((peer, message));
        }
        if connection.waiting.len() < MAX_WAITING {
            connection.waiting.push(message);
        }
        None
    }

    pub(crate) fn interrupted(&mut self, id: ConnectionId) -> Result<()> {
        let now = self.mono_ms();
        match self.peer_of_connection(id) {
            None => Ok(()),
            Some(peer) => {
                self.with_connection(&peer, id, |connection| {
                    connection.lost_since.get_or_insert(now);
                });
                self.direct_lost(&peer)?;
                self.link_changed(&peer)
            }
        }
    }

    pub(crate) fn resumed(&mut self, id: ConnectionId) -> Result<()> {
        match self.peer_of_connection(id) {
            None => Ok(()),
            Some(peer) => {
                self.with_connection(&peer, id, |connection| connection.lost_since = None);
                self.link_changed(&peer)?;
                self.direct_usable(&peer)
            }
        }
    }

    pub(crate) fn broken(&mut self, id: ConnectionId) -> Result<()> {
        match self.peer_of_connection(id) {
            None => Ok(()),
            Some(peer) => self.one_failed(&peer, id, true),
        }
    }

    /// The other end's computer says that no program is there any more. Nothing that connects comes back from there: in
    /// a call that is the end of it.
    pub(crate) fn gone(&mut self, id: ConnectionId) -> Result<()> {
        match self.peer_of_connection(id) {
            None => Ok(()),
            Some(peer) => {
                // An heir that it has spoken of itself says that it is there, somewhere else.
                let heir = self.live.connections.get(&peer).and_then(|old| old.heir.as_deref());
                if heir.is_some_and(|heir| heir.id == id || heir.their_random.is_some()) {
                    return self.one_failed(&peer, id, true);
                }
                self.drop_heir(&peer, false)?;
                self.one_failed(&peer, id, true)?;
                self.member_gone(&peer)
            }
        }
    }
}
