//! Goes through recorded scenarios and compares every value they hold with ours.

use std::{convert::Infallible, fmt::Debug};

use orrery_crypto::{
    DecryptError, Identity, identity,
    ratchet::{Header, Ratchet},
    vectors,
};
use orrery_protocol::PeerId;
use rand::{TryCryptoRng, TryRng};
use serde::{Deserialize, Deserializer, de::Error};

/// Bytes that the file writes as hex.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hex(Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits: Vec<u8> = text
            .chars()
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()
            .ok_or_else(|| D::Error::custom("not hex"))?;
        let (pairs, []) = digits.as_chunks::<2>() else {
            return Err(D::Error::custom("odd number of digits"));
        };
        Ok(Self(pairs.iter().map(|[high, low]| high << 4 | low).collect()))
    }
}

impl Hex {
    fn array<const N: usize>(&self) -> Result<[u8; N], String> {
        self.0
            .as_slice()
            .try_into()
            .map_err(|_| format!("{} bytes instead of {N}", self.0.len()))
    }
}

#[derive(Deserialize)]
struct File {
    vectors: Vec<Scenario>,
}

#[derive(Deserialize)]
struct Scenario {
    one_time_prekey: bool,
    kem_prekey: bool,
    x3dh: X3dh,
    pqxdh: Option<Pqxdh>,
    steps: Vec<Step>,
    ratchet_privs: Privs,
    final_state: FinalStates,
}

#[derive(Deserialize)]
struct X3dh {
    alice_identity_secret: Hex,
    bob_identity_secret: Hex,
    alice_identity_public: Hex,
    bob_identity_public: Hex,
    alice_identity_x25519_public: Hex,
    bob_identity_x25519_public: Hex,
    alice_ephemeral_priv: Hex,
    alice_ephemeral_public: Hex,
    bob_signed_prekey_priv: Hex,
    bob_signed_prekey_public: Hex,
    bob_signed_prekey_signature: Hex,
    bob_signed_prekey_signed_bytes: Hex,
    bob_one_time_prekey_priv: Option<Hex>,
    bob_one_time_prekey_public: Option<Hex>,
    dh1: Hex,
    dh2: Hex,
    dh3: Hex,
    dh4: Option<Hex>,
    shared_secret: Hex,
    associated_data: Hex,
}

#[derive(Deserialize)]
struct Pqxdh {
    bob_kem_prekey_seed: Hex,
    bob_kem_prekey_public: Hex,
    bob_kem_prekey_signed_bytes: Hex,
    bob_kem_prekey_signature: Hex,
    kem_ciphertext: Hex,
    kem_shared_secret: Hex,
    shared_secret: Hex,
}

#[derive(Deserialize)]
struct Step {
    op: String,
    by: String,
    msg: String,
    plaintext: Option<Hex>,
    header: Hex,
    ciphertext: Hex,
    result: Option<String>,
    aad: Option<Hex>,
    message_key: Option<Hex>,
    aead_keys: Option<AeadKeys>,
    #[serde(default)]
    new_ratchet_privs: Vec<Hex>,
    skipped_stored: Option<usize>,
    associated_data_override: Option<Hex>,
    kdf_trace: Vec<Trace>,
}

#[derive(Deserialize)]
struct AeadKeys {
    aead_key: Hex,
    aead_nonce: Hex,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Trace {
    RootKdf {
        root_key_in: Hex,
        dh_out: Hex,
        root_key_out: Hex,
        chain_key_out: Hex,
    },
    ChainKdf {
        chain_key_in: Hex,
        chain_key_out: Hex,
        message_key: Hex,
    },
}

#[derive(Deserialize)]
struct Privs {
    alice: Vec<Hex>,
}

#[derive(Deserialize)]
struct FinalStates {
    alice: FinalState,
    bob: FinalState,
}

#[derive(Deserialize)]
struct FinalState {
    own_ratchet_priv: Hex,
    other_ratchet_pub: Hex,
    root_key: Hex,
    sending: ChainState,
    receiving: Option<ChainState>,
    pn: Option<u32>,
    skipped: Vec<SkippedState>,
}

#[derive(Deserialize)]
struct ChainState {
    n: u32,
    key: Hex,
}

#[derive(Deserialize)]
struct SkippedState {
    ratchet_pub: Hex,
    n: u32,
    message_key: Hex,
}

/// What a replay found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Scenarios replayed.
    pub(crate) scenarios: usize,
    /// Steps replayed.
    pub(crate) steps: usize,
    /// Every value that differs.
    pub(crate) mismatches: Vec<String>,
}

