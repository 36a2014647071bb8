//! People who talk.

use std::{path::Path, time::Duration};

use orrery_link::{CallPhase, CallView, Command, Event, ParticipantPhase, Route};
use orrery_protocol::{CallId, record::CallOutcome};
use orrery_worker::{MicSource, SoundConfig, SpeakerSink};

use crate::rig::{DEADLINE, Host, Person, befriend, config, with_sound};

const RATE: u32 = 48_000;
/// What is said: a voice-like sound of this pitch.
const PITCH: f32 = 180.0;

/// Syllables: harmonics of a voice under an envelope, so that a gate takes it for speech.
pub(crate) fn speech(path: &Path, seconds: u32) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for i in 0..RATE * seconds {
        let t = i as f32 / RATE as f32;
        let syllable = (std::f32::consts::PI * (t * 4.0).fract()).sin().powf(0.5);
        let voice: f32 = (1..=12)
            .map(|n| (std::f32::consts::TAU * PITCH * n as f32 * t).sin() / n as f32)
            .sum::<f32>()
            * 0.25;
        writer.write_sample((voice * syllable * 20_000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// The share of a recording's energy that stands on the harmonics of the voice.
fn likeness(samples: &[f32]) -> f32 {
    let power = |frequency: f32| {
        let (mut re, mut im) = (0.0, 0.0);
        for (i, sample) in samples.iter().enumerate() {
            let angle = std::f32::consts::TAU * frequency * i as f32 / RATE as f32;
            re += sample * angle.cos();
            im += sample * angle.sin();
        }
        re * re + im * im
    };
    let on: f32 = (1..=6).map(|n| power(PITCH * n as f32)).sum();
    let off: f32 = (1..=6).map(|n| power(PITCH * (n as f32 + 0.5))).sum();
    on / (on + off).max(f32::MIN_POSITIVE)
}

async fn call(person: &mut Person, what: &str, holds: impl Fn(&CallView) -> bool) -> CallId {
    person
        .wait(what, |event| match event {
            Event::CallChanged { call } if holds(call) => Some(call.call),
            _ => None,
        })
        .await
}

fn all_connected(call: &CallView) -> bool {
    call.phase == CallPhase::Active
        && call
            .participants
            .iter()
            .all(|other| other.phase == ParticipantPhase::Connected)
}

/// The first rings, the second picks up, and they are connected.
pub(crate) async fn answered(from: &mut Person, to: &mut Person) -> CallId {
    from.ask(Command::StartCall { peer: to.id() }).await.unwrap();
    let id = picked_up(to).await;
    call(from, "the connection", |call| call.call == id && all_connected(call)).await;
    call(to, "the connection", |call| call.call == id && all_connected(call)).await;
    id
}

/// Waits for a ring and picks up.
pub(crate) async fn picked_up(person: &mut Person) -> CallId {
    let id = call(person, "the ring", |call| call.phase == CallPhase::Incoming).await;
    person.ask(Command::AcceptCall { call: id }).await.unwrap();
    id
}

/// Waits until so many others are connected.
pub(crate) async fn connected_with(person: &mut Person, others: usize) {
    call(person, "everybody", |call| {
        call.participants.len() == others && all_connected(call)
    })
    .await;
}

async fn ended(person: &mut Person) -> CallOutcome {
    person
        .wait("the end of the call", |event| match event {
            Event::CallEnded { outcome, .. } => Some(*outcome),
            _ => None,
        })
        .await
}

/// Looks at somebody's gauges, as a window does, until they show something.
pub(crate) async fn gauges(person: &Person, what: &str, shows: impl Fn(&orrery_link::Gauges) -> bool) {
    let mut frame = tokio::time::interval(Duration::from_millis(20));
    let looking = async {
        while !shows(&person.app.gauges()) {
            frame.tick().await;
        }
    };
    let seen = tokio::time::timeout(DEADLINE, looking).await;
    assert!(
        seen.is_ok(),
        "{} never saw {what}: {:?}",
        person.name,
        person.app.gauges()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_speaks_and_the_other_hears_and_sees_it() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (mic, heard) = (folder.path().join("mic.wav"), folder.path().join("heard.wav"));
    speech(&mic, 30);
    let speaking = SoundConfig::Files {
        mic: MicSource::Wav {
            path: mic,
            repeat: true,
        },
        speaker: SpeakerSink::Null,
    };
    let listening = SoundConfig::Files {
        mic: MicSource::Silence,
        speaker: SpeakerSink::Wav(heard.clone()),
    };
    let at = |name: &str| config(&folder.path().join(name), &host.url);
    let mut ada = Person::create_with("Ada", with_sound(at("ada"), speaking)).await;
    let mut bob = Person::create_with("Bob", with_sound(at("bob"), listening)).await;
    befriend(&mut ada, &mut bob).await;

    ada.ask(Command::StartCall { peer: bob.id() }).await.unwrap();
    let id = call(&mut bob, "the ring", |call| call.phase == CallPhase::Incoming).await;
    bob.ask(Command::AcceptCall { call: id }).await.unwrap();
    call(&mut ada, "the connection", all_connected).await;
    call(&mut bob, "the connection", all_connected).await;

    let voice = ada.id();
    gauges(&bob, "Ada speaking", |gauges| {
        gauges
            .speakers
            .iter()
            .any(|other| other.peer == voice && other.speaking && other.level > 0.2)
    })
    .await;
    gauges(&ada, "her own voice", |gauges| {
        gauges.own_speaking && gauges.own_level > 0.2
    })
    .await;
    gauges(&ada, "Bob silent, and how far he is", |gauges| {
        gauges.speakers.iter().any(|other| !other.speaking && other.rtt_ms > 0)
    })
    .await;
    gauges(&ada, "that nobody is between them", |gauges| {
        gauges.speakers.iter().any(|other| other.route == Route::Local)
    })
    .await;

    ada.ask(Command::SetMuted { muted: true }).await.unwrap();
    call(&mut bob, "Ada muted", |call| {
        call.participants.iter().any(|other| other.muted)
    })
    .await;
    gauges(&bob, "silence", |gauges| {
        gauges.speakers.iter().all(|other| !other.speaking)
    })
    .await;
    ada.ask(Command::SetMuted { muted: false }).await.unwrap();
    gauges(&bob, "Ada again", |gauges| {
        gauges.speakers.iter().any(|other| other.speaking)
    })
    .await;

    bob.ask(Command::LeaveCall { call: id }).await.unwrap();
    assert_eq!(ended(&mut ada).await, CallOutcome::Answered);
    assert_eq!(ended(&mut bob).await, CallOutcome::Answered);
    gauges(&bob, "rest", |gauges| gauges.speakers.is_empty()).await;
    ada.leave().await;
    bob.leave().await;

    let samples: Vec<f32> = hound::WavReader::open(&heard)
        .unwrap()
        .samples::<i16>()
        .map(|sample| f32::from(sample.unwrap()) / 32_768.0)
        .collect();
    let loudest = samples
        .chunks(RATE as usize / 2)
        .max_by(|a, b| energy(a).total_cmp(&energy(b)))
        .expect("something was heard");
    assert!(
        energy(loudest) / loudest.len() as f32 > 1e-4,
        "it was loud enough to be heard"
    );
    assert!(likeness(loudest) > 0.9, "it was the voice: {}", likeness(loudest));
}

fn energy(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_declined_cancelled_or_busy_and_both_see_which() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut ada = Person::create("Ada", &folder.path().join("ada"), &host.url).await;
    let mut bob = Person::create("Bob", &folder.path().join("bob"), &host.url).await;
    befriend(&mut ada, &mut bob).await;

    ada.ask(Command::StartCall { peer: bob.id() }).await.unwrap();
    let id = call(&mut bob, "the ring", |call| call.phase == CallPhase::Incoming).await;
    bob.ask(Command::DeclineCall { call: id }).await.unwrap();
    assert_eq!(ended(&mut ada).await, CallOutcome::Declined);

    ada.ask(Command::StartCall { peer: bob.id() }).await.unwrap();
    let id = call(&mut ada, "the call", |call| call.phase == CallPhase::Outgoing).await;
    call(&mut bob, "the second ring", |call| {
        call.phase == CallPhase::Incoming && call.call == id
    })
    .await;
    ada.ask(Command::LeaveCall { call: id }).await.unwrap();
    bob.wait("the end of the second call", |event| match event {
        Event::CallEnded {
            call,
            outcome: CallOutcome::Missed,
            ..
        } if *call == id => Some(()),
        _ => None,
    })
    .await;
    ada.leave().await;
    bob.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_people_who_do_not_all_know_each_other_talk() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut ada = Person::create("Ada", &folder.path().join("ada"), &host.url).await;
    let mut bob = Person::create("Bob", &folder.path().join("bob"), &host.url).await;
    let mut cleo = Person::create("Cleo", &folder.path().join("cleo"), &host.url).await;
    befriend(&mut ada, &mut bob).await;
    befriend(&mut ada, &mut cleo).await;
    ada.ask(Command::StartCall { peer: bob.id() }).await.unwrap();
    let id = call(&mut bob, "the ring", |call| call.phase == CallPhase::Incoming).await;
    bob.ask(Command::AcceptCall { call: id }).await.unwrap();
    call(&mut ada, "Bob", all_connected).await;
    ada.ask(Command::AddToCall {
        call: id,
        peer: cleo.id(),
    })
    .await
    .unwrap();
    call(&mut cleo, "the ring", |call| call.phase == CallPhase::Incoming).await;
    cleo.ask(Command::AcceptCall { call: id }).await.unwrap();
    let three = |call: &CallView| call.participants.len() == 2 && all_connected(call);
    for person in [&mut ada, &mut bob, &mut cleo] {
        call(person, "everybody", three).await;
    }
    // The call outlives whoever began it.
    ada.ask(Command::LeaveCall { call: id }).await.unwrap();
    call(&mut bob, "Ada gone", |call| {
        call.participants.len() == 1 && all_connected(call)
    })
    .await;
    call(&mut cleo, "Ada gone", |call| {
        call.participants.len() == 1 && all_connected(call)
    })
    .await;
    for person in [ada, bob, cleo] {
        person.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_echo_says_back_what_it_hears() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mic = folder.path().join("mic.wav");
    speech(&mic, 30);
    let speaking = SoundConfig::Files {
        mic: MicSource::Wav {
            path: mic,
            repeat: true,
        },
        speaker: SpeakerSink::Null,
    };
    let at = |name: &str| config(&folder.path().join(name), &host.url);
    let mut ada = Person::create_with("Ada", with_sound(at("ada"), speaking)).await;
    let mut echo = Person::create_with("Echo", with_sound(at("echo"), SoundConfig::Echo { delay_ms: 200 })).await;
    befriend(&mut ada, &mut echo).await;
    ada.ask(Command::StartCall { peer: echo.id() }).await.unwrap();
    let id = call(&mut echo, "the ring", |call| call.phase == CallPhase::Incoming).await;
    echo.ask(Command::AcceptCall { call: id }).await.unwrap();
    call(&mut ada, "the connection", all_connected).await;
    let mirror = echo.id();
    gauges(&ada, "her own voice coming back", |gauges| {
        gauges
            .speakers
            .iter()
            .any(|other| other.peer == mirror && other.speaking)
    })
    .await;
    ada.leave().await;
    echo.leave().await;
}
