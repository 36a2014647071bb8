//! Somebody between two whole programs who changes the descriptions themselves: every offer, answer and candidate that one
//! side makes is swapped for one of the man in the middle before the core seals it. He ends DTLS on both sides with
//! certificates that both descriptions name, and carries on whatever he is sent. Only the binding is left to notice him.
//!
//! Nobody can do that on the way, because descriptions are sealed; it is what would be if they were not.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use orrery_link::{CallPhase, CallView, DirectState, MessageView, ParticipantPhase};
use orrery_protocol::{ChannelId, ConnectionId, PeerId, record::MessageKind};
use orrery_server::{Server, ServerConfig};
use tokio::sync::Notify;

use super::*;
use crate::{
    MicSource, SoundConfig, SpeakerSink,
    rtc::{Ear, Network, PEER_EVENT_CAPACITY, Transport, WebRtc},
};

/// Counts what the man in the middle hears of anybody.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Ear for Counting {
    fn hear(&self, _: u64, _: u16, _: u32, _: bool, _: &[u8]) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// His connection towards whoever offered, or towards whoever answers, for a connection of theirs.
fn facing(connection: ConnectionId, offerer: bool) -> ConnectionId {
    let mut bytes = connection.0;
    // The last bit says which.
    bytes[15] = (bytes[15] & 0xfe) | u8::from(offerer);
    ConnectionId(bytes)
}

fn across(own: ConnectionId) -> ConnectionId {
    facing(own, own.0[15] & 1 == 0)
}

struct Middle {
    stack: RefCell<WebRtc>,
    events: RefCell<mpsc::Receiver<PeerEvent>>,
    ear: Arc<Counting>,
    told: RefCell<Told>,
    news: Notify,
}

/// What his connections came to, by their ids.
#[derive(Default)]
struct Told {
    described: BTreeMap<ConnectionId, String>,
    gathered: BTreeMap<ConnectionId, Vec<String>>,
    secured: BTreeSet<ConnectionId>,
    /// Who offered, by the connection's id with its last bit cleared.
    offerers: BTreeMap<ConnectionId, usize>,
}

impl Middle {
    fn new() -> Self {
        let (sender, events) = mpsc::channel(PEER_EVENT_CAPACITY);
        let network = Network {
            bind: Some("127.0.0.1:0".into()),
            loopback: true,
            stun: None,
        };
        let ear = Arc::<Counting>::default();
        let stack = WebRtc::new(
            runtime::Handle::current(),
            network,
            sender,
            Arc::<Counting>::clone(&ear),
            Fanout::default(),
        );
        Self {
            stack: stack.into(),
            events: events.into(),
            ear,
            told: RefCell::default(),
            news: Notify::new(),
        }
    }

    /// Takes what his own connections tell, and carries on what comes over them.
    #[expect(clippy::await_holding_refcell_ref, reason = "nobody else takes his events")]
    async fn work(&self) {
        let mut events = self.events.borrow_mut();
        while let Some(event) = events.recv().await {
            let mut stack = self.stack.borrow_mut();
            let mut told = self.told.borrow_mut();
            match event {
                PeerEvent::Described { connection, sdp } => {
                    told.described.insert(connection, sdp);
                }
                PeerEvent::Gathered { connection, lines } => {
                    told.gathered.insert(connection, lines);
                }
                PeerEvent::Secured { connection, .. } => {
                    told.secured.insert(connection);
                    stack.start_sound(connection, 1);
                    stack.send(connection, b"take this for a message".to_vec());
                }
                PeerEvent::Received { connection, message } => {
                    stack.send(across(connection), message);
                }
                _ => {}
            }
            self.news.notify_waiters();
        }
    }

    async fn found<T>(&self, find: impl Fn(&Told) -> Option<T>) -> T {
        loop {
            let news = self.news.notified();
            if let Some(found) = find(&self.told.borrow()) {
                return found;
            }
            news.await;
        }
    }

