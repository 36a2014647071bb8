//! Two people write to each other.

use serde_json::{Value, json};

use crate::bed::Bed;

fn changed<'a>(event: &'a Value, id: &str) -> Option<&'a Value> {
    (event["type"] == "message_changed" && event["message"]["id"] == id).then(|| &event["message"])
}

#[test]
fn a_request_is_accepted_and_both_write() {
    let bed = Bed::new();
    let (mut ariel, mut rhea) = bed.pair();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let first = ariel.write(&rhea_id, "Good evening, Rhea.");
    rhea.read("Good evening, Rhea.");
    ariel.delivery(&first, "delivered");
    let second = rhea.write(&ariel_id, "Grüße aus dem Süden 🌍 日本語");
    let message = ariel.read("Grüße aus dem Süden 🌍 日本語");
    assert_eq!(message["author"], rhea_id.as_str());
    rhea.delivery(&second, "delivered");
    ariel.tell(json!({ "type": "mark_read", "channel": rhea_id, "up_to": message["order"] }));
    rhea.delivery(&second, "read");
    assert_eq!(ariel.texts(&rhea_id), rhea.texts(&ariel_id));
    ariel.stop();
    rhea.stop();
}

#[test]
fn a_declined_request_tells_the_other_side_nothing() {
    let bed = Bed::new();
    let (mut ariel, mut rhea) = (bed.peer("ariel"), bed.peer("rhea"));
    ariel.online();
    rhea.online();
    let link = rhea.invite();
    ariel.tell(json!({ "type": "add_contact", "link": link }));
    let ariel_id = ariel.id();
    rhea.wait("a request", |event| (event["type"] == "request_received").then_some(()));
    rhea.tell(json!({ "type": "decline_request", "peer": ariel_id }));
    // Something that does reach Ariel comes after the decline, so silence before it is silence.
    let mut callisto = bed.peer("callisto");
    callisto.befriend(&mut ariel);
    assert!(!ariel.said.iter().any(|event| event["type"] == "request_accepted"));
    let rhea_id = rhea.id();
    assert_eq!(
        ariel.ask(json!({ "type": "send_text", "channel": rhea_id, "text": "hello?" })),
        Err("no_such_channel".into())
    );
}

#[test]
fn two_requests_that_cross_make_contacts() {
    let bed = Bed::new();
    let (mut ariel, mut rhea) = (bed.peer("ariel"), bed.peer("rhea"));
    ariel.online();
    rhea.online();
    let (to_ariel, to_rhea) = (ariel.invite(), rhea.invite());
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    ariel.send(json!({ "type": "add_contact", "link": to_rhea }));
    rhea.send(json!({ "type": "add_contact", "link": to_ariel }));
    for (peer, other) in [(&mut ariel, &rhea_id), (&mut rhea, &ariel_id)] {
        peer.seen_or_wait("the contact", |event| {
            let contact = &event["contact"];
            (event["type"] == "contact_changed" && contact["peer"] == other.as_str() && contact["state"] == "contact")
                .then_some(())
        });
    }
    ariel.write(&rhea_id, "that was quick");
    rhea.read("that was quick");
    rhea.write(&ariel_id, "so were you");
    ariel.read("so were you");
}

#[test]
fn what_is_written_while_one_is_away_waits_for_the_return() {
    let bed = Bed::new();
    let (mut ariel, rhea) = bed.pair();
    let mut rhea = rhea;
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    rhea.stop();
    let ids: Vec<String> = (0..20)
        .map(|n| ariel.write(&rhea_id, &format!("while away {n}")))
        .collect();
    ariel.delivery(&ids[19], "sent");
    let mut rhea = bed.peer("rhea");
    rhea.read("while away 19");
    ariel.delivery(&ids[19], "delivered");
    let expected: Vec<String> = (0..20).map(|n| format!("while away {n}")).collect();
    assert_eq!(rhea.texts(&ariel_id), expected);
    assert_eq!(ariel.texts(&rhea_id), expected);
}

