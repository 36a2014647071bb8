//! Two copies of one profile that both run: each goes on with the same session, and both encrypt under the same keys. The
//! copy heard first uses a key up, and what the other one wrote under it looks like a repeat. It is none: a repeat is
//! the same to the last byte. Remembered is what was read in this run, and of each contact the last only.

use std::{collections::VecDeque, sync::Arc};

use orrery_crypto::session::{Place, place};
use orrery_protocol::PeerId;

use crate::turn::Turn;

/// Messages remembered of one contact.
const MAX_PLACES: usize = 256;
/// Length of the tag at the end of a message. Other words under the same key have another one.
const TAG: usize = 16;

/// A message that was read.
#[derive(Clone, Copy)]
struct Read {
    place: Place,
    tag: [u8; TAG],
}

/// The last messages read of one contact, the oldest first.
#[derive(Clone, Default)]
pub(crate) struct Places(VecDeque<Read>);

impl Read {
    fn of(message: &[u8]) -> Option<Self> {
        Some(Self {
            place: place(message).ok()?,
            tag: *message.last_chunk()?,
        })
    }
}

impl Turn<'_> {
    /// A message was read and its key is used up.
    pub(crate) fn remember_read(&mut self, peer: &PeerId, message: &[u8]) {
        let Some(read) = Read::of(message) else {
            return;
        };
        let places = &mut Arc::make_mut(self.live.forks.entry(*peer).or_default()).0;
        if places.len() >= MAX_PLACES {
            places.pop_front();
        }
        places.push_back(read);
    }

    /// Whether a message whose key is used up is another one than the one that used it.
    pub(crate) fn is_forked(&self, peer: &PeerId, message: &[u8]) -> bool {
        let (Some(places), Some(again)) = (self.live.forks.get(peer), Read::of(message)) else {
            return false;
        };
        places
            .0
            .iter()
            .any(|read| read.place == again.place && read.tag != again.tag)
    }
}
