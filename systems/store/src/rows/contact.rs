//! Contacts.

use orrery_protocol::{
    PeerId, Token,
    record::{ContactRecord, ContactState},
};
use rusqlite::{Connection, OptionalExtension, Row, named_params, types::Type};

use super::{flag, listed, number::Number, unexpected};

/// Numbers in the database; never given another meaning.
const STATES: [ContactState; 5] = [
    ContactState::RequestedByUs,
    ContactState::RequestedByThem,
    ContactState::Contact,
    ContactState::Introduced,
    ContactState::Removed,
];

const COLUMNS: &str = "peer, state, name, alias, via, token, token_is_request, blocked, verified, created_ms, \
     last_activity_ms, last_seen_ms, lamport, own_seq, their_seq, their_beyond, delivered_to_them, read_by_them, \
     read_by_us, receipt_due, profile_due, draft, volume, silenced";

fn state_number(state: ContactState) -> i64 {
    match state {
        ContactState::RequestedByUs => 0,
        ContactState::RequestedByThem => 1,
        ContactState::Contact => 2,
        ContactState::Introduced => 3,
        ContactState::Removed => 4,
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<ContactRecord> {
    let count = |index| row.get::<_, Number>(index).map(|number| number.0);
    let beyond: Vec<u8> = row.get(15)?;
    let (beyond, rest) = beyond.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(unexpected(15, Type::Blob));
    }
    Ok(ContactRecord {
        peer: PeerId(row.get(0)?),
        state: listed(row, 1, &STATES)?,
        name: row.get(2)?,
        alias: row.get(3)?,
        via: row.get(4)?,
        token: row.get::<_, Option<[u8; 32]>>(5)?.map(Token),
        token_is_request: flag(row, 6)?,
        blocked: flag(row, 7)?,
        verified: flag(row, 8)?,
        created_ms: count(9)?,
        last_activity_ms: count(10)?,
        last_seen_ms: count(11)?,
        lamport: count(12)?,
        own_seq: count(13)?,
        their_seq: count(14)?,
        their_beyond: beyond.iter().map(|bytes| u64::from_be_bytes(*bytes)).collect(),
        delivered_to_them: count(16)?,
        read_by_them: count(17)?,
        read_by_us: count(18)?,
        receipt_due: flag(row, 19)?,
        profile_due: flag(row, 20)?,
        draft: row.get(21)?,
        volume: row.get(22)?,
        silenced: flag(row, 23)?,
    })
}

pub(crate) fn get(connection: &Connection, peer: &PeerId) -> rusqlite::Result<Option<ContactRecord>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM contacts WHERE peer = ?1"))?
        .query_row((peer.0,), read)
        .optional()
}

pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<ContactRecord>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM contacts ORDER BY peer"))?
        .query_map([], read)?
        .collect()
}

pub(crate) fn put(connection: &Connection, contact: &ContactRecord) -> rusqlite::Result<()> {
    let beyond: Vec<u8> = contact.their_beyond.iter().flat_map(|seq| seq.to_be_bytes()).collect();
    connection
        .prepare_cached(&format!(
            "INSERT OR REPLACE INTO contacts ({COLUMNS}) VALUES (:peer, :state, :name, :alias, :via, :token, \
             :token_is_request, :blocked, :verified, :created_ms, :last_activity_ms, :last_seen_ms, :lamport, \
             :own_seq, :their_seq, :their_beyond, :delivered_to_them, :read_by_them, :read_by_us, :receipt_due, \
             :profile_due, :draft, :volume, :silenced)"
        ))?
        .execute(named_params! {
            ":peer": contact.peer.0,
            ":state": state_number(contact.state),
            ":name": contact.name,
            ":alias": contact.alias,
            ":via": contact.via,
            ":token": contact.token.as_ref().map(|token| &token.0[..]),
            ":token_is_request": contact.token_is_request,
            ":blocked": contact.blocked,
            ":verified": contact.verified,
            ":created_ms": Number(contact.created_ms),
            ":last_activity_ms": Number(contact.last_activity_ms),
            ":last_seen_ms": Number(contact.last_seen_ms),
            ":lamport": Number(contact.lamport),
            ":own_seq": Number(contact.own_seq),
            ":their_seq": Number(contact.their_seq),
            ":their_beyond": beyond,
            ":delivered_to_them": Number(contact.delivered_to_them),
            ":read_by_them": Number(contact.read_by_them),
            ":read_by_us": Number(contact.read_by_us),
            ":receipt_due": contact.receipt_due,
            ":profile_due": contact.profile_due,
            ":draft": contact.draft,
            ":volume": contact.volume,
            ":silenced": contact.silenced,
        })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_read_as_it_was_written() {
        for (number, state) in STATES.iter().enumerate() {
            assert_eq!(state_number(*state), i64::try_from(number).unwrap());
        }
    }
}