#[test]
fn edits_deletes_replies_and_reactions_reach_the_other_side() {
    let bed = Bed::new();
    let (mut ariel, mut rhea) = bed.pair();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let first = ariel.write(&rhea_id, "teh relay");
    rhea.read("teh relay");
    ariel.tell(json!({ "type": "edit_text", "channel": rhea_id, "id": first, "text": "the relay" }));
    rhea.wait("the edit", |event| {
        changed(event, &first)
            .filter(|m| m["content"]["text"] == "the relay" && m["edited"] == true)
            .map(|_| ())
    });
    let target = json!({ "author": ariel_id, "id": first });
    rhea.tell(json!({ "type": "react", "channel": ariel_id, "target": target, "emoji": "✨", "on": true }));
    ariel.wait("the reaction", |event| {
        changed(event, &first)
            .filter(|m| m["reactions"][0]["emoji"] == "✨")
            .map(|_| ())
    });
    rhea.tell(json!({ "type": "react", "channel": ariel_id, "target": target, "emoji": "✨", "on": false }));
    ariel.wait("no reaction", |event| {
        changed(event, &first)
            .filter(|m| m["reactions"].as_array().is_some_and(Vec::is_empty))
            .map(|_| ())
    });
    rhea.tell(json!({ "type": "send_text", "channel": ariel_id, "text": "which one?", "reply_to": target }));
    let reply = ariel.read("which one?");
    assert_eq!(reply["reply_to"]["id"], first.as_str());
    let reply_id = reply["id"].as_str().unwrap();
    assert_eq!(
        ariel.ask(json!({ "type": "delete_message", "channel": rhea_id, "id": reply_id })),
        Err("not_yours".into()),
        "nobody deletes what another wrote"
    );
    ariel.tell(json!({ "type": "delete_message", "channel": rhea_id, "id": first }));
    rhea.wait("the deletion", |event| {
        changed(event, &first)
            .filter(|m| m["deleted"] == true && m["content"]["text"] == "")
            .map(|_| ())
    });
}

#[test]
fn a_text_of_sixteen_kib_arrives_and_one_byte_more_is_refused() {
    let bed = Bed::new();
    let (mut ariel, mut rhea) = bed.pair();
    let rhea_id = rhea.id();
    let text: String = ('a'..='z').cycle().take(16 * 1024).collect();
    ariel.write(&rhea_id, &text);
    rhea.read(&text);
    let longer = format!("{text}!");
    assert_eq!(
        ariel.ask(json!({ "type": "send_text", "channel": rhea_id, "text": longer })),
        Err("text_too_long".into())
    );
    assert_eq!(
        ariel.ask(json!({ "type": "send_text", "channel": rhea_id, "text": " \n " })),
        Err("text_empty".into())
    );
}

#[test]
fn with_both_there_messages_go_directly_and_typing_is_seen() {
    let bed = Bed::new();
    let (mut ariel, mut rhea) = bed.pair();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    ariel.tell(json!({ "type": "open_channel", "channel": rhea_id }));
    for (peer, other) in [(&mut ariel, &rhea_id), (&mut rhea, &ariel_id)] {
        peer.wait("the direct connection", |event| {
            let contact = &event["contact"];
            (event["type"] == "contact_changed"
                && contact["peer"] == other.as_str()
                && contact["direct"] == "connected")
                .then_some(())
        });
    }
    ariel.tell(json!({ "type": "set_typing", "channel": rhea_id, "on": true }));
    rhea.wait("typing", |event| {
        (event["type"] == "typing_changed" && event["on"] == true).then_some(())
    });
    // With the server gone, only the direct way is left.
    let mut bed = bed;
    bed.server.kill();
    let id = ariel.write(&rhea_id, "no server in between");
    rhea.read("no server in between");
    ariel.delivery(&id, "delivered");
}

#[test]
fn a_contact_that_is_blocked_reaches_nobody_and_the_others_still_do() {
    let bed = Bed::new();
    let (mut ariel, mut rhea) = bed.pair();
    let mut dione = bed.peer("dione");
    dione.befriend(&mut rhea);
    let (ariel_id, rhea_id, dione_id) = (ariel.id(), rhea.id(), dione.id());
    rhea.tell(json!({ "type": "block_contact", "peer": ariel_id }));
    ariel.write(&rhea_id, "can you hear me?");
    dione.write(&rhea_id, "I can");
    rhea.read("I can");
    // Dione was told of the new token; what she writes still arrives after it is the only one.
    dione.write(&rhea_id, "and still");
    rhea.read("and still");
    assert!(
        !rhea
            .said
            .iter()
            .any(|event| event["message"]["content"]["text"] == "can you hear me?")
    );
    rhea.write(&dione_id, "good");
    dione.read("good");
}

