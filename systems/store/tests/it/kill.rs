//! Killed at any moment: nothing acknowledged is lost, nothing is there twice, nothing is there by half.

use orrery_protocol::record::SecretBytes;
use orrery_store::{Integrity, Search, Store};

use crate::{
    child::{Running, Task, command},
    support::{KEY, THEM, US, channel, new_store, words, write},
};

/// Rounds in an ordinary run; `ORRERY_KILL_ROUNDS=1000` for a long one.
const ROUNDS: u64 = 40;

/// A small generator, seeded, so that a failing run can be repeated as far as a kill can be.
fn next(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[test]
fn a_killed_process_loses_nothing_it_acknowledged() {
    let rounds = std::env::var("ORRERY_KILL_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let (dir, store) = new_store();
    store.close().unwrap();
    let (mut random, mut stored) = (0x0bad_5eed_u64, 0_u64);
    for round in 0..rounds {
        let mut child = Running::start(command(None, Task::Write, dir.path()));
        assert_eq!(child.next().as_deref(), Some("opening"), "round {round}");
        let mut acknowledged = stored;
        // Sometimes while it still opens, mostly between or within commits.
        for _ in 0..next(&mut random) % 14 {
            acknowledged = child.next().unwrap().parse().unwrap();
        }
        for _ in 0..next(&mut random) % 400_000 {
            std::hint::spin_loop();
        }
        if let Some(last) = child.kill().last() {
            acknowledged = last.parse().unwrap();
        }

        let mut store = Store::open_with_key(dir.path(), &KEY).unwrap();
        assert!(!store.rolled_back(), "round {round}");
        let found = write(&mut store, |archive| {
            let found = archive.contact(&THEM).unwrap().map_or(0, |contact| contact.own_seq);
            // At most the one commit that was not yet said.
            assert!(
                (acknowledged..=acknowledged + 1).contains(&found),
                "round {round}: {acknowledged}, {found}"
            );
            let new = archive.own_messages(&channel(), &US, stored, u64::MAX).unwrap();
            let seqs: Vec<u64> = new.iter().map(|message| message.seq).collect();
            assert_eq!(seqs, (stored + 1..=found).collect::<Vec<_>>(), "round {round}");
            if found > 0 {
                let state = SecretBytes(found.to_be_bytes().to_vec());
                assert_eq!(archive.sessions(&THEM).unwrap()[0].state, state, "round {round}");
            }
            let outbox = archive.outbox_rows(None).unwrap();
            assert_eq!(outbox.len() as u64, found, "round {round}");
            found
        });
        if found > stored {
            assert!(store.was_unclean(), "round {round}");
            let text = format!("word{found}");
            let search = Search {
                text: &text,
                channel: None,
                before: None,
                limit: 1,
            };
            let hits = store.history().search(&search).unwrap();
            assert!(words(&hits[0].message).starts_with("common word"), "round {round}");
        }
        stored = found;
        store.close().unwrap();
    }
    assert!(
        stored > rounds,
        "the children hardly wrote: {stored} in {rounds} rounds"
    );
    let store = Store::open_with_key(dir.path(), &KEY).unwrap();
    assert_eq!(store.integrity_check().unwrap().run().unwrap(), Integrity::Sound);
}
