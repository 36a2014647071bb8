//! What every `Archive` must do, held against the store's transactions.

use orrery_protocol::{
    CallId, ChannelId, MessageRef, PeerId, Token,
    archive::Archive,
    record::{
        CallOutcome, ContactRecord, ContactState, Delivery, MessageKind, OpenCallRecord, PrekeyKind, PrekeyRecord,
        Reaction, SecretBytes,
    },
};

use crate::support::{THEM, US, channel, id, new_store, outgoing, session, text, write};

fn secret(bytes: &[u8]) -> SecretBytes {
    SecretBytes(bytes.to_vec())
}

#[test]
fn values_are_read_back_and_replaced() {
    let (_dir, mut store) = new_store();
    write(&mut store, |archive| {
        assert_eq!(archive.value("name").unwrap(), None);
        archive.put_value("name", &secret(b"one")).unwrap();
        archive.put_value("name", &secret(b"")).unwrap();
        archive.put_value("other", &secret(&[0, 255])).unwrap();
    });
    write(&mut store, |archive| {
        assert_eq!(archive.value("name").unwrap(), Some(secret(b"")));
        assert_eq!(archive.value("other").unwrap(), Some(secret(&[0, 255])));
    });
}

fn full_contact(peer: PeerId, state: ContactState) -> ContactRecord {
    ContactRecord {
        peer,
        state,
        name: "Zoë \u{202e}".to_owned(),
        alias: Some(String::new()),
        via: "wss://host:1".to_owned(),
        token: Some(Token([8; 32])),
        token_is_request: true,
        blocked: true,
        verified: true,
        volume: 180,
        silenced: true,
        created_ms: 1,
        last_activity_ms: 2,
        last_seen_ms: 3,
        lamport: u64::MAX,
        own_seq: 5,
        their_seq: 6,
        their_beyond: vec![8, 9, u64::MAX],
        delivered_to_them: 7,
        read_by_them: 8,
        read_by_us: 9,
        receipt_due: true,
        profile_due: true,
        draft: "half a tho".to_owned(),
    }
}

#[test]
fn a_contact_keeps_every_field_in_every_state() {
    let (_dir, mut store) = new_store();
    let states = [
        ContactState::RequestedByUs,
        ContactState::RequestedByThem,
        ContactState::Contact,
        ContactState::Introduced,
        ContactState::Removed,
    ];
    write(&mut store, |archive| {
        for (number, state) in (10..).zip(states) {
            let full = full_contact(PeerId([number; 32]), state);
            archive.put_contact(&full).unwrap();
            assert_eq!(archive.contact(&full.peer).unwrap(), Some(full));
        }
        let plain = ContactRecord::new(THEM, ContactState::Contact, "B".into(), "ws://x".into(), 4);
        archive.put_contact(&full_contact(THEM, ContactState::Removed)).unwrap();
        archive.put_contact(&plain).unwrap();
        assert_eq!(archive.contact(&THEM).unwrap(), Some(plain));
        assert_eq!(archive.contact(&US).unwrap(), None);
        assert_eq!(archive.contacts().unwrap().len(), states.len() + 1);
    });
}

#[test]
fn sessions_belong_to_a_peer_and_are_replaced_by_id() {
    let (_dir, mut store) = new_store();
    write(&mut store, |archive| {
        for record in [session(1, 0), session(2, 0), session(1, 7)] {
            archive.put_session(&THEM, &record).unwrap();
        }
        archive.put_session(&US, &session(1, 9)).unwrap();
        assert_eq!(archive.sessions(&THEM).unwrap(), [session(1, 7), session(2, 0)]);
        archive.delete_session(&THEM, &[1; 32]).unwrap();
        archive.delete_session(&THEM, &[1; 32]).unwrap();
        assert_eq!(archive.sessions(&THEM).unwrap(), [session(2, 0)]);
        assert_eq!(archive.sessions(&US).unwrap(), [session(1, 9)]);
    });
}

