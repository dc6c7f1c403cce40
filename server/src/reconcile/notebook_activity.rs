//! Asks running notebooks what their kernels and terminals do.

use super::{Report, Task};
use crate::{
    cluster::{
        Endpoint,
        reach::{Body, Reach},
    },
    error::{Context, Error, Kind, Result},
    notebooks::{
        NotebookKeys,
        activity::{self, Activity, Entry},
        prefix,
    },
    store::{Store, notebooks::NotebookRow},
};
use async_trait::async_trait;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use std::time::Duration;

/// How long a notebook may take to answer; Jupyter is one thread, and a large save holds it up.
const ANSWER: Duration = Duration::from_secs(5);
const LARGEST: usize = 1 << 20;
const AT_ONCE: usize = 16;

/// The task.
pub struct NotebookActivity {
    /// The database.
    pub store: Store,
    /// Opens tokens of Jupyter servers.
    pub keys: NotebookKeys,
    /// The way to them.
    pub reach: Reach,
}

#[async_trait]
impl Task for NotebookActivity {
    fn name(&self) -> &'static str {
        "notebook-activity"
    }

    fn listens(&self) -> bool {
        false
    }

    fn every(&self) -> Duration {
        Duration::from_secs(15)
    }

    async fn tick(&self) -> Result<Report> {
        let rows = self.store.notebooks_running().await?;
        let mut report = Report::from([("seen", rows.len() as i64), ("changed", 0), ("silent", 0)]);
        let asked: Vec<BoxFuture<'_, Result<bool>>> = rows.iter().map(|row| self.one(row).boxed()).collect();
        let mut answers = stream::iter(asked).buffer_unordered(AT_ONCE);
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(true) => *report.entry("changed").or_default() += 1,
                Ok(false) => {}
                Err(error) => {
                    tracing::debug!(error = %error, "notebook activity");
                    *report.entry("silent").or_default() += 1;
                }
            }
        }
        Ok(report)
    }
}

impl NotebookActivity {
    async fn one(&self, row: &NotebookRow) -> Result<bool> {
        let endpoint = self.store.workload(&row.workload_id).await?.and_then(|w| w.endpoint());
        let Some(endpoint) = endpoint else { return Ok(false) };
        let found = tokio::time::timeout(ANSWER, self.ask(row, &endpoint)).await.map_err(|_| silent("no answer in time"))??;
        if found.busy == row.busy() && found.last.unwrap_or(0) <= row.last_activity_at.unwrap_or(0) {
            return Ok(false);
        }
        let mut tx = self.store.begin().await?;
        let last = found.last.or(row.last_activity_at);
        if tx.notebook_activity(&row.id, &row.workload_id, found.busy, last).await? {
            tx.changed(Some(&row.team_id), "notebook", &row.id, row.revision);
        }
        tx.commit().await.map(|()| true)
    }

    async fn ask(&self, row: &NotebookRow, endpoint: &Endpoint) -> Result<Activity> {
        let kernels = self.entries(row, endpoint, "api/kernels").await?;
        let terminals = self.entries(row, endpoint, "api/terminals").await?;
        Ok(activity::judge(self.store.clock().now(), &kernels, &terminals))
    }

    async fn entries(&self, row: &NotebookRow, endpoint: &Endpoint, path: &str) -> Result<Vec<Entry>> {
        let token = self.keys.open(&row.workload_id, &row.server_token)?;
        let body: Body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let request = Request::get(format!("{}{path}?no_track_activity=1", prefix(&row.team, &row.name)))
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, format!("token {token}"))
            .body(body)
            .map_err(Error::internal)?;
        let answer = self.reach.send(endpoint, request).await.map_err(silent)?;
        match answer.status() {
            StatusCode::OK => {}
            // Terminals are not installed.
            StatusCode::NOT_FOUND => return Ok(Vec::new()),
            other => return Err(silent(other)),
        }
        let bytes = Limited::new(answer.into_body(), LARGEST).collect().await.map_err(silent)?.to_bytes();
        serde_json::from_slice(&bytes).context("what Jupyter says of its kernels")
    }
}

fn silent(why: impl std::fmt::Display) -> Error {
    Error::new(Kind::Upstream, "The notebook does not answer.").context(why.to_string())
}
