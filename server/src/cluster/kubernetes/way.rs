//! The way to a pod: to its address, or through the API server where there is no route to it.

use super::{Inner, settings::pod_address};
use crate::cluster::stream::Stream;
use std::{
    fmt, io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::net::TcpStream;

/// How long a connection to an address may take.
const DIRECT: Duration = Duration::from_secs(5);
/// The same where another way is tried then: a route that is there is quick.
const TRIED: Duration = Duration::from_secs(2);
/// How long a route that was not there is not looked for again, milliseconds.
const AGAIN: i64 = 300_000;

/// How the portal reaches pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaching {
    /// By their addresses inside of the cluster; outside by their addresses where there is a route, else through the API server.
    Auto,
    /// By their addresses.
    Direct,
    /// Through the API server.
    PortForward,
}

impl Reaching {
    /// From the word of the configuration.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "auto" => Some(Self::Auto),
            "direct" => Some(Self::Direct),
            "portforward" => Some(Self::PortForward),
            _ => None,
        }
    }
}

/// What was found of the way to pods.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// When there was no route, milliseconds since 1970.
    no_route: Mutex<Option<i64>>,
    /// Whether that was said.
    said: AtomicBool,
}

/// Why an address could not be connected to.
#[derive(Debug)]
pub(super) enum NoWay {
    /// Whoever has the address answers, and refuses.
    Refused(io::Error),
    /// Nothing comes back: there is no route.
    NoRoute(io::Error),
}

impl fmt::Display for NoWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(e) | Self::NoRoute(e) => e.fmt(f),
        }
    }
}

impl From<NoWay> for io::Error {
    fn from(no: NoWay) -> Self {
        match no {
            NoWay::Refused(e) | NoWay::NoRoute(e) => e,
        }
    }
}

/// Connects to an address.
pub(super) async fn direct(address: &str, within: Duration) -> Result<TcpStream, NoWay> {
    match tokio::time::timeout(within, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => {
            // Small messages of a kernel are not to wait for one another.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Ok(Err(e)) if matches!(e.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset) => Err(NoWay::Refused(e)),
        Ok(Err(e)) => Err(NoWay::NoRoute(e)),
        Err(_) => Err(NoWay::NoRoute(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", within.as_secs())))),
    }
}

impl Inner {
    /// Connects to where the pod of a workload listens.
    pub(super) async fn dial(&self, id: &str, address: &str) -> io::Result<Stream> {
        let by_address = async |within| direct(address, within).await.map(Stream::new);
        match self.settings.reaching {
            Reaching::Direct => Ok(by_address(DIRECT).await?),
            Reaching::Auto if self.settings.portal_namespace.is_some() => Ok(by_address(DIRECT).await?),
            Reaching::PortForward => self.forward(id, address).await,
            Reaching::Auto if self.has_no_route() => self.forward(id, address).await,
            Reaching::Auto => match by_address(TRIED).await {
                Ok(stream) => Ok(stream),
                Err(refused @ NoWay::Refused(_)) => Err(refused.into()),
                Err(no) => {
                    let stream = self.forward(id, address).await?;
                    *self.way.no_route.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.clock.now());
                    if !self.way.said.swap(true, Ordering::Relaxed) {
                        tracing::info!(address, why = %no, "there is no route to pods: they are reached through the API server");
                    }
                    Ok(stream)
                }
            },
        }
    }

    fn has_no_route(&self) -> bool {
        let since = *self.way.no_route.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| self.clock.now() - since < AGAIN)
    }

    async fn forward(&self, id: &str, address: &str) -> io::Result<Stream> {
        let (_, port) = address.rsplit_once(':').ok_or(io::ErrorKind::InvalidInput)?;
        let port: u16 = port.parse().map_err(io::Error::other)?;
        let pod = {
            let tables = self.index.tables();
            let of_id = tables.pods.all().find(|p| p.id == id && p.status.pod_ip.as_deref().is_some_and(|ip| pod_address(ip) == address));
            of_id.map(|p| (p.namespace.clone(), p.name.clone()))
        };
        let (namespace, name) = pod.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "its pod is gone"))?;
        let stream = self.api.forward(&namespace, &name, port).await;
        Ok(Stream::new(stream.map_err(|e| io::Error::other(e.to_string()))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_is_closed_is_no_missing_route() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        assert!(direct(&address, TRIED).await.is_ok());
        drop(listener);
        assert!(matches!(direct(&address, TRIED).await, Err(NoWay::Refused(_))));
        assert!(matches!(direct("255.255.255.255:7070", TRIED).await, Err(NoWay::NoRoute(_))));
        assert_eq!((Reaching::of("auto"), Reaching::of("proxy")), (Some(Reaching::Auto), None));
    }
}
