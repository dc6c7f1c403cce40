//! Asking for the workloads of tasks that start: what is written of one is written with that of the others.

use super::Turn;
use crate::{
    cluster::WorkloadKind,
    error::Result,
    pipelines::{
        metrics,
        submit::{shown_parameters, shown_tags},
        token::NewTaskToken,
    },
    runs::view::OF_PIPELINE_RUN,
    store::{run_metrics::NewPoint, runs::NewRunRow, tasks::TaskRow, workloads::NewWorkload},
};
use app::api::{State as RunsState, resources::Resources};

/// An attempt that begins. What is written of it is written with that of the others.
pub(super) struct Begun {
    /// Which task.
    pub(super) place: usize,
    /// What it asks for.
    pub(super) resources: Resources,
    /// Whether it is the first of its task.
    pub(super) first: bool,
}

impl Turn<'_> {
    /// Asks for the workloads of the attempts that began, each with its token, and makes the task's run of MLflow with the first.
    pub(super) async fn ask(&mut self) -> Result<()> {
        let begun = std::mem::take(&mut self.begun);
        if begun.is_empty() {
            return Ok(());
        }
        let (first, again): (Vec<&Begun>, Vec<&Begun>) = begun.iter().partition(|b| b.first);
        self.make_runs(&first.iter().map(|b| b.place).collect::<Vec<_>>()).await?;
        if !again.is_empty() {
            let rows = || again.iter().map(|b| &self.loaded.rows[b.place]);
            let (keys, runs): (Vec<i64>, Vec<&str>) =
                (rows().filter_map(|r| r.run_key).collect(), rows().filter_map(|r| r.run_id.as_deref()).collect());
            let tasks: Vec<&str> = rows().map(|r| r.id.as_str()).collect();
            self.tx.tokens_revoke_of_all("run", &runs).await?;
            self.tx.tasks_undeliver(&tasks).await?;
            self.tx.runs_set_state(&keys, RunsState::Queued).await?;
        }
        let asked: Vec<(&TaskRow, &str, &str, Resources, String)> = begun
            .iter()
            .filter_map(|b| {
                let row = &self.loaded.rows[b.place];
                let name = format!("{}: {}", self.run.name, row.display_name);
                Some((row, row.workload_id.as_deref()?, row.run_id.as_deref()?, b.resources, name))
            })
            .collect();
        let workloads: Vec<NewWorkload<'_>> = asked
            .iter()
            .map(|(row, id, _, resources, name)| NewWorkload {
                id,
                team_id: Some(&self.run.team_id),
                kind: WorkloadKind::Task,
                owner_id: &row.id,
                name,
                attempt: row.attempt,
                generation: 1,
                resources: *resources,
                nodes: 1,
            })
            .collect();
        self.tx.workloads_insert(&workloads).await?;
        let tokens: Vec<NewTaskToken> = asked.iter().map(|(_, id, run, _, name)| self.tokens.of(self.store, id, run, name)).collect();
        self.tx.tokens_insert(&tokens.iter().map(|t| t.row(self.run)).collect::<Vec<_>>()).await?;
        let asked: Vec<String> = asked.iter().map(|(_, id, ..)| (*id).to_owned()).collect();
        self.asked.extend(asked);
        Ok(())
    }

    /// What tasks took over was measured before: they get runs of MLflow that say so, as where they had run.
    pub(super) async fn show_measured(&mut self) -> Result<()> {
        let places = std::mem::take(&mut self.measured);
        if places.is_empty() {
            return Ok(());
        }
        let new: Vec<usize> = places.iter().copied().filter(|place| self.loaded.rows[*place].run_key.is_none()).collect();
        self.make_runs(&new).await?;
        let experiment = self.experiment().await?.key;
        let keys: Vec<(usize, i64)> = places.iter().filter_map(|place| Some((*place, self.loaded.rows[*place].run_key?))).collect();
        let points = |(place, key): &(usize, i64)| metrics::points(&self.loaded.nodes[*place].outputs, *key, experiment, self.now);
        let points: Vec<NewPoint> = keys.iter().flat_map(points).collect();
        self.tx.metrics_insert(&points).await?;
        self.tx.runs_set_state(&keys.iter().map(|(_, key)| *key).collect::<Vec<_>>(), RunsState::Succeeded).await
    }

    /// Makes the runs of MLflow of tasks that start for the first time.
    async fn make_runs(&mut self, places: &[usize]) -> Result<()> {
        if places.is_empty() {
            return Ok(());
        }
        let experiment = self.experiment().await?.clone();
        let name = |row: &TaskRow| match row.iteration {
            Some(turn) => format!("{} {turn}", row.display_name),
            None => row.display_name.clone(),
        };
        let named: Vec<(usize, String)> = places.iter().map(|place| (*place, name(&self.loaded.rows[*place]))).collect();
        let new: Vec<NewRunRow<'_>> = named
            .iter()
            .map(|(place, name)| NewRunRow {
                id: self.loaded.rows[*place].run_id.as_deref().unwrap_or_default(),
                experiment: &experiment,
                name,
                user_name: self.run.created_by.as_str(),
                created_by: &self.run.created_by,
                state: RunsState::Queued,
                reason: None,
                submitted: true,
                started_at: self.now,
            })
            .collect();
        let made = self.tx.runs_insert(&new).await?;
        let (mut parameters, mut tags) = (Vec::new(), Vec::new());
        for ((place, name), made) in named.iter().zip(&made) {
            let row = &mut self.loaded.rows[*place];
            row.run_key = Some(made.key);
            parameters.extend(shown_parameters(made, &self.loaded.nodes[*place].inputs.parameters));
            tags.extend(shown_tags(
                made,
                &[
                    ("mlflow.runName", name),
                    ("mlflow.user", &self.run.created_by),
                    ("mlflow.parentRunId", &self.run.run_id),
                    (OF_PIPELINE_RUN, &self.run.id),
                    ("slipway.task", &row.id),
                ],
            ));
        }
        self.tx.params_insert(&parameters).await?;
        self.tx.run_tags_set(&tags).await
    }
}
