//! A replica as seen by who asks it: where it listens, and how many requests wait for an answer.

use super::traffic::{Charts, Meters};
use crate::{
    cluster::{
        Endpoint,
        reach::{Body, Reach},
    },
    error::{Error, Kind, Result},
};
use http::{Method, Request, header};
use http_body_util::{BodyExt, Empty, Limited};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Largest answer to a question of ours, in bytes.
const MAX_ANSWER: usize = 8 << 20;

/// A replica that runs.
pub struct Replica {
    /// Id of its workload.
    pub workload_id: String,
    /// Number of the revision it runs.
    pub revision: i64,
    /// Where it listens.
    pub endpoint: Endpoint,
    /// Traffic of its revision.
    pub charts: Arc<Charts>,
    /// The same for Prometheus.
    pub meters: Meters,
    waiting: AtomicUsize,
}

/// Counts a request as waiting for its answer as long as it lives.
pub struct Waiting(Arc<Replica>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Replica {
    /// A replica at `endpoint`.
    pub fn new(workload_id: &str, revision: i64, endpoint: Endpoint, charts: Arc<Charts>, meters: Meters) -> Self {
        Self { workload_id: workload_id.into(), revision, endpoint, charts, meters, waiting: AtomicUsize::new(0) }
    }

    /// Requests that wait for an answer.
    pub fn in_flight(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Counts one more, until the answer is dropped.
    pub fn waits(self: &Arc<Self>) -> Waiting {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(self.clone())
    }
}

/// Asks a model server a question of ours.
///
/// # Errors
/// It does not answer in time, or not with 2xx JSON.
pub async fn ask(reach: &Reach, endpoint: &Endpoint, path: &str, within: Duration) -> Result<serde_json::Value> {
    let silent = |e: String| Error::new(Kind::Upstream, "The model server does not answer.").hint("Its log says more.").context(e);
    let body: Body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let request = Request::builder().method(Method::GET).uri(path).header(header::HOST, "model").body(body).map_err(Error::internal)?;
    let asked = async {
        let answer = reach.send(endpoint, request).await.map_err(|e| silent(chain(&e)))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await.map_err(|e| silent(e.to_string()))?.to_bytes();
        if !status.is_success() {
            return Err(silent(format!("{status} at {path}")));
        }
        serde_json::from_slice(&body).map_err(|e| silent(format!("not JSON: {e}")))
    };
    tokio::time::timeout(within, asked)
        .await
        .map_err(|_| Error::new(Kind::Upstream, format!("The model server did not answer within {} s.", within.as_secs())))?
}

/// An error with what caused it, for the log.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        text.push_str(": ");
        text.push_str(&e.to_string());
        cause = e.source();
    }
    text
}
