//! The group-commit writer: metrics, parameters and tags of concurrent requests joined in one transaction.
//!
//! While one transaction is on its way to the disk, the requests that come meanwhile wait together and become the next one. Each is
//! answered after its commit, so an acknowledgement means committed. Whoever was in the last group is expected again: see [`Gather`]. A batch that is refused (no such run, a parameter that changes) does
//! not touch its neighbours; when the database refuses a group, each of it is tried alone.

use super::{
    gather::Gather,
    known_runs::KnownRuns,
    tracking::{Batch, plan::plan},
};
use crate::{
    error::{Error, Kind, Result},
    store::{Store, series::KnownSeries},
};
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// Batches that wait at most; who comes then waits for a place.
const QUEUE: usize = 2048;
/// Values of one transaction at most: enough to share a commit, few enough that nobody waits long.
const MAX_VALUES: usize = 20_000;

struct Job {
    batch: Batch,
    reply: oneshot::Sender<Result<()>>,
}

/// The way to the writer. Cheap to clone.
#[derive(Clone)]
pub struct MetricWriter(mpsc::Sender<Job>);

impl MetricWriter {
    /// Starts the writer of this store; it ends when the last handle is gone and everything is written.
    pub fn start(store: Store) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(run(store, receiver));
        Self(sender)
    }

    /// Writes a batch, all of it or nothing; returns after the commit.
    ///
    /// # Errors
    /// No such run, deleted, not the asker's to write; a parameter that has another value; the database does not answer.
    pub async fn write(&self, batch: Batch) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        let stopped = || Error::new(Kind::Unavailable, "The server is stopping.").hint("Try again in a moment.");
        self.0.send(Job { batch, reply }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// What the writer keeps in memory from one group to the next.
#[derive(Default)]
struct Memory {
    runs: KnownRuns,
    series: KnownSeries,
}

async fn run(store: Store, mut jobs: mpsc::Receiver<Job>) {
    let (mut held, mut memory, mut gather) = (None, Memory::default(), Gather::default());
    loop {
        let first = match held.take() {
            Some(job) => job,
            None => match jobs.recv().await {
                Some(job) => job,
                None => return,
            },
        };
        let mut values = first.batch.values();
        let mut group = vec![first];
        gather.begin();
        loop {
            match jobs.try_recv() {
                Ok(next) if values + next.batch.values() > MAX_VALUES => {
                    held = Some(next);
                    break;
                }
                Ok(next) => {
                    values += next.batch.values();
                    group.push(next);
                }
                Err(_) if gather.worth_waiting(group.len()) => tokio::task::yield_now().await,
                Err(_) => break,
            }
        }
        let (size, begun) = (group.len(), Instant::now());
        metrics::histogram!("slipway_metric_group_size").record(size as f64);
        memory.runs.tidy(&store);
        let answers = write(&store, group, &mut memory).await;
        gather.end(size, jobs.len(), begun.elapsed());
        for (reply, answer) in answers {
            // Who asked may have gone away: it is written all the same.
            let _ = reply.send(answer);
        }
    }
}

/// Writes a group; what to answer to whom.
async fn write(store: &Store, group: Vec<Job>, memory: &mut Memory) -> Vec<(oneshot::Sender<Result<()>>, Result<()>)> {
    let (batches, replies): (Vec<Batch>, Vec<_>) = group.into_iter().map(|j| (j.batch, j.reply)).unzip();
    let answers = match commit(store, &batches, memory).await {
        Ok(answers) => answers,
        Err(error) => {
            tracing::debug!(%error, size = batches.len(), "a group was refused, each is tried alone");
            let mut answers = Vec::with_capacity(batches.len());
            for batch in &batches {
                // Whatever was remembered may be what was refused.
                *memory = Memory::default();
                let alone = commit(store, std::slice::from_ref(batch), memory).await;
                answers.push(alone.and_then(|a| a.into_iter().next().unwrap_or(Ok(()))));
            }
            answers
        }
    };
    replies.into_iter().zip(answers).collect()
}

/// One transaction; the answer to each batch, or the error that left nothing written.
async fn commit(store: &Store, batches: &[Batch], memory: &mut Memory) -> Result<Vec<Result<()>>> {
    let mut tx = store.begin().await?;
    let plan = plan(&mut tx, batches, &mut memory.runs).await?;
    if plan.is_empty() {
        return Ok(plan.answers);
    }
    tx.params_insert(&plan.params).await?;
    tx.run_tags_set(&plan.tags).await?;
    let latest = tx.metrics_insert_known(&plan.points, &memory.series).await?;
    for (team_id, metrics) in &plan.model_metrics {
        tx.logged_model_metrics(team_id, metrics).await?;
    }
    for (row, name) in &plan.names {
        tx.run_rename(row.key, name).await?;
    }
    for (team_id, kind, run_id) in &plan.changed {
        tx.changed(Some(team_id), kind, run_id, 0);
    }
    tx.commit().await?;
    memory.series.learn(latest);
    Ok(plan.answers)
}
