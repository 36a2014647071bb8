//! One WebSocket, as both endpoints use it: frames in and out, pings, silence, flood and slow readers, and how it ends.

use std::{error::Error as _, sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message, WebSocket},
};
use serde::Serialize;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::{address::Origin, metrics::Dropped, rate::Bucket, shared::Shared};

/// How long a close frame may take to be written, and the other side to answer it.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a socket with unread bytes lives on after its close frame: closing it at once would reset the connection,
/// and the frame that says why could be lost.
const LINGER: Duration = Duration::from_millis(250);

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The other side closed or vanished.
    Gone,
    /// The refusal that was just sent says why.
    Refused,
    /// A newer log-in took over.
    Replaced,
    /// Too many for now; the refusal that was just sent says when to come again.
    Later,
    /// The server stops.
    Draining,
    /// No whole message for too long.
    Silent,
    /// A depositing connection without requests.
    Idle,
    /// Nothing could be written for too long.
    Stalled,
    /// Kept sending over the limit.
    Flood,
    /// A text message.
    Text,
    /// A message over the size limit.
    TooBig,
    /// Text that is not UTF-8.
    NotUtf8,
    /// The WebSocket protocol was broken.
    Protocol,
}

impl End {
    /// Close code (RFC 6455 §7.4.1 and its registry) and reason.
    const fn close(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Gone | Self::Stalled => None,
            Self::Refused => Some((1008, "refused")),
            Self::Replaced => Some((1008, "replaced by a newer log-in")),
            Self::Later => Some((1013, "try again later")),
            Self::Draining => Some((1012, "the server is stopping")),
            Self::Silent => Some((1001, "silent for too long")),
            Self::Idle => Some((1000, "no requests")),
            Self::Flood => Some((1008, "too many frames")),
            Self::Text => Some((1003, "binary messages only")),
            Self::TooBig => Some((1009, "message too big")),
            Self::NotUtf8 => Some((1007, "not UTF-8")),
            Self::Protocol => Some((1002, "not the WebSocket protocol")),
        }
    }

    const fn dropped(self) -> Option<Dropped> {
        match self {
            Self::Gone | Self::Refused | Self::Later | Self::Draining => None,
            Self::Replaced => Some(Dropped::Replaced),
            Self::Silent => Some(Dropped::Silent),
            Self::Idle => Some(Dropped::Idle),
            Self::Stalled => Some(Dropped::SlowReader),
            Self::Flood => Some(Dropped::Flood),
            Self::Text => Some(Dropped::Text),
            Self::TooBig => Some(Dropped::TooBig),
            Self::NotUtf8 | Self::Protocol => Some(Dropped::Protocol),
        }
    }

    /// Whether reading stopped in the middle of something.
    const fn leaves_bytes_unread(self) -> bool {
        matches!(self, Self::TooBig | Self::NotUtf8 | Self::Protocol)
    }
}

/// What came of waiting for the other side.
#[derive(Debug)]
pub(crate) enum Received {
    /// A binary message.
    Frame(Bytes),
    /// [`Connection::ping`] is due.
    PingDue,
    /// Nothing to do; wait again.
    Nothing,
    /// It is over.
    End(End),
}

/// A WebSocket with its limits.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: WebSocket,
    origin: Origin,
    shared: Arc<Shared>,
    frames: Bucket,
    bytes: Bucket,
    /// The last whole message of any kind, moved on by the time in which nobody listened.
    heard: Instant,
    /// The last binary message.
    asked: Instant,
    ping_at: Instant,
    /// Reading rests until then, to bring a flood down to the limit.
    rests_until: Option<Instant>,
    /// How long the other side may go without asking for anything.
    idle: Option<Duration>,
}

