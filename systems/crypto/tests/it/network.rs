//! Two parties over a network that reorders, loses, repeats and damages, and that restart from what they stored.

use std::collections::BTreeSet;

use orrery_crypto::{AcceptError, DecryptError, Session};
use proptest::prelude::*;
use rand::rngs::ChaCha20Rng;

use crate::people::{Person, rng};

#[derive(Clone, Debug)]
enum Op {
    Send { from: bool },
    Deliver { to: bool, pick: usize },
    Repeat { to: bool, pick: usize },
    Lose { to: bool, pick: usize },
    Damage { to: bool, pick: usize, bit: usize },
    Restart { who: bool },
}

fn op() -> impl Strategy<Value = Op> {
    let pick = any::<usize>();
    prop_oneof![
        6 => any::<bool>().prop_map(|from| Op::Send { from }),
        6 => (any::<bool>(), pick).prop_map(|(to, pick)| Op::Deliver { to, pick }),
        1 => (any::<bool>(), pick).prop_map(|(to, pick)| Op::Repeat { to, pick }),
        1 => (any::<bool>(), pick).prop_map(|(to, pick)| Op::Lose { to, pick }),
        1 => (any::<bool>(), pick, pick).prop_map(|(to, pick, bit)| Op::Damage { to, pick, bit }),
        1 => any::<bool>().prop_map(|who| Op::Restart { who }),
    ]
}

struct Side {
    session: Option<Session>,
    /// On its way here: the plaintext's number and the bytes.
    coming: Vec<(u32, Vec<u8>)>,
    came: Vec<Vec<u8>>,
    read: BTreeSet<u32>,
}

struct World {
    people: [Person; 2],
    sides: [Side; 2],
    sent: u32,
    now: u64,
    rng: ChaCha20Rng,
}

impl World {
    fn new(seed: u64) -> Self {
        let people = [Person::new(seed), Person::new(seed + 1)];
        let session = people[0].start(&people[1], seed.is_multiple_of(2), 0, seed + 2);
        let side = |session| Side {
            session,
            coming: Vec::new(),
            came: Vec::new(),
            read: BTreeSet::new(),
        };
        Self {
            people,
            sides: [side(Some(session)), side(None)],
            sent: 0,
            now: 0,
            rng: rng(seed + 3),
        }
    }

    /// Gives bytes to a side and says what it read.
    fn receive(&mut self, to: usize, bytes: &[u8]) -> Result<Vec<u8>, DecryptError> {
        self.now += 1;
        let before = self.sides[to].session.as_ref().map(|session| session.encode());
        let result = if let Some(session) = &mut self.sides[to].session {
            session.decrypt(bytes, self.now, &mut self.rng)
        } else {
            let (own, other) = (&self.people[to], &self.people[1 - to]);
            let one_time = orrery_crypto::session::peek(bytes)
                .is_ok_and(|peek| matches!(peek, orrery_crypto::Peek::Initial(info) if info.one_time_prekey.is_some()));
            let accepted = Session::accept(
                &own.identity,
                &own.keys(one_time),
                &other.peer(),
                bytes,
                self.now,
                &mut self.rng,
            );
            accepted
                .map(|(session, plaintext)| {
                    self.sides[to].session = Some(session);
                    plaintext
                })
                .map_err(|error| match error {
                    AcceptError::Decrypt(error) => error,
                    _ => DecryptError::BadKey,
                })
        };
        if result.is_err() {
            let after = self.sides[to].session.as_ref().map(|session| session.encode());
            assert_eq!(after, before, "an error changed the state");
        }
        result
    }

    fn deliver(&mut self, to: usize, pick: usize) {
        if self.sides[to].coming.is_empty() {
            return;
        }
        let pick = pick % self.sides[to].coming.len();
        let (number, bytes) = self.sides[to].coming.swap_remove(pick);
        let plaintext = self.receive(to, &bytes).expect("a genuine message within the limits");
        assert_eq!(plaintext, number.to_be_bytes());
        assert!(self.sides[to].read.insert(number), "read twice");
        self.sides[to].came.push(bytes);
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Send { from } => {
                let Some(session) = &mut self.sides[usize::from(from)].session else {
                    return;
                };
                let bytes = session.encrypt(&self.sent.to_be_bytes()).unwrap();
                self.sides[1 - usize::from(from)].coming.push((self.sent, bytes));
                self.sent += 1;
            }
            Op::Deliver { to, pick } => self.deliver(to.into(), pick),
            Op::Repeat { to, pick } => {
                let to = usize::from(to);
                if self.sides[to].came.is_empty() {
                    return;
                }
                let bytes = self.sides[to].came[pick % self.sides[to].came.len()].clone();
                let again = self.receive(to, &bytes).unwrap_err();
                // Beyond five old chains a repeat can only be told to be unreadable.
                assert!(
                    matches!(again, DecryptError::Duplicate | DecryptError::Authentication),
                    "{again:?}"
                );
            }
            Op::Lose { to, pick } => {
                let coming = &mut self.sides[usize::from(to)].coming;
                if !coming.is_empty() {
                    let pick = pick % coming.len();
                    coming.swap_remove(pick);
                }
            }
            Op::Damage { to, pick, bit } => {
                let to = usize::from(to);
                if self.sides[to].coming.is_empty() {
                    return;
                }
                let mut bytes = self.sides[to].coming[pick % self.sides[to].coming.len()].1.clone();
                let bit = bit % (bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert!(self.receive(to, &bytes).is_err());
            }
            Op::Restart { who } => {
                let side = &mut self.sides[usize::from(who)];
                side.session = side
                    .session
                    .take()
                    .map(|session| Session::decode(&session.encode().0).unwrap());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_message_that_arrives_is_read_exactly_once(seed in 0..1000u64, ops in prop::collection::vec(op(), 1..200)) {
        let mut world = World::new(seed);
        for op in ops {
            world.apply(op);
        }
        for to in [1, 0] {
            while !world.sides[to].coming.is_empty() {
                world.deliver(to, 0);
            }
        }
    }
}
