//! A peer made by hand: a socket, answers to connectivity checks, DTLS as it likes, and whatever it wants to say over that.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use rtc::{
    crypto::{self, RTCCryptoProvider},
    dtls::{
        config::{ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig},
        crypto::Certificate,
        endpoint::{Endpoint, EndpointEvent},
        extension::extension_use_srtp::SrtpProtectionProfile,
    },
    shared::TransportProtocol,
    srtp::{self, context::Context, protection_profile::ProtectionProfile},
    stun::{
        fingerprint::FINGERPRINT,
        integrity::MessageIntegrity,
        message::{BINDING_REQUEST, BINDING_SUCCESS, Message},
        xoraddr::XorMappedAddress,
    },
};
use sha2::{Digest, Sha256};
use tokio::net::UdpSocket;

use super::{LINE, Side, candidate, described, line_of, with_line};
use crate::rtc::{Transport, sdp};

const PASSWORD: &str = "a-password-of-enough-letters";

/// What it shows when it is asked for a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// The one whose fingerprint its description has.
    Right,
    /// Another one.
    Other,
    /// None.
    Nothing,
}

/// The peer. It answers an offer, and is the client of DTLS.
pub(super) struct Knock {
    socket: UdpSocket,
    peer: Option<SocketAddr>,
    endpoint: Endpoint,
    config: Arc<HandshakeConfig>,
    provider: Arc<dyn RTCCryptoProvider>,
    pub(super) up: bool,
    /// DTLS came to an end by an error.
    pub(super) failed: bool,
    /// What came over DTLS.
    pub(super) came: VecDeque<BytesMut>,
    /// Packets that came, connectivity checks too.
    pub(super) packets: usize,
    /// The sender of sound that its description names.
    pub(super) source: u32,
}

fn print(certificate: &Certificate) -> String {
    let hash = Sha256::digest(&certificate.certificate[0]);
    hash.iter()
        .map(|byte| format!("{byte:02X}"))
        .collect::<Vec<_>>()
        .join(":")
}

impl Knock {
    /// Has a side offer, and answers. `edit` has the last word about the answer.
    pub(super) async fn at(side: &mut Side, shown: Shown, edit: impl FnOnce(String) -> String) -> Self {
        let provider = crypto::default_provider().unwrap();
        let made = || Certificate::generate_self_signed(vec!["x".to_owned()], provider.crypto()).unwrap();
        let certificate = made();
        let print = print(&certificate);
        let shown = match shown {
            Shown::Right => vec![certificate],
            Shown::Other => vec![made()],
            Shown::Nothing => Vec::new(),
        };
        let config = ConfigBuilder::default()
            .with_crypto_provider(Arc::clone(&provider))
            .with_certificates(shown)
            .with_srtp_protection_profiles(vec![SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm])
            .with_insecure_skip_verify(true)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .build(true, None)
            .unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let own = socket.local_addr().unwrap();

        side.stack.offer(LINE);
        let offer = described(side).await;
        // A real answer, with what is ours put in.
        let mut template = Side::new();
        template.stack.answer(LINE, offer);
        let answer = described(&mut template).await;
        template.stack.close_all();
        assert!(line_of(&answer, "a=setup:").ends_with("active"));
        let answer = with_line(&answer, "a=ice-ufrag:", "a=ice-ufrag:knockknock");
        let answer = with_line(&answer, "a=ice-pwd:", &format!("a=ice-pwd:{PASSWORD}"));
        let answer = with_line(&answer, "a=fingerprint:", &format!("a=fingerprint:sha-256 {print}"));
        let source = sdp::read(&answer).unwrap().sources[0];
        side.stack.take_answer(LINE, edit(answer));
        side.stack.add_candidates(LINE, vec![candidate(own)]);
        Self {
            endpoint: Endpoint::new(own, TransportProtocol::UDP, None),
            socket,
            peer: None,
            config: Arc::new(config),
            provider,
            up: false,
            failed: false,
            came: VecDeque::new(),
            packets: 0,
            source,
        }
    }

    /// With the right certificate and DTLS up.
    pub(super) async fn connected(side: &mut Side) -> Self {
        let mut knock = Self::at(side, Shown::Right, |answer| answer).await;
        knock.until(|knock| knock.up).await;
        knock
    }

