//! From what shall be to objects, as JSON. Pure.

mod handover;
mod made;
mod namespace;
mod owner;
mod peers;
mod placed;
mod pod;
mod record;
mod trial;
mod volume;

pub use handover::{Ticket, secret, token};
pub use made::made;
pub use namespace::{namespace, objects as namespace_objects, pod_security, stale as namespace_stale};
pub use owner::owner;
pub use peers::peers;
pub use pod::{NODE_NAME, POD_UID, RANK};
pub use record::record;
pub use trial::{LITTLE, TRIAL, pull_trial, trial, trial_server};
pub use volume::claim;

use super::{
    Settings,
    names::{GENERATION, ID, KIND, MANAGED_BY, MANAGER, OWNER, PORTAL, TEAM, label},
};
use crate::cluster::WorkloadSpec;
use serde_json::{Map, Value, json};

/// The labels of everything that belongs to a workload.
pub fn labels(spec: &WorkloadSpec, settings: &Settings) -> Map<String, Value> {
    let kind = spec.kind.as_str();
    let pairs = [
        ("app.kubernetes.io/name", kind.to_owned()),
        ("app.kubernetes.io/instance", label(&spec.name)),
        ("app.kubernetes.io/component", kind.to_owned()),
        ("app.kubernetes.io/part-of", MANAGER.to_owned()),
        (MANAGED_BY, MANAGER.to_owned()),
        (PORTAL, settings.name.clone()),
        (TEAM, label(&spec.team)),
        (KIND, kind.to_owned()),
        (ID, spec.id.clone()),
        (OWNER, label(&spec.owner)),
        (GENERATION, spec.attempt.to_string()),
    ];
    pairs.into_iter().map(|(k, v)| (k.to_owned(), Value::String(v))).collect()
}

/// The labels of what a namespace needs.
fn team_labels(team: &str, settings: &Settings) -> Value {
    json!({ MANAGED_BY: MANAGER, "app.kubernetes.io/part-of": MANAGER, PORTAL: settings.name, TEAM: label(team) })
}

/// `1500m`
fn cpu(millis: i64) -> String {
    format!("{}m", millis.max(1))
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::cluster::{Runtime, ServerSpec, WorkloadKind, knock::Knocks};
    use app::api::resources::Resources;

    /// A workload with nothing special about it.
    pub fn spec() -> WorkloadSpec {
        WorkloadSpec {
            id: "0197f3b2c4d57a8e9f0a1b2c3d4e5f60".into(),
            team: "ada".into(),
            kind: WorkloadKind::Run,
            owner: "0197f3b2c4d57a8e9f0a1b2c3d4e5f61".into(),
            name: "train".into(),
            attempt: 2,
            runtime: Runtime::Environment { digest: "d".into(), image: Some("registry.example/train:3".into()) },
            command: vec!["python".into(), "train.py".into()],
            env: [("A".to_owned(), "1".to_owned())].into(),
            secrets: [("PASSWORD".to_owned(), "geheim".to_owned())].into(),
            resources: Resources { cpu_millis: 1500, memory_bytes: 1 << 30, gpus: 0 },
            nodes: 1,
            volume: None,
            volume_is_kept: false,
            files: Default::default(),
            archive: None,
            folders: Default::default(),
            placement: Default::default(),
            server: None,
            timeout_seconds: Some(3600),
            grace_seconds: 20,
        }
    }

    /// A server with a volume and a GPU.
    pub fn server() -> WorkloadSpec {
        WorkloadSpec {
            kind: WorkloadKind::Notebook,
            name: "lab".into(),
            resources: Resources { cpu_millis: 1000, memory_bytes: 2 << 30, gpus: 2 },
            volume: Some("ada/lab".into()),
            server: Some(ServerSpec { ready_path: "/api".into(), ready_status: None, port: None, start_seconds: 180 }),
            ..spec()
        }
    }

    /// What an admin might set.
    pub fn settings() -> Settings {
        Settings {
            name: "slipway".into(),
            image: "registry.example/slipway:1".into(),
            namespace_prefix: String::new(),
            portal: "http://10.0.0.1:8080".into(),
            user: 1000,
            gpu: "nvidia.com/gpu".into(),
            volume_bytes: 10 << 30,
            storage_class: None,
            egress: vec!["10.1.0.0/16".into()],
            prometheus: None,
            reaching: crate::cluster::kubernetes::Reaching::Auto,
            portal_namespace: None,
            data: "/data".into(),
            log_bytes: 64 << 20,
            upload_bytes: 1 << 30,
            knocks: Knocks::new([7; 32]),
            makers: Default::default(),
        }
    }

    #[test]
    fn a_workload_can_be_found_by_what_it_is() {
        let labels = labels(&spec(), &settings());
        assert_eq!(labels["slipway.dev/id"], "0197f3b2c4d57a8e9f0a1b2c3d4e5f60");
        assert_eq!(labels["slipway.dev/generation"], "2");
        assert_eq!(labels["slipway.dev/team"], "ada");
        assert!(labels.values().all(|v| v.as_str().is_some_and(|v| v.len() <= 63)));
    }
}
