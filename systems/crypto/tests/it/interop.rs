//! An independent implementation live on the other end: `tests/interop/peer.py`.
//!
//! Needs a Python with `tests/interop/requirements.txt`, named by `ORRERY_INTEROP_PYTHON`; without one the test says so
//! and passes. `ORRERY_INTEROP_OPS` is the number of random operations a run makes.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use orrery_crypto::{
    Identity, OneTimePrekeyPair, Session, VerifiedBundle,
    ratchet::{Header, Ratchet},
    vectors,
};
use orrery_protocol::{
    PeerId,
    prekey::{KemPrekey, OneTimePrekey, PrekeyBundle, SignedPrekey},
};
use rand::{Rng, RngExt, rngs::ChaCha20Rng};
use serde_bytes::{ByteArray, ByteBuf};
use serde_json::{Value, json};

use crate::people::rng;

/// Where the opening of a first message ends: version, kind, opening.
const OPENING: usize = 1620;
const DEFAULT_OPS: usize = 10_000;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_else(|| panic!("no hex: {value}"));
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
        .collect()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    unhex(value).try_into().unwrap()
}

/// The other implementation as a process.
struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    fn start(python: &OsString) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/interop");
        let mut child = Command::new(python)
            .arg("peer.py")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("ORRERY_INTEROP_PYTHON starts");
        let (input, output) = (
            child.stdin.take().unwrap(),
            BufReader::new(child.stdout.take().unwrap()),
        );
        Self { child, input, output }
    }

    fn ask(&mut self, question: Value) -> Value {
        writeln!(self.input, "{question}").unwrap();
        let mut line = String::new();
        assert!(self.output.read_line(&mut line).unwrap() > 0, "the other side ended");
        serde_json::from_str(&line).unwrap()
    }

    fn must(&mut self, question: Value) -> Value {
        let answer = self.ask(question);
        assert!(answer.get("error").is_none(), "{answer}");
        answer
    }

    fn init(&mut self, kem: bool) -> Value {
        self.must(json!({"op": "init", "profile": "gcm-sha256-ed25519id", "kem": kem}))["bundle"].clone()
    }

    fn restart(&mut self) {
        let mut saved = self.must(json!({"op": "save"}));
        saved["op"] = "load".into();
        self.must(saved);
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn python(test: &str) -> Option<OsString> {
    let python = std::env::var_os("ORRERY_INTEROP_PYTHON").filter(|python| !python.is_empty());
    if python.is_none() {
        skipped(
            test,
            "ORRERY_INTEROP_PYTHON names no Python with tests/interop/requirements.txt installed",
        );
    }
    python
}

/// Says so, and where `./dev test` counts what did not run.
fn skipped(test: &str, reason: &str) {
    println!("SKIPPED: {test}: {reason}");
    if let Some(path) = std::env::var_os("ORRERY_SKIPS") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        writeln!(file.unwrap(), "{test}: {reason}").unwrap();
    }
}

fn ops() -> usize {
    std::env::var("ORRERY_INTEROP_OPS")
        .ok()
        .and_then(|ops| ops.parse().ok())
        .unwrap_or(DEFAULT_OPS)
}

/// Our side of a conversation; both forms give and take `header`, `ciphertext` and the plaintext that the ratchet sees.
trait Ours {
    fn send(&mut self, payload: &[u8]) -> (Vec<u8>, Vec<u8>);
    fn read(&mut self, header: &[u8], ciphertext: &[u8], rng: &mut ChaCha20Rng) -> Option<Vec<u8>>;
    /// What the ratchet carries for a payload.
    fn framed(&self, payload: &[u8]) -> Vec<u8>;
    fn restart(&mut self);
}

/// The session as a program uses it, once both sides know it: `version ‖ 2` in front, a 2 inside.
struct OurSession(Session);

impl Ours for OurSession {
    fn send(&mut self, payload: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let message = self.0.encrypt(payload).unwrap();
        assert_eq!(message[..2], [1, 2]);
        (message[2..42].to_vec(), message[42..].to_vec())
    }

    fn read(&mut self, header: &[u8], ciphertext: &[u8], rng: &mut ChaCha20Rng) -> Option<Vec<u8>> {
        self.0.decrypt(&[&[1, 2], header, ciphertext].concat(), 0, rng).ok()
    }

    fn framed(&self, payload: &[u8]) -> Vec<u8> {
        [&[2], payload].concat()
    }

    fn restart(&mut self) {
        self.0 = Session::decode(&self.0.encode().0).unwrap();
    }
}

/// The bare ratchet.
struct OurRatchet(Ratchet);

impl Ours for OurRatchet {
    fn send(&mut self, payload: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let (header, ciphertext) = self.0.encrypt(payload).unwrap();
        (header.to_bytes().to_vec(), ciphertext)
    }

