//! Unsigned 64-bit numbers in a database that knows only signed ones.

use rusqlite::{
    ToSql,
    types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef},
};

/// A `u64` stored shifted by 2^63, so that the database sorts and compares it as the protocol does. A peer chooses its
/// own Lamport times: one beyond the signed range must sort last, not first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u64);

impl ToSql for Number {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from((self.0 ^ (1 << 63)).cast_signed()))
    }
}

impl FromSql for Number {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(i64::column_result(value)?.cast_unsigned() ^ (1 << 63)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rusqlite::Connection;

    fn compare(connection: &Connection, left: u64, right: u64) -> (bool, u64) {
        connection
            .query_row("SELECT ?1 < ?2, ?1", (Number(left), Number(right)), |row| {
                Ok((row.get(0)?, row.get::<_, Number>(1)?.0))
            })
            .unwrap()
    }

    #[test]
    fn zero_is_the_lowest_as_the_schema_says() {
        let connection = Connection::open_in_memory().unwrap();
        let zero: i64 = connection
            .query_row("SELECT ?1", (Number(0),), |row| row.get(0))
            .unwrap();
        assert_eq!(zero, i64::MIN);
    }

    proptest! {
        #[test]
        fn the_database_orders_numbers_as_we_do(left: u64, right: u64) {
            let connection = Connection::open_in_memory().unwrap();
            prop_assert_eq!(compare(&connection, left, right), (left < right, left));
        }
    }
}
