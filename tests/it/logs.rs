//! What the log says at its most talkative of two people who meet, write, call, mistype and lose their server: no word, no
//! name, no id, no link, no address, no secret.

use orrery_tests::Peer;
use serde_json::json;

use crate::{
    bed::Bed,
    calls::{connected, outcome, ring, voice},
};

/// Names of people, unlike anything that stands in a log by chance.
const NAMES: [&str; 2] = ["Quillonia", "Ozymandra"];
const ADDRESSES: [&str; 2] = ["127.77.32.1", "127.77.32.2"];

#[test]
fn the_log_holds_no_word_name_id_link_address_or_secret() {
    let mut bed = Bed::new();
    let logs = NAMES.map(|name| bed.folder.path().join(format!("{name}.log")));
    let start = |bed: &Bed, at: usize| {
        let mut options = bed.options(NAMES[at]);
        options.log = Some(logs[at].clone());
        options.bind = format!("{}:0", ADDRESSES[at]);
        let mic = voice(bed.folder.path(), &format!("{at}.wav"), 130.0 + 60.0 * at as f32);
        options.args = ["--mic", mic.to_str().unwrap()].map(str::to_owned).to_vec();
        Peer::start(&bed.home(NAMES[at]), &options)
    };
    let (mut a, mut b) = (start(&bed, 0), start(&bed, 1));
    a.befriend(&mut b);
    let link = b.invite();
    let (a_id, b_id) = (a.id(), b.id());
    let said = |peer: &mut Peer, command| {
        // Whether it is done or refused, nothing of it is logged.
        let _ = peer.ask(command);
    };
    let texts = [
        "obsidian-lighthouse",
        "quartz-observatory",
        "basalt-semaphore",
        "jasper-telegraph",
    ];
    a.write(&b_id, texts[0]);
    b.read(texts[0]);
    said(
        &mut b,
        json!({ "type": "set_draft", "channel": a_id, "text": texts[1] }),
    );
    said(
        &mut b,
        json!({ "type": "rename_contact", "peer": a_id, "alias": texts[2] }),
    );
    said(&mut b, json!({ "type": "search", "query": texts[3], "limit": 20 }));
    said(
        &mut b,
        json!({ "type": "add_contact", "link": format!("{link}{}", texts[3]) }),
    );
    b.send(json!({ "type": "load_safety_number", "peer": a_id }));
    let digits = b.wait("the number", |event| {
        (event["type"] == "safety_number_loaded").then(|| event["digits"].as_str().unwrap().to_owned())
    });
    let (old, new) = ("seven planets drift quietly", "nine amber comets wander home");
    said(
        &mut b,
        json!({ "type": "change_passphrase", "old": texts[3], "new": new }),
    );
    said(&mut b, json!({ "type": "change_passphrase", "old": old, "new": new }));
    let call = ring(&mut a, &mut b);
    b.tell(json!({ "type": "accept_call", "call": call }));
    connected(&mut a, &call, 1);
    b.tell(json!({ "type": "leave_call", "call": call }));
    outcome(&mut a, &call);
    b.send_line("{ this is no command of obsidian-lighthouse }");
    // Its server gone in the middle of a talk, and whatever is logged of that.
    let port = bed.server.url().rsplit(':').next().unwrap().to_owned();
    bed.server.kill();
    a.wait("being offline", |event| {
        (event["type"] == "server_changed" && event["server"]["phase"] == "offline").then_some(())
    });
    a.write(&b_id, texts[1]);
    a.stop();
    b.stop();

    let mut needles: Vec<&str> = NAMES.into_iter().chain(ADDRESSES).chain(texts).collect();
    needles.extend([
        &*a_id,
        &*b_id,
        &*link,
        &*digits,
        &digits[..20],
        &*port,
        old,
        new,
        "127.",
        "orrery:",
    ]);
    let mut lines = 0;
    for log in &logs {
        let text = std::fs::read_to_string(log).unwrap();
        lines += text.lines().count();
        for needle in &needles {
            let found = text.lines().find(|line| line.contains(needle));
            assert!(found.is_none(), "`{needle}` stands in a log: {found:?}");
        }
    }
    assert!(lines > 3, "something was logged at all");
}
