//! Contacts and requests: who may write to us, and to whom we may.

mod moved;
mod request;

use orrery_crypto::identity;
use orrery_protocol::{
    PeerId,
    invite::check_via,
    note::{Body, Introduction, check_name},
    record::{ContactRecord, ContactState},
};

use crate::{
    error::{Refusal, Result},
    io::Fact,
    outbox::Post,
    turn::Turn,
};

/// The loudest that somebody is heard, per cent.
const MAX_VOLUME: u16 = 200;

impl Turn<'_> {
    pub(crate) fn rename_contact(&mut self, peer: &PeerId, alias: Option<String>) -> Result<()> {
        if let Some(alias) = &alias {
            check_name(alias).map_err(|_| Refusal::BadName)?;
        }
        self.known(peer)?;
        self.edit_contact(peer, |row| row.alias = alias)?;
        self.tell_contact(peer)?;
        self.rename_member(peer)
    }

    /// Only a person can say so. An id is its key, so nothing that comes over the network takes the mark away again.
    pub(crate) fn set_verified(&mut self, peer: &PeerId, verified: bool) -> Result<()> {
        if self.known(peer)?.state != ContactState::Contact {
            return Err(Refusal::NoSuchContact.into());
        }
        self.edit_contact(peer, |row| row.verified = verified)?;
        self.tell_contact(peer)
    }

    /// Also of somebody known only from a call.
    pub(crate) fn set_peer_volume(&mut self, peer: &PeerId, percent: u16) -> Result<()> {
        self.known(peer)?;
        self.edit_contact(peer, |row| row.volume = percent.min(MAX_VOLUME))?;
        self.tell_contact(peer)
    }

    /// Also of somebody known only from a call.
    pub(crate) fn silence_peer(&mut self, peer: &PeerId, silenced: bool) -> Result<()> {
        self.known(peer)?;
        self.edit_contact(peer, |row| row.silenced = silenced)?;
        self.tell_contact(peer)
    }

    pub(crate) fn block_contact(&mut self, peer: &PeerId) -> Result<()> {
        let row = self.known(peer)?;
        if row.blocked {
            return Ok(());
        }
        let holds_token = may_hold_token(&row);
        // First of all: to somebody blocked there is no way.
        self.member_parted(peer)?;
        self.edit_contact(peer, |row| {
            row.blocked = true;
            if row.state != ContactState::Contact {
                row.state = ContactState::Removed;
            }
        })?;
        self.part_from(peer)?;
        if holds_token {
            // What opens our mailbox to it opens nothing any more in seven days.
            self.rotate_delivery_token()?;
        }
        self.tell_contact(peer)
    }

    pub(crate) fn unblock_contact(&mut self, peer: &PeerId) -> Result<()> {
        let row = self.known(peer)?;
        if !row.blocked {
            return Ok(());
        }
        self.edit_contact(peer, |row| {
            row.blocked = false;
            row.profile_due = row.state == ContactState::Contact;
        })?;
        self.requeue(peer, false)?;
        if self.live.online {
            self.tell_profile()?;
        }
        self.tell_contact(peer)
    }

    /// Removing is our own row: the other side is not told, and nothing it sends is shown any more.
    pub(crate) fn remove_contact(&mut self, peer: &PeerId) -> Result<()> {
        let row = self.known(peer)?;
        if matches!(row.state, ContactState::Removed | ContactState::Introduced) && !row.blocked {
            return Err(Refusal::NoSuchContact.into());
        }
        self.member_parted(peer)?;
        self.edit_contact(peer, |row| {
            row.state = ContactState::Removed;
            row.receipt_due = false;
            row.profile_due = false;
            row.draft.clear();
        })?;
        self.part_from(peer)?;
        self.fact(Fact::ContactRemoved { peer: *peer });
        Ok(())
    }

    /// Ends everything live with a peer that is no contact any more, and in no call with us.
    fn part_from(&mut self, peer: &PeerId) -> Result<()> {
        self.drop_connection(peer, true)?;
        self.clear_lane(peer)?;
        self.live.receipts.remove(peer);
        self.live.presence.forget(peer);
        self.live.typing.forget(peer);
        self.live.open_channels.remove(peer);
        self.live.attempts.remove(peer);
        self.live.overtaken.remove(peer);
        self.live.heals.remove(peer);
        self.live.forks.remove(peer);
        self.live.rings.remove(peer);
        self.live.heard.remove(peer);
        Ok(())
    }

    fn known(&mut self, peer: &PeerId) -> Result<ContactRecord> {
        Ok(self.contact(peer)?.ok_or(Refusal::NoSuchContact)?)
    }

    pub(crate) fn profile_received(&mut self, peer: &PeerId, introduction: Introduction) -> Result<()> {
        self.take_introduction(peer, introduction)?;
        self.tell_contact(peer)?;
        self.rename_member(peer)
    }

    /// Stores what a peer says of itself; the way to it may have changed.
    pub(super) fn take_introduction(&mut self, peer: &PeerId, introduction: Introduction) -> Result<()> {
        let now_ms = self.wall_ms();
        let moved = self.edit_contact(peer, |row| {
            row.name = introduction.name;
            // A server address that no client could dial would cut the way to a contact; the old one is better.
            let moved = row.via != introduction.via && check_via(&introduction.via).is_ok();
            if moved {
                row.via = introduction.via;
            }
            row.token = Some(introduction.token);
            row.token_is_request = false;
            row.last_activity_ms = now_ms;
            moved
        })?;
        if let Some(lane) = self.live.lanes.get_mut(peer) {
            lane.release();
            self.lanes.insert(*peer);
        }
        if moved == Some(true) {
            self.has_moved(peer)?;
        }
        Ok(())
    }

    /// Tells a new contact what it may not know of us yet and that we are there, and asks the same. What it said before
    /// its answer arrived is heard now.
    pub(super) fn became_contact(&mut self, peer: &PeerId) -> Result<()> {
        self.tell_contact(peer)?;
        self.channel_changed((*peer).into());
        self.requeue(peer, false)?;
        if self.live.online {
            self.tell_profile()?;
        }
        self.retry_unread(peer)?;
        self.greet(peer)
    }

    /// "Yes", or a repetition of it: the other side learns how to write to us.
    pub(super) fn post_accept(&mut self, peer: &PeerId) -> Result<()> {
        let introduction = self.introduction()?;
        self.post(peer, Body::Accept(introduction), Post::KEPT)?;
        Ok(())
    }
}

/// Whether somebody may know the token that opens our mailbox: whom we asked was told it, and whom we removed had it.
fn may_hold_token(row: &ContactRecord) -> bool {
    match row.state {
        ContactState::Contact | ContactState::RequestedByUs | ContactState::Removed => true,
        // A stranger's row is as old as its request; an older one is an earlier acquaintance's.
        ContactState::RequestedByThem => row.created_ms != row.last_activity_ms,
        ContactState::Introduced => false,
    }
}

/// Whether an id can be somebody: a key that no honest program makes could never answer.
fn is_somebody(peer: &PeerId) -> bool {
    identity::check(peer).is_ok()
}
