//! Two stacks in one process, over loopback.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use orrery_protocol::ConnectionId;
use tokio::sync::{mpsc, watch};

use super::*;

pub(super) const LINE: ConnectionId = ConnectionId([5; 16]);
/// What takes its place.
const NEXT: ConnectionId = ConnectionId([6; 16]);
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

/// Speaker, sequence number, timestamp, payload.
type Heard = (u64, u16, u32, Vec<u8>);

/// Remembers what it heard, says how much, and passes it on.
pub(super) struct Notebook {
    heard: Mutex<Vec<Heard>>,
    pub(super) count: watch::Sender<usize>,
    next: Option<Arc<dyn Ear>>,
}

impl Ear for Notebook {
    fn hear(&self, speaker: u64, seq: u16, timestamp: u32, marker: bool, payload: &[u8]) {
        if let Some(next) = &self.next {
            next.hear(speaker, seq, timestamp, marker, payload);
        }
        let mut heard = self.heard.lock().unwrap();
        heard.push((speaker, seq, timestamp, payload.to_vec()));
        self.count.send_replace(heard.len());
    }
}

pub(super) struct Side {
    pub(super) stack: WebRtc,
    pub(super) events: mpsc::Receiver<PeerEvent>,
    pub(super) ear: Arc<Notebook>,
    pub(super) fanout: Fanout,
    pub(super) prints: Option<([u8; 32], [u8; 32])>,
    pub(super) open: bool,
    pub(super) received: Vec<Vec<u8>>,
}

impl Side {
    pub(super) fn new() -> Self {
        Self::hearing(None)
    }

    /// What comes is heard by somebody else, too.
    pub(super) fn hearing(next: Option<Arc<dyn Ear>>) -> Self {
        let (sender, events) = mpsc::channel(PEER_EVENT_CAPACITY);
        let ear = Arc::new(Notebook {
            heard: Mutex::default(),
            count: watch::Sender::new(0),
            next,
        });
        let fanout = Fanout::default();
        let network = Network {
            bind: Some("127.0.0.1:0".into()),
            loopback: true,
            stun: None,
        };
        let handle = tokio::runtime::Handle::current();
        let stack = WebRtc::new(handle, network, sender, Arc::<Notebook>::clone(&ear), fanout.clone());
        Self {
            stack,
            events,
            ear,
            fanout,
            prints: None,
            open: false,
            received: Vec::new(),
        }
    }
}

/// Carries one event over to the other side, as the core would in sealed notes.
fn carry(event: PeerEvent, from: &mut Side, to: &mut Side, offered: bool) {
    match event {
        PeerEvent::Described { sdp, connection } => {
            assert!(
                !sdp.contains("a=candidate"),
                "addresses leave only when the core says so"
            );
            if offered {
                to.stack.answer(connection, sdp);
            } else {
                to.stack.take_answer(connection, sdp);
            }
        }
        PeerEvent::Gathered { lines, connection } => to.stack.add_candidates(connection, lines),
        PeerEvent::Secured { local, remote, .. } => from.prints = Some((local, remote)),
        PeerEvent::Open { .. } => from.open = true,
        PeerEvent::Received { message, .. } => from.received.push(message),
        PeerEvent::Interrupted { .. } | PeerEvent::Resumed { .. } => {}
        // Its place was taken.
        PeerEvent::Broken { connection: LINE } if from.open => {}
        PeerEvent::Broken { .. } | PeerEvent::Gone { .. } | PeerEvent::Impostor { .. } => panic!("broken"),
    }
}

async fn until(a: &mut Side, b: &mut Side, done: impl Fn(&Side, &Side) -> bool) {
    tokio::time::timeout(DEADLINE, async {
        while !done(a, b) {
            tokio::select! {
                event = a.events.recv() => carry(event.unwrap(), a, b, true),
                event = b.events.recv() => carry(event.unwrap(), b, a, false),
            }
        }
    })
    .await
    .expect("in time");
}

