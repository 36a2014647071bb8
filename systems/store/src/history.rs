//! Reading conversations: pages, search, what is unread. Never writes.

use orrery_protocol::{
    ChannelId, MessageRef, PeerId,
    record::{MessageKind, MessageRecord, OrderKey},
};
use rusqlite::{Connection, OptionalExtension, Params};

use crate::{
    Search, SearchCursor, SearchHit, StoreError,
    rows::{
        channel,
        message::{self, COLUMN_COUNT, COLUMNS, FROM},
        number::Number,
        reaction,
    },
    search,
};

/// The most rows one call returns, ties aside.
pub const MAX_PAGE: usize = 500;

/// Unread messages are counted up to here; what is shown is "999+" long before.
pub const MAX_UNREAD: u64 = 1000;

/// How many of the latest messages a search looks at first.
const FIRST_STRETCH: i64 = 512;

/// How much longer each further stretch is that a search looks at.
const STRETCH_GROWTH: i64 = 8;

/// A stretch of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Page {
    /// In ascending order, with reactions.
    pub messages: Vec<MessageRecord>,
    /// Whether there is more before the first.
    pub earlier: bool,
    /// Whether there is more after the last.
    pub later: bool,
}

/// What is unread in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Unread {
    /// How many, up to [`MAX_UNREAD`].
    pub count: u64,
    /// The first of them.
    pub first: Option<OrderKey>,
}

/// A conversation in the list of conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelSummary {
    /// Which.
    pub channel: ChannelId,
    /// Its last row, without reactions.
    pub last: MessageRecord,
    /// What is unread in it.
    pub unread: Unread,
}

/// The read side of a [`Store`](crate::Store).
#[derive(Clone, Copy, Debug)]
pub struct History<'store> {
    connection: &'store Connection,
}

impl<'store> History<'store> {
    pub(crate) fn new(connection: &'store Connection) -> Self {
        Self { connection }
    }

    /// The last rows of a conversation.
    ///
    /// # Errors
    /// What the disk says.
    pub fn newest(&self, channel: &ChannelId, limit: usize) -> Result<Page, StoreError> {
        let Some(number) = channel::number(self.connection, channel)? else {
            return Ok(Page::default());
        };
        let rows = self.rows("", "DESC", (number, take(limit)))?;
        self.page_before(number, rows, limit)
    }

    /// The last rows that stand before `place`, which itself is not among them.
    ///
    /// # Errors
    /// What the disk says.
    pub fn before(&self, channel: &ChannelId, place: OrderKey, limit: usize) -> Result<Page, StoreError> {
        let Some(number) = channel::number(self.connection, channel)? else {
            return Ok(Page::default());
        };
        let rows = self.rows(BEFORE, "DESC", keyed(number, &place, take(limit)))?;
        self.page_before(number, rows, limit)
    }

    /// The first rows that stand after `place`, which itself is not among them.
    ///
    /// # Errors
    /// What the disk says.
    pub fn after(&self, channel: &ChannelId, place: OrderKey, limit: usize) -> Result<Page, StoreError> {
        let Some(number) = channel::number(self.connection, channel)? else {
            return Ok(Page::default());
        };
        let mut rows = self.rows(AFTER, "ASC", keyed(number, &place, take(limit)))?;
        let cut_short = self.complete(number, &mut rows, limit, "ASC")?;
        self.page(number, rows, None, cut_short.then_some(true))
    }

    /// A row, with reactions.
    ///
    /// # Errors
    /// What the disk says.
    pub fn message(&self, reference: &MessageRef) -> Result<Option<MessageRecord>, StoreError> {
        Ok(message::get(self.connection, reference)?)
    }

    /// Rows around a message, half of them before it; `None` when it is not stored.
    ///
    /// # Errors
    /// What the disk says.
    pub fn around(&self, reference: &MessageRef, limit: usize) -> Result<Option<Page>, StoreError> {
        let Some(target) = message::get(self.connection, reference)? else {
            return Ok(None);
        };
        self.around_place(&target.channel, target.order(), limit).map(Some)
    }

