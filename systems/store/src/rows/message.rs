//! Rows of conversations.

use orrery_protocol::{
    ChannelId, MessageId, MessageRef, PeerId,
    record::{CallOutcome, Delivery, MessageKind, MessageRecord},
};
use rusqlite::{Connection, OptionalExtension, Row, named_params, types::Type};

use super::{channel, flag, listed, number::Number, reaction, unexpected};

/// What [`read`] expects, in this order, from `messages m JOIN channels c`.
pub(crate) const COLUMNS: &str = "c.id, m.author, m.id, m.seq, m.lamport, m.sent_ms, m.text, m.outcome, \
     m.duration_ms, m.reply_author, m.reply_id, m.edited, m.changed_lamport, m.changed_seq, m.deleted, m.delivery";

/// How many columns [`COLUMNS`] has: what a caller adds comes after.
pub(crate) const COLUMN_COUNT: usize = 16;

/// Where [`COLUMNS`] come from.
pub(crate) const FROM: &str = "messages m JOIN channels c ON c.number = m.channel";

/// Numbers in the database; never given another meaning. The schema's index on missed calls knows that Missed is 1.
const OUTCOMES: [CallOutcome; 7] = [
    CallOutcome::Answered,
    CallOutcome::Missed,
    CallOutcome::Unanswered,
    CallOutcome::Declined,
    CallOutcome::Busy,
    CallOutcome::Cancelled,
    CallOutcome::Failed,
];

fn outcome_number(outcome: CallOutcome) -> i64 {
    match outcome {
        CallOutcome::Answered => 0,
        CallOutcome::Missed => 1,
        CallOutcome::Unanswered => 2,
        CallOutcome::Declined => 3,
        CallOutcome::Busy => 4,
        CallOutcome::Cancelled => 5,
        CallOutcome::Failed => 6,
    }
}

/// Numbers in the database; never given another meaning.
const DELIVERIES: [Delivery; 6] = [
    Delivery::Sending,
    Delivery::Waiting,
    Delivery::Failed,
    Delivery::Sent,
    Delivery::Delivered,
    Delivery::Read,
];

fn delivery_number(delivery: Delivery) -> i64 {
    match delivery {
        Delivery::Sending => 0,
        Delivery::Waiting => 1,
        Delivery::Failed => 2,
        Delivery::Sent => 3,
        Delivery::Delivered => 4,
        Delivery::Read => 5,
    }
}

/// A row of [`COLUMNS`], without its reactions.
pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<MessageRecord> {
    let number = |index| row.get::<_, Number>(index).map(|number| number.0);
    let optional = |index| row.get::<_, Option<Number>>(index).map(|number| number.map(|n| n.0));
    let kind = match (row.get::<_, Option<String>>(6)?, row.get::<_, Option<i64>>(7)?) {
        (Some(text), None) => MessageKind::Text { text },
        (None, Some(_)) => MessageKind::Call {
            outcome: listed(row, 7, &OUTCOMES)?,
            duration_ms: number(8)?,
        },
        _ => return Err(unexpected(6, Type::Text)),
    };
    let reply_to = match (row.get::<_, Option<[u8; 32]>>(9)?, row.get::<_, Option<[u8; 16]>>(10)?) {
        (Some(author), Some(id)) => Some(MessageRef {
            author: PeerId(author),
            id: MessageId(id),
        }),
        (None, None) => None,
        _ => return Err(unexpected(9, Type::Blob)),
    };
    Ok(MessageRecord {
        channel: ChannelId(row.get(0)?),
        author: PeerId(row.get(1)?),
        id: MessageId(row.get(2)?),
        seq: number(3)?,
        lamport: number(4)?,
        sent_ms: number(5)?,
        kind,
        reply_to,
        edited: flag(row, 11)?,
        changed_at: (optional(12)?.unwrap_or(0), optional(13)?.unwrap_or(0)),
        deleted: flag(row, 14)?,
        delivery: listed(row, 15, &DELIVERIES)?,
        reactions: Vec::new(),
    })
}

pub(crate) fn get(connection: &Connection, reference: &MessageRef) -> rusqlite::Result<Option<MessageRecord>> {
    let record = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM {FROM} WHERE m.author = ?1 AND m.id = ?2"
        ))?
        .query_row((reference.author.0, reference.id.0), read)
        .optional()?;
    match record {
        None => Ok(None),
        Some(mut record) => {
            record.reactions = reaction::on(connection, reference)?;
            Ok(Some(record))
        }
    }
}

