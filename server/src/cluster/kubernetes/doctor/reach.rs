//! How each side reaches the other.

use super::{Check, Fine, Poor, Wrong, rights, said};
use crate::{
    cluster::kubernetes::{
        KubernetesConfig,
        client::ApiServer,
        podview,
        rights::OUTSIDE,
        settings::pod_address,
        way::{NoWay, Reaching, direct},
    },
    error::Result,
};
use kube::core::Object;
use serde::{Deserialize, Serialize};
use std::{net::IpAddr, time::Duration};

const CHECK: &str = "reach of pods";
const BACK: &str = "reach of portal";
const GRANT: &str = "kubectl apply -f deploy/kubernetes/rbac-outside.yaml";
const WITHIN: Duration = Duration::from_secs(2);
/// From this version on a WebSocket to a pod takes the right to create, too.
const CREATES: (u32, u32) = (1, 35);

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OfPod {
    host_network: bool,
}

/// Whether addresses of pods lead anywhere from here.
enum Route {
    /// One that answers.
    There(String),
    /// One that does not, and how.
    Missing(String),
    /// No pod runs that could be tried.
    Unknown,
}

/// Both ways. Only from a pod it can be seen whether the portal's address leads there, so no more is said of it than what is plainly wrong.
pub async fn examine(api: &ApiServer, config: &KubernetesConfig, version: Option<(u32, u32)>) -> Vec<Check> {
    vec![to_pods(api, config, version).await, back(config)]
}

async fn to_pods(api: &ApiServer, config: &KubernetesConfig, version: Option<(u32, u32)>) -> Check {
    let settings = &config.settings;
    let no_route = "Give this machine a route to the pods' network, or set kubernetes_reach = \"portforward\".".to_owned();
    match (settings.reaching, &settings.portal_namespace) {
        (Reaching::PortForward, _) => forwarded(api, version, "as kubernetes_reach says").await,
        (reaching, Some(namespace)) => {
            let why = if reaching == Reaching::Auto { format!("from namespace {namespace}") } else { "as kubernetes_reach says".into() };
            Fine(CHECK, format!("directly at their addresses, {why}"))
        }
        (Reaching::Direct, None) => match route(api).await {
            Route::There(ip) => Fine(CHECK, format!("directly at their addresses, as kubernetes_reach says: {ip} answers")),
            Route::Missing(why) => Wrong(CHECK, format!("directly at their addresses, as kubernetes_reach says, and {why}"), no_route),
            Route::Unknown => Fine(CHECK, "directly at their addresses, as kubernetes_reach says; no pod runs to try it with".into()),
        },
        (Reaching::Auto, None) => match route(api).await {
            Route::There(ip) => Fine(CHECK, format!("directly at their addresses: {ip} answers here, outside of the cluster")),
            Route::Missing(why) => forwarded(api, version, &format!("as {why}")).await,
            Route::Unknown => {
                let tried = "at the first workload it is tried: directly at its address, else through the API server";
                Fine(CHECK, format!("{tried}; no pod runs to try it with"))
            }
        },
    }
}

async fn forwarded(api: &ApiServer, version: Option<(u32, u32)>, why: &str) -> Check {
    let needs = |verb: &str| verb != "create" || version.is_none_or(|v| v >= CREATES);
    let (group, resource, verbs) = OUTSIDE;
    match rights::missing(api, verbs.iter().filter(|v| needs(v)).map(|verb| (group, resource, *verb)).collect()).await {
        Ok(missing) if missing.is_empty() => Fine(CHECK, format!("through the API server by port-forward, {why}")),
        Ok(missing) => {
            let lacks = format!("through the API server by port-forward, {why}; not granted: {}", missing.join(", "));
            Wrong(CHECK, lacks, rights::grant(api, GRANT, "slipway-outside").await)
        }
        Err(e) => Poor(
            CHECK,
            format!("through the API server by port-forward, {why}; whether it may: {}", said(&e)),
            rights::grant(api, GRANT, "slipway-outside").await,
        ),
    }
}

/// Tries the address of some pod. A port that is closed answers as well as one that is open.
async fn route(api: &ApiServer) -> Route {
    let pods: Result<Vec<Object<OfPod, podview::PodStatus>>> = api.some_of(&podview::resource(), "status.phase=Running", 50).await;
    let ips: Vec<String> = pods.unwrap_or_default().into_iter().filter(|p| !p.spec.host_network).filter_map(|p| p.status?.pod_ip).collect();
    let mut missing = None;
    for ip in ips.into_iter().take(3) {
        match direct(&pod_address(&ip), WITHIN).await {
            Ok(_) | Err(NoWay::Refused(_)) => return Route::There(ip),
            Err(NoWay::NoRoute(why)) => missing = Some(format!("there is no route to {ip}: {why}")),
        }
    }
    missing.map_or(Route::Unknown, Route::Missing)
}

fn back(config: &KubernetesConfig) -> Check {
    let portal = &config.settings.portal;
    let host =
        portal.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(|h| h.trim_matches(['[', ']']).to_owned())).unwrap_or_default();
    let is_here_only = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified());
    if is_here_only {
        let fix = "Listen at an address that pods reach (--listen), and set workload_url to it.".to_owned();
        return Wrong(BACK, format!("pods are told {portal}, which is themselves"), fix);
    }
    Fine(BACK, format!("pods are told {portal}; only a workload shows whether that leads here"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::SystemClock,
        cluster::kubernetes::{Settings, build},
    };
    use app::api::resources::Resources;
    use std::sync::Arc;

    #[test]
    fn an_address_that_every_pod_has_itself_is_told() {
        let config = |portal: &str| KubernetesConfig {
            kubeconfig: None,
            context: None,
            settings: Settings { portal: portal.into(), ..build::tests::settings() },
            reserve: Resources::NONE,
            clock: Arc::new(SystemClock),
        };
        for here in ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:80", "http://0.0.0.0:8080"] {
            assert!(matches!(back(&config(here)), Wrong(..)), "{here}");
        }
        assert!(matches!(back(&config("http://10.0.0.1:8080")), Fine(..)));
    }
}