    /// Rows around a place, half of them before it, whether or not a row stands there itself.
    ///
    /// # Errors
    /// What the disk says.
    pub fn around_place(&self, channel: &ChannelId, place: OrderKey, limit: usize) -> Result<Page, StoreError> {
        let Some(number) = channel::number(self.connection, channel)? else {
            return Ok(Page::default());
        };
        let half = limit.min(MAX_PAGE) / 2;
        let mut page = self.before(channel, place, half)?;
        let mut tied = self.rows(TIED, "ASC", keyed(number, &place, take(MAX_PAGE)))?;
        self.add_reactions(&mut tied)?;
        let after = self.after(channel, place, half)?;
        page.messages.append(&mut tied);
        page.messages.extend(after.messages);
        page.later = after.later || (half == 0 && self.any(number, AFTER, &place)?);
        page.earlier = page.earlier || (half == 0 && self.any(number, BEFORE, &place)?);
        Ok(page)
    }

    /// What is unread in a conversation: the other side's texts that were not taken back, beyond `read_by_us`, and calls
    /// missed after what was seen.
    ///
    /// # Errors
    /// What the disk says.
    pub fn unread(&self, channel: &ChannelId) -> Result<Unread, StoreError> {
        match channel::number(self.connection, channel)? {
            Some(number) => self.unread_in(number, channel),
            None => Ok(Unread::default()),
        }
    }

