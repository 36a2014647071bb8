//! The echo contact: somebody to try everything with before anybody else is there.

use orrery_tests::Peer;
use serde_json::{Value, json};

use crate::{
    bed::Bed,
    calls::{connected, loudness, outcome, voice},
};

/// Asks by a link and is accepted without anybody doing anything.
fn meet(peer: &mut Peer, echo: &mut Peer) {
    peer.online();
    echo.online();
    let (link, id) = (echo.invite(), echo.id());
    peer.tell(json!({ "type": "add_contact", "link": link }));
    peer.wait("the acceptance", |event| {
        (event["type"] == "request_accepted" && event["peer"] == id.as_str()).then_some(())
    });
}

fn speaks(event: &Value, who: &str) -> bool {
    let speakers = event["speakers"].as_array();
    speakers.is_some_and(|all| {
        all.iter()
            .any(|gauge| gauge["peer"] == who && gauge["speaking"] == true && gauge["level"].as_f64() > Some(0.2))
    })
}

#[test]
fn it_accepts_answers_picks_up_says_back_what_it_hears_and_stays() {
    let bed = Bed::new();
    let mic = voice(bed.folder.path(), "voice.wav", 150.0);
    let heard = bed.folder.path().join("heard.wav");
    let (mic, out) = (mic.to_str().unwrap(), heard.to_str().unwrap());
    let mut ariel = bed.peer_with("ariel", &["--mic", mic, "--speaker", out, "--gauges", "50"]);
    let mut echo = bed.peer_with("echo", &["--echo"]);
    meet(&mut ariel, &mut echo);
    let echo_id = echo.id();

    let id = ariel.write(&echo_id, "is anybody there?");
    let answer = ariel.read("is anybody there?");
    assert_eq!(answer["author"], echo_id.as_str());
    ariel.delivery(&id, "read");

    ariel.tell(json!({ "type": "start_call", "peer": echo_id }));
    let call = ariel.seen_or_wait("the call", |event| event["call"]["call"].as_str().map(str::to_owned));
    connected(&mut ariel, &call, 1);
    ariel.wait("her own voice", |event| speaks(event, &echo_id).then_some(()));

    // Somebody else comes and goes; the echo stays with who is left.
    let mut rhea = bed.peer("rhea");
    ariel.befriend(&mut rhea);
    let rhea_id = rhea.id();
    ariel.tell(json!({ "type": "add_to_call", "call": call, "peer": rhea_id }));
    rhea.wait("the ring", |event| (event["call"]["phase"] == "incoming").then_some(()));
    rhea.tell(json!({ "type": "accept_call", "call": call }));
    connected(&mut rhea, &call, 2);
    rhea.tell(json!({ "type": "leave_call", "call": call }));
    echo.wait("Rhea leaving", |event| {
        (event["type"] == "peer_left" && event["peer"] == rhea_id.as_str()).then_some(())
    });
    // What it did about that would be done before it answers this.
    ariel.write(&echo_id, "still there?");
    ariel.read("still there?");
    ariel.seen_or_wait("Rhea leaving", |event| (event["type"] == "peer_left").then_some(()));
    ariel.wait("the echo in the call", |event| {
        let speakers = event["speakers"].as_array()?;
        (speakers.len() == 1 && speakers[0]["peer"] == echo_id.as_str()).then_some(())
    });
    echo.drain();
    for peer in [&ariel, &echo] {
        assert!(
            !peer.said.iter().any(|event| event["type"] == "call_ended"),
            "{}",
            peer.name
        );
    }

    ariel.tell(json!({ "type": "leave_call", "call": call }));
    assert_eq!(outcome(&mut ariel, &call), "answered");
    assert_eq!(outcome(&mut echo, &call), "answered");
    ariel.stop();
    echo.stop();
    let loudness = loudness(&heard);
    assert!(loudness > 0.01, "what came back was written down: {loudness}");
}
