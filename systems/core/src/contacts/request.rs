//! Requests, ours and theirs. Declining is silent; two that cross make contacts.

use orrery_protocol::{
    PeerId,
    invite::{Invite, check_via},
    note::{Body, Introduction, check_name},
    record::{ContactRecord, ContactState},
};

use super::is_somebody;
use crate::{
    error::{Refusal, Result},
    io::Fact,
    outbox::{Post, Renewal},
    turn::Turn,
};

/// Requests of strangers waiting for an answer; more are dropped until some are answered.
const MAX_REQUESTS: usize = 100;
/// A name that a stranger's link did not give.
const NAMELESS: &str = "?";

impl Turn<'_> {
    pub(crate) fn add_contact(&mut self, invite: Invite) -> Result<()> {
        if invite.peer == self.own {
            return Err(Refusal::OwnLink.into());
        }
        if !is_somebody(&invite.peer) || check_via(&invite.via).is_err() {
            return Err(Refusal::NotAccepted.into());
        }
        let peer = invite.peer;
        let now_ms = self.wall_ms();
        let mut row = match self.contact(&peer)? {
            Some(row) if row.blocked => return Err(Refusal::Blocked.into()),
            Some(row) => match row.state {
                ContactState::Contact | ContactState::RequestedByUs => return Err(Refusal::AlreadyContact.into()),
                // Asking who has asked is an answer.
                ContactState::RequestedByThem => return self.accept_request(&peer),
                ContactState::Introduced | ContactState::Removed => row,
            },
            None => ContactRecord::new(
                peer,
                ContactState::RequestedByUs,
                String::new(),
                invite.via.clone(),
                now_ms,
            ),
        };
        row.state = ContactState::RequestedByUs;
        row.name = if check_name(&invite.name).is_ok() {
            invite.name
        } else {
            NAMELESS.to_owned()
        };
        row.via = invite.via;
        row.token = Some(invite.token);
        row.token_is_request = true;
        row.profile_due = false;
        row.last_activity_ms = now_ms;
        self.archive.put_contact(&row)?;
        self.post_request(&peer)
    }

    /// Asks, for the first time or anew. A request is a first message: whatever session there was before, the other side
    /// may have lost it.
    pub(super) fn post_request(&mut self, peer: &PeerId) -> Result<()> {
        self.lane(peer).renewal = Some(Renewal::Request);
        let introduction = self.introduction()?;
        self.post(peer, Body::Request(introduction), Post::KEPT)?;
        self.tell_contact(peer)
    }

    pub(crate) fn accept_request(&mut self, peer: &PeerId) -> Result<()> {
        self.expect_state(peer, ContactState::RequestedByThem)?;
        self.edit_contact(peer, |row| row.state = ContactState::Contact)?;
        self.post_accept(peer)?;
        self.became_contact(peer)
    }

    pub(crate) fn decline_request(&mut self, peer: &PeerId) -> Result<()> {
        self.expect_state(peer, ContactState::RequestedByThem)?;
        self.end_request(peer)
    }

    pub(crate) fn cancel_request(&mut self, peer: &PeerId) -> Result<()> {
        self.expect_state(peer, ContactState::RequestedByUs)?;
        self.end_request(peer)
    }

    fn end_request(&mut self, peer: &PeerId) -> Result<()> {
        self.edit_contact(peer, |row| {
            row.state = ContactState::Removed;
            row.token = None;
        })?;
        self.clear_lane(peer)?;
        self.fact(Fact::ContactRemoved { peer: *peer });
        Ok(())
    }

    fn expect_state(&mut self, peer: &PeerId, state: ContactState) -> Result<()> {
        match self.contact(peer)? {
            Some(row) if row.state == state => Ok(()),
            _ => Err(Refusal::NoSuchContact.into()),
        }
    }

    /// Our request cannot reach anybody: it is taken back, so that another link can be tried.
    pub(crate) fn request_failed(&mut self, peer: &PeerId, reason: Refusal) -> Result<()> {
        self.fact(Fact::RequestFailed { peer: *peer, reason });
        self.end_request(peer)
    }

    pub(crate) fn request_received(&mut self, peer: &PeerId, introduction: Introduction) -> Result<()> {
        let now_ms = self.wall_ms();
        let known = self.contact(peer)?;
        let state = known.as_ref().map(|row| row.state);
        match state {
            Some(ContactState::RequestedByUs) => {
                // Both asked, so both have said yes. The answer goes out all the same: our own request may have been
                // lost or taken back for all we know.
                self.edit_contact(peer, |row| row.state = ContactState::Contact)?;
                self.take_introduction(peer, introduction)?;
                self.post_accept(peer)?;
                self.fact(Fact::RequestAccepted { peer: *peer });
                self.became_contact(peer)
            }
            Some(ContactState::Contact) => {
                // It has moved before our answer came, lost its side of the acquaintance, or removed us and came back.
                // The answer is in line first: it takes the place of what a move would tell.
                self.post_accept(peer)?;
                self.take_introduction(peer, introduction)?;
                self.tell_contact(peer)
            }
            Some(ContactState::RequestedByThem) => {
                // The same wish, perhaps from elsewhere. It has asked since the first time: asking twice makes a stranger
                // no acquaintance.
                let since_ms = known.map_or(now_ms, |row| row.last_activity_ms);
                self.take_introduction(peer, introduction)?;
                self.edit_contact(peer, |row| row.last_activity_ms = since_ms)?;
                self.tell_contact(peer)
            }
            Some(ContactState::Introduced | ContactState::Removed) | None => {
                let waiting = self
                    .archive
                    .contacts()?
                    .iter()
                    .filter(|row| row.state == ContactState::RequestedByThem)
                    .count();
                if waiting >= MAX_REQUESTS || check_via(&introduction.via).is_err() {
                    return self.forget_sessions(peer);
                }
                let name = introduction.name.clone();
                if state.is_none() {
                    let via = introduction.via.clone();
                    let row = ContactRecord::new(*peer, ContactState::RequestedByThem, name.clone(), via, now_ms);
                    self.archive.put_contact(&row)?;
                }
                self.edit_contact(peer, |row| row.state = ContactState::RequestedByThem)?;
                self.take_introduction(peer, introduction)?;
                self.tell_contact(peer)?;
                self.fact(Fact::RequestReceived { peer: *peer, name });
                Ok(())
            }
        }
    }

    pub(crate) fn accept_received(&mut self, peer: &PeerId, introduction: Introduction) -> Result<()> {
        let asked = self
            .contact(peer)?
            .is_some_and(|row| row.state == ContactState::RequestedByUs);
        if asked {
            self.edit_contact(peer, |row| row.state = ContactState::Contact)?;
        }
        self.take_introduction(peer, introduction)?;
        if asked {
            // A request of ours that never left says nothing any more.
            self.fact(Fact::RequestAccepted { peer: *peer });
            return self.became_contact(peer);
        }
        self.tell_contact(peer)
    }
}
