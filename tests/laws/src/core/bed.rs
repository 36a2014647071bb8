//! Bob with a core and an archive, who knows Alice; Alice and Mallory can say in real sessions whatever they like.

use std::{collections::VecDeque, sync::OnceLock};

use orrery_core::{Act, Core, Fact, Input, Now, Output, Policy, testing::MemoryArchive};
use orrery_crypto::{Identity, SealKind, Session, VerifiedBundle, seal, session::select_active};
use orrery_protocol::{PeerId, archive::Archive, prekey::PrekeyBundle, record::SessionRecord};

use crate::people::{NOW_MS, rng};

const SERVER: &str = "wss://orrery.example";

/// Where the world stands before any law.
pub(crate) struct Base {
    pub(crate) bob: MemoryArchive,
    pub(crate) bob_id: PeerId,
    pub(crate) alice_id: PeerId,
    /// Alice's stored session with Bob.
    alice: Vec<u8>,
    pub(crate) mallory_id: PeerId,
    /// Mallory's stored session with Bob, of which Bob has never heard.
    mallory: Vec<u8>,
}

/// One core while the world is made.
struct Side {
    archive: MemoryArchive,
    core: Core,
    bundle: Option<PrekeyBundle>,
    facts: Vec<Fact>,
}

fn now(mono_ms: u64) -> Now {
    Now {
        wall_ms: NOW_MS + mono_ms,
        mono_ms,
    }
}

impl Side {
    fn new(name: &str, seed: u64) -> Self {
        let mut archive = MemoryArchive::default();
        let mut rng = rng(seed);
        Core::create(&mut archive, name, SERVER, now(0), &mut rng).unwrap();
        let (core, _) = Core::open(&mut archive, Policy::default(), now(0), &mut rng).unwrap();
        Self {
            archive,
            core,
            bundle: None,
            facts: Vec::new(),
        }
    }
}

/// Carries everything between the two until nothing is under way.
fn run(sides: &mut [Side; 2], at: usize, input: Input, mono_ms: u64) {
    let mut queue = VecDeque::from([(at, input)]);
    let mut seed = mono_ms * 1000;
    while let Some((at, input)) = queue.pop_front() {
        seed += 1;
        let other = sides[1 - at].core.own();
        let fetched = sides[1 - at].bundle.clone();
        let side = &mut sides[at];
        let outputs = side
            .core
            .handle(&mut side.archive, input, now(mono_ms), &mut rng(seed))
            .unwrap();
        for output in outputs {
            match output {
                Output::PublishPrekeys {
                    signed, kem, one_time, ..
                } => {
                    side.bundle = Some(PrekeyBundle {
                        peer: side.core.own(),
                        signed,
                        kem,
                        one_time: one_time.into_iter().next(),
                    });
                    queue.push_back((at, Input::PrekeysStored));
                }
                Output::Fetch { ticket, peer, .. } => {
                    assert_eq!(peer, other);
                    let result = Ok(Box::new(fetched.clone().unwrap()));
                    queue.push_back((at, Input::Fetched { ticket, result }));
                }
                Output::Deposit { ticket, envelope, .. } => {
                    queue.push_back((1 - at, Input::Delivered { id: None, envelope }));
                    queue.push_back((at, Input::Deposited { ticket, result: Ok(()) }));
                }
                Output::Fact(fact) => side.facts.push(fact),
                _ => {}
            }
        }
    }
}

