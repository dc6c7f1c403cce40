//! Threads of the gateway: a connection that begins with a request to a deployment stays on one of them.
//!
//! The portal's other threads share their work and wake each other for it, which costs more than handing a request on does; and a page that
//! takes long to render holds up whatever waits behind it. What is asked on such a connection beside predictions is answered there as well.

use crate::cluster::lines;
use axum::{Router, serve::Listener};
use std::{io, net::SocketAddr, num::NonZero, sync::atomic::AtomicUsize, sync::atomic::Ordering, thread};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Builder,
    sync::{mpsc, oneshot, watch},
};

/// Most threads; fewer where there are fewer processors.
const MOST: usize = 16;
/// How the path of a request to a deployment begins.
const BEGINS: &[u8] = b"/serve/";
/// The longest method that is looked past, with its blank.
const METHOD: usize = 8;

type Handed = (std::net::TcpStream, SocketAddr);
type Accepted = (TcpStream, SocketAddr);

/// The threads.
pub struct Lanes {
    doors: Vec<mpsc::UnboundedSender<Handed>>,
    next: AtomicUsize,
}

impl Lanes {
    /// Starts them; what resolves when all have ended, which they do once `drain` says so and what they began is answered.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn begin(
        app: &Router,
        address: SocketAddr,
        drain: &watch::Receiver<bool>,
    ) -> io::Result<(Self, impl Future<Output = io::Result<()>> + use<>)> {
        let (mut doors, mut ends) = (Vec::new(), Vec::new());
        for n in 1..=thread::available_parallelism().map_or(1, NonZero::get).min(MOST) {
            let (door, handed) = mpsc::unbounded_channel();
            let (over, end) = oneshot::channel::<io::Result<()>>();
            let (app, mut drain) = (app.clone().into_make_service(), drain.clone());
            let runtime = Builder::new_current_thread().enable_all().build()?;
            thread::Builder::new().name(format!("gateway-{n}")).spawn(move || {
                lines::keep_apart(n);
                let serving = axum::serve(Lane { handed, address }, app);
                let ended =
                    runtime.block_on(serving.with_graceful_shutdown(async move { drop(drain.wait_for(|d| *d).await) }).into_future());
                // Nobody waits: the server ends anyway.
                let _ = over.send(ended);
            })?;
            doors.push(door);
            ends.push(end);
        }
        let ended = async move {
            for end in ends {
                end.await.unwrap_or(Ok(()))?;
            }
            Ok(())
        };
        Ok((Self { doors, next: AtomicUsize::new(0) }, ended))
    }

    /// Gives a connection to one of them, in turns.
    fn take(&self, stream: TcpStream, from: SocketAddr) {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % self.doors.len().max(1);
        let Some(door) = self.doors.get(next) else { return };
        match stream.into_std() {
            // It ends: the caller sees its connection closed, as it would otherwise.
            Ok(stream) => drop(door.send((stream, from))),
            Err(error) => tracing::warn!(error = %error, "a connection is lost"),
        }
    }
}

/// Where a thread gets its connections from.
struct Lane {
    handed: mpsc::UnboundedReceiver<Handed>,
    address: SocketAddr,
}

