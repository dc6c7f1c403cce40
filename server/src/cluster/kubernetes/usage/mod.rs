//! What workloads use: from the nodes' kubelets, from the cluster's metrics API, or from a Prometheus.

mod kubelet;
mod metrics;
mod prometheus;

use super::{
    Inner, Settings,
    client::ApiServer,
    rights::{FOR_METRICS, FOR_USAGE},
};
use crate::{
    cluster::{Usage, workload::UsageNumbers},
    error::Result,
};
pub(super) use kubelet::path as kubelet_path;
pub(super) use prometheus::try_out as try_prometheus;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

/// How long a choice holds, milliseconds: rights may be granted meanwhile, and a metrics API may come.
const HOLDS: i64 = 600_000;

/// Where it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The Prometheus that was set.
    Prometheus,
    /// The kubelet of each node, through the API server.
    Kubelets,
    /// `metrics.k8s.io`.
    Metrics,
}

/// What is remembered between two measurements.
#[derive(Debug, Default)]
pub(super) struct Meters {
    /// What kubelets said last, by the pod's uid.
    said: Mutex<HashMap<String, kubelet::Meter>>,
    /// Where it is read, and when that was chosen.
    source: Mutex<Option<(i64, Option<Source>)>>,
}

/// A container: namespace, pod, name.
type Place = (String, String, String);

/// Whose container it is.
#[derive(Debug, Clone)]
struct Whose {
    id: String,
    pod: String,
    node: String,
}

/// Where it is read here: what was set, else the first of the others that we may ask. The kubelets are the freshest and the metrics API is what
/// takes the fewest rights, so who grants only the latter gets it.
///
/// # Errors
/// The API server does not answer.
pub(super) async fn choose(api: &ApiServer, settings: &Settings) -> Result<Option<Source>> {
    Ok(match settings.prometheus {
        Some(_) => Some(Source::Prometheus),
        None if api.may(FOR_USAGE).await? => Some(Source::Kubelets),
        None if metrics::is_served(api).await? && api.may(FOR_METRICS).await? => Some(Source::Metrics),
        None => None,
    })
}

/// Asks once for anything, for whoever wants to know whether that source answers: how many containers it told of.
pub(super) async fn try_metrics(api: &ApiServer) -> Result<usize> {
    Ok(metrics::ask(api, "").await?.len())
}

impl Inner {
    /// Measures everything that runs. What cannot be measured is left out.
    pub(super) async fn measure(&self) -> Result<Vec<Usage>> {
        let mut wanted: HashMap<Place, Whose> = HashMap::new();
        {
            let tables = self.index.whole().await?;
            for (owner, pods) in tables.workloads() {
                for seen in owner.ranks().map(|rank| owner.seen_as(rank)) {
                    let Some(pod) = pods.iter().find(|p| seen.pod.as_ref() == Some(&p.uid)) else { continue };
                    let runs = seen.exit.is_none() && pod.main().is_some_and(|m| m.state.running.is_some());
                    if let Some(node) = pod.node.clone().filter(|_| runs) {
                        let place = (pod.namespace.clone(), pod.name.clone(), pod.main_name().to_owned());
                        wanted.insert(place, Whose { id: owner.id.clone(), pod: pod.uid.clone(), node });
                    }
                }
            }
        }
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let found = match self.source().await? {
            None => return Ok(Vec::new()),
            Some(Source::Kubelets) => self.ask_kubelets(&wanted).await,
            Some(Source::Metrics) => metrics::ask(&self.api, &super::names::ours(&self.settings.name)).await?,
            Some(Source::Prometheus) => match &self.settings.prometheus {
                Some(url) => prometheus::ask(&self.http, url, &names(&wanted)).await?,
                None => HashMap::new(),
            },
        };
        let now = self.clock.now();
        let mut sums: BTreeMap<&str, UsageNumbers> = BTreeMap::new();
        for (place, whose) in &wanted {
            let Some(numbers) = found.get(place) else { continue };
            // That of all its nodes.
            let sum = sums.entry(&whose.id).or_insert(UsageNumbers { cpu_millis: 0, memory_bytes: 0 });
            sum.cpu_millis = sum.cpu_millis.saturating_add(numbers.cpu_millis);
            sum.memory_bytes = sum.memory_bytes.saturating_add(numbers.memory_bytes);
        }
        Ok(sums.into_iter().map(|(id, numbers)| Usage { id: id.to_owned(), time: now, numbers }).collect())
    }

    async fn source(&self) -> Result<Option<Source>> {
        let now = self.clock.now();
        let known = *self.meters.source.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, source)) = known.filter(|(at, _)| now - at < HOLDS) {
            return Ok(source);
        }
        let source = choose(&self.api, &self.settings).await?;
        *self.meters.source.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, source));
        tracing::info!(?source, "where the use of CPU and memory is read");
        Ok(source)
    }
}

/// The names of containers, each once, as a regular expression: they have nothing in them that it would read otherwise.
fn names(wanted: &HashMap<Place, Whose>) -> String {
    let names: BTreeSet<&str> = wanted.keys().map(|(_, _, container)| container.as_str()).collect();
    names.into_iter().collect::<Vec<_>>().join("|")
}

/// Several workloads' numbers from two lists of them, as far as both have them.
fn joined(cpu: HashMap<Place, f64>, memory: &HashMap<Place, f64>) -> HashMap<Place, UsageNumbers> {
    let both = |(place, cores): (Place, f64)| {
        let bytes = *memory.get(&place)?;
        Some((place, UsageNumbers { cpu_millis: (cores * 1000.0).round() as i64, memory_bytes: bytes as i64 }))
    };
    cpu.into_iter().filter_map(both).collect()
}
