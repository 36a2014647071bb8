//! The first inputs of every corpus, the same in every run.

mod notes;

use orrery_crypto::{
    DatabaseKey, KdfParams, RecoveryPhrase, SafetyNumber, SealKind, identity::Identity, login, seal, vault as vaults,
};
use orrery_protocol::{
    MessageId, PeerId, Token, TokenHash, encode,
    frame::{CallToken, DepositToken, DropReply, DropRequest, RefusalCode, SocketReply, SocketRequest},
    invite::Invite,
};
use serde::Serialize;
use serde_bytes::{ByteArray, ByteBuf};
use sha2::{Digest, Sha256};

use self::notes::notes;
use crate::people::{NOW_MS, Three, rng, talk, three};

/// Every target with its first inputs.
#[must_use]
pub fn all() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let inputs = |name: &str| match name {
        "frames" => frames(),
        "note" => notes().iter().map(cbor).collect(),
        "invite" => texts(&[&invite().to_string(), "orrery:abc?via=wss://a&t=b"]),
        "ids" => vec![
            PeerId([7; 32]).to_string().into_bytes(),
            vec![9; 16],
            vec![9; 32],
            cbor(&MessageId([3; 16])),
        ],
        "server_address" => texts(&[
            "wss://orrery.example:7443",
            "ws://[::1]:7670",
            "localhost",
            "[2001:db8::1]:443/",
        ]),
        "bundle" => bundles(),
        "message" => messages(),
        "decrypt" => decrypts(),
        "accept" => accepts(),
        "session_state" => session_states(),
        "key_state" => key_states(),
        "envelope" => vec![
            chunk(0, b"hello"),
            envelope(),
            chunk(1, &[0x80; 478]),
            chunk(2, &[1; 5000]),
        ],
        "vault" => vault_files(),
        "safety_code" => safety_codes(),
        "recovery_phrase" => texts(&[
            "legal winner thank year wave sausage worth useful legal winner thank yellow",
            "1. Zoo, 2. zoo\n3. zoo 4. zoo 5. zoo 6. zoo 7. zoo 8. zoo 9. zoo 10. zoo 11. zoo 12. wrong",
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abouts",
        ]),
        "login" => logins(),
        "core_envelope" => core_envelopes(),
        "core_notes" => core_notes(),
        "core_server" => core_servers(),
        "opus" => opus(),
        "jitter" => jitter(),
        "command_line" => lines(),
        "shown_text" => texts(&[
            "Rhea\u{202e}gpj.exe a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\tb\u{2028}c",
            "see (https://example.org/x_(y)), www.example.org; mailto:a@example.org! http://a@b/",
            "👩\u{200d}👩\u{200d}👧 \u{200b}\u{3164} Grüße",
        ]),
        "export_file" => exports(),
        "database_file" => vec![
            vec![0],
            vec![2, 1, 1, 0, 9, 1],
            vec![6, 0, 2, 0, 9, 1, 16, 0, 1, 0, 4, b'1', b'2', b'3', b'\n'],
            [&[1, 0x10, 0][..], &b"SQLite format 3\0".repeat(256)].concat(),
            vec![8, 0x37, 0x7f, 6, 0x82, 0, 0x2d, 0xe2, 0x18, 0, 0, 0x10, 0],
        ],
        "pieces" => vec![
            vec![0x80, 0x10, 0],
            vec![0x81, 0x04, 0x7d],
            [chunk(0, &[0, 1, 2]), chunk(0, &[1, 0, 4, 9, 9]), chunk(0, &[2, 9, 9])].concat(),
            [vec![0x82, 0x13, 0x88], chunk(0, &[2, 1])].concat(),
        ],
        "candidates" => texts(&[
            r#"{"candidate":"candidate:1 1 udp 2130706431 192.0.2.7 5000 typ host","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"a"}"#,
            r#"{"candidate":"candidate:1 1 udp 1 ::ffff:127.0.0.1 9 typ srflx raddr 10.0.0.1 rport 9"}"#,
            &sdp("a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\na= candidate:2 1 udp 1 evil.example 9 typ host\r\n"),
            &(0..32).map(|i| format!("{i:02X}")).collect::<Vec<_>>().join(":"),
        ]),
        "typed_safety_number" => typed(),
        _ => Vec::new(),
    };
    crate::TARGETS.iter().map(|(name, _)| (*name, inputs(name))).collect()
}

