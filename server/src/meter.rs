//! A stream whose reading is slowed down to a rate, whatever comes of the bytes.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use crate::{
    clock::Clock,
    rate::{Bucket, Rate},
};

/// A stream, read no faster than its rate. What is not read waits with the sender.
#[derive(Debug)]
pub(crate) struct Metered<S> {
    stream: S,
    rate: Option<Rate>,
    clock: Arc<dyn Clock>,
    bucket: Bucket,
    rest: Option<Pin<Box<Sleep>>>,
}

impl<S> Metered<S> {
    /// `rate` in bytes; `None` where nothing is limited.
    pub(crate) fn new(stream: S, rate: Option<Rate>, clock: Arc<dyn Clock>) -> Self {
        Self {
            stream,
            rate,
            clock,
            bucket: Bucket::default(),
            rest: None,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(rest) = &mut this.rest {
            ready!(rest.as_mut().poll(cx));
            this.rest = None;
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        if let Some(rate) = this.rate {
            let read = buffer.filled().len().saturating_sub(before);
            let debt = this.bucket.take_in_debt(rate, read as u64, this.clock.now_ms());
            this.rest = (!debt.is_zero()).then(|| Box::pin(sleep(debt)));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::{task::Waker, time::Duration};

    use super::*;
    use crate::clock::ManualClock;

    fn read(metered: &mut Metered<&[u8]>) -> Option<usize> {
        let mut bytes = [0; 40];
        let mut buffer = ReadBuf::new(&mut bytes);
        match Pin::new(metered).poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer) {
            Poll::Ready(result) => result.map(|()| buffer.filled().len()).ok(),
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn beyond_the_burst_nothing_is_read_until_the_debt_is_paid() {
        let clock = Arc::new(ManualClock::at(1));
        let rate = Rate::new(100, 1, Duration::from_secs(3600));
        let mut metered = Metered::new(&[0; 1000][..], Some(rate), clock);
        for expected in [Some(40), Some(40), Some(40), None, None] {
            assert_eq!(read(&mut metered), expected);
        }
    }

    #[tokio::test]
    async fn without_a_rate_everything_is_read() {
        let mut metered = Metered::new(&[0; 1000][..], None, Arc::new(ManualClock::at(1)));
        for _ in 0..25 {
            assert_eq!(read(&mut metered), Some(40));
        }
        assert_eq!(read(&mut metered), Some(0));
    }
}
