//! Who introduces whom: the one who rang somebody in tells everybody, and tells the newcomer about everybody.

use orrery_protocol::{
    PeerId,
    invite::check_via,
    limits::MAX_CALL_MEMBERS,
    record::{ContactRecord, ContactState},
    signal::{CallStep, Member as Introduced},
};

use super::Call;
use crate::{
    error::Result,
    io::{Cue, Fact, Output, Phase},
    turn::Turn,
};

impl Turn<'_> {
    /// Everybody in the call as one peer needs to know them.
    pub(super) fn introductions_for(&mut self, reader: &PeerId) -> Result<Vec<Introduced>> {
        let Some(call) = self.live.call.as_ref() else {
            return Ok(Vec::new());
        };
        Ok(call
            .members
            .iter()
            .filter(|member| member.joined && member.peer != *reader)
            .map(|member| Introduced {
                peer: member.peer,
                name: member.given.clone(),
                via: member.via.clone(),
                token: member.token.clone(),
            })
            .collect())
    }

    /// Tells everybody in the call about everybody else.
    pub(super) fn say_roster(&mut self) -> Result<()> {
        let joined: Vec<PeerId> = self.live.call.iter().flat_map(Call::joined).copied().collect();
        for peer in joined {
            let members = self.introductions_for(&peer)?;
            self.say(&peer, CallStep::Roster { members })?;
        }
        Ok(())
    }

    /// Somebody in the call brought others in.
    pub(super) fn roster_received(&mut self, sender: &PeerId, members: Vec<Introduced>) -> Result<()> {
        let Some(call) = self.live.call.as_ref().filter(|call| call.phase == Phase::Active) else {
            return Ok(());
        };
        let id = call.id;
        if !call.member(sender).is_some_and(|member| member.joined) {
            return Ok(());
        }
        let mut fresh = Vec::new();
        for member in members {
            let peer = member.peer;
            if self.enter_introduced(member)? {
                fresh.push(peer);
            }
        }
        if fresh.is_empty() {
            return Ok(());
        }
        self.publish_call_token()?;
        self.fact(Fact::AddressesShown {
            call: id,
            peers: fresh.clone(),
        });
        for peer in &fresh {
            self.introduced(peer)?;
            self.push(Output::Cue(Cue::Joined));
            self.say_controls_to(peer)?;
            self.hear_early(peer)?;
        }
        // Those whom we brought in hear of others from us; the sender knows.
        let ours: Vec<PeerId> = self
            .live
            .call
            .iter()
            .flat_map(|call| call.members.iter())
            .filter(|member| member.joined && member.rung_by_us && member.peer != *sender)
            .map(|member| member.peer)
            .collect();
        for peer in ours {
            let members = self.introductions_for(&peer)?;
            self.say(&peer, CallStep::Roster { members })?;
        }
        Ok(())
    }

    /// Takes an introduction into the call; `true` when it is somebody new in it.
    pub(super) fn enter_introduced(&mut self, introduced: Introduced) -> Result<bool> {
        let peer = introduced.peer;
        let row = self.contact(&peer)?;
        if peer == self.own
            || row.is_some_and(|row| row.blocked)
            || check_via(&introduced.via).is_err()
            || orrery_crypto::identity::check(&peer).is_err()
        {
            return Ok(false);
        }
        let mut entered = self.new_member(&peer, &introduced.name, &introduced.via)?;
        let Some(call) = self.live.call.as_mut() else {
            return Ok(false);
        };
        if let Some(known) = call.member_mut(&peer) {
            known.token = known.token.take().or(introduced.token);
            let news = !known.joined;
            known.joined = true;
            known.ring_until = None;
            self.call_changed |= news;
            return Ok(news);
        }
        if call.members.len().saturating_add(1) >= MAX_CALL_MEMBERS {
            return Ok(false);
        }
        entered.joined = true;
        entered.token = introduced.token;
        call.members.push(entered);
        self.call_changed = true;
        Ok(true)
    }

    /// Gives somebody we know only from this call a row, so that notes and history have a name, and a fresh start.
    pub(super) fn introduced(&mut self, peer: &PeerId) -> Result<()> {
        let state = self.contact(peer)?.map(|row| row.state);
        let Some(member) = self.live.call.as_ref().and_then(|call| call.member(peer)) else {
            return Ok(());
        };
        match state {
            None => {
                let (name, via) = (member.given.clone(), member.via.clone());
                let row = ContactRecord::new(*peer, ContactState::Introduced, name, via, self.wall_ms());
                self.archive.put_contact(&row)?;
                self.tell_contact(peer)
            }
            // Sessions of an earlier call may be there on one side only.
            Some(ContactState::Introduced) => self.forget_sessions(peer),
            Some(_) => Ok(()),
        }
    }
}
