//! A world of several cores, their servers and the peer connections between them. Time is virtual and everything random
//! comes from one seed, so a failure repeats.

mod look;
mod server;
mod transport;

use std::{cmp::Reverse, collections::BinaryHeap};

use orrery_core::{Act, Core, CoreError, Fact, Input, Now, Output, Policy, io::DropFailure, testing::MemoryArchive};
use orrery_protocol::{ChannelId, PeerId, invite::Invite, prekey::PrekeyBundle, record::ContactState};
use rand::{RngExt, SeedableRng, rngs::StdRng};

pub use server::Server;
pub use transport::Transport;

pub const SERVER: &str = "ws://127.0.0.1:7000";
const START_WALL_MS: u64 = 1_790_000_000_000;

/// What a network does to what passes through it.
#[derive(Clone, Copy)]
pub struct Net {
    /// Share of deposits and fetches lost on the way there or back.
    pub loss: f64,
    /// Share of deliveries that come twice.
    pub repeat: f64,
    /// Delay of every step, from and to; a wide one reorders.
    pub delay: (u64, u64),
}

pub const CALM: Net = Net {
    loss: 0.0,
    repeat: 0.0,
    delay: (5, 5),
};

pub const ROUGH: Net = Net {
    loss: 0.25,
    repeat: 0.2,
    delay: (5, 900),
};

pub enum Event {
    /// For a core, unless it has been restarted since.
    Core {
        node: usize,
        epoch: u64,
        input: Input,
    },
    Deposit {
        node: usize,
        epoch: u64,
        output: Output,
    },
    Fetch {
        node: usize,
        epoch: u64,
        output: Output,
    },
    /// Of a peer connection.
    Transport(transport::Step),
    /// The home server logs a node in.
    Login {
        node: usize,
        epoch: u64,
    },
}

struct Scheduled {
    at: u64,
    number: u64,
    event: Event,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}
impl Eq for Scheduled {}
impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

pub struct Node {
    pub archive: MemoryArchive,
    pub core: Option<Core>,
    pub id: PeerId,
    pub policy: Policy,
    /// Wants to be logged in.
    pub connected: bool,
    /// Is logged in.
    pub logged_in: bool,
    pub facts: Vec<Fact>,
    pub outputs: Vec<Output>,
    pub sound: Vec<PeerId>,
    pub skew_ms: i64,
    /// So many commits fail from now on.
    pub failing_commits: u32,
    epoch: u64,
    rng: StdRng,
}

pub struct World {
    pub now: u64,
    pub net: Net,
    pub nodes: Vec<Node>,
    pub servers: Vec<Server>,
    pub transport: Transport,
    pub rng: StdRng,
    queue: BinaryHeap<Reverse<Scheduled>>,
    number: u64,
    pub handled: u64,
}

impl World {
    /// So many people with profiles, all online.
    pub fn new(seed: u64, people: usize) -> Self {
        let mut world = Self {
            now: 1000,
            net: CALM,
            nodes: Vec::new(),
            servers: vec![Server::new(SERVER)],
            transport: Transport::default(),
            rng: StdRng::seed_from_u64(seed),
            queue: BinaryHeap::new(),
            number: 0,
            handled: 0,
        };
        for n in 0..people {
            world.add(&format!("P{n}"), Policy::default());
        }
        world.nodes.sort_by_key(|node| node.id);
        for n in 0..people {
            world.start(n);
            world.connect(n);
        }
        world.run_for(100);
        world
    }

    /// As `new`, and everybody is everybody's contact.
    pub fn friends(seed: u64, people: usize) -> Self {
        let mut world = Self::new(seed, people);
        for a in 0..people {
            for b in a + 1..people {
                world.befriend(a, b);
            }
        }
        world.run_for(5000);
        for node in &mut world.nodes {
            node.facts.clear();
            node.outputs.clear();
        }
        world
    }

