//! One WebSocket with CBOR frames.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use orrery_protocol::limits::MAX_FRAME;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async_tls_with_config,
    tungstenite::{
        Bytes, Error, Message,
        http::{HeaderMap, StatusCode, header::RETRY_AFTER},
        protocol::WebSocketConfig,
    },
};

use super::{Dialer, Reach, ServerAddress};

/// How long one frame may take to leave; a connection that takes longer is dead.
const SEND_TIME: Duration = Duration::from_secs(10);
/// Room for reading; frames are small, and a client has few sockets.
const BUFFER: usize = 8 * 1024;

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConnectError {
    /// Nobody answers there, or the name is unknown.
    #[error("nobody answers")]
    Unreachable,
    /// The certificate is not valid for the name.
    #[error("certificate refused")]
    Certificate,
    /// Somebody answers who asks to come again later: after how long, where that was said.
    #[error("busy")]
    Busy(Option<Duration>),
    /// Somebody answers who is no signaling server.
    #[error("no signaling server")]
    NotAServer,
}

/// The connection is over: closed, broken, too slow, or the other side does not keep to the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WireError {
    /// Closed or broken.
    #[error("closed")]
    Closed,
    /// Not a frame of the protocol.
    #[error("not a frame of the protocol")]
    Malformed,
}

/// What came in.
#[derive(Debug)]
pub(crate) enum Incoming<T> {
    /// A frame.
    Frame(T),
    /// The answer to a ping, with its number.
    Pong(u64),
    /// Anything else that shows life.
    Life,
}

/// An open WebSocket.
pub(crate) struct Wire(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Wire {
    /// Connects to a socket of a server.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub(crate) async fn connect(
        address: &ServerAddress,
        path: &str,
        dialer: &Dialer,
        reach: Reach,
    ) -> Result<Self, ConnectError> {
        timeout(dialer.patience, connect(address, path, dialer, reach))
            .await
            .unwrap_or(Err(ConnectError::Unreachable))
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// [`WireError`]; the connection is of no more use.
    pub(crate) async fn send<T: Serialize + Sync>(&mut self, frame: &T) -> Result<(), WireError> {
        let bytes = orrery_protocol::encode(frame).map_err(|_| WireError::Malformed)?;
        self.put(Message::Binary(bytes.into())).await
    }

    /// Sends a ping with a number.
    ///
    /// # Errors
    /// [`WireError`].
    pub(crate) async fn ping(&mut self, number: u64) -> Result<(), WireError> {
        self.put(Message::Ping(Bytes::copy_from_slice(&number.to_be_bytes())))
            .await
    }

    async fn put(&mut self, message: Message) -> Result<(), WireError> {
        match timeout(SEND_TIME, self.0.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(WireError::Closed),
        }
    }

    /// The next thing that comes in. May be given up and called again without losing anything.
    ///
    /// # Errors
    /// [`WireError`].
    pub(crate) async fn next<T: DeserializeOwned>(&mut self) -> Result<Incoming<T>, WireError> {
        match self.0.next().await {
            Some(Ok(Message::Binary(bytes))) => orrery_protocol::decode(&bytes)
                .map(Incoming::Frame)
                .map_err(|_| WireError::Malformed),
            Some(Ok(Message::Pong(bytes))) => Ok(bytes
                .as_ref()
                .try_into()
                .map_or(Incoming::Life, |bytes| Incoming::Pong(u64::from_be_bytes(bytes)))),
            // The answer to a ping goes out by itself with the next read or write.
            Some(Ok(Message::Ping(_) | Message::Frame(_))) => Ok(Incoming::Life),
            Some(Ok(Message::Text(_))) => Err(WireError::Malformed),
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(WireError::Closed),
        }
    }

    /// Says goodbye, without waiting for an answer.
    pub(crate) async fn close(mut self) {
        let _ = timeout(Duration::from_secs(1), self.0.close(None)).await;
    }
}

async fn connect(address: &ServerAddress, path: &str, dialer: &Dialer, reach: Reach) -> Result<Wire, ConnectError> {
    let stream = dialer.dial(address, reach).await.ok_or(ConnectError::Unreachable)?;
    // Frames are small and answers are waited for.
    let _ = stream.set_nodelay(true);
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_write_buffer_size(8 * MAX_FRAME)
        .max_message_size(Some(MAX_FRAME))
        .max_frame_size(Some(MAX_FRAME));
    let connector = Some(dialer.tls.connector());
    let (socket, _) = client_async_tls_with_config(address.url(path), stream, Some(config), connector)
        .await
        .map_err(|error| judge(&error))?;
    Ok(Wire(socket))
}

fn judge(error: &Error) -> ConnectError {
    match error {
        Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(_)) => ConnectError::Certificate,
            // TLS spoken to somebody who does not speak it.
            Some(_) => ConnectError::NotAServer,
            None => ConnectError::Unreachable,
        },
        Error::Tls(_) => ConnectError::Certificate,
        Error::Http(response)
            if matches!(
                response.status(),
                StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
            ) =>
        {
            ConnectError::Busy(retry_after(response.headers()))
        }
        Error::ConnectionClosed | Error::AlreadyClosed => ConnectError::Unreachable,
        _ => ConnectError::NotAServer,
    }
}

/// The wait that an answer asks for in seconds. One that names a date is passed over: it would be read by our clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse::<u64>().ok().map(Duration::from_secs)
}
