//! Tables, from the first schema on, and how an older database becomes a newer one.

use rusqlite::{Connection, TransactionBehavior};

use crate::StoreError;

/// One script per schema version, in order; the first makes version 1. A script that was released is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001_first.sql"),
    include_str!("schema/0002_volumes.sql"),
];

/// The schema this program writes.
pub const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// Marks the file as ours inside its (encrypted) header: "Orry".
pub const APPLICATION_ID: i32 = 0x4f72_7279;

/// Schema version of a database; 0 for one without any schema.
///
/// # Errors
/// When the database cannot be read.
pub fn version(connection: &Connection) -> Result<u32, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Brings a database up to [`SCHEMA_VERSION`], one transaction per step, so that a crash leaves a whole older version.
/// Does nothing to one that is there already.
///
/// # Errors
/// [`StoreError::NewerVersion`], with nothing touched, when a later program has written it; otherwise what the disk says.
pub fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found = version(connection)?;
    if found > SCHEMA_VERSION {
        return Err(StoreError::NewerVersion {
            found,
            known: SCHEMA_VERSION,
        });
    }
    for (step, script) in (1_u32..).zip(MIGRATIONS).skip(found as usize) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(script)?;
        transaction.pragma_update(None, "user_version", step)?;
        if step == 1 {
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        transaction.commit()?;
        tracing::info!(step, "database schema brought up");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(connection: &Connection) -> Vec<String> {
        let mut statement = connection
            .prepare("SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY 1")
            .unwrap();
        statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    #[test]
    fn migrating_twice_is_migrating_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        let first = shape(&connection);
        migrate(&mut connection).unwrap();
        assert_eq!(shape(&connection), first);
        assert_eq!(version(&connection).unwrap(), SCHEMA_VERSION);
    }

    #[test]
    fn contacts_of_the_first_schema_keep_everything_and_are_heard_as_before() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .execute_batch(
                "INSERT INTO contacts VALUES (x'0101010101010101010101010101010101010101010101010101010101010101', 2, 'Rhea', \
                 'R', 'wss://a:1', NULL, 0, 1, 1, -9223372036854775807, -9223372036854775806, -9223372036854775808, \
                 -9223372036854775803, 0, 0, x'', 0, 0, 0, 1, 0, 'half')",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        assert_eq!(version(&connection).unwrap(), SCHEMA_VERSION);
        let peer = orrery_protocol::PeerId([1; 32]);
        let contact = crate::rows::contact::get(&connection, &peer).unwrap().unwrap();
        assert_eq!((contact.volume, contact.silenced), (100, false));
        assert_eq!((contact.name.as_str(), contact.alias.as_deref()), ("Rhea", Some("R")));
        assert!(contact.blocked && contact.verified && contact.receipt_due);
        assert_eq!((contact.created_ms, contact.lamport), (1, 5));
        assert_eq!(contact.draft, "half");
    }

    #[test]
    fn a_newer_schema_is_refused_and_not_touched() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .pragma_update(None, "user_version", SCHEMA_VERSION + 1)
            .unwrap();
        let error = migrate(&mut connection).unwrap_err();
        assert_eq!(
            error,
            StoreError::NewerVersion {
                found: SCHEMA_VERSION + 1,
                known: SCHEMA_VERSION
            }
        );
        assert!(shape(&connection).is_empty());
    }

    #[test]
    fn a_step_that_fails_leaves_nothing_of_itself() {
        let mut connection = Connection::open_in_memory().unwrap();
        // A table of the same name makes the script fail half-way.
        connection.execute_batch("CREATE TABLE open_calls (x)").unwrap();
        assert!(migrate(&mut connection).is_err());
        assert_eq!(shape(&connection).len(), 1);
        assert_eq!(version(&connection).unwrap(), 0);
    }
}
