//! One other person in a call.

use std::collections::BTreeSet;

use orrery_protocol::{
    PeerId, Token,
    frame::DepositToken,
    limits::MAX_CALL_MEMBERS,
    note::check_name,
    record::{CallOutcome, ContactRecord, ContactState},
    signal::CallStep,
};

use super::Call;
use crate::{
    connection::Connection,
    error::Result,
    io::{Cue, Fact, Output, ParticipantPhase, Phase},
    outbox::Route,
    turn::Turn,
};

/// From joining to the first sound: four tries to connect.
const CONNECT_MS: u64 = 40_000;
/// From losing somebody to telling the others: most breaks are mended by then.
const UNHEARD_MS: u64 = 3_000;
/// From losing somebody to letting go. Shown meanwhile, and tried again and again.
const LOST_MS: u64 = 30_000;

#[derive(Clone)]
pub(super) struct Member {
    pub(super) peer: PeerId,
    /// The name to show.
    pub(super) name: String,
    /// The name it gave itself or its inviter gave it; what others are told.
    pub(super) given: String,
    pub(super) via: String,
    /// Opens its mailbox for the time of the call.
    pub(super) token: Option<Token>,
    /// It has accepted.
    pub(super) joined: bool,
    /// We rang it; then we introduce it and it hears of others from us.
    pub(super) rung_by_us: bool,
    /// Until when we let it ring, mono.
    pub(super) ring_until: Option<u64>,
    pub(super) muted: bool,
    pub(super) deafened: bool,
    pub(super) contact: bool,
    connected_once: bool,
    /// Since when no sound can flow, mono.
    lost_since: Option<u64>,
    /// That has been so for [`UNHEARD_MS`].
    unheard: bool,
    /// From whom no sound reaches it, as it says.
    pub(super) misses: Vec<PeerId>,
}

impl Member {
    pub(super) fn new(peer: PeerId, given: String, via: String) -> Self {
        Self {
            peer,
            name: given.clone(),
            given,
            via,
            token: None,
            joined: false,
            rung_by_us: false,
            ring_until: None,
            muted: false,
            deafened: false,
            contact: false,
            connected_once: false,
            lost_since: None,
            unheard: false,
            misses: Vec::new(),
        }
    }

    pub(super) fn phase(&self, connection: Option<&Connection>) -> ParticipantPhase {
        if !self.joined {
            ParticipantPhase::Ringing
        } else if connection.is_some_and(Connection::carries) {
            ParticipantPhase::Connected
        } else if self.connected_once {
            ParticipantPhase::Lost
        } else {
            ParticipantPhase::Connecting
        }
    }

    fn patience(&self) -> u64 {
        if self.connected_once { LOST_MS } else { CONNECT_MS }
    }

    pub(super) fn due(&self, active: bool) -> Option<u64> {
        let lost = self
            .lost_since
            .filter(|_| active)
            .map(|at| at.saturating_add(if self.unheard { self.patience() } else { UNHEARD_MS }));
        lost.into_iter().chain(self.ring_until).min()
    }

    fn know(&mut self, row: &ContactRecord) {
        self.contact = row.state == ContactState::Contact;
        if self.contact {
            self.name = row.shown_name().to_owned();
            self.given.clone_from(&row.name);
            self.via.clone_from(&row.via);
        }
    }
}

