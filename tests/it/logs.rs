//! What a client's log says at its most talkative: that things happen, never what was said, by whom or where.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use orrery_tests::Peer;
use serde_json::json;

use crate::{bed::Bed, calls};

/// Names, texts and paths that nothing of ours would say by itself.
const NAMES: [&str; 2] = ["Zenobia-Quark", "Wolfram-Umlaut"];
const WORDS: [&str; 4] = [
    "obsidian-lighthouse-4711",
    "quartz-observatory-0815",
    "basalt-harbour-2342",
    "amber-telescope-1123",
];
const PHRASE: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

/// A client whose log goes to a file, everything in it.
fn talkative(bed: &Bed, at: usize) -> (Peer, PathBuf) {
    let log = bed.folder.path().join(format!("log-{at}"));
    let script = bed.folder.path().join(format!("client-{at}"));
    let mut options = bed.options(NAMES[at]);
    let lines = format!(
        "#!/bin/sh\nORRERY_LOG=off,orrery=trace exec '{}' \"$@\" 2>>'{}'\n",
        options.program.display(),
        log.display()
    );
    fs::write(&script, lines).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    options.program = script;
    (Peer::start(&bed.home(&format!("home-{at}")), &options), log)
}

#[test]
fn a_whole_conversation_at_its_most_talkative_leaves_no_word_name_or_address_in_the_log() {
    let bed = Bed::new();
    let ((mut ada, log_a), (mut bob, log_b)) = (talkative(&bed, 0), talkative(&bed, 1));
    ada.befriend(&mut bob);
    let (ada_id, bob_id) = (ada.id(), bob.id());
    let invite = ada.invite();

    // Words in every form that there is.
    let first = ada.write(&bob_id, WORDS[0]);
    bob.read(WORDS[0]);
    let target = json!({ "author": ada_id, "id": first });
    bob.tell(json!({ "type": "react", "channel": ada_id, "target": target, "emoji": "🦉", "on": true }));
    ada.tell(json!({ "type": "edit_text", "channel": bob_id, "id": first, "text": WORDS[1] }));
    bob.tell(json!({ "type": "set_draft", "channel": ada_id, "text": WORDS[2] }));
    bob.tell(json!({ "type": "search", "query": WORDS[0], "limit": 10 }));
    bob.tell(json!({ "type": "rename_contact", "peer": ada_id, "alias": WORDS[3] }));
    // A direct connection and a call.
    ada.tell(json!({ "type": "open_channel", "channel": bob_id }));
    let call = calls::ring(&mut ada, &mut bob);
    bob.tell(json!({ "type": "accept_call", "call": call }));
    calls::connected(&mut ada, &call, 1);
    ada.tell(json!({ "type": "leave_call", "call": call }));
    // Secrets, right and wrong ones.
    let passphrase = "seven planets drift quietly";
    ada.tell(json!({ "type": "set_recovery_phrase", "passphrase": passphrase, "phrase": PHRASE }));
    let file = bed.folder.path().join("exported-file-9901");
    ada.tell(json!({ "type": "export_profile", "path": file }));
    ada.tell(json!({ "type": "change_passphrase", "old": passphrase, "new": "marble-passphrase-77" }));
    ada.tell(json!({ "type": "lock" }));
    assert!(
        ada.ask(json!({ "type": "unlock", "passphrase": "granite-passphrase-78" }))
            .is_err()
    );
    assert!(ada.ask(json!({ "type": "unlock", "passphrase": 79_791_234 })).is_err());
    ada.tell(json!({ "type": "unlock", "passphrase": "marble-passphrase-77" }));
    assert!(
        ada.ask(json!({ "type": "add_contact", "link": format!("{invite}&x=orrery:cut") }))
            .is_err()
    );
    ada.stop();
    bob.stop();

    let token = invite.split("t=").last().unwrap().to_owned();
    let port = bed.server.url().rsplit(':').next().unwrap().to_owned();
    let mut needles: Vec<String> = NAMES.iter().chain(&WORDS).map(|word| (*word).to_owned()).collect();
    needles.extend(
        [
            "🦉",
            "sausage",
            passphrase,
            "passphrase-7",
            "79791234",
            "exported-file",
            "127.0.0.1",
        ]
        .map(str::to_owned),
    );
    needles.extend([token, format!(":{port}"), ada_id, bob_id]);
    for log in [log_a, log_b] {
        let text = fs::read_to_string(&log).unwrap();
        assert!(
            text.lines().count() > 5 && text.contains("orrery_"),
            "something is said at all: {text}"
        );
        for needle in &needles {
            let line = text.lines().find(|line| line.contains(needle.as_str()));
            assert!(line.is_none(), "{needle:?} in {line:?}");
        }
    }
}
