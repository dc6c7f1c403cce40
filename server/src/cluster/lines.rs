//! Connections to one server, kept and used again. Each is driven by the request that uses it, in its own task: nobody else has to be woken on the way
//! there and back, and a request that is dropped takes its connection along, so that the server hears of it.

use super::{
    Endpoint,
    quiet::Quiet,
    reach::{Body, Reach},
    stream::Stream,
};
use bytes::Bytes;
use http::{Request, Response};
use hyper::{
    body::{Body as HttpBody, Frame, Incoming, SizeHint},
    client::conn::{
        TrySendError,
        http1::{Connection, SendRequest, handshake},
    },
};
use hyper_util::rt::TokioIo;
use std::{
    cell::Cell,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::Instant;

/// How long one is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(30);

thread_local! {
    /// Which of the threads that are kept apart this one is; 0 for all others together.
    static THREAD: Cell<usize> = const { Cell::new(0) };
}

/// From now on this thread uses only connections that it made itself: one of another thread would have to be woken by that. `number`: its own,
/// from 1.
pub fn keep_apart(number: usize) {
    THREAD.set(number);
}

/// The connections.
#[derive(Default)]
pub struct Lines(Mutex<Vec<Idle>>);

struct Idle {
    line: Line,
    since: Instant,
    thread: usize,
}

/// One connection. In a box, as it is handed around with each request.
type Line = Box<Open>;

struct Open {
    sender: SendRequest<Body>,
    /// Gone when it has ended.
    connection: Option<Connection<TokioIo<Stream>, Body>>,
    quiet: Quiet,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Nobody listens there.
    #[error("cannot connect")]
    Unreached(#[source] io::Error),
    /// Nothing of the request was sent.
    #[error("nothing sent")]
    Unsent(#[source] hyper::Error),
    /// It broke off, or cannot be read as HTTP.
    #[error("no answer")]
    Broke(#[source] hyper::Error),
}

impl Lines {
    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends `request`, whose URI is path and query only, to `endpoint`, always the same one. The header `Host` is the caller's to set.
    ///
    /// # Errors
    /// Nobody listens there, or the answer cannot be read as HTTP. A connection that was closed before anything was sent is no error: another is
    /// taken.
    pub async fn send(
        self: &Arc<Self>,
        reach: &Reach,
        endpoint: &Endpoint,
        mut request: Request<Body>,
    ) -> Result<Response<Answer>, Trouble> {
        loop {
            let (line, known) = match self.take() {
                Some(line) => (line, true),
                // Rare, and large: in a box it takes no room in the future of every request.
                None => (Box::pin(open(reach, endpoint)).await?, false),
            };
            match send(line, request).await {
                Ok((answer, line)) => return Ok(self.hear(answer, line)),
                Err(mut error) => match error.take_message() {
                    Some(unsent) if known => request = unsent,
                    Some(_) => return Err(Trouble::Unsent(error.into_error())),
                    None => return Err(Trouble::Broke(error.into_error())),
                },
            }
        }
    }

    /// Closes what nobody has used for long, and what the server closed.
    pub fn tidy(&self) {
        self.idle().retain_mut(|idle| idle.since.elapsed() < IDLE && idle.line.is_open());
    }

    /// The one that was used last and is still open.
    fn take(&self) -> Option<Line> {
        let here = THREAD.get();
        loop {
            let mut idle = {
                let mut all = self.idle();
                let last = all.iter().rposition(|idle| idle.thread == here)?;
                all.remove(last)
            };
            if idle.line.is_open() {
                return Some(idle.line);
            }
        }
    }

    fn put(&self, mut line: Line) {
        if line.is_open() && line.sender.is_ready() {
            self.idle().push(Idle { line, since: Instant::now(), thread: THREAD.get() });
        }
    }

    fn hear(self: &Arc<Self>, answer: Response<Incoming>, line: Line) -> Response<Answer> {
        answer.map(|body| Answer { ahead: None, body, line: Some(line), home: self.clone() })
    }
}

async fn open(reach: &Reach, endpoint: &Endpoint) -> Result<Line, Trouble> {
    let stream = reach.connect(endpoint).await.map_err(Trouble::Unreached)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(Trouble::Unsent)?;
    Ok(Box::new(Open { sender, connection: Some(connection), quiet: Quiet::default() }))
}

async fn send(mut line: Line, request: Request<Body>) -> Result<(Response<Incoming>, Line), TrySendError<Request<Body>>> {
    let mut answer = pin!(line.sender.try_send_request(request));
    let open = &mut *line;
    let answer = poll_fn(|cx| drive(&mut open.connection, &open.quiet, cx, |cx| answer.as_mut().poll(cx))).await?;
    Ok((answer, line))
}

impl Open {
    /// Whether it may be used again.
    fn is_open(&mut self) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        let ended = self.quiet.look(|cx| Pin::new(connection).poll(cx)).is_ready();
        if ended {
            self.connection = None;
        }
        !ended
    }
}

/// Polls the connection, and then what waits for it.
fn drive<T>(
    connection: &mut Option<Connection<TokioIo<Stream>, Body>>,
    quiet: &Quiet,
    cx: &mut Context<'_>,
    mut what: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    quiet.poll(cx, |cx| {
        // How it ended is told to who waits.
        if connection.as_mut().is_some_and(|c| Pin::new(c).poll(cx).is_ready()) {
            *connection = None;
        }
        what(cx)
    })
}

/// The body of an answer. Its connection is used again once it was read to its end.
pub struct Answer {
    /// What was read before it was asked for.
    ahead: Option<Frame<Bytes>>,
    body: Incoming,
    line: Option<Line>,
    home: Arc<Lines>,
}

impl Answer {
    /// Waits until the body has begun.
    ///
    /// # Errors
    /// It broke off before.
    pub async fn begin(&mut self) -> Result<(), hyper::Error> {
        if self.ahead.is_none() && !self.body.is_end_stream() {
            self.ahead = poll_fn(|cx| self.poll_next(cx)).await.transpose()?;
        }
        Ok(())
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let body = &mut self.body;
        let polled = match &mut self.line {
            Some(line) => ready!(drive(&mut line.connection, &line.quiet, cx, |cx| Pin::new(&mut *body).poll_frame(cx))),
            None => ready!(Pin::new(body).poll_frame(cx)),
        };
        match &polled {
            None => self.part(),
            Some(Ok(_)) if self.body.is_end_stream() => self.part(),
            Some(Ok(_)) => {}
            Some(Err(_)) => self.line = None,
        }
        Poll::Ready(polled)
    }

    fn part(&mut self) {
        if let Some(line) = self.line.take() {
            self.home.put(line);
        }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.ahead.take() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => self.poll_next(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let ahead = self.ahead.as_ref().and_then(Frame::data_ref).map_or(0, Bytes::len) as u64;
        let rest = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + ahead);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + ahead);
        }
        hint
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // An answer without a body is not read; one that was not read to its end takes its connection along.
        if self.body.is_end_stream() {
            self.part();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt, Empty, Full};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    const PLAIN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n";

    fn get() -> Request<Body> {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        Request::builder().uri("/a?b=c").header("host", "h").body(body).unwrap()
    }

    fn post(text: &'static str) -> Request<Body> {
        let body = Full::new(Bytes::from_static(text.as_bytes())).map_err(|never| match never {}).boxed_unsync();
        Request::builder().method("POST").uri("/").header("host", "h").body(body).unwrap()
    }

    /// A server of which each connection is treated by `of`, and how many there were.
    async fn server<F: Future<Output = ()> + Send + 'static>(of: fn(TcpStream) -> F) -> (Endpoint, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let count = Arc::new(AtomicUsize::new(0));
        let counts = count.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counts.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(of(stream));
            }
        });
        (Endpoint::Tcp { address }, count)
    }

    /// Reads the head of a request.
    async fn head(stream: &mut TcpStream) -> Option<String> {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            text.push(stream.read_u8().await.ok()?);
        }
        String::from_utf8(text).ok()
    }

    async fn polite(mut stream: TcpStream) {
        while let Some(head) = head(&mut stream).await {
            assert!(head.starts_with("GET /a?b=c HTTP/1.1\r\nhost: h\r\n"), "{head}");
            // In two pieces, as many servers do.
            stream.write_all(PLAIN.as_bytes()).await.unwrap();
            tokio::task::yield_now().await;
            stream.write_all(b"ok").await.unwrap();
        }
    }

    async fn text(answer: Response<Answer>) -> String {
        String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().into()).unwrap()
    }

    #[tokio::test]
    async fn a_connection_is_used_again_and_by_one_request_at_a_time() {
        let (endpoint, connections) = server(polite).await;
        let (lines, reach) = (Arc::new(Lines::default()), Reach::default());
        for _ in 0..20 {
            assert_eq!(text(lines.send(&reach, &endpoint, get()).await.unwrap()).await, "ok");
        }
        assert_eq!(connections.load(Ordering::SeqCst), 1);
        let all = (0..5).map(|_| async { text(lines.send(&reach, &endpoint, get()).await.unwrap()).await });
        assert_eq!(futures::future::join_all(all).await, ["ok"; 5]);
        let most = connections.load(Ordering::SeqCst);
        assert!((2..=5).contains(&most), "{most}");
        lines.tidy();
        assert_eq!(lines.idle().len(), most);
    }

    #[tokio::test]
    async fn the_beginning_of_a_body_can_be_waited_for() {
        let (endpoint, connections) = server(polite).await;
        let (lines, reach) = (Arc::new(Lines::default()), Reach::default());
        for _ in 0..3 {
            let mut answer = lines.send(&reach, &endpoint, get()).await.unwrap();
            assert_eq!(answer.body().size_hint().exact(), Some(2));
            answer.body_mut().begin().await.unwrap();
            answer.body_mut().begin().await.unwrap();
            assert_eq!((answer.body().size_hint().exact(), answer.body().is_end_stream()), (Some(2), false));
            assert_eq!(text(answer).await, "ok");
        }
        assert_eq!(connections.load(Ordering::SeqCst), 1);
        let broken = |mut stream: TcpStream| async move {
            head(&mut stream).await;
            stream.write_all(PLAIN.as_bytes()).await.unwrap();
        };
        let (endpoint, _) = server(broken).await;
        let mut answer = Arc::new(Lines::default()).send(&reach, &endpoint, get()).await.unwrap();
        assert!(answer.body_mut().begin().await.is_err());
    }

    #[tokio::test]
    async fn what_was_sent_is_not_said_to_be_unsent() {
        let drops = |mut stream: TcpStream| async move { drop(head(&mut stream).await) };
        let (endpoint, connections) = server(drops).await;
        let failed = Arc::new(Lines::default()).send(&Reach::default(), &endpoint, get()).await;
        assert!(matches!(failed, Err(Trouble::Broke(_))));
        assert_eq!(connections.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn one_that_the_server_closed_is_not_used_again() {
        let once = |mut stream: TcpStream| async move {
            head(&mut stream).await;
            stream.write_all(PLAIN.as_bytes()).await.unwrap();
            stream.write_all(b"ok").await.unwrap();
        };
        let (endpoint, connections) = server(once).await;
        let (lines, reach) = (Arc::new(Lines::default()), Reach::default());
        for n in 1..=20 {
            assert_eq!(text(lines.send(&reach, &endpoint, get()).await.unwrap()).await, "ok");
            // Until the end of the connection came here.
            while !lines.idle().is_empty() {
                lines.tidy();
                tokio::task::yield_now().await;
            }
            assert_eq!(connections.load(Ordering::SeqCst), n);
        }
        let says_so = |mut stream: TcpStream| async move {
            head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
            // Open all the same.
            head(&mut stream).await;
        };
        let (endpoint, _) = server(says_so).await;
        assert_eq!(text(lines.send(&reach, &endpoint, get()).await.unwrap()).await, "ok");
        assert!(lines.idle().is_empty());
    }

    #[tokio::test]
    async fn an_answer_that_nobody_reads_to_its_end_ends_its_connection() {
        let endless = |mut stream: TcpStream| async move {
            head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
            while stream.write_all(b"1\r\nx\r\n").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            GONE.notify_one();
        };
        static GONE: tokio::sync::Notify = tokio::sync::Notify::const_new();
        let (endpoint, _) = server(endless).await;
        let (lines, reach) = (Arc::new(Lines::default()), Reach::default());
        let mut answer = lines.send(&reach, &endpoint, get()).await.unwrap();
        assert_eq!(answer.body_mut().frame().await.unwrap().unwrap().into_data().unwrap(), "x");
        drop(answer);
        GONE.notified().await;
        // Nor does a request that is given up.
        let deaf = |mut stream: TcpStream| async move {
            head(&mut stream).await;
            assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
            GONE.notify_one();
        };
        let (endpoint, _) = server(deaf).await;
        let waiting = tokio::time::timeout(Duration::from_millis(50), lines.send(&reach, &endpoint, get())).await;
        assert!(waiting.is_err());
        GONE.notified().await;
        assert!(lines.idle().is_empty());
    }

    #[tokio::test]
    async fn large_bodies_there_and_back_over_a_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.sock");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let app = axum::Router::new().fallback(|body: axum::body::Body| async { body });
        tokio::spawn(async move { axum::serve(listener, app).await });
        let (lines, reach, endpoint) = (Arc::new(Lines::default()), Reach::default(), Endpoint::Unix { path });
        let large: &'static str = "0123456789".repeat(300_000).leak();
        for _ in 0..3 {
            assert_eq!(text(lines.send(&reach, &endpoint, post(large)).await.unwrap()).await.len(), large.len());
            assert_eq!(text(lines.send(&reach, &endpoint, post("")).await.unwrap()).await, "");
        }
        assert_eq!(lines.idle().len(), 1);
        let gone = Endpoint::Unix { path: folder.path().join("no.sock") };
        let failed = Arc::new(Lines::default()).send(&reach, &gone, get()).await;
        assert!(matches!(failed, Err(Trouble::Unreached(_))));
    }
}
