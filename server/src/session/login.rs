//! Challenge and log-in: the identity key signs a fresh nonce together with the name under which it was dialled.

use ed25519_dalek::{Signature, VerifyingKey};
use orrery_protocol::{
    PeerId,
    frame::{RefusalCode, SocketReply, SocketRequest},
    limits::SERVER_PROTOCOL_VERSION,
    login::login_bytes,
};
use serde_bytes::ByteArray;
use tokio::time::timeout;

use super::{millis, refuse_and_end};
use crate::{
    connection::{Connection, End, Received},
    metrics::{AuthFailure, FrameKind},
    shared::Shared,
};

/// Sends the challenge and waits for the answer. The nonce is good for this one connection and this one try.
pub(super) async fn log_in(shared: &Shared, connection: &mut Connection) -> Result<PeerId, End> {
    let mut nonce = [0; 32];
    if getrandom::fill(&mut nonce).is_err() {
        return Err(refuse_and_end(connection, RefusalCode::Unavailable, End::Later).await);
    }
    let time_ms = shared.clock.now_ms();
    let challenge = SocketReply::Challenge {
        version: SERVER_PROTOCOL_VERSION,
        nonce: ByteArray::new(nonce),
        time_ms,
    };
    connection.send(&challenge).await?;
    let Ok(frame) = timeout(shared.limits.login_timeout.0, first_frame(connection)).await else {
        return Err(fail(shared, connection, AuthFailure::Late, RefusalCode::LoginFailed).await);
    };
    let frame = frame?;
    let request = orrery_protocol::decode::<SocketRequest>(&frame);
    let Ok(SocketRequest::Login {
        version,
        peer,
        signature,
    }) = request
    else {
        shared.metrics.frame(FrameKind::Malformed);
        return Err(fail(shared, connection, AuthFailure::Malformed, RefusalCode::Malformed).await);
    };
    shared.metrics.frame(FrameKind::Login);
    if let Err(wait) = shared.rates.login(connection.origin(), shared.clock.now_ms()) {
        shared.metrics.auth_failed(AuthFailure::RateLimited);
        let refused = SocketReply::Refused {
            code: RefusalCode::RateLimited,
            retry_after_ms: Some(millis(wait)),
        };
        return Err(connection.send(&refused).await.err().unwrap_or(End::Later));
    }
    if version != SERVER_PROTOCOL_VERSION {
        return Err(fail(shared, connection, AuthFailure::Version, RefusalCode::Version).await);
    }
    if !holds(&shared.names, &nonce, &peer, time_ms, &signature) {
        return Err(fail(shared, connection, AuthFailure::Signature, RefusalCode::LoginFailed).await);
    }
    Ok(peer)
}

async fn first_frame(connection: &mut Connection) -> Result<axum::body::Bytes, End> {
    loop {
        match connection.receive().await {
            Received::Frame(frame) => return Ok(frame),
            Received::PingDue => connection.ping().await?,
            Received::Nothing => {}
            Received::End(end) => return Err(end),
        }
    }
}

async fn fail(shared: &Shared, connection: &mut Connection, why: AuthFailure, code: RefusalCode) -> End {
    shared.metrics.auth_failed(why);
    refuse_and_end(connection, code, End::Refused).await
}

/// Whether the signature holds for one of the names. Strict: keys of small order and malleable signatures, which
/// several people could own, are refused (RFC 8032 §5.1.7 as tightened by `verify_strict`).
fn holds(names: &[String], nonce: &[u8; 32], peer: &PeerId, time_ms: u64, signature: &[u8; 64]) -> bool {
    let Ok(key) = VerifyingKey::from_bytes(peer.as_bytes()) else {
        return false;
    };
    let signature = Signature::from_bytes(signature);
    names.iter().any(|name| {
        key.verify_strict(&login_bytes(name, nonce, peer, time_ms), &signature)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    const NONCE: [u8; 32] = [7; 32];

    fn names() -> Vec<String> {
        vec!["a.example".into(), "b.example".into()]
    }

    #[test]
    fn a_signature_over_any_name_of_the_server_holds_and_over_another_does_not() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let peer = PeerId(key.verifying_key().to_bytes());
        for (name, expected) in [
            ("a.example", true),
            ("b.example", true),
            ("c.example", false),
            ("", false),
        ] {
            let signature = key.sign(&login_bytes(name, &NONCE, &peer, 5)).to_bytes();
            assert_eq!(holds(&names(), &NONCE, &peer, 5, &signature), expected, "{name}");
            assert!(!holds(&names(), &NONCE, &peer, 6, &signature), "another time");
            assert!(!holds(&names(), &[8; 32], &peer, 5, &signature), "another nonce");
        }
    }

    #[test]
    fn a_key_of_small_order_owns_no_identity() {
        // For the neutral element every signature with R = S·B verifies under the lax equation: with S = 0, R = 1.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert!(!holds(&names(), &NONCE, &PeerId(neutral), 5, &signature));
    }

    #[test]
    fn a_malleated_signature_does_not_hold() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let peer = PeerId(key.verifying_key().to_bytes());
        let mut signature = key.sign(&login_bytes("a.example", &NONCE, &peer, 5)).to_bytes();
        // S + L, little endian: the same point, another encoding.
        let order = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10u8,
        ];
        let mut carry = 0u16;
        for (byte, add) in signature[32..].iter_mut().zip(order) {
            carry += u16::from(*byte) + u16::from(add);
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        assert!(!holds(&names(), &NONCE, &peer, 5, &signature));
    }
}
