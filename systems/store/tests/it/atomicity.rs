//! A transaction is whole or it never was.

use std::panic::{AssertUnwindSafe, catch_unwind};

use orrery_protocol::{
    archive::{Archive, ArchiveError},
    record::SecretBytes,
};
use orrery_store::{Integrity, Store, StoreError};

use crate::support::{KEY, THEM, US, channel, new_store, outgoing, session, text, write};

fn write_everything(archive: &mut dyn Archive) {
    archive.put_message(&text(US, 1, "lost words")).unwrap();
    archive.put_session(&THEM, &session(1, 1)).unwrap();
    archive.push_outbox(&outgoing(1)).unwrap();
    archive.put_value("v", &SecretBytes(vec![1])).unwrap();
}

fn nothing_is_there(store: &mut Store) {
    write(store, |archive| {
        assert_eq!(archive.message(&text(US, 1, "").reference()).unwrap(), None);
        assert_eq!(archive.sessions(&THEM).unwrap(), []);
        assert_eq!(archive.outbox_rows(None).unwrap(), []);
        assert_eq!(archive.value("v").unwrap(), None);
    });
    assert_eq!(store.history().newest(&channel(), 10).unwrap().messages, []);
}

#[test]
fn an_error_in_the_middle_undoes_everything_before_it() {
    let (_dir, mut store) = new_store();
    let result: Result<(), StoreError> = store.transact(|archive| {
        write_everything(archive);
        Err(StoreError::Unavailable("changed my mind".into()))
    });
    assert_eq!(result, Err(StoreError::Unavailable("changed my mind".into())));
    nothing_is_there(&mut store);
}

#[test]
fn a_panic_in_the_middle_undoes_everything_before_it() {
    let (_dir, mut store) = new_store();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        store.transact(|archive| -> Result<(), ArchiveError> {
            write_everything(archive);
            panic!("in the middle");
        })
    }));
    assert!(panicked.is_err());
    nothing_is_there(&mut store);
}

#[test]
fn a_transaction_that_is_dropped_never_happened() {
    let (_dir, mut store) = new_store();
    let mut transaction = store.begin().unwrap();
    write_everything(&mut transaction);
    drop(transaction);
    nothing_is_there(&mut store);
    let mut transaction = store.begin().unwrap();
    transaction.put_value("v", &SecretBytes(vec![2])).unwrap();
    transaction.commit().unwrap();
    write(&mut store, |archive| {
        assert_eq!(archive.value("v").unwrap(), Some(SecretBytes(vec![2])));
    });
}

#[test]
fn what_is_committed_is_there_after_a_clean_stop() {
    let (dir, mut store) = new_store();
    write(&mut store, write_everything);
    store.close().unwrap();
    let mut store = Store::open_with_key(dir.path(), &KEY).unwrap();
    assert!(!store.was_unclean() && !store.rolled_back());
    write(&mut store, |archive| {
        assert_eq!(archive.sessions(&THEM).unwrap(), [session(1, 1)]);
        assert_eq!(archive.outbox_rows(None).unwrap().len(), 1);
    });
    assert_eq!(store.integrity_check().unwrap().run().unwrap(), Integrity::Sound);
}

#[test]
fn a_check_runs_on_another_thread_while_the_store_writes() {
    let (_dir, mut store) = new_store();
    write(&mut store, |archive| {
        for number in 1..500 {
            archive
                .put_message(&text(US, number, "something to walk over"))
                .unwrap();
        }
    });
    let check = store.integrity_check().unwrap();
    let thread = std::thread::Builder::new()
        .name("check".into())
        .spawn(move || check.run())
        .unwrap();
    for number in 500..550 {
        write(&mut store, |archive| {
            archive.put_message(&text(US, number, "meanwhile")).unwrap()
        });
    }
    assert_eq!(thread.join().unwrap().unwrap(), Integrity::Sound);
}

#[test]
fn a_stopped_check_says_so_and_never_cries_damage() {
    let (_dir, mut store) = new_store();
    write(&mut store, |archive| {
        for number in 1..3000 {
            archive
                .put_message(&text(US, number, &format!("word{number} to walk over")))
                .unwrap();
        }
    });
    let check = store.integrity_check().unwrap();
    check.stopper().stop();
    assert_eq!(check.run().unwrap(), Integrity::Stopped);

    for delay in 0..20 {
        let check = store.integrity_check().unwrap();
        let stopper = check.stopper();
        let thread = std::thread::Builder::new()
            .name("stopper".into())
            .spawn(move || {
                for _ in 0..delay * 100_000 {
                    std::hint::spin_loop();
                }
                stopper.stop();
            })
            .unwrap();
        let found = check.run().unwrap();
        assert!(matches!(found, Integrity::Stopped | Integrity::Sound), "{found:?}");
        thread.join().unwrap();
    }
}
