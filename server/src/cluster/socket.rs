//! A unix socket on which only what comes in wakes who waits.
//!
//! The system tells of room to write whenever the other side has read something. Whoever asks for both, as tokio's own socket does, is woken once
//! more for each request, and for nothing: there was room all the time. Here that is asked for only while there is none.

use std::{
    io::{self, IoSlice, Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    path::Path,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf, unix::AsyncFd};

/// The socket.
pub struct Socket {
    reads: AsyncFd<UnixStream>,
    /// While what is to be written finds no room.
    writes: Option<AsyncFd<UnixStream>>,
}

#[expect(deprecated, reason = "the safe constructor is sound for a descriptor that we own")]
fn watched(stream: UnixStream, of: Interest) -> io::Result<AsyncFd<UnixStream>> {
    AsyncFd::with_interest(stream, of)
}

impl Socket {
    /// Connects to who listens at `path`.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn connect(path: &Path) -> io::Result<Self> {
        let stream = tokio::net::UnixStream::connect(path).await?.into_std()?;
        Ok(Self { reads: watched(stream, Interest::READABLE)?, writes: None })
    }

    fn write(&mut self, cx: &mut Context<'_>, write: impl Fn(&UnixStream) -> io::Result<usize>) -> Poll<io::Result<usize>> {
        loop {
            let Some(writes) = &self.writes else {
                match write(self.reads.get_ref()) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        let same = self.reads.get_ref().try_clone()?;
                        self.writes = Some(watched(same, Interest::WRITABLE)?);
                        continue;
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    written => return Poll::Ready(written),
                }
            };
            let mut room = ready!(writes.poll_write_ready(cx))?;
            if let Ok(written) = room.try_io(|stream| write(stream.get_ref())) {
                self.writes = None;
                return Poll::Ready(written);
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut some = ready!(self.reads.poll_read_ready(cx))?;
            if let Ok(read) = some.try_io(|stream| stream.get_ref().read(into.initialize_unfilled())) {
                return Poll::Ready(read.map(|n| into.advance(n)));
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        self.write(cx, |mut stream| stream.write(from))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.reads.get_ref().shutdown(Shutdown::Write))
    }
    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.write(cx, |mut stream| stream.write_vectored(from))
    }
    fn is_write_vectored(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::UnixListener,
    };

    #[tokio::test]
    async fn more_than_there_is_room_for_goes_through_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let large: Vec<u8> = (0..3_000_000_u32).map(|n| (n / 3) as u8).collect();
        let expected = large.clone();
        let other = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            // So that the writer finds no room.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await.unwrap();
            stream.write_all(&all).await.unwrap();
            all
        });
        let mut socket = Socket::connect(&path).await.unwrap();
        socket.write_all(&large).await.unwrap();
        assert!(socket.writes.is_none(), "it would be woken for nothing");
        socket.shutdown().await.unwrap();
        let mut back = Vec::new();
        socket.read_to_end(&mut back).await.unwrap();
        assert!(back == expected && other.await.unwrap() == expected);
        assert_eq!(Socket::connect(&folder.path().join("no.sock")).await.err().map(|e| e.kind()), Some(io::ErrorKind::NotFound));
    }
}
