//! No address goes to anybody who was not accepted: what two clients send each other, listened to on the loopback interface.
//!
//! Each client has an address of its own there (all of 127.0.0.0/8 is loopback), so that what is heard from the tests beside
//! this one does not count.

use std::{
    net::Ipv4Addr,
    num::NonZeroU32,
    os::fd::OwnedFd,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use orrery_tests::{Peer, skipped};
use rustix::net::{AddressFamily, Protocol, RecvFlags, SocketType, socket, sockopt};
use serde_json::json;

use crate::{
    bed::Bed,
    calls::{connected, outcome, ring, voice},
};

/// `ETH_P_IP` as the socket wants it: big-endian.
const IPV4: u32 = (0x0800_u16.to_be()) as u32;
const ETHERNET: usize = 14;
/// What the system itself answers where a socket is closed already.
const ICMP: u8 = 1;
const UDP: u8 = 17;
const TCP: u8 = 6;
/// Where the clients are.
const ARIEL: Ipv4Addr = Ipv4Addr::new(127, 77, 31, 1);
const RHEA: Ipv4Addr = Ipv4Addr::new(127, 77, 31, 2);
/// How long nothing must be heard: a direct connection is begun within a tenth of it.
const QUIET: Duration = Duration::from_secs(3);

/// A packet of one of the clients, or of a connection to the server.
struct Packet {
    from: Ipv4Addr,
    to: Ipv4Addr,
    protocol: u8,
    payload: Vec<u8>,
}

impl Packet {
    fn read(frame: &[u8]) -> Option<(Self, [u16; 2])> {
        let ip = frame.get(ETHERNET..)?;
        let header = usize::from(ip.first()? & 0x0f) * 4;
        let address = |at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(ip.get(at..at + 4)?).ok()?));
        let payload = ip.get(header..)?;
        let port = |at: usize| Some(u16::from_be_bytes([*payload.get(at)?, *payload.get(at + 1)?]));
        let packet = Self {
            from: address(12)?,
            to: address(16)?,
            protocol: *ip.get(9)?,
            payload: payload.to_vec(),
        };
        Some((packet, [port(0)?, port(2)?]))
    }

    fn is_of_a_client(&self) -> bool {
        [self.from, self.to].iter().any(|at| [ARIEL, RHEA].contains(at))
    }
}

/// Everything on the loopback interface that concerns the clients.
struct Ear {
    heard: Arc<Mutex<Vec<Packet>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ear {
    /// `None` without the right to listen.
    fn open(server: u16) -> Option<Self> {
        let protocol = NonZeroU32::new(IPV4).map(Protocol::from_raw);
        let socket: OwnedFd = socket(AddressFamily::PACKET, SocketType::RAW, protocol).ok()?;
        sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(Duration::from_millis(100))).unwrap();
        // Whatever the system allows: the thread below keeps up by itself.
        let _ = sockopt::set_socket_recv_buffer_size(&socket, 16 << 20);
        let (heard, stop) = (Arc::<Mutex<Vec<Packet>>>::default(), Arc::<AtomicBool>::default());
        let (into, until) = (Arc::clone(&heard), Arc::clone(&stop));
        let listen = move || {
            let mut frame = vec![0; 70_000];
            while !until.load(Ordering::Acquire) {
                let Ok((length, _)) = rustix::net::recv(&socket, frame.as_mut_slice(), RecvFlags::empty()) else {
                    continue;
                };
                if let Some((packet, ports)) = frame.get(..length).and_then(Packet::read)
                    && (packet.is_of_a_client() || (packet.protocol == TCP && ports.contains(&server)))
                {
                    into.lock().unwrap().push(packet);
                }
            }
        };
        let thread = thread::Builder::new().name("ear".into()).spawn(listen).unwrap();
        Some(Self {
            heard,
            stop,
            thread: Some(thread),
        })
    }

    /// Packets from or to a client's own address: direct connections are all that use it.
    fn direct(&self) -> usize {
        let heard = self.heard.lock().unwrap();
        heard.iter().filter(|packet| packet.is_of_a_client()).count()
    }