    /// What the core of one side gets to see instead of what its own stack made.
    async fn swap(&self, event: PeerEvent, side: usize) -> PeerEvent {
        match event {
            PeerEvent::Described { connection, sdp } => {
                let key = facing(connection, false);
                let offerer = *self.told.borrow_mut().offerers.entry(key).or_insert(side);
                let (towards_offerer, towards_answerer) = (facing(connection, true), facing(connection, false));
                let shown = if offerer == side {
                    self.stack.borrow_mut().answer(towards_offerer, sdp);
                    self.stack.borrow_mut().offer(towards_answerer);
                    towards_answerer
                } else {
                    self.stack.borrow_mut().take_answer(towards_answerer, sdp);
                    towards_offerer
                };
                let sdp = self.found(|told| told.described.get(&shown).cloned()).await;
                PeerEvent::Described { connection, sdp }
            }
            PeerEvent::Gathered { connection, lines } => {
                let key = facing(connection, false);
                let offered = self.told.borrow().offerers.get(&key) == Some(&side);
                self.stack
                    .borrow_mut()
                    .add_candidates(facing(connection, offered), lines);
                let shown = facing(connection, !offered);
                let lines = self.found(|told| told.gathered.get(&shown).cloned()).await;
                PeerEvent::Gathered { connection, lines }
            }
            event => event,
        }
    }

    /// How many connections he ended DTLS on both sides of.
    fn between(&self) -> usize {
        let told = self.told.borrow();
        let both = |own: &&ConnectionId| told.secured.contains(&across(**own));
        told.secured.iter().filter(both).count() / 2
    }
}

async fn drive_through(driver: &mut Driver, middle: &Middle, side: usize) {
    let mut timers = Timers::new();
    loop {
        let wake = match driver.wait(&mut timers).await {
            Wake::Peer(event) => Wake::Peer(middle.swap(event, side).await),
            wake => wake,
        };
        if driver.step(wake) == Flow::Stop {
            return;
        }
    }
}

