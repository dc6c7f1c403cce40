//! Notebooks: what a person wants, what the workload does, what becomes of the row.

use super::{Report, Task};
use crate::{
    cluster::SharedCluster,
    error::Result,
    ids,
    logs::LogStore,
    notebooks::{
        NotebookKeys, moves,
        plan::{self, Show, Step},
        spec,
    },
    records::notebook::Desired,
    store::{
        Store,
        notebooks::{NotebookMove, NotebookRow},
        workloads::WorkloadRow,
    },
};
use app::api::{State, logs::LogQuery};
use async_trait::async_trait;
use serde_json::json;

/// Bytes of the log's end that are looked at, and lines that are shown with a reason.
const TAIL_BYTES: i64 = 8192;
const TAIL_LINES: usize = 8;

/// The task.
pub struct Notebooks {
    /// The database.
    pub store: Store,
    /// Deletes volumes.
    pub cluster: SharedCluster,
    /// Reads the last lines.
    pub logs: LogStore,
    /// Makes tokens of Jupyter servers.
    pub keys: NotebookKeys,
}

#[async_trait]
impl Task for Notebooks {
    fn name(&self) -> &'static str {
        "notebooks"
    }

    async fn tick(&self) -> Result<Report> {
        let rows = self.store.notebooks_at_work().await?;
        let mut report = Report::from([("seen", rows.len() as i64), ("did", 0), ("failed", 0)]);
        for row in &rows {
            let what = match self.one(row).await {
                Ok(true) => "did",
                Ok(false) => continue,
                Err(error) => {
                    tracing::warn!(notebook = row.id, error = %error, "notebook");
                    "failed"
                }
            };
            *report.entry(what).or_default() += 1;
        }
        Ok(report)
    }
}

impl Notebooks {
    async fn one(&self, row: &NotebookRow) -> Result<bool> {
        let work = self.store.workload(&row.workload_id).await?;
        let step = plan::plan(self.store.clock().now(), &notebook(row), work.as_ref().map(of_workload).as_ref());
        match step {
            Step::Stay => Ok(false),
            Step::Show(show) => self.show(row, &show).await,
            Step::Stop(reason) => self.stop(row, &reason).await,
            Step::Ended(mut show) => {
                if show.with_log {
                    show.reason = Some(self.with_log(&row.workload_id, show.reason.unwrap_or_default()).await);
                }
                self.ended(row, &show).await
            }
            Step::Restart => self.restart(row).await,
            Step::Remove { files } => self.remove(row, files).await,
        }
    }

    async fn show(&self, row: &NotebookRow, show: &Show) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        if !tx.notebook_move(row, &to(row, show)).await? {
            return Ok(false);
        }
        if row.state() == show.state {
            tx.changed(Some(&row.team_id), "notebook", &row.id, row.revision);
        } else {
            told(&mut tx, row, show).await?;
        }
        tx.commit().await.map(|()| true)
    }

    async fn stop(&self, row: &NotebookRow, reason: &str) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let desired = if row.desired() == Desired::Running { Desired::Stopped } else { row.desired() };
        moves::stop(&mut tx, row, desired, Some(reason), moves::SLIPWAY, "stop").await?;
        tx.commit().await.map(|()| true)
    }

    async fn ended(&self, row: &NotebookRow, show: &Show) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        if !tx.notebook_move(row, &to(row, show)).await? {
            return Ok(false);
        }
        tx.workload_settle(&row.workload_id).await?;
        tx.tokens_revoke_of("notebook", &row.id).await?;
        told(&mut tx, row, show).await?;
        tx.commit().await.map(|()| true)
    }

    async fn restart(&self, row: &NotebookRow) -> Result<bool> {
        let workload_id = ids::new_id(&**self.store.clock());
        let server_token = self.keys.fresh(&workload_id)?;
        let mut tx = self.store.begin().await?;
        let to =
            NotebookMove { state: State::Queued, workload_id: &workload_id, server_token: &server_token, restart_at: None, ..row.stay() };
        moves::queue(&mut tx, row, &to, moves::SLIPWAY, "restart").await?;
        tx.commit().await.map(|()| true)
    }

    async fn remove(&self, row: &NotebookRow, files: bool) -> Result<bool> {
        if files {
            self.cluster.remove_volume(&spec::volume(&row.team, &row.name)).await?;
        }
        // Files are there once it was started.
        let started = self.store.workloads_of(&row.id, 500).await?.iter().any(|w| w.ensured_at.is_some());
        let keeper = Some(row.user_id.as_str()).filter(|_| !files && started);
        let mut tx = self.store.begin().await?;
        tx.kept_volume_set(&row.team_id, &row.name, keeper).await?;
        tx.tokens_revoke_of("notebook", &row.id).await?;
        tx.workload_settle(&row.workload_id).await?;
        tx.notebook_delete(&row.id).await?;
        tx.changed(Some(&row.team_id), "notebook", &row.id, row.revision);
        tx.commit().await.map(|()| true)
    }

    /// The reason with the last lines of the log.
    async fn with_log(&self, workload_id: &str, reason: String) -> String {
        let query = LogQuery { offset: Some(-TAIL_BYTES), limit: Some(5000), ..LogQuery::default() };
        let lines = match self.logs.page(workload_id, &query).await {
            Ok(page) => page.items,
            Err(error) => {
                tracing::warn!(workload = workload_id, error = %error, "log");
                Vec::new()
            }
        };
        let texts: Vec<&str> =
            lines.iter().filter(|l| l.stream != "slipway").map(|l| l.text.trim_end()).filter(|t| !t.is_empty()).collect();
        let tail = &texts[texts.len().saturating_sub(TAIL_LINES)..];
        std::iter::once(reason.as_str()).chain(tail.iter().copied()).collect::<Vec<_>>().join("\n")
    }
}

async fn told(tx: &mut crate::store::Tx, row: &NotebookRow, show: &Show) -> Result<()> {
    let (before, after) = (json!({ "state": row.state() }), json!({ "state": show.state, "reason": show.reason }));
    moves::event(tx, row, moves::SLIPWAY, "state", row.revision, before, after).await
}

fn to<'a>(row: &'a NotebookRow, show: &'a Show) -> NotebookMove<'a> {
    NotebookMove {
        desired: show.desired,
        state: show.state,
        reason: show.reason.as_deref(),
        restarts: show.restarts,
        restart_at: show.restart_at,
        ..row.stay()
    }
}

fn notebook(row: &NotebookRow) -> plan::Notebook {
    plan::Notebook {
        desired: row.desired(),
        state: row.state(),
        reason: row.reason.clone(),
        restarts: row.restarts,
        restart_at: row.restart_at,
        owner_may: row.owner_may(),
    }
}

fn of_workload(row: &WorkloadRow) -> plan::Work {
    plan::Work {
        state: row.state(),
        reason: row.reason.clone(),
        running_at: row.running_at,
        ended_at: row.ended_at,
        exited_well: row.exit_code == Some(0) && row.state() == State::Succeeded,
        asked: row.stop_requested_at.is_some(),
        settled: row.settled != 0,
    }
}
