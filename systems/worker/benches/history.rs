//! A profile with a million messages in one conversation: unlocking, opening it, paging, searching, as a window asks.
//!
//! `./dev bench history`. Every figure is the time from the command to the event that answers it, through the whole
//! worker and the encrypted database; the key derivation, which is slow on purpose, is measured beside it and taken off.
//! ORRERY_MESSAGES says another number of messages. The figures go to the terminal and to `history.json` in `OUT`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench that meets the unexpected has no figures to show"
)]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use orrery_link::{Command, Event, ProfilePhase};
use orrery_protocol::{
    ChannelId, MessageId, PeerId,
    archive::Archive,
    record::{ContactRecord, ContactState, Delivery, MessageKind, MessageRecord, OrderKey},
};
use orrery_store::{ProfileFolder, Store, StoreError};
use rand::{RngExt, SeedableRng, rngs::ChaCha20Rng};
use rig::{PASSPHRASE, Person, config};

#[allow(dead_code, reason = "the tests' people, of which a bench needs a part")]
#[path = "../tests/it/rig.rs"]
mod rig;

/// Whom we write with.
const PEER: PeerId = PeerId([7; 32]);
/// Rows in one transaction while the profile is filled.
const BATCH: u64 = 10_000;
/// Rows of a page, as the window asks for them.
const PAGE: u32 = 60;
/// How often each thing is asked.
const TIMES: usize = 60;
/// Words that are written with; the first are the most frequent.
const VOCABULARY: usize = 20_000;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("skipped: figures are measured by cargo bench");
        return;
    }
    let messages = std::env::var("ORRERY_MESSAGES").map_or(1_000_000, |text| text.parse().expect("a number"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let rows = runtime.block_on(measure(messages));
    if let Some(out) = std::env::var_os("OUT") {
        let file = Path::new(&out).join("history.json");
        std::fs::write(&file, serde_json::to_vec_pretty(&rows).unwrap()).unwrap();
        println!("written to {}", file.display());
    }
}

async fn measure(messages: u64) -> serde_json::Map<String, serde_json::Value> {
    let mut rows = serde_json::Map::new();
    let mut note = |name: &str, times: &mut [Duration], goal_ms: f64| {
        times.sort_unstable();
        let ms = |at: usize| times[at.min(times.len() - 1)].as_secs_f64() * 1e3;
        let (p50, p95, most) = (ms(times.len() / 2), ms(times.len() * 95 / 100), ms(times.len() - 1));
        println!("{name:44} p50 {p50:>8.1} ms   p95 {p95:>8.1} ms   most {most:>8.1} ms   (goal {goal_ms} ms)");
        rows.insert(
            name.to_owned(),
            serde_json::json!({"p50_ms": p50, "p95_ms": p95, "most_ms": most, "goal_ms": goal_ms}),
        );
    };
    let folder = tempfile::tempdir().unwrap();
    let nobody = "ws://127.0.0.1:9";
    let person = Person::create_offline("Ada", config(folder.path(), nobody)).await;
    let own = person.id();
    person.leave().await;
    let began = Instant::now();
    fill(folder.path(), own, messages);
    let bytes = std::fs::metadata(folder.path().join("orrery.db")).unwrap().len();
    println!(
        "{messages} messages written in {:.0} s; the database has {} MiB",
        began.elapsed().as_secs_f64(),
        bytes >> 20
    );

    let vault = std::fs::read(folder.path().join("vault")).unwrap();
    let mut derivations = Vec::new();
    let mut unlocks = Vec::new();
    let channel = ChannelId::from(PEER);
    for _ in 0..7 {
        let start = Instant::now();
        orrery_crypto::vault::unwrap(&vault, PASSPHRASE).unwrap();
        derivations.push(start.elapsed());
        let mut person = Person::start("Ada", config(folder.path(), nobody)).await;
        let start = Instant::now();
        tell(&mut person, unlock());
        person
            .wait("open", |event| {
                matches!(
                    event,
                    Event::ProfileChanged {
                        profile: ProfilePhase::Open(_)
                    }
                )
                .then_some(())
            })
            .await;
        // What the window shows first: the conversation as it was left.
        tell(&mut person, load(channel, None));
        person
            .wait("page", |event| {
                matches!(event, Event::HistoryLoaded { .. }).then_some(())
            })
            .await;
        unlocks.push(start.elapsed());
        person.leave().await;
    }
    derivations.sort_unstable();
    let derivation = derivations[derivations.len() / 2];
    println!(
        "key derivation at the floor, taken off below: {:.0} ms",
        derivation.as_secs_f64() * 1e3
    );
    let mut unlocks: Vec<_> = unlocks
        .into_iter()
        .map(|time| time.saturating_sub(derivation))
        .collect();
    note("unlock and show the last conversation", &mut unlocks, 1000.0);

    let mut person = Person::unlock("Ada", config(folder.path(), nobody)).await;
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let start = Instant::now();
        tell(&mut person, Command::OpenChannel { channel });
        person.app.send(load(channel, None)).unwrap();
        person
            .wait("page", |event| match event {
                Event::HistoryLoaded { messages, .. } => {
                    assert_eq!(messages.len(), PAGE as usize);
                    Some(())
                }
                _ => None,
            })
            .await;
        times.push(start.elapsed());
    }
    note("open the conversation", &mut times, 50.0);

    let rng = &mut ChaCha20Rng::seed_from_u64(3);
    times.clear();
    for _ in 0..TIMES {
        let lamport = rng.random_range(200..messages);
        let place = OrderKey {
            lamport,
            author: PEER,
            seq: 0,
        };
        let start = Instant::now();
        tell(&mut person, load(channel, Some(place)));
        person
            .wait("page", |event| {
                matches!(event, Event::HistoryLoaded { .. }).then_some(())
            })
            .await;
        times.push(start.elapsed());
    }
    note("a page from anywhere", &mut times, 50.0);

    let words = vocabulary();
    for (name, queries) in [
        (
            "search: one of the ten most frequent words",
            queries(rng, &words, 0..10, 1),
        ),
        ("search: an ordinary word", queries(rng, &words, 100..2_000, 1)),
        ("search: a rare word", queries(rng, &words, 15_000..VOCABULARY, 1)),
        ("search: two ordinary words", queries(rng, &words, 10..500, 2)),
        ("search: the first letter of a word", beginnings(rng, &words, 1)),
        ("search: the first three letters of a word", beginnings(rng, &words, 3)),
        (
            "search: nothing that was ever written",
            vec!["xyzzyplugh".to_owned(); TIMES],
        ),
    ] {
        times.clear();
        for (at, query) in queries.into_iter().enumerate() {
            // In all conversations, and in one.
            let channel = (at % 2 == 0).then_some(channel);
            let start = Instant::now();
            tell(
                &mut person,
                Command::Search {
                    query,
                    channel,
                    limit: 50,
                },
            );
            person
                .wait("hits", |event| matches!(event, Event::SearchFound { .. }).then_some(()))
                .await;
            times.push(start.elapsed());
        }
        note(name, &mut times, 50.0);
    }
    person.leave().await;
    rows
}