    /// Waits that long, and gives what was heard of the clients since the beginning.
    fn direct_after(&self, quiet: Duration) -> usize {
        thread::sleep(quiet);
        self.direct()
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

fn only_in_calls(peer: &mut Peer) {
    peer.tell(json!({ "type": "set_settings", "settings": { "direct": "calls" } }));
}

#[test]
fn nobody_hears_an_address_before_a_request_and_a_call_are_accepted_and_then_only_the_other_side() {
    let bed = Bed::new();
    let server = bed.server.url().rsplit(':').next().unwrap().parse().unwrap();
    let Some(ear) = Ear::open(server) else {
        skipped(
            "candidates::nobody_hears_an_address_before_a_request_and_a_call_are_accepted_and_then_only_the_other_side",
            "no right to listen on the loopback interface",
        );
        return;
    };
    let start = |name: &str, at: Ipv4Addr, pitch| {
        let mut options = bed.options(name);
        options.bind = format!("{at}:0");
        let mic = voice(bed.folder.path(), &format!("{name}.wav"), pitch);
        let speaker = bed.folder.path().join(format!("{name}-heard.wav"));
        options.args = ["--mic", mic.to_str().unwrap(), "--speaker", speaker.to_str().unwrap()]
            .map(str::to_owned)
            .to_vec();
        Peer::start(&bed.home(name), &options)
    };
    let (mut ariel, mut rhea) = (start("ariel", ARIEL, 120.0), start("rhea", RHEA, 190.0));
    let (ariel_id, rhea_id) = (ariel.id(), rhea.id());

    // A stranger asks, with the setting that gives most: whoever is a contact and there gets an address.
    for peer in [&mut ariel, &mut rhea] {
        peer.online();
        peer.tell(json!({ "type": "set_settings", "settings": { "direct": "contacts" } }));
    }
    let link = rhea.invite();
    ariel.tell(json!({ "type": "add_contact", "link": link }));
    rhea.wait("the request", |event| {
        (event["type"] == "request_received" && event["peer"] == ariel_id.as_str()).then_some(())
    });
    assert!(
        ariel.ask(json!({ "type": "start_call", "peer": rhea_id })).is_err(),
        "nobody rings a stranger"
    );
    assert_eq!(
        ear.direct_after(QUIET),
        0,
        "an address went out before the request was accepted"
    );

    // A contact rings, and who is rung has not accepted yet.
    only_in_calls(&mut ariel);
    only_in_calls(&mut rhea);
    rhea.tell(json!({ "type": "accept_request", "peer": ariel_id }));
    ariel.wait("the acceptance", |event| {
        (event["type"] == "request_accepted" && event["peer"] == rhea_id.as_str()).then_some(())
    });
    let call = ring(&mut ariel, &mut rhea);
    assert_eq!(
        ear.direct_after(QUIET),
        0,
        "an address went out before the call was accepted"
    );
    rhea.tell(json!({ "type": "decline_call", "call": call }));
    assert_eq!(outcome(&mut ariel, &call), "declined");
    assert_eq!(
        ear.direct_after(QUIET),
        0,
        "an address went out although the call was declined"
    );

    // Accepted, both have each other's; and nobody else is sent anything.
    let call = ring(&mut ariel, &mut rhea);
    rhea.tell(json!({ "type": "accept_call", "call": call }));
    connected(&mut ariel, &call, 1);
    let until = Instant::now() + orrery_tests::DEADLINE;
    while ear.direct() == 0 {
        assert!(
            Instant::now() < until,
            "the call was connected, and nothing was heard of it"
        );
        thread::sleep(Duration::from_millis(50));
    }
    rhea.tell(json!({ "type": "leave_call", "call": call }));
    outcome(&mut ariel, &call);
    ariel.stop();
    rhea.stop();

    let heard = ear.heard.lock().unwrap();
    let (direct, served): (Vec<&Packet>, Vec<&Packet>) = heard.iter().partition(|packet| packet.is_of_a_client());
    for packet in &direct {
        let ends = [packet.from, packet.to];
        assert!(
            [UDP, ICMP].contains(&packet.protocol) && ends.contains(&ARIEL) && ends.contains(&RHEA),
            "a packet of protocol {} from {} to {}",
            packet.protocol,
            packet.from,
            packet.to
        );
    }
    assert!(served.len() > 20, "the connections to the server were heard as well");
    for needle in ["candidate:", "127.77.31", "a=fingerprint", "ice-ufrag"] {
        let found = served.iter().any(|packet| holds(&packet.payload, needle));
        assert!(!found, "`{needle}` stands in what the server is sent");
    }
}