    fn add(&mut self, name: &str, policy: Policy) {
        let mut rng = StdRng::seed_from_u64(self.rng.random());
        let mut archive = MemoryArchive::default();
        Core::create(&mut archive, name, SERVER, self.clock(0), &mut rng).unwrap();
        let (core, _) = Core::open(&mut archive.clone(), policy, self.clock(0), &mut rng).unwrap();
        self.nodes.push(Node {
            archive,
            id: core.own(),
            core: None,
            policy,
            connected: false,
            logged_in: false,
            facts: Vec::new(),
            outputs: Vec::new(),
            sound: Vec::new(),
            skew_ms: 0,
            failing_commits: 0,
            epoch: 0,
            rng,
        });
    }

    /// A second copy of a profile, as of now; it is not started.
    pub fn copy(&mut self, node: usize) -> usize {
        let rng = StdRng::seed_from_u64(self.rng.random());
        let of = &self.nodes[node];
        let copy = Node {
            archive: of.archive.clone(),
            core: None,
            id: of.id,
            policy: of.policy,
            connected: false,
            logged_in: false,
            facts: Vec::new(),
            outputs: Vec::new(),
            sound: Vec::new(),
            skew_ms: of.skew_ms,
            failing_commits: 0,
            epoch: 0,
            rng,
        };
        self.nodes.push(copy);
        self.nodes.len() - 1
    }

    /// Nobody says anything by itself: no presence, no connections for conversations.
    pub fn hush(&mut self) {
        for node in 0..self.nodes.len() {
            let quiet = Policy {
                presence: false,
                direct: orrery_core::io::Direct::Calls,
                ..Policy::default()
            };
            self.nodes[node].policy = quiet;
            self.act(node, Act::SetPolicy(quiet)).unwrap();
        }
        self.run_for(3000);
    }

    fn clock(&self, skew_ms: i64) -> Now {
        Now {
            wall_ms: (START_WALL_MS + self.now).saturating_add_signed(skew_ms),
            mono_ms: self.now,
        }
    }

    pub fn wall(&self) -> u64 {
        START_WALL_MS + self.now
    }

    // ==== driving ====

    pub fn schedule(&mut self, after: u64, event: Event) {
        self.number += 1;
        self.queue.push(Reverse(Scheduled {
            at: self.now + after,
            number: self.number,
            event,
        }));
    }

    pub fn delay(&mut self) -> u64 {
        self.rng.random_range(self.net.delay.0..=self.net.delay.1)
    }

    pub fn lost(&mut self) -> bool {
        self.net.loss > 0.0 && self.rng.random_bool(self.net.loss)
    }

    pub fn feed_later(&mut self, after: u64, node: usize, input: Input) {
        let epoch = self.nodes[node].epoch;
        self.schedule(after, Event::Core { node, epoch, input });
    }

    /// Runs everything that happens within the next milliseconds.
    pub fn run_for(&mut self, ms: u64) {
        let end = self.now + ms;
        while self.step(end) {}
        self.now = end;
    }

    /// Runs until something is so; panics when it does not come about in ten minutes.
    pub fn until(&mut self, what: &str, mut so: impl FnMut(&Self) -> bool) {
        let end = self.now + 600_000;
        while !so(self) {
            assert!(self.step(end), "never came about: {what}");
        }
    }

