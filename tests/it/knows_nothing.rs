//! What a server that keeps everything knows after two people have met, written, called, been away and let go of a third:
//! every byte of every connection, every frame, its database, its log, its counts. No sender, no contact edge, no name,
//! no text, no SDP and no address of a peer is in any of it.

mod doors;
mod search;
mod store;

use std::{
    collections::BTreeSet,
    io::{self, Read, Write},
    net::TcpStream,
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

use orrery_evil_server::{Door, Evil, EvilOptions, Frame, Seen, Way, forge::SEAL};
use orrery_protocol::{
    PeerId,
    frame::{DropRequest, SocketReply, SocketRequest},
    limits::PADDED_SIZES,
};
use orrery_tests::{Peer, PeerOptions};
use search::{Needle, found, ids_in};
use serde_json::json;

use crate::{
    bed::peer_options,
    calls::{connected, outcome, ring, voice},
};

/// In every text, so that one search finds them all.
const WORD: &str = "obsidian-lighthouse";
/// A reaction too long to stand anywhere by chance.
const EMOJI: &str = "👩‍🚀";

/// The log of every server in this process, at its most talkative.
fn log() -> &'static Arc<Mutex<Vec<u8>>> {
    static LOG: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    LOG.get_or_init(|| {
        let log: Arc<Mutex<Vec<u8>>> = Arc::default();
        let writer = Arc::clone(&log);
        tracing_subscriber::fmt()
            .with_env_filter("orrery_server=trace")
            .with_writer(move || Into(Arc::clone(&writer)))
            .init();
        log
    })
}

struct Into(Arc<Mutex<Vec<u8>>>);

impl Write for Into {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn start(folder: &Path, name: &str, server: &str, args: &[String]) -> Peer {
    let options = PeerOptions {
        args: args.to_vec(),
        ..peer_options(name, server)
    };
    Peer::start(&folder.join(name), &options)
}

/// The counts as an operator sees them.
fn metrics(evil: &Evil) -> String {
    let mut stream = TcpStream::connect(evil.metrics()).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    assert!(page.contains("orrery_frames_total"), "{page}");
    page
}

/// UDP ports of a process: where its peer connections are bound.
fn udp_ports(pid: u32) -> BTreeSet<u16> {
    let links = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let sockets: BTreeSet<String> = links
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| {
            let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(inode.to_owned())
        })
        .collect();
    let table = std::fs::read_to_string("/proc/net/udp").unwrap();
    let port = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, port) = fields.get(1)?.split_once(':')?;
        let inode = *fields.get(9)?;
        sockets.contains(inode).then(|| u16::from_str_radix(port, 16).ok())?
    };
    table.lines().skip(1).filter_map(port).collect()
}

/// What is wrong with the frames: whose id stands where, and what is in them in the clear.
fn violations(seen: &[Seen], ids: &[PeerId], needles: &[Needle]) -> Vec<String> {
    let mut wrong = Vec::new();
    for line in seen.iter().map(|seen| seen.line).collect::<BTreeSet<u64>>() {
        let of_line: Vec<&Seen> = seen.iter().filter(|seen| seen.line == line).collect();
        // On one's own socket one's own id, on the other those one deposits for: never who deposits.
        let known: BTreeSet<PeerId> = of_line
            .iter()
            .filter_map(|seen| match &seen.frame {
                Frame::Ask(SocketRequest::Login { peer, .. }) => Some(*peer),
                Frame::Want(DropRequest::Deposit { to, .. }) => Some(*to),
                Frame::Want(DropRequest::Fetch { peer, .. }) => Some(*peer),
                _ => None,
            })
            .collect();
        for seen in of_line {
            let fits = matches!(
                (seen.door, seen.way, &seen.frame),
                (Door::Socket, Way::Up, Frame::Ask(_))
                    | (Door::Socket, Way::Down, Frame::Tell(_))
                    | (Door::Drop, Way::Up, Frame::Want(_))
                    | (Door::Drop, Way::Down, Frame::Answer(_))
            );
            if !fits {
                wrong.push(format!("no frame of {:?}", seen.door));
            }
            for id in ids_in(&seen.bytes, ids) {
                if !known.contains(&id) {
                    wrong.push(format!("{id} on {:?} among {known:?}", seen.door));
                }
            }
            // Of those for whom it deposits, one frame names one.
            let named = match &seen.frame {
                Frame::Want(DropRequest::Deposit { to, .. }) => Some(*to),
                Frame::Want(DropRequest::Fetch { peer, .. }) => Some(*peer),
                _ => None,
            };
            if let Some(named) = named
                && ids_in(&seen.bytes, ids).iter().any(|id| *id != named)
            {
                wrong.push(format!("two ids in one frame on {:?}", seen.door));
            }
            for needle in found(&seen.bytes, needles) {
                wrong.push(format!("{needle} in a frame of {:?}", seen.door));
            }
            if let Some(envelope) = seen.frame.envelope()
                && !PADDED_SIZES.iter().any(|size| size + SEAL == envelope.len())
            {
                wrong.push(format!("an envelope of {} bytes", envelope.len()));
            }
        }
    }
    wrong
}

