//! What goes wrong says what is wrong, and breaks nothing.

use std::{io::Write, net::TcpListener};

use orrery_tests::Peer;
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::bed::{Bed, peer_options};

fn failure(peer: &mut Peer) -> String {
    peer.wait("a failure", |event| {
        (event["type"] == "failed").then(|| event["code"].as_str().unwrap().to_owned())
    })
}

fn offline(peer: &mut Peer) -> String {
    peer.seen_or_wait("being offline, with the reason", |event| {
        (event["type"] == "server_changed" && event["server"]["phase"] == "offline")
            .then(|| event["server"]["code"].as_str().map(str::to_owned))
            .flatten()
    })
}

#[test]
fn a_wrong_passphrase_opens_nothing_and_the_right_one_still_does() {
    let bed = Bed::new();
    let mut ariel = bed.peer("ariel");
    let id = ariel.id();
    ariel.stop();
    let mut options = bed.options("ariel");
    options.passphrase = Some("not the one".into());
    let mut ariel = Peer::spawn(&bed.home("ariel"), &options);
    assert_eq!(failure(&mut ariel), "wrong_passphrase");
    ariel.tell(json!({ "type": "unlock", "passphrase": "seven planets drift quietly" }));
    assert_eq!(ariel.id(), id);
}

#[test]
fn a_profile_is_opened_by_one_process() {
    let bed = Bed::new();
    let mut first = bed.peer("ariel");
    let mut second = Peer::spawn(&bed.home("ariel"), &bed.options("ariel"));
    let code = second.wait("a refusal", |event| {
        (event["profile"]["phase"] == "unusable").then(|| event["profile"]["code"].as_str().unwrap().to_owned())
    });
    assert_eq!(code, "profile_in_use");
    drop(second);
    first.online();
}

#[test]
fn before_the_profile_is_open_everything_else_is_refused() {
    let bed = Bed::new();
    let mut options = bed.options("nobody");
    // Nothing is opened by itself.
    options.passphrase = None;
    let mut peer = Peer::spawn(&bed.home("nobody"), &options);
    peer.wait("a profile that is not there", |event| {
        (event["profile"]["phase"] == "empty").then_some(())
    });
    let mut refused = 0;
    for mut command in documented_commands() {
        let kind = command["type"].as_str().unwrap().to_owned();
        match kind.as_str() {
            // What opens it, and what the program can do without one.
            "create_profile" | "unlock" | "lock" | "list_devices" | "test_microphone" | "play_test_tone" | "resync"
            | "shutdown" => {}
            // There is nothing here to be opened, and no such file.
            "unlock_remembered" | "recover" | "restore_profile" => {
                assert!(peer.ask(command).is_err(), "{kind}");
            }
            _ => {
                if kind == "add_contact" {
                    // The document's link is made up; this one can be read.
                    command["link"] = json!(bed.peer("somebody").invite());
                }
                assert_eq!(peer.ask(command), Err("locked".into()), "{kind}");
                refused += 1;
            }
        }
    }
    assert!(refused > 25, "{refused}");
    assert_eq!(
        peer.ask(json!({ "type": "unlock", "passphrase": "any" })),
        Err("no_profile".into())
    );
    peer.tell(json!({ "type": "list_devices" }));
    peer.stop();
}

/// Every command as the document shows it.
fn documented_commands() -> Vec<Value> {
    let document = include_str!("../../docs/HEADLESS.md");
    let commands = document
        .split_once("## Commands")
        .unwrap()
        .1
        .split_once("## Events")
        .unwrap()
        .0;
    let examples = commands.split("```json\n").skip(1);
    examples
        .map(|rest| serde_json::from_str(rest.lines().next().unwrap()).unwrap())
        .collect()
}

#[test]
fn an_empty_passphrase_file_is_said_at_once() {
    let bed = Bed::new();
    let mut options = bed.options("nobody");
    options.passphrase = Some(String::new());
    let mut peer = Peer::spawn(&bed.home("nobody"), &options);
    assert_eq!(peer.exit_code(), Some(2));
}

