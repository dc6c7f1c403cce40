//! Why something is as it is: its reason, with what happened to its newest workload.

use crate::{
    access::TeamMember,
    clock::rfc3339,
    cluster::{Clue, Cluster},
    error::{Error, Result},
    logs::LogStore,
    store::{Store, workloads::WorkloadRow},
};
use app::api::{
    State,
    explain::{Evidence, Explanation},
    logs::LogQuery,
};

/// Lines of the log that are shown.
const LINES: usize = 5;
/// Bytes of the log in which they are looked for.
const TAIL: i64 = 4096;

/// What is explained with.
pub struct Explainer<'a> {
    /// The database.
    pub store: &'a Store,
    /// Where workloads run.
    pub cluster: &'a dyn Cluster,
    /// Their logs.
    pub logs: &'a LogStore,
}

impl Explainer<'_> {
    /// A notebook.
    ///
    /// # Errors
    /// Not there.
    pub async fn notebook(&self, by: &TeamMember, name: &str) -> Result<Explanation> {
        let row = self.store.notebook_of(&by.team.id, name).await?.ok_or_else(|| Error::not_found("notebook"))?;
        let workload = self.store.workload(&row.workload_id).await?;
        self.explain(row.state(), row.reason, workload).await
    }

    /// A run that Slipway executes; of another one only its state is known.
    ///
    /// # Errors
    /// Not there.
    pub async fn run(&self, by: &TeamMember, id: &str) -> Result<Explanation> {
        let row = self.store.run(&by.team.id, id).await?.filter(|r| r.is_active()).ok_or_else(|| Error::not_found("run"))?;
        let workload = self.store.workloads_of(id, 1).await?.pop();
        self.explain(row.state(), row.reason, workload).await
    }

    /// A deployment: its revision on its way, else the one that serves, else the newest.
    ///
    /// # Errors
    /// Not there.
    pub async fn deployment(&self, by: &TeamMember, name: &str) -> Result<Explanation> {
        let row = self.store.deployment(&by.team.id, name).await?.ok_or_else(|| Error::not_found("deployment"))?;
        // A newest one that did not take over is why somebody asks.
        let number = row.next.unwrap_or(row.latest);
        let workload = match self.store.revision_numbered(&row.id, number).await? {
            Some(revision) => self.store.workloads_of(&revision.id, 1).await?.pop(),
            None => None,
        };
        self.explain(row.state(), row.reason, workload).await
    }

    async fn explain(&self, state: State, reason: Option<String>, workload: Option<WorkloadRow>) -> Result<Explanation> {
        let Some(row) = workload else {
            let sentence = reason.unwrap_or_else(|| in_words(state).into());
            return Ok(Explanation { state, sentence, evidence: Vec::new() });
        };
        let mut seen = milestones(&row);
        // A cluster that cannot be asked now takes nothing from what we know ourselves.
        let clues = if row.ensured_at.is_some() { self.cluster.clues(&row.id).await } else { Ok(Vec::new()) };
        match clues {
            Ok(clues) => seen.extend(clues),
            Err(e) => seen.push(Clue::now("cluster", format!("It could not be asked: {}", e.public))),
        }
        let against = || seen.iter().find(|c| c.source == Clue::NODE).map(|c| c.text.clone());
        let sentence = reason.or_else(against).unwrap_or_else(|| in_words(state).into());
        let node = row.failed_node.and_then(|n| u32::try_from(n).ok());
        let query = LogQuery { attempt: Some(row.attempt), node, offset: Some(-TAIL), ..LogQuery::default() };
        let lines = self.logs.page(&row.id, &query).await.map(|p| p.items).unwrap_or_default();
        // What happened in order, what is so now, what was said last.
        seen.sort_by_key(|c| c.at.unwrap_or(i64::MAX));
        let told = seen.into_iter().map(|c| Evidence { at: c.at.map(rfc3339), source: c.source, text: c.text });
        let from = lines.len().saturating_sub(LINES);
        let said = lines.into_iter().skip(from).map(|l| Evidence { at: Some(l.time), source: "log".into(), text: l.text });
        Ok(Explanation { state, sentence, evidence: told.chain(said).collect() })
    }
}

/// What we did for it, and how it ended.
fn milestones(row: &WorkloadRow) -> Vec<Clue> {
    let mut out = vec![Clue::then("queue", row.queued_at, format!("Asked for {}.", row.per_node().on_nodes(row.nodes)))];
    let mut then = |at: Option<i64>, source: &str, text: &str| out.extend(at.map(|at| Clue::then(source, at, text.to_owned())));
    then(row.granted_at, "queue", "There was room for it.");
    then(row.ensured_at, "cluster", "The cluster was told to start it.");
    then(row.running_at, "cluster", "It ran.");
    then(row.stop_requested_at, "queue", &row.stop_reason.clone().unwrap_or_else(|| "It was asked to end.".into()));
    then(row.ended_at, "cluster", &end(row));
    if !row.ended()
        && let Some(reason) = &row.reason
    {
        let source = if row.granted_at.is_none() { "queue" } else { "cluster" };
        out.push(Clue::now(source, reason.clone()));
    }
    out
}

fn end(row: &WorkloadRow) -> String {
    match (&row.reason, row.exit_code) {
        (Some(reason), _) => reason.clone(),
        (None, Some(code)) => format!("It ended with exit code {code}."),
        (None, None) => "It ended.".into(),
    }
}

const fn in_words(state: State) -> &'static str {
    match state {
        State::Queued => "It waits for its turn.",
        State::Starting => "It starts.",
        State::Running => "It runs, and nothing is known against it.",
        State::Stopping => "It ends.",
        State::Stopped => "It was stopped.",
        State::Succeeded => "It did what it was to do.",
        State::Failed => "It failed, and nobody said why.",
        State::Cancelled => "It was cancelled.",
    }
}