    fn step(&mut self, end: u64) -> bool {
        let event_at = self.queue.peek().map(|Reverse(next)| next.at);
        let wake = (0..self.nodes.len())
            .filter_map(|n| Some((self.nodes[n].core.as_ref()?.next_wake()?, n)))
            .min();
        let next = [event_at, wake.map(|(at, _)| at)].into_iter().flatten().min();
        let Some(at) = next.filter(|at| *at <= end) else {
            return false;
        };
        self.handled += 1;
        assert!(self.handled < 3_000_000, "the world does not come to rest");
        self.now = self.now.max(at);
        if event_at == Some(at) {
            let Reverse(next) = self.queue.pop().unwrap();
            self.happen(next.event);
        } else if let Some((_, node)) = wake {
            self.feed(node, Input::Wake);
        }
        true
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Core { node, epoch, input } => {
                if self.nodes[node].epoch == epoch {
                    self.feed(node, input);
                }
            }
            Event::Login { node, epoch } => {
                if self.nodes[node].epoch == epoch && self.nodes[node].connected {
                    self.log_in(node);
                }
            }
            Event::Deposit { node, epoch, output } => self.on_deposit(node, epoch, output),
            Event::Fetch { node, epoch, output } => self.on_fetch(node, epoch, output),
            Event::Transport(step) => self.on_transport(step),
        }
    }

    /// Feeds an input as a driver does: transaction, commit, outputs. A commit that fails is tried again a second later.
    pub fn feed(&mut self, node: usize, input: Input) {
        let is_wake = matches!(input, Input::Wake);
        let again = input.clone();
        if self.try_feed(node, input).is_err() && !is_wake {
            self.feed_later(1000, node, again);
        }
    }

    fn try_feed(&mut self, node: usize, input: Input) -> Result<Result<(), CoreError>, ()> {
        let now = self.clock(self.nodes[node].skew_ms);
        let this = &mut self.nodes[node];
        let Some(core) = this.core.as_mut() else {
            return Ok(Ok(()));
        };
        let mut transaction = this.archive.clone();
        let failing = this.failing_commits > 0;
        match core.handle(&mut transaction, input, now, &mut this.rng) {
            Ok(_) if failing => {
                this.failing_commits -= 1;
                core.rollback();
                Err(())
            }
            Ok(outputs) => {
                this.archive = transaction;
                self.carry_out(node, outputs);
                Ok(Ok(()))
            }
            Err(CoreError::Archive(_)) => Err(()),
            Err(refused) => Ok(Err(refused)),
        }
    }

    pub fn act(&mut self, node: usize, act: Act) -> Result<(), CoreError> {
        loop {
            if let Ok(result) = self.try_feed(node, Input::Act(act.clone())) {
                return result;
            }
        }
    }

    fn carry_out(&mut self, node: usize, outputs: Vec<Output>) {
        let epoch = self.nodes[node].epoch;
        for output in outputs {
            self.nodes[node].outputs.push(output.clone());
            match output {
                Output::Deposit { .. } => {
                    let delay = self.delay();
                    self.schedule(delay, Event::Deposit { node, epoch, output });
                }
                Output::Fetch { .. } => {
                    let delay = self.delay();
                    self.schedule(delay, Event::Fetch { node, epoch, output });
                }
                Output::Ack(ids) => self.on_ack(node, &ids),
                Output::PublishPrekeys {
                    signed,
                    kem,
                    one_time,
                    replace,
                } => self.on_publish(node, signed, kem, one_time, replace),
                Output::SetTokens {
                    delivery,
                    requests,
                    calls,
                    ..
                } => self.on_tokens(node, delivery, requests, calls),
                Output::MoveTo { .. } => {
                    self.disconnect(node);
                    self.connect(node);
                }
                Output::MakeOffer { .. }
                | Output::MakeAnswer { .. }
                | Output::TakeAnswer { .. }
                | Output::AddCandidates { .. }
                | Output::Disconnect { .. }
                | Output::SendDirect { .. } => self.on_connection(node, output),
                Output::StartSound { peer, .. } => {
                    assert!(!self.nodes[node].sound.contains(&peer), "sound started twice");
                    self.nodes[node].sound.push(peer);
                }
                Output::StopSound { peer, .. } => {
                    let before = self.nodes[node].sound.len();
                    self.nodes[node].sound.retain(|with| *with != peer);
                    assert!(self.nodes[node].sound.len() < before, "sound stopped that never ran");
                }
                Output::Fact(fact) => self.nodes[node].facts.push(fact),
                _ => {}
            }
        }
    }

    // ==== coming and going ====

    /// Opens a profile.
    pub fn start(&mut self, node: usize) {
        let now = self.clock(self.nodes[node].skew_ms);
        let this = &mut self.nodes[node];
        let mut transaction = this.archive.clone();
        let (core, outputs) = Core::open(&mut transaction, this.policy, now, &mut this.rng).unwrap();
        this.archive = transaction;
        this.core = Some(core);
        this.epoch += 1;
        self.carry_out(node, outputs);
    }

    /// kill -9.
    pub fn kill(&mut self, node: usize) {
        let this = &mut self.nodes[node];
        this.core = None;
        // Its sounds died with it.
        this.outputs.push(Output::Ring(None));
        this.outputs.push(Output::Controls {
            in_call: false,
            muted: false,
            deafened: false,
        });
        this.epoch += 1;
        this.sound.clear();
        let connected = self.nodes[node].connected;
        self.disconnect(node);
        self.nodes[node].connected = connected;
        self.transport_died(node);
    }

    pub fn restart(&mut self, node: usize) {
        self.kill(node);
        self.start(node);
        if self.nodes[node].connected {
            self.connect(node);
        }
    }

    pub fn connect(&mut self, node: usize) {
        self.nodes[node].connected = true;
        let (epoch, delay) = (self.nodes[node].epoch, self.delay());
        self.schedule(delay, Event::Login { node, epoch });
    }

    pub fn disconnect(&mut self, node: usize) {
        self.nodes[node].connected = false;
        if std::mem::take(&mut self.nodes[node].logged_in) {
            self.feed(node, Input::ServerOffline);
        }
    }

    // ==== what people do ====

    pub fn id(&self, node: usize) -> PeerId {
        self.nodes[node].id
    }

    pub fn channel(&self, node: usize) -> ChannelId {
        self.id(node).into()
    }

    pub fn invite(&mut self, node: usize) -> Invite {
        self.act(node, Act::CreateInvite).unwrap();
        self.nodes[node]
            .facts
            .iter()
            .rev()
            .find_map(|fact| match fact {
                Fact::Invited(invite) => Some(invite.clone()),
                _ => None,
            })
            .unwrap()
    }

    pub fn ask(&mut self, from: usize, to: usize) {
        let invite = self.invite(to);
        self.run_for(50);
        self.act(from, Act::AddContact(invite)).unwrap();
    }

    pub fn befriend(&mut self, from: usize, to: usize) {
        self.ask(from, to);
        let (a, b) = (self.id(from), self.id(to));
        self.until("the request arrives", |w| {
            w.state(to, from) == Some(ContactState::RequestedByThem)
        });
        self.act(to, Act::AcceptRequest(a)).unwrap();
        self.until("the answer arrives", |w| {
            w.state(from, to) == Some(ContactState::Contact)
        });
        let _ = b;
    }

    pub fn send(&mut self, from: usize, to: usize, text: &str) {
        let channel = self.channel(to);
        self.act(
            from,
            Act::SendText {
                channel,
                text: text.into(),
                reply_to: None,
            },
        )
        .unwrap();
    }

    // ==== what is so ====

    pub fn answer(
        &mut self,
        node: usize,
        epoch: u64,
        ticket: u64,
        result: Result<Option<Box<PrekeyBundle>>, DropFailure>,
        is_fetch: bool,
    ) {
        let after = if result == Err(DropFailure::Unreachable) {
            2000
        } else {
            self.delay()
        };
        let input = match (is_fetch, result) {
            (true, Ok(Some(bundle))) => Input::Fetched {
                ticket,
                result: Ok(bundle),
            },
            (true, Err(failure)) => Input::Fetched {
                ticket,
                result: Err(failure),
            },
            (_, result) => Input::Deposited {
                ticket,
                result: result.map(|_| ()),
            },
        };
        self.schedule(after, Event::Core { node, epoch, input });
    }
}