    fn read(&mut self, header: &[u8], ciphertext: &[u8], rng: &mut ChaCha20Rng) -> Option<Vec<u8>> {
        let header = Header::from_bytes(header.try_into().unwrap());
        self.0
            .decrypt(&header, ciphertext, 0, rng)
            .ok()
            .map(|plaintext| plaintext.to_vec())
    }

    fn framed(&self, payload: &[u8]) -> Vec<u8> {
        payload.to_vec()
    }

    fn restart(&mut self) {
        self.0 = Ratchet::from_state(&self.0.to_state()).unwrap();
    }
}

/// Random sends, deliveries out of order, losses, repeats, damage and restarts on both sides.
fn talk(ours: &mut impl Ours, peer: &mut Peer, rng: &mut ChaCha20Rng, ops: usize) {
    let mut to_peer: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = Vec::new();
    let mut to_us: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = Vec::new();
    let mut came: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut read = (0, 0);
    for _ in 0..ops {
        match rng.random_range(0..100) {
            0..22 => {
                let mut payload = vec![0; rng.random_range(0..300)];
                rng.fill_bytes(&mut payload);
                let (header, ciphertext) = ours.send(&payload);
                to_peer.push((header, ciphertext, ours.framed(&payload)));
            }
            22..44 => {
                let mut payload = vec![0; rng.random_range(0..300)];
                rng.fill_bytes(&mut payload);
                let sent = peer.must(json!({"op": "send", "plaintext": hex(&ours.framed(&payload))}));
                to_us.push((unhex(&sent["header"]), unhex(&sent["ciphertext"]), payload));
            }
            44..66 if !to_peer.is_empty() => {
                let (header, ciphertext, framed) = to_peer.swap_remove(rng.random_range(0..to_peer.len()));
                let message = json!({"op": "recv", "header": hex(&header), "ciphertext": hex(&ciphertext)});
                assert_eq!(unhex(&peer.must(message)["plaintext"]), framed);
                read.0 += 1;
            }
            66..88 if !to_us.is_empty() => {
                let (header, ciphertext, payload) = to_us.swap_remove(rng.random_range(0..to_us.len()));
                assert_eq!(ours.read(&header, &ciphertext, rng), Some(payload));
                came.push((header, ciphertext));
                read.1 += 1;
            }
            88..90 if !to_us.is_empty() => drop(to_us.swap_remove(rng.random_range(0..to_us.len()))),
            90..92 if !to_peer.is_empty() => drop(to_peer.swap_remove(rng.random_range(0..to_peer.len()))),
            92..94 if !came.is_empty() => {
                let (header, ciphertext) = &came[rng.random_range(0..came.len())];
                assert_eq!(ours.read(header, ciphertext, rng), None, "read twice");
            }
            94..96 if !to_us.is_empty() => {
                let (header, ciphertext, _) = &to_us[rng.random_range(0..to_us.len())];
                let mut bad = [header.as_slice(), ciphertext].concat();
                let bit = rng.random_range(0..bad.len() * 8);
                bad[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(ours.read(&bad[..40], &bad[40..], rng), None, "read a damaged message");
            }
            96..98 => ours.restart(),
            98.. => peer.restart(),
            _ => {}
        }
    }
    assert!(
        read.0 > ops / 20 && read.1 > ops / 20,
        "{read:?} messages are no conversation"
    );
}

#[test]
fn a_session_of_ours_and_the_independent_implementation_understand_each_other() {
    let Some(python) = python("a_session_of_ours_and_the_independent_implementation_understand_each_other") else {
        return;
    };
    let mut rng = rng(1);
    let mut peer = Peer::start(&python);
    let theirs = peer.init(true);
    let own = Identity::generate(&mut rng);
    let other = PeerId(array(&theirs["identity_key"]));
    let one_time = array(&theirs["pre_keys"][0]);
    let bundle = PrekeyBundle {
        peer: other,
        signed: SignedPrekey {
            id: 1,
            key: ByteArray::new(array(&theirs["signed_pre_key"])),
            signature: ByteArray::new(array(&theirs["signed_pre_key_sig"])),
        },
        kem: KemPrekey {
            id: 2,
            key: ByteBuf::from(unhex(&theirs["kem_pre_key"])),
            signature: ByteArray::new(array(&theirs["kem_pre_key_sig"])),
        },
        one_time: Some(OneTimePrekey {
            id: 3,
            key: ByteArray::new(one_time),
        }),
    };
    let verified = VerifiedBundle::verify(&own.peer_id(), &other, &bundle).unwrap();
    let mut session = Session::start(&own, &verified, 0, &mut rng).unwrap();
    let first = session.encrypt(b"hello").unwrap();
    let (opening, message) = first.split_at(OPENING);
    let accepted = peer.must(json!({
        "op": "accept",
        "x3dh": {
            "identity_key": hex(own.peer_id().as_bytes()),
            "ephemeral_key": hex(&opening[3..35]),
            "signed_pre_key": theirs["signed_pre_key"],
            "pre_key": hex(&one_time),
            "kem_ciphertext": hex(&opening[OPENING - 1568..]),
        },
        "header": hex(&message[..40]),
        "ciphertext": hex(&message[40..]),
    }));
    let plaintext = unhex(&accepted["plaintext"]);
    assert_eq!(
        (plaintext[0], plaintext.len(), &plaintext[33..]),
        (1, 38, &b"hello"[..])
    );
    let answer = peer.must(json!({"op": "send", "plaintext": hex(b"\x02hello too")}));
    let answer = [&[1, 2][..], &unhex(&answer["header"]), &unhex(&answer["ciphertext"])].concat();
    assert_eq!(session.decrypt(&answer, 0, &mut rng).unwrap(), b"hello too");
    talk(&mut OurSession(session), &mut peer, &mut rng, ops());
}

/// The other side starts; with a KEM it is our profile, without it checks the part that older tools share.
fn they_start(python: &OsString, kem: bool, seed: u64) {
    let mut rng = rng(seed);
    let mut peer = Peer::start(python);
    peer.init(kem);
    let own = Identity::generate(&mut rng);
    let mut draw = || rng.random::<[u8; 32]>();
    let (signed_secret, one_time_secret) = (draw(), draw());
    let mut kem_seed = [0; 64];
    rng.fill_bytes(&mut kem_seed);
    let signed = public(signed_secret);
    let one_time = public(one_time_secret);
    let mut bundle = json!({
        "identity_key": hex(own.peer_id().as_bytes()),
        "signed_pre_key": hex(&signed),
        "signed_pre_key_sig": hex(&own.sign(&[&[5], signed.as_slice()].concat())),
        "pre_keys": [hex(&one_time)],
    });
    if kem {
        let key = vectors::kem_public(&kem_seed);
        bundle["kem_pre_key"] = hex(&key).into();
        bundle["kem_pre_key_sig"] = hex(&own.sign(&[&[10], key.as_slice()].concat())).into();
    }
    let started = peer.must(json!({"op": "start", "bundle": bundle, "plaintext": hex(b"hello")}));
    let x3dh = &started["x3dh"];
    assert_eq!(x3dh["pre_key"], hex(&one_time));
    let ciphertext = kem.then(|| array(&x3dh["kem_ciphertext"]));
    let agreed = vectors::respond(
        &own,
        &PeerId(array(&x3dh["identity_key"])),
        signed_secret,
        Some(one_time_secret),
        &array(&x3dh["ephemeral_key"]),
        ciphertext.as_ref().map(|ciphertext| (&kem_seed, ciphertext)),
    )
    .unwrap();
    let (ratchet, plaintext) = Ratchet::respond(
        &agreed.secret,
        &agreed.associated_data,
        &signed_secret.into(),
        &Header::from_bytes(&array(&started["header"])),
        &unhex(&started["ciphertext"]),
        0,
        &mut rng,
    )
    .unwrap();
    assert_eq!(plaintext.as_slice(), b"hello");
    talk(&mut OurRatchet(ratchet), &mut peer, &mut rng, ops() / 2);
}

fn public(secret: [u8; 32]) -> [u8; 32] {
    x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(secret)).to_bytes()
}

#[test]
fn the_independent_implementation_starts_with_a_kem() {
    if let Some(python) = python("the_independent_implementation_starts_with_a_kem") {
        they_start(&python, true, 2);
    }
}

#[test]
fn the_independent_implementation_starts_without_a_kem() {
    if let Some(python) = python("the_independent_implementation_starts_without_a_kem") {
        they_start(&python, false, 3);
    }
}

#[test]
fn a_bundle_of_ours_with_a_forged_signature_is_refused_there_as_well() {
    let Some(python) = python("a_bundle_of_ours_with_a_forged_signature_is_refused_there_as_well") else {
        return;
    };
    let mut rng = rng(4);
    let mut peer = Peer::start(&python);
    peer.init(true);
    let own = Identity::generate(&mut rng);
    let signed = *OneTimePrekeyPair::generate(1, &mut rng).public().key;
    // Signed without its type byte.
    let bundle = json!({
        "identity_key": hex(own.peer_id().as_bytes()),
        "signed_pre_key": hex(&signed),
        "signed_pre_key_sig": hex(&own.sign(&signed)),
        "pre_keys": [],
    });
    assert!(
        peer.ask(json!({"op": "start", "bundle": bundle, "plaintext": ""}))
            .get("error")
            .is_some()
    );
}