pub(crate) fn base() -> &'static Base {
    static BASE: OnceLock<Base> = OnceLock::new();
    BASE.get_or_init(|| {
        let mut sides = [Side::new("Alice", 21), Side::new("Bob", 22)];
        for at in 0..2 {
            let online = Input::ServerOnline {
                one_time_left: 0,
                has_prekeys: false,
                time_ms: NOW_MS,
            };
            run(&mut sides, at, online, 1);
        }
        run(&mut sides, 0, Input::Act(Act::CreateInvite), 2);
        let invite = sides[0].facts.iter().find_map(|fact| match fact {
            Fact::Invited(invite) => Some(invite.clone()),
            _ => None,
        });
        let [alice, bob] = [sides[0].core.own(), sides[1].core.own()];
        run(&mut sides, 1, Input::Act(Act::AddContact(invite.unwrap())), 3);
        run(&mut sides, 0, Input::Act(Act::AcceptRequest(bob)), 4);
        let words = [
            (0, bob, "hello"),
            (1, alice, "good day"),
            (0, bob, "and how are you"),
            (1, alice, "well"),
        ];
        for (mono_ms, (at, to, text)) in (5..).zip(words) {
            let send = Act::SendText {
                channel: to.into(),
                text: text.into(),
                reply_to: None,
            };
            run(&mut sides, at, Input::Act(send), mono_ms);
        }
        for mono_ms in [2000, 4000, 6000] {
            run(&mut sides, 0, Input::Wake, mono_ms);
            run(&mut sides, 1, Input::Wake, mono_ms);
        }
        let mallory = Identity::generate(&mut rng(23));
        let bundle = sides[1].bundle.clone().unwrap();
        let verified = VerifiedBundle::verify(&mallory.peer_id(), &bob, &bundle).unwrap();
        let session = Session::start(&mallory, &verified, 0, &mut rng(24)).unwrap();
        let [mut a, b] = sides;
        assert_eq!(b.archive.history(&alice.into()).len(), 4);
        let row = active(&a.archive.sessions(&bob).unwrap());
        Base {
            bob: b.archive,
            bob_id: bob,
            alice_id: alice,
            alice: row,
            mallory_id: mallory.peer_id(),
            mallory: session.encode().0.clone(),
        }
    })
}

fn active(rows: &[SessionRecord]) -> Vec<u8> {
    let id = select_active(rows.iter().map(|row| (row.generation, row.id))).unwrap();
    rows.iter().find(|row| row.id == id).unwrap().state.0.clone()
}

/// Bob's core, fresh from the base, and the sessions of those who write to him.
pub(crate) struct Bed {
    pub(crate) archive: MemoryArchive,
    core: Core,
    alice: Session,
    mallory: Session,
    pub(crate) mono_ms: u64,
    seed: u64,
    /// Everything that Bob's core asked for.
    pub(crate) outputs: Vec<Output>,
}

impl Bed {
    pub(crate) fn new() -> Self {
        let base = base();
        let mut archive = base.bob.clone();
        let (core, _) = Core::open(&mut archive, Policy::default(), now(10_000), &mut rng(30)).unwrap();
        let mut bed = Self {
            archive,
            core,
            alice: Session::decode(&base.alice).unwrap(),
            mallory: Session::decode(&base.mallory).unwrap(),
            mono_ms: 10_000,
            seed: 31,
            outputs: Vec::new(),
        };
        bed.feed(Input::ServerOnline {
            one_time_left: 99,
            has_prekeys: true,
            time_ms: NOW_MS + 10_000,
        });
        bed.outputs.clear();
        bed
    }

    /// Gives the core an input as its driver does: what fails has changed nothing.
    pub(crate) fn feed(&mut self, input: Input) {
        self.seed += 1;
        let before = self.archive.clone();
        match self
            .core
            .handle(&mut self.archive, input, now(self.mono_ms), &mut rng(self.seed))
        {
            Ok(outputs) => self.outputs.extend(outputs),
            Err(_) => self.archive = before,
        }
    }

    /// Runs what is due until then.
    pub(crate) fn wait(&mut self, ms: u64) {
        self.mono_ms += ms;
        if self.core.next_wake().is_some_and(|due| due <= self.mono_ms) {
            self.feed(Input::Wake);
        }
    }

    /// The envelope in which one of them says these bytes.
    pub(crate) fn says(&mut self, stranger: bool, plaintext: &[u8]) -> Option<Vec<u8>> {
        let base = base();
        self.seed += 1;
        let (session, from) = if stranger {
            (&mut self.mallory, base.mallory_id)
        } else {
            (&mut self.alice, base.alice_id)
        };
        let message = session.encrypt(plaintext).ok()?;
        seal::seal(&from, &base.bob_id, SealKind::Ratchet, &message, &mut rng(self.seed)).ok()
    }
}
