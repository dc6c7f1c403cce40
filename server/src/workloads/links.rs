//! How workloads reach the portal.

use crate::config::Config;
use std::{collections::BTreeMap, net::IpAddr, net::Ipv4Addr, net::Ipv6Addr, net::SocketAddr};

/// Where workloads find the portal.
#[derive(Debug, Clone)]
pub struct Links {
    /// `http://127.0.0.1:8080`
    pub internal_url: String,
}

impl Links {
    /// As configured, else from where the portal listens: a wildcard address is reached over loopback.
    pub fn of(config: &Config) -> Self {
        match &config.workload_url {
            Some(url) => Self { internal_url: url.clone() },
            None => Self::at(config.listen),
        }
    }

    fn at(listen: SocketAddr) -> Self {
        let ip = match listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        Self { internal_url: format!("http://{}", SocketAddr::new(ip, listen.port())) }
    }

    /// Environment variables that every workload of `team` which may log gets; the token goes into its secrets as
    /// `MLFLOW_TRACKING_TOKEN`.
    pub fn tracking(&self, team: &str) -> BTreeMap<String, String> {
        let workspace = is_workspace(team).then_some(("MLFLOW_WORKSPACE", team));
        [
            ("MLFLOW_TRACKING_URI", self.internal_url.as_str()),
            ("SLIPWAY_URL", self.internal_url.as_str()),
            ("MLFLOW_DISABLE_TELEMETRY", "true"),
            ("DO_NOT_TRACK", "true"),
        ]
        .into_iter()
        .chain(workspace)
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect()
    }
}

/// Whether MLflow's client takes a team's name for that of a workspace: it refuses some that are good names of teams. The token says the
/// team all the same.
fn is_workspace(team: &str) -> bool {
    team.len() >= 2 && !["workspaces", "api", "ajax-api", "static-files"].contains(&team)
}

#[cfg(test)]
mod tests {
    use super::Links;

    #[test]
    fn the_team_is_the_workspace_where_the_client_takes_it() {
        let links = Links::at(([127, 0, 0, 1], 8080).into());
        assert_eq!(links.tracking("forecast")["MLFLOW_WORKSPACE"], "forecast");
        for team in ["a", "api", "workspaces"] {
            assert!(!links.tracking(team).contains_key("MLFLOW_WORKSPACE"), "{team}");
        }
    }
}
