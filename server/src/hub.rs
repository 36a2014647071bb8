//! Who is connected now, and the lane by which mail reaches each of them.

mod lane;

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
};

use orrery_protocol::PeerId;

pub(crate) use lane::{Lane, Mail, Next};

/// The lanes of all who are logged in. One identity has one lane: the newest connection's.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    lanes: Mutex<HashMap<PeerId, Arc<Lane>>>,
}

impl Hub {
    /// Makes `lane` the one of `peer`; a connection that had it is told that it was replaced.
    pub(crate) fn enter(&self, peer: PeerId, lane: Arc<Lane>) {
        let old = self.lock().insert(peer, lane);
        if let Some(old) = old {
            old.replace();
        }
    }

    /// Takes `lane` out, unless a newer one stands in its place.
    pub(crate) fn leave(&self, peer: PeerId, lane: &Arc<Lane>) {
        if let Entry::Occupied(entry) = self.lock().entry(peer)
            && Arc::ptr_eq(entry.get(), lane)
        {
            entry.remove();
        }
    }

    /// The lane of `peer`, when connected.
    pub(crate) fn lane(&self, peer: &PeerId) -> Option<Arc<Lane>> {
        self.lock().get(peer).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PeerId, Arc<Lane>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_connection_wins_and_the_old_one_cannot_take_it_along() {
        let (hub, peer) = (Hub::default(), PeerId([1; 32]));
        let (old, new) = (Arc::new(Lane::default()), Arc::new(Lane::default()));
        hub.enter(peer, old.clone());
        hub.enter(peer, new.clone());
        assert_eq!(old.try_next(), Some(Next::Replaced));
        hub.leave(peer, &old);
        assert!(Arc::ptr_eq(&hub.lane(&peer).unwrap(), &new));
        hub.leave(peer, &new);
        assert!(hub.lane(&peer).is_none());
    }
}