    /// Every conversation that has a row, the one whose last row was stored latest first: by our own count, for a sender
    /// could set its clock so as to stand on top for ever.
    ///
    /// # Errors
    /// What the disk says.
    pub fn channels(&self) -> Result<Vec<ChannelSummary>, StoreError> {
        let last: Vec<(i64, MessageRecord)> = self
            .connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS}, c.number FROM channels c JOIN messages m ON m.number = (SELECT number FROM messages \
                 WHERE channel = c.number ORDER BY lamport DESC, author DESC, seq DESC, id DESC LIMIT 1) \
                 ORDER BY m.number DESC"
            ))?
            .query_map([], |row| Ok((row.get(COLUMN_COUNT)?, message::read(row)?)))?
            .collect::<rusqlite::Result<_>>()?;
        last.into_iter()
            .map(|(number, last)| {
                let channel = last.channel;
                let unread = self.unread_in(number, &channel)?;
                Ok(ChannelSummary { channel, last, unread })
            })
            .collect()
    }

    /// Messages that have all the words, the latest stored first.
    ///
    /// # Errors
    /// What the disk says; never what a person typed.
    pub fn search(&self, search: &Search<'_>) -> Result<Vec<SearchHit>, StoreError> {
        let channel = match &search.channel {
            None => None,
            Some(channel) => match channel::number(self.connection, channel)? {
                None => return Ok(Vec::new()),
                number => number,
            },
        };
        let Some(query) = search::fts_query(search.text, channel) else {
            return Ok(Vec::new());
        };
        let limit = search.limit.min(MAX_PAGE);
        let newest: Option<i64> = self
            .connection
            .prepare_cached("SELECT max(number) FROM messages")?
            .query_row([], |row| row.get(0))?;
        let mut end = search
            .before
            .map_or(i64::MAX, |cursor| cursor.0.saturating_sub(1))
            .min(newest.unwrap_or_default());
        // The latest are wanted first, but the index is never read backwards: FTS5 then grows an array by eight entries at
        // a time, which SQLCipher copies and wipes each time, so that the time goes with the square of a word's hits. So it
        // is read forwards, in stretches from the end that grow until there are enough hits.
        let mut hits = Vec::new();
        let mut stretch = FIRST_STRETCH;
        while hits.len() < limit && end > 0 {
            let start = end.saturating_sub(stretch).saturating_add(1);
            let mut found = self.found(&query, start, end)?;
            found.reverse();
            hits.append(&mut found);
            end = start.saturating_sub(1);
            stretch = stretch.saturating_mul(STRETCH_GROWTH);
        }
        hits.truncate(limit);
        Ok(hits
            .into_iter()
            .map(|(number, marked, message)| {
                let text = match &message.kind {
                    MessageKind::Text { text } => text.as_str(),
                    MessageKind::Call { .. } => "",
                };
                let matches = search::matches(text, &marked);
                let (snippet, highlights) = search::snippet(text, &matches);
                SearchHit {
                    message,
                    matches,
                    snippet,
                    highlights,
                    cursor: SearchCursor(number),
                }
            })
            .collect())
    }

    /// What the index finds among the messages numbered `start` to `end`, in their order: number, text with marks, row.
    fn found(&self, query: &str, start: i64, end: i64) -> Result<Vec<(i64, String, MessageRecord)>, StoreError> {
        let (open, close) = search::MARKS;
        // CROSS JOIN: the index leads.
        let found = self
            .connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS}, search.rowid, highlight(search, 0, ?1, ?2) \
                 FROM search CROSS JOIN messages m ON m.number = search.rowid JOIN channels c ON c.number = m.channel \
                 WHERE search MATCH ?3 AND search.rowid BETWEEN ?4 AND ?5 ORDER BY search.rowid"
            ))?
            .query_map((open.to_string(), close.to_string(), query, start, end), |row| {
                Ok((row.get(COLUMN_COUNT)?, row.get(COLUMN_COUNT + 1)?, message::read(row)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(found)
    }

    /// Rows of a channel in one direction, without reactions. `?1` is the channel's number, `?2` the limit, and `?3` to
    /// `?5` the place, if `condition` speaks of one.
    fn rows(&self, condition: &str, direction: &str, params: impl Params) -> Result<Vec<MessageRecord>, StoreError> {
        let rows = self
            .connection
            .prepare_cached(&page_sql(condition, direction))?
            .query_map(params, message::read)?
            .collect::<rusqlite::Result<_>>()?;
        Ok(rows)
    }

    /// A page from rows that were read backwards.
    fn page_before(&self, number: i64, mut rows: Vec<MessageRecord>, limit: usize) -> Result<Page, StoreError> {
        let cut_short = self.complete(number, &mut rows, limit, "DESC")?;
        rows.reverse();
        self.page(number, rows, cut_short.then_some(true), None)
    }

    /// Cuts `rows`, of which one more than wanted was read, to `limit`, but never between two that tie: whoever asks on
    /// from the last one's place would lose the rest. Says whether there certainly is more.
    fn complete(
        &self,
        number: i64,
        rows: &mut Vec<MessageRecord>,
        limit: usize,
        direction: &str,
    ) -> Result<bool, StoreError> {
        let limit = limit.min(MAX_PAGE);
        if rows.len() <= limit {
            return Ok(false);
        }
        let beyond = rows.get(limit).map(MessageRecord::order);
        rows.truncate(limit);
        let Some(place) = rows.last().map(MessageRecord::order) else {
            return Ok(true);
        };
        if beyond != Some(place) {
            return Ok(true);
        }
        rows.retain(|row| row.order() != place);
        rows.extend(self.rows(TIED, direction, keyed(number, &place, take(MAX_PAGE)))?);
        Ok(false)
    }

    /// Adds reactions and says what lies beyond both ends, where it is not known yet.
    fn page(
        &self,
        number: i64,
        mut messages: Vec<MessageRecord>,
        earlier: Option<bool>,
        later: Option<bool>,
    ) -> Result<Page, StoreError> {
        let beyond = |known: Option<bool>, end: Option<&MessageRecord>, condition: &str| match (known, end) {
            (Some(known), _) => Ok(known),
            (None, Some(row)) => self.any(number, condition, &row.order()),
            (None, None) => Ok(false),
        };
        let earlier = beyond(earlier, messages.first(), BEFORE)?;
        let later = beyond(later, messages.last(), AFTER)?;
        self.add_reactions(&mut messages)?;
        Ok(Page {
            messages,
            earlier,
            later,
        })
    }

    fn add_reactions(&self, messages: &mut [MessageRecord]) -> Result<(), StoreError> {
        for message in messages {
            message.reactions = reaction::on(self.connection, &message.reference())?;
        }
        Ok(())
    }

    /// Whether any row stands before or after a place.
    fn any(&self, number: i64, condition: &str, place: &OrderKey) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached(&format!(
                "SELECT 1 FROM messages m WHERE m.channel = ?1 {condition} LIMIT ?2"
            ))?
            .exists(keyed(number, place, 1))?)
    }

    fn unread_in(&self, number: i64, channel: &ChannelId) -> Result<Unread, StoreError> {
        // A direct conversation, the only kind there is, is named after the other side.
        let author = PeerId::from(*channel);
        let read_by_us = self
            .connection
            .prepare_cached("SELECT read_by_us FROM contacts WHERE peer = ?1")?
            .query_row((author.0,), |row| row.get::<_, Number>(0))
            .optional()?
            .unwrap_or(Number(0));
        let read_place = self
            .connection
            .prepare_cached(
                "SELECT lamport, seq FROM messages WHERE channel = ?1 AND author = ?2 AND seq > ?3 AND seq <= ?4 \
                 ORDER BY seq DESC LIMIT 1",
            )?
            .query_row((number, author.0, Number(0), read_by_us), |row| {
                Ok(OrderKey {
                    lamport: row.get::<_, Number>(0)?.0,
                    author,
                    seq: row.get::<_, Number>(1)?.0,
                })
            })
            .optional()?;
        let texts = self.count_and_first(
            "FROM messages m WHERE channel = ?1 AND author = ?3 AND seq > ?4 AND text IS NOT NULL AND deleted = 0 \
             ORDER BY seq",
            (number, MAX_UNREAD.cast_signed(), author.0, read_by_us),
        )?;
        let seen = channel::seen(self.connection, number)?.max(read_place);
        let missed = match &seen {
            Some(place) => self.count_and_first(
                &format!("FROM messages m WHERE channel = ?1 AND outcome = 1 {AFTER} ORDER BY lamport, author, seq"),
                keyed(number, place, MAX_UNREAD.cast_signed()),
            )?,
            None => self.count_and_first(
                "FROM messages m WHERE channel = ?1 AND outcome = 1 ORDER BY lamport, author, seq",
                (number, MAX_UNREAD.cast_signed()),
            )?,
        };
        Ok(Unread {
            count: texts.count.saturating_add(missed.count).min(MAX_UNREAD),
            first: [texts.first, missed.first].into_iter().flatten().min(),
        })
    }

    /// How many rows a query finds, up to its limit `?2`, and where the first stands.
    fn count_and_first(&self, from: &str, params: impl Params) -> Result<Unread, StoreError> {
        let mut unread = Unread::default();
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT lamport, author, seq {from} LIMIT ?2"))?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            if unread.first.is_none() {
                unread.first = Some(OrderKey {
                    lamport: row.get::<_, Number>(0)?.0,
                    author: PeerId(row.get(1)?),
                    seq: row.get::<_, Number>(2)?.0,
                });
            }
            unread.count += 1;
        }
        Ok(unread)
    }
}

