//! Reading conversations as a person scrolls through them.

use orrery_protocol::{
    ChannelId, MessageRef,
    record::{CallOutcome, ContactRecord, ContactState, MessageKind, MessageRecord, OrderKey},
};
use orrery_store::{ChannelSummary, Page, Store, Unread};
use proptest::prelude::*;

use crate::support::{THEM, US, channel, id, new_store, text, write};

fn lamports(page: &Page) -> Vec<u64> {
    page.messages.iter().map(|message| message.lamport).collect()
}

fn filled(count: u64) -> (tempfile::TempDir, Store) {
    let (dir, mut store) = new_store();
    write(&mut store, |archive| {
        // Not in order: whatever comes first, the order is that of the keys.
        for number in (1..=count).rev() {
            archive.put_message(&text(THEM, number, "words")).unwrap();
        }
    });
    (dir, store)
}

#[test]
fn pages_in_both_directions_meet_without_gap_or_overlap() {
    let (_dir, store) = filled(10);
    let history = store.history();
    let newest = history.newest(&channel(), 4).unwrap();
    assert_eq!(lamports(&newest), [7, 8, 9, 10]);
    assert!(newest.earlier && !newest.later);
    let before = history.before(&channel(), newest.messages[0].order(), 4).unwrap();
    assert_eq!(lamports(&before), [3, 4, 5, 6]);
    assert!(before.earlier && before.later);
    let first = history.before(&channel(), before.messages[0].order(), 4).unwrap();
    assert_eq!(lamports(&first), [1, 2]);
    assert!(!first.earlier && first.later);
    let after = history.after(&channel(), first.messages[1].order(), 4).unwrap();
    assert_eq!(lamports(&after), [3, 4, 5, 6]);
    assert!(after.earlier && after.later);
    let last = history.after(&channel(), after.messages[3].order(), 4).unwrap();
    assert_eq!(last, newest);
    assert_eq!(history.newest(&ChannelId([9; 32]), 4).unwrap(), Page::default());
}

#[test]
fn a_page_around_a_message_has_it_in_the_middle() {
    let (_dir, store) = filled(20);
    let around = |number, limit| {
        let target = MessageRef {
            author: THEM,
            id: id(number),
        };
        store.history().around(&target, limit).unwrap()
    };
    let page = around(10, 6).unwrap();
    assert_eq!(lamports(&page), [7, 8, 9, 10, 11, 12, 13]);
    assert!(page.earlier && page.later);
    let page = around(1, 6).unwrap();
    assert_eq!(lamports(&page), [1, 2, 3, 4]);
    assert!(!page.earlier && page.later);
    let page = around(20, 1).unwrap();
    assert_eq!(lamports(&page), [20]);
    assert!(page.earlier && !page.later);
    assert_eq!(around(21, 6), None);
}

#[test]
fn a_page_around_a_place_is_the_same_whether_or_not_a_row_stands_there() {
    let (_dir, store) = filled(20);
    let place = |lamport, seq| OrderKey {
        lamport,
        author: THEM,
        seq,
    };
    let around = |place| store.history().around_place(&channel(), place, 6).unwrap();
    let at = store.history().newest(&channel(), 20).unwrap().messages[9].order();
    assert_eq!(lamports(&around(at)), [7, 8, 9, 10, 11, 12, 13]);
    assert_eq!(lamports(&around(place(10, 0))), [7, 8, 9, 10, 11, 12]);
    let beyond = around(place(99, 1));
    assert_eq!(lamports(&beyond), [18, 19, 20]);
    assert!(beyond.earlier && !beyond.later);
    let nowhere = store.history().around_place(&ChannelId([9; 32]), at, 6).unwrap();
    assert_eq!(nowhere, Page::default());
}

fn call(number: u64, lamport: u64, outcome: CallOutcome) -> MessageRecord {
    MessageRecord {
        seq: 0,
        lamport,
        kind: MessageKind::Call {
            outcome,
            duration_ms: 0,
        },
        ..text(THEM, number, "")
    }
}

#[test]
fn rows_that_tie_are_never_parted_and_always_in_one_order() {
    let (_dir, mut store) = new_store();
    write(&mut store, |archive| {
        for number in [5, 3, 4, 1, 2] {
            archive
                .put_message(&call(100 + number, 50, CallOutcome::Answered))
                .unwrap();
        }
        for number in [1, 2, 90] {
            archive.put_message(&text(THEM, number, "x")).unwrap();
        }
    });
    let history = store.history();
    let ids = |page: &Page| page.messages.iter().map(|message| message.id).collect::<Vec<_>>();
    let newest = history.newest(&channel(), 3).unwrap();
    assert_eq!(ids(&newest), [id(101), id(102), id(103), id(104), id(105), id(90)]);
    assert!(newest.earlier);
    let before = history.before(&channel(), newest.messages[0].order(), 3).unwrap();
    assert_eq!(ids(&before), [id(1), id(2)]);
    let after = history.after(&channel(), before.messages[0].order(), 2).unwrap();
    assert_eq!(ids(&after), [id(2), id(101), id(102), id(103), id(104), id(105)]);
    assert!(after.later);
    let around = history
        .around(&call(103, 50, CallOutcome::Answered).reference(), 2)
        .unwrap()
        .unwrap();
    assert_eq!(
        ids(&around),
        [id(2), id(101), id(102), id(103), id(104), id(105), id(90)]
    );
    assert!(around.earlier && !around.later);
}