impl Report {
    fn check<T: PartialEq + Debug>(&mut self, place: &str, what: &str, ours: T, theirs: T) {
        if ours != theirs {
            self.mismatches
                .push(format!("{place}: {what}: {ours:02x?} instead of {theirs:02x?}"));
        }
    }
}

/// The ratchet keys that the other implementation drew, and how often more were wanted.
struct Recorded {
    left: Vec<[u8; 32]>,
    over: usize,
}

impl TryRng for Recorded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.over += 1;
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.over += 1;
        Ok(0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        match self.left.pop() {
            Some(drawn) if drawn.len() == bytes.len() => bytes.copy_from_slice(&drawn),
            _ => self.over += 1,
        }
        Ok(())
    }
}

impl TryCryptoRng for Recorded {}

/// Replays a file of vectors.
///
/// # Errors
/// Words about a file that cannot be read as vectors. Values that differ are no error but in the report.
pub(crate) fn replay(json: &str) -> Result<Report, String> {
    let file: File = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let mut report = Report::default();
    for scenario in &file.vectors {
        let place = format!("one-time {}, KEM {}", scenario.one_time_prekey, scenario.kem_prekey);
        run(scenario, &place, &mut report)?;
        report.scenarios += 1;
    }
    Ok(report)
}

fn run(scenario: &Scenario, place: &str, report: &mut Report) -> Result<(), String> {
    let x = &scenario.x3dh;
    let agreed = handshake(scenario, place, report)?;
    let signed: [u8; 32] = x.bob_signed_prekey_priv.array()?;
    let (mut alice, mut bob): (Option<Ratchet>, Option<Ratchet>) = (None, None);

    for (number, step) in scenario.steps.iter().enumerate() {
        let place = format!("{place}, step {number} ({} {} {})", step.by, step.op, step.msg);
        report.steps += 1;
        trace(step, &place, report)?;
        let party = if step.by == "alice" { &mut alice } else { &mut bob };
        let header = Header::from_bytes(&step.header.array()?);
        if step.op == "send" {
            let plaintext = step.plaintext.as_ref().ok_or("a send without plaintext")?;
            if party.is_none() {
                let first = scenario.ratchet_privs.alice.first().ok_or("no ratchet key")?.array()?;
                let mut rng = Recorded {
                    left: vec![first],
                    over: 0,
                };
                let started = Ratchet::initiate(
                    &agreed.secret,
                    &agreed.associated_data,
                    x.bob_signed_prekey_public.array()?,
                    &mut rng,
                );
                *party = Some(started.map_err(|error| error.to_string())?);
            }
            let ratchet = party.as_mut().ok_or("nobody sends")?;
            let (ours, ciphertext) = ratchet.encrypt(&plaintext.0).map_err(|error| error.to_string())?;
            report.check(&place, "header", ours, header);
            report.check(&place, "ciphertext", Hex(ciphertext), step.ciphertext.clone());
            if let Some(aad) = &step.aad {
                let len = u32::try_from(agreed.associated_data.len()).map_err(|error| error.to_string())?;
                let ours = [&len.to_be_bytes(), agreed.associated_data.as_slice(), &step.header.0].concat();
                report.check(&place, "AAD", Hex(ours), aad.clone());
            }
        } else {
            let mut rng = Recorded {
                left: Vec::new(),
                over: 0,
            };
            for drawn in &step.new_ratchet_privs {
                rng.left.push(drawn.array()?);
            }
            let drawn = rng.left.len();
            let result = match party.as_mut() {
                None => Ratchet::respond(
                    &agreed.secret,
                    &agreed.associated_data,
                    &signed.into(),
                    &header,
                    &step.ciphertext.0,
                    0,
                    &mut rng,
                )
                .map(|(ratchet, plaintext)| {
                    *party = Some(ratchet);
                    plaintext
                }),
                Some(ratchet) => receive(ratchet, step, &header, &mut rng, &place, report),
            };
            let name = match &result {
                Ok(_) => "ok",
                Err(DecryptError::Authentication) => "AuthenticationFailedException",
                Err(DecryptError::Duplicate) => "DuplicateMessageException",
                Err(DecryptError::TooFarAhead) => "DoSProtectionException",
                Err(_) => "an error of its own",
            };
            report.check(&place, "result", Some(name), step.result.as_deref());
            // Ours draws a ratchet key only for a message that authenticated, theirs for each trial.
            let left = if result.is_ok() { 0 } else { drawn };
            report.check(&place, "ratchet keys left over", (rng.left.len(), rng.over), (left, 0));
            let plaintext = result.ok().map(|plaintext| Hex(plaintext.to_vec()));
            report.check(&place, "plaintext", plaintext, step.plaintext.clone());
            let skipped = party.as_ref().map(|ratchet| ratchet.dump().skipped.len());
            report.check(&place, "skipped keys", skipped, step.skipped_stored);
        }
        // A restart between any two steps changes nothing.
        if let Some(ratchet) = party {
            let before = ratchet.dump();
            *ratchet = Ratchet::from_state(&ratchet.to_state()).map_err(|error| error.to_string())?;
            report.check(&place, "state after a restart", ratchet.dump(), before);
        }
    }
    for (name, ratchet, theirs) in [
        ("alice", alice, &scenario.final_state.alice),
        ("bob", bob, &scenario.final_state.bob),
    ] {
        final_state(
            &ratchet.ok_or("a party without messages")?,
            theirs,
            &format!("{place}, {name}"),
            report,
        )?;
    }
    Ok(())
}

