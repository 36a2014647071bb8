//! Who is writing: told only over a live direct connection, forgotten after a few seconds.

use std::collections::BTreeMap;

use orrery_protocol::{ChannelId, PeerId, note::Body};

use crate::{
    error::{Refusal, Result},
    io::{Fact, Output},
    live::Live,
    turn::Turn,
};

/// Without a repetition a peer has stopped writing after this.
const EXPIRES_MS: u64 = 6000;
/// While writing it is said again, at most this often.
const REPEAT_MS: u64 = 3000;

#[derive(Clone, Debug, Default)]
pub(crate) struct Typing {
    /// Who writes to us, until when.
    theirs: BTreeMap<PeerId, u64>,
    /// To whom we said that we write, and when.
    ours: BTreeMap<PeerId, u64>,
}

impl Typing {
    pub(crate) fn forget(&mut self, peer: &PeerId) {
        self.theirs.remove(peer);
        self.ours.remove(peer);
    }

    pub(crate) fn due(&self) -> Option<u64> {
        self.theirs.values().copied().min()
    }
}

impl Live {
    pub(crate) fn typing_facts(&self) -> Vec<Fact> {
        self.typing.theirs.keys().map(|peer| typing(*peer, true)).collect()
    }
}

fn typing(peer: PeerId, on: bool) -> Fact {
    Fact::Typing {
        channel: peer.into(),
        peer,
        on,
    }
}

impl Turn<'_> {
    pub(crate) fn set_typing(&mut self, channel: ChannelId, on: bool) -> Result<()> {
        let peer = PeerId::from(channel);
        self.writable(&peer, Refusal::NoSuchChannel)?;
        let now = self.mono_ms();
        let said = self.live.typing.ours.get(&peer).copied();
        let news = if on {
            said.is_none_or(|at| now.saturating_sub(at) >= REPEAT_MS)
        } else {
            said.is_some()
        };
        if !self.live.policy.typing || !news {
            return Ok(());
        }
        let Some(connection) = self.direct_connection(&peer) else {
            return Ok(());
        };
        let bytes = self.note_bytes(Body::Typing { on })?;
        if let Some((message, _)) = self.encrypt(&peer, &bytes.0)? {
            self.push(Output::SendDirect { connection, message });
            if on {
                self.live.typing.ours.insert(peer, now);
            } else {
                self.live.typing.ours.remove(&peer);
            }
        }
        Ok(())
    }

    pub(crate) fn typing_received(&mut self, peer: &PeerId, on: bool) -> Result<()> {
        let until = self.mono_ms().saturating_add(EXPIRES_MS);
        let was = if on {
            self.live.typing.theirs.insert(*peer, until)
        } else {
            self.live.typing.theirs.remove(peer)
        };
        if was.is_some() != on {
            self.fact(typing(*peer, on));
        }
        Ok(())
    }

    /// Its message is here, or it is gone: it is not writing any more.
    pub(crate) fn typing_over(&mut self, peer: &PeerId) {
        if self.live.typing.theirs.remove(peer).is_some() {
            self.fact(typing(*peer, false));
        }
    }

    /// Our own message says by itself that we have stopped.
    pub(crate) fn own_typing_over(&mut self, peer: &PeerId) {
        self.live.typing.ours.remove(peer);
    }

    pub(crate) fn tick_typing(&mut self) {
        let now = self.mono_ms();
        let over: Vec<PeerId> = self
            .live
            .typing
            .theirs
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(peer, _)| *peer)
            .collect();
        for peer in over {
            self.typing_over(&peer);
        }
    }
}