#[test]
fn a_page_has_its_reactions() {
    let (_dir, mut store) = filled(3);
    let target = MessageRef {
        author: THEM,
        id: id(2),
    };
    write(&mut store, |archive| {
        archive.react(&target, &US, "🌒", true, (4, 4)).unwrap()
    });
    let page = store.history().newest(&channel(), 10).unwrap();
    assert_eq!(page.messages[1].reactions[0].emoji, "🌒");
    assert!(page.messages[0].reactions.is_empty());
}

fn contact(read_by_us: u64) -> ContactRecord {
    let mut contact = ContactRecord::new(THEM, ContactState::Contact, "B".into(), "ws://x".into(), 0);
    contact.read_by_us = read_by_us;
    contact
}

#[test]
fn unread_are_their_texts_beyond_what_we_read_that_still_stand() {
    let (_dir, mut store) = new_store();
    assert_eq!(store.history().unread(&channel()).unwrap(), Unread::default());
    write(&mut store, |archive| {
        archive.put_contact(&contact(2)).unwrap();
        for number in 1..=6 {
            archive.put_message(&text(THEM, number, "x")).unwrap();
        }
        let mut deleted = text(THEM, 3, "");
        deleted.deleted = true;
        archive.put_message(&deleted).unwrap();
        archive.put_message(&text(US, 20, "ours")).unwrap();
    });
    let unread = store.history().unread(&channel()).unwrap();
    assert_eq!(unread.count, 3);
    assert_eq!(unread.first, Some(text(THEM, 4, "").order()));
    write(&mut store, |archive| archive.put_contact(&contact(6)).unwrap());
    assert_eq!(store.history().unread(&channel()).unwrap(), Unread::default());
    assert_eq!(store.history().channels().unwrap()[0].last.id, id(20));
}

#[test]
fn a_missed_call_is_unread_until_it_was_seen_or_what_follows_was_read() {
    let (_dir, mut store) = new_store();
    let missed = call(50, 5, CallOutcome::Missed);
    write(&mut store, |archive| {
        archive.put_contact(&contact(0)).unwrap();
        archive.put_message(&missed).unwrap();
        archive.put_message(&call(51, 6, CallOutcome::Answered)).unwrap();
    });
    let unread = |store: &Store| store.history().unread(&channel()).unwrap();
    assert_eq!(
        unread(&store),
        Unread {
            count: 1,
            first: Some(missed.order())
        }
    );

    // A text after it, read: who read that saw the call as well.
    let mut later = text(THEM, 1, "are you there?");
    later.lamport = 7;
    write(&mut store, |archive| archive.put_message(&later).unwrap());
    assert_eq!(unread(&store).count, 2);
    write(&mut store, |archive| archive.put_contact(&contact(1)).unwrap());
    assert_eq!(unread(&store), Unread::default());

    // Another, with nothing to read after it.
    let again = call(52, 8, CallOutcome::Missed);
    write(&mut store, |archive| archive.put_message(&again).unwrap());
    assert_eq!(
        unread(&store),
        Unread {
            count: 1,
            first: Some(again.order())
        }
    );
    assert!(store.mark_seen(&channel(), again.order()).unwrap());
    assert_eq!(unread(&store), Unread::default());
    assert!(!store.mark_seen(&channel(), missed.order()).unwrap());
    assert_eq!(unread(&store), Unread::default());
}

#[test]
fn the_list_of_channels_has_the_last_row_and_what_is_unread_latest_first() {
    let (_dir, mut store) = filled(3);
    let other = ChannelId([40; 32]);
    write(&mut store, |archive| {
        let mut message = text(US, 1, "elsewhere");
        message.channel = other;
        archive.put_message(&message).unwrap();
    });
    // Seen before anything was in it: no row, so not in the list.
    let place = OrderKey {
        lamport: 1,
        author: US,
        seq: 1,
    };
    store.mark_seen(&ChannelId([41; 32]), place).unwrap();
    let list = store.history().channels().unwrap();
    let short: Vec<_> = list
        .iter()
        .map(|ChannelSummary { channel, last, unread }| (*channel, last.id, unread.count))
        .collect();
    assert_eq!(short, [(other, id(1), 0), (channel(), id(3), 3)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn walking_by_pages_of_any_size_meets_every_row_once_in_order(
        keys in prop::collection::vec((prop_oneof![0..6_u64, Just(u64::MAX)], any::<bool>(), 0..3_u64), 1..40),
        limit in 1..7_usize,
    ) {
        let (_dir, mut store) = new_store();
        let mut expected: Vec<MessageRecord> = keys
            .iter()
            .zip(0..)
            .map(|((lamport, ours, seq), number)| MessageRecord {
                lamport: *lamport,
                seq: *seq,
                id: id(number),
                ..text(if *ours { US } else { THEM }, 0, "x")
            })
            .collect();
        write(&mut store, |archive| {
            for message in &expected {
                archive.put_message(message).unwrap();
            }
        });
        expected.sort_by_key(|message| (message.order(), message.id));
        let history = store.history();

        let mut page = history.newest(&channel(), limit).unwrap();
        let mut backwards = page.messages.clone();
        while page.earlier {
            page = history.before(&channel(), backwards[0].order(), limit).unwrap();
            backwards.splice(0..0, page.messages.clone());
        }
        prop_assert_eq!(&backwards, &expected);

        let start = OrderKey { lamport: 0, author: orrery_protocol::PeerId([0; 32]), seq: 0 };
        let mut page = history.after(&channel(), start, limit).unwrap();
        let mut forwards = page.messages.clone();
        while page.later {
            page = history.after(&channel(), forwards[forwards.len() - 1].order(), limit).unwrap();
            forwards.extend(page.messages.clone());
        }
        prop_assert_eq!(&forwards, &expected);
    }
}
