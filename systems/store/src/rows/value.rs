//! Small named values.

use orrery_protocol::record::SecretBytes;
use rusqlite::{Connection, OptionalExtension};

pub(crate) fn get(connection: &Connection, key: &str) -> rusqlite::Result<Option<SecretBytes>> {
    connection
        .prepare_cached("SELECT value FROM named_values WHERE key = ?1")?
        .query_row((key,), |row| row.get(0).map(SecretBytes))
        .optional()
}

pub(crate) fn put(connection: &Connection, key: &str, value: &SecretBytes) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO named_values VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )?
        .execute((key, &value.0))?;
    Ok(())
}
