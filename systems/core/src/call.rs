//! Calls: ringing, joining, and who is in. One call at a time; a call of several is a mesh in which everybody speaks
//! with everybody, and each introduces those whom it brought in.

mod history;
mod member;
mod ring;
mod roster;
mod signal;

use std::collections::{BTreeMap, BTreeSet};

use orrery_crypto::token;
use orrery_protocol::{
    CallId, PeerId, Token,
    record::{CallOutcome, OpenCallRecord},
    signal::CallStep,
};

use self::member::Member;
use crate::{
    connection::Window,
    error::{Refusal, Result},
    io::{CallState, Cue, Fact, Output, Participant, Phase},
    live::Live,
    turn::Turn,
};

/// How long our call token opens our mailbox; a server takes no more than a day.
const TOKEN_MS: u64 = 23 * 3600 * 1000;

#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    /// The first other person, to whose conversation the call belongs.
    first: PeerId,
    /// Who rang us, or ourselves.
    caller: PeerId,
    phase: Phase,
    /// When it began, corrected wall clock.
    started_ms: u64,
    /// Its place in the conversation.
    lamport: u64,
    /// Since when it is active: corrected wall clock and mono.
    active_since: Option<(u64, u64)>,
    /// Everybody but us, in the order they came.
    members: Vec<Member>,
    out_seq: BTreeMap<PeerId, u32>,
    seen: BTreeMap<PeerId, Window>,
    /// Opens our mailbox to members who are no contacts of ours.
    token: Token,
    /// The server knows the token, until then.
    token_until_ms: Option<u64>,
    /// Until when it rings here, mono.
    ring_until: Option<u64>,
    /// Sound could flow with somebody.
    talked: bool,
    /// Whom we let go because no sound could flow; for others they may still be there.
    given_up: BTreeSet<PeerId>,
    /// Whom we cannot hear, as the others were told.
    told_unheard: BTreeSet<PeerId>,
}

impl Call {
    /// Those who are in it with us, once we are.
    pub(crate) fn joined(&self) -> impl Iterator<Item = &PeerId> {
        let active = self.phase == Phase::Active;
        self.members
            .iter()
            .filter(move |member| active && member.joined)
            .map(|member| &member.peer)
    }

    /// The token that members who are no contacts use, once it is needed.
    pub(crate) fn published_token(&self) -> Option<(&Token, u64)> {
        self.token_until_ms.map(|until| (&self.token, until))
    }

    fn member(&self, peer: &PeerId) -> Option<&Member> {
        self.members.iter().find(|member| member.peer == *peer)
    }

    fn member_mut(&mut self, peer: &PeerId) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.peer == *peer)
    }

    fn record(&self) -> OpenCallRecord {
        OpenCallRecord {
            call: self.id,
            channel: self.first.into(),
            caller: self.caller,
            started_ms: self.started_ms,
            answered: self.phase == Phase::Active,
        }
    }

    pub(crate) fn due(&self) -> Option<u64> {
        self.members
            .iter()
            .filter_map(|member| member.due(self.phase == Phase::Active))
            .chain(self.ring_until)
            .min()
    }
}

impl Live {
    /// The running call as a person sees it.
    pub(crate) fn call_fact(&self) -> Option<Fact> {
        let call = self.call.as_ref()?;
        let participants = call
            .members
            .iter()
            .map(|member| Participant {
                peer: member.peer,
                name: member.name.clone(),
                phase: member.phase(self.connections.get(&member.peer)),
                muted: member.muted,
                deafened: member.deafened,
                contact: member.contact,
                misses: member.misses.clone(),
            })
            .collect();
        Some(Fact::Call(Box::new(CallState {
            call: call.id,
            channel: call.first.into(),
            caller: call.caller,
            phase: call.phase,
            active_since_ms: call.active_since.map_or(0, |(wall, _)| wall),
            participants,
            muted: self.muted,
            deafened: self.deafened,
        })))
    }
}

