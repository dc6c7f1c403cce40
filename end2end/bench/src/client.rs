//! HTTP/1.1 over one kept connection, and single calls for setting things up.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{net::SocketAddr, os::fd::OwnedFd, path::PathBuf, time::Duration};
use tokio::net::{TcpStream, UnixStream};

/// Where a server listens.
#[derive(Debug, Clone)]
pub enum Place {
    /// Address and port.
    Tcp(SocketAddr),
    /// Path of a unix socket.
    Unix(PathBuf),
}

/// A request to send.
pub type Call = Request<Full<Bytes>>;

/// A connection that is kept.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// The socket once more, of a TCP connection.
    socket: Option<OwnedFd>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens.
    pub async fn open(place: &Place) -> Result<Self> {
        let (sender, socket) = match place {
            Place::Tcp(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let socket = rustix::io::dup(&stream)?;
                let (sender, connection) = handshake(TokioIo::new(stream)).await?;
                tokio::spawn(connection);
                (sender, Some(socket))
            }
            Place::Unix(path) => {
                let (sender, connection) = handshake(TokioIo::new(UnixStream::connect(path).await?)).await?;
                tokio::spawn(connection);
                (sender, None)
            }
        };
        Ok(Self { sender, socket })
    }

    /// Sends, and reads the whole answer.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn send(&mut self, call: Call) -> Result<Response<Bytes>> {
        self.sender.ready().await?;
        // A server that writes an answer in two pieces, without TCP_NODELAY, would otherwise wait 40 ms for our acknowledgement of the first.
        // The kernel forgets this by itself, so it is said each time.
        if let Some(socket) = &self.socket {
            rustix::net::sockopt::set_tcp_quickack(socket, true)?;
        }
        let (parts, body) = self.sender.send_request(call).await?.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    }
}

/// Single calls to a server, each with the same headers.
#[derive(Debug, Clone)]
pub struct Http {
    /// Where it listens.
    pub place: Place,
    /// Headers of every call, such as a token or a cookie.
    pub headers: HeaderMap,
}

impl Http {
    /// Without headers of its own.
    pub fn new(place: Place) -> Self {
        Self { place, headers: HeaderMap::new() }
    }

    /// With one more header.
    ///
    /// # Errors
    /// It has characters that a header cannot have.
    pub fn with(mut self, name: header::HeaderName, value: &str) -> Result<Self> {
        self.headers.insert(name, value.parse()?);
        Ok(self)
    }

    /// With a token.
    ///
    /// # Errors
    /// As [`Http::with`].
    pub fn bearer(self, token: &str) -> Result<Self> {
        self.with(header::AUTHORIZATION, &format!("Bearer {token}"))
    }

    /// A call to be sent.
    pub fn call(&self, method: &str, path: &str, body: impl Into<Bytes>) -> Call {
        let body = body.into();
        let mut call = Request::new(Full::new(body.clone()));
        *call.method_mut() = method.parse().unwrap_or_default();
        *call.uri_mut() = path.parse().unwrap_or_default();
        *call.headers_mut() = self.headers.clone();
        call.headers_mut().entry(header::HOST).or_insert(self.host());
        if !body.is_empty() {
            call.headers_mut().entry(header::CONTENT_TYPE).or_insert(header::HeaderValue::from_static("application/json"));
        }
        call
    }

    fn host(&self) -> header::HeaderValue {
        let text = match &self.place {
            Place::Tcp(address) => address.to_string(),
            Place::Unix(_) => "localhost".into(),
        };
        header::HeaderValue::try_from(text).unwrap_or(header::HeaderValue::from_static("localhost"))
    }

    /// Sends once, over a connection of its own; any status.
    ///
    /// # Errors
    /// Nobody listens, or the connection broke.
    pub async fn send(&self, method: &str, path: &str, body: impl Into<Bytes>) -> Result<Response<Bytes>> {
        let mut connection = Connection::open(&self.place).await?;
        let sent = connection.send(self.call(method, path, body));
        tokio::time::timeout(Duration::from_secs(120), sent).await.with_context(|| format!("{method} {path}: no answer in 2 minutes"))?
    }

    /// The JSON of an answer.
    ///
    /// # Errors
    /// Another status than 2xx: the beginning of what it said.
    pub async fn json(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let answer = self.send(method, path, body).await?;
        if !answer.status().is_success() {
            bail!("{method} {path}: {} {}", answer.status(), beginning(answer.body()));
        }
        if answer.body().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(answer.body()).with_context(|| format!("{method} {path}: not JSON"))
    }

    /// Waits until `path` answers 200.
    ///
    /// # Errors
    /// It does not within the time.
    pub async fn wait(&self, path: &str, most: Duration) -> Result<()> {
        let tried = async {
            loop {
                if self.send("GET", path, "").await.is_ok_and(|a| a.status() == StatusCode::OK) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(most, tried).await.with_context(|| format!("{path} did not answer 200 within {most:?}"))
    }
}

/// The beginning of a body, for messages.
pub fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned()
}
