//! What a start needs of a cluster, looked at from outside of one: each finding with its fix.

mod admission;
mod classes;
mod clock;
mod kinds;
mod nodes;
mod others;
mod pull;
mod reach;
mod rights;
mod usage;

use super::{
    KubernetesConfig,
    client::{ApiServer, Version},
    spaces::{self, Space},
};
use crate::error::{Error, Result};

/// From this version on helpers of a pod may outlive the workload in it.
const OLDEST: (u32, u32) = (1, 29);
/// What gives the account `slipway` in the namespace `slipway` its rights.
const GRANT: &str = "kubectl apply -f deploy/kubernetes/rbac.yaml";

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// It is as it should be.
    Fine(&'static str, String),
    /// It works, but not as well as it could: what to do.
    Poor(&'static str, String, String),
    /// It does not work: what to do.
    Wrong(&'static str, String, String),
}
use Check::{Fine, Poor, Wrong};

/// What is to be looked at beside the configuration of the cluster itself.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The images that workloads will need, as far as they are known.
    pub images: Vec<String>,
    /// Whether each image is pulled once for real, by a pod that ends at once.
    pub pull: bool,
}

/// Looks at everything. Never fails: what cannot be looked at is a finding.
pub async fn examine(config: &KubernetesConfig, asked: &Asked) -> Vec<Check> {
    let connected = ApiServer::connect(config.kubeconfig.as_deref(), config.context.as_deref()).await;
    let api = match connected {
        Ok(api) => api,
        Err(e) => return vec![Wrong("Kubernetes", e.private.first().cloned().unwrap_or(e.public), e.hint.unwrap_or_default())],
    };
    let version = match api.version().await {
        Ok(version) => version,
        Err(e) => {
            let fix = "Check the address and the credentials: `kubectl version` with the same kubeconfig.".to_owned();
            return vec![Wrong("Kubernetes", format!("{} {}", e.public, e.private.first().map_or("", String::as_str)), fix)];
        }
    };
    let spaces = spaces(&api, config).await;
    let mut out = vec![of_version(&version), clock::examine(&api, config).await];
    out.extend(rights::examine(&api).await);
    out.push(kinds::examine(&api).await);
    out.extend(kinds::chosen(&api, config).await);
    out.extend(nodes::examine(&api, config).await);
    out.push(others::examine(&api, config).await);
    out.push(classes::examine(&api, config).await);
    out.push(admission::examine(&api, config, &spaces).await);
    out.extend(pull::examine(&api, config, asked, &spaces).await);
    out.push(usage::examine(&api, config).await);
    out.extend(reach::examine(&api, config, number(&version)).await);
    out
}

/// Major and minor number, where it says them.
fn number(version: &Version) -> Option<(u32, u32)> {
    let mut parts = version.git_version.trim_start_matches('v').split('.').map(|p| p.parse::<u32>().ok());
    Some((parts.next()??, parts.next()??))
}

fn of_version(version: &Version) -> Check {
    let words = version.git_version.trim_start_matches('v').to_owned();
    match number(version) {
        Some(number) if number < OLDEST => Wrong(
            "Kubernetes",
            format!("{words}, whose pods cannot have helpers that outlive their workload"),
            format!("Upgrade to {}.{} or newer.", OLDEST.0, OLDEST.1),
        ),
        _ => Fine("Kubernetes", words),
    }
}

/// The namespaces of teams.
async fn spaces(api: &ApiServer, config: &KubernetesConfig) -> Vec<Space> {
    let all: Result<Vec<spaces::Raw>> = api.all_of(&spaces::resource()).await;
    let read = |raw: &spaces::Raw| Space::read(raw, &config.settings.name).filter(|s| s.team.is_some() && !s.deleting);
    all.map(|all| all.iter().filter_map(read).collect()).unwrap_or_default()
}

/// What an error says to whoever runs the portal.
fn said(error: &Error) -> String {
    match error.private.first() {
        Some(private) if error.kind == crate::error::Kind::Internal => private.clone(),
        _ => error.public.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_without_sidecars_are_told() {
        let of = |text: &str| of_version(&Version { git_version: text.into() });
        assert!(matches!(of("v1.28.3"), Wrong(..)));
        assert_eq!(of("v1.34.4+k3s1"), Fine("Kubernetes", "1.34.4+k3s1".into()));
        assert!(matches!(of("v1.29.0"), Fine(..)) && matches!(of("v2.0"), Fine(..)) && matches!(of("odd"), Fine(..)));
    }
}
