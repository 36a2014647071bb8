//! From "accept" to sound both ways, between two whole workers and a server on this machine.
//!
//! `./dev bench setup`. Every figure is the time from the accept command to what it says, seen by whoever is later of the
//! two: bound (the certificates are proved and sound may flow) and heard (the other's sound is being played). A cold call
//! makes its connection anew, a warm one finds the last call's. ORRERY_CALLS says how many calls of each kind. The
//! figures go to the terminal and to `setup.json` in `OUT`.

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

use orrery_link::{CallPhase, CallView, Command, DirectPolicy, Event, ParticipantPhase, Settings, TransmitMode};
use orrery_protocol::CallId;
use orrery_worker::{MicSource, SoundConfig, SpeakerSink};
use rig::{DEADLINE, Host, Person, befriend, config, with_sound};

#[allow(dead_code, reason = "the tests' people, of which a bench needs a part")]
#[path = "../tests/it/rig.rs"]
mod rig;

/// What a call should take from accept to sound.
const GOAL_MS: f64 = 150.0;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("skipped: figures are measured by cargo bench");
        return;
    }
    let calls = std::env::var("ORRERY_CALLS").map_or(20, |text| text.parse().expect("a number"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let rows = runtime.block_on(measure(calls));
    if let Some(out) = std::env::var_os("OUT") {
        let file = Path::new(&out).join("setup.json");
        std::fs::write(&file, serde_json::to_vec_pretty(&rows).unwrap()).unwrap();
        println!("written to {}", file.display());
    }
}

async fn measure(calls: usize) -> serde_json::Map<String, serde_json::Value> {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mic = folder.path().join("mic.wav");
    tone(&mic);
    let sound = || SoundConfig::Files {
        mic: MicSource::Wav {
            path: mic.clone(),
            repeat: true,
        },
        speaker: SpeakerSink::Null,
    };
    let at = |name: &str| with_sound(config(&folder.path().join(name), &host.url), sound());
    let mut ada = Person::create_with("Ada", at("ada")).await;
    let mut bob = Person::create_with("Bob", at("bob")).await;
    befriend(&mut ada, &mut bob).await;
    let mut rows = serde_json::Map::new();
    for (kind, direct) in [("cold", DirectPolicy::Calls), ("warm", DirectPolicy::Conversations)] {
        for person in [&mut ada, &mut bob] {
            let settings = Settings {
                direct,
                transmit: TransmitMode::Continuous,
                ..Settings::default()
            };
            person.ask(Command::SetSettings { settings }).await.unwrap();
        }
        let (mut bound, mut heard) = (Vec::new(), Vec::new());
        // The first is not counted: sessions and sockets are made once.
        for round in 0..=calls {
            // Either of the two offers, whoever calls.
            let (caller, callee) = if round % 2 == 0 {
                (&mut ada, &mut bob)
            } else {
                (&mut bob, &mut ada)
            };
            let took = call_once(caller, callee).await;
            if round > 0 {
                bound.push(took.0);
                heard.push(took.1);
            }
        }
        for (what, times) in [("bound", &mut bound), ("heard", &mut heard)] {
            times.sort_unstable();
            let ms = |at: usize| times[at.min(times.len() - 1)].as_secs_f64() * 1e3;
            let (p50, p95, most) = (ms(times.len() / 2), ms(times.len() * 95 / 100), ms(times.len() - 1));
            println!(
                "{kind} {what:8} p50 {p50:>7.1} ms   p95 {p95:>7.1} ms   most {most:>7.1} ms   (goal {GOAL_MS} ms)"
            );
            rows.insert(
                format!("{kind}_{what}"),
                serde_json::json!({"p50_ms": p50, "p95_ms": p95, "most_ms": most, "goal_ms": GOAL_MS, "calls": calls}),
            );
        }
    }
    ada.leave().await;
    bob.leave().await;
    rows
}

async fn call_once(caller: &mut Person, callee: &mut Person) -> (Duration, Duration) {
    caller.forget();
    callee.forget();
    caller.ask(Command::StartCall { peer: callee.id() }).await.unwrap();
    let call = phase(callee, |call| call.phase == CallPhase::Incoming).await;
    let (began, callee_id) = (Instant::now(), callee.id());
    callee.ask(Command::AcceptCall { call }).await.unwrap();
    let joined = |call: &CallView| {
        call.phase == CallPhase::Active
            && call
                .participants
                .iter()
                .all(|other| other.phase == ParticipantPhase::Connected)
    };
    let bound = tokio::join!(phase_at(caller, began, joined), phase_at(callee, began, joined));
    let caller_id = caller.id();
    let heard = tokio::join!(hears(caller, callee_id, began), hears(callee, caller_id, began));
    callee.ask(Command::LeaveCall { call }).await.unwrap();
    for person in [caller, callee] {
        person
            .wait("the end", |event| {
                matches!(event, Event::CallEnded { .. }).then_some(())
            })
            .await;
        quiet(person).await;
    }
    (bound.0.max(bound.1), heard.0.max(heard.1))
}

async fn phase(person: &mut Person, holds: impl Fn(&CallView) -> bool) -> CallId {
    person
        .wait("a call", |event| match event {
            Event::CallChanged { call } if holds(call) => Some(call.call),
            _ => None,
        })
        .await
}

async fn phase_at(person: &mut Person, began: Instant, holds: impl Fn(&CallView) -> bool) -> Duration {
    phase(person, holds).await;
    began.elapsed()
}

/// When somebody's sound is played, by gauges that are published every 20 ms.
async fn hears(person: &Person, other: orrery_protocol::PeerId, began: Instant) -> Duration {
    let looking = async {
        while !person
            .app
            .gauges()
            .speakers
            .iter()
            .any(|speaker| speaker.peer == other && speaker.level > 0.0)
        {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(DEADLINE, looking).await.expect("sound");
    began.elapsed()
}

async fn quiet(person: &Person) {
    while !person.app.gauges().speakers.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Ten seconds of a loud tone.
fn tone(path: &Path) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for i in 0..480_000 {
        let sample = (std::f32::consts::TAU * 220.0 * i as f32 / 48_000.0).sin() * 12_000.0;
        writer.write_sample(sample as i16).unwrap();
    }
    writer.finalize().unwrap();
}
