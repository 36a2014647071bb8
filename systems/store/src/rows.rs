//! One file per kind of row: the statements that read and write it, and its translation to and from the record.
//!
//! Functions here run inside a transaction that someone else holds and speak rusqlite's errors.

pub(crate) mod call;
pub(crate) mod channel;
pub(crate) mod ciphertext;
pub(crate) mod contact;
pub(crate) mod early;
pub(crate) mod message;
pub(crate) mod number;
pub(crate) mod outbox;
pub(crate) mod prekey;
pub(crate) mod reaction;
pub(crate) mod session;
pub(crate) mod value;

use rusqlite::{Error, Row, types::Type};

/// A value in column `index` that this program never writes.
pub(crate) fn unexpected(index: usize, kind: Type) -> Error {
    Error::FromSqlConversionFailure(index, kind, "not a value of ours".into())
}

/// A 0 or 1 in column `index`.
pub(crate) fn flag(row: &Row<'_>, index: usize) -> rusqlite::Result<bool> {
    match row.get::<_, i64>(index)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(unexpected(index, Type::Integer)),
    }
}

/// An entry of `list` by the number in column `index`.
pub(crate) fn listed<T: Copy>(row: &Row<'_>, index: usize, list: &[T]) -> rusqlite::Result<T> {
    let number: i64 = row.get(index)?;
    usize::try_from(number)
        .ok()
        .and_then(|number| list.get(number).copied())
        .ok_or_else(|| unexpected(index, Type::Integer))
}