#[test]
fn prekeys_come_oldest_first_within_their_kind() {
    let (_dir, mut store) = new_store();
    let prekey = |kind, id, created_ms| PrekeyRecord {
        kind,
        id,
        secret: secret(&[id.to_be_bytes()[3]; 32]),
        created_ms,
    };
    write(&mut store, |archive| {
        for kind in [PrekeyKind::Signed, PrekeyKind::Kem, PrekeyKind::OneTime] {
            for (id, created_ms) in [(u32::MAX, 5), (7, 9), (8, 5), (9, 1)] {
                archive.put_prekey(&prekey(kind, id, created_ms)).unwrap();
            }
            archive.put_prekey(&prekey(kind, 7, 2)).unwrap();
            archive.delete_prekey(kind, 8).unwrap();
            archive.delete_prekey(kind, 8).unwrap();
            let expected = [prekey(kind, 9, 1), prekey(kind, 7, 2), prekey(kind, u32::MAX, 5)];
            assert_eq!(archive.prekeys(kind).unwrap(), expected);
            assert_eq!(archive.prekey(kind, 7).unwrap(), Some(prekey(kind, 7, 2)));
            assert_eq!(archive.prekey(kind, 8).unwrap(), None);
        }
    });
}

#[test]
fn a_message_keeps_every_field() {
    let (_dir, mut store) = new_store();
    write(&mut store, |archive| {
        for (number, delivery) in (1..).zip([
            Delivery::Sending,
            Delivery::Waiting,
            Delivery::Failed,
            Delivery::Sent,
            Delivery::Delivered,
            Delivery::Read,
        ]) {
            let mut message = text(US, number, "words");
            message.lamport = u64::MAX - number;
            message.reply_to = Some(MessageRef {
                author: THEM,
                id: id(99),
            });
            message.edited = true;
            message.changed_at = (u64::MAX, 3);
            message.deleted = number % 2 == 0;
            message.delivery = delivery;
            archive.put_message(&message).unwrap();
            assert_eq!(archive.message(&message.reference()).unwrap(), Some(message));
        }
        for (number, outcome) in (50..).zip([
            CallOutcome::Answered,
            CallOutcome::Missed,
            CallOutcome::Unanswered,
            CallOutcome::Declined,
            CallOutcome::Busy,
            CallOutcome::Cancelled,
            CallOutcome::Failed,
        ]) {
            let mut call = text(THEM, number, "");
            call.kind = MessageKind::Call {
                outcome,
                duration_ms: number,
            };
            archive.put_message(&call).unwrap();
            assert_eq!(archive.message(&call.reference()).unwrap(), Some(call));
        }
    });
}

#[test]
fn a_message_is_unique_by_author_and_id_and_replaced_whole() {
    let (_dir, mut store) = new_store();
    write(&mut store, |archive| {
        let mine = text(US, 1, "mine");
        let theirs = text(THEM, 1, "theirs");
        archive.put_message(&mine).unwrap();
        archive.put_message(&theirs).unwrap();
        let mut changed = mine.clone();
        changed.kind = MessageKind::Text { text: String::new() };
        changed.channel = ChannelId([77; 32]);
        changed.deleted = true;
        archive.put_message(&changed).unwrap();
        assert_eq!(archive.message(&mine.reference()).unwrap(), Some(changed));
        assert_eq!(archive.message(&theirs.reference()).unwrap(), Some(theirs.clone()));
        archive.delete_message(&mine.reference()).unwrap();
        archive.delete_message(&mine.reference()).unwrap();
        assert_eq!(archive.message(&mine.reference()).unwrap(), None);
        assert_eq!(archive.message(&theirs.reference()).unwrap(), Some(theirs));
    });
}

#[test]
fn own_messages_are_those_after_and_up_to_a_count() {
    let (_dir, mut store) = new_store();
    write(&mut store, |archive| {
        for seq in [3, 1, 5, 2, 4] {
            archive.put_message(&text(US, seq, "x")).unwrap();
            archive.put_message(&text(THEM, seq, "y")).unwrap();
        }
        let mut elsewhere = text(US, 30, "z");
        (elsewhere.channel, elsewhere.seq) = (ChannelId([50; 32]), 3);
        archive.put_message(&elsewhere).unwrap();
        let seqs = |archive: &mut dyn Archive, after, up_to| -> Vec<u64> {
            let found = archive.own_messages(&channel(), &US, after, up_to).unwrap();
            assert!(found.iter().all(|message| message.author == US));
            found.iter().map(|message| message.seq).collect()
        };
        assert_eq!(seqs(archive, 1, 4), [2, 3, 4]);
        assert_eq!(seqs(archive, 0, u64::MAX), [1, 2, 3, 4, 5]);
        assert_eq!(seqs(archive, 5, 9), [0_u64; 0]);
    });
}

