//! First messages made by hand, by somebody who has every key but one.

use hkdf::Hkdf;
use ml_kem::{Key, kem::Encapsulate, ml_kem_1024::EncapsulationKey};
use orrery_crypto::{AcceptError, DecryptError, Identity, Session, identity::x25519_of, ratchet::Ratchet};
use orrery_protocol::PeerId;
use sha2::{Digest, Sha256};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::people::{Person, rng};

/// The X25519 half of an identity whose secret somebody holds.
fn agreement(identity: &Identity) -> StaticSecret {
    let stored = identity.to_bytes();
    let seed: [u8; 32] = stored.0[1..33].try_into().unwrap();
    StaticSecret::from(ed25519_dalek::SigningKey::from_bytes(&seed).to_scalar_bytes())
}

fn dh(secret: &StaticSecret, public: &[u8; 32]) -> [u8; 32] {
    secret.diffie_hellman(&PublicKey::from(*public)).to_bytes()
}

/// A whole first message for `to`, made with whatever its maker takes for DH1. `names` are the two ids
/// as they stand in the associated data.
fn by_hand(to: &Person, one_time: bool, dh1: [u8; 32], names: [PeerId; 2], words: &[u8]) -> Vec<u8> {
    let mut rng = rng(70);
    let ephemeral = StaticSecret::from([3; 32]);
    let bundle = to.bundle(one_time);
    let key: &Key<EncapsulationKey> = bundle.kem.key.as_slice().try_into().unwrap();
    let (kem_ciphertext, kem_secret) = EncapsulationKey::new(key).unwrap().encapsulate_with_rng(&mut rng);

    let mut ikm = [[0xff; 32], dh1].concat();
    ikm.extend(dh(&ephemeral, &x25519_of(&to.peer()).unwrap()));
    ikm.extend(dh(&ephemeral, &bundle.signed.key));
    if let Some(one_time) = &bundle.one_time {
        ikm.extend(dh(&ephemeral, &one_time.key));
    }
    ikm.extend_from_slice(&kem_secret);
    let mut secret = [0; 32];
    Hkdf::<Sha256>::new(Some(&[0; 32]), &ikm)
        .expand(b"Orrery_PQXDH_25519_MLKEM1024_SHA256_v1", &mut secret)
        .unwrap();
    let kem_hash = Sha256::digest([&[0x0a][..], bundle.kem.key.as_slice()].concat());
    let ad = [&[0xed][..], &names[0].0, &[0xed], &names[1].0, &[2], &kem_hash].concat();

    let opening = [
        &[1, 1, 2][..],
        PublicKey::from(&ephemeral).as_bytes(),
        &bundle.signed.id.to_be_bytes(),
        &bundle.kem.id.to_be_bytes(),
        &[u8::from(one_time)],
        &bundle.one_time.map_or(0, |key| key.id).to_be_bytes(),
        &0u32.to_be_bytes(),
        &kem_ciphertext,
    ]
    .concat();
    let mut ratchet = Ratchet::initiate(&secret, &ad, *bundle.signed.key, &mut rng).unwrap();
    let inside = [&[1][..], &Sha256::digest(&opening), words].concat();
    let (header, ciphertext) = ratchet.encrypt(&inside).unwrap();
    [&opening[..], &header.to_bytes(), &ciphertext].concat()
}

fn accept(to: &Person, one_time: bool, from: PeerId, message: &[u8]) -> Result<Vec<u8>, AcceptError> {
    Session::accept(&to.identity, &to.keys(one_time), &from, message, 0, &mut rng(71)).map(|(_, words)| words)
}

#[test]
fn with_the_identity_of_its_reader_in_hand_nobody_writes_in_anothers_name() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let (a, b) = (agreement(&alice.identity), agreement(&bob.identity));
    let of_alice = x25519_of(&alice.peer()).unwrap();
    let signed = *bob.bundle(false).signed.key;
    let names = [alice.peer(), bob.peer()];
    for one_time in [true, false] {
        // With Alice's own secret this is a message like any other, so it is the missing key that decides below.
        let honest = by_hand(&bob, one_time, dh(&a, &signed), names, b"by Alice");
        assert_eq!(accept(&bob, one_time, alice.peer(), &honest).unwrap(), b"by Alice");
        // Mallory has Bob's identity, but neither Alice's nor the signed prekey's secret: DH1 is beyond reach. What can
        // be computed instead:
        let other = StaticSecret::from([3; 32]);
        for guess in [
            dh(&b, &of_alice),
            dh(&b, &signed),
            dh(&other, &signed),
            dh(&other, &of_alice),
            [0; 32],
            signed,
        ] {
            let forged = by_hand(&bob, one_time, guess, names, b"by Alice?");
            assert_eq!(
                accept(&bob, one_time, alice.peer(), &forged),
                Err(AcceptError::Decrypt(DecryptError::Authentication))
            );
        }
    }
}

#[test]
fn who_holds_the_signed_prekey_can_write_in_anybodys_name() {
    // What PQXDH cannot prevent, written down: whoever holds the secret of Bob's signed prekey can compute DH1 of anybody
    // who writes to Bob. That key is renewed weekly; an identity is not.
    let (alice, bob) = (Person::new(1), Person::new(2));
    let names = [alice.peer(), bob.peer()];
    let secret = signed_secret(&bob);
    let dh1 = dh(&secret, &x25519_of(&alice.peer()).unwrap());
    let forged = by_hand(&bob, false, dh1, names, b"by nobody");
    assert_eq!(accept(&bob, false, alice.peer(), &forged).unwrap(), b"by nobody");
}

fn signed_secret(person: &Person) -> StaticSecret {
    let stored = person.signed.encode();
    let public = *person.bundle(false).signed.key;
    (0..stored.0.len() - 32)
        .map(|at| StaticSecret::from(<[u8; 32]>::try_from(&stored.0[at..at + 32]).unwrap()))
        .find(|secret| PublicKey::from(secret).as_bytes() == &public)
        .unwrap()
}

#[test]
fn identities_swapped_or_exchanged_in_the_associated_data_are_inert() {
    let (alice, bob, carol) = (Person::new(1), Person::new(2), Person::new(3));
    let dh1 = dh(&agreement(&alice.identity), &bob.bundle(false).signed.key);
    let names = [alice.peer(), bob.peer()];
    assert!(accept(&bob, true, alice.peer(), &by_hand(&bob, true, dh1, names, b"x")).is_ok());
    for names in [
        [bob.peer(), alice.peer()],
        [alice.peer(), alice.peer()],
        [bob.peer(), bob.peer()],
        [carol.peer(), bob.peer()],
        [alice.peer(), carol.peer()],
    ] {
        // Made with every right secret, so that nothing but the names is wrong.
        let message = by_hand(&bob, true, dh1, names, b"x");
        assert_eq!(
            accept(&bob, true, alice.peer(), &message),
            Err(AcceptError::Decrypt(DecryptError::Authentication))
        );
    }
}
