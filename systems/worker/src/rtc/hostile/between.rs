//! Somebody between two peers. The strongest of them, who changes the descriptions themselves, stands in
//! `driver/tests/middle.rs`, because only whole programs can tell.

use bytes::Bytes;
use orrery_protocol::ConnectionId;

use super::{super::laws::eventually, relay::Relay, *};

/// Carries everything between two sides, as `change` has it; the flag says whether it comes from the first. What is no longer
/// wanted of it is found in the sides.
async fn carried(
    a: &mut Side,
    b: &mut Side,
    mut change: impl FnMut(PeerEvent, bool) -> Option<PeerEvent>,
    done: impl Fn(&Side, &Side) -> bool,
) {
    tokio::time::timeout(DEADLINE, async {
        while !done(a, b) {
            let (event, from_a) = tokio::select! {
                event = a.events.recv() => (event.unwrap(), true),
                event = b.events.recv() => (event.unwrap(), false),
            };
            let (from, to) = if from_a { (&mut *a, &mut *b) } else { (&mut *b, &mut *a) };
            match change(event, from_a) {
                Some(PeerEvent::Described { sdp, .. }) if from_a => to.stack.answer(LINE, sdp),
                Some(PeerEvent::Described { sdp, .. }) => to.stack.take_answer(LINE, sdp),
                Some(PeerEvent::Gathered { lines, .. }) => to.stack.add_candidates(LINE, lines),
                Some(PeerEvent::Secured { local, remote, .. }) => from.prints = Some((local, remote)),
                Some(PeerEvent::Open { .. }) => from.open = true,
                Some(PeerEvent::Received { message, .. }) => from.received.push(message),
                _ => {}
            }
        }
    })
    .await
    .expect("in time");
}

fn frame(n: u32, payload: &'static [u8]) -> OutFrame {
    OutFrame {
        payload: Bytes::from_static(payload),
        timestamp: n * 960,
        marker: n == 0,
        level: 40,
        voice: true,
    }
}

