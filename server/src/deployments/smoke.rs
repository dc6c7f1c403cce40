//! Smoke tests: a model is tried with its own input example before it gets any traffic. They run in the background; how far each is, is kept in
//! memory, and one that a restart of the server cut off is done again.

use super::{plan::SmokeTest, replica, why};
use crate::{
    cluster::{Endpoint, reach::Reach},
    wake::Bell,
};
use app::api::deployments::Smoke;
use serde::Deserialize;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long a model may take for its own example.
const WITHIN: Duration = Duration::from_secs(120);

/// Where the model server does it.
const PATH: &str = "/slipway/smoke";

/// Smoke tests by workload. Cheap to clone.
#[derive(Clone, Default)]
pub struct Smokes(Arc<Mutex<HashMap<String, SmokeTest>>>);

/// What the model server answers.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    example: bool,
    latency_ms: Option<f64>,
    detail: String,
}

impl Smokes {
    /// How far the test of a revision is: of whichever of its workloads it was begun with.
    pub fn of_any<'a>(&self, workload_ids: impl Iterator<Item = &'a str>) -> SmokeTest {
        let all = self.all();
        let found: Vec<&SmokeTest> = workload_ids.filter_map(|id| all.get(id)).collect();
        let done = found.iter().find(|t| matches!(t, SmokeTest::Passed(_) | SmokeTest::Failed(..)));
        done.or(found.first()).map_or(SmokeTest::NotYet, |test| (*test).clone())
    }

    /// Begins the test of a replica, unless it was begun; the bell rings when it is over.
    pub fn begin(&self, reach: &Reach, bell: &Bell, workload_id: &str, endpoint: Endpoint) {
        let before = self.all().entry(workload_id.to_owned()).or_insert(SmokeTest::NotYet).clone();
        if before != SmokeTest::NotYet {
            return;
        }
        self.all().insert(workload_id.to_owned(), SmokeTest::Runs);
        let (this, reach, bell, id) = (self.clone(), reach.clone(), bell.clone(), workload_id.to_owned());
        tokio::spawn(async move {
            let result = test(&reach, &endpoint).await;
            this.all().insert(id, result);
            bell.wake();
        });
    }

    /// Forgets the tests of all other workloads.
    pub fn keep(&self, workloads: &HashSet<&str>) {
        self.all().retain(|id, _| workloads.contains(id.as_str()));
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, SmokeTest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn test(reach: &Reach, endpoint: &Endpoint) -> SmokeTest {
    let answer = match replica::ask(reach, endpoint, PATH, WITHIN).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::info!(error = %error, "smoke test");
            return SmokeTest::Failed(format!("Its smoke test could not be done: {}", error.public), None);
        }
    };
    match serde_json::from_value::<Answer>(answer) {
        Err(error) => SmokeTest::Failed(format!("Its smoke test answered what nobody understands: {error}."), None),
        Ok(answer) => {
            let detail = why::sentence(&answer.detail);
            let latency_seconds = answer.latency_ms.unwrap_or(0.0) / 1000.0;
            let smoke = Smoke { example: answer.example, latency_seconds, detail: detail.clone() };
            if answer.ok { SmokeTest::Passed(smoke) } else { SmokeTest::Failed(detail, Some(smoke)) }
        }
    }
}