pub(crate) fn put(connection: &Connection, message: &MessageRecord) -> rusqlite::Result<()> {
    let channel = channel::make(connection, &message.channel)?;
    let (text, outcome, duration) = match &message.kind {
        MessageKind::Text { text } => (Some(text.as_str()), None, None),
        MessageKind::Call { outcome, duration_ms } => {
            (None, Some(outcome_number(*outcome)), Some(Number(*duration_ms)))
        }
    };
    let changed = (message.changed_at != (0, 0)).then_some(message.changed_at);
    // Not REPLACE: that would give the row a new number, and skip the trigger that takes the old words out of the index.
    connection
        .prepare_cached(
            "INSERT INTO messages (channel, author, id, seq, lamport, sent_ms, text, outcome, duration_ms, reply_author, \
             reply_id, edited, changed_lamport, changed_seq, deleted, delivery) \
             VALUES (:channel, :author, :id, :seq, :lamport, :sent_ms, :text, :outcome, :duration_ms, :reply_author, \
             :reply_id, :edited, :changed_lamport, :changed_seq, :deleted, :delivery) \
             ON CONFLICT (author, id) DO UPDATE SET channel = excluded.channel, seq = excluded.seq, \
             lamport = excluded.lamport, sent_ms = excluded.sent_ms, text = excluded.text, \
             outcome = excluded.outcome, duration_ms = excluded.duration_ms, \
             reply_author = excluded.reply_author, reply_id = excluded.reply_id, edited = excluded.edited, \
             changed_lamport = excluded.changed_lamport, changed_seq = excluded.changed_seq, \
             deleted = excluded.deleted, delivery = excluded.delivery",
        )?
        .execute(named_params! {
            ":channel": channel,
            ":author": message.author.0,
            ":id": message.id.0,
            ":seq": Number(message.seq),
            ":lamport": Number(message.lamport),
            ":sent_ms": Number(message.sent_ms),
            ":text": text,
            ":outcome": outcome,
            ":duration_ms": duration,
            ":reply_author": message.reply_to.map(|reply| reply.author.0),
            ":reply_id": message.reply_to.map(|reply| reply.id.0),
            ":edited": message.edited,
            ":changed_lamport": changed.map(|at| Number(at.0)),
            ":changed_seq": changed.map(|at| Number(at.1)),
            ":deleted": message.deleted,
            ":delivery": delivery_number(message.delivery),
        })?;
    Ok(())
}

pub(crate) fn delete(connection: &Connection, reference: &MessageRef) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM messages WHERE author = ?1 AND id = ?2")?
        .execute((reference.author.0, reference.id.0))?;
    reaction::delete_on(connection, reference)
}

/// Messages of one author in a channel with `seq` in `(after, up_to]`, in order.
pub(crate) fn by_author(
    connection: &Connection,
    channel: &ChannelId,
    author: &PeerId,
    after: u64,
    up_to: u64,
) -> rusqlite::Result<Vec<MessageRecord>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM {FROM} WHERE c.id = ?1 AND m.author = ?2 AND m.seq > ?3 AND m.seq <= ?4 \
             ORDER BY m.seq, m.lamport, m.id"
        ))?
        .query_map((channel.0, author.0, Number(after), Number(up_to)), read)?
        .collect()
}

/// Whether an item's id was remembered before; remembers it.
pub(crate) fn remember_item(connection: &Connection, author: &PeerId, id: &MessageId) -> rusqlite::Result<bool> {
    let added = connection
        .prepare_cached("INSERT INTO items VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute((author.0, id.0))?;
    Ok(added == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_and_delivery_is_read_as_it_was_written() {
        for (number, outcome) in (0..).zip(OUTCOMES) {
            assert_eq!(outcome_number(outcome), number);
        }
        for (number, delivery) in (0..).zip(DELIVERIES) {
            assert_eq!(delivery_number(delivery), number);
        }
    }

    #[test]
    fn the_columns_are_as_many_as_counted() {
        assert_eq!(COLUMNS.split(',').count(), COLUMN_COUNT);
    }
}
