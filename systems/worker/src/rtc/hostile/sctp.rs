//! SCTP made by hand over real DTLS (RFC 9260).

use std::time::Duration;

use super::{
    knock::{Knock, Shown},
    *,
};

const INIT: u8 = 1;
const INIT_ACK: u8 = 2;
const SACK: u8 = 3;
const COOKIE_ECHO: u8 = 10;
const COOKIE_ACK: u8 = 11;
const WHOLE: u8 = 0b011;
const FIRST_PART: u8 = 0b010;
const MIDDLE_PART: u8 = 0b000;
const UNORDERED: u8 = 0b100;
const BINARY: u32 = 53;
const OWN_TAG: u32 = 0x1234_5678;

fn crc32c(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg())
        })
    })
}

fn packet(tag: u32, chunks: &[u8]) -> Vec<u8> {
    let ports = 5000_u16.to_be_bytes();
    let mut packet = [&ports, &ports, &tag.to_be_bytes()[..], &[0; 4], chunks].concat();
    let sum = crc32c(&packet).to_le_bytes();
    packet[8..12].copy_from_slice(&sum);
    packet
}

fn chunk(kind: u8, flags: u8, value: &[u8]) -> Vec<u8> {
    let mut chunk = [&[kind, flags][..], &(4 + value.len() as u16).to_be_bytes(), value].concat();
    chunk.resize(chunk.len().next_multiple_of(4), 0);
    chunk
}

fn init(tag: u32, streams: u16) -> Vec<u8> {
    let (window, streams) = ((1_u32 << 20).to_be_bytes(), streams.to_be_bytes());
    chunk(
        INIT,
        0,
        &[
            &tag.to_be_bytes(),
            &window,
            &streams[..],
            &streams,
            &1_u32.to_be_bytes(),
        ]
        .concat(),
    )
}

/// An association of its own making.
struct Talker {
    knock: Knock,
    tag: u32,
    tsn: u32,
    acknowledged: u32,
}

impl Talker {
    async fn at(side: &mut Side) -> Self {
        let mut talker = Self {
            knock: Knock::connected(side).await,
            tag: 0,
            tsn: 1,
            acknowledged: 0,
        };
        talker.say(0, &init(OWN_TAG, u16::MAX)).await;
        let answer = talker.hear(INIT_ACK).await;
        talker.tag = u32::from_be_bytes(*answer[4..].first_chunk().unwrap());
        let mut rest = &answer[20..];
        let cookie = loop {
            let (kind, length) = (rest[1], usize::from(u16::from_be_bytes([rest[2], rest[3]])));
            if rest[0] == 0 && kind == 7 {
                break rest[4..length].to_vec();
            }
            rest = &rest[length.next_multiple_of(4)..];
        };
        talker.say(talker.tag, &chunk(COOKIE_ECHO, 0, &cookie)).await;
        talker.hear(COOKIE_ACK).await;
        talker
    }

    async fn say(&mut self, tag: u32, chunks: &[u8]) {
        self.knock.say(&packet(tag, chunks)).await;
    }

    /// Waits for a chunk that comes first in its packet.
    async fn hear(&mut self, kind: u8) -> Vec<u8> {
        loop {
            self.knock.until(|knock| !knock.came.is_empty()).await;
            let packet = self.knock.came.pop_front().unwrap();
            if packet[12] == kind {
                return packet[12..].to_vec();
            }
        }
    }

    fn data(&mut self, flags: u8, stream: u16, sequence: u16, kind: u32, data: &[u8]) -> Vec<u8> {
        let (tsn, stream, sequence) = (self.tsn.to_be_bytes(), stream.to_be_bytes(), sequence.to_be_bytes());
        self.tsn = self.tsn.wrapping_add(1);
        chunk(
            0,
            flags,
            &[&tsn, &stream[..], &sequence, &kind.to_be_bytes(), data].concat(),
        )
    }

    async fn send(&mut self, flags: u8, stream: u16, sequence: u16, kind: u32, data: &[u8]) {
        let chunk = self.data(flags, stream, sequence, kind, data);
        self.say(self.tag, &chunk).await;
    }

