//! The call itself, on a system that tells what its programs spend.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use orrery_tests::{Peer, PeerOptions, Server, ServerOptions};
use serde_json::{Value, json};

/// What all of them together may take of one core.
const GOAL_CORES: f64 = 1.0;
/// Clock ticks of `/proc` in a second: what Linux has on every machine this runs on (`USER_HZ`).
const TICKS: f64 = 100.0;

/// Measures, prints and writes.
pub(crate) fn run() {
    let number = |name: &str, else_: u64| std::env::var(name).map_or(else_, |text| text.parse().expect("a number"));
    let figures = measure(number("ORRERY_PEERS", 16) as usize, number("ORRERY_SECONDS", 20));
    if let Some(out) = std::env::var_os("OUT") {
        let file = Path::new(&out).join("mesh.json");
        fs::write(&file, serde_json::to_vec_pretty(&figures).unwrap()).unwrap();
        println!("written to {}", file.display());
    }
}

fn measure(count: usize, seconds: u64) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions {
        program: env!("CARGO_BIN_EXE_e2e-server").into(),
        port: 0,
    };
    let server = Server::start(&folder.path().join("server"), &options);
    let mic = folder.path().join("mic.wav");
    voice(&mic);
    let mut peers: Vec<Peer> = (0..count)
        .map(|n| {
            let mut args = vec!["--gauges".to_owned(), "5".to_owned()];
            if n < 2 {
                args.extend(["--mic".to_owned(), mic.to_str().unwrap().to_owned()]);
            }
            let options = PeerOptions {
                program: env!("CARGO_BIN_EXE_e2e-peer").into(),
                name: format!("peer{n}"),
                server: server.url(),
                passphrase: Some("seven planets drift quietly".into()),
                bind: format!("{}:0", address(n)),
                log: None,
                args,
            };
            Peer::start(&folder.path().join(format!("peer{n}")), &options)
        })
        .collect();
    let (first, others) = peers.split_first_mut().unwrap();
    for other in others.iter_mut() {
        first.befriend(other);
    }
    println!("{count} clients are acquainted");
    let (call, joins) = gather(&mut peers);
    let ids: Vec<String> = peers.iter_mut().map(Peer::id).collect();
    for (n, peer) in peers.iter_mut().enumerate() {
        for talker in ids.iter().take(2).filter(|id| **id != ids[n]) {
            hears(peer, talker);
        }
    }
    println!("all of them hear the two who talk");
    let pids: Vec<u32> = peers.iter().map(Peer::pid).collect();
    let ear = ear::Ear::open(count);
    let before = Spent::of(&pids);
    let began = Instant::now();
    // Lines are taken meanwhile, so that no client waits for this one.
    while began.elapsed() < Duration::from_secs(seconds) {
        for peer in &mut peers {
            peer.drain();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let took = began.elapsed().as_secs_f64();
    let spent = Spent::of(&pids).since(&before);
    let sent = ear.map(|ear| ear.stop());
    for (n, peer) in peers.iter_mut().enumerate() {
        for talker in ids.iter().take(2).filter(|id| **id != ids[n]) {
            hears(peer, talker);
        }
    }
    let cores = spent.total / TICKS / took;
    let share = |n: usize| spent.each[n] / TICKS / took * 100.0;
    let talkers = (share(0) + share(1)) / 2.0;
    let listeners = (2..count).map(share).sum::<f64>() / (count.saturating_sub(2)).max(1) as f64;
    let memory: u64 = pids.iter().map(|pid| resident(*pid)).sum();
    println!("processor, all together     {cores:>8.2} cores   (goal {GOAL_CORES})");
    println!("processor, who talks        {talkers:>8.2} % of a core each");
    println!("processor, who listens      {listeners:>8.2} % of a core each");
    println!("memory, all together        {:>8.0} MiB", memory as f64 / 1048576.0);
    let mut by_thread: Vec<_> = spent.threads.iter().collect();
    by_thread.sort_by(|a, b| b.1.total_cmp(a.1));
    for (name, ticks) in by_thread.iter().take(6) {
        println!(
            "    thread {name:16}    {:>8.2} % of a core in all",
            *ticks / TICKS / took * 100.0
        );
    }
    let kbit = |bytes: u64| bytes as f64 * 8.0 / 1000.0 / took;
    let uplink = sent.as_ref().map(|sent| {
        let talks = (kbit(sent[0]) + kbit(sent[1])) / 2.0;
        let listens = sent[2..].iter().map(|bytes| kbit(*bytes)).sum::<f64>() / (count - 2) as f64;
        println!("uplink, who talks           {talks:>8.0} kbit/s, headers of IP and UDP included");
        println!("uplink, who listens         {listens:>8.1} kbit/s");
        json!({ "talker_kbit": talks, "listener_kbit": listens, "each_kbit": sent.iter().map(|b| kbit(*b)).collect::<Vec<_>>() })
    });
    if uplink.is_none() {
        println!("uplink                      not measured: no right to listen on the loopback interface");
    }
    let slowest = joins.iter().max().map_or(0.0, Duration::as_secs_f64);
    println!("the slowest to join had everybody {slowest:.2} s after accepting");
    peers[0].tell(json!({ "type": "leave_call", "call": call }));
    json!({
        "peers": count,
        "seconds": took,
        "cores": cores,
        "goal_cores": GOAL_CORES,
        "talker_percent": talkers,
        "listener_percent": listeners,
        "memory_mib": memory / 1048576,
        "threads_percent": spent.threads.iter().map(|(name, ticks)| (name.clone(), ticks / TICKS / took * 100.0)).collect::<BTreeMap<_, _>>(),
        "uplink": uplink,
        "join_ms": joins.iter().map(|join| join.as_millis() as u64).collect::<Vec<_>>(),
    })
}

/// One after the other joins; the call, and how long each took from accepting to having everybody.
fn gather(peers: &mut [Peer]) -> (String, Vec<Duration>) {
    let (first, others) = peers.split_first_mut().unwrap();
    let mut call = String::new();
    let mut joins = Vec::new();
    for (n, guest) in others.iter_mut().enumerate() {
        let id = guest.id();
        first.tell(if n == 0 {
            json!({ "type": "start_call", "peer": id })
        } else {
            json!({ "type": "add_to_call", "call": call, "peer": id })
        });
        call = guest.wait("the ring", |event| {
            (event["type"] == "call_changed" && event["call"]["phase"] == "incoming")
                .then(|| event["call"]["call"].as_str().unwrap().to_owned())
        });
        let began = Instant::now();
        guest.tell(json!({ "type": "accept_call", "call": call }));
        everybody(guest, &call, n + 1);
        joins.push(began.elapsed());
    }
    let last = others.len();
    for peer in others.iter_mut().rev().skip(1) {
        seen(peer, &call, last);
    }
    (call, joins)
}

fn is_whole(event: &Value, call: &str, others: usize) -> bool {
    let view = &event["call"];
    event["type"] == "call_changed"
        && view["call"] == call
        && view["participants"]
            .as_array()
            .is_some_and(|all| all.len() == others && all.iter().all(|one| one["phase"] == "connected"))
}

fn everybody(peer: &mut Peer, call: &str, others: usize) {
    peer.wait("everybody connected", |event| {
        is_whole(event, call, others).then_some(())
    });
}

fn seen(peer: &mut Peer, call: &str, others: usize) {
    peer.seen_or_wait("everybody connected", |event| {
        is_whole(event, call, others).then_some(())
    });
}

fn hears(peer: &mut Peer, talker: &str) {
    peer.wait("a voice", |event| {
        let gauge = event["speakers"]
            .as_array()?
            .iter()
            .find(|gauge| gauge["peer"] == talker)?;
        (gauge["speaking"] == true && gauge["level"].as_f64() > Some(0.2)).then_some(())
    });
}

/// Ten minutes of syllables.
fn voice(path: &Path) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for n in 0..48_000 * 600 {
        let t = n as f32 / 48_000.0;
        let syllable = (t * 4.0 * std::f32::consts::PI).sin().max(0.0);
        let tone: f32 = (1..6)
            .map(|k| (t * 130.0 * k as f32 * std::f32::consts::TAU).sin() / k as f32)
            .sum();
        writer.write_sample((tone * syllable * 9000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

fn address(n: usize) -> std::net::Ipv4Addr {
    std::net::Ipv4Addr::new(127, 77, 16, n as u8 + 1)
}

/// Processor time in ticks.
struct Spent {
    total: f64,
    each: Vec<f64>,
    threads: BTreeMap<String, f64>,
}

impl Spent {
    fn of(pids: &[u32]) -> Self {
        let ticks = |stat: &str| {
            // Fields 14 and 15, behind a name that may hold blanks.
            let rest = stat.rsplit(')').next().unwrap();
            let fields: Vec<&str> = rest.split_whitespace().collect();
            fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()
        };
        let mut threads = BTreeMap::<String, f64>::new();
        let each: Vec<f64> = pids
            .iter()
            .map(|pid| {
                for task in fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
                    let task = task.unwrap().path();
                    let (Ok(name), Ok(stat)) = (
                        fs::read_to_string(task.join("comm")),
                        fs::read_to_string(task.join("stat")),
                    ) else {
                        continue;
                    };
                    *threads.entry(name.trim().to_owned()).or_default() += ticks(&stat);
                }
                ticks(&fs::read_to_string(format!("/proc/{pid}/stat")).unwrap())
            })
            .collect();
        Self {
            total: each.iter().sum(),
            each,
            threads,
        }
    }

    fn since(mut self, before: &Self) -> Self {
        self.total -= before.total;
        for (now, before) in self.each.iter_mut().zip(&before.each) {
            *now -= before;
        }
        for (name, ticks) in &mut self.threads {
            *ticks -= before.threads.get(name).copied().unwrap_or_default();
        }
        self
    }
}

fn resident(pid: u32) -> u64 {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

mod ear {
    //! Counts what leaves each client's address.

    use std::{
        num::NonZeroU32,
        sync::{
            Arc,
            atomic::{AtomicBool, AtomicU64, Ordering},
        },
        thread::{self, JoinHandle},
        time::Duration,
    };

    use rustix::net::{AddressFamily, Protocol, RecvFlags, SocketType, socket, sockopt};

    /// `ETH_P_IP` as the socket wants it: big-endian.
    const IPV4: u32 = (0x0800_u16.to_be()) as u32;
    const ETHERNET: usize = 14;
    const UDP: u8 = 17;

    pub(super) struct Ear {
        bytes: Arc<Vec<AtomicU64>>,
        stop: Arc<AtomicBool>,
        thread: JoinHandle<()>,
    }

    impl Ear {
        /// `None` without the right to listen.
        pub(super) fn open(count: usize) -> Option<Self> {
            let protocol = NonZeroU32::new(IPV4).map(Protocol::from_raw);
            let socket = socket(AddressFamily::PACKET, SocketType::RAW, protocol).ok()?;
            sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(Duration::from_millis(100))).unwrap();
            let _ = sockopt::set_socket_recv_buffer_size(&socket, 16 << 20);
            let bytes: Arc<Vec<AtomicU64>> = Arc::new((0..count).map(|_| AtomicU64::new(0)).collect());
            let stop = Arc::<AtomicBool>::default();
            let (into, until) = (Arc::clone(&bytes), Arc::clone(&stop));
            let listen = move || {
                let mut frame = vec![0; 70_000];
                while !until.load(Ordering::Acquire) {
                    let Ok((length, _)) = rustix::net::recv(&socket, frame.as_mut_slice(), RecvFlags::empty()) else {
                        continue;
                    };
                    let Some(packet) = frame.get(ETHERNET..length).filter(|ip| ip.len() > 20 && ip[9] == UDP) else {
                        continue;
                    };
                    let from = std::net::Ipv4Addr::new(packet[12], packet[13], packet[14], packet[15]);
                    if let Some(n) = (0..into.len()).find(|n| super::address(*n) == from) {
                        into[n].fetch_add(packet.len() as u64, Ordering::Relaxed);
                    }
                }
            };
            Some(Self {
                bytes,
                stop,
                thread: thread::Builder::new().spawn(listen).unwrap(),
            })
        }

        /// Bytes of each client. On the loopback interface every packet is seen twice: leaving and coming.
        pub(super) fn stop(self) -> Vec<u64> {
            self.stop.store(true, Ordering::Release);
            let _ = self.thread.join();
            self.bytes
                .iter()
                .map(|bytes| bytes.load(Ordering::Relaxed) / 2)
                .collect()
        }
    }
}
