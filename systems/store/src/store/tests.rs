//! What needs the connection itself: a full disk, and a database that may not be written.

use orrery_protocol::{
    MessageId, PeerId,
    archive::ArchiveError,
    record::{Delivery, MessageKind, MessageRecord, SecretBytes},
};

use crate::{Integrity, Store, StoreError};

const KEY: [u8; 32] = [3; 32];

fn message(number: u8, length: usize) -> MessageRecord {
    let author = PeerId([1; 32]);
    MessageRecord {
        channel: PeerId([2; 32]).into(),
        author,
        id: MessageId([number; 16]),
        seq: number.into(),
        lamport: number.into(),
        sent_ms: 0,
        kind: MessageKind::Text {
            text: "x ".repeat(length / 2),
        },
        reply_to: None,
        edited: false,
        changed_at: (0, 0),
        deleted: false,
        delivery: Delivery::Sending,
        reactions: Vec::new(),
    }
}

fn put(store: &mut Store, message: &MessageRecord) -> Result<(), StoreError> {
    store.transact(|archive| Ok(archive.put_message(message)?))
}

fn count(store: &Store) -> usize {
    store
        .history()
        .newest(&PeerId([2; 32]).into(), 500)
        .unwrap()
        .messages
        .len()
}

#[test]
fn a_full_disk_is_said_and_leaves_everything_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::create_with_key(dir.path(), &KEY).unwrap();
    put(&mut store, &message(1, 100)).unwrap();
    let pages: i64 = store
        .connection
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    store
        .connection
        .query_row(&format!("PRAGMA max_page_count = {}", pages + 4), [], |_| Ok(()))
        .unwrap();
    assert_eq!(put(&mut store, &message(2, 64_000)).unwrap_err(), StoreError::Full);
    assert_eq!(count(&store), 1);

    // A closure that overlooks the failure does not get the rest of its writes through.
    let before = store.commits;
    let result: Result<(), StoreError> = store.transact(|archive| {
        archive.put_value("before", &SecretBytes(vec![1]))?;
        assert_eq!(archive.put_message(&message(3, 64_000)), Err(ArchiveError::Full));
        assert_eq!(
            archive.put_value("after", &SecretBytes(vec![1])),
            Err(ArchiveError::Full)
        );
        Ok(())
    });
    assert_eq!(result.unwrap_err(), StoreError::Full);
    assert_eq!((count(&store), store.commits), (1, before));

    // With room again it goes on as if nothing had been.
    store
        .connection
        .query_row("PRAGMA max_page_count = 1000000", [], |_| Ok(()))
        .unwrap();
    store
        .transact(|archive| {
            assert_eq!(archive.value("before")?, None);
            assert_eq!(archive.value("after")?, None);
            Ok::<_, StoreError>(archive.put_message(&message(3, 64_000))?)
        })
        .unwrap();
    assert_eq!(count(&store), 2);
    assert_eq!(store.integrity_check().unwrap().run().unwrap(), Integrity::Sound);
    store.close().unwrap();
    assert_eq!(count(&Store::open_with_key(dir.path(), &KEY).unwrap()), 2);
}

#[test]
fn a_database_that_may_not_be_written_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::create_with_key(dir.path(), &KEY).unwrap();
    store.connection.pragma_update(None, "query_only", true).unwrap();
    assert_eq!(put(&mut store, &message(1, 100)).unwrap_err(), StoreError::ReadOnly);
    assert_eq!(count(&store), 0);
    store.connection.pragma_update(None, "query_only", false).unwrap();
    put(&mut store, &message(1, 100)).unwrap();
}

#[test]
fn reading_alone_is_not_counted_as_a_commit() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::create_with_key(dir.path(), &KEY).unwrap();
    let before = store.commits;
    store
        .transact(|archive| Ok::<_, StoreError>(archive.contacts()?.len()))
        .unwrap();
    assert_eq!(store.commits, before);
    put(&mut store, &message(1, 1)).unwrap();
    assert_eq!(store.commits, before + 1);
}

#[test]
fn a_value_this_program_never_writes_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::create_with_key(dir.path(), &KEY).unwrap();
    put(&mut store, &message(1, 1)).unwrap();
    for change in [
        "delivery = 99",
        "author = x'01'",
        "deleted = 2",
        "outcome = 1",
        "reply_author = zeroblob(32)",
    ] {
        let mut transaction = store.begin().unwrap();
        transaction
            .run(|connection| connection.execute(&format!("UPDATE messages SET {change}"), []))
            .unwrap();
        let read = transaction.run(|connection| {
            let sql = format!(
                "SELECT {} FROM {}",
                crate::rows::message::COLUMNS,
                crate::rows::message::FROM
            );
            connection.query_row(&sql, [], crate::rows::message::read)
        });
        assert_eq!(read.unwrap_err(), StoreError::Damaged, "{change}");
    }
    assert_eq!(count(&store), 1);
}

#[test]
fn a_store_can_move_to_a_thread_of_its_own() {
    fn sendable<T: Send>(_: &T) {}
    let dir = tempfile::tempdir().unwrap();
    sendable(&Store::create_with_key(dir.path(), &KEY).unwrap());
}