impl Connection {
    /// `idle`: how long the other side may go without asking for anything, where that is limited.
    pub(crate) fn new(socket: WebSocket, origin: Origin, shared: Arc<Shared>, idle: Option<Duration>) -> Self {
        let now = Instant::now();
        Self {
            socket,
            origin,
            frames: Bucket::default(),
            bytes: Bucket::default(),
            heard: now,
            asked: now,
            ping_at: now + shared.limits.ping_interval.0,
            rests_until: None,
            idle,
            shared,
        }
    }

    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }

    /// Waits for the other side or for the time to do something. Nothing is lost when the future is dropped.
    pub(crate) async fn receive(&mut self) -> Received {
        if let Some(until) = self.rests_until {
            sleep_until(until).await;
            self.rests_until = None;
            self.heard = Instant::now();
            return Received::Nothing;
        }
        let due = [Some(self.ping_at), Some(self.silent_at()), self.idle_at()]
            .into_iter()
            .flatten()
            .min();
        tokio::select! {
            // What waits is heard before the clock: whoever was written to for long may have answered meanwhile.
            biased;
            message = self.socket.recv() => self.classify(message),
            () = sleep_until(due.unwrap_or(self.ping_at)) => self.on_time(),
        }
    }

    fn silent_at(&self) -> Instant {
        self.heard + self.shared.limits.silence_timeout.0
    }

    fn idle_at(&self) -> Option<Instant> {
        self.idle.map(|idle| self.asked + idle)
    }

    fn on_time(&mut self) -> Received {
        let now = Instant::now();
        if now >= self.silent_at() {
            Received::End(End::Silent)
        } else if self.idle_at().is_some_and(|at| now >= at) {
            Received::End(End::Idle)
        } else if now >= self.ping_at {
            self.ping_at = now + self.shared.limits.ping_interval.0;
            Received::PingDue
        } else {
            Received::Nothing
        }
    }

    fn classify(&mut self, message: Option<Result<Message, axum::Error>>) -> Received {
        let message = match message {
            None => return Received::End(End::Gone),
            Some(Err(error)) => return Received::End(end_of(&error)),
            Some(Ok(message)) => message,
        };
        self.heard = Instant::now();
        match message {
            Message::Binary(frame) => {
                self.asked = self.heard;
                Received::Frame(frame)
            }
            Message::Text(_) => Received::End(End::Text),
            Message::Close(_) => Received::End(End::Gone),
            Message::Ping(payload) | Message::Pong(payload) => {
                self.slow_down(payload.len());
                Received::Nothing
            }
        }
    }

    /// Counts a frame of `bytes`; over the limit, reading rests until the rate is kept again. Nothing is lost: what is
    /// not read waits with the sender.
    pub(crate) fn slow_down(&mut self, bytes: usize) {
        if self.origin.is_spared() {
            return;
        }
        let now_ms = self.shared.clock.now_ms();
        let frames = self.frames.take_in_debt(self.shared.limits.frame_rate, 1, now_ms);
        let bytes = self
            .bytes
            .take_in_debt(self.shared.limits.byte_rate, bytes as u64, now_ms);
        let rest = frames.max(bytes);
        if !rest.is_zero() {
            self.rests_until = Some(Instant::now() + rest);
        }
    }

    /// Counts a frame of `bytes`, or says how long to wait before it may come again.
    pub(crate) fn admit(&mut self, bytes: usize) -> Result<(), Duration> {
        if self.origin.is_spared() {
            return Ok(());
        }
        let now_ms = self.shared.clock.now_ms();
        self.frames.take(self.shared.limits.frame_rate, 1, now_ms)?;
        self.bytes.take(self.shared.limits.byte_rate, bytes as u64, now_ms)
    }

    /// Writes one frame.
    pub(crate) async fn send<T: Serialize>(&mut self, frame: &T) -> Result<(), End> {
        match orrery_protocol::encode(frame) {
            Ok(bytes) => self.write(Message::Binary(bytes.into())).await,
            Err(error) => {
                tracing::error!(%error, "a frame of this server could not be encoded");
                Err(End::Gone)
            }
        }
    }

    /// Asks whether the other side is still there; the answer counts as heard.
    pub(crate) async fn ping(&mut self) -> Result<(), End> {
        self.write(Message::Ping(Bytes::new())).await
    }

    async fn write(&mut self, message: Message) -> Result<(), End> {
        let began = Instant::now();
        match timeout(self.shared.limits.write_timeout.0, self.socket.send(message)).await {
            Ok(Ok(())) => {
                // Whoever made us wait and then took it lives, and could not be heard meanwhile. What only went into the
                // system's buffer took no time and says nothing.
                self.heard += began.elapsed();
                Ok(())
            }
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Stalled),
        }
    }

    /// Says goodbye as the end demands, and counts it.
    pub(crate) async fn finish(mut self, end: End) {
        if let Some(reason) = end.dropped() {
            self.shared.metrics.dropped(reason);
        }
        let Some((code, reason)) = end.close() else { return };
        let close = Message::Close(Some(CloseFrame {
            code,
            reason: reason.into(),
        }));
        if !matches!(timeout(CLOSE_TIMEOUT, self.socket.send(close)).await, Ok(Ok(()))) {
            return;
        }
        if end.leaves_bytes_unread() {
            sleep(LINGER).await;
        } else {
            // Reads on until the other side has closed, too, so that it reads the close frame and not a reset.
            let answered = async { while let Some(Ok(_)) = self.socket.recv().await {} };
            let _ = timeout(CLOSE_TIMEOUT, answered).await;
        }
    }
}

fn end_of(error: &axum::Error) -> End {
    use tungstenite::{Error, error::CapacityError};
    match error.source().and_then(|source| source.downcast_ref::<Error>()) {
        Some(Error::Capacity(CapacityError::MessageTooLong { .. })) => End::TooBig,
        Some(Error::Utf8(_)) => End::NotUtf8,
        Some(Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)) => End::Gone,
        Some(Error::Protocol(_) | Error::Capacity(_) | Error::AttackAttempt) => End::Protocol,
        _ => End::Gone,
    }
}