/// Half a minute of a buzz that a gate takes for speech.
fn speech(path: &Path) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for n in 0..48_000 * 30 {
        let t = n as f32 / 48_000.0;
        let voice: f32 = (1..12)
            .map(|k| (t * 150.0 * k as f32 * std::f32::consts::TAU).sin() / k as f32)
            .sum();
        writer.write_sample((voice * 9000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

struct Person {
    app: AppEnd,
    log: Vec<Event>,
    looked: usize,
}

impl Person {
    async fn wait<T>(&mut self, what: &str, find: impl Fn(&Event) -> Option<T>) -> T {
        loop {
            while let Some(event) = self.log.get(self.looked) {
                self.looked += 1;
                if let Some(found) = find(event) {
                    return found;
                }
            }
            let event = tokio::time::timeout(DEADLINE, self.app.next_event()).await;
            let event = event.unwrap_or_else(|_| panic!("no {what} among {:#?}", self.log));
            self.log.push(event.expect("the loop goes on"));
        }
    }

    fn send(&self, command: Command) {
        self.app.send(command).unwrap();
    }

    async fn id(&mut self) -> PeerId {
        self.wait("profile", |event| match event {
            Event::ProfileChanged {
                profile: orrery_link::ProfilePhase::Open(open),
            } => Some(open.peer),
            _ => None,
        })
        .await
    }

    async fn online(&mut self) {
        let online = |event: &Event| {
            let online = orrery_link::ServerPhase::Online;
            matches!(event, Event::ServerChanged { server } if *server == online).then_some(())
        };
        self.wait("server", online).await;
    }

    async fn warned(&mut self) -> PeerId {
        self.wait("warning", |event| match event {
            Event::Notice(Notice::BindingFailed { peer }) => Some(*peer),
            _ => None,
        })
        .await
    }

    /// How often it was warned so far.
    fn warnings(&mut self) -> usize {
        self.log.extend(std::iter::from_fn(|| self.app.try_event()));
        let warning = |event: &&Event| matches!(event, Event::Notice(Notice::BindingFailed { .. }));
        self.log.iter().filter(warning).count()
    }

    /// Nothing of the man in the middle was taken for the other.
    fn was_not_taken_in(&self, texts: &[&str]) {
        let text = |message: &MessageView| match &message.content {
            MessageKind::Text { text } => Some(text.clone()),
            MessageKind::Call { .. } => None,
        };
        let mut read = Vec::new();
        for event in &self.log {
            match event {
                Event::ContactChanged { contact } => assert_ne!(contact.direct, DirectState::Connected),
                Event::CallChanged { call } => assert!(!call.participants.iter().any(is_connected), "{call:?}"),
                Event::MessageReceived { message } => read.extend(text(message)),
                _ => {}
            }
        }
        assert_eq!(read, texts);
    }
}

fn is_connected(participant: &orrery_link::ParticipantView) -> bool {
    participant.phase == ParticipantPhase::Connected
}

fn phase(event: &Event, phase: CallPhase) -> Option<CallView> {
    match event {
        Event::CallChanged { call } if call.phase == phase => Some(call.clone()),
        _ => None,
    }
}

/// Contacts of each other, one with the conversation open: first a direct connection is tried, and then a call.
async fn talk(ada: &mut Person, bob: &mut Person, middle: &Middle) {
    let (ada_id, bob_id) = (ada.id().await, bob.id().await);
    for person in [&mut *ada, &mut *bob] {
        person.online().await;
    }
    ada.send(Command::CreateInvite {});
    let link = ada
        .wait("link", |event| match event {
            Event::InviteCreated { link, .. } => Some(link.clone()),
            _ => None,
        })
        .await;
    bob.send(Command::AddContact { link });
    ada.wait("request", |event| {
        matches!(event, Event::RequestReceived { .. }).then_some(())
    })
    .await;
    ada.send(Command::AcceptRequest { peer: bob_id });
    bob.wait("acceptance", |event| {
        matches!(event, Event::RequestAccepted { .. }).then_some(())
    })
    .await;

    let channel = ChannelId::from(bob_id);
    ada.send(Command::OpenChannel { channel });
    // Whoever is first to hold the other's false proof says so and ends it.
    let warned = tokio::select! {
        peer = ada.warned() => peer == bob_id,
        peer = bob.warned() => peer == ada_id,
    };
    assert!(warned);
    // Whoever warns ends it at once, the other side's DTLS or not; it is tried again and again.
    let between = async {
        while middle.between() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let between = tokio::time::timeout(Duration::from_secs(30), between).await;
    assert!(between.is_ok(), "he was between, and DTLS went up on both sides");
    ada.send(Command::SendText {
        channel,
        text: "not over that".into(),
        reply_to: None,
    });
    bob.wait("the text", |event| {
        matches!(event, Event::MessageReceived { .. }).then_some(())
    })
    .await;
    ada.send(Command::CloseChannel { channel });

    ada.send(Command::StartCall { peer: bob_id });
    let call = bob.wait("ring", |event| phase(event, CallPhase::Incoming)).await.call;
    let (before, said) = (middle.between(), ada.warnings() + bob.warnings());
    bob.send(Command::AcceptCall { call });
    // Until he was between the call as well, and that was said.
    while middle.between() == before || ada.warnings() + bob.warnings() == said {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    ada.send(Command::LeaveCall { call });
    bob.wait("end", |event| matches!(event, Event::CallEnded { .. }).then_some(()))
        .await;
    ada.was_not_taken_in(&[]);
    bob.was_not_taken_in(&["not over that"]);
    assert_eq!(middle.ear.0.load(Ordering::Relaxed), 0, "he heard something");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_rewrites_descriptions_and_ends_dtls_on_both_sides_hears_nothing_gives_nothing_and_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(ServerConfig::local(folder.path().join("server")))
        .await
        .unwrap();
    let mic = folder.path().join("mic.wav");
    speech(&mic);
    let sound = SoundConfig::Files {
        mic: MicSource::Wav {
            path: mic,
            repeat: true,
        },
        speaker: SpeakerSink::Null,
    };
    let (ada, mut ada_driver) = beginning_with(&folder.path().join("ada"), &server.url(), &sound);
    let (bob, mut bob_driver) = beginning_with(&folder.path().join("bob"), &server.url(), &sound);
    let [mut ada, mut bob] = [ada, bob].map(|app| Person {
        app,
        log: Vec::new(),
        looked: 0,
    });
    let middle = Middle::new();
    tokio::select! {
        () = drive_through(&mut ada_driver, &middle, 0) => panic!("Ada's loop ended"),
        () = drive_through(&mut bob_driver, &middle, 1) => panic!("Bob's loop ended"),
        () = middle.work() => panic!("he went away"),
        done = tokio::time::timeout(2 * DEADLINE, talk(&mut ada, &mut bob, &middle)) => done.expect("in time"),
    }
    server.shutdown().await;
}
