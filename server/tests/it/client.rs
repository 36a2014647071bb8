//! A small client, so that the tests read like what they claim.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use ed25519_dalek::{Signer, SigningKey};
use futures_util::{SinkExt, StreamExt};
use orrery_protocol::{
    PeerId, Token, TokenHash, decode, encode,
    frame::{DepositToken, DropReply, DropRequest, RefusalCode, SocketReply, SocketRequest},
    limits::SERVER_PROTOCOL_VERSION,
    login::login_bytes,
    prekey::{KemPrekey, OneTimePrekey, SignedPrekey},
};
use orrery_server::{Limits, ManualClock, RunningServer, Server, ServerConfig};
use serde::{Serialize, de::DeserializeOwned};
use serde_bytes::{ByteArray, ByteBuf};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::Response, protocol::CloseFrame},
};

/// Nothing here takes this long unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const START: u64 = 1_800_000_000_000;

/// Waits for something that must come.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("it never came")
}

/// A server with its own folder and a clock that stands still.
pub(crate) struct Place {
    pub(crate) server: RunningServer,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) dir: TempDir,
}

impl Place {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(edit: impl FnOnce(&mut ServerConfig)) -> Self {
        let dir = TempDir::new().unwrap();
        let clock = Arc::new(ManualClock::at(START));
        let mut config = ServerConfig {
            clock: clock.clone(),
            ..ServerConfig::local(dir.path())
        };
        edit(&mut config);
        let server = Server::start(config).await.unwrap();
        Self { server, clock, dir }
    }

    /// A server behind a proxy, so that its limits hold for us as for anybody.
    pub(crate) async fn strict(edit: impl FnOnce(&mut Limits)) -> Self {
        Self::with(|config| {
            config.behind_proxy = true;
            config.names = vec!["127.0.0.1".into()];
            edit(&mut config.limits);
        })
        .await
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    pub(crate) async fn restart(self) -> Self {
        self.server.shutdown().await;
        let config = ServerConfig {
            clock: self.clock.clone(),
            ..ServerConfig::local(self.dir.path())
        };
        Self {
            server: Server::start(config).await.unwrap(),
            ..self
        }
    }
}

/// Somebody with an identity and a delivery token.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) key: SigningKey,
    pub(crate) id: PeerId,
    pub(crate) token: Token,
}

impl Person {
    pub(crate) fn new(seed: u8) -> Self {
        Self::from_seed([seed; 32])
    }

    pub(crate) fn from_seed(seed: [u8; 32]) -> Self {
        let key = SigningKey::from_bytes(&seed);
        Self {
            id: PeerId(key.verifying_key().to_bytes()),
            key,
            token: Token(seed),
        }
    }

    pub(crate) fn delivery(&self) -> DepositToken {
        DepositToken::Delivery(self.token.clone())
    }

    pub(crate) fn login(&self, host: &str, nonce: &[u8; 32], time_ms: u64) -> SocketRequest {
        let signature = self.key.sign(&login_bytes(host, nonce, &self.id, time_ms)).to_bytes();
        SocketRequest::Login {
            version: SERVER_PROTOCOL_VERSION,
            peer: self.id,
            signature: ByteArray::new(signature),
        }
    }

    /// Logs in and takes the welcome.
    pub(crate) async fn connect(&self, address: SocketAddr) -> Socket {
        self.answer_challenge(Socket::dial(address, "/v1/socket").await).await
    }

    pub(crate) async fn answer_challenge(&self, mut socket: Socket) -> Socket {
        let (nonce, time_ms) = socket.challenge().await;
        socket.send(&self.login("127.0.0.1", &nonce, time_ms)).await;
        let welcome: SocketReply = socket.receive().await;
        assert!(matches!(welcome, SocketReply::Welcome { .. }), "{welcome:?}");
        socket
    }

    /// Logs in and makes a mailbox that [`Person::delivery`] opens.
    pub(crate) async fn move_in(&self, address: SocketAddr) -> Socket {
        let mut socket = self.connect(address).await;
        socket.send(&self.tokens()).await;
        assert_eq!(socket.receive::<SocketReply>().await, SocketReply::TokensStored);
        socket
    }

    pub(crate) fn tokens(&self) -> SocketRequest {
        SocketRequest::SetTokens {
            delivery: hash(&self.token),
            revoked: Vec::new(),
            requests: Vec::new(),
            calls: Vec::new(),
        }
    }
}

pub(crate) fn hash(token: &Token) -> TokenHash {
    TokenHash(Sha256::digest(token.0).into())
}

pub(crate) fn prekeys(ids: std::ops::Range<u32>) -> SocketRequest {
    SocketRequest::PublishPrekeys {
        signed: SignedPrekey {
            id: 1,
            key: ByteArray::new([1; 32]),
            signature: ByteArray::new([2; 64]),
        },
        kem: KemPrekey {
            id: 2,
            key: ByteBuf::from(vec![3; 1568]),
            signature: ByteArray::new([4; 64]),
        },
        one_time: ids
            .map(|id| OneTimePrekey {
                id,
                key: ByteArray::new([id as u8; 32]),
            })
            .collect(),
        replace: false,
    }
}