fn receive(
    ratchet: &mut Ratchet,
    step: &Step,
    header: &Header,
    rng: &mut Recorded,
    place: &str,
    report: &mut Report,
) -> Result<zeroize::Zeroizing<Vec<u8>>, DecryptError> {
    let before = ratchet.to_state();
    let restore = step
        .associated_data_override
        .as_ref()
        .map(|other| ratchet.swap_associated_data(&other.0));
    let result = ratchet.decrypt(header, &step.ciphertext.0, 0, rng);
    if let Some(own) = restore {
        ratchet.swap_associated_data(&own);
    }
    if result.is_err() {
        report.check(place, "state after an error", ratchet.to_state(), before);
    }
    result
}

fn handshake(scenario: &Scenario, place: &str, report: &mut Report) -> Result<vectors::Agreed, String> {
    let x = &scenario.x3dh;
    let alice = Identity::from_seed(&x.alice_identity_secret.array()?);
    let bob = Identity::from_seed(&x.bob_identity_secret.array()?);
    for (own, public, agreement) in [
        (&alice, &x.alice_identity_public, &x.alice_identity_x25519_public),
        (&bob, &x.bob_identity_public, &x.bob_identity_x25519_public),
    ] {
        report.check(place, "identity", own.peer_id(), PeerId(public.array()?));
        report.check(
            place,
            "X25519 of identity",
            identity::x25519_of(&own.peer_id()),
            Ok(agreement.array()?),
        );
    }
    let mut signatures = vec![(&x.bob_signed_prekey_signed_bytes, &x.bob_signed_prekey_signature)];
    signatures.extend(
        scenario
            .pqxdh
            .as_ref()
            .map(|kem| (&kem.bob_kem_prekey_signed_bytes, &kem.bob_kem_prekey_signature)),
    );
    for (bytes, signature) in signatures {
        report.check(
            place,
            "signature",
            identity::verify(&bob.peer_id(), &bytes.0, &signature.array()?),
            Ok(()),
        );
    }
    report.check(place, "KEM", scenario.pqxdh.is_some(), scenario.kem_prekey);

    let one_time = x.bob_one_time_prekey_public.as_ref().map(Hex::array).transpose()?;
    let kem_public = match &scenario.pqxdh {
        Some(kem) => Some((kem.bob_kem_prekey_public.0.as_slice(), kem.kem_shared_secret.array()?)),
        None => None,
    };
    let initiated = vectors::initiate(
        &alice,
        &bob.peer_id(),
        &x.bob_signed_prekey_public.array()?,
        one_time.as_ref(),
        x.alice_ephemeral_priv.array()?,
        kem_public,
    )
    .map_err(|error| error.to_string())?;

    let kem_secret = match &scenario.pqxdh {
        Some(kem) => Some((kem.bob_kem_prekey_seed.array()?, kem.kem_ciphertext.array()?)),
        None => None,
    };
    let responded = vectors::respond(
        &bob,
        &alice.peer_id(),
        x.bob_signed_prekey_priv.array()?,
        x.bob_one_time_prekey_priv.as_ref().map(Hex::array).transpose()?,
        &x.alice_ephemeral_public.array()?,
        kem_secret.as_ref().map(|(seed, ciphertext)| (seed, ciphertext)),
    )
    .map_err(|error| error.to_string())?;
    report.check(place, "responder's handshake", &responded, &initiated);

    let mut dh = vec![x.dh1.array()?, x.dh2.array()?, x.dh3.array()?];
    dh.extend(x.dh4.as_ref().map(Hex::array).transpose()?);
    report.check(place, "DH", &initiated.dh, &dh);
    let secret = scenario
        .pqxdh
        .as_ref()
        .map_or(&x.shared_secret, |kem| &kem.shared_secret);
    report.check(place, "SK", initiated.secret, secret.array()?);
    report.check(place, "AD", &initiated.associated_data, &x.associated_data.0);
    Ok(initiated)
}

