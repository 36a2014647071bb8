//! A home server that says what a test wants it to say.

use futures_util::{SinkExt, StreamExt};
use orrery_protocol::{
    frame::{SocketReply, SocketRequest},
    limits::SERVER_PROTOCOL_VERSION,
};
use serde_bytes::{ByteArray, ByteBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

/// What the challenge says the time is: nobody's clock is looked at.
const TIME_MS: u64 = 1_795_400_000_000;

/// Takes one connection after the other.
pub(crate) struct Fake {
    pub(crate) url: String,
    listener: TcpListener,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            url: format!("ws://{}", listener.local_addr().unwrap()),
            listener,
        }
    }

    /// Who comes next, as far as the WebSocket.
    pub(crate) async fn guest(&self) -> Guest {
        let (stream, _) = self.listener.accept().await.unwrap();
        Guest(tokio_tungstenite::accept_async(stream).await.unwrap())
    }
}

/// A client that has come.
pub(crate) struct Guest(WebSocketStream<TcpStream>);

impl Guest {
    pub(crate) async fn say(&mut self, reply: &SocketReply) {
        let bytes = orrery_protocol::encode(reply).unwrap();
        self.0.send(Message::Binary(bytes.into())).await.unwrap();
    }

    /// The next frame; `None` when it has gone.
    pub(crate) async fn hear(&mut self) -> Option<SocketRequest> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Binary(bytes))) => return Some(orrery_protocol::decode(&bytes).unwrap()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return None,
            }
        }
    }

    pub(crate) async fn challenge(&mut self, version: u16) {
        self.say(&SocketReply::Challenge {
            version,
            nonce: ByteArray::new([7; 32]),
            time_ms: TIME_MS,
        })
        .await;
    }

    /// Lets it in without looking at its signature.
    pub(crate) async fn let_in(&mut self) {
        self.challenge(SERVER_PROTOCOL_VERSION).await;
        assert!(matches!(self.hear().await, Some(SocketRequest::Login { .. })));
        self.say(&SocketReply::Welcome {
            time_ms: TIME_MS,
            one_time_left: 100,
            has_prekeys: true,
            stun_port: None,
        })
        .await;
    }

    /// Mail that nobody can read.
    pub(crate) async fn deliver(&mut self, id: u64) {
        self.say(&SocketReply::Deliver {
            id: Some(id),
            envelope: ByteBuf::from(vec![0; 600]),
            taken_ms: TIME_MS,
        })
        .await;
    }

    /// Passes over everything else until so much mail is acknowledged; the frames it took.
    pub(crate) async fn acknowledged(&mut self, count: usize) -> Vec<Vec<u64>> {
        let mut frames: Vec<Vec<u64>> = Vec::new();
        while frames.iter().map(Vec::len).sum::<usize>() < count {
            if let SocketRequest::Ack { ids } = self.hear().await.expect("it stays") {
                frames.push(ids);
            }
        }
        frames
    }
}