#[test]
fn history_is_found_again_by_search_and_unread_counts_survive_a_restart() {
    let bed = Bed::new();
    let (mut ariel, rhea) = bed.pair();
    let mut rhea = rhea;
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    for text in ["the telescope is ready", "bring the café map", "nothing else"] {
        ariel.write(&rhea_id, text);
        rhea.read(text);
    }
    rhea.stop();
    let mut rhea = bed.peer("rhea");
    let unread = rhea.seen_or_wait("the unread count", |event| {
        (event["type"] == "channel_changed" && event["channel"]["channel"] == ariel_id.as_str())
            .then(|| event["channel"]["unread"].as_u64().unwrap())
    });
    assert_eq!(unread, 3);
    let mut search = |query: &str| {
        let reference = rhea.send(json!({ "type": "search", "query": query, "limit": 10 }));
        rhea.wait("hits", |event| {
            (event["type"] == "search_found" && event["ref"] == reference.as_str()).then(|| {
                event["hits"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|hit| hit["message"]["content"]["text"].clone())
                    .collect::<Vec<_>>()
            })
        })
    };
    assert_eq!(search("telesc"), ["the telescope is ready"]);
    assert_eq!(search("cafe"), ["bring the café map"]);
    assert!(search("\"' OR NEAR(* AND").is_empty());
    assert_eq!(search("the").len(), 2);
}

#[test]
fn names_and_settings_are_kept_and_told() {
    let bed = Bed::new();
    let (mut ariel, mut rhea) = bed.pair();
    let ariel_id = ariel.id();
    ariel.tell(json!({ "type": "set_name", "name": "Ariel of Uranus" }));
    rhea.wait("the new name", |event| {
        (event["type"] == "contact_changed" && event["contact"]["name"] == "Ariel of Uranus").then_some(())
    });
    rhea.tell(json!({ "type": "rename_contact", "peer": ariel_id, "alias": "A." }));
    assert_eq!(
        ariel.ask(json!({ "type": "set_name", "name": "  " })),
        Err("bad_name".into())
    );
    ariel.tell(json!({ "type": "set_settings", "settings": { "typing": false, "input_volume": 9.0 } }));
    ariel.stop();
    let mut ariel = bed.peer("ariel");
    let (name, settings) = ariel.seen_or_wait("the profile", |event| {
        let profile = &event["profile"];
        (profile["phase"] == "open").then(|| (profile["name"].clone(), profile["settings"].clone()))
    });
    assert_eq!(name, "Ariel of Uranus");
    assert_eq!(settings["typing"], false);
    assert_eq!(settings["input_volume"], 2.0);
}

#[test]
fn nothing_that_was_written_stands_on_any_disk() {
    let bed = Bed::new();
    let (mut ariel, mut rhea) = bed.pair();
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());
    let words = ["obsidian-lighthouse-4711", "quartz-observatory-0815"];
    ariel.write(&rhea_id, words[0]);
    rhea.read(words[0]);
    rhea.tell(json!({ "type": "set_draft", "channel": ariel_id, "text": words[1] }));
    let mut needles: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
    needles.push(b"seven planets drift quietly".to_vec());
    let search = |folder: &std::path::Path| {
        let mut files = vec![folder.to_path_buf()];
        let mut seen = 0;
        while let Some(path) = files.pop() {
            if path.is_dir() {
                files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path.file_name().is_some_and(|name| name != "passphrase") {
                let bytes = std::fs::read(&path).unwrap();
                seen += 1;
                for needle in &needles {
                    let found = bytes.windows(needle.len()).any(|window| window == needle);
                    assert!(!found, "{} holds {:?}", path.display(), String::from_utf8_lossy(needle));
                }
            }
        }
        seen
    };
    // While everything is running, and after a kill has left whatever it leaves.
    assert!(search(bed.folder.path()) >= 6);
    ariel.kill();
    rhea.kill();
    search(bed.folder.path());
}