impl Turn<'_> {
    pub(crate) fn is_call_member(&self, peer: &PeerId) -> bool {
        self.live.call.as_ref().is_some_and(|call| call.member(peer).is_some())
    }

    /// The way to a member that the call alone gives.
    pub(crate) fn member_route(&self, peer: &PeerId) -> Option<Route> {
        let call = self.live.call.as_ref().filter(|call| call.phase == Phase::Active)?;
        let member = call.member(peer)?;
        Some(Route {
            via: member.via.clone(),
            token: DepositToken::Delivery(member.token.clone()?),
        })
    }

    /// Whether this peer may connect to us for this call. Who was rung and speaks of connecting has accepted.
    pub(crate) fn joins(&mut self, peer: &PeerId, id: orrery_protocol::CallId) -> Result<bool> {
        let Some(call) = self.live.call.as_ref().filter(|call| call.id == id) else {
            return Ok(false);
        };
        let active = call.phase == Phase::Active;
        match call.member(peer) {
            Some(member) if member.joined => Ok(active),
            Some(member) if member.rung_by_us => {
                self.member_joined(peer, None)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// A new member with what we know of it ourselves.
    pub(super) fn new_member(&mut self, peer: &PeerId, given: &str, via: &str) -> Result<Member> {
        let given = if check_name(given).is_ok() { given } else { "?" };
        let mut member = Member::new(*peer, given.to_owned(), via.to_owned());
        if let Some(row) = self.contact(peer)? {
            member.know(&row);
        }
        Ok(member)
    }

    /// A contact in the call has another name or address now.
    pub(crate) fn rename_member(&mut self, peer: &PeerId) -> Result<()> {
        if self.is_call_member(peer)
            && let Some(row) = self.contact(peer)?
            && let Some(member) = self.live.call.as_mut().and_then(|call| call.member_mut(peer))
        {
            member.know(&row);
            self.call_changed = true;
        }
        Ok(())
    }

    /// Somebody we rang, or who rang us at the same moment, is in.
    pub(super) fn member_joined(&mut self, peer: &PeerId, token: Option<Token>) -> Result<()> {
        let Some(call) = self.live.call.as_mut() else {
            return Ok(());
        };
        let phase = call.phase;
        let Some(member) = call.member_mut(peer) else {
            return Ok(());
        };
        let news = !member.joined;
        member.joined = true;
        member.ring_until = None;
        let known = member.token.is_some();
        if token.is_some() {
            member.token = token;
        }
        let learned = member.token.is_some() != known;
        if news {
            if phase == Phase::Outgoing {
                self.activate_call()?;
            }
            self.push(Output::Cue(Cue::Joined));
            self.call_changed = true;
            self.say_controls_to(peer)?;
        }
        if (news || learned) && self.live.call.iter().flat_map(Call::joined).count() > 1 {
            self.publish_call_token()?;
            self.say_roster()?;
        }
        Ok(())
    }

    /// Takes somebody out of the call; what that means for the call itself the caller decides.
    fn take_out(&mut self, peer: &PeerId) -> Option<Member> {
        let call = self.live.call.as_mut()?;
        let at = call.members.iter().position(|member| member.peer == *peer)?;
        let member = call.members.remove(at);
        // Who comes back begins its count anew.
        call.seen.remove(peer);
        self.live.attempts.remove(peer);
        self.call_changed = true;
        self.lanes.insert(*peer);
        Some(member)
    }

    /// Somebody is out of the call. When nobody is left, it ends as told.
    pub(super) fn member_out(&mut self, peer: &PeerId, outcome: CallOutcome) -> Result<()> {
        // Whatever we still said to it goes while there is a way.
        self.pump(peer)?;
        let Some(member) = self.take_out(peer) else {
            return Ok(());
        };
        let Some(call) = self.live.call.as_ref() else {
            return Ok(());
        };
        let (id, active, talked) = (call.id, call.phase == Phase::Active, call.talked);
        if call_is_empty(self.live.call.as_ref()) {
            let outcome = if talked && outcome != CallOutcome::Failed {
                CallOutcome::Answered
            } else {
                outcome
            };
            return self.end_call(outcome);
        }
        if member.joined {
            if active {
                self.fact(Fact::PeerLeft { call: id, peer: *peer });
            }
            self.push(Output::Cue(Cue::Left));
        }
        Ok(())
    }

    /// A member's program is not there any more: it has left without a word.
    pub(crate) fn member_gone(&mut self, peer: &PeerId) -> Result<()> {
        let call = self.live.call.as_ref().filter(|call| call.phase == Phase::Active);
        if !call
            .and_then(|call| call.member(peer))
            .is_some_and(|member| member.joined)
        {
            return Ok(());
        }
        // To others who are lost to us it may be there.
        self.say(peer, CallStep::Leave)?;
        self.member_out(peer, CallOutcome::Failed)
    }

    /// About to be removed or blocked while in a call with us. Must come before the row says so: afterwards no farewell
    /// has a way.
    pub(crate) fn member_parted(&mut self, peer: &PeerId) -> Result<()> {
        let Some(call) = self.live.call.as_ref() else {
            return Ok(());
        };
        let Some(member) = call.member(peer) else {
            return Ok(());
        };
        let (id, joined) = (call.id, member.joined);
        let (rings_here, is_caller) = (call.phase == Phase::Incoming, call.caller == *peer);
        // Nothing else goes to it any more: the farewell waits behind nothing.
        self.clear_lane(peer)?;
        if rings_here && is_caller {
            return self.decline_call(id);
        }
        // Whom a ring only names does not know that it rings here.
        if !rings_here {
            self.say(peer, if joined { CallStep::Leave } else { CallStep::Cancel })?;
        }
        self.member_out(peer, CallOutcome::Cancelled)
    }

    pub(crate) fn tick_call(&mut self) -> Result<()> {
        let now = self.mono_ms();
        let Some(call) = self.live.call.as_mut() else {
            return Ok(());
        };
        if call.ring_until.is_some_and(|at| at <= now) {
            return self.end_call(CallOutcome::Missed);
        }
        let active = call.phase == Phase::Active;
        let mut talked = false;
        let (mut unanswered, mut lost) = (Vec::new(), Vec::new());
        for member in &mut call.members {
            if member.ring_until.is_some_and(|at| at <= now) {
                unanswered.push(member.peer);
            }
            if !(active && member.joined) {
                continue;
            }
            if self.live.connections.get(&member.peer).is_some_and(Connection::carries) {
                member.connected_once = true;
                member.lost_since = None;
                member.unheard = false;
                talked = true;
            } else {
                let since = *member.lost_since.get_or_insert(now);
                member.unheard = now >= since.saturating_add(UNHEARD_MS);
                if now >= since.saturating_add(member.patience()) {
                    lost.push(member.peer);
                }
            }
        }
        call.talked |= talked;
        for peer in unanswered {
            self.say(&peer, CallStep::Cancel)?;
            self.member_out(&peer, CallOutcome::Unanswered)?;
        }
        for peer in lost {
            if let Some(call) = self.live.call.as_mut() {
                call.given_up.insert(peer);
            }
            self.say(&peer, CallStep::Leave)?;
            self.member_out(&peer, CallOutcome::Failed)?;
        }
        self.tell_unheard()
    }

    /// Tells everybody in the call whom we cannot hear, when that has changed: nobody else could know.
    pub(crate) fn tell_unheard(&mut self) -> Result<()> {
        let Some(call) = self.live.call.as_mut() else {
            return Ok(());
        };
        for member in &mut call.members {
            let carries = self.live.connections.get(&member.peer).is_some_and(Connection::carries);
            member.unheard &= !carries;
        }
        let Call { given_up, members, .. } = call;
        given_up.retain(|peer| members.iter().all(|member| member.peer != *peer));
        let lost = members.iter().filter(|member| member.unheard).map(|member| member.peer);
        let unheard: BTreeSet<PeerId> = lost.chain(given_up.iter().copied()).collect();
        if unheard == call.told_unheard {
            return Ok(());
        }
        call.told_unheard = unheard;
        let joined: Vec<PeerId> = call.joined().copied().collect();
        for peer in joined {
            self.say_unheard(&peer)?;
        }
        Ok(())
    }

    /// Tells somebody whom we cannot hear.
    pub(super) fn say_unheard(&mut self, peer: &PeerId) -> Result<()> {
        let unheard = self.live.call.as_ref().map(|call| &call.told_unheard);
        let peers = unheard.into_iter().flatten().take(MAX_CALL_MEMBERS).copied().collect();
        self.say(peer, CallStep::Unheard { peers })
    }
}

/// Nobody is in it and nobody is being rung. While it rings here the caller is in it.
fn call_is_empty(call: Option<&Call>) -> bool {
    call.is_some_and(|call| {
        !call
            .members
            .iter()
            .any(|member| member.joined || member.ring_until.is_some())
    })
}