#[test]
fn reactions_follow_the_latest_word_and_keep_their_order() {
    let (_dir, mut store) = new_store();
    let target = text(US, 1, "hello").reference();
    let reaction = |by, emoji: &str| Reaction {
        by,
        emoji: emoji.to_owned(),
    };
    write(&mut store, |archive| {
        // The target need not be there yet.
        assert!(archive.react(&target, &THEM, "👍", true, (5, 5)).unwrap());
        assert!(archive.react(&target, &US, "👍", true, (6, 1)).unwrap());
        assert!(archive.react(&target, &THEM, "🌍", true, (7, 6)).unwrap());
        archive.put_message(&text(US, 1, "hello")).unwrap();
        let standing = |archive: &mut dyn Archive| archive.message(&target).unwrap().unwrap().reactions;
        assert_eq!(
            standing(archive),
            [reaction(THEM, "👍"), reaction(US, "👍"), reaction(THEM, "🌍")]
        );
        // Said again, said late, said at the same time: nothing changes.
        assert!(!archive.react(&target, &THEM, "👍", true, (8, 7)).unwrap());
        assert!(!archive.react(&target, &THEM, "👍", false, (7, 9)).unwrap());
        assert!(!archive.react(&target, &THEM, "👍", false, (8, 7)).unwrap());
        // Taken back, and an older "on" comes too late.
        assert!(archive.react(&target, &THEM, "👍", false, (9, 8)).unwrap());
        assert!(!archive.react(&target, &THEM, "👍", true, (9, 7)).unwrap());
        assert_eq!(standing(archive), [reaction(US, "👍"), reaction(THEM, "🌍")]);
        // One that comes back comes last.
        assert!(archive.react(&target, &THEM, "👍", true, (10, 9)).unwrap());
        assert_eq!(
            standing(archive),
            [reaction(US, "👍"), reaction(THEM, "🌍"), reaction(THEM, "👍")]
        );
        // An "off" before any "on" holds.
        assert!(!archive.react(&target, &US, "x", false, (u64::MAX, 0)).unwrap());
        assert!(
            !archive
                .react(&target, &US, "x", true, (u64::MAX - 1, u64::MAX))
                .unwrap()
        );
        archive.put_message(&text(US, 1, "edited")).unwrap();
        assert_eq!(standing(archive).len(), 3);
        archive.delete_message(&target).unwrap();
        archive.put_message(&text(US, 1, "anew")).unwrap();
        assert_eq!(standing(archive), []);
    });
}

#[test]
fn early_changes_wait_for_their_target_at_most_64_and_come_once() {
    let (_dir, mut store) = new_store();
    let target = MessageRef {
        author: THEM,
        id: id(1),
    };
    let other = MessageRef {
        author: THEM,
        id: id(2),
    };
    write(&mut store, |archive| {
        for number in 0..70_u8 {
            archive.put_early_change(&target, &secret(&[number])).unwrap();
        }
        archive.put_early_change(&other, &secret(b"other")).unwrap();
        let kept = archive.take_early_changes(&target).unwrap();
        assert_eq!(kept, (6..70_u8).map(|number| secret(&[number])).collect::<Vec<_>>());
        assert_eq!(archive.take_early_changes(&target).unwrap(), []);
        assert_eq!(archive.take_early_changes(&other).unwrap(), [secret(b"other")]);
    });
}