impl Turn<'_> {
    pub(crate) fn tell_call(&mut self) {
        self.call_changed = false;
        if let Some(fact) = self.live.call_fact() {
            self.fact(fact);
        }
    }

    /// We are in a call, not only rung.
    pub(crate) fn call_is_open(&self) -> bool {
        self.live.call.as_ref().is_some_and(|call| call.phase == Phase::Active)
    }

    pub(crate) fn start_call(&mut self, peer: &PeerId) -> Result<()> {
        self.writable(peer, Refusal::NoSuchContact)?;
        if let Some(call) = &self.live.call {
            // Calling who is just calling us is an answer.
            return match call.phase {
                Phase::Incoming if call.caller == *peer => self.accept_call(call.id),
                _ => Err(Refusal::Busy.into()),
            };
        }
        let id = orrery_crypto::random::call_id(self.rng);
        let own = self.own;
        self.enter_call(id, peer, own, Phase::Outgoing)?;
        self.ring(peer)?;
        self.push(Output::Ring(Some(crate::io::Ring::Outgoing)));
        Ok(())
    }

    fn enter_call(&mut self, id: CallId, first: &PeerId, caller: PeerId, phase: Phase) -> Result<()> {
        let call = Call {
            id,
            first: *first,
            caller,
            phase,
            started_ms: self.wall_ms(),
            lamport: self.next_lamport(first)?,
            active_since: None,
            members: Vec::new(),
            out_seq: BTreeMap::new(),
            seen: BTreeMap::new(),
            token: token::random(self.rng),
            token_until_ms: None,
            ring_until: None,
            talked: false,
            given_up: BTreeSet::new(),
            told_unheard: BTreeSet::new(),
        };
        self.archive.put_open_call(&call.record())?;
        self.live.call = Some(call);
        self.call_changed = true;
        Ok(())
    }

    pub(crate) fn accept_call(&mut self, id: CallId) -> Result<()> {
        let call = self
            .live
            .call
            .as_ref()
            .filter(|call| call.id == id && call.phase == Phase::Incoming);
        let caller = call.ok_or(Refusal::NoSuchCall)?.caller;
        self.live.rings.remove(&caller);
        self.activate_call()?;
        let shown: Vec<PeerId> = self.live.call.iter().flat_map(Call::joined).copied().collect();
        if shown.len() > 1 {
            self.publish_call_token()?;
            self.fact(Fact::AddressesShown {
                call: id,
                peers: shown.clone(),
            });
        }
        self.say_accept(&caller)?;
        for peer in shown {
            self.introduced(&peer)?;
            self.say_controls_to(&peer)?;
            self.hear_early(&peer)?;
        }
        Ok(())
    }

    /// From ringing to being in it.
    fn activate_call(&mut self) -> Result<()> {
        let since = (self.wall_ms(), self.mono_ms());
        let Some(call) = self.live.call.as_mut() else {
            return Ok(());
        };
        call.phase = Phase::Active;
        call.ring_until = None;
        call.active_since = Some(since);
        let record = call.record();
        self.archive.put_open_call(&record)?;
        self.push(Output::Ring(None));
        self.push_controls();
        self.call_changed = true;
        Ok(())
    }

    pub(crate) fn decline_call(&mut self, id: CallId) -> Result<()> {
        let call = self
            .live
            .call
            .as_ref()
            .filter(|call| call.id == id && call.phase == Phase::Incoming);
        let caller = call.ok_or(Refusal::NoSuchCall)?.caller;
        self.say(&caller, CallStep::Decline)?;
        self.end_call(CallOutcome::Declined)
    }

    pub(crate) fn leave_call(&mut self, id: CallId) -> Result<()> {
        let call = self
            .live
            .call
            .as_ref()
            .filter(|call| call.id == id)
            .ok_or(Refusal::NoSuchCall)?;
        if call.phase == Phase::Incoming {
            return self.decline_call(id);
        }
        let members: Vec<(PeerId, bool)> = call.members.iter().map(|member| (member.peer, member.joined)).collect();
        for (peer, joined) in members {
            self.say(&peer, if joined { CallStep::Leave } else { CallStep::Cancel })?;
        }
        let talked = self.live.call.as_ref().is_some_and(|call| call.talked);
        self.end_call(if talked {
            CallOutcome::Answered
        } else {
            CallOutcome::Cancelled
        })
    }

    /// The program ends: whatever call there is, we are out of it.
    pub(crate) fn leave_any_call(&mut self) -> Result<()> {
        match self.live.call.as_ref().map(|call| call.id) {
            Some(id) => self.leave_call(id),
            None => Ok(()),
        }
    }

    pub(crate) fn add_to_call(&mut self, id: CallId, peer: &PeerId) -> Result<()> {
        self.writable(peer, Refusal::NoSuchContact)?;
        let call = self
            .live
            .call
            .as_ref()
            .filter(|call| call.id == id && call.phase == Phase::Active);
        let call = call.ok_or(Refusal::NoSuchCall)?;
        if call.member(peer).is_some() {
            // In it or rung already: that is what was wanted.
            return Ok(());
        }
        // We count too.
        if call.members.len().saturating_add(1) >= orrery_protocol::limits::MAX_CALL_MEMBERS {
            return Err(Refusal::CallFull.into());
        }
        self.publish_call_token()?;
        self.ring(peer)
    }

    /// Ends the call for us. Farewells leave first: afterwards there is no way to members who are no contacts.
    pub(crate) fn end_call(&mut self, outcome: CallOutcome) -> Result<()> {
        let members: Vec<PeerId> = self
            .live
            .call
            .iter()
            .flat_map(|call| call.members.iter().map(|member| member.peer))
            .collect();
        for peer in &members {
            self.pump(peer)?;
        }
        let Some(call) = self.live.call.take() else {
            return Ok(());
        };
        self.live.early.clear();
        for peer in &members {
            self.live.attempts.remove(peer);
            self.lanes.insert(*peer);
        }
        if call.phase == Phase::Active {
            self.push_controls();
            self.push(Output::Cue(Cue::Left));
        } else {
            self.push(Output::Ring(None));
        }
        if call.token_until_ms.is_some() {
            self.set_tokens()?;
        }
        self.call_changed = false;
        self.write_history(&call, outcome)
    }

    /// Members who are no contacts of ours need a token; until the call has such members the server learns nothing.
    fn publish_call_token(&mut self) -> Result<()> {
        let until = self.wall_ms().saturating_add(TOKEN_MS);
        match self.live.call.as_mut() {
            Some(call) if call.token_until_ms.is_none() => {
                call.token_until_ms = Some(until);
                self.set_tokens()
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn set_muted(&mut self, on: bool) -> Result<()> {
        if self.live.muted == on {
            return Ok(());
        }
        self.live.muted = on;
        self.push(Output::Cue(if on { Cue::Muted } else { Cue::Unmuted }));
        self.controls_changed()
    }

    pub(crate) fn set_deafened(&mut self, on: bool) -> Result<()> {
        if self.live.deafened == on {
            return Ok(());
        }
        self.live.deafened = on;
        self.push(Output::Cue(if on { Cue::Deafened } else { Cue::Undeafened }));
        self.controls_changed()
    }

    fn controls_changed(&mut self) -> Result<()> {
        self.push_controls();
        self.call_changed = self.live.call.is_some();
        let joined: Vec<PeerId> = self.live.call.iter().flat_map(Call::joined).copied().collect();
        for peer in joined {
            self.say_controls(&peer)?;
        }
        Ok(())
    }

    fn push_controls(&mut self) {
        self.push(Output::Controls {
            in_call: self.call_is_open(),
            muted: self.live.muted,
            deafened: self.live.deafened,
        });
    }

    fn say_controls(&mut self, peer: &PeerId) -> Result<()> {
        let (muted, deafened) = (self.live.muted, self.live.deafened);
        self.say(peer, CallStep::State { muted, deafened })
    }

    /// Tells somebody new about our controls and whom we cannot hear, unless both are open and all are heard, as everybody assumes.
    fn say_controls_to(&mut self, peer: &PeerId) -> Result<()> {
        if self.live.muted || self.live.deafened {
            self.say_controls(peer)?;
        }
        let unheard = self
            .live
            .call
            .as_ref()
            .is_some_and(|call| !call.told_unheard.is_empty());
        if unheard { self.say_unheard(peer) } else { Ok(()) }
    }
}
