//! Sound and reports of a peer that means no good.

use std::time::Duration;

use rtc::srtp::context::Context;

use super::{knock::Knock, *};

const SPEAKER: u64 = 42;

/// An RTP packet of Opus.
fn rtp(source: u32, sequence: u16) -> Vec<u8> {
    [
        &[128, 111][..],
        &sequence.to_be_bytes(),
        &(u32::from(sequence) * 960).to_be_bytes(),
        &source.to_be_bytes(),
        &[0xf8, 0xff, 0xfe],
    ]
    .concat()
}

/// RTCP packets of every kind, by a sender: a report of one's sound, of what was heard, a goodbye, and what is none.
fn rtcp(kind: usize, reporter: u32, about: u32) -> Vec<u8> {
    let reporter = reporter.to_be_bytes();
    let about = about.to_be_bytes();
    match kind % 4 {
        0 => [&[128, 200, 0, 6][..], &reporter, &[0xff; 20]].concat(),
        1 => [&[129, 201, 0, 7][..], &reporter, &about, &[0xff; 20]].concat(),
        2 => [&[130, 203, 0, 2][..], &reporter, &about].concat(),
        _ => [&[129, 206, 0, 2][..], &reporter, &about].concat(),
    }
}

async fn hearing() -> (Side, Knock) {
    let mut side = Side::new();
    let knock = Knock::connected(&mut side).await;
    side.stack.start_sound(LINE, SPEAKER);
    (side, knock)
}

/// Speaks until it is heard; the next sequence number.
async fn heard(side: &Side, knock: &mut Knock, keys: &mut Context, mut sequence: u16) -> u16 {
    let before = *side.ear.count.borrow();
    let end = tokio::time::Instant::now() + DEADLINE;
    while *side.ear.count.borrow() < before + 5 {
        assert!(tokio::time::Instant::now() < end, "in time");
        let packet = keys.encrypt_rtp(&rtp(knock.source, sequence)).unwrap();
        knock.throw(&packet).await;
        sequence += 1;
        knock.linger(Duration::from_millis(10)).await;
    }
    sequence
}

/// Nothing of it was told.
fn still_there(side: &mut Side) {
    while let Ok(event) = side.events.try_recv() {
        assert!(!matches!(event, PeerEvent::Broken { .. }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn senders_of_sound_that_were_not_named_are_not_heard_and_cost_nothing() {
    let (mut side, mut knock) = hearing().await;
    let mut keys = knock.srtp();
    let next = heard(&side, &mut knock, &mut keys, 0).await;
    let (count, before) = (*side.ear.count.borrow(), memory());
    for n in 0..100_000_u32 {
        // Its keys keep something for each sender, too: a few are genuine, the others are not even that.
        let mut packet = rtp(knock.source.wrapping_add(1 + n), 7);
        if n < 100 {
            packet = keys.encrypt_rtp(&packet).unwrap().to_vec();
        } else {
            packet.extend([0; 16]);
        }
        knock.throw(&packet).await;
        if n % 64 == 0 {
            knock.step(Duration::from_micros(200)).await;
        }
    }
    knock.linger(Duration::from_millis(500)).await;
    assert_eq!(*side.ear.count.borrow(), count);
    let grown = memory().saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes");
    heard(&side, &mut knock, &mut keys, next).await;
    still_there(&mut side);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_of_sound_is_heard_once_however_often_it_comes_and_never_when_it_was_changed() {
    let (mut side, mut knock) = hearing().await;
    let mut keys = knock.srtp();
    let next = heard(&side, &mut knock, &mut keys, 0).await;
    let count = *side.ear.count.borrow();
    let packets: Vec<Vec<u8>> = (next..next + 20)
        .map(|sequence| keys.encrypt_rtp(&rtp(knock.source, sequence)).unwrap().to_vec())
        .collect();
    for packet in &packets {
        for at in 12..packet.len() {
            let mut changed = packet.clone();
            changed[at] ^= 1;
            knock.throw(&changed).await;
        }
        knock.step(Duration::from_millis(2)).await;
    }
    knock.linger(Duration::from_millis(300)).await;
    assert_eq!(*side.ear.count.borrow(), count, "changed");
    for _ in 0..50 {
        for packet in &packets {
            knock.throw(packet).await;
        }
        knock.step(Duration::from_millis(5)).await;
    }
    knock.linger(Duration::from_millis(300)).await;
    assert_eq!(*side.ear.count.borrow(), count + packets.len(), "once each");
    heard(&side, &mut knock, &mut keys, next + 20).await;
    still_there(&mut side);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goodbyes_and_reports_without_end_neither_end_the_sound_nor_cost_anything() {
    let (mut side, mut knock) = hearing().await;
    let mut keys = knock.srtp();
    let next = heard(&side, &mut knock, &mut keys, 0).await;
    let before = memory();
    for n in 0..100_000_usize {
        let reporter = if n % 2 == 0 { knock.source } else { n as u32 };
        let packet = rtcp(n / 2, reporter, knock.source);
        let packet = if n < 2_000 {
            keys.encrypt_rtcp(&packet).unwrap().to_vec()
        } else {
            [packet, vec![0; 20]].concat()
        };
        knock.throw(&packet).await;
        if n % 64 == 0 {
            knock.step(Duration::from_micros(200)).await;
        }
    }
    knock.linger(Duration::from_millis(500)).await;
    let grown = memory().saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes");
    heard(&side, &mut knock, &mut keys, next).await;
    still_there(&mut side);
}
