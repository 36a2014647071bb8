//! What a person decides about their own microphone and about the others' loudness.

use std::{path::Path, time::Duration};

use orrery_link::{Command, ContactView, Event, Gauges, Settings, TransmitMode};
use orrery_protocol::CallId;
use orrery_worker::{MicSource, SoundConfig, SpeakerSink};

use crate::{
    calls::{answered, gauges, speech},
    rig::{Host, Person, befriend, config, friends, with_sound},
};

/// Syllables as in [`speech`], but of uneven lengths and with uneven pauses, as people talk: a rhythm to be known again by.
fn rhythm(path: &Path, seconds: u32) {
    let even = path.with_extension("even.wav");
    speech(&even, seconds);
    let mut reader = hound::WavReader::open(&even).unwrap();
    let mut writer = hound::WavWriter::create(path, reader.spec()).unwrap();
    let (mut on, mut left, mut drawn) = (true, 0u32, 1u32);
    for sample in reader.samples::<i16>() {
        if left == 0 {
            on = !on;
            // Numerical Recipes' generator: any uneven one does.
            drawn = drawn.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            left = (80 + (drawn >> 16) % 200) * 48;
        }
        left -= 1;
        writer.write_sample(if on { sample.unwrap() } else { 0 }).unwrap();
    }
    writer.finalize().unwrap();
}

/// Ada, who says the same all the time, and Bob, whose speaker writes to a file.
async fn speaker_and_listener(host: &Host, folder: &Path, heard: &Path, say: fn(&Path, u32)) -> (Person, Person) {
    let mic = folder.join("mic.wav");
    say(&mic, 30);
    let speaking = SoundConfig::Files {
        mic: MicSource::Wav {
            path: mic,
            repeat: true,
        },
        speaker: SpeakerSink::Null,
    };
    let listening = SoundConfig::Files {
        mic: MicSource::Silence,
        speaker: SpeakerSink::Wav(heard.to_owned()),
    };
    let at = |name: &str| config(&folder.join(name), &host.url);
    let mut ada = Person::create_with("Ada", with_sound(at("ada"), speaking)).await;
    let mut bob = Person::create_with("Bob", with_sound(at("bob"), listening)).await;
    befriend(&mut ada, &mut bob).await;
    (ada, bob)
}

async fn settings(person: &mut Person, settings: Settings) {
    person.ask(Command::SetSettings { settings }).await.unwrap();
}

async fn key(person: &mut Person, held: bool) {
    person.ask(Command::HoldTalkKey { held }).await.unwrap();
}

fn seen(gauges: &Gauges) -> bool {
    gauges.speakers.iter().any(|other| other.speaking)
}

fn dark(gauges: &Gauges) -> bool {
    !gauges.speakers.is_empty() && !seen(gauges)
}

/// RMS of what was written to the file between now and in a second.
async fn next_second(heard: &Path) -> f32 {
    let length = || hound::WavReader::open(heard).unwrap().duration() as usize;
    // What was decided before is in the file by then.
    tokio::time::sleep(Duration::from_millis(400)).await;
    let from = length();
    while length() < from + 48_000 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let samples: Vec<f32> = hound::WavReader::open(heard)
        .unwrap()
        .samples::<i16>()
        .skip(from)
        .take(48_000)
        .map(|sample| f32::from(sample.unwrap()) / 32_768.0)
        .collect();
    (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).sqrt()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_talk_key_talks_or_mutes_and_goes_up_with_the_call() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (mut ada, mut bob) = speaker_and_listener(&host, folder.path(), &folder.path().join("heard.wav"), speech).await;
    let with = |transmit| Settings {
        transmit,
        ..Settings::default()
    };
    settings(&mut ada, with(TransmitMode::PushToTalk)).await;
    // Pressed before there is a call it counts for nothing.
    key(&mut ada, true).await;
    let id: CallId = answered(&mut ada, &mut bob).await;
    gauges(&bob, "Ada, silent", dark).await;
    gauges(&ada, "her own level, for the microphone stays open", |gauges| {
        gauges.own_level > 0.2 && !gauges.own_speaking && gauges.own_gate == 0.0
    })
    .await;
    assert!(dark(&bob.app.gauges()));
    key(&mut ada, true).await;
    gauges(&bob, "Ada speaking", seen).await;
    key(&mut ada, false).await;
    gauges(&bob, "Ada silent again", dark).await;

    settings(&mut ada, with(TransmitMode::PushToMute)).await;
    gauges(&bob, "Ada speaking without a key", seen).await;
    key(&mut ada, true).await;
    gauges(&bob, "Ada muted by her key", dark).await;
    // The key goes up with the call, though nobody said so.
    ada.ask(Command::LeaveCall { call: id }).await.unwrap();
    gauges(&bob, "rest", |gauges| gauges.speakers.is_empty()).await;
    answered(&mut ada, &mut bob).await;
    gauges(&bob, "Ada speaking in the next call", seen).await;

    let settings = Settings {
        gate_threshold_db: Some(0.0),
        ..Settings::default()
    };
    ada.ask(Command::SetSettings { settings }).await.unwrap();
    gauges(&bob, "nothing, for no voice is that loud", dark).await;
    gauges(&ada, "her gate at the top", |gauges| gauges.own_gate == 1.0).await;
    let settings = Settings {
        gate_threshold_db: Some(-50.0),
        ..Settings::default()
    };
    ada.ask(Command::SetSettings { settings }).await.unwrap();
    gauges(&bob, "Ada again", seen).await;
    ada.leave().await;
    bob.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_loud_somebody_is_heard_counts_at_once_and_in_the_next_call_and_is_kept() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("heard.wav");
    let (mut ada, mut bob) = speaker_and_listener(&host, folder.path(), &heard, speech).await;
    let always = Settings {
        transmit: TransmitMode::Continuous,
        ..Settings::default()
    };
    settings(&mut ada, always).await;
    let id = answered(&mut ada, &mut bob).await;
    gauges(&bob, "Ada speaking", seen).await;
    let peer = ada.id();
    let full = next_second(&heard).await;
    bob.ask(Command::SetPeerVolume { peer, percent: 50 }).await.unwrap();
    let half = next_second(&heard).await;
    bob.ask(Command::SilencePeer { peer, silenced: true }).await.unwrap();
    let none = next_second(&heard).await;
    assert!(seen(&bob.app.gauges()), "who is not heard is still seen");
    assert!(
        full > 0.01 && (half / full - 0.5).abs() < 0.1 && none < 1e-4,
        "{full}, {half}, {none}"
    );

    ada.ask(Command::LeaveCall { call: id }).await.unwrap();
    gauges(&bob, "rest", |gauges| gauges.speakers.is_empty()).await;
    answered(&mut ada, &mut bob).await;
    gauges(&bob, "Ada in the next call", seen).await;
    let still = next_second(&heard).await;
    bob.ask(Command::SilencePeer { peer, silenced: false }).await.unwrap();
    let again = next_second(&heard).await;
    assert!(still < 1e-4 && (again / full - 0.5).abs() < 0.1, "{still}, {again}");
    bob.ask(Command::SetPeerVolume { peer, percent: 999 }).await.unwrap();
    let known = told(&bob, &ada);
    assert_eq!((known.volume, known.silenced), (200, false));
    ada.leave().await;
    bob.leave().await;
}

