//! Smoke tests: a model is tried with its own input example before it gets any traffic; what has none, or no model, says once more that it is well. They run in the background; how far each is, is kept in
//! memory, and one that a restart of the server cut off is done again.

use super::{
    example,
    plan::SmokeTest,
    replica::{self, Manner, Unwell},
    why,
};
use crate::{
    artifacts::ArtifactStore,
    cluster::{Endpoint, reach::Reach},
    models::{fetch, mlmodel::MlModel},
    store::{Store, revisions::RevisionRow},
    wake::Bell,
};
use app::api::{
    deployments::{Example, Smoke},
    runtimes::Protocol,
};
use serde::Deserialize;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a model may take for its own example.
const WITHIN: Duration = Duration::from_secs(120);

/// And for saying that it is well.
const WELL_WITHIN: Duration = Duration::from_secs(10);

/// Where the model server does it.
const PATH: &str = "/slipway/smoke";

/// Smoke tests by workload. Cheap to clone.
#[derive(Clone)]
pub struct Smokes {
    tests: Arc<Mutex<HashMap<String, SmokeTest>>>,
    store: Store,
    artifacts: ArtifactStore,
}

/// What the model server answers.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    example: bool,
    latency_ms: Option<f64>,
    detail: String,
}

impl Smokes {
    /// Of models in this registry.
    pub fn new(store: Store, artifacts: ArtifactStore) -> Self {
        Self { tests: Arc::default(), store, artifacts }
    }

    /// How far the test of a revision is: of whichever of its workloads it was begun with.
    pub fn of_any<'a>(&self, workload_ids: impl Iterator<Item = &'a str>) -> SmokeTest {
        let all = self.all();
        let found: Vec<&SmokeTest> = workload_ids.filter_map(|id| all.get(id)).collect();
        let done = found.iter().find(|t| matches!(t, SmokeTest::Passed(_) | SmokeTest::Failed(..)));
        done.or(found.first()).map_or(SmokeTest::NotYet, |test| (*test).clone())
    }

    /// Begins the test of a replica, unless it was begun; the bell rings when it is over.
    pub fn begin(&self, reach: &Reach, bell: &Bell, workload_id: &str, endpoint: Endpoint, revision: &RevisionRow, name: &str) {
        let before = self.all().entry(workload_id.to_owned()).or_insert(SmokeTest::NotYet).clone();
        if before != SmokeTest::NotYet {
            return;
        }
        self.all().insert(workload_id.to_owned(), SmokeTest::Runs);
        let (this, reach, bell, id) = (self.clone(), reach.clone(), bell.clone(), workload_id.to_owned());
        let (revision, name) = (revision.clone(), name.to_owned());
        tokio::spawn(async move {
            let result = this.test(&reach, &endpoint, &revision, &name).await;
            this.all().insert(id, result);
            bell.wake();
        });
    }

    /// Forgets the tests of all other workloads.
    pub fn keep(&self, workloads: &HashSet<&str>) {
        self.all().retain(|id, _| workloads.contains(id.as_str()));
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, SmokeTest>> {
        self.tests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The input example of a model as bodies of requests, where it brings one that can be one.
///
/// # Errors
/// Its files cannot be read.
pub async fn example_of(store: &Store, artifacts: &ArtifactStore, revision: &RevisionRow) -> crate::error::Result<Option<Example>> {
    let located = fetch::resolve(store, &revision.team_id, &revision.model, revision.version).await?;
    let Some(about) = MlModel::read(artifacts, &revision.team_id, &located.folder).await? else { return Ok(None) };
    let serving = about.serving_example(artifacts, &revision.team_id, &located.folder).await?;
    Ok(serving.and_then(|serving| example::of(&serving, about.signature.clone())))
}

/// Where a model of this name is asked.
pub fn path_of(protocol: Protocol, name: &str) -> String {
    match protocol {
        Protocol::V1 => format!("/v1/models/{name}:predict"),
        Protocol::V2 => format!("/v2/models/{name}/infer"),
        Protocol::Http => "/".into(),
    }
}

impl Smokes {
    async fn test(&self, reach: &Reach, endpoint: &Endpoint, revision: &RevisionRow, name: &str) -> SmokeTest {
        let program = match revision.program() {
            Ok(None) => return test(reach, endpoint).await,
            Ok(Some(program)) => program,
            Err(error) => return SmokeTest::Failed(format!("What it runs cannot be read: {}", error.public), None),
        };
        if !revision.model.is_empty() {
            let example = match example_of(&self.store, &self.artifacts, revision).await {
                Ok(example) => example.and_then(|e| example::body(&e, &program.protocols)),
                Err(error) => return SmokeTest::Failed(format!("Its input example cannot be read: {}", error.public), None),
            };
            if let Some((protocol, body)) = example {
                return asked(reach, endpoint, &path_of(protocol, name), &body).await;
            }
        }
        well(reach, endpoint, &Manner::of(Some(&program)), !revision.model.is_empty()).await
    }
}

/// Its own example, by its own protocol.
async fn asked(reach: &Reach, endpoint: &Endpoint, path: &str, body: &serde_json::Value) -> SmokeTest {
    let begun = Instant::now();
    let answer = replica::post(reach, endpoint, path, body, WITHIN).await;
    let latency_seconds = begun.elapsed().as_secs_f64();
    let smoke = |detail: String| Smoke { example: true, latency_seconds, detail };
    match answer {
        Ok((status, _)) if status.is_success() => {
            SmokeTest::Passed(smoke(format!("Answered its own input example in {:.1} ms.", latency_seconds * 1000.0)))
        }
        Ok((status, said)) => {
            let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
            let why = format!("{path} answered its own input example with {status}: {said}");
            SmokeTest::Failed(why.clone(), Some(smoke(why)))
        }
        Err(why) => SmokeTest::Failed(format!("Its smoke test could not be done: {why}."), None),
    }
}

/// It says once more that it is well.
async fn well(reach: &Reach, endpoint: &Endpoint, manner: &Manner, model: bool) -> SmokeTest {
    let begun = Instant::now();
    match replica::answers(reach, endpoint, manner, WELL_WITHIN).await {
        Ok(status) => {
            let what = if model { " Its model has no input example that it could be tried with." } else { "" };
            let detail = format!("Answered {} with {}.{what}", manner.ready_path, status.as_u16());
            SmokeTest::Passed(Smoke { example: false, latency_seconds: begun.elapsed().as_secs_f64(), detail })
        }
        Err(Unwell::Silent(why) | Unwell::Says(why)) => {
            SmokeTest::Failed(format!("It was ready, and then did not say so again: {why}."), None)
        }
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