    /// Goes on until something holds.
    pub(super) async fn until(&mut self, holds: impl Fn(&Self) -> bool) {
        let end = Instant::now() + super::DEADLINE;
        while !holds(self) {
            assert!(Instant::now() < end, "in time");
            self.step(Duration::from_millis(10)).await;
        }
    }

    /// Goes on for a time.
    pub(super) async fn linger(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.step(Duration::from_millis(10)).await;
        }
    }

    /// Takes a packet, if one comes in time.
    pub(super) async fn step(&mut self, time: Duration) {
        let mut buffer = [0; 4096];
        match tokio::time::timeout(time, self.socket.recv_from(&mut buffer)).await {
            Ok(Ok((length, from))) => {
                self.packets += 1;
                self.take(&buffer[..length], from).await;
            }
            // Nobody there any more.
            Ok(Err(_)) => {}
            Err(_) => {
                if let Some(peer) = self.peer {
                    let _ = self.endpoint.handle_timeout(peer, Instant::now());
                }
            }
        }
        while let Some(out) = self.endpoint.poll_transmit() {
            let _ = self.socket.send_to(&out.message, out.transport.peer_addr).await;
        }
    }

    async fn take(&mut self, packet: &[u8], from: SocketAddr) {
        match packet.first() {
            Some(0..=3) => {
                let mut request = Message::new();
                request.unmarshal_binary(packet).unwrap();
                if request.typ == BINDING_REQUEST {
                    let mut answer = Message::new();
                    let mapped = XorMappedAddress {
                        ip: from.ip(),
                        port: from.port(),
                    };
                    let crypto = self.provider.crypto();
                    let integrity =
                        MessageIntegrity::new_short_term_integrity_with_provider(PASSWORD.to_owned(), crypto);
                    answer
                        .build(&[
                            Box::new(BINDING_SUCCESS),
                            Box::new(request.transaction_id),
                            Box::new(mapped),
                            Box::new(integrity),
                            Box::new(FINGERPRINT),
                        ])
                        .unwrap();
                    let _ = self.socket.send_to(&answer.raw, from).await;
                }
                if self.peer.is_none() {
                    self.peer = Some(from);
                    let config = Arc::clone(&self.config);
                    self.endpoint.connect(Instant::now(), from, config, None).unwrap();
                }
            }
            Some(20..=63) => match self.endpoint.read(Instant::now(), from, None, BytesMut::from(packet)) {
                Ok(events) => {
                    for event in events {
                        match event {
                            EndpointEvent::HandshakeComplete => self.up = true,
                            EndpointEvent::ApplicationData(data) => self.came.push_back(data),
                            _ => self.failed = true,
                        }
                    }
                }
                Err(_) => self.failed = true,
            },
            _ => {}
        }
    }

    /// Sends over DTLS.
    pub(super) async fn say(&mut self, data: &[u8]) {
        let peer = self.peer.unwrap();
        if self.endpoint.write(Instant::now(), peer, data).is_err() {
            self.failed = true;
        }
        while let Some(out) = self.endpoint.poll_transmit() {
            let _ = self.socket.send_to(&out.message, out.transport.peer_addr).await;
        }
    }

    /// Sends a packet as it is.
    pub(super) async fn throw(&self, packet: &[u8]) {
        let _ = self.socket.send_to(packet, self.peer.unwrap()).await;
    }

    /// What it encrypts sound with, which has no memory of what it sent.
    pub(super) fn srtp(&self) -> Context {
        let state = self.endpoint.get_connection_state(self.peer.unwrap()).unwrap();
        let mut config = srtp::config::Config {
            profile: ProtectionProfile::AeadAes256Gcm,
            ..Default::default()
        };
        let material = state
            .export_keying_material(
                srtp::config::LABEL_EXTRACTOR_DTLS_SRTP,
                &[],
                config.keying_material_len(),
            )
            .unwrap();
        config
            .set_session_keys_from_keying_material(material.as_ref(), true)
            .unwrap();
        let (key, salt) = (&config.keys.local_master_key, &config.keys.local_master_salt);
        Context::new(key, salt, config.profile, None, None, self.provider.crypto()).unwrap()
    }
}
