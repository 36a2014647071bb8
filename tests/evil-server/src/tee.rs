//! A stream of which everything is written down.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What came and went on one TCP connection.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    /// From the client; WebSocket payloads are masked here.
    pub up: Vec<u8>,
    /// To the client.
    pub down: Vec<u8>,
}

/// Where it is written down; nowhere, for a server that keeps nothing.
pub(crate) type Notes = Option<Arc<Mutex<Wire>>>;

pub(crate) struct Tee<S> {
    pub(crate) stream: S,
    pub(crate) notes: Notes,
}

impl<S> Tee<S> {
    fn note(&self, add: impl FnOnce(&mut Wire)) {
        if let Some(notes) = &self.notes {
            add(&mut notes.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tee<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let fresh = buf.filled().get(before..).unwrap_or_default();
        self.note(|wire| wire.up.extend_from_slice(fresh));
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tee<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = &polled {
            self.note(|wire| wire.down.extend_from_slice(bytes.get(..*count).unwrap_or_default()));
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