impl Listener for Lane {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Accepted {
        loop {
            let Some((stream, from)) = self.handed.recv().await else { return std::future::pending().await };
            match TcpStream::from_std(stream) {
                Ok(stream) => return (stream, from),
                Err(error) => tracing::warn!(error = %error, "a connection is lost"),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// The portal's listener, less what the gateway's threads take.
pub struct Sorted {
    listener: TcpListener,
    lanes: std::sync::Arc<Lanes>,
    others: (mpsc::UnboundedSender<Accepted>, mpsc::UnboundedReceiver<Accepted>),
}

impl Sorted {
    /// Over this listener.
    pub fn new(listener: TcpListener, lanes: Lanes) -> Self {
        Self { listener, lanes: lanes.into(), others: mpsc::unbounded_channel() }
    }
}

impl Listener for Sorted {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Accepted {
        loop {
            tokio::select! {
                (stream, from) = Listener::accept(&mut self.listener) => {
                    let (lanes, others) = (self.lanes.clone(), self.others.0.clone());
                    // Who does not say anything holds up nobody.
                    tokio::spawn(async move {
                        // Without it each streamed page, and each answer in two pieces, waits for a delayed acknowledgement.
                        drop(stream.set_nodelay(true));
                        let mut head = [0; METHOD + BEGINS.len()];
                        match stream.peek(&mut head).await {
                            Ok(n) if is_for_a_deployment(&head[..n]) => lanes.take(stream, from),
                            // The server ends.
                            _ => drop(others.send((stream, from))),
                        }
                    });
                }
                Some(other) = self.others.1.recv() => return other,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Whether a connection that begins so asks a deployment.
fn is_for_a_deployment(head: &[u8]) -> bool {
    let Some(blank) = head.iter().take(METHOD).position(|b| *b == b' ') else { return false };
    head[..blank].iter().all(u8::is_ascii_uppercase) && head[blank + 1..].starts_with(BEGINS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::any;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn what_a_connection_begins_with() {
        for head in ["GET /serve/t/d/v2", "POST /serve/", "OPTIONS /serve/a"] {
            assert!(is_for_a_deployment(&head.as_bytes()[..head.len().min(METHOD + BEGINS.len())]), "{head}");
        }
        for head in ["", "GET", "GET /", "GET /served/", "GET /servers", "PROPFIND /serve/", "/serve/", "\u{16}\u{3}\u{1} /serve/"] {
            assert!(!is_for_a_deployment(&head.as_bytes()[..head.len().min(METHOD + BEGINS.len())]), "{head}");
        }
    }

    async fn asked(stream: &mut TcpStream, path: &str) -> String {
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: h\r\n\r\n").as_bytes()).await.unwrap();
        let mut text = String::new();
        while !text.ends_with("\r\n\r\nmain") && !text.contains("\r\n\r\ngateway-") {
            let mut some = [0; 500];
            let n = stream.read(&mut some).await.unwrap();
            assert_ne!(n, 0, "it closed after {text}");
            text.push_str(std::str::from_utf8(&some[..n]).unwrap());
        }
        text.split("\r\n\r\n").nth(1).unwrap().to_owned()
    }

    #[tokio::test]
    async fn each_connection_stays_where_it_began_until_all_end() {
        let name = || async {
            let here = thread::current();
            let name = here.name().unwrap_or_default();
            if name.starts_with("gateway-") { name.to_owned() } else { "main".to_owned() }
        };
        let app = Router::new().route("/serve/{*path}", any(name)).route("/other", any(name));
        let (drain, drained) = watch::channel(false);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (lanes, ended) = Lanes::begin(&app, address, &drained).unwrap();
        let mut wait = drained.clone();
        let portal = axum::serve(Sorted::new(listener, lanes), app.into_make_service())
            .with_graceful_shutdown(async move { drop(wait.wait_for(|d| *d).await) });
        let portal = tokio::spawn(portal.into_future());
        let connect = async || TcpStream::connect(address).await.unwrap();
        let (mut silent, mut first, mut second) = (connect().await, connect().await, connect().await);
        let lane = asked(&mut first, "/serve/a").await;
        assert!(lane.starts_with("gateway-"), "{lane}");
        assert_eq!(asked(&mut first, "/other").await, lane);
        assert_eq!(asked(&mut second, "/other").await, "main");
        assert_eq!(asked(&mut second, "/serve/a").await, "main");
        assert!(asked(&mut silent, "/serve/a").await.starts_with("gateway-"));
        drain.send_replace(true);
        let all = async { (ended.await, portal.await) };
        let (ended, portal) = tokio::time::timeout(Duration::from_secs(20), all).await.unwrap();
        ended.unwrap();
        portal.unwrap().unwrap();
        assert_eq!(first.read(&mut [0]).await.unwrap(), 0);
    }
}