/// The same frame with something put in.
fn planted(seen: &[Seen], door: Door, way: Way, bytes: &[u8]) -> Vec<Seen> {
    let mut seen = seen.to_vec();
    let place = seen
        .iter()
        .position(|seen| seen.door == door && seen.way == way && seen.bytes.len() > 300)
        .unwrap();
    seen[place]
        .bytes
        .splice(100..100 + bytes.len().min(150), bytes.iter().copied());
    seen
}

#[test]
fn a_server_that_keeps_everything_finds_no_sender_no_edge_no_name_no_text_and_no_address() {
    let log = log();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let evil = Evil::start(&EvilOptions::local(folder.join("server"), 50));
    let url = evil.url();
    let names = ["Ariel Quartz-4711", "Rhea Basalt-0815", "Dione Obelisk-2342"];
    let sound = |name: &str, pitch: f32| {
        let mic = voice(folder, name, pitch).to_str().unwrap().to_owned();
        ["--mic".to_owned(), mic, "--gauges".to_owned(), "20".to_owned()]
    };
    let mut ariel = start(folder, names[0], &url, &sound("a.wav", 120.0));
    let mut rhea = start(folder, names[1], &url, &sound("r.wav", 190.0));
    ariel.befriend(&mut rhea);
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());

    // They write, correct, react and take back.
    let mut first = String::new();
    for n in 0..15 {
        first = ariel.write(&rhea_id, &format!("{WORD} a {n}"));
        rhea.read(&format!("{WORD} a {n}"));
        rhea.write(&ariel_id, &format!("{WORD} r {n} {}", "and on ".repeat(n * 40)));
    }
    let target = json!({ "author": ariel_id, "id": first });
    ariel.tell(json!({ "type": "edit_text", "channel": rhea_id, "id": first, "text": format!("{WORD} mended") }));
    rhea.tell(json!({ "type": "react", "channel": ariel_id, "target": target, "emoji": EMOJI, "on": true }));
    ariel.wait("the reaction", |event| {
        (event["message"]["reactions"][0]["emoji"] == EMOJI).then_some(())
    });
    ariel.tell(json!({ "type": "delete_message", "channel": rhea_id, "id": first }));

    // They talk.
    let call = ring(&mut ariel, &mut rhea);
    rhea.tell(json!({ "type": "accept_call", "call": call }));
    connected(&mut ariel, &call, 1);
    ariel.wait("a voice", |event| {
        let speakers = event["speakers"].as_array()?;
        speakers.iter().any(|one| one["speaking"] == true).then_some(())
    });
    let ports: BTreeSet<u16> = [&ariel, &rhea].iter().flat_map(|peer| udp_ports(peer.pid())).collect();
    assert!(ports.len() >= 2, "{ports:?}");
    ariel.tell(json!({ "type": "leave_call", "call": call }));
    assert_eq!(outcome(&mut rhea, &call), "answered");

    // Rhea is away, and mail waits for her.
    rhea.stop();
    let last = (0..3)
        .map(|n| ariel.write(&rhea_id, &format!("{WORD} while away {n}")))
        .last()
        .unwrap();
    ariel.delivery(&last, "sent");
    let waiting = store::copy(&folder.join("server"), &folder.join("waiting"));
    let mut rhea = start(folder, names[1], &url, &[]);
    rhea.read(&format!("{WORD} while away 2"));
    ariel.delivery(&last, "delivered");

    // A third comes and is let go of, which makes new tokens.
    let mut dione = start(folder, names[2], &url, &[]);
    dione.befriend(&mut rhea);
    let dione_id = dione.id();
    dione.write(&rhea_id, &format!("{WORD} d"));
    rhea.read(&format!("{WORD} d"));
    rhea.tell(json!({ "type": "block_contact", "peer": dione_id }));
    ariel.write(&rhea_id, &format!("{WORD} still here"));
    rhea.read(&format!("{WORD} still here"));
    let counts = metrics(&evil);
    for peer in [ariel, rhea, dione] {
        peer.stop();
    }
    let ended = store::copy(&folder.join("server"), &folder.join("ended"));

    // All that the server has.
    let seen = evil.look(|book| book.seen.clone());
    let wires = evil.wires();
    let log = log.lock().unwrap().clone();
    let ids: Vec<PeerId> = [&ariel_id, &rhea_id, &dione_id]
        .iter()
        .map(|id| id.parse().unwrap())
        .collect();
    let mut needles: Vec<Needle> = names.iter().map(|name| Needle::text("a name", name)).collect();
    needles.push(Needle::text("a text", WORD));
    needles.push(Needle::text("an edited text", "and on and on"));
    needles.push(Needle::text("a reaction", EMOJI));
    for marker in [
        "v=0\r\n",
        "a=fingerprint",
        "candidate:",
        "a=ice-ufrag",
        "a=ice-pwd",
        "m=audio",
        "m=application",
        "typ host",
        "sdpMid",
    ] {
        needles.push(Needle::text("SDP", marker));
    }
    needles.push(Needle::text("an address", "127.0.0.1"));
    for port in &ports {
        needles.push(Needle::text("a port", &port.to_string()));
        needles.push(Needle::bytes(
            "an address in bytes",
            &[&[127, 0, 0, 1][..], &port.to_be_bytes()].concat(),
        ));
    }

    // It is a full run: there was something to find.
    let count = |pick: &dyn Fn(&Frame) -> bool| seen.iter().filter(|seen| pick(&seen.frame)).count();
    assert!(count(&|frame| matches!(frame, Frame::Want(DropRequest::Deposit { .. }))) > 60);
    assert!(count(&|frame| matches!(frame, Frame::Tell(SocketReply::Deliver { .. }))) > 50);
    assert!(count(&|frame| matches!(frame, Frame::Want(DropRequest::Fetch { .. }))) >= 2);
    assert!(count(&|frame| matches!(frame, Frame::Want(DropRequest::Deposit { keep: false, .. }))) > 0);
    let sizes: BTreeSet<usize> = seen
        .iter()
        .filter_map(|seen| Some(seen.frame.envelope()?.len()))
        .collect();
    assert_eq!(
        sizes,
        PADDED_SIZES.map(|size| size + SEAL).into(),
        "all three sizes, and no other"
    );
    let logged_in = seen
        .iter()
        .filter(|seen| seen.door == Door::Socket)
        .map(|seen| seen.line);
    let dropped = seen.iter().filter(|seen| seen.door == Door::Drop).map(|seen| seen.line);
    let (logged_in, dropped): (BTreeSet<u64>, BTreeSet<u64>) = (logged_in.collect(), dropped.collect());
    assert!(logged_in.len() >= 4 && dropped.len() >= 3, "{logged_in:?} {dropped:?}");
    assert!(logged_in.is_disjoint(&dropped));

    assert_eq!(violations(&seen, &ids, &needles), Vec::<String>::new());
    for (line, wire) in &wires {
        // A proper WebSocket upgrade names the server's host; behind it nothing does.
        let needles: Vec<Needle> = needles
            .iter()
            .filter(|needle| needle.what != "an address")
            .cloned()
            .collect();
        for bytes in [&wire.up, &wire.down] {
            assert_eq!(found(bytes, &needles), Vec::<&str>::new(), "connection {line}");
        }
        let head = String::from_utf8_lossy(&wire.up[..wire.up.len().min(600)]).to_lowercase();
        let (head, _) = head.split_once("\r\n\r\n").unwrap();
        for header in ["cookie", "authorization", "user-agent", "origin", "referer"] {
            assert!(!head.contains(header), "{head}");
        }
        assert_eq!(ids_in(head.as_bytes(), &ids), []);
    }
    for (place, bytes) in [("log", &log), ("counts", &counts.into_bytes())] {
        assert_eq!(found(bytes, &needles), Vec::<&str>::new(), "{place}");
        assert_eq!(ids_in(bytes, &ids), [], "{place}");
    }
    for (copy, envelopes) in [(&waiting, 3), (&ended, 0)] {
        let held = store::held(copy);
        assert!(held.envelopes >= envelopes, "{held:?}");
        assert_eq!(held.people, if envelopes > 0 { 2 } else { 3 });
        assert_eq!(store::violations(copy, &ids, &needles), Vec::<String>::new());
    }

    // What was looked for would have been found.
    for needle in &needles {
        for (door, way) in [
            (Door::Drop, Way::Up),
            (Door::Socket, Way::Down),
            (Door::Socket, Way::Up),
        ] {
            let wrong = violations(&planted(&seen, door, way, &needle.bytes), &ids, &needles);
            assert!(
                wrong.iter().any(|one| one.contains(needle.what)),
                "{}: {wrong:?}",
                needle.what
            );
        }
    }
    for id in &ids {
        for encoded in search::encodings(id) {
            let wrong = violations(&planted(&seen, Door::Drop, Way::Up, &encoded), &ids, &[]);
            // The first deposit is for one of them; every other id is one too many.
            let own = seen.iter().find_map(|seen| match &seen.frame {
                Frame::Want(DropRequest::Deposit { to, .. }) if seen.bytes.len() > 300 => Some(*to),
                _ => None,
            });
            assert_eq!(wrong.is_empty(), own == Some(*id), "{id}: {wrong:?}");
        }
    }
    store::would_be_found(&waiting, &ids, &needles);
}
