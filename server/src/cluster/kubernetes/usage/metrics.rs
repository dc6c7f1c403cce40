//! The metrics API (`metrics.k8s.io`), as metrics-server gives it.

use super::{ApiServer, Place, joined};
use crate::{cluster::workload::UsageNumbers, error::Result};
use app::api::resources::parse_bytes;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

const GROUP: &str = "metrics.k8s.io";

#[derive(Debug, Deserialize)]
struct List {
    #[serde(default)]
    items: Vec<OfPod>,
}

#[derive(Debug, Deserialize)]
struct OfPod {
    metadata: Named,
    #[serde(default)]
    containers: Vec<OfContainer>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
    namespace: String,
}

#[derive(Debug, Deserialize)]
struct OfContainer {
    name: String,
    #[serde(default)]
    usage: BTreeMap<String, String>,
}

/// Whether the cluster has it.
///
/// # Errors
/// The API server does not answer.
pub async fn is_served(api: &ApiServer) -> Result<bool> {
    Ok(api.versions_of(GROUP, "PodMetrics").await?.iter().any(|v| v == "v1beta1"))
}

/// What containers of pods with these labels use.
///
/// # Errors
/// The API server does not answer, or not with such a list.
pub async fn ask(api: &ApiServer, labels: &str) -> Result<HashMap<Place, UsageNumbers>> {
    let labels = percent_encoding::utf8_percent_encode(labels, percent_encoding::NON_ALPHANUMERIC);
    read(&api.text(&format!("/apis/{GROUP}/v1beta1/pods?labelSelector={labels}")).await?)
}

fn read(text: &str) -> Result<HashMap<Place, UsageNumbers>> {
    let list: List = serde_json::from_str(text)?;
    let (mut cpu, mut memory) = (HashMap::new(), HashMap::new());
    for pod in list.items {
        for container in pod.containers {
            let place = (pod.metadata.namespace.clone(), pod.metadata.name.clone(), container.name);
            let amount = |name: &str| container.usage.get(name).map_or("", String::as_str);
            if let Some(cores) = cores(amount("cpu")) {
                cpu.insert(place.clone(), cores);
            }
            // A container that has just started uses nothing, which is no amount that a person may ask for.
            memory.insert(place, parse_bytes(amount("memory")).unwrap_or(0) as f64);
        }
    }
    Ok(joined(cpu, &memory))
}

/// An amount of CPU as it is measured: also in millionths and thousand-millionths.
fn cores(text: &str) -> Option<f64> {
    let (number, factor) = match text.trim_end_matches(['n', 'u', 'm']) {
        number if text.ends_with('n') => (number, 1e-9),
        number if text.ends_with('u') => (number, 1e-6),
        number if text.ends_with('m') => (number, 1e-3),
        number => (number, 1.0),
    };
    number.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0).map(|n| n * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read() {
        let text = r#"{ "kind": "PodMetricsList", "items": [{
            "metadata": { "name": "run-a", "namespace": "ada", "labels": {} }, "timestamp": "2026-11-23T14:02:00Z", "window": "15.1s",
            "containers": [
                { "name": "courier", "usage": { "cpu": "1", "memory": "1Ki" } },
                { "name": "workload", "usage": { "cpu": "512345678n", "memory": "2048Ki" } }
            ] }] }"#;
        let found = read(text).unwrap();
        let used = found[&("ada".to_owned(), "run-a".to_owned(), "workload".to_owned())];
        assert_eq!((used.cpu_millis, used.memory_bytes), (512, 2 << 20));
        assert!(read("no").is_err() && read("{}").unwrap().is_empty());
        assert_eq!((cores("250m"), cores("3u"), cores("2"), cores("x")), (Some(0.25), Some(3e-6), Some(2.0), None));
    }
}