fn cbor<T: Serialize>(value: &T) -> Vec<u8> {
    encode(value).unwrap()
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// A control byte and bytes with their length in front.
fn chunk(how: u8, bytes: &[u8]) -> Vec<u8> {
    [&[how][..], &(bytes.len() as u16).to_be_bytes(), bytes].concat()
}

fn invite() -> Invite {
    Invite {
        peer: PeerId([3; 32]),
        via: "wss://orrery.example:7443".into(),
        name: "Zoë & co".into(),
        token: Token([4; 32]),
    }
}

fn frames() -> Vec<Vec<u8>> {
    let bob = three().bob.bundle(true);
    let (peer, token, hash) = (bob.peer, Token([5; 32]), TokenHash([6; 32]));
    let call = CallToken {
        hash,
        expires_ms: NOW_MS,
    };
    let mut all: Vec<Vec<u8>> = [
        SocketRequest::Login {
            version: 1,
            peer,
            signature: ByteArray::new([7; 64]),
        },
        SocketRequest::PublishPrekeys {
            signed: bob.signed.clone(),
            kem: bob.kem.clone(),
            one_time: bob.one_time.clone().into_iter().collect(),
            replace: true,
        },
        SocketRequest::SetTokens {
            delivery: hash,
            revoked: vec![hash],
            requests: vec![hash],
            calls: vec![call],
        },
        SocketRequest::Ack { ids: vec![1, 1 << 40] },
    ]
    .iter()
    .map(cbor)
    .collect();
    all.extend(
        [
            SocketReply::Challenge {
                version: 1,
                nonce: ByteArray::new([8; 32]),
                time_ms: NOW_MS,
            },
            SocketReply::Welcome {
                time_ms: NOW_MS,
                one_time_left: 5,
                has_prekeys: true,
                stun_port: Some(3478),
            },
            SocketReply::PrekeysStored { one_time_left: 100 },
            SocketReply::TokensStored,
            SocketReply::PrekeysLow { one_time_left: 3 },
            SocketReply::Deliver {
                id: Some(9),
                envelope: ByteBuf::from(vec![1; 561]),
                taken_ms: NOW_MS,
            },
            SocketReply::Refused {
                code: RefusalCode::RateLimited,
                retry_after_ms: Some(1000),
            },
        ]
        .iter()
        .map(cbor),
    );
    all.extend(
        [
            DropRequest::Deposit {
                request: 1,
                to: peer,
                token: DepositToken::Delivery(token.clone()),
                envelope: ByteBuf::from(vec![1; 561]),
                keep: true,
            },
            DropRequest::Fetch {
                request: 2,
                peer,
                token: DepositToken::Request(token),
            },
        ]
        .iter()
        .map(cbor),
    );
    all.extend(
        [
            DropReply::Hello {
                version: 1,
                time_ms: NOW_MS,
            },
            DropReply::Deposited { request: 1 },
            DropReply::Bundle {
                request: 2,
                bundle: bob,
            },
            DropReply::Refused {
                request: None,
                code: RefusalCode::Malformed,
                retry_after_ms: None,
            },
        ]
        .iter()
        .map(cbor),
    );
    all
}

fn bundles() -> Vec<Vec<u8>> {
    let raw = [&[2][..], &cbor(&three().mallory.bundle(true))].concat();
    vec![
        vec![1],
        vec![0],
        vec![1, 1, 0, 40, 1],
        vec![1, 2, 0, 90, 1, 1, 0, 2],
        raw,
    ]
}

fn messages() -> Vec<Vec<u8>> {
    let Three { alice, bob, .. } = three();
    let first = alice.start(bob, false, 9).encrypt(b"first").unwrap();
    vec![talk().messages[0].0.clone(), talk().messages[14].0.clone(), first]
}

fn decrypts() -> Vec<Vec<u8>> {
    let in_order: Vec<u8> = (0..20).flat_map(|place| [place, 0]).collect();
    let backwards: Vec<u8> = (0..23).rev().flat_map(|place| [place, 4]).collect();
    let changed: Vec<u8> = (0..8)
        .flat_map(|place| [place * 2 + 1, 1, 1, 0, 45 + place, 1])
        .collect();
    let late: Vec<u8> = (1..6).flat_map(|place| [place, 2, 0, 200]).collect();
    let raw = [&[0xff, 0][..], &chunk(0, &talk().messages[1].0)[1..]].concat();
    let header = [&[0xfe, 0, 15, 1, 2][..], &[9; 40], &[15, 0]].concat();
    vec![in_order, backwards, changed, late, raw, header]
}

fn accepts() -> Vec<Vec<u8>> {
    let bytes = &messages()[2];
    vec![
        vec![0],
        vec![1],
        vec![0b1_0000],
        vec![0b1_1001],
        vec![4, 1, 0, 36, 1],
        vec![5, 2, 0, 44, 1, 9, 9, 1],
        chunk(2, bytes),
    ]
}

fn session_states() -> Vec<Vec<u8>> {
    let Three { alice, bob, .. } = three();
    let new = alice.start(bob, true, 9).encode().0.clone();
    let talked = talk().state.clone();
    let body = &talked[..talked.len() - 8];
    vec![
        [&[0][..], &new].concat(),
        [&[0][..], &talked].concat(),
        [&[1][..], body].concat(),
        vec![2, 1, 0, 69, 1],
    ]
}

fn key_states() -> Vec<Vec<u8>> {
    let Three { alice, .. } = three();
    let stored = [
        alice.identity.to_bytes(),
        alice.signed.encode(),
        alice.kem.encode(),
        alice.one_time.encode(),
    ];
    let whole = stored.iter().map(|bytes| bytes.0.clone());
    let bare = stored.iter().map(|bytes| bytes.0[..bytes.0.len() - 8].to_vec());
    whole.chain(bare).collect()
}

fn envelope() -> Vec<u8> {
    let Three { alice, bob, .. } = three();
    seal::seal(&alice.peer(), &bob.peer(), SealKind::Ratchet, b"hello", &mut rng(7)).unwrap()
}

/// A vault with one wrap that nobody can open, and that asks for the least work.
pub(crate) fn cheap_vault() -> Vec<u8> {
    let costs = [0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 1];
    let mut body = [&b"orrvault\x01\x01\x01"[..], &costs].concat();
    body.resize(10 + 89, 7);
    let sum: [u8; 32] = Sha256::digest(&body).into();
    [&body[..], &sum[..8]].concat()
}

fn vault_files() -> Vec<Vec<u8>> {
    let mut rng = rng(40);
    let key = DatabaseKey::generate(&mut rng);
    let one = vaults::wrap(&key, "pass", KdfParams::FLOOR, &mut rng).unwrap();
    let phrase = RecoveryPhrase::generate(&mut rng).unwrap();
    let two = vaults::with_phrase(&one, &key, &phrase, KdfParams::FLOOR, &mut rng).unwrap();
    let mut all: Vec<Vec<u8>> = [&one, &two, &cheap_vault()]
        .map(|vault| [&[0][..], vault].concat())
        .to_vec();
    all.push([&[2][..], &two[8..two.len() - 8]].concat());
    let mut demanding = [&[2][..], &one[8..one.len() - 8]].concat();
    demanding[4] = 0xff;
    all.push(demanding);
    all
}

fn safety_codes() -> Vec<Vec<u8>> {
    let Three { alice, bob, .. } = three();
    let (ours, theirs) = (
        SafetyNumber::of(&alice.peer(), &bob.peer()),
        SafetyNumber::of(&bob.peer(), &alice.peer()),
    );
    vec![ours.qr(), theirs.qr(), vec![0], vec![1, 0, 40, 1]]
}

fn typed() -> Vec<Vec<u8>> {
    let codes = safety_codes();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    let Three { alice, bob, .. } = three();
    let groups = SafetyNumber::of(&bob.peer(), &alice.peer()).groups().join(" ");
    texts(&[&groups, &hex(&codes[0]), &hex(&codes[1]), "12345 67890"])
}

fn logins() -> Vec<Vec<u8>> {
    let head = [&[3; 32][..], &[0, 0, 0, 9], &chunk(0, b"Orrery.Example.")[1..]].concat();
    let mallory = Identity::from_seed(&[9; 32]);
    let _ = login::sign(&mallory, "a", &[0; 32], 0);
    vec![
        [&head[..], &[0]].concat(),
        [&head[..], &[1, 1, 0, 3, 1]].concat(),
        [&head[..], &[2], mallory.peer_id().as_bytes()].concat(),
        [&head[..], &[2], &[0; 32]].concat(),
    ]
}

fn core_envelopes() -> Vec<Vec<u8>> {
    let messages = messages();
    vec![
        chunk(0, &messages[0]),
        chunk(8, &messages[1]),
        chunk(6, &envelope()),
        [
            &chunk(0, b"\x01\x02")[..],
            &[3, 1, 0, 30, 1],
            &[11, 2, 0, 60, 1, 0, 61, 1],
        ]
        .concat(),
        [&[5, 2][..], &chunk(0, &messages[1])[1..]].concat(),
    ]
}

fn core_notes() -> Vec<Vec<u8>> {
    let notes: Vec<Vec<u8>> = notes().iter().map(cbor).collect();
    let mut all: Vec<Vec<u8>> = notes.iter().map(|note| chunk(0, note)).collect();
    all.push(chunk(1, &notes[0]));
    // A conversation; a call that is picked up; a connection that is made.
    all.push(notes[3..8].iter().flat_map(|note| chunk(0, note)).collect());
    all.push(notes[17..22].iter().flat_map(|note| chunk(2, note)).collect());
    all.push(notes[11..17].iter().flat_map(|note| chunk(8, note)).collect());
    all
}

fn core_servers() -> Vec<Vec<u8>> {
    let bundle = cbor(&three().bob.bundle(true));
    vec![
        vec![6, 0, 0, 0, 0x90, 0, 7, 0, 0xff, 0xff],
        vec![2, 0, 0, 0, 0, 5, 0, 0, 0, 9, 4, 0, 0, 0, 0, 1, 5, 0],
        [&[6, 0, 1, 0][..], &chunk(0, &bundle)[1..]].concat(),
        vec![6, 0, 0xf0, 0, 0, 0, 0, 9, 7, 0, 9, 9, 3, 0],
        vec![14, 0, 0, 0, 7, 0, 1, 0],
    ]
}

fn sdp(more: &str) -> String {
    let print = ["AB"; 32].join(":");
    format!(
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 {print}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n{more}a=ssrc:7 cname:x\r\n"
    )
}

fn opus() -> Vec<Vec<u8>> {
    let mut encoder = orrery_voice::Encoder::new(orrery_voice::EncoderConfig::default()).unwrap();
    let packets: Vec<Vec<u8>> = (0..6_u32)
        .map(|packet| {
            let frame: [f32; 960] = std::array::from_fn(|at| {
                let t = (packet * 960 + at as u32) as f32 / 48_000.0;
                0.3 * (t * 1400.0).sin() + 0.1 * (t * 9000.0).sin()
            });
            encoder.encode(&frame).unwrap().as_slice().to_vec()
        })
        .collect();
    vec![
        packets.iter().flat_map(|packet| chunk(0, packet)).collect(),
        packets
            .iter()
            .enumerate()
            .flat_map(|(at, packet)| chunk(at as u8, packet))
            .collect(),
        chunk(0, &[0xf8, 0xff, 0xfe]),
        [chunk(0, &[0x0b, 0x83, 1, 2, 3]), chunk(3, &[]), chunk(2, &packets[2])].concat(),
    ]
}

fn jitter() -> Vec<Vec<u8>> {
    let head = [0xff, 0xf0, 0xff, 0xff, 0xf0, 0];
    // A packet of three bytes and two pulls, again and again; the same with leaps and repeats.
    let steady = [24, 0xf8, 0xff, 0xfe, 6, 6].repeat(30);
    let rough: Vec<u8> = (0..40)
        .flat_map(|n| [24 + (n % 6), 0xf8, 0xff, 0xfe, 1, 6, 7, 0, n])
        .collect();
    vec![[&head[..], &steady].concat(), [&head[..], &rough].concat()]
}

fn lines() -> Vec<Vec<u8>> {
    let peer = PeerId([7; 32]);
    let link = invite().to_string();
    texts(&[
        &format!(r#"{{"type":"send_text","ref":"a1","channel":"{peer}","text":"hi","reply_to":null}}"#),
        r#"{"type":"unlock","ref":"u","passphrase":"secret","remember":true}"#,
        r#"{"type":"resync","ref":5}"#,
        &format!(r#"{{"type":"add_contact","link":"{link}"}}"#),
        &format!(
            r#"{{"type":"load_history","channel":"{peer}","before":{{"lamport":1,"author":"{peer}","seq":2}},"limit":50}}"#
        ),
        &format!(r#"{{"type":"compare_safety_number","peer":"{peer}","code":"12345"}}"#),
        r#"{"type":"restore_profile","path":"/a","secret":"x"}"#,
        r#"[1,2"#,
    ])
}

fn exports() -> Vec<Vec<u8>> {
    let raw = [&b"orrexport\x01\0\0\0\x6b"[..], &cheap_vault(), &[0; 8], &[0; 32]].concat();
    vec![
        chunk(0, &[5; 512]),
        chunk(0, b""),
        chunk(1, &raw),
        [chunk(0, b"x"), vec![1, 0, 9, 3]].concat(),
    ]
}
