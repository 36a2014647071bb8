//! What remains of a call: a row in the conversation it belongs to, also after a crash.

use orrery_protocol::{
    CallId, MessageId, MessageRef, PeerId,
    record::{CallOutcome, Delivery, MessageKind, MessageRecord},
};

use super::Call;
use crate::{
    error::Result,
    io::{Change, Fact},
    turn::Turn,
};

struct Row {
    call: CallId,
    first: PeerId,
    caller: PeerId,
    started_ms: u64,
    lamport: u64,
    outcome: CallOutcome,
    duration_ms: u64,
}

impl Turn<'_> {
    /// A place in a conversation for something that only we put there.
    pub(super) fn next_lamport(&mut self, peer: &PeerId) -> Result<u64> {
        let lamport = self.edit_contact(peer, |row| {
            row.lamport = row.lamport.saturating_add(1).min(1 << 48);
            row.lamport
        })?;
        Ok(lamport.unwrap_or(1))
    }

    pub(super) fn write_history(&mut self, call: &Call, outcome: CallOutcome) -> Result<()> {
        let now = self.mono_ms();
        let duration_ms = call.active_since.map_or(0, |(_, since)| now.saturating_sub(since));
        self.archive.delete_open_call(&call.id)?;
        self.fact(Fact::CallEnded {
            call: call.id,
            channel: call.first.into(),
            outcome,
            duration_ms,
        });
        self.put_row(&Row {
            call: call.id,
            first: call.first,
            caller: call.caller,
            started_ms: call.started_ms,
            lamport: call.lamport,
            outcome,
            duration_ms,
        })
    }

    /// A ring that nobody here could hear.
    pub(super) fn missed(&mut self, caller: &PeerId, call: CallId, started_ms: u64) -> Result<()> {
        let lamport = self.next_lamport(caller)?;
        self.put_row(&Row {
            call,
            first: *caller,
            caller: *caller,
            started_ms,
            lamport,
            outcome: CallOutcome::Missed,
            duration_ms: 0,
        })
    }

    /// Calls that were open when the program stopped without a word. How long people talked nobody knows any more.
    pub(crate) fn close_open_calls(&mut self) -> Result<()> {
        for open in self.archive.open_calls()? {
            let first = PeerId::from(open.channel);
            let lamport = self.next_lamport(&first)?;
            let outcome = if open.answered || open.caller == self.own {
                CallOutcome::Failed
            } else {
                CallOutcome::Missed
            };
            self.archive.delete_open_call(&open.call)?;
            self.put_row(&Row {
                call: open.call,
                first,
                caller: open.caller,
                started_ms: open.started_ms,
                lamport,
                outcome,
                duration_ms: 0,
            })?;
        }
        Ok(())
    }

    fn put_row(&mut self, row: &Row) -> Result<()> {
        let reference = MessageRef {
            author: row.caller,
            id: MessageId(row.call.0),
        };
        let before = self.archive.message(&reference)?;
        let is_new = before.is_none();
        let mut lamport = row.lamport;
        if let Some(before) = before {
            // Rung into the same call again: what was said in it outweighs a second ring that nobody answered.
            let talked = matches!(&before.kind, MessageKind::Call { outcome, .. } if *outcome == CallOutcome::Answered);
            let is_call = matches!(before.kind, MessageKind::Call { .. });
            if !is_call || (talked && row.outcome != CallOutcome::Answered) {
                return Ok(());
            }
            lamport = before.lamport;
        }
        let record = MessageRecord {
            channel: row.first.into(),
            author: row.caller,
            id: reference.id,
            seq: 0,
            lamport,
            sent_ms: row.started_ms,
            kind: MessageKind::Call {
                outcome: row.outcome,
                duration_ms: row.duration_ms,
            },
            reply_to: None,
            edited: false,
            changed_at: (0, 0),
            deleted: false,
            delivery: Delivery::Delivered,
            reactions: Vec::new(),
        };
        self.archive.put_message(&record)?;
        let change = match (is_new, row.caller == self.own) {
            (false, _) => Change::Changed,
            (true, true) => Change::Sent,
            (true, false) => Change::Received,
        };
        self.message_fact(record, change);
        Ok(())
    }
}
