//! Workloads and the cluster: the one place that tells the cluster what shall be and writes down what is.

use super::{Report, Task};
use crate::{
    cluster::{Endpoint, Observed, Phase, RanImage, SharedCluster, WorkloadKind},
    error::{Error, Kind, Result},
    quota::capacity,
    store::{
        Store,
        image_digests::Ran,
        workloads::{WorkloadEnd, WorkloadRow},
    },
    workloads::{
        end,
        queue::{self, Decision},
        seen::Seen,
        specs::{Build, Builders},
    },
};
use app::api::State;
use async_trait::async_trait;
use futures::{StreamExt, stream};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};
use tokio::sync::mpsc;

/// So many workloads are told to the cluster, or written down, at once: one that the cluster is slow to take holds up no other.
const AT_ONCE: usize = 16;

/// How long after its end a task is kept that may still say which image it ran, milliseconds: the end of one that is short is known before that is.
const TELLS: i64 = 5_000;

/// The task.
pub struct Workloads {
    /// The database.
    pub store: Store,
    /// The cluster.
    pub cluster: SharedCluster,
    /// Who builds specifications.
    pub builders: Builders,
}

/// What to do about one workload, in the order in which it is looked at.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Nothing,
    /// Ends without ever having started.
    Cancel,
    Build,
    /// Write down what the cluster says.
    Observe,
    Lost,
    Forget,
}

/// What is to be written down of a workload.
#[derive(Debug)]
enum Note {
    Ensured,
    Doing(String),
    Running(Option<Endpoint>),
    Stopping,
    Ended(WorkloadEnd),
    Ran(RanImage),
    Forgotten,
}

/// What came of doing something about a workload.
struct Outcome<'a> {
    row: &'a WorkloadRow,
    note: Option<Note>,
    /// It failed, and the log was told.
    failed: bool,
}

/// What waits and runs, for Prometheus.
fn count(rows: &[&WorkloadRow]) {
    let mut counted: HashMap<(&str, State), i64> = HashMap::new();
    for row in rows {
        *counted.entry((row.kind.as_str(), row.state())).or_default() += 1;
    }
    for kind in WorkloadKind::ALL {
        for state in [State::Queued, State::Starting, State::Running, State::Stopping] {
            let n = counted.get(&(kind.as_str(), state)).copied().unwrap_or_default();
            metrics::gauge!("slipway_workloads", "kind" => kind.as_str(), "state" => state.as_str()).set(n as f64);
        }
    }
}

/// How long a granted workload whose start fails in the same way again and again is tried, milliseconds; `None` is for good.
///
/// What is wrong with the workload itself does not become right by waiting. What is wrong here may be put right by somebody, within reason.
/// What is elsewhere (a cluster that cannot be reached, a full disk) is not the workload's fault.
const fn patience(kind: Kind) -> Option<i64> {
    match kind {
        Kind::Invalid | Kind::Unauthenticated | Kind::Forbidden | Kind::NotFound | Kind::Conflict | Kind::Taken | Kind::TooLarge => {
            Some(30_000)
        }
        Kind::Internal => Some(600_000),
        Kind::TooMany | Kind::Unavailable | Kind::Full | Kind::Upstream => None,
    }
}

fn step(row: &WorkloadRow, observed: Option<&Observed>) -> Step {
    match (row.state(), observed) {
        (State::Queued, _) if row.stop_requested_at.is_some() => Step::Cancel,
        (State::Queued, _) => Step::Nothing,
        (state, _) if state.is_final() => {
            if row.settled != 0 {
                Step::Forget
            } else {
                Step::Nothing
            }
        }
        (_, Some(_)) => Step::Observe,
        (_, None) if row.ensured_at.is_some() => Step::Lost,
        (_, None) if row.stop_requested_at.is_some() => Step::Cancel,
        (_, None) => Step::Build,
    }
}

/// What is to be written down of a workload as the cluster shows it, without asking anybody.
fn seen(row: &WorkloadRow, observed: Option<&Observed>, now: i64) -> Option<Note> {
    let over = |state, reason| WorkloadEnd { state: Some(state), reason, ended_at: now, ..WorkloadEnd::default() };
    match (step(row, observed), observed.map(|o| &o.phase)) {
        (Step::Cancel, _) => Some(Note::Ended(over(State::Cancelled, row.stop_reason.clone()))),
        (Step::Lost, _) => Some(Note::Ended(over(State::Failed, Some("The cluster no longer knows it.".to_owned())))),
        (Step::Observe, Some(Phase::Ended(exit))) => Some(Note::Ended(end::of(row, exit, observed.and_then(|o| o.started_at)))),
        (Step::Observe, Some(Phase::Starting { doing })) => doing_now(row, doing),
        (Step::Observe, Some(Phase::Running { endpoint })) => {
            let known = row.state() == State::Running && row.endpoint() == *endpoint;
            (!known).then(|| Note::Running(endpoint.clone()))
        }
        (Step::Observe, Some(Phase::Stopping)) => (row.state() != State::Stopping).then_some(Note::Stopping),
        _ => None,
    }
}