const BEFORE: &str = "AND (m.lamport, m.author, m.seq) < (?3, ?4, ?5)";
const AFTER: &str = "AND (m.lamport, m.author, m.seq) > (?3, ?4, ?5)";
const TIED: &str = "AND m.lamport = ?3 AND m.author = ?4 AND m.seq = ?5";

fn page_sql(condition: &str, direction: &str) -> String {
    format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE m.channel = ?1 {condition} ORDER BY m.lamport {direction}, \
         m.author {direction}, m.seq {direction}, m.id {direction} LIMIT ?2"
    )
}

/// The limit to ask the database for: one more than wanted, to know whether there is more.
fn take(limit: usize) -> i64 {
    i64::try_from(limit.min(MAX_PAGE)).unwrap_or_default() + 1
}

/// Parameters of a statement that speaks of a place.
fn keyed(number: i64, place: &OrderKey, limit: i64) -> impl Params {
    (number, limit, Number(place.lamport), place.author.0, Number(place.seq))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How SQLite would run a statement.
    fn plan(sql: &str) -> String {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::schema::migrate(&mut connection).unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        // A plan is the same whatever the parameters are.
        let lines = statement.raw_query().mapped(|row| row.get::<_, String>(3));
        lines.map(Result::unwrap).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_page_is_read_from_the_index_and_never_sorted() {
        for (condition, direction) in [("", "DESC"), (BEFORE, "DESC"), (AFTER, "ASC"), (TIED, "ASC")] {
            let plan = plan(&page_sql(condition, direction));
            assert!(plan.contains("messages_in_order"), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
        // The place is part of the seek, not a filter over everything before it.
        assert!(
            plan(&page_sql(BEFORE, "DESC")).contains("<"),
            "{}",
            plan(&page_sql(BEFORE, "DESC"))
        );
    }
}
