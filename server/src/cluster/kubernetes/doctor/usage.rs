//! Where it is read what workloads use.

use super::{Check, Fine, GRANT, Poor, Wrong, said};
use crate::cluster::kubernetes::{
    KubernetesConfig,
    client::ApiServer,
    nodes::{self, Node},
    usage::{Source, choose, kubelet_path, try_metrics, try_prometheus},
};

const CHECK: &str = "use of CPU and memory";
const WAYS: &str = "Grant slipway-usage (deploy/kubernetes/rbac.yaml), or install metrics-server and grant rbac-metrics.yaml, or set kubernetes_prometheus_url.";

/// Which source will be asked, and whether it answers.
pub async fn examine(api: &ApiServer, config: &KubernetesConfig) -> Check {
    match choose(api, &config.settings).await {
        Ok(Some(Source::Prometheus)) => of_prometheus(config.settings.prometheus.as_deref().unwrap_or_default()).await,
        Ok(Some(Source::Kubelets)) => of_kubelets(api).await,
        Ok(Some(Source::Metrics)) => match try_metrics(api).await {
            Ok(n) => {
                Fine(CHECK, format!("from the metrics API (metrics.k8s.io), which tells of {n} containers; nodes/proxy is not granted"))
            }
            Err(e) => Poor(
                CHECK,
                format!("from the metrics API (metrics.k8s.io), which does not answer: {}", said(&e)),
                "Look at metrics-server.".into(),
            ),
        },
        Ok(None) => Poor(CHECK, "not shown: nodes/proxy is not granted, and there is no metrics API that we may ask".into(), WAYS.into()),
        Err(e) => Poor(CHECK, said(&e), GRANT.into()),
    }
}

/// One kubelet stands for all.
async fn of_kubelets(api: &ApiServer) -> Check {
    let all: Vec<nodes::Raw> = api.all_of(&nodes::resource()).await.unwrap_or_default();
    let Some(node) = all.iter().filter_map(Node::read).find(|n| n.silent_since.is_none()) else {
        return Fine(CHECK, "from the kubelets of nodes, through the API server; no node to try it with".into());
    };
    match api.text(&kubelet_path(&node.name)).await {
        Ok(_) => Fine(CHECK, format!("from the kubelets of nodes, through the API server; that of {} answers", node.name)),
        Err(e) => Poor(CHECK, format!("from the kubelets of nodes; that of {} does not answer: {}", node.name, said(&e)), WAYS.into()),
    }
}

async fn of_prometheus(url: &str) -> Check {
    match try_prometheus(&reqwest::Client::new(), url).await {
        Ok(0) => {
            let fix = "Let it scrape the nodes' /metrics/cadvisor, with the labels namespace, pod and container.".to_owned();
            Wrong(
                CHECK,
                "from Prometheus, which has neither container_cpu_usage_seconds_total nor container_memory_working_set_bytes of pods"
                    .into(),
                fix,
            )
        }
        Ok(n) => Fine(CHECK, format!("from Prometheus, as kubernetes_prometheus_url says, which has numbers of {n} containers")),
        Err(e) => {
            Wrong(CHECK, said(&e), "Set kubernetes_prometheus_url to a Prometheus that this machine reaches, or leave it out.".into())
        }
    }
}
