//! A stream that is never written to at length.

use crate::platform::MAX_WRITE;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Writes at most [`MAX_WRITE`] bytes at once, and one buffer at a time: records of TLS, which are
/// shorter, go out one by one. What reaches the other end is the same.
pub(crate) struct ShortWrites<S>(pub(crate) S);

impl<S: AsyncWrite + Unpin> AsyncWrite for ShortWrites<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let first = bytes.get(..MAX_WRITE).unwrap_or(bytes);
        Pin::new(&mut self.0).poll_write(context, first)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }

    // Several buffers together could be longer than one: without this, only the first is written.
    fn is_write_vectored(&self) -> bool {
        false
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ShortWrites<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::IoSlice;
    use tokio::io::AsyncWriteExt;

    /// Notes how long each write was, and takes all of it, vectored or not.
    #[derive(Default)]
    struct Noting(Vec<usize>);

    impl AsyncWrite for Noting {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.0.push(bytes.len());
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffers: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let length = buffers.iter().map(|buffer| buffer.len()).sum();
            self.0.push(length);
            Poll::Ready(Ok(length))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn is_write_vectored(&self) -> bool {
            true
        }
    }

    #[tokio::test]
    async fn no_write_is_longer_than_the_daemon_can_take() {
        let mut stream = ShortWrites(Noting::default());
        for length in [1, MAX_WRITE - 1, MAX_WRITE, MAX_WRITE + 1, 1 << 20] {
            stream.write_all(&vec![0; length]).await.unwrap();
        }
        assert!(stream.0.0.iter().all(|length| *length <= MAX_WRITE));
        let all = 1 + 3 * MAX_WRITE + (1 << 20);
        assert_eq!(stream.0.0.iter().sum::<usize>(), all);
    }

    #[tokio::test]
    async fn several_buffers_are_not_written_as_one() {
        let mut stream = ShortWrites(Noting::default());
        let record = vec![0; MAX_WRITE - 1];
        let buffers = [IoSlice::new(&record), IoSlice::new(&record)];
        assert!(!stream.is_write_vectored());
        let written = stream.write_vectored(&buffers).await.unwrap();
        assert_eq!((written, stream.0.0), (record.len(), vec![record.len()]));
    }
}
