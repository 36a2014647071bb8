//! vodozemac's side.

use std::time::{Duration, Instant};

use vodozemac::{
    Curve25519PublicKey,
    olm::{Account, OlmMessage, Session, SessionConfig},
};

use super::TEXT;

/// Two sessions that know each other.
pub(crate) struct Pair {
    first: Session,
    second: Session,
}

/// A new one-time key of somebody; vodozemac uses each up.
fn one_time(account: &mut Account) -> Curve25519PublicKey {
    account.generate_one_time_keys(1);
    let key = account.one_time_keys().into_values().next().unwrap();
    account.mark_keys_as_published();
    key
}

fn begin(alice: &Account, bob: Curve25519PublicKey, one_time: Curve25519PublicKey) -> (Session, OlmMessage) {
    let mut session = alice
        .create_outbound_session(SessionConfig::version_1(), bob, one_time)
        .unwrap();
    let first = session.encrypt(TEXT).unwrap();
    (session, first)
}

fn answer(bob: &mut Account, alice: Curve25519PublicKey, first: &OlmMessage) -> Session {
    let OlmMessage::PreKey(first) = first else {
        panic!("a first message")
    };
    let created = bob
        .create_inbound_session(SessionConfig::version_1(), alice, first)
        .unwrap();
    assert_eq!(created.plaintext, TEXT);
    created.session
}

impl super::Pair for Pair {
    type Wire = OlmMessage;
    const NAME: &'static str = "vodozemac";

    fn talking() -> Self {
        let (alice, mut bob) = (Account::new(), Account::new());
        let key = one_time(&mut bob);
        let (mut first, message) = begin(&alice, bob.curve25519_key(), key);
        let mut second = answer(&mut bob, alice.curve25519_key(), &message);
        let back = second.encrypt(TEXT).unwrap();
        first.decrypt(&back).unwrap();
        Self { first, second }
    }

    fn encrypt(&mut self, by_first: bool) -> OlmMessage {
        let session = if by_first { &mut self.first } else { &mut self.second };
        session.encrypt(TEXT).unwrap()
    }

    fn decrypt(&mut self, by_first: bool, wire: &OlmMessage) -> Vec<u8> {
        let session = if by_first { &mut self.second } else { &mut self.first };
        session.decrypt(wire).unwrap()
    }

    fn length(wire: &OlmMessage) -> usize {
        wire.clone().to_parts().1.len()
    }

    fn stored(&self) -> usize {
        // What it offers for storage is JSON; the encryption it can put around that is left out.
        serde_json::to_vec(&self.first.pickle()).unwrap().len()
    }

    fn set_up(times: u64) -> Duration {
        let (alice, mut bob) = (Account::new(), Account::new());
        let mut spent = Duration::ZERO;
        for _ in 0..times {
            let key = one_time(&mut bob);
            let start = Instant::now();
            let (session, first) = begin(&alice, bob.curve25519_key(), key);
            std::hint::black_box((session, answer(&mut bob, alice.curve25519_key(), &first)));
            spent += start.elapsed();
        }
        spent
    }

    fn first_message() -> usize {
        let (alice, mut bob) = (Account::new(), Account::new());
        let key = one_time(&mut bob);
        <Self as super::Pair>::length(&begin(&alice, bob.curve25519_key(), key).1)
    }
}
