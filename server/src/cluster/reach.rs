//! HTTP to a server that a cluster runs, over its unix socket, its port, or the way that the cluster finds to its pod. Connections are kept and used again.

use super::{Endpoint, SharedCluster, knock::Knocks, socket::Socket, stream::Stream};
use crate::ids;
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, Error as LegacyError, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use std::{ffi::OsString, io, os::unix::ffi::OsStringExt, path::PathBuf, pin::Pin, time::Duration};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpStream, UnixStream},
};
use tower::util::BoxCloneSyncService;

/// Why a body broke off.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// A body to send.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

type Connecting<S> = Pin<Box<dyn Future<Output = io::Result<TokioIo<S>>> + Send>>;
type UnixConnector = tower::util::ServiceFn<fn(Uri) -> Connecting<UnixStream>>;
type PodConnector = BoxCloneSyncService<Uri, TokioIo<Stream>, io::Error>;

const CONNECT: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(30);

/// The cluster that runs pods, and what they want to hear first.
type Pods = Option<(SharedCluster, Knocks)>;

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct Reach {
    unix: Client<UnixConnector, Body>,
    tcp: Client<HttpConnector, Body>,
    pod: Client<PodConnector, Body>,
    pods: Pods,
}

impl Default for Reach {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Reach {
    /// To whatever this cluster runs. Its pods want to hear a knock first.
    pub fn of(cluster: SharedCluster, knocks: Knocks) -> Self {
        Self::new(Some((cluster, knocks)))
    }

    fn new(pods: Pods) -> Self {
        let connector: fn(Uri) -> Connecting<UnixStream> = |uri| Box::pin(connect(uri));
        let known = pods.clone();
        let pod = tower::service_fn(move |uri: Uri| connect_to_pod(uri, known.clone()));
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(CONNECT));
        tcp.set_nodelay(true);
        let builder = || {
            let mut builder = Client::builder(TokioExecutor::new());
            builder.pool_idle_timeout(IDLE);
            builder
        };
        let pod = builder().build(BoxCloneSyncService::new(pod));
        Self { unix: builder().build(tower::service_fn(connector)), tcp: builder().build(tcp), pod, pods }
    }

    /// A connection of its own to `endpoint`.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn connect(&self, endpoint: &Endpoint) -> io::Result<Stream> {
        match endpoint {
            Endpoint::Unix { path } => Ok(Stream::new(in_time(Socket::connect(path)).await?)),
            Endpoint::Tcp { address } => {
                let stream = in_time(TcpStream::connect(address)).await?;
                stream.set_nodelay(true)?;
                Ok(Stream::new(stream))
            }
            Endpoint::Pod { address, id } => dial(id, address, self.pods.as_ref()).await,
        }
    }

    /// Sends `request`, whose URI is path and query only, to `endpoint`. The header `Host` is the caller's to set.
    ///
    /// # Errors
    /// Nobody listens there, or the answer cannot be read as HTTP.
    pub async fn send(&self, endpoint: &Endpoint, mut request: Request<Body>) -> Result<Response<Incoming>, LegacyError> {
        let authority = authority(endpoint);
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        parts.scheme = Some(http::uri::Scheme::HTTP);
        parts.authority = authority.parse().ok();
        if parts.path_and_query.is_none() {
            parts.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
        }
        // An authority of hex digits, or of an address, and a path that was parsed before: both fit together.
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        *request.version_mut() = http::Version::HTTP_11;
        match endpoint {
            Endpoint::Unix { .. } => self.unix.request(request).await,
            Endpoint::Tcp { .. } => self.tcp.request(request).await,
            Endpoint::Pod { .. } => self.pod.request(request).await,
        }
    }
}

/// Connections are pooled by authority, so a socket's path has to be in it, and whose pod it is: addresses are used again.
fn authority(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Unix { path } => ids::hex(path.as_os_str().as_encoded_bytes()),
        Endpoint::Tcp { address } => address.clone(),
        Endpoint::Pod { address, id } => ids::hex(format!("{address} {id}").as_bytes()),
    }
}

/// What [`authority`] put into a host.
fn unhex(uri: &Uri) -> io::Result<Vec<u8>> {
    let host = uri.host().unwrap_or_default().as_bytes();
    let digits = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok());
    let bytes: Option<Vec<u8>> = host.chunks(2).map(digits).collect();
    Ok(bytes.ok_or(io::ErrorKind::InvalidInput)?)
}

async fn connect_to_pod(uri: Uri, pods: Pods) -> io::Result<TokioIo<Stream>> {
    let text = String::from_utf8(unhex(&uri)?).map_err(io::Error::other)?;
    let (address, id) = text.split_once(' ').ok_or(io::ErrorKind::InvalidInput)?;
    Ok(TokioIo::new(dial(id, address, pods.as_ref()).await?))
}

async fn dial(id: &str, address: &str, pods: Option<&(SharedCluster, Knocks)>) -> io::Result<Stream> {
    let (cluster, knocks) = pods.ok_or_else(|| io::Error::other("this portal knows no pods"))?;
    let mut stream = cluster.dial(id, address).await?;
    let knock = format!("{}\n", knocks.line(id));
    in_time(stream.write_all(knock.as_bytes())).await?;
    Ok(stream)
}

async fn connect(uri: Uri) -> io::Result<TokioIo<UnixStream>> {
    let path = PathBuf::from(OsString::from_vec(unhex(&uri)?));
    Ok(TokioIo::new(in_time(UnixStream::connect(path)).await?))
}

async fn in_time<T>(what: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(CONNECT, what).await.map_err(|_| io::ErrorKind::TimedOut)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt, Empty};

    fn empty(path: &str) -> Request<Body> {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        Request::builder().uri(path).header("host", "h").body(body).unwrap()
    }

    #[tokio::test]
    async fn over_a_socket_and_a_port() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.sock");
        let app = || axum::Router::new().fallback(|uri: Uri| async move { uri.to_string() });
        let unix = tokio::net::UnixListener::bind(&path).unwrap();
        tokio::spawn(async move { axum::serve(unix, app()).await });
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(tcp, app()).await });

        let reach = Reach::default();
        for endpoint in [Endpoint::Unix { path: path.clone() }, Endpoint::Tcp { address }] {
            for _ in 0..2 {
                let answer = reach.send(&endpoint, empty("/a/b?c=d%20e")).await.unwrap();
                let body = answer.into_body().collect().await.unwrap().to_bytes();
                assert_eq!(body, "/a/b?c=d%20e");
            }
        }
        let gone = Endpoint::Unix { path: folder.path().join("no.sock") };
        assert!(reach.send(&gone, empty("/")).await.is_err());
    }
}
