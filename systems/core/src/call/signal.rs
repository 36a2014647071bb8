//! Notes about calls, out and in.

use orrery_protocol::{
    CallId, PeerId,
    limits::{RING_LIFETIME, SIGNAL_LIFETIME},
    note::Body,
    record::CallOutcome,
    signal::{CallSignal, CallStep},
};

use crate::{clock::millis, connection::Seen, error::Result, io::Phase, outbox::Post, turn::Turn};

/// Calls cancelled before their ring arrived; the oldest is forgotten.
const MAX_CANCELLED: usize = 16;

impl Turn<'_> {
    /// Says a step of the running call.
    pub(super) fn say(&mut self, peer: &PeerId, step: CallStep) -> Result<()> {
        let Some(call) = self.live.call.as_mut() else {
            return Ok(());
        };
        let seq = call.out_seq.entry(*peer).or_default();
        let this = *seq;
        *seq = seq.saturating_add(1);
        let id = call.id;
        self.post_call(peer, id, this, step)
    }

    /// "I join", with the token that the others may need.
    pub(super) fn say_accept(&mut self, peer: &PeerId) -> Result<()> {
        let token = self.live.call.as_ref().map(|call| call.token.clone());
        self.say(peer, CallStep::Accept { token })
    }

    /// Says a step of a call that is not ours.
    pub(super) fn say_outside(&mut self, peer: &PeerId, call: CallId, step: CallStep) -> Result<()> {
        self.post_call(peer, call, 0, step)
    }

    fn post_call(&mut self, peer: &PeerId, call: CallId, seq: u32, step: CallStep) -> Result<()> {
        let issued_ms = self.wall_ms();
        let lifetime = millis(if matches!(step, CallStep::Ring { .. }) {
            RING_LIFETIME
        } else {
            SIGNAL_LIFETIME
        });
        let signal = CallSignal {
            call,
            seq,
            from: self.own,
            to: *peer,
            issued_ms,
            expires_ms: issued_ms.saturating_add(lifetime),
            step,
        };
        self.post(peer, Body::Call(signal), Post::until(lifetime))?;
        Ok(())
    }

    pub(crate) fn call_signal(&mut self, sender: &PeerId, mut signal: CallSignal) -> Result<()> {
        if let CallStep::Ring { members, token } = &mut signal.step {
            let (members, token) = (std::mem::take(members), token.take());
            return self.ring_received(sender, &signal, members, token);
        }
        if !self.in_time(sender, &signal.from, &signal.to, signal.issued_ms, signal.expires_ms) {
            return Ok(());
        }
        let Some(call) = self.live.call.as_mut().filter(|call| call.id == signal.call) else {
            return self.stray(sender, &signal);
        };
        if call.member(sender).is_none() {
            return Ok(());
        }
        let seen = call.seen.entry(*sender).or_default().enter(signal.seq);
        if seen == Seen::Before {
            return Ok(());
        }
        let (phase, caller) = (call.phase, call.caller);
        let Some(member) = call.member_mut(sender) else {
            return Ok(());
        };
        let rung = member.rung_by_us && !member.joined;
        match signal.step {
            CallStep::Accept { token } if member.rung_by_us || member.joined => self.member_joined(sender, token),
            CallStep::Decline if rung => self.member_out(sender, CallOutcome::Declined),
            CallStep::Busy if rung => self.member_out(sender, CallOutcome::Busy),
            CallStep::Cancel | CallStep::Leave if phase == Phase::Incoming && *sender == caller => {
                self.end_call(CallOutcome::Missed)
            }
            CallStep::Cancel | CallStep::Leave => self.member_out(sender, CallOutcome::Cancelled),
            CallStep::Roster { members } => self.roster_received(sender, members),
            // Only the latest word about its controls holds.
            CallStep::State { muted, deafened } if seen == Seen::Newest => {
                (member.muted, member.deafened) = (muted, deafened);
                self.call_changed = true;
                Ok(())
            }
            CallStep::Unheard { mut peers } if seen == Seen::Newest => {
                peers.sort();
                peers.dedup();
                self.call_changed |= member.misses != peers;
                member.misses = peers;
                Ok(())
            }
            // Ring was handled above; Ringing changes nothing that is shown.
            _ => Ok(()),
        }
    }

    /// A step of a call we are not in.
    fn stray(&mut self, sender: &PeerId, signal: &CallSignal) -> Result<()> {
        match signal.step {
            CallStep::Cancel => {
                // Its ring may yet come.
                if self.live.cancelled.len() >= MAX_CANCELLED {
                    self.live.cancelled.remove(0);
                }
                self.live.cancelled.push(signal.call);
                Ok(())
            }
            // It joins what is over: it should not wait for us.
            CallStep::Accept { .. } if self.is_contact(sender)? => {
                self.say_outside(sender, signal.call, CallStep::Leave)
            }
            _ => Ok(()),
        }
    }
}
