//! The rules between real sockets and the stack: a runtime that gives out sockets which obey them.

use std::{
    future::Future,
    io::{self, IoSliceMut},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, RecvMeta, Runtime, TokioRuntime,
    Transmit,
};

use super::{Guard, is_refusal};

/// Tokio, with a [`Guard`] at every socket and without TCP.
#[derive(Debug)]
pub(crate) struct Sockets {
    guard: Arc<Guard>,
    count: AtomicUsize,
}

impl Sockets {
    /// Sockets of one connection.
    pub(crate) fn new(guard: Arc<Guard>) -> Self {
        Self {
            guard,
            count: AtomicUsize::new(0),
        }
    }
}

impl Runtime for Sockets {
    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) -> Box<dyn JoinHandle> {
        TokioRuntime.spawn(future)
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        self.guard.enter(number, &socket);
        Ok(Arc::new(Guarded {
            guard: Arc::clone(&self.guard),
            number,
            socket: TokioRuntime.wrap_udp_socket(socket)?,
        }))
    }

    fn wrap_tcp_listener(&self, _: std::net::TcpListener) -> io::Result<Arc<dyn AsyncTcpListener>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn connect_tcp<'a>(
        &'a self,
        _: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = io::Result<Arc<dyn AsyncTcpStream>>> + Send + 'a>> {
        Box::pin(std::future::ready(Err(io::ErrorKind::Unsupported.into())))
    }

    fn resolve_host<'a>(
        &'a self,
        host: &'a str,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>> {
        TokioRuntime.resolve_host(host)
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        TokioRuntime.sleep(duration)
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        TokioRuntime.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        TokioRuntime.block_on(future);
    }

    fn yield_now(&self) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        TokioRuntime.yield_now()
    }

    fn name(&self) -> &'static str {
        "guarded tokio"
    }
}

#[derive(Debug)]
struct Guarded {
    guard: Arc<Guard>,
    number: usize,
    socket: Arc<dyn AsyncUdpSocket>,
}

impl AsyncUdpSocket for Guarded {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn poll_send(&self, context: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        let whole = transmit.contents.len().max(1);
        let length = transmit.segment_size.unwrap_or(whole).max(1);
        // Every segment is asked for: one that may not go takes the others with it, as the network might.
        let may = transmit
            .contents
            .chunks(length)
            .all(|packet| self.guard.may_go(self.number, transmit.destination, packet));
        if may {
            // An interface that is gone, or an address that nothing leads to any more, is a packet lost: ICE notices the
            // silence.
            match std::task::ready!(self.socket.poll_send(context, transmit)) {
                Ok(sent) => Poll::Ready(Ok(sent)),
                Err(error) => {
                    if is_refusal(&error) {
                        self.guard.refusal_came();
                    }
                    Poll::Ready(Ok(transmit.contents.len()))
                }
            }
        } else {
            Poll::Ready(Ok(transmit.contents.len()))
        }
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let received = std::task::ready!(self.socket.poll_recv(context, buffers, meta));
        if received.as_ref().is_err_and(is_refusal) {
            self.guard.refusal_came();
        }
        if let Ok(count) = received {
            for (buffer, meta) in buffers.iter_mut().zip(meta.iter_mut()).take(count) {
                let (from, stride) = (meta.addr, meta.stride);
                meta.len = keep(buffer, meta.len, stride, |packet| {
                    self.guard.may_come(self.number, from, packet)
                });
            }
        }
        Poll::Ready(received)
    }

    fn max_gso_segments(&self) -> usize {
        self.socket.max_gso_segments()
    }

    fn max_gro_segments(&self) -> usize {
        self.socket.max_gro_segments()
    }
}

/// Closes up what is left of `length` bytes of packets, each `stride` long but for the last, when those that may not stay are
/// taken out; its new length.
fn keep(buffer: &mut [u8], length: usize, stride: usize, mut may: impl FnMut(&[u8]) -> bool) -> usize {
    let length = length.min(buffer.len());
    let stride = stride.max(1);
    let mut kept = 0;
    for start in (0..length).step_by(stride) {
        let end = start.saturating_add(stride).min(length);
        if buffer.get(start..end).is_some_and(&mut may) {
            buffer.copy_within(start..end, kept);
            kept += end - start;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_that_may_not_stay_leave_no_hole() {
        let of = |text: &[u8], stride, bad: &[u8]| {
            let mut buffer = text.to_vec();
            buffer.extend(b"rest");
            let kept = keep(&mut buffer, text.len(), stride, |packet| !bad.contains(&packet[0]));
            buffer.truncate(kept);
            String::from_utf8(buffer).unwrap()
        };
        assert_eq!(of(b"aaabbbcc", 3, b""), "aaabbbcc");
        assert_eq!(of(b"aaabbbcc", 3, b"b"), "aaacc");
        assert_eq!(of(b"aaabbbcc", 3, b"ac"), "bbb");
        assert_eq!(of(b"aaabbbcc", 3, b"abc"), "");
        assert_eq!(of(b"aaa", 3, b"a"), "");
        assert_eq!(of(b"", 0, b"a"), "");
    }
}
