//! Certificates and fingerprints, over real DTLS.

use std::time::Duration;

use super::{
    knock::{Knock, Shown},
    *,
};

/// DTLS came up as far as anybody outside is told.
fn secured(events: &[PeerEvent]) -> bool {
    events.iter().any(|event| {
        matches!(
            event,
            PeerEvent::Secured { .. } | PeerEvent::Open { .. } | PeerEvent::Received { .. }
        )
    })
}

async fn tried(shown: Shown, edit: impl FnOnce(String) -> String) -> (Knock, Vec<PeerEvent>) {
    let mut side = Side::new();
    let mut knock = Knock::at(&mut side, shown, edit).await;
    let mut told = Vec::new();
    let end = tokio::time::Instant::now() + Duration::from_secs(3);
    loop {
        tokio::select! {
            () = knock.step(Duration::from_millis(10)) => {}
            event = side.events.recv() => told.push(event.unwrap()),
            () = tokio::time::sleep_until(end) => break,
        }
    }
    (knock, told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_with_another_certificate_than_named_or_with_none_gets_no_connection() {
    // That the right one gets in says that the others are not kept out by something else.
    let (knock, told) = tried(Shown::Right, |answer| answer).await;
    assert!(knock.up && secured(&told));
    for shown in [Shown::Other, Shown::Nothing] {
        let (knock, told) = tried(shown, |answer| answer).await;
        assert!(knock.packets > 0, "it was reached");
        assert!(!secured(&told), "{told:?}");
        assert!(!knock.up);
        let said = told.iter().any(|event| matches!(event, PeerEvent::Impostor { .. }));
        assert_eq!(said, shown == Shown::Other, "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fingerprint_counts_in_either_case() {
    for edit in [str::to_owned as fn(&str) -> String, in_lower_case] {
        let (knock, told) = tried(Shown::Right, |answer| edit(&answer)).await;
        assert!(knock.up && secured(&told));
    }
}

fn in_lower_case(sdp: &str) -> String {
    let line = line_of(sdp, "a=fingerprint:").to_lowercase();
    with_line(sdp, "a=fingerprint:", &line)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sha_1_no_fingerprint_or_several_are_refused_before_a_packet_leaves() {
    let sha_1 = format!("a=fingerprint:sha-1 {}", ["AB"; 20].join(":"));
    type Edit<'a> = &'a dyn Fn(&str, &str) -> String;
    let edits: [Edit<'_>; 4] = [
        &|sdp, _| with_line(sdp, "a=fingerprint:", &sha_1),
        &|sdp, _| with_line(sdp, "a=fingerprint:", "a=x-nothing"),
        &|sdp, right| with_line(sdp, "a=fingerprint:", &format!("{right}\r\n{}", other(right))),
        &|sdp, right| with_line(sdp, "a=fingerprint:", &format!("{}\r\n{right}", other(right))),
    ];
    for edit in edits {
        let (knock, told) = tried(Shown::Right, |answer| {
            let right = line_of(&answer, "a=fingerprint:").to_owned();
            edit(&answer, &right)
        })
        .await;
        assert_eq!(knock.packets, 0);
        assert!(matches!(told.last(), Some(PeerEvent::Broken { .. })), "{told:?}");
    }
}

/// A fingerprint line that differs in the last byte.
fn other(line: &str) -> String {
    let (rest, last) = line.rsplit_once(':').unwrap();
    format!("{rest}:{:02X}", u8::from_str_radix(last, 16).unwrap() ^ 1)
}