#[test]
fn an_item_and_a_call_are_new_once() {
    let (_dir, mut store) = new_store();
    write(&mut store, |archive| {
        assert!(!archive.remember_item(&THEM, &id(1)).unwrap());
        assert!(archive.remember_item(&THEM, &id(1)).unwrap());
        assert!(!archive.remember_item(&US, &id(1)).unwrap());
        assert!(!archive.remember_call(&CallId([1; 16]), 5).unwrap());
    });
    write(&mut store, |archive| {
        assert!(archive.remember_item(&THEM, &id(1)).unwrap());
        assert!(archive.remember_call(&CallId([1; 16]), 6).unwrap());
        assert!(!archive.remember_call(&CallId([2; 16]), 6).unwrap());
    });
}

#[test]
fn the_outbox_numbers_grow_and_are_never_used_again() {
    let (_dir, mut store) = new_store();
    let last = write(&mut store, |archive| {
        let mut rows = Vec::new();
        for number in 1..=3 {
            let mut row = outgoing(number);
            row.id = 1; // ignored
            row.id = archive.push_outbox(&row).unwrap();
            rows.push(row);
        }
        let mut other = outgoing(4);
        (other.to, other.item_seq, other.item_id, other.expires_ms) = (US, None, None, Some(u64::MAX));
        other.id = archive.push_outbox(&other).unwrap();
        assert!(rows.windows(2).all(|pair| pair[0].id < pair[1].id));
        assert_eq!(archive.outbox_rows(Some(&THEM)).unwrap(), rows);
        rows.push(other.clone());
        assert_eq!(archive.outbox_rows(None).unwrap(), rows);

        (rows[1].taken, rows[1].failed, rows[1].keep) = (true, true, false);
        rows[1].message = b"anew".to_vec();
        archive.put_outbox(&rows[1]).unwrap();
        assert_eq!(archive.outbox(rows[1].id).unwrap().as_ref(), Some(&rows[1]));
        archive.delete_outbox(other.id).unwrap();
        archive.delete_outbox(other.id).unwrap();
        assert_eq!(archive.outbox(other.id).unwrap(), None);
        // One that is gone does not come back by being changed.
        archive.put_outbox(&other).unwrap();
        assert_eq!(archive.outbox_rows(None).unwrap(), rows[..3]);
        other.id
    });
    let next = write(&mut store, |archive| archive.push_outbox(&outgoing(9)).unwrap());
    assert!(next > last);
    write(&mut store, |archive| {
        assert_eq!(archive.outbox(u64::MAX).unwrap(), None);
        archive.delete_outbox(u64::MAX).unwrap();
    });
}

#[test]
fn ciphertexts_that_wait_are_at_most_64_a_peer_the_oldest_goes() {
    let (_dir, mut store) = new_store();
    write(&mut store, |archive| {
        archive.put_unread_ciphertext(&US, b"ours").unwrap();
        for number in 0..70_u8 {
            archive.put_unread_ciphertext(&THEM, &[number]).unwrap();
        }
        let kept = archive.unread_ciphertexts(&THEM).unwrap();
        let bytes: Vec<u8> = kept.iter().map(|(_, message)| message[0]).collect();
        assert_eq!(bytes, (6..70).collect::<Vec<u8>>());
        archive.delete_unread_ciphertext(kept[0].0).unwrap();
        archive.delete_unread_ciphertext(kept[0].0).unwrap();
        assert_eq!(archive.unread_ciphertexts(&THEM).unwrap(), kept[1..]);
        assert_eq!(archive.unread_ciphertexts(&US).unwrap().len(), 1);
    });
}

#[test]
fn open_calls_are_kept_until_they_are_over() {
    let (_dir, mut store) = new_store();
    let mut call = OpenCallRecord {
        call: CallId([3; 16]),
        channel: channel(),
        caller: THEM,
        started_ms: 77,
        answered: false,
    };
    write(&mut store, |archive| archive.put_open_call(&call).unwrap());
    call.answered = true;
    write(&mut store, |archive| {
        archive.put_open_call(&call).unwrap();
        assert_eq!(archive.open_calls().unwrap(), [call.clone()]);
        archive.delete_open_call(&call.call).unwrap();
        archive.delete_open_call(&call.call).unwrap();
        assert_eq!(archive.open_calls().unwrap(), []);
    });
}
