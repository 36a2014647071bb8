//! Presence: a sealed "here" or "gone" to those we had to do with lately; it is what the dot beside a name means.

use std::collections::BTreeMap;

use orrery_protocol::{
    PeerId,
    note::Body,
    record::{ContactRecord, ContactState},
};

use crate::{error::Result, outbox::Post, turn::Turn};

/// Whom presence is told: contacts with something said or heard in so long …
const RECENT_MS: u64 = 30 * 24 * 3600 * 1000;
/// … and of those the latest so many.
const MAX_TOLD: usize = 50;
/// How often those who are here are told again that we are.
const REFRESH_MS: u64 = 4 * 60 * 1000;
/// How long a "here" holds.
const HOLDS_MS: u64 = 10 * 60 * 1000;
/// Who is not here is greeted at most this often: each greeting that nobody keeps costs a skipped key of the ratchet.
const GREET_EVERY_MS: u64 = 10 * 60 * 1000;
/// Sooner after we were offline ourselves, since its own greeting may have gone past us meanwhile; not at once, so that a
/// line that comes and goes does not cost a key every time.
const GREET_AGAIN_MS: u64 = 2 * 60 * 1000;
/// A question for presence is answered at most this often.
const ANSWER_EVERY_MS: u64 = 3 * 1000;

#[derive(Clone, Debug, Default)]
pub(crate) struct Presence {
    /// Who is here, until when.
    here: BTreeMap<PeerId, u64>,
    /// When each was told last that we are here.
    told: BTreeMap<PeerId, u64>,
    /// When we last came online. Who was told before that and is not here may have answered while we were away.
    since: u64,
    /// When those who are here are told again.
    refresh_at: Option<u64>,
}

impl Presence {
    pub(crate) fn is_here(&self, peer: &PeerId) -> bool {
        self.here.contains_key(peer)
    }

    pub(crate) fn here(&self) -> impl Iterator<Item = &PeerId> {
        self.here.keys()
    }

    pub(crate) fn forget(&mut self, peer: &PeerId) {
        self.here.remove(peer);
        self.told.remove(peer);
    }

    /// Who was told nothing since we came online and is not here.
    fn unheard(&self) -> Vec<PeerId> {
        let before = self.told.iter().filter(|(_, at)| **at < self.since);
        before
            .map(|(peer, _)| *peer)
            .filter(|peer| !self.is_here(peer))
            .collect()
    }

    pub(crate) fn due(&self) -> Option<u64> {
        self.here.values().copied().chain(self.refresh_at).min()
    }
}

impl Turn<'_> {
    /// We are there: says so to recent contacts and asks who else is.
    pub(crate) fn announce_presence(&mut self) -> Result<()> {
        if !self.live.policy.presence || !self.live.online {
            return Ok(());
        }
        let now = self.mono_ms();
        self.live.presence.refresh_at = Some(now.saturating_add(REFRESH_MS));
        self.live.presence.since = now;
        for row in self.recent_contacts()? {
            self.greet(&row.peer)?;
        }
        Ok(())
    }

    /// "I am here; are you?", unless that was said a while ago to no effect.
    pub(crate) fn greet(&mut self, peer: &PeerId) -> Result<()> {
        let now = self.mono_ms();
        let told = self.live.presence.told.get(peer).copied();
        let again = if self.live.presence.is_here(peer) {
            ANSWER_EVERY_MS
        } else if told.is_some_and(|at| at < self.live.presence.since) {
            GREET_AGAIN_MS
        } else {
            GREET_EVERY_MS
        };
        if !self.live.policy.presence || !self.live.online || told.is_some_and(|at| now.saturating_sub(at) < again) {
            return Ok(());
        }
        self.tell_here(peer, true)
    }

    fn tell_here(&mut self, peer: &PeerId, ask: bool) -> Result<()> {
        let now = self.mono_ms();
        self.live.presence.told.insert(*peer, now);
        self.post(peer, Body::Presence { here: true, ask }, Post::FLEETING)?;
        Ok(())
    }

    /// We go, or do not want to be seen any more: says so to those who saw us.
    pub(crate) fn say_gone(&mut self) -> Result<()> {
        let told: Vec<PeerId> = std::mem::take(&mut self.live.presence.told).into_keys().collect();
        self.live.presence.refresh_at = None;
        for peer in told {
            if self.is_contact(&peer)? {
                self.post(
                    &peer,
                    Body::Presence {
                        here: false,
                        ask: false,
                    },
                    Post::FLEETING,
                )?;
            }
        }
        Ok(())
    }

    /// Without presence of our own we see nobody's.
    pub(crate) fn hide_presence(&mut self) -> Result<()> {
        self.say_gone()?;
        for peer in std::mem::take(&mut self.live.presence.here).into_keys() {
            self.tell_contact(&peer)?;
        }
        Ok(())
    }

    pub(crate) fn presence_received(&mut self, peer: &PeerId, here: bool, ask: bool) -> Result<()> {
        if !self.live.policy.presence {
            return Ok(());
        }
        let (now, now_ms) = (self.mono_ms(), self.wall_ms());
        let was = if here {
            self.live.presence.here.insert(*peer, now.saturating_add(HOLDS_MS))
        } else {
            self.live.heard.remove(peer);
            self.typing_over(peer);
            self.live.presence.here.remove(peer)
        };
        self.edit_contact(peer, |row| row.last_seen_ms = now_ms)?;
        if was.is_some() != here {
            if here {
                // Whatever failed before, now there is somebody to connect to.
                self.live.attempts.remove(peer);
            }
            self.tell_contact(peer)?;
        }
        let told = self.live.presence.told.get(peer).copied();
        if here
            && ask
            && self.live.online
            && told.is_none_or(|at| now.saturating_sub(at) >= ANSWER_EVERY_MS || was.is_none())
        {
            self.tell_here(peer, false)?;
        }
        Ok(())
    }

    pub(crate) fn tick_presence(&mut self) -> Result<()> {
        let now = self.mono_ms();
        let gone: Vec<PeerId> = self
            .live
            .presence
            .here
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(peer, _)| *peer)
            .collect();
        for peer in gone {
            self.live.presence.here.remove(&peer);
            self.tell_contact(&peer)?;
        }
        if self.live.presence.refresh_at.is_some_and(|at| at <= now) {
            self.live.presence.refresh_at = Some(now.saturating_add(REFRESH_MS));
            let here: Vec<PeerId> = self.live.presence.here.keys().copied().take(MAX_TOLD).collect();
            for peer in here {
                if self.live.online && self.is_contact(&peer)? {
                    self.tell_here(&peer, false)?;
                }
            }
            // Those for whom it was too soon when we came.
            for peer in self.live.presence.unheard() {
                if self.is_contact(&peer)? {
                    self.greet(&peer)?;
                }
            }
        }
        Ok(())
    }

    fn recent_contacts(&mut self) -> Result<Vec<ContactRecord>> {
        let now_ms = self.wall_ms();
        let mut recent: Vec<ContactRecord> = self
            .archive
            .contacts()?
            .into_iter()
            .filter(|row| row.state == ContactState::Contact && !row.blocked)
            .filter(|row| now_ms.saturating_sub(row.last_activity_ms) <= RECENT_MS)
            .collect();
        recent.sort_by_key(|row| std::cmp::Reverse(row.last_activity_ms));
        recent.truncate(MAX_TOLD);
        Ok(recent)
    }
}
