//! The kubelets' own endpoint, which each node's API proxy leads to.

use super::{Inner, Place, Whose};
use crate::cluster::workload::UsageNumbers;
use futures::{StreamExt, stream};
use std::{
    collections::{BTreeSet, HashMap},
    sync::PoisonError,
};

/// So many kubelets are asked at once.
const AT_ONCE: usize = 8;

/// One measurement.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Meter {
    /// Seconds of CPU since the container's start.
    cpu_seconds: f64,
    /// When the kubelet measured, milliseconds since 1970.
    time: i64,
    /// Bytes in use.
    memory_bytes: i64,
    /// When the container started, milliseconds since 1970.
    started: i64,
    /// What was answered.
    cpu_millis: i64,
}

/// Where a node's kubelet tells it.
pub fn path(node: &str) -> String {
    format!("/api/v1/nodes/{node}/proxy/metrics/resource")
}

impl Inner {
    /// Asks the kubelets of all nodes on which something runs.
    pub(super) async fn ask_kubelets(&self, wanted: &HashMap<Place, Whose>) -> HashMap<Place, UsageNumbers> {
        let nodes: BTreeSet<&str> = wanted.values().map(|whose| whose.node.as_str()).collect();
        let asked = nodes.into_iter().map(|node| async move { (node, self.api.text(&path(node)).await) });
        let answers: Vec<_> = stream::iter(asked.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect().await;
        let mut said = self.meters.said.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut out, mut known) = (HashMap::new(), HashMap::new());
        for (node, text) in answers {
            let text = match text {
                Ok(text) => text,
                Err(error) => {
                    tracing::debug!(node, error = %error, "its kubelet does not tell what is used");
                    continue;
                }
            };
            for (place, measured) in read(&text) {
                let Some(whose) = wanted.get(&place).filter(|whose| whose.node == node) else { continue };
                let meter = since(said.get(&whose.pod), measured);
                known.insert(whose.pod.clone(), meter);
                out.insert(place, UsageNumbers { cpu_millis: meter.cpu_millis, memory_bytes: meter.memory_bytes });
            }
        }
        *said = known;
        out
    }
}

/// What was used since the last measurement, or since the start. A kubelet measures every ten seconds or so: asked more often it tells the same.
fn since(before: Option<&Meter>, now: Meter) -> Meter {
    let begin = Meter { time: now.started, ..Meter::default() };
    let before = before.copied().filter(|b| b.started == now.started).unwrap_or(begin);
    let passed = now.time - before.time;
    let cpu_millis = match passed {
        passed if passed > 0 => ((now.cpu_seconds - before.cpu_seconds).max(0.0) * 1_000_000.0 / passed as f64).round() as i64,
        _ => before.cpu_millis,
    };
    Meter { cpu_millis, ..now }
}

/// Reads the measurements of containers.
fn read(text: &str) -> HashMap<Place, Meter> {
    let mut found: HashMap<Place, Meter> = HashMap::new();
    for line in text.lines() {
        let Some((name, rest)) = line.split_once('{') else { continue };
        let Some((labels, values)) = rest.split_once('}') else { continue };
        let label = |name: &str| {
            labels.split(',').find_map(|pair| pair.strip_prefix(name)?.strip_prefix("=\"")?.strip_suffix('"')).unwrap_or_default()
        };
        let mut values = values.split_whitespace();
        let Some(value) = values.next().and_then(|v| v.parse::<f64>().ok()) else { continue };
        let time = values.next().and_then(|t| t.parse::<i64>().ok());
        let place = ["namespace", "pod", "container"].map(|name| label(name).to_owned()).into();
        let meter = found.entry(place).or_default();
        match name {
            "container_cpu_usage_seconds_total" => {
                meter.cpu_seconds = value;
                meter.time = time.unwrap_or(0);
            }
            "container_memory_working_set_bytes" => meter.memory_bytes = value as i64,
            "container_start_time_seconds" => meter.started = (value * 1000.0) as i64,
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the container in core-seconds
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container=\"workload\",namespace=\"ada\",pod=\"run-a\"} 12.5 1795442600000
container_cpu_usage_seconds_total{container=\"courier\",namespace=\"ada\",pod=\"run-a\"} 99 1795442600000
container_memory_working_set_bytes{container=\"workload\",namespace=\"ada\",pod=\"run-a\"} 1.048576e+06 1795442600000
container_start_time_seconds{container=\"workload\",namespace=\"ada\",pod=\"run-a\"} 1.79544259e+09
node_cpu_usage_seconds_total 5 1
scrape_error 0
";

    #[test]
    fn a_kubelets_words_are_read() {
        let found = read(TEXT);
        let meter = found[&("ada".to_owned(), "run-a".to_owned(), "workload".to_owned())];
        assert_eq!((found.len(), meter.cpu_seconds, meter.memory_bytes), (2, 12.5, 1 << 20));
        assert_eq!((meter.time, meter.started), (1_795_442_600_000, 1_795_442_590_000));
        // 12.5 seconds in ten: 1.25 cores.
        assert_eq!(since(None, meter).cpu_millis, 1250);
        assert!(read("garbage{ no").is_empty() && read("x{container=\"workload\"} y").is_empty());
    }

    #[test]
    fn only_what_is_new_counts() {
        let first = since(None, Meter { cpu_seconds: 10.0, time: 10_000, started: 0, ..Meter::default() });
        let second = since(Some(&first), Meter { cpu_seconds: 15.0, time: 20_000, started: 0, ..Meter::default() });
        assert_eq!((first.cpu_millis, second.cpu_millis), (1000, 500));
        // The kubelet has not measured again.
        assert_eq!(since(Some(&second), Meter { cpu_seconds: 15.0, time: 20_000, started: 0, ..Meter::default() }).cpu_millis, 500);
        // Another container in the same pod.
        assert_eq!(since(Some(&second), Meter { cpu_seconds: 1.0, time: 31_000, started: 30_000, ..Meter::default() }).cpu_millis, 1000);
    }
}
