//! Ringing, there and here, and two who ring each other at once.

use orrery_protocol::{
    CallId, PeerId, Token,
    limits::{MAX_CALL_MEMBERS, RING_LIFETIME},
    record::CallOutcome,
    signal::{CallSignal, CallStep, Member as Introduced},
};

use crate::{
    clock::millis,
    connection::FUTURE_MS,
    error::Result,
    io::{Fact, Output, Phase, Ring},
    turn::Turn,
};

/// How far two corrected clocks may differ where the order of two events decides.
const OVERTAKEN_MS: u64 = 2000;

/// So many rings of one contact are heard in so long while none of them is accepted; further ones only become missed calls.
const MAX_RINGS: usize = 5;
const RINGS_MS: u64 = 5 * 60 * 1000;

/// A ring is remembered by its call and its moment: somebody who left may be rung into the same call again, and no ring
/// rings twice.
fn ring_key(signal: &CallSignal) -> CallId {
    let mut key = signal.call;
    key.0
        .iter_mut()
        .zip(signal.issued_ms.to_be_bytes())
        .for_each(|(byte, time)| *byte ^= time);
    key
}

impl Turn<'_> {
    /// Rings somebody into our call. The ring holds no address of ours.
    pub(super) fn ring(&mut self, peer: &PeerId) -> Result<()> {
        let until = self.mono_ms().saturating_add(millis(RING_LIFETIME));
        let members = self.introductions_for(peer)?;
        let mut member = self.new_member(peer, "", "")?;
        member.rung_by_us = true;
        member.ring_until = Some(until);
        let Some(call) = self.live.call.as_mut() else {
            return Ok(());
        };
        call.members.push(member);
        call.seen.remove(peer);
        let token = Some(call.token.clone());
        self.call_changed = true;
        self.say(peer, CallStep::Ring { members, token })
    }

    pub(super) fn ring_received(
        &mut self,
        sender: &PeerId,
        signal: &CallSignal,
        members: Vec<Introduced>,
        token: Option<Token>,
    ) -> Result<()> {
        let now_ms = self.wall_ms();
        let lifetime = millis(RING_LIFETIME);
        let meant = signal.from == *sender
            && signal.to == self.own
            && signal.issued_ms <= now_ms.saturating_add(FUTURE_MS)
            && signal.expires_ms.saturating_sub(signal.issued_ms) <= lifetime;
        if !meant || !self.is_contact(sender)? || self.archive.remember_call(&ring_key(signal), now_ms)? {
            return Ok(());
        }
        let left = signal.expires_ms.saturating_sub(now_ms).min(lifetime);
        if left == 0 || self.live.cancelled.contains(&signal.call) {
            // Nobody was here to hear it.
            return self.missed(sender, signal.call, signal.issued_ms);
        }
        let joined_since = self.live.call.as_ref().and_then(|call| {
            let joined = call.joined().any(|member| member == sender);
            call.active_since.filter(|_| joined).map(|(wall, _)| wall)
        });
        if let Some(since) = joined_since {
            if signal.issued_ms <= since.saturating_add(OVERTAKEN_MS) {
                // It rang us before it joined us, and its ring was overtaken.
                return Ok(());
            }
            // It has left our call, or has forgotten it, and begins another one.
            self.member_out(sender, CallOutcome::Cancelled)?;
        }
        if let Some(call) = &self.live.call {
            if call.id == signal.call {
                return Ok(());
            }
            let alone = call.phase == Phase::Outgoing && call.members.iter().all(|member| member.peer == *sender);
            if alone && members.is_empty() {
                return self.rings_crossed(sender, signal.call, token);
            }
            self.say_outside(sender, signal.call, CallStep::Busy)?;
            return self.missed(sender, signal.call, signal.issued_ms);
        }
        if members.len().saturating_add(2) > MAX_CALL_MEMBERS {
            return Ok(());
        }
        if self.rings_without_end(sender) {
            self.say_outside(sender, signal.call, CallStep::Busy)?;
            return self.missed(sender, signal.call, signal.issued_ms);
        }
        self.enter_call(signal.call, sender, *sender, Phase::Incoming)?;
        let mut caller = self.new_member(sender, "", "")?;
        caller.joined = true;
        caller.token = token;
        if let Some(call) = self.live.call.as_mut() {
            call.members.push(caller);
            call.ring_until = Some(self.now.mono_ms.saturating_add(left));
            call.seen.entry(*sender).or_default().enter(signal.seq);
        }
        for member in members {
            self.enter_introduced(member)?;
        }
        self.say(sender, CallStep::Ringing)?;
        self.push(Output::Ring(Some(Ring::Incoming)));
        self.call_changed = true;
        Ok(())
    }

    /// Counts a ring; whether there were too many.
    fn rings_without_end(&mut self, caller: &PeerId) -> bool {
        let now = self.mono_ms();
        let rings = self.live.rings.entry(*caller).or_default();
        rings.retain(|at| now.saturating_sub(*at) < RINGS_MS);
        let full = rings.len() >= MAX_RINGS;
        if !full {
            rings.push(now);
        }
        full
    }

    /// Both rang at once: the lower peer id's call goes on, and both have accepted it.
    fn rings_crossed(&mut self, peer: &PeerId, theirs: CallId, token: Option<Token>) -> Result<()> {
        if self.own < *peer {
            return self.member_joined(peer, token);
        }
        let Some(call) = self.live.call.as_mut() else {
            return Ok(());
        };
        let ours = call.id;
        call.id = theirs;
        call.caller = *peer;
        call.seen.clear();
        call.out_seq.clear();
        let channel = call.first.into();
        let record = call.record();
        self.archive.delete_open_call(&ours)?;
        self.archive.put_open_call(&record)?;
        // Under its old name the call is over before it began; no row of history is made of it.
        self.fact(Fact::CallEnded {
            call: ours,
            channel,
            outcome: CallOutcome::Cancelled,
            duration_ms: 0,
        });
        self.member_joined(peer, token)?;
        self.say_accept(peer)
    }
}
