//! Calls between real clients, with files for microphones and speakers.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use orrery_tests::Peer;
use serde_json::{Value, json};

use crate::bed::Bed;

/// Half a minute of something like a voice, two seconds and a pause of one after the other: syllables of a buzzing tone, 48 kHz. It
/// is spoken once, and is far longer than anybody listens.
pub(crate) fn voice(folder: &Path, name: &str, pitch: f32) -> PathBuf {
    let path = folder.join(name);
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    for n in 0..48_000 * 30 {
        let t = n as f32 / 48_000.0;
        let pause = t % 3.0 >= 2.0;
        let syllable = if pause {
            0.0
        } else {
            (t * 4.0 * std::f32::consts::PI).sin().max(0.0)
        };
        let tone: f32 = (1..12)
            .map(|k| (t * pitch * k as f32 * std::f32::consts::TAU).sin() / k as f32)
            .sum();
        writer.write_sample((tone * syllable * 9000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
    path
}

/// Root mean square of what a speaker file holds.
pub(crate) fn loudness(path: &Path) -> f64 {
    let mut reader = hound::WavReader::open(path).unwrap();
    let samples: Vec<f64> = reader
        .samples::<i16>()
        .map(|sample| f64::from(sample.unwrap()) / 32768.0)
        .collect();
    (samples.iter().map(|s| s * s).sum::<f64>() / samples.len().max(1) as f64).sqrt()
}

pub(crate) fn call_phase(event: &Value, phase: &str) -> Option<String> {
    (event["type"] == "call_changed" && event["call"]["phase"] == phase)
        .then(|| event["call"]["call"].as_str().unwrap().to_owned())
}

pub(crate) fn ring(caller: &mut Peer, callee: &mut Peer) -> String {
    let id = callee.id();
    caller.tell(json!({ "type": "start_call", "peer": id }));
    callee.wait("the ring", |event| call_phase(event, "incoming"))
}

pub(crate) fn connected(peer: &mut Peer, call: &str, others: usize) {
    peer.wait("everybody connected", |event| {
        let view = &event["call"];
        let all = view["participants"]
            .as_array()
            .is_some_and(|all| all.len() == others && all.iter().all(|one| one["phase"] == "connected"));
        (event["type"] == "call_changed" && view["call"] == call && all).then_some(())
    });
}

pub(crate) fn outcome(peer: &mut Peer, call: &str) -> String {
    peer.seen_or_wait("the end of the call", |event| {
        (event["type"] == "call_ended" && event["call"] == call).then(|| event["outcome"].as_str().unwrap().to_owned())
    })
}

#[test]
fn a_call_carries_voices_both_ways_and_says_who_speaks() {
    let bed = Bed::new();
    let (a_mic, b_mic) = (
        voice(bed.folder.path(), "a.wav", 120.0),
        voice(bed.folder.path(), "b.wav", 190.0),
    );
    let (a_out, b_out) = (
        bed.folder.path().join("a-heard.wav"),
        bed.folder.path().join("b-heard.wav"),
    );
    let path = |p: &PathBuf| p.to_str().unwrap().to_owned();
    let mut ariel = bed.peer_with(
        "ariel",
        &["--mic", &path(&a_mic), "--speaker", &path(&a_out), "--gauges", "50"],
    );
    let mut rhea = bed.peer_with(
        "rhea",
        &["--mic", &path(&b_mic), "--speaker", &path(&b_out), "--gauges", "50"],
    );
    ariel.befriend(&mut rhea);
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let call = ring(&mut ariel, &mut rhea);
    rhea.tell(json!({ "type": "accept_call", "call": call }));
    connected(&mut ariel, &call, 1);
    let speaks = |peer: &mut Peer, other: &str| {
        peer.wait("a voice", |event| {
            let speakers = event["speakers"].as_array()?;
            let gauge = speakers.iter().find(|gauge| gauge["peer"] == other)?;
            (gauge["speaking"] == true && gauge["level"].as_f64().unwrap() > 0.2).then_some(())
        });
        peer.wait("a pause", |event| {
            let speakers = event["speakers"].as_array()?;
            let gauge = speakers.iter().find(|gauge| gauge["peer"] == other)?;
            (gauge["speaking"] == false).then_some(())
        });
    };
    speaks(&mut ariel, &rhea_id);
    speaks(&mut rhea, &ariel_id);
    rhea.tell(json!({ "type": "leave_call", "call": call }));
    assert_eq!(outcome(&mut ariel, &call), "answered");
    assert_eq!(outcome(&mut rhea, &call), "answered");
    ariel.stop();
    rhea.stop();
    for heard in [&a_out, &b_out] {
        assert!(loudness(heard) > 0.01, "{} is silent", heard.display());
    }
}

#[test]
fn a_call_that_is_declined_cancelled_or_busy_says_so_on_both_sides() {
    let bed = Bed::new();
    let (mut ariel, mut rhea) = bed.pair();
    let call = ring(&mut ariel, &mut rhea);
    rhea.tell(json!({ "type": "decline_call", "call": call }));
    assert_eq!(outcome(&mut ariel, &call), "declined");
    assert_eq!(outcome(&mut rhea, &call), "declined");

    let call = ring(&mut ariel, &mut rhea);
    ariel.tell(json!({ "type": "leave_call", "call": call }));
    assert_eq!(outcome(&mut ariel, &call), "cancelled");
    assert_eq!(outcome(&mut rhea, &call), "missed");

    let mut dione = bed.peer("dione");
    dione.befriend(&mut rhea);
    let call = ring(&mut ariel, &mut rhea);
    rhea.tell(json!({ "type": "accept_call", "call": call }));
    connected(&mut ariel, &call, 1);
    let rhea_id = rhea.id();
    dione.tell(json!({ "type": "start_call", "peer": rhea_id }));
    let ended = dione.wait("busy", |event| {
        (event["type"] == "call_ended").then(|| event["outcome"].clone())
    });
    assert_eq!(ended, "busy");
}

#[test]
fn two_calls_that_cross_become_one() {
    let bed = Bed::new();
    let (mut ariel, mut rhea) = bed.pair();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    ariel.send(json!({ "type": "start_call", "peer": rhea_id }));
    rhea.send(json!({ "type": "start_call", "peer": ariel_id }));
    // Sent at the same moment they usually cross; where one ring is faster than the other's command, it is answered.
    let mut ids = Vec::new();
    for peer in [&mut ariel, &mut rhea] {
        let id = peer.wait("an active or incoming call", |event| {
            call_phase(event, "active")
                .map(|id| (id, false))
                .or_else(|| call_phase(event, "incoming").map(|id| (id, true)))
        });
        if id.1 {
            peer.send(json!({ "type": "accept_call", "call": id.0 }));
        }
        ids.push(id.0);
    }
    assert_eq!(ids[0], ids[1]);
    connected(&mut ariel, &ids[0], 1);
}

#[test]
fn a_third_and_a_fourth_join_and_the_call_outlives_who_began_it() {
    let bed = Bed::new();
    let (mut ariel, mut rhea) = bed.pair();
    let (mut callisto, mut dione) = (bed.peer("callisto"), bed.peer("dione"));
    ariel.befriend(&mut callisto);
    rhea.befriend(&mut dione);
    let call = ring(&mut ariel, &mut rhea);
    rhea.tell(json!({ "type": "accept_call", "call": call }));
    connected(&mut ariel, &call, 1);
    for (inviter, guest, others) in [(&mut ariel, &mut callisto, 2), (&mut rhea, &mut dione, 3)] {
        let id = guest.id();
        inviter.tell(json!({ "type": "add_to_call", "call": call, "peer": id }));
        let rung = guest.wait("the ring", |event| call_phase(event, "incoming"));
        assert_eq!(rung, call);
        guest.tell(json!({ "type": "accept_call", "call": call }));
        connected(guest, &call, others);
    }
    ariel.tell(json!({ "type": "leave_call", "call": call }));
    // Rhea, Callisto and Dione stay; Callisto and Dione are no contacts of each other.
    connected(&mut callisto, &call, 2);
    connected(&mut dione, &call, 2);
    dione.tell(json!({ "type": "set_muted", "muted": true }));
    let dione_id = dione.id();
    callisto.wait("the mute", |event| {
        let participants = event["call"]["participants"].as_array()?;
        participants
            .iter()
            .any(|one| one["peer"] == dione_id.as_str() && one["muted"] == true)
            .then_some(())
    });
}

#[test]
fn six_programs_in_one_call_hear_the_two_who_talk() {
    let bed = Bed::new();
    let mics = [
        voice(bed.folder.path(), "a.wav", 120.0),
        voice(bed.folder.path(), "b.wav", 190.0),
    ];
    let mut peers: Vec<Peer> = ["ariel", "rhea", "callisto", "dione", "titan", "mimas"]
        .iter()
        .enumerate()
        .map(|(n, name)| {
            let mic = mics.get(n).map_or("silence", |mic| mic.to_str().unwrap());
            bed.peer_with(name, &["--mic", mic, "--gauges", "10"])
        })
        .collect();
    let (ariel, others) = peers.split_first_mut().unwrap();
    for other in others.iter_mut() {
        ariel.befriend(other);
    }
    let (rhea, guests) = others.split_first_mut().unwrap();
    let call = ring(ariel, rhea);
    rhea.tell(json!({ "type": "accept_call", "call": call }));
    connected(rhea, &call, 1);
    for (n, guest) in guests.iter_mut().enumerate() {
        let id = guest.id();
        ariel.tell(json!({ "type": "add_to_call", "call": call, "peer": id }));
        guest.wait("the ring", |event| call_phase(event, "incoming"));
        guest.tell(json!({ "type": "accept_call", "call": call }));
        connected(guest, &call, n + 2);
    }
    let talkers = [peers[0].id(), peers[1].id()];
    for peer in &mut peers {
        let own = peer.id();
        for talker in talkers.iter().filter(|talker| **talker != own) {
            peer.wait("a voice", |event| {
                let speakers = event["speakers"].as_array()?;
                let gauge = speakers.iter().find(|gauge| gauge["peer"] == talker.as_str())?;
                (gauge["speaking"] == true && gauge["level"].as_f64() > Some(0.2)).then_some(())
            });
        }
    }
    // Who is killed leaves for all of them, and the others go on.
    peers.pop().unwrap().kill();
    for peer in &mut peers {
        connected(peer, &call, 4);
    }
}

#[test]
fn a_caller_that_is_killed_leaves_the_call_and_history_tells_the_truth() {
    let bed = Bed::new();
    let (mut ariel, mut rhea) = bed.pair();
    let ariel_id = ariel.id();
    let rhea_id = rhea.id();
    let call = ring(&mut ariel, &mut rhea);
    rhea.tell(json!({ "type": "accept_call", "call": call }));
    connected(&mut rhea, &call, 1);
    ariel.kill();
    let killed = Instant::now();
    assert_eq!(outcome(&mut rhea, &call), "failed", "it broke");
    println!("FIGURE: left {} ms after it was killed", killed.elapsed().as_millis());
    assert!(killed.elapsed() < Duration::from_secs(5), "{:?}", killed.elapsed());
    let mut ariel = bed.peer("ariel");
    // How long they talked Rhea has seen, and of Ariel's side nobody knows it any more.
    for (peer, other, timed) in [(&mut ariel, &rhea_id, false), (&mut rhea, &ariel_id, true)] {
        let rows = peer.history(other);
        let calls: Vec<&Value> = rows.iter().filter(|row| row["content"]["type"] == "call").collect();
        assert_eq!(calls.len(), 1, "{rows:?}");
        assert_eq!(calls[0]["id"], call.as_str());
        assert_eq!(calls[0]["author"], ariel_id.as_str(), "who called");
        assert_eq!(calls[0]["content"]["outcome"], "failed", "{}", peer.name);
        assert_eq!(
            calls[0]["content"]["duration_ms"].as_u64() > Some(0),
            timed,
            "{}",
            peer.name
        );
    }
}