/// What was last told of somebody.
fn told(person: &Person, other: &Person) -> ContactView {
    let peer = other.id();
    let last = person.log().iter().rev().find_map(|event| match event {
        Event::ContactChanged { contact } if contact.peer == peer => Some(contact.clone()),
        _ => None,
    });
    last.expect("told")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_of_a_call_has_a_volume_too() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (mut ada, mut bob) = friends(&host, folder.path()).await;
    let mut cleo = Person::create("Cleo", &folder.path().join("cleo"), &host.url).await;
    befriend(&mut ada, &mut cleo).await;
    let id = answered(&mut ada, &mut bob).await;
    let peer = cleo.id();
    assert!(bob.ask(Command::SetPeerVolume { peer, percent: 30 }).await.is_err());
    ada.ask(Command::AddToCall { call: id, peer }).await.unwrap();
    crate::calls::picked_up(&mut cleo).await;
    for person in [&mut bob, &mut cleo] {
        crate::calls::connected_with(person, 2).await;
    }
    bob.ask(Command::SetPeerVolume { peer, percent: 30 }).await.unwrap();
    bob.ask(Command::SilencePeer { peer, silenced: true }).await.unwrap();
    let known = told(&bob, &cleo);
    assert_eq!((known.volume, known.silenced), (30, true));
    for person in [ada, bob, cleo] {
        person.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sends_our_voice_back_is_blamed_and_whoever_listens_is_not() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (mut ada, mut bob) = speaker_and_listener(&host, folder.path(), &folder.path().join("heard.wav"), rhythm).await;
    let echo = SoundConfig::Echo { delay_ms: 250 };
    let at = config(&folder.path().join("echo"), &host.url);
    let mut mirror = Person::create_with("Echo", with_sound(at, echo)).await;
    befriend(&mut ada, &mut mirror).await;
    let id = answered(&mut ada, &mut bob).await;
    let peer = mirror.id();
    ada.ask(Command::AddToCall { call: id, peer }).await.unwrap();
    crate::calls::picked_up(&mut mirror).await;
    gauges(&ada, "the echo", |gauges| {
        gauges
            .speakers
            .iter()
            .any(|other| other.peer == peer && other.echo > 0.7)
    })
    .await;
    let bob_is = bob.id();
    let others = ada.app.gauges();
    let innocent = others.speakers.iter().find(|other| other.peer == bob_is).unwrap();
    assert!(innocent.echo < 0.1, "{innocent:?}");
    for person in [ada, bob, mirror] {
        person.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_hears_oneself_in_the_test_and_nobody_else_does() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (mic, heard) = (folder.path().join("mic.wav"), folder.path().join("heard.wav"));
    speech(&mic, 30);
    let sound = SoundConfig::ProcessedFiles {
        mic: MicSource::Wav {
            path: mic,
            repeat: true,
        },
        speaker: SpeakerSink::Wav(heard.clone()),
    };
    let at = config(&folder.path().join("ada"), &host.url);
    let mut ada = Person::create_with("Ada", with_sound(at, sound)).await;
    // What repeats four times a second is its own echo, which the canceller would take out.
    let settings = Settings {
        echo_cancellation: false,
        ..Settings::default()
    };
    ada.ask(Command::SetSettings { settings }).await.unwrap();
    let test = |on, hear| Command::TestMicrophone { on, hear };
    ada.ask(test(true, true)).await.unwrap();
    gauges(&ada, "her own level", |gauges| {
        gauges.own_level > 0.2 && gauges.own_gate > 0.0
    })
    .await;
    assert!(next_second(&heard).await > 0.01);
    assert!(ada.app.gauges().speakers.is_empty(), "nobody else is there");
    ada.ask(test(false, false)).await.unwrap();
    gauges(&ada, "rest", |gauges| gauges.own_level == 0.0).await;
    ada.leave().await;
}
