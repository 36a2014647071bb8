//! How long it takes to open a channel, scroll and search in a history of a million messages.
//!
//! `cargo run --release -p orrery-store --example million [MESSAGES]`; prints milliseconds, best and worst of ten.

use std::time::Instant;

use orrery_protocol::{
    ChannelId, MessageId, MessageRef, PeerId,
    record::{ContactRecord, ContactState, Delivery, MessageKind, MessageRecord},
};
use orrery_store::{Search, Store, StoreError};

const KEY: [u8; 32] = [1; 32];
const CHANNELS: u64 = 50;
/// Messages in one transaction while filling.
const BATCH: u64 = 10_000;

/// Words whose frequency falls as in a language: the first are in nearly every message.
fn word(random: &mut u64) -> String {
    *random = random
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    let uniform = (*random >> 11) as f64 / (1_u64 << 53) as f64;
    let rank = (uniform * 20_000_f64.ln()).exp() as u64;
    let syllables = [
        "ka", "re", "mo", "ti", "lu", "sen", "dor", "vi", "nap", "ost", "ey", "ch",
    ];
    let mut rest = rank;
    let mut word = String::new();
    loop {
        word.push_str(syllables.get((rest % 12) as usize).unwrap_or(&"a"));
        rest /= 12;
        if rest == 0 {
            return word;
        }
    }
}

fn message(number: u64, random: &mut u64) -> MessageRecord {
    // Half of all messages are in one conversation.
    let channel = if number.is_multiple_of(2) { 0 } else { number % CHANNELS };
    let peer = peer(channel);
    let author = if number.is_multiple_of(3) {
        PeerId([255; 32])
    } else {
        peer
    };
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let length = 3 + *random % 12;
    let text = (0..length).map(|_| word(random)).collect::<Vec<_>>().join(" ");
    MessageRecord {
        channel: ChannelId::from(peer),
        author,
        id: MessageId(id),
        seq: number,
        lamport: number,
        sent_ms: 1_700_000_000_000 + number * 1000,
        kind: MessageKind::Text { text },
        reply_to: None,
        edited: false,
        changed_at: (0, 0),
        deleted: false,
        delivery: Delivery::Read,
        reactions: Vec::new(),
    }
}

fn peer(channel: u64) -> PeerId {
    PeerId([channel as u8 + 1; 32])
}

fn measure(name: &str, mut work: impl FnMut() -> Result<usize, StoreError>) -> Result<(), StoreError> {
    let (mut best, mut worst, mut rows) = (f64::MAX, 0_f64, 0);
    for _ in 0..10 {
        let start = Instant::now();
        rows = work()?;
        let took = start.elapsed().as_secs_f64() * 1000.0;
        best = best.min(took);
        worst = worst.max(took);
    }
    println!("{name:<44} {best:8.2} .. {worst:8.2} ms  {rows} rows");
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let messages: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |count| count.parse())?;
    let dir = tempfile::tempdir()?;
    let mut store = Store::create_with_key(dir.path(), &KEY)?;
    let mut random = 7;
    let start = Instant::now();
    for first in (0..messages).step_by(usize::try_from(BATCH)?) {
        store.transact(|archive| {
            for number in first..(first + BATCH).min(messages) {
                archive.put_message(&message(number, &mut random))?;
            }
            Ok::<_, StoreError>(())
        })?;
    }
    store.transact(|archive| {
        for channel in 0..CHANNELS {
            let mut contact = ContactRecord::new(peer(channel), ContactState::Contact, "x".into(), "ws://x".into(), 0);
            contact.read_by_us = messages.saturating_sub(5000);
            archive.put_contact(&contact)?;
        }
        Ok::<_, StoreError>(())
    })?;
    println!(
        "filled with {messages} messages in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    store.close()?;
    println!(
        "{} MiB on the disk",
        std::fs::metadata(dir.path().join("orrery.db"))?.len() >> 20
    );

    let start = Instant::now();
    let mut store = Store::open_with_key(dir.path(), &KEY)?;
    println!("opened in {:.2} ms", start.elapsed().as_secs_f64() * 1000.0);
    let channel = ChannelId::from(peer(0));
    let start = Instant::now();
    store.history().newest(&channel, 50)?;
    println!(
        "first page, nothing cached: {:.2} ms",
        start.elapsed().as_secs_f64() * 1000.0
    );
    measure("newest 50 of a channel", || {
        Ok(store.history().newest(&channel, 50)?.messages.len())
    })?;
    let middle = message(messages / 4 * 2, &mut random);
    measure("50 before the middle", || {
        Ok(store.history().before(&channel, middle.order(), 50)?.messages.len())
    })?;
    let target = MessageRef {
        author: middle.author,
        id: middle.id,
    };
    measure("50 around a message", || {
        Ok(store
            .history()
            .around(&target, 50)?
            .map_or(0, |page| page.messages.len()))
    })?;
    measure("channel list with previews and unread", || {
        Ok(store.history().channels()?.len())
    })?;
    let rare = ChannelId::from(peer(7));
    for (name, text, channel) in [
        ("search: one letter", "k", None),
        ("search: a word in every other message", "ka", None),
        ("search: a longer beginning of many words", "karemo", None),
        ("search: two common words", "ka re", None),
        ("search: common word, large channel", "ka", Some(channel)),
        ("search: common word, small channel", "ka", Some(rare)),
        (
            "search: rare and common word, small channel",
            "osteychvi ka",
            Some(rare),
        ),
        ("search: a word that nobody said", "zyzzyva", None),
    ] {
        let search = Search {
            text,
            channel,
            before: None,
            limit: 30,
        };
        measure(name, || Ok(store.history().search(&search)?.len()))?;
    }
    let mut number = messages;
    measure("one message written and on the disk", || {
        number += 1;
        let message = message(number, &mut random);
        store.transact(|archive| Ok::<_, StoreError>(archive.put_message(&message)?))?;
        Ok(1)
    })?;
    let start = Instant::now();
    let found = store.integrity_check()?.run()?;
    println!("integrity check: {found:?} in {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}
