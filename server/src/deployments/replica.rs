//! A replica as seen by who asks it: where it listens, how many requests wait for an answer, and whether it answers at all.

use super::{
    spec::READY_PATH,
    traffic::{Charts, Meters},
};
use crate::{
    cluster::{
        Endpoint,
        lines::Lines,
        reach::{Body, Reach},
    },
    error::{Error, Kind, Result},
};
use app::api::runtimes::{Program, Protocol};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Full, Limited};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Largest answer to a question of ours, in bytes.
const MAX_ANSWER: usize = 8 << 20;

/// So many failures in a row, of whatever kind, and it gets no requests any more.
const STRIKES: usize = 3;

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
    /// How it is spoken to.
    pub manner: Manner,
    /// Connections for the requests that it gets.
    pub lines: Arc<Lines>,
    waiting: AtomicUsize,
    /// Failures in a row.
    strikes: AtomicUsize,
    /// Health checks in a row by which it said that it is not well.
    unwell: AtomicUsize,
    out: AtomicBool,
    /// Why it was ejected last.
    why: Mutex<String>,
}

/// How a server is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manner {
    /// Its protocols.
    pub protocols: Vec<Protocol>,
    /// Where it says that it is well.
    pub ready_path: String,
    /// The status by which it says so; any of 2xx and 3xx for none.
    pub ready_status: Option<u16>,
}

impl Manner {
    /// Of what a revision runs; nothing: the shipped model server.
    pub fn of(program: Option<&Program>) -> Self {
        match program {
            None => Self { protocols: vec![Protocol::V1, Protocol::V2], ready_path: READY_PATH.into(), ready_status: Some(200) },
            Some(p) => Self { protocols: p.protocols.clone(), ready_path: p.ready_path.clone(), ready_status: p.ready_status },
        }
    }

    fn is_well(&self, said: StatusCode) -> bool {
        match self.ready_status {
            Some(wanted) => said.as_u16() == wanted,
            None => said.is_success() || said.is_redirection(),
        }
    }
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
    pub fn new(workload_id: &str, revision: i64, endpoint: Endpoint, charts: Arc<Charts>, meters: Meters, manner: Manner) -> Self {
        Self {
            workload_id: workload_id.into(),
            revision,
            endpoint,
            charts,
            meters,
            manner,
            lines: Arc::default(),
            waiting: AtomicUsize::new(0),
            strikes: AtomicUsize::new(0),
            unwell: AtomicUsize::new(0),
            out: AtomicBool::new(false),
            why: Mutex::default(),
        }
    }

    /// Requests that wait for an answer.
    pub fn in_flight(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether it was ejected: it gets requests only where all others of its revision were as well.
    pub fn is_out(&self) -> bool {
        self.out.load(Ordering::Relaxed)
    }

    /// Why it is ejected, where it is.
    pub fn out_for(&self) -> Option<String> {
        self.is_out().then(|| self.why.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// It answered a request: whatever it said, it is there. One that was ejected because it did not answer returns.
    pub fn answered(&self) {
        // Read before it is written: this is on the way of every request.
        if self.strikes.load(Ordering::Relaxed) != 0 {
            self.strikes.store(0, Ordering::Relaxed);
        }
        if self.is_out() && self.unwell.load(Ordering::Relaxed) == 0 && self.out.swap(false, Ordering::Relaxed) {
            tracing::info!(workload = self.workload_id, revision = self.revision, "the replica answers again");
        }
    }

    /// It said to a health check that it is well: one that was ejected returns.
    pub fn is_well(&self) {
        self.unwell.store(0, Ordering::Relaxed);
        self.answered();
    }

    /// It said to a health check that it is not well; after a few in a row it is ejected, whatever else it answers meanwhile.
    pub fn is_unwell(&self, why: &str) {
        if self.unwell.fetch_add(1, Ordering::Relaxed) + 1 >= STRIKES {
            self.eject(why);
        }
    }

    /// It broke off, or did not answer a health check in time; after a few in a row it is ejected.
    pub fn broke(&self, why: &str) {
        if self.strikes.fetch_add(1, Ordering::Relaxed) + 1 >= STRIKES {
            self.eject(why);
        }
    }

    /// Nobody listens there: it gets no requests until it answers a health check.
    pub fn eject(&self, why: &str) {
        if !self.out.swap(true, Ordering::Relaxed) {
            why.clone_into(&mut self.why.lock().unwrap_or_else(PoisonError::into_inner));
            tracing::warn!(workload = self.workload_id, revision = self.revision, why, "the replica is ejected");
        }
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

/// Why a server did not say that it is well; in words.
pub enum Unwell {
    /// It did not answer, or not in time.
    Silent(String),
    /// It answered something else.
    Says(String),
}

/// Whether a server says that it is well; with which status.
///
/// # Errors
/// It does not, or not in time.
pub async fn answers(reach: &Reach, endpoint: &Endpoint, manner: &Manner, within: Duration) -> std::result::Result<StatusCode, Unwell> {
    let path = &manner.ready_path;
    let body: Body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let request = Request::builder().method(Method::GET).uri(path).header(header::HOST, "model").body(body);
    let request = request.map_err(|e| Unwell::Silent(e.to_string()))?;
    let answer = match tokio::time::timeout(within, reach.send(endpoint, request)).await {
        Err(_) => return Err(Unwell::Silent(format!("no answer within {} s at {path}", within.as_secs()))),
        Ok(Err(error)) => return Err(Unwell::Silent(chain(&error))),
        Ok(Ok(answer)) => answer,
    };
    let status = answer.status();
    // A server that still writes is not cut off: it would complain in its log.
    tokio::spawn(tokio::time::timeout(within, Limited::new(answer.into_body(), MAX_ANSWER).collect()));
    if manner.is_well(status) { Ok(status) } else { Err(Unwell::Says(format!("{status} at {path}"))) }
}

/// Posts JSON; the status and the first bytes of the answer.
///
/// # Errors
/// It does not answer, or not in time; in words.
pub async fn post(
    reach: &Reach,
    endpoint: &Endpoint,
    path: &str,
    body: &serde_json::Value,
    within: Duration,
) -> std::result::Result<(StatusCode, String), String> {
    let bytes = Bytes::from(body.to_string());
    let length = bytes.len();
    let body: Body = Full::new(bytes).map_err(|never| match never {}).boxed_unsync();
    let request = Request::builder().method(Method::POST).uri(path).header(header::HOST, "model");
    let request = request.header(header::CONTENT_TYPE, "application/json").header(header::CONTENT_LENGTH, length);
    let request = request.body(body).map_err(|e| e.to_string())?;
    let asked = async {
        let answer = reach.send(endpoint, request).await.map_err(|e| chain(&e))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await.map_err(|e| e.to_string())?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned()))
    };
    tokio::time::timeout(within, asked).await.unwrap_or_else(|_| Err(format!("no answer within {} s at {path}", within.as_secs())))
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
