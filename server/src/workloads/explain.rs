//! Why something is as it is: its reason, with what happened to its newest workload.

use crate::{
    access::TeamMember,
    clock::{parse_rfc3339, rfc3339},
    cluster::{Clue, Cluster},
    error::{Error, Result},
    logs::LogStore,
    store::{Store, workloads::WorkloadRow},
};
use app::api::{
    State,
    explain::{Evidence, Explanation},
    logs::{LogLine, LogQuery},
};

/// Lines of the log that are shown.
const LINES: usize = 5;
/// Bytes of the log in which they are looked for.
const TAIL: i64 = 4096;
/// So long ago is lately, milliseconds.
const LATELY: i64 = 3_600_000;
/// So many starts are looked back at.
const STARTS: i64 = 20;

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
        let (workload, starts) = (self.store.workload(&row.workload_id).await?, self.store.workloads_of(&row.id, STARTS).await?);
        self.explain(row.state(), row.reason, workload, &starts).await
    }

    /// A run that Slipway executes; of another one only its state is known.
    ///
    /// # Errors
    /// Not there.
    pub async fn run(&self, by: &TeamMember, id: &str) -> Result<Explanation> {
        let row = self.store.run(&by.team.id, id).await?.filter(|r| r.is_active()).ok_or_else(|| Error::not_found("run"))?;
        let starts = self.store.workloads_of(id, STARTS).await?;
        self.explain(row.state(), row.reason, starts.first().cloned(), &starts).await
    }

    /// A deployment: its revision on its way, else the one that serves, else the newest; of its replicas the one that does not answer.
    ///
    /// # Errors
    /// Not there.
    pub async fn deployment(&self, by: &TeamMember, name: &str) -> Result<Explanation> {
        let row = self.store.deployment(&by.team.id, name).await?.ok_or_else(|| Error::not_found("deployment"))?;
        // A newest one that did not take over is why somebody asks.
        let number = row.next.unwrap_or(row.latest);
        let starts = match self.store.revision_numbered(&row.id, number).await? {
            Some(revision) => self.store.workloads_of(&revision.id, STARTS).await?,
            None => Vec::new(),
        };
        let replicas = self.store.replicas_of(&row.id).await?;
        let waits = replicas.iter().any(|r| r.revision == number && r.workload_id.is_none());
        let workload = amiss(&starts, waits).or(starts.first()).cloned();
        self.explain(row.state(), row.reason, workload, &starts).await
    }

    /// What rests on a workload, where there is one. `starts`: the newest workloads of the same, newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn explain(
        &self,
        state: State,
        reason: Option<String>,
        workload: Option<WorkloadRow>,
        starts: &[WorkloadRow],
    ) -> Result<Explanation> {
        let Some(row) = workload else {
            let sentence = reason.unwrap_or_else(|| in_words(state).into());
            return Ok(Explanation { state, sentence, evidence: Vec::new() });
        };
        let mut seen = milestones(&row);
        // A cluster that cannot be asked now takes nothing from what we know ourselves.
        let clues = if row.ensured_at.is_some() { self.cluster.clues(&row.id).await } else { Ok(Vec::new()) };
        let clues = clues.unwrap_or_else(|e| vec![Clue::now("cluster", format!("It could not be asked: {}", e.public))]);
        let against = clues.iter().find(|c| [Clue::NODE, Clue::CLAIM].contains(&c.source.as_str())).map(|c| c.text.clone());
        let before = before(&row, starts);
        let lately = self.store.clock().now() - LATELY;
        let again = before.filter(|b| state == State::Running && b.ended_at.is_some_and(|at| at >= lately));
        let again = again.map(|b| format!("It runs. The start before this one ended within the last hour: {}", end(b)));
        let sentence = reason.or(against).or(again).unwrap_or_else(|| in_words(state).into());
        seen.extend(clues.into_iter().map(|clue| of_cluster(clue, row.ensured_at)));
        seen.extend(self.said_last(&row).await);
        // What starts again has forgotten why it had to.
        if let Some(before) = before {
            seen.extend(self.said_last(before).await);
            let text = format!("A start before this one: {}", end(before));
            seen.push(exact(Clue { at: before.ended_at, source: "cluster".into(), text }));
        }
        seen.sort_by_key(|(place, _)| *place);
        Ok(Explanation { state, sentence, evidence: seen.into_iter().map(|(_, e)| e).collect() })
    }

    /// The last lines of its log, of the node that failed where one did.
    async fn said_last(&self, row: &WorkloadRow) -> Vec<Seen> {
        let node = row.failed_node.and_then(|n| u32::try_from(n).ok());
        let query = LogQuery { attempt: Some(row.attempt), node, offset: Some(-TAIL), ..LogQuery::default() };
        let lines = self.logs.page(&row.id, &query).await.map(|p| p.items).unwrap_or_default();
        let from = lines.len().saturating_sub(LINES);
        let line = |l: LogLine| {
            let at = parse_rfc3339(&l.time).unwrap_or(NOW);
            ((at, at), Evidence { at: Some(l.time), source: "log".into(), text: l.text })
        };
        lines.into_iter().skip(from).map(line).collect()
    }
}

/// What was seen, behind its place among the others: what we did stands before what followed from it at once.
type Seen = ((i64, i64), Evidence);

/// Behind all that happened.
const NOW: i64 = i64::MAX;

fn exact(clue: Clue) -> Seen {
    ((clue.at.unwrap_or(NOW), i64::MIN), Evidence { at: clue.at.map(rfc3339), source: clue.source, text: clue.text })
}

/// What a cluster tells in whole seconds. It follows from what we told it, and what had ended in a second had said before whatever it said in it.
fn of_cluster(clue: Clue, told: Option<i64>) -> Seen {
    let ended = clue.source == Clue::CONTAINER;
    let ((at, _), e) = exact(clue);
    let last = if ended && at % 1000 == 0 { at + 999 } else { at };
    ((last.max(told.unwrap_or(0)), at), e)
}

/// Of several that should run, the newest that does not. `waits`: one of them ended, and its next start is not there yet.
fn amiss(starts: &[WorkloadRow], waits: bool) -> Option<&WorkloadRow> {
    let on_its_way = starts.iter().find(|w| matches!(w.state(), State::Queued | State::Starting));
    on_its_way.or_else(|| starts.iter().filter(|w| waits && w.state() == State::Failed).max_by_key(|w| w.ended_at))
}

/// What failed before this one was asked for, while this one has not ended itself.
fn before<'a>(row: &WorkloadRow, starts: &'a [WorkloadRow]) -> Option<&'a WorkloadRow> {
    let failed = starts.iter().filter(|w| w.id != row.id && w.state() == State::Failed && w.queued_at <= row.queued_at);
    failed.max_by_key(|w| w.ended_at).filter(|_| !row.ended())
}

/// What we did for it, and how it ended.
fn milestones(row: &WorkloadRow) -> Vec<Seen> {
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
    out.into_iter().map(exact).collect()
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
