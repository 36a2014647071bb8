//! Calls with other programs, with two voices and two texts, each way.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use crate::{
    here::skipped,
    judge::understood,
    side::{
        Program::{self, Aiortc, Chromium, MediaPeer},
        Side,
    },
    speech,
};

/// What is understood; measured on a quiet machine are 0.96 and more. Other words make 0.42.
const UNDERSTOOD: f64 = 0.85;
/// After the last word, until it must have been heard: codec, jitter buffers, a busy machine.
const TAIL: Duration = Duration::from_millis(1_500);

/// A call of two programs.
fn call(test: &str, offers: Program, answers: Program, channel: &str) {
    for program in [offers, answers] {
        if let Some(reason) = program.missing() {
            return skipped(test, reason);
        }
    }
    let Some(said) = speech::two(test) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (name, said) in ["mic-0.wav", "mic-1.wav"].iter().zip(&said) {
        speech::write(path(name).as_ref(), said);
    }
    let start = |program: Program, i: usize, role: &str| {
        let (mic, speaker) = (path(&format!("mic-{i}.wav")), path(&format!("speaker-{i}.wav")));
        let arguments = [
            "--mic",
            &mic,
            "--speaker",
            &speaker,
            "--bind",
            "127.0.0.1",
            "--channel",
            channel,
            role,
        ];
        Side::start(program, &arguments)
    };
    let mut left = start(offers, 0, "--offer");
    let mut right = start(answers, 1, "--answer");
    left.tells(&right, |line| line);
    right.tells(&left, |line| line);

    for side in [&left, &right] {
        for state in ["connected", "open"] {
            let said = side.waits_for("state", Some(state));
            assert_eq!(said, state, "{} ended", side.name);
        }
    }
    let longest = said.iter().map(Vec::len).max().unwrap();
    let speech_lasts = Duration::from_secs_f64(longest as f64 / f64::from(speech::RATE));
    left.tell(&json!({"say": "grüße aus 東京"}));
    assert_eq!(right.waits_for("heard", None), "grüße aus 東京");
    right.tell(&json!({"say": "and back"}));
    assert_eq!(left.waits_for("heard", None), "and back");
    // They speak in real time.
    thread::sleep(speech_lasts + TAIL);

    for (side, program) in [(left, offers), (right, answers)] {
        let name = side.name.clone();
        let ended = side.end();
        assert!(ended.status.success(), "{name}: {ended:?}");
        let stats = ended.said.iter().find_map(|line| line.get("stats"));
        println!("{test}: {program:?} {}", stats.unwrap_or(&Value::Null));
        // One that is left by the other first knows no more what was spoken.
        if program == Chromium && offers == Chromium {
            let stats = stats.unwrap();
            assert_eq!(
                stats["dtls"], "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
                "{stats}"
            );
            assert_eq!(stats["srtp"], "SRTP_AEAD_AES_256_GCM", "{stats}");
        }
        if program == MediaPeer {
            let stats = stats.unwrap();
            assert!(stats["received"].as_u64() > Some(0), "{stats}");
            assert!(stats["setup_ms"].as_u64().is_some(), "{stats}");
        }
    }
    for (ear, mouth) in [(0, 1), (1, 0)] {
        let (heard, rate) = speech::read(path(&format!("speaker-{ear}.wav")).as_ref());
        assert_eq!(rate, speech::RATE);
        let score = understood(&said[mouth], &heard);
        let own = understood(&said[ear], &heard);
        println!("{test}: side {ear} understood {score:.3} of the other and {own:.3} of itself");
        assert!(score > UNDERSTOOD, "{test}: side {ear} understood {score:.3}");
        assert!(own < 0.6, "{test}: side {ear} heard itself, {own:.3}");
    }
}

#[test]
fn aiortc_calls_us() {
    call("aiortc_calls_us", Aiortc, MediaPeer, "text");
}

#[test]
fn we_call_aiortc() {
    call("we_call_aiortc", MediaPeer, Aiortc, "text");
}

#[test]
fn aiortc_speaks_on_the_channel_of_a_real_call() {
    call(
        "aiortc_speaks_on_the_channel_of_a_real_call",
        MediaPeer,
        Aiortc,
        "pieces",
    );
}

#[test]
fn chromium_calls_us() {
    call("chromium_calls_us", Chromium, MediaPeer, "text");
}

#[test]
fn we_call_chromium() {
    call("we_call_chromium", MediaPeer, Chromium, "text");
}

#[test]
fn chromium_speaks_on_the_channel_of_a_real_call() {
    call(
        "chromium_speaks_on_the_channel_of_a_real_call",
        Chromium,
        MediaPeer,
        "pieces",
    );
}

#[test]
fn two_of_ours_call_each_other() {
    call("two_of_ours_call_each_other", MediaPeer, MediaPeer, "pieces");
}