/// A WebSocket that speaks frames.
pub(crate) struct Socket {
    pub(crate) stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    pub(crate) async fn dial(address: SocketAddr, path: &str) -> Self {
        Self::dial_from(address, path, None).await.unwrap()
    }

    /// Dials as the proxy would for `forwarded`; the HTTP answer when it is not a WebSocket.
    pub(crate) async fn dial_from(
        address: SocketAddr,
        path: &str,
        forwarded: Option<&str>,
    ) -> Result<Self, Response<Option<Vec<u8>>>> {
        let stream = TcpStream::connect(address).await.unwrap();
        Self::dial_over(stream, address, path, forwarded).await
    }

    pub(crate) async fn dial_over(
        stream: TcpStream,
        address: SocketAddr,
        path: &str,
        forwarded: Option<&str>,
    ) -> Result<Self, Response<Option<Vec<u8>>>> {
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        if let Some(forwarded) = forwarded {
            request
                .headers_mut()
                .insert("x-forwarded-for", forwarded.parse().unwrap());
        }
        match soon(client_async(request, MaybeTlsStream::Plain(stream))).await {
            Ok((stream, _)) => Ok(Self { stream }),
            Err(Error::Http(response)) => Err(*response),
            Err(error) => panic!("{error}"),
        }
    }

    /// `/v1/drop`, with its greeting taken.
    pub(crate) async fn drop_box(address: SocketAddr) -> Self {
        Self::drop_box_from(address, None).await
    }

    pub(crate) async fn drop_box_from(address: SocketAddr, forwarded: Option<&str>) -> Self {
        let mut socket = Self::dial_from(address, "/v1/drop", forwarded).await.unwrap();
        let hello: DropReply = socket.receive().await;
        assert!(
            matches!(
                hello,
                DropReply::Hello {
                    version: SERVER_PROTOCOL_VERSION,
                    ..
                }
            ),
            "{hello:?}"
        );
        socket
    }

    pub(crate) async fn challenge(&mut self) -> ([u8; 32], u64) {
        match self.receive().await {
            SocketReply::Challenge {
                version: SERVER_PROTOCOL_VERSION,
                nonce,
                time_ms,
            } => (*nonce, time_ms),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn send<T: Serialize>(&mut self, frame: &T) {
        self.send_raw(Message::Binary(encode(frame).unwrap().into())).await;
    }

    pub(crate) async fn send_raw(&mut self, message: Message) {
        soon(self.stream.send(message)).await.unwrap();
    }

    /// The next frame.
    pub(crate) async fn receive<T: DeserializeOwned>(&mut self) -> T {
        self.try_receive()
            .await
            .unwrap_or_else(|close| panic!("closed: {close:?}"))
    }

    /// The next frame, or with what the server closed.
    pub(crate) async fn try_receive<T: DeserializeOwned>(&mut self) -> Result<T, Option<CloseFrame>> {
        loop {
            match soon(self.stream.next()).await {
                Some(Ok(Message::Binary(bytes))) => return Ok(decode(&bytes).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// Waits for the end; its close code.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        loop {
            match self.try_receive::<ciborium_value::Any>().await {
                Ok(_) => {}
                Err(frame) => return frame.map(|frame| u16::from(frame.code)),
            }
        }
    }

    pub(crate) async fn refused(&mut self) -> RefusalCode {
        match self.receive().await {
            SocketReply::Refused { code, .. } => code,
            other => panic!("{other:?}"),
        }
    }

    /// Deposits and waits for the answer.
    pub(crate) async fn deposit(&mut self, request: u32, to: &Person, envelope: Vec<u8>) -> DropReply {
        self.send(&deposit(request, to, envelope)).await;
        self.receive().await
    }

    /// The next delivery: its number and bytes.
    pub(crate) async fn delivery(&mut self) -> (Option<u64>, Vec<u8>) {
        match self.receive().await {
            SocketReply::Deliver { id, envelope, .. } => (id, envelope.into_vec()),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn close(mut self) {
        // The server may have closed first.
        let _ = self.stream.close(None).await;
        while let Some(Ok(_)) = soon(self.stream.next()).await {}
    }
}

pub(crate) fn deposit(request: u32, to: &Person, envelope: Vec<u8>) -> DropRequest {
    DropRequest::Deposit {
        request,
        to: to.id,
        token: to.delivery(),
        envelope: ByteBuf::from(envelope),
        keep: true,
    }
}

/// Any CBOR value, thrown away.
mod ciborium_value {
    pub(crate) struct Any;

    impl<'de> serde::Deserialize<'de> for Any {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
        }
    }
}

/// Status and body of a GET, or `None` when nobody answers.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer))
}