/// Waits for what no event tells of.
pub(super) async fn eventually(holds: impl Fn() -> bool) {
    let mut look = tokio::time::interval(Duration::from_millis(10));
    let looking = async {
        while !holds() {
            look.tick().await;
        }
    };
    tokio::time::timeout(DEADLINE, looking).await.expect("in time");
}

async fn connected() -> (Side, Side) {
    connect(Side::new(), Side::new()).await
}

pub(super) async fn connect(mut a: Side, mut b: Side) -> (Side, Side) {
    a.stack.offer(LINE);
    until(&mut a, &mut b, |a, b| {
        a.open && b.open && a.prints.is_some() && b.prints.is_some()
    })
    .await;
    (a, b)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_side_sees_the_certificate_that_the_other_one_has() {
    let (a, b) = connected().await;
    let (a_local, a_remote) = a.prints.unwrap();
    let (b_local, b_remote) = b.prints.unwrap();
    assert_eq!((a_local, a_remote), (b_remote, b_local));
    assert_ne!(a_local, b_local);
    let (c, _d) = connected().await;
    assert_ne!(c.prints.unwrap().0, a_local, "a certificate is never used twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_any_size_arrive_whole_and_in_order() {
    let (mut a, mut b) = connected().await;
    let messages: Vec<Vec<u8>> = [1, 1_149, 1_150, 24 * 1024, 3, 5_000]
        .map(|n| (0..n).map(|i| i as u8).collect())
        .into();
    for message in &messages {
        a.stack.send(LINE, message.clone());
        b.stack.send(LINE, message.clone());
    }
    until(&mut a, &mut b, |a, b| {
        a.received.len() == messages.len() && b.received.len() == messages.len()
    })
    .await;
    assert_eq!(a.received, messages);
    assert_eq!(b.received, messages);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_is_heard_only_after_both_sides_were_told_so() {
    let (mut a, b) = connected().await;
    let mut b = b;
    let frame = |i: u32| OutFrame {
        payload: Bytes::from(vec![0xf8, 0xff, 0xfe]),
        timestamp: i * 960,
        marker: i == 0,
        level: 40,
        voice: true,
    };
    a.stack.start_sound(LINE, 1);
    let said = AtomicU32::new(0);
    let talk = |a: &Side, b: &Side| {
        let (fanout, mut count) = (a.fanout.clone(), b.ear.count.subscribe());
        let said = &said;
        async move {
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            loop {
                tokio::select! {
                    _ = tick.tick() => fanout.send(&frame(said.fetch_add(1, Ordering::Relaxed))),
                    heard = count.wait_for(|count| *count >= 5) => { heard.unwrap(); break; }
                }
            }
        }
    };
    // The other side was not told yet: what comes is thrown away.
    assert!(
        tokio::time::timeout(Duration::from_millis(500), talk(&a, &b))
            .await
            .is_err()
    );
    assert!(b.ear.heard.lock().unwrap().is_empty());
    b.stack.start_sound(LINE, 42);
    tokio::time::timeout(DEADLINE, talk(&a, &b)).await.expect("in time");
    let heard = b.ear.heard.lock().unwrap().clone();
    assert!(
        heard
            .iter()
            .all(|(speaker, _, _, payload)| *speaker == 42 && payload == &[0xf8, 0xff, 0xfe])
    );
    for pair in heard.windows(2) {
        assert_eq!(pair[1].1.wrapping_sub(pair[0].1), 1);
        assert_eq!(pair[1].2.wrapping_sub(pair[0].2), 960);
    }
    // Measured once a second while there is sound.
    eventually(|| a.stack.measured(LINE).is_some_and(|measured| measured.rtt_ms > 0)).await;
    // And what the other side reports of our packets is read: no timer is even enough for none of their times to differ.
    eventually(|| {
        a.stack
            .measured(LINE)
            .is_some_and(|measured| measured.sent_jitter_ms > 0.0)
    })
    .await;
    a.stack.stop_sound(LINE);
    eventually(|| a.fanout.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_goes_on_over_a_connection_that_takes_the_place_of_another() {
    let (mut a, mut b) = connected().await;
    let old = a.prints;
    a.stack.start_sound(LINE, 1);
    b.stack.start_sound(LINE, 42);
    let fanout = a.fanout.clone();
    let talking = tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        for i in 0.. {
            tick.tick().await;
            fanout.send(&OutFrame {
                payload: Bytes::from(vec![0xf8, 0xff, 0xfe]),
                timestamp: i * 960,
                marker: i == 0,
                level: 40,
                voice: true,
            });
        }
    });
    let heard = |b: &Side, more: usize| {
        let mut count = b.ear.count.subscribe();
        async move {
            let wanted = *count.borrow() + more;
            let reached = count.wait_for(|count| *count >= wanted);
            tokio::time::timeout(DEADLINE, reached).await.expect("in time").unwrap();
        }
    };
    heard(&b, 10).await;
    for side in [&mut a, &mut b] {
        (side.open, side.prints) = (false, None);
        side.stack.renew(NEXT, LINE);
    }
    a.stack.offer(NEXT);
    // The answering side is told before the offer comes, as by the core.
    until(&mut a, &mut b, |a, b| {
        a.open && b.open && a.prints.is_some() && b.prints.is_some()
    })
    .await;
    assert_ne!(a.prints, old, "with certificates of its own");
    // One side binds a little later than the other.
    a.stack.move_sound(LINE, NEXT);
    heard(&b, 10).await;
    b.stack.move_sound(LINE, NEXT);
    heard(&b, 20).await;
    for side in [&mut a, &mut b] {
        side.stack.close(LINE);
    }
    heard(&b, 20).await;
    talking.abort();
    let heard = b.ear.heard.lock().unwrap().clone();
    assert!(heard.iter().all(|(speaker, ..)| *speaker == 42), "one voice");
    let first = heard[0].1;
    let mut numbers: Vec<u16> = heard.iter().map(|(_, seq, ..)| seq.wrapping_sub(first)).collect();
    let twice = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert!(numbers.len() < twice, "for a while both carried it");
    let whole: Vec<u16> = (0..numbers.len() as u16).collect();
    assert_eq!(numbers, whole, "nothing was lost in between");
    for (_, seq, timestamp, _) in &heard {
        let (frames, samples) = (seq.wrapping_sub(first), timestamp.wrapping_sub(heard[0].2));
        assert_eq!(u32::from(frames) * 960, samples, "the same packet over both");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_closed_by_one_side_breaks_on_the_other() {
    let (mut a, mut b) = connected().await;
    a.stack.close(LINE);
    tokio::time::timeout(Duration::from_secs(120), async {
        loop {
            if matches!(b.events.recv().await.unwrap(), PeerEvent::Broken { .. }) {
                break;
            }
        }
    })
    .await
    .expect("in time");
    assert!(a.events.try_recv().is_err(), "closing is silent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_of_garbage_breaks_its_own_connection_and_nothing_else() {
    for garbage in [
        "",
        "v=0",
        "hello\r\n",
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 X 1\r\n",
    ] {
        let mut side = Side::new();
        side.stack.answer(LINE, garbage.into());
        let event = tokio::time::timeout(DEADLINE, side.events.recv())
            .await
            .expect("in time")
            .unwrap();
        assert!(
            matches!(event, PeerEvent::Broken { connection: LINE }),
            "{garbage:?}: {event:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_connections_leave_no_task_and_no_socket_behind() {
    for _ in 0..3 {
        let (mut a, mut b) = connected().await;
        a.stack.start_sound(LINE, 1);
        b.stack.start_sound(LINE, 1);
        a.stack.close_all();
        b.stack.close_all();
        eventually(|| tokio::runtime::Handle::current().metrics().num_alive_tasks() == 0).await;
    }
}