const SPOKEN: &[u8] = b"what only the two of them may hear, as a payload";
const WRITTEN: &[u8] = b"what only the two of them may read, over the channel";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_of_packets_reads_nothing_and_what_it_sends_again_counts_for_nothing() {
    let relay = Relay::start().await;
    let (mut a, mut b) = (Side::new(), Side::new());
    a.stack.offer(LINE);
    let through = |event: PeerEvent, from_a: bool| match event {
        PeerEvent::Gathered { connection, lines } => {
            relay.learn(from_a, super::address(&lines[0]));
            let shown = if from_a { relay.as_first } else { relay.as_second };
            let lines = vec![candidate(shown)];
            Some(PeerEvent::Gathered { connection, lines })
        }
        event => Some(event),
    };
    carried(&mut a, &mut b, through, |a, b| {
        a.open && b.open && a.prints.is_some() && b.prints.is_some()
    })
    .await;
    let ((a_local, a_remote), (b_local, b_remote)) = (a.prints.unwrap(), b.prints.unwrap());
    assert_eq!((a_local, a_remote), (b_remote, b_local), "nobody between");

    a.stack.send(LINE, WRITTEN.to_vec());
    carried(&mut a, &mut b, through, |_, b| b.received.len() == 1).await;
    a.stack.start_sound(LINE, 1);
    b.stack.start_sound(LINE, 2);
    let mut spoken = 0;
    let mut count = b.ear.count.subscribe();
    while *count.borrow_and_update() < 25 {
        a.fanout.send(&frame(spoken, SPOKEN));
        spoken += 1;
        assert!(spoken < 1_500);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let seen: Vec<Vec<u8>> = relay
        .seen
        .iter()
        .flat_map(|seen| seen.lock().unwrap().clone())
        .collect();
    assert!(seen.len() > 25, "everything went through it");
    for packet in &seen {
        for secret in [SPOKEN, WRITTEN] {
            assert!(
                packet
                    .windows(16)
                    .all(|part| secret.windows(16).all(|other| part != other))
            );
        }
    }

    // Everything once more, three times over, and then something new.
    let heard = *b.ear.count.borrow();
    let past = relay.seen[0].lock().unwrap().clone();
    for _ in 0..3 {
        for packet in &past {
            relay.again(packet).await;
        }
    }
    a.stack.send(LINE, b"new".to_vec());
    carried(&mut a, &mut b, through, |_, b| b.received.len() >= 2).await;
    assert_eq!(b.received, [WRITTEN, b"new"]);
    assert_eq!(*b.ear.count.borrow(), heard, "nothing is heard twice");
    a.fanout.send(&frame(spoken, SPOKEN));
    eventually(|| *b.ear.count.borrow() == heard + 1).await;
}

/// Somebody between who answers each in the name of the other, with keys and certificates of its own, but must leave the
/// fingerprints of the two in the descriptions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_answers_with_a_certificate_that_was_not_named_gets_no_connection_in_either_direction() {
    let (facing_a, facing_b) = (ConnectionId([1; 16]), ConnectionId([2; 16]));
    let (mut a, mut b, mut m) = (Side::new(), Side::new(), Side::new());
    let named = |sdp: &str, own: &str| with_line(sdp, "a=fingerprint:", line_of(own, "a=fingerprint:"));

    a.stack.offer(LINE);
    let of_a = described(&mut a).await;
    m.stack.answer(facing_a, of_a.clone());
    let to_a = described(&mut m).await;
    let lines = event(&mut m, |event| match event {
        PeerEvent::Gathered { lines, .. } => Some(lines.clone()),
        _ => None,
    })
    .await;
    m.stack.offer(facing_b);
    let to_b = described(&mut m).await;
    b.stack.answer(LINE, named(&to_b, &of_a));
    let of_b = described(&mut b).await;
    a.stack.take_answer(LINE, named(&to_a, &of_b));
    m.stack.take_answer(facing_b, of_b);
    a.stack.add_candidates(LINE, lines);

    let (mut reached, mut told) = ([true, false], Vec::new());
    let end = tokio::time::Instant::now() + Duration::from_secs(5);
    loop {
        tokio::select! {
            event = a.events.recv() => match event.unwrap() {
                PeerEvent::Gathered { lines, .. } => m.stack.add_candidates(facing_a, lines),
                event => told.push(event),
            },
            event = b.events.recv() => match event.unwrap() {
                PeerEvent::Gathered { lines, .. } => m.stack.add_candidates(facing_b, lines),
                event => told.push(event),
            },
            event = m.events.recv() => match event.unwrap() {
                PeerEvent::Gathered { lines, .. } => {
                    reached[1] = true;
                    b.stack.add_candidates(LINE, lines);
                }
                _ => {
                    // It tries whatever it can as soon as it believes to be connected.
                    for connection in [facing_a, facing_b] {
                        m.stack.send(connection, b"take this".to_vec());
                        m.stack.start_sound(connection, 1);
                    }
                }
            },
            () = tokio::time::sleep(Duration::from_millis(20)) => m.fanout.send(&frame(1, SPOKEN)),
            () = tokio::time::sleep_until(end) => break,
        }
    }
    assert_eq!(reached, [true; 2]);
    for event in &told {
        assert!(
            matches!(
                event,
                PeerEvent::Broken { .. } | PeerEvent::Interrupted { .. } | PeerEvent::Impostor { .. }
            ),
            "{event:?}"
        );
    }
    let said = told.iter().filter(|event| matches!(event, PeerEvent::Impostor { .. }));
    assert_eq!(said.count(), 2, "both are told that somebody else answers: {told:?}");
    assert_eq!(
        (*a.ear.count.borrow(), *b.ear.count.borrow(), *m.ear.count.borrow()),
        (0, 0, 0)
    );
}
