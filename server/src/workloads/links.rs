//! How workloads reach the portal.

use std::{collections::BTreeMap, net::IpAddr, net::Ipv4Addr, net::Ipv6Addr, net::SocketAddr};

/// Where workloads find the portal.
#[derive(Debug, Clone)]
pub struct Links {
    /// `http://127.0.0.1:8080`
    pub internal_url: String,
}

impl Links {
    /// From where the portal listens: a wildcard address is reached over loopback.
    pub fn of(listen: SocketAddr) -> Self {
        let ip = match listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        Self { internal_url: format!("http://{}", SocketAddr::new(ip, listen.port())) }
    }

    /// Environment variables that every workload which may log gets; the token goes into its secrets as `MLFLOW_TRACKING_TOKEN`.
    pub fn tracking(&self) -> BTreeMap<String, String> {
        [
            ("MLFLOW_TRACKING_URI", self.internal_url.as_str()),
            ("SLIPWAY_URL", self.internal_url.as_str()),
            ("MLFLOW_DISABLE_TELEMETRY", "true"),
            ("DO_NOT_TRACK", "true"),
        ]
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect()
    }
}