/// Says something, and forgets what was told before.
fn tell(person: &mut Person, command: Command) {
    person.forget();
    person.app.send(command).unwrap();
}

fn unlock() -> Command {
    Command::Unlock {
        passphrase: orrery_link::Passphrase::new(PASSPHRASE.into()),
        remember: false,
    }
}

fn load(channel: ChannelId, before: Option<OrderKey>) -> Command {
    Command::LoadHistory {
        channel,
        before,
        after: None,
        around: None,
        limit: PAGE,
    }
}

/// Pronounceable words, all different.
fn vocabulary() -> Vec<String> {
    let (heads, tails) = (b"bcdfghklmnprstvz", b"aeiou");
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    let mut seen = std::collections::HashSet::new();
    let mut words = Vec::with_capacity(VOCABULARY);
    while words.len() < VOCABULARY {
        let syllables = rng.random_range(1..=4);
        let mut word = String::new();
        for _ in 0..syllables {
            word.push(char::from(heads[rng.random_range(0..heads.len())]));
            word.push(char::from(tails[rng.random_range(0..tails.len())]));
        }
        if seen.insert(word.clone()) {
            words.push(word);
        }
    }
    words
}

/// A rank by Zipf's law, as words of languages have it.
fn zipf(rng: &mut ChaCha20Rng) -> usize {
    let unit: f64 = rng.random();
    ((VOCABULARY as f64).powf(unit) as usize).min(VOCABULARY) - 1
}

fn queries(rng: &mut ChaCha20Rng, words: &[String], ranks: std::ops::Range<usize>, count: usize) -> Vec<String> {
    let mut pick = || words[rng.random_range(ranks.clone())].clone();
    (0..TIMES)
        .map(|_| (0..count).map(|_| pick()).collect::<Vec<_>>().join(" "))
        .collect()
}

fn beginnings(rng: &mut ChaCha20Rng, words: &[String], letters: usize) -> Vec<String> {
    (0..TIMES)
        .map(|_| words[zipf(rng)].chars().take(letters).collect())
        .collect()
}

/// Writes the conversation, as a worker would have over the years.
fn fill(folder: &Path, own: PeerId, messages: u64) {
    let words = vocabulary();
    let rng = &mut ChaCha20Rng::seed_from_u64(2);
    let mut store = ProfileFolder::open(folder).unwrap().unlock(PASSPHRASE).unwrap();
    let mut contact = ContactRecord::new(
        PEER,
        ContactState::Contact,
        "Grace".into(),
        "ws://127.0.0.1:9".into(),
        1,
    );
    contact.lamport = messages;
    contact.own_seq = messages / 2;
    contact.their_seq = messages / 2;
    contact.read_by_us = messages / 2;
    contact.delivered_to_them = messages / 2;
    write(&mut store, |archive| archive.put_contact(&contact).unwrap());
    let mut number = 0;
    while number < messages {
        write(&mut store, |archive| {
            for _ in 0..BATCH.min(messages - number) {
                let author = if number % 2 == 0 { PEER } else { own };
                let length = rng.random_range(2..14);
                let text = (0..length)
                    .map(|_| words[zipf(rng)].as_str())
                    .collect::<Vec<_>>()
                    .join(" ");
                let mut id = [0; 16];
                rng.fill(&mut id[..]);
                let message = MessageRecord {
                    channel: PEER.into(),
                    author,
                    id: MessageId(id),
                    seq: number / 2 + 1,
                    lamport: number + 1,
                    sent_ms: 1_600_000_000_000 + number * 60_000,
                    kind: MessageKind::Text { text },
                    reply_to: None,
                    edited: false,
                    changed_at: (0, 0),
                    deleted: false,
                    delivery: Delivery::Read,
                    reactions: Vec::new(),
                };
                archive.put_message(&message).unwrap();
                archive.remember_item(&author, &message.id).unwrap();
                number += 1;
            }
        });
    }
    store.close().unwrap();
}

fn write(store: &mut Store, work: impl FnOnce(&mut dyn Archive)) {
    store
        .transact(|archive| {
            work(archive);
            Ok::<_, StoreError>(())
        })
        .unwrap();
}
