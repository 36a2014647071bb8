//! The examples in docs/PROTOCOL.md are what the program really says.

use ed25519_dalek::{Signer, SigningKey};
use orrery_protocol::{
    PeerId, Token, TokenHash, encode,
    frame::{CallToken, DepositToken, DropReply, DropRequest, RefusalCode, SocketReply, SocketRequest},
    invite::Invite,
    login::login_bytes,
};
use serde::Serialize;
use serde_bytes::{ByteArray, ByteBuf};

const DOCUMENT: &str = include_str!("../../../docs/PROTOCOL.md");
const TIME: u64 = 1_800_000_000_000;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The document's hex, free of the line breaks and indents that make it readable.
fn holds(bytes: &[u8], what: &str) {
    let document: String = DOCUMENT.split_whitespace().collect();
    let hex = hex(bytes);
    assert!(
        document.contains(&hex),
        "docs/PROTOCOL.md lacks the bytes of {what}:\n{hex}"
    );
}

fn shows<T: Serialize + std::fmt::Debug>(frame: &T) {
    holds(&encode(frame).unwrap(), &format!("{frame:?}"));
}

#[test]
fn the_log_in_example_is_exact() {
    let key = SigningKey::from_bytes(&[1; 32]);
    let peer = PeerId(key.verifying_key().to_bytes());
    holds(peer.as_bytes(), "the identity");
    let signed = login_bytes("orrery.example", &[2; 32], &peer, TIME);
    holds(&signed, "the bytes to sign");
    let signature = key.sign(&signed).to_bytes();
    shows(&SocketReply::Challenge {
        version: 1,
        nonce: ByteArray::new([2; 32]),
        time_ms: TIME,
    });
    shows(&SocketRequest::Login {
        version: 1,
        peer,
        signature: ByteArray::new(signature),
    });
}

#[test]
fn the_examples_of_short_frames_are_exact() {
    shows(&SocketReply::Welcome {
        time_ms: TIME,
        one_time_left: 100,
        has_prekeys: true,
        stun_port: Some(7670),
    });
    shows(&SocketReply::TokensStored);
    shows(&SocketReply::Deliver {
        id: Some(7),
        envelope: ByteBuf::from([1, 2, 3]),
        taken_ms: TIME,
    });
    shows(&SocketReply::Refused {
        code: RefusalCode::RateLimited,
        retry_after_ms: Some(1500),
    });
    shows(&SocketRequest::Ack { ids: vec![7, 8] });
    shows(&SocketRequest::SetTokens {
        delivery: TokenHash([4; 32]),
        revoked: Vec::new(),
        requests: Vec::new(),
        calls: vec![CallToken {
            hash: TokenHash([5; 32]),
            expires_ms: TIME,
        }],
    });
    shows(&DropRequest::Deposit {
        request: 1,
        to: PeerId([9; 32]),
        token: DepositToken::Delivery(Token([3; 32])),
        envelope: ByteBuf::from([1, 2, 3]),
        keep: true,
    });
    shows(&DropRequest::Fetch {
        request: 2,
        peer: PeerId([9; 32]),
        token: DepositToken::Request(Token([3; 32])),
    });
    shows(&DropReply::Deposited { request: 1 });
    shows(&DropReply::Refused {
        request: Some(2),
        code: RefusalCode::NotAccepted,
        retry_after_ms: None,
    });
}

#[test]
fn the_link_example_is_exact() {
    let invite = Invite {
        peer: PeerId(SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes()),
        via: "wss://orrery.example:7443".into(),
        name: "Zoë & co".into(),
        token: Token([3; 32]),
    };
    let link = invite.to_string();
    assert!(
        DOCUMENT.lines().any(|line| line == link),
        "docs/PROTOCOL.md lacks the link\n{link}"
    );
}

#[test]
fn every_refusal_and_every_frame_is_described() {
    for word in [
        "malformed",
        "version",
        "login_failed",
        "replaced",
        "not_accepted",
        "mailbox_full",
        "too_large",
        "rate_limited",
        "unavailable",
        "login",
        "publish_prekeys",
        "set_tokens",
        "ack",
        "challenge",
        "welcome",
        "prekeys_stored",
        "tokens_stored",
        "prekeys_low",
        "deliver",
        "refused",
        "deposit",
        "fetch",
        "hello",
        "deposited",
        "bundle",
    ] {
        assert!(DOCUMENT.contains(&format!("`{word}`")), "{word}");
    }
}