/// The image that a workload ran, where that is news.
fn ran(row: &WorkloadRow, observed: Option<&Observed>) -> Option<Note> {
    let image = observed?.image.as_ref().filter(|image| image.digest.is_some() && row.image_digest.is_none())?;
    Some(Note::Ran(image.clone()))
}

/// Whether a workload that has ended may still say which image it ran, and others are to take over what it made.
fn tells(row: &WorkloadRow, observed: Option<&Observed>, now: i64) -> bool {
    let untold = observed.and_then(|o| o.image.as_ref()).is_some_and(|image| image.digest.is_none());
    // By the cluster's clock, which need not be ours.
    let lately = row.ended_at.is_some_and(|at| (now - at).abs() < TELLS);
    untold && lately && row.kind == WorkloadKind::Task.as_str() && row.state() == State::Succeeded
}

fn doing_now(row: &WorkloadRow, doing: &str) -> Option<Note> {
    (row.reason.as_deref() != Some(doing)).then(|| Note::Doing(doing.to_owned()))
}

#[async_trait]
impl Task for Workloads {
    fn name(&self) -> &'static str {
        "workloads"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(2)
    }

    fn eager(&self) -> bool {
        true
    }

    async fn tick(&self) -> Result<Report> {
        // Rows first: what is inserted after the listing is not mistaken for lost.
        let rows = self.store.workloads_known().await?;
        let rows: Vec<&WorkloadRow> = rows.iter().map(AsRef::as_ref).collect();
        let observed: HashMap<String, Observed> = self.cluster.list().await?.into_iter().map(|o| (o.id.clone(), o)).collect();
        let mut report = Report::from([("known", rows.len() as i64), ("observed", observed.len() as i64)]);
        let now = self.store.clock().now();
        // What has ended makes room, and what is granted starts in the same tick.
        let notes = |row| {
            let (row, observed): (&WorkloadRow, _) = (row, observed.get(&row.id));
            [ran(row, observed), seen(row, observed, now)].into_iter().flatten().map(move |note| (row, note))
        };
        let notes: Vec<(&WorkloadRow, Note)> = rows.iter().copied().flat_map(notes).collect();
        self.note(&notes, &mut report).await;
        let granted = self.grant().await?;
        report.insert("granted", granted.len() as i64);
        let seen = Seen::default();
        self.prepare(rows.iter().copied().filter(|row| step(row, observed.get(&row.id)) == Step::Build).chain(&granted), &seen).await?;
        let known = rows.iter().map(|row| self.act(row, observed.get(&row.id), &seen));
        let acts = known.chain(granted.iter().map(|row| self.act(row, None, &seen))).collect::<Vec<_>>();
        let (send, mut done) = mpsc::unbounded_channel();
        let acting = async move {
            let mut acting = stream::iter(acts).buffer_unordered(AT_ONCE);
            while let Some(outcome) = acting.next().await {
                // Whoever takes it is there until this one ends.
                let _ = send.send(outcome);
            }
        };
        // Written down as they are done, those together that are done together, while the others go on: one of them may be in the midst of a
        // transaction, and would hold the database for good were it not looked at meanwhile.
        let noting = async {
            let mut outcomes: Vec<Outcome<'_>> = Vec::new();
            while done.recv_many(&mut outcomes, AT_ONCE).await > 0 {
                let failed = outcomes.iter().filter(|o| o.failed).count() as i64;
                if failed > 0 {
                    *report.entry("failed").or_default() += failed;
                }
                let notes: Vec<(&WorkloadRow, Note)> = outcomes.drain(..).filter_map(|o| Some((o.row, o.note?))).collect();
                self.note(&notes, &mut report).await;
            }
        };
        tokio::join!(acting, noting);
        count(&rows);
        report.insert("strays", self.strays(&rows, &observed).await?);
        Ok(report)
    }
}