    /// Looks at what came, and whether so much was acknowledged; waits a moment when not.
    async fn pace(&mut self) {
        for _ in 0..20 {
            while let Some(packet) = self.knock.came.pop_front() {
                if packet[12] == SACK {
                    self.acknowledged = u32::from_be_bytes(*packet[16..].first_chunk().unwrap());
                }
            }
            if self.tsn.wrapping_sub(self.acknowledged) < 32 {
                return;
            }
            self.knock.step(Duration::from_millis(1)).await;
        }
    }
}

fn is_broken(side: &mut Side) -> bool {
    std::iter::from_fn(|| side.events.try_recv().ok()).any(|event| matches!(event, PeerEvent::Broken { .. }))
}

/// Whether the connection still takes a message.
async fn works(side: &mut Side, talker: &mut Talker, sequence: u16) -> bool {
    talker.send(WHOLE, 0, sequence, BINARY, &[0, b'h', b'i']).await;
    let end = tokio::time::Instant::now() + Duration::from_secs(3);
    loop {
        tokio::select! {
            event = side.events.recv() => match event.unwrap() {
                PeerEvent::Received { message, .. } => return message == b"hi",
                PeerEvent::Broken { .. } => return false,
                _ => {}
            },
            () = talker.knock.step(Duration::from_millis(10)) => {}
            () = tokio::time::sleep_until(end) => return false,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_made_by_hand_is_understood() {
    let mut side = Side::new();
    let mut talker = Talker::at(&mut side).await;
    for n in 0..3 {
        assert!(works(&mut side, &mut talker, n).await);
    }
}

/// A message of which the end never comes: as long as it is taken, so much memory it costs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_without_end_ends_the_connection_and_not_the_memory() {
    for flags in [0, UNORDERED] {
        let mut side = Side::new();
        let mut talker = Talker::at(&mut side).await;
        let (before, part) = (memory(), [7; 1_100]);
        talker.send(FIRST_PART | flags, 0, 0, BINARY, &part).await;
        let mut sent = part.len();
        while sent < 256 << 20 && !is_broken(&mut side) {
            talker.send(MIDDLE_PART | flags, 0, 0, BINARY, &part).await;
            sent += part.len();
            talker.pace().await;
        }
        let grown = memory().saturating_sub(before);
        eprintln!("{sent} bytes of a message taken, {grown} bytes of memory");
        assert!(sent < 16 << 20, "{sent} bytes were taken");
        assert!(grown < 32 << 20, "{grown} bytes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_streams_at_once_end_the_connection() {
    let mut side = Side::new();
    let mut talker = Talker::at(&mut side).await;
    let before = memory();
    let mut begun = 0;
    for stream in 1..=u16::MAX {
        // A message on each, of which the end never comes.
        talker.send(FIRST_PART, stream, 0, BINARY, &[0]).await;
        begun += 1;
        talker.pace().await;
        if is_broken(&mut side) {
            break;
        }
    }
    let grown = memory().saturating_sub(before);
    eprintln!("{begun} streams, {grown} bytes of memory");
    assert!(begun < 10_000, "{begun} streams");
    assert!(grown < 32 << 20, "{grown} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn associations_without_end_end_the_connection() {
    let mut side = Side::new();
    let mut knock = Knock::connected(&mut side).await;
    let before = memory();
    let mut begun = 0;
    while begun < 100_000 && !is_broken(&mut side) {
        begun += 1;
        knock.say(&packet(0, &init(begun, 16))).await;
        for _ in 0..3 {
            knock.step(Duration::from_millis(1)).await;
        }
        knock.came.clear();
    }
    let grown = memory().saturating_sub(before);
    eprintln!("{begun} associations, {grown} bytes of memory");
    assert!(begun < 10_000, "{begun} associations");
    assert!(grown < 64 << 20, "{grown} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_opens_a_channel_is_left() {
    let mut side = Side::new();
    let mut talker = Talker::at(&mut side).await;
    // DATA_CHANNEL_OPEN (RFC 8832 §5.1): reliable, no label.
    talker
        .send(WHOLE, 3, 0, 50, &[3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        .await;
    talker.knock.linger(Duration::from_millis(200)).await;
    broken(&mut side).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_no_bytes_or_on_another_stream_are_never_given_on() {
    let kinds = [0, 1, 50, 51, 52, 54, 56, 57, 46, u32::MAX];
    let data: [&[u8]; 4] = [&[], &[0], b"\0text", &[3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]];
    for (stream, kind) in kinds
        .into_iter()
        .flat_map(|kind| [(0, kind), (3, kind)])
        .chain([(3, BINARY)])
    {
        for data in data {
            let mut side = Side::new();
            let mut talker = Talker::at(&mut side).await;
            talker.send(WHOLE, stream, 0, kind, data).await;
            talker.knock.linger(Duration::from_millis(100)).await;
            let told = told_within(&mut side, Duration::from_millis(50)).await;
            let received = told.iter().any(|event| matches!(event, PeerEvent::Received { .. }));
            // The stack does not say of which kind a message is. A whole piece on our own stream is given on whatever it
            // calls itself, and the core drops what is no message of the ratchet.
            let whole = stream == 0 && data == b"\0text";
            assert!(!received || whole, "{stream} {kind} {data:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_out_of_order_is_bounded() {
    let mut side = Side::new();
    let mut talker = Talker::at(&mut side).await;
    let before = memory();
    // Whole messages, the first of which never comes, so that none of the ordered ones may be read.
    talker.tsn += 1;
    let mut sent = 0;
    while sent < 200_000 && !is_broken(&mut side) {
        sent += 1;
        let flags = if sent % 2 == 0 { WHOLE } else { FIRST_PART | UNORDERED };
        talker.send(flags, 0, sent as u16, BINARY, &[0; 600]).await;
        if sent % 16 == 0 {
            talker.knock.step(Duration::from_millis(1)).await;
            talker.knock.came.clear();
        }
    }
    let grown = memory().saturating_sub(before);
    eprintln!("{sent} messages, {grown} bytes of memory");
    assert!(sent < 50_000, "{sent} messages");
    assert!(grown < 32 << 20, "{grown} bytes");
}

/// Chunks of every kind with lengths that are not true, and noise: the connection breaks or goes on, and nobody panics.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_that_lie_about_their_length_break_nothing_but_their_connection() {
    let mut state = 1_u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    for kind in (0..=15).chain([64, 128, 130, 132, 192, 193, 255]) {
        let mut side = Side::new();
        let mut talker = Talker::at(&mut side).await;
        let tag = talker.tag;
        for length in [0_u16, 1, 3, 4, 5, 8, 15, 16, 17, 20, 31, 1_000, u16::MAX] {
            for size in [0, 1, 4, 12, 16, 40] {
                for flags in [0, 1, 3, 255] {
                    let value: Vec<u8> = (0..size).map(|_| random() as u8).collect();
                    let lie = [&[kind, flags][..], &length.to_be_bytes(), &value].concat();
                    talker.say(tag, &lie).await;
                    talker.say(0, &lie).await;
                }
            }
            talker.knock.step(Duration::from_millis(1)).await;
            talker.knock.came.clear();
        }
        talker.knock.linger(Duration::from_millis(30)).await;
        let told = told_within(&mut side, Duration::from_millis(20)).await;
        let gone = told.iter().any(|event| matches!(event, PeerEvent::Broken { .. }));
        if !gone && !works(&mut side, &mut talker, 0).await {
            // It may have lost its association; then what is left of it ends like any other that is not answered.
            talker.knock.linger(Duration::from_millis(100)).await;
        }
        side.stack.close_all();
    }
    // Whoever comes next finds everything in order.
    let mut side = Side::new();
    let mut talker = Talker::at(&mut side).await;
    assert!(works(&mut side, &mut talker, 0).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dtls_of_noise_ends_nothing_and_opens_nothing() {
    let mut side = Side::new();
    let mut knock = Knock::at(&mut side, Shown::Right, |answer| answer).await;
    knock.until(|knock| knock.packets > 0).await;
    knock.until(|knock| knock.up).await;
    for n in 0..2_000_u32 {
        let noise: Vec<u8> = (0..40 + n % 100).map(|i| (i * 37 + n * 11) as u8).collect();
        knock
            .throw(&[&[20 + (n % 44) as u8, 254, 253][..], &noise].concat())
            .await;
        if n % 16 == 0 {
            knock.step(Duration::from_millis(1)).await;
        }
    }
    let told = told_within(&mut side, Duration::from_millis(300)).await;
    assert!(
        !told
            .iter()
            .any(|event| matches!(event, PeerEvent::Received { .. } | PeerEvent::Broken { .. }))
    );
}
