//! From the configuration to where workloads run.

use crate::{
    clock::SharedClock,
    cluster::{
        knock::Knocks,
        kubernetes::{KubernetesConfig, Makers, Reaching, Settings},
        local::LOG_BYTES,
    },
    config::Config,
    workloads::links::Links,
};
use app::api::resources::Resources;

/// Where a pod finds the name of its namespace.
const OWN_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// What is kept back from workloads.
pub const fn reserve(config: &Config) -> Resources {
    Resources { cpu_millis: config.reserve_cpu_millis, memory_bytes: config.reserve_memory_bytes, gpus: config.reserve_gpus }
}

/// What the Kubernetes cluster is told.
pub fn kubernetes(config: &Config, knocks: Knocks, clock: SharedClock) -> KubernetesConfig {
    let k = &config.kubernetes;
    KubernetesConfig {
        kubeconfig: k.kubeconfig.clone(),
        context: k.context.clone(),
        settings: Settings {
            name: k.name.clone(),
            image: k.image.clone(),
            namespace_prefix: k.namespace_prefix.clone(),
            portal: Links::of(config).internal_url,
            user: k.user,
            gpu: k.gpu.clone(),
            volume_bytes: k.volume_bytes,
            storage_class: k.storage_class.clone(),
            egress: k.egress.clone(),
            prometheus: k.prometheus_url.clone(),
            reaching: Reaching::of(&k.reach).unwrap_or(Reaching::Auto),
            portal_namespace: std::fs::read_to_string(OWN_NAMESPACE).ok().map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()),
            data: config.data.clone(),
            log_bytes: LOG_BYTES,
            upload_bytes: config.max_upload_bytes,
            knocks,
            makers: Makers { notebook: k.notebook, train_job: k.train_job, inference_service: k.inference_service },
        },
        reserve: reserve(config),
        clock,
    }
}