impl Workloads {
    /// Writes down, all at once; where that fails each alone, so that one holds up no other. A failure is told to the log.
    async fn note(&self, notes: &[(&WorkloadRow, Note)], report: &mut Report) {
        if notes.is_empty() {
            return;
        }
        if notes.len() > 1 && self.write(notes).await.is_ok() {
            *report.entry("did").or_default() += notes.len() as i64;
            return;
        }
        for one in notes {
            match self.write(std::slice::from_ref(one)).await {
                Ok(()) => *report.entry("did").or_default() += 1,
                Err(error) => {
                    tracing::warn!(workload = one.0.id, error = %error, "workload");
                    *report.entry("failed").or_default() += 1;
                }
            }
        }
    }

    async fn write(&self, notes: &[(&WorkloadRow, Note)]) -> Result<()> {
        let mut tx = self.store.begin().await?;
        // Those of which the same is to be written, and nothing of their own, are written together.
        let (mut ensured, mut running, mut ended, mut forgotten) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut images = Vec::new();
        for (row, note) in notes {
            match note {
                Note::Ensured => ensured.push(row.id.as_str()),
                Note::Doing(doing) => tx.workload_reason(&row.id, Some(doing)).await?,
                Note::Running(None) => running.push(row.id.as_str()),
                Note::Running(endpoint) => tx.workload_running(&row.id, endpoint.as_ref()).await?,
                Note::Stopping => tx.workload_stopping(&row.id).await?,
                Note::Ended(end) => ended.push((row.id.as_str(), end)),
                // Nobody waits for these two.
                Note::Ran(image) => {
                    let digest = image.digest.as_deref();
                    images.extend(digest.map(|digest| Ran { workload_id: &row.id, image: &image.name, digest }));
                    continue;
                }
                Note::Forgotten => {
                    forgotten.push(row.id.as_str());
                    continue;
                }
            }
            tx.changed(row.team_id.as_deref(), "workload", &row.id, 0);
            tx.wakes();
        }
        if !ensured.is_empty() {
            tx.workloads_ensured(&ensured).await?;
        }
        if !running.is_empty() {
            tx.workloads_running(&running).await?;
        }
        tx.workloads_end(&ended).await?;
        tx.workloads_ran(&images).await?;
        if !forgotten.is_empty() {
            tx.workloads_forgotten(&forgotten).await?;
        }
        tx.commit().await
    }

