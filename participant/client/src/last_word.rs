//! Hearing out a peer that has stopped reading.
//!
//! Whoever refuses a large upload answers and closes, without reading the rest. The rest that is
//! still being sent then fails to be written, while the answer lies in the socket. HTTP libraries
//! give up at the first of these, so the failure is kept from them until the answer was read, or
//! there is none.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A stream that, for a moment after it cannot be written to any more, is only read.
pub(crate) struct LastWord<S> {
    stream: S,
    /// Why it cannot be written to, and until when that is not told.
    closed: Option<(io::ErrorKind, Pin<Box<Sleep>>)>,
}

/// How long an answer that was on its way may take to be read.
const MOMENT: Duration = Duration::from_millis(100);

impl<S> LastWord<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            closed: None,
        }
    }

    /// What comes of writing. Whoever writes also reads, and finds the answer there, or the end.
    fn written<T>(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match result {
            Poll::Ready(Err(error)) if is_closed(&error) => {
                self.closed = Some((error.kind(), Box::pin(tokio::time::sleep(MOMENT))));
                self.wait(context).map(Err)
            }
            other => other,
        }
    }

    /// The failure, when it is time to tell it.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        match &mut self.closed {
            Some((kind, moment)) => {
                let kind = *kind;
                moment.as_mut().poll(context).map(|()| kind.into())
            }
            None => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for LastWord<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for LastWord<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.closed.is_some() {
            return self.wait(context).map(Err);
        }
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closed.is_some() {
            return self.wait(context).map(Err);
        }
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.written(context, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closed.is_some() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(
        error.kind(),
        BrokenPipe | ConnectionReset | ConnectionAborted
    )
}
