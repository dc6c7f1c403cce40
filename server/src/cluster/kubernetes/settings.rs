//! What an admin sets about the cluster.

use super::{maker::Makers, names::PORT, way::Reaching};
use crate::cluster::knock::Knocks;
use http::Uri;
use serde_json::{Value, json};
use std::{net::IpAddr, path::PathBuf};

/// The values in force.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Tells this portal's objects from those of others in the same cluster.
    pub name: String,
    /// Slipway's own image.
    pub image: String,
    /// What the name of a team's namespace begins with.
    pub namespace_prefix: String,
    /// URL under which pods reach the portal.
    pub portal: String,
    /// User and group id of workloads.
    pub user: i64,
    /// Name of the resource that is a GPU.
    pub gpu: String,
    /// Size of a new volume in bytes.
    pub volume_bytes: i64,
    /// Class of new volumes; the cluster's default where absent.
    pub storage_class: Option<String>,
    /// Networks (CIDR) that workloads may reach beside portal and names.
    pub egress: Vec<String>,
    /// URL of a Prometheus that knows what pods use.
    pub prometheus: Option<String>,
    /// How the portal reaches pods.
    pub reaching: Reaching,
    /// Namespace that the portal runs in, where it runs in the cluster.
    pub portal_namespace: Option<String>,
    /// The data folder: logs, uploads, models.
    pub data: PathBuf,
    /// How large a part of a log grows, in bytes.
    pub log_bytes: u64,
    /// How large anything that is uploaded may be, in bytes.
    pub upload_bytes: u64,
    /// What pods are told apart by.
    pub knocks: Knocks,
    /// Which kinds of Kubeflow's and KServe's make pods.
    pub makers: Makers,
}

impl Settings {
    /// Namespace of a team that nobody handed over another one for.
    pub fn namespace(&self, team: &str) -> String {
        format!("{}{team}", self.namespace_prefix)
    }

    /// The rule that lets pods out to the portal.
    pub fn way_to_portal(&self) -> Value {
        let (_, port) = self.address();
        let mut rule = json!({ "ports": [{ "protocol": "TCP", "port": port }] });
        let peers = self.portal_peers();
        if peers.as_array().is_some_and(|p| !p.is_empty()) {
            rule["to"] = peers;
        }
        rule
    }

    /// Who the portal is to a NetworkPolicy. Empty where only its name is known, which no policy can use: then anybody may.
    pub fn portal_peers(&self) -> Value {
        if let Some(namespace) = &self.portal_namespace {
            return json!([{ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } } }]);
        }
        match self.address().0.parse::<IpAddr>() {
            Ok(IpAddr::V4(ip)) => json!([{ "ipBlock": { "cidr": format!("{ip}/32") } }]),
            Ok(IpAddr::V6(ip)) => json!([{ "ipBlock": { "cidr": format!("{ip}/128") } }]),
            Err(_) => json!([]),
        }
    }

    /// Host and port of the portal.
    fn address(&self) -> (String, u16) {
        let uri: Uri = self.portal.parse().unwrap_or_default();
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        (host, port)
    }
}

/// Where a pod's supervisor listens.
pub fn pod_address(ip: &str) -> String {
    if ip.contains(':') { format!("[{ip}]:{PORT}") } else { format!("{ip}:{PORT}") }
}

#[cfg(test)]
mod tests {
    use super::super::build::tests::settings;
    use super::*;

    #[test]
    fn the_way_to_the_portal_is_as_narrow_as_it_can_be_said() {
        let mut settings = settings();
        assert_eq!(settings.way_to_portal()["to"][0]["ipBlock"]["cidr"], "10.0.0.1/32");
        settings.portal = "https://portal.example.org".into();
        assert_eq!(settings.way_to_portal(), json!({ "ports": [{ "protocol": "TCP", "port": 443 }] }));
        settings.portal_namespace = Some("slipway".into());
        assert_eq!(settings.portal_peers()[0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], "slipway");
        settings.portal_namespace = None;
        settings.portal = "http://[fd00::1]:80".into();
        assert_eq!(settings.portal_peers()[0]["ipBlock"]["cidr"], "fd00::1/128");
        assert_eq!((pod_address("10.0.0.2"), pod_address("fd00::2")), ("10.0.0.2:7070".into(), "[fd00::2]:7070".into()));
    }
}