fn trace(step: &Step, place: &str, report: &mut Report) -> Result<(), String> {
    for entry in &step.kdf_trace {
        match entry {
            Trace::RootKdf {
                root_key_in,
                dh_out,
                root_key_out,
                chain_key_out,
            } => report.check(
                place,
                "root step",
                vectors::root_step(&root_key_in.array()?, &dh_out.array()?),
                (root_key_out.array()?, chain_key_out.array()?),
            ),
            Trace::ChainKdf {
                chain_key_in,
                chain_key_out,
                message_key,
            } => report.check(
                place,
                "chain step",
                vectors::chain_step(&chain_key_in.array()?),
                (chain_key_out.array()?, message_key.array()?),
            ),
        }
    }
    if let (Some(message), Some(keys)) = (&step.message_key, &step.aead_keys) {
        let ours = vectors::aead_key(&message.array()?);
        report.check(
            place,
            "AEAD key",
            ours,
            (keys.aead_key.array()?, keys.aead_nonce.array()?),
        );
    }
    Ok(())
}

fn final_state(ratchet: &Ratchet, theirs: &FinalState, place: &str, report: &mut Report) -> Result<(), String> {
    let ours = ratchet.dump();
    report.check(place, "own ratchet key", ours.own, theirs.own_ratchet_priv.array()?);
    report.check(
        place,
        "their ratchet key",
        ours.remote,
        theirs.other_ratchet_pub.array()?,
    );
    report.check(place, "root key", ours.root, theirs.root_key.array()?);
    report.check(
        place,
        "sending chain",
        ours.sending,
        (theirs.sending.key.array()?, theirs.sending.n),
    );
    let receiving = match &theirs.receiving {
        Some(chain) => Some((chain.key.array()?, chain.n)),
        None => None,
    };
    report.check(place, "receiving chain", ours.receiving, receiving);
    report.check(place, "PN", ours.previous, theirs.pn.unwrap_or(0));
    let mut skipped = Vec::new();
    for key in &theirs.skipped {
        skipped.push((key.ratchet_pub.array()?, key.n, key.message_key.array()?));
    }
    report.check(place, "skipped keys", ours.skipped, skipped);
    Ok(())
}
