//! A Prometheus that scrapes the nodes' cAdvisor.

use super::{Place, joined};
use crate::{
    cluster::{kubernetes::client::chain, workload::UsageNumbers},
    error::{Error, Kind, Result},
};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

const WITHIN: Duration = Duration::from_secs(10);
const CPU: &str = "container_cpu_usage_seconds_total";
const MEMORY: &str = "container_memory_working_set_bytes";

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    data: Data,
}

#[derive(Debug, Default, Deserialize)]
struct Data {
    #[serde(default)]
    result: Vec<Series>,
}

#[derive(Debug, Deserialize)]
struct Series {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

/// What containers of these names (a regular expression) use. The last two samples of five minutes count, so it does not matter how often it scrapes.
///
/// # Errors
/// It does not answer, or not with numbers.
pub async fn ask(http: &reqwest::Client, url: &str, names: &str) -> Result<HashMap<Place, UsageNumbers>> {
    let of = |inner: String| format!("max by (namespace, pod, container) ({inner})");
    let cpu = of(format!("irate({CPU}{{container=~\"{names}\"}}[5m])"));
    let memory = of(format!("{MEMORY}{{container=~\"{names}\"}}"));
    let (cpu, memory) = tokio::try_join!(query(http, url, &cpu), query(http, url, &memory))?;
    Ok(joined(places(cpu), &places(memory)))
}

/// Asks for how many containers it has numbers.
///
/// # Errors
/// It does not answer, or not with numbers.
pub async fn try_out(http: &reqwest::Client, url: &str) -> Result<i64> {
    let count = query(http, url, &format!("count({MEMORY}{{container!=\"\"}} and on (namespace, pod, container) {CPU})")).await?;
    Ok(count.first().and_then(|s| s.value.1.parse().ok()).unwrap_or(0))
}

async fn query(http: &reqwest::Client, url: &str, query: &str) -> Result<Vec<Series>> {
    let failed = |why: String| Error::new(Kind::Upstream, format!("Prometheus does not tell what is used: {why}"));
    let words = |e: reqwest::Error| failed(chain(&e.without_url()));
    let body = serde_urlencoded::to_string([("query", query)]).map_err(Error::internal)?;
    let request = http
        .post(format!("{}/api/v1/query", url.trim_end_matches('/')))
        .timeout(WITHIN)
        .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body);
    let answer = request.send().await.map_err(words)?;
    let status = answer.status();
    let text = answer.text().await.map_err(words)?;
    let read: Answer = serde_json::from_str(&text).map_err(|_| failed(format!("it answers {status}")))?;
    match read.error {
        Some(error) => Err(failed(error)),
        None if !status.is_success() => Err(failed(format!("it answers {status}"))),
        None => Ok(read.data.result),
    }
}

fn places(series: Vec<Series>) -> HashMap<Place, f64> {
    let of = |mut s: Series| {
        let mut label = |name: &str| s.metric.remove(name);
        let place = (label("namespace")?, label("pod")?, label("container")?);
        Some((place, s.value.1.parse::<f64>().ok().filter(|n| n.is_finite())?))
    };
    series.into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read() {
        let text = r#"{ "status": "success", "data": { "resultType": "vector", "result": [
            { "metric": { "namespace": "ada", "pod": "run-a", "container": "workload" }, "value": [1795442525.781, "0.25"] },
            { "metric": { "namespace": "ada", "pod": "run-b", "container": "workload" }, "value": [1795442525.781, "NaN"] },
            { "metric": {}, "value": [1795442525.781, "7"] }
        ] } }"#;
        let found = places(serde_json::from_str::<Answer>(text).unwrap().data.result);
        assert_eq!(found, [(("ada".to_owned(), "run-a".to_owned(), "workload".to_owned()), 0.25)].into());
    }
}