    /// Tells the cluster what shall be of one workload.
    async fn act<'a>(&self, row: &'a WorkloadRow, observed: Option<&Observed>, seen: &Seen) -> Outcome<'a> {
        let done = match (step(row, observed), observed) {
            (Step::Observe, Some(observed)) => self.stop(row, observed).await.map(|()| None),
            (Step::Build, _) => match self.build(row, seen).await {
                Ok(note) => Ok(Some(note)),
                Err(error) => {
                    let note = self.stumbled(row, &error);
                    let given_up = matches!(note, Some(Note::Ended(_)));
                    if !given_up {
                        tracing::warn!(workload = row.id, error = %error, "workload");
                    }
                    return Outcome { row, note, failed: !given_up };
                }
            },
            (Step::Forget, _) if tells(row, observed, self.store.clock().now()) => Ok(None),
            (Step::Forget, _) => self.cluster.forget(&row.id).await.map(|()| Some(Note::Forgotten)),
            _ => Ok(None),
        };
        match done {
            Ok(Some(Note::Doing(doing))) => Outcome { row, note: doing_now(row, &doing), failed: false },
            Ok(note) => Outcome { row, note, failed: false },
            Err(error) => {
                tracing::warn!(workload = row.id, error = %error, "workload");
                Outcome { row, note: None, failed: true }
            }
        }
    }

    /// Lets each builder read what it can read at once.
    async fn prepare(&self, rows: impl Iterator<Item = &WorkloadRow>, seen: &Seen) -> Result<()> {
        let mut by_kind: HashMap<WorkloadKind, Vec<&WorkloadRow>> = HashMap::new();
        for row in rows {
            // One of a kind that nobody knows says so when it is built.
            if let Ok(kind) = kind(&row.kind) {
                by_kind.entry(kind).or_default().push(row);
            }
        }
        for (kind, rows) in by_kind {
            if let Some(builder) = self.builders.of(kind) {
                builder.prepare(&rows, seen).await?;
            }
        }
        Ok(())
    }

    async fn build(&self, row: &WorkloadRow, seen: &Seen) -> Result<Note> {
        let kind = kind(&row.kind)?;
        let builder = self.builders.of(kind).ok_or_else(|| Error::internal(format!("nobody builds {}", row.kind)))?;
        let team = match &row.team_id {
            Some(id) => seen.team(&self.store, id).await?,
            None => None,
        };
        match builder.build(row, team.as_deref(), seen).await? {
            Build::Ready(spec) => self.cluster.ensure(&spec).await.map(|()| Note::Ensured),
            Build::NotYet(doing) => Ok(Note::Doing(doing)),
            Build::Never(reason) => {
                let ended_at = self.store.clock().now();
                Ok(Note::Ended(WorkloadEnd { state: Some(State::Failed), reason: Some(reason), ended_at, ..WorkloadEnd::default() }))
            }
        }
    }

    /// A start that failed: the reason is shown, and the next tick tries again, until patience ends.
    fn stumbled(&self, row: &WorkloadRow, error: &Error) -> Option<Note> {
        let now = self.store.clock().now();
        let again = row.reason.as_deref() == Some(&error.public);
        let out = patience(error.kind).is_some_and(|most| row.granted_at.is_some_and(|at| now - at >= most));
        if again && out {
            let reason = Some(error.public.clone());
            return Some(Note::Ended(WorkloadEnd { state: Some(State::Failed), reason, ended_at: now, ..WorkloadEnd::default() }));
        }
        doing_now(row, &error.public)
    }

    async fn stop(&self, row: &WorkloadRow, observed: &Observed) -> Result<()> {
        if row.stop_requested_at.is_none() || matches!(observed.phase, Phase::Ended(_) | Phase::Stopping) {
            return Ok(());
        }
        let grace = Duration::from_secs(row.stop_grace_seconds.unwrap_or(10).max(0).unsigned_abs());
        self.cluster.stop(&row.id, grace).await
    }

    /// What the cluster knows but no open row does: a row that was forgotten while the cluster did not manage to, or no row at all.
    async fn strays(&self, rows: &[&WorkloadRow], observed: &HashMap<String, Observed>) -> Result<i64> {
        let known: HashSet<&str> = rows.iter().map(|r| r.id.as_str()).collect();
        let mut strays = 0;
        for id in observed.keys().filter(|id| !known.contains(id.as_str())) {
            // The row may have come after the listing.
            if self.store.workload(id).await?.is_none_or(|r| r.forgotten != 0) {
                self.cluster.forget(id).await?;
                strays += 1;
            }
        }
        Ok(strays)
    }

    /// Grants what there is room for, all in one transaction; what was granted.
    async fn grant(&self) -> Result<Vec<WorkloadRow>> {
        let rows = self.store.workloads_live().await?;
        if !rows.iter().any(|r| r.state() == State::Queued) {
            return Ok(Vec::new());
        }
        let total = self.cluster.capacity().await?.total;
        let limits = capacity::limits(&self.store).await?;
        let entries = capacity::entries(&self.store, &rows).await?;
        let by_id: HashMap<&str, &WorkloadRow> = rows.iter().map(|r| (r.id.as_str(), r)).collect();
        let decided = queue::plan(total, &limits, &entries).into_iter().filter_map(|(id, why)| Some((*by_id.get(id.as_str())?, why)));
        // One that starts moves all behind it: only places that changed are written.
        let moved =
            |(row, decision): &(&WorkloadRow, Decision)| !matches!(decision, Decision::Wait(why) if row.reason.as_deref() == Some(why));
        let decided: Vec<_> = decided.filter(moved).collect();
        if decided.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.store.begin().await?;
        let room: Vec<&str> = decided.iter().filter(|(_, d)| matches!(d, Decision::Grant)).map(|(row, _)| row.id.as_str()).collect();
        let still: HashSet<String> = match room.is_empty() {
            true => HashSet::new(),
            false => tx.workloads_grant(&room).await?.into_iter().collect(),
        };
        let mut granted = Vec::new();
        for (row, decision) in decided {
            match decision {
                Decision::Wait(why) => tx.workload_reason(&row.id, Some(&why)).await?,
                Decision::Grant if still.contains(&row.id) => granted.push(row.granted_at(tx.now())),
                // Asked to end meanwhile, or granted by somebody else.
                Decision::Grant => continue,
            }
            tx.changed(row.team_id.as_deref(), "workload", &row.id, 0);
            tx.wakes();
        }
        tx.commit().await?;
        Ok(granted)
    }
}

fn kind(text: &str) -> Result<WorkloadKind> {
    WorkloadKind::ALL.into_iter().find(|k| k.as_str() == text).ok_or_else(|| Error::internal(format!("workload kind {text}")))
}