#[test]
fn a_server_that_is_not_there_is_said_and_the_program_works_on() {
    let bed = Bed::new();
    // Bound and never listening: every connection is refused, and nobody else can take the port.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = format!("ws://{}", socket.local_addr().unwrap());
    let mut ariel = Peer::start(&bed.home("ariel"), &peer_options("ariel", &nobody));
    assert_eq!(offline(&mut ariel), "server_unreachable");
    ariel.invite();
    assert_eq!(
        ariel.ask(json!({ "type": "set_server", "server": "http://nonsense" })),
        Err("bad_server".into())
    );
    let url = bed.server.url();
    ariel.tell(json!({ "type": "set_server", "server": url }));
    ariel.online();
}

/// Takes as long as the program waits for an answer, which is 10 seconds.
#[test]
fn a_server_that_takes_the_connection_and_is_silent_is_said_and_the_program_works_on() {
    let bed = Bed::new();
    // Nobody accepts: the system makes the connection, and nothing is ever said on it.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("ws://{}", silent.local_addr().unwrap());
    let mut ariel = Peer::start(&bed.home("ariel"), &peer_options("ariel", &address));
    // It works on meanwhile.
    ariel.invite();
    assert_eq!(offline(&mut ariel), "server_unreachable");
    let url = bed.server.url();
    ariel.tell(json!({ "type": "set_server", "server": url }));
    ariel.online();
}

#[test]
fn something_that_is_no_orrery_server_is_said_so() {
    let bed = Bed::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::Builder::new()
        .spawn(move || {
            for stream in listener.incoming().take(20) {
                let _ = stream
                    .unwrap()
                    .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
            }
        })
        .unwrap();
    let mut ariel = Peer::start(&bed.home("ariel"), &peer_options("ariel", &format!("ws://{address}")));
    assert_eq!(offline(&mut ariel), "server_refused");
}

#[test]
fn a_link_that_is_garbage_is_refused_by_kind() {
    let bed = Bed::new();
    let (mut ariel, mut rhea) = (bed.peer("ariel"), bed.peer("rhea"));
    ariel.online();
    rhea.online();
    let own = ariel.invite();
    let mut add = |link: &str| ariel.ask(json!({ "type": "add_contact", "link": link }));
    for garbage in ["", "hello", "https://example.org", "orrery:abc", &own[..own.len() / 2]] {
        assert_eq!(add(garbage), Err("bad_link".into()), "{garbage:?}");
    }
    assert_eq!(add(&own), Err("own_link".into()));
    let revoked = rhea.invite();
    rhea.tell(json!({ "type": "revoke_invites" }));
    // The revocation reaches the server before anything Rhea does after it.
    let fresh = rhea.invite();
    assert_ne!(revoked, fresh);
    let refused = add(&revoked);
    if refused.is_ok() {
        ariel.wait("the refusal", |event| {
            (event["notice"] == "request_failed" && event["code"] == "not_accepted").then_some(())
        });
    } else {
        assert_eq!(refused, Err("not_accepted".into()));
    }
}

#[test]
fn lines_that_are_no_commands_are_answered_and_change_nothing() {
    let bed = Bed::new();
    let mut ariel = bed.peer("ariel");
    for line in [
        "hello",
        "{",
        "[]",
        r#"{"type":"fly"}"#,
        r#"{"type":"send_text"}"#,
        r#"{"type":"set_name","name":7}"#,
        &format!(r#"{{"type":"set_name","name":"{}"}}"#, "x".repeat(200_000)),
    ] {
        ariel.send_line(line);
        assert_eq!(failure(&mut ariel), "bad_command");
    }
    let nobody = "a".repeat(51) + "a";
    assert_eq!(
        ariel.ask(json!({ "type": "start_call", "peer": nobody })),
        Err("no_such_contact".into())
    );
    assert_eq!(
        ariel.ask(json!({ "type": "send_text", "channel": nobody, "text": "x" })),
        Err("no_such_channel".into())
    );
    assert_eq!(
        ariel.ask(json!({ "type": "leave_call", "call": "a".repeat(26) })),
        Err("no_such_call".into())
    );
    ariel.tell(json!({ "type": "resync" }));
}
