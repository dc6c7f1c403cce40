//! The log of a run: one per attempt and node, read in pieces, followed as it grows, or taken whole.

use crate::{
    access::TeamMember,
    error::{Error, Result},
    logs::LogStore,
    store::{Store, submissions::SubmissionRow, tasks::TaskRow, workloads::WorkloadRow},
};
use app::api::{
    State,
    logs::{LogLine, LogPage, LogQuery},
};
use futures::Stream;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

/// How often a log that does not grow is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Lines taken at once.
const LINES: u32 = 1000;

/// An attempt and its log.
struct Attempt {
    number: i64,
    of: i64,
    node: u32,
    nodes: i64,
    workload: Option<WorkloadRow>,
    /// Whether the run has ended, so that no other attempt follows.
    over: bool,
}

async fn attempt(store: &Store, team_id: &str, run_id: &str, asked: Option<i64>, node: Option<u32>) -> Result<Attempt> {
    let Some(run) = store.submission(team_id, run_id).await? else {
        if let Some(task) = store.task_of_run(team_id, run_id).await? {
            return of_task(store, &task, asked).await;
        }
        return match store.run(team_id, run_id).await? {
            // Executed elsewhere: its lines never came by here.
            Some(_) => Ok(Attempt { number: 1, of: 1, node: 0, nodes: 1, workload: None, over: true }),
            None => Err(Error::not_found("run")),
        };
    };
    let of = run.attempt.max(1);
    let number = asked.unwrap_or(of);
    if !(1..=run.max_attempts).contains(&number) {
        return Err(Error::invalid("attempt", format!("The run has attempts 1 to {of}.")));
    }
    if node.is_some_and(|n| i64::from(n) >= run.nodes) {
        let last = run.nodes - 1;
        return Err(Error::invalid(
            "node",
            if last > 0 { format!("The run has nodes 0 to {last}.") } else { "The run has one node: 0.".into() },
        ));
    }
    let workload = workload(store, &run, number).await?;
    let failed = workload.as_ref().and_then(|w| w.failed_node).and_then(|n| u32::try_from(n).ok());
    let node = node.or(failed).unwrap_or(0);
    Ok(Attempt { number, of, node, nodes: run.nodes, workload, over: run.live == 0 })
}

/// The attempt of a task, whose workloads are its own.
async fn of_task(store: &Store, task: &TaskRow, asked: Option<i64>) -> Result<Attempt> {
    let of = task.attempt.max(1);
    let number = asked.unwrap_or(of);
    if !(1..=of).contains(&number) {
        return Err(Error::invalid("attempt", format!("The task has attempts 1 to {of}.")));
    }
    let workload = store.workloads_of(&task.id, 100).await?.into_iter().find(|w| w.attempt == number);
    Ok(Attempt { number, of, node: 0, nodes: 1, workload, over: task.ended_at.is_some() })
}

async fn workload(store: &Store, run: &SubmissionRow, number: i64) -> Result<Option<WorkloadRow>> {
    Ok(store.workloads_of(&run.run_id, 100).await?.into_iter().find(|w| w.attempt == number))
}

/// A piece of the log.
///
/// # Errors
/// There is no such run or attempt; the limit makes no sense.
pub async fn page(store: &Store, logs: &LogStore, by: &TeamMember, run_id: &str, query: &LogQuery) -> Result<LogPage> {
    let attempt = attempt(store, &by.team.id, run_id, query.attempt, query.node).await?;
    let query = LogQuery { node: Some(attempt.node), ..query.clone() };
    let mut page = match &attempt.workload {
        Some(workload) => read(logs, workload, attempt.number, &query).await?,
        None => LogPage { complete: attempt.over || attempt.number < attempt.of, ..LogPage::default() },
    };
    (page.attempt, page.attempts) = (attempt.number, attempt.of);
    (page.node, page.nodes) = (i64::from(attempt.node), attempt.nodes);
    Ok(page)
}

async fn read(logs: &LogStore, workload: &WorkloadRow, attempt: i64, query: &LogQuery) -> Result<LogPage> {
    let mut page = logs.page(&workload.id, &LogQuery { attempt: Some(attempt), ..query.clone() }).await?;
    // One that ended before it was started never gets a log.
    page.complete |= page.items.is_empty() && page.next_offset == 0 && workload.ended();
    Ok(page)
}

/// The whole log of an attempt on one node as text, with a name for its file.
///
/// # Errors
/// There is no such run, attempt or node.
pub async fn text(
    store: &Store,
    logs: &LogStore,
    by: &TeamMember,
    run_id: &str,
    query: &LogQuery,
) -> Result<(String, Option<impl Stream<Item = std::io::Result<bytes::Bytes>> + Send + use<>>)> {
    let attempt = attempt(store, &by.team.id, run_id, query.attempt, query.node).await?;
    let of_node = if attempt.nodes > 1 { format!("-node-{}", attempt.node) } else { String::new() };
    let name = format!("run-{run_id}-{}{of_node}.log", attempt.number);
    Ok(match attempt.workload {
        Some(workload) => (name, Some(logs.text(&workload.id, Some(attempt.number), attempt.node).await?)),
        None => (name, None),
    })
}

/// Where a reader of the live log goes on: `attempt.offset`, with `.node` behind where that is not the first, or only an offset in the attempt that
/// was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Attempt; the one under way where absent.
    pub attempt: Option<i64>,
    /// Byte offset in it; negative counts from the end.
    pub offset: i64,
    /// Node; as [`LogQuery`] says where absent.
    pub node: Option<u32>,
}

impl Place {
    /// From what a reader sent as `Last-Event-ID`.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((attempt, rest)) = text.split_once('.') else {
            return Some(Self { attempt: None, offset: text.parse().ok()?, node: None });
        };
        let (offset, node) = rest.split_once('.').unwrap_or((rest, "0"));
        Some(Self { attempt: Some(attempt.parse().ok()?), offset: offset.parse().ok()?, node: Some(node.parse().ok()?) })
    }

    /// As it is sent.
    pub fn id(attempt: i64, offset: i64, node: u32) -> String {
        if node == 0 { format!("{attempt}.{offset}") } else { format!("{attempt}.{offset}.{node}") }
    }
}

/// What the live log tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// A line, and where to go on after it where that is known.
    Line {
        /// For `Last-Event-ID`.
        id: Option<String>,
        /// The line.
        line: LogLine,
    },
    /// Nothing follows: the state in which the run (or the attempt that was asked for) ended, and why.
    End {
        /// State of the run.
        state: State,
        /// Why.
        reason: Option<String>,
    },
}

/// The log as it grows, over all attempts from `place` on (`only`: of that attempt alone), until the run ends or the server drains.
///
/// # Errors
/// There is no such run or attempt.
pub async fn follow(
    store: Store,
    logs: LogStore,
    by: &TeamMember,
    run_id: &str,
    place: Place,
    only: bool,
    mut drain: watch::Receiver<bool>,
) -> Result<impl Stream<Item = Told> + Send + use<>> {
    // Asked here, so that a wrong one is an answer and not a stream.
    let first = attempt(&store, &by.team.id, run_id, place.attempt, place.node).await?;
    let (to, from) = mpsc::channel(256);
    let mut follower = Follower {
        store,
        logs,
        team_id: by.team.id.clone(),
        run_id: run_id.to_owned(),
        attempt: first.number,
        node: first.node,
        offset: place.offset,
        only,
        to,
    };
    tokio::spawn(async move {
        tokio::select! {
            _ = drain.wait_for(|d| *d) => {}
            ended = follower.run() => if let Err(error) = ended {
                // The reader connects again and goes on where it was.
                tracing::warn!(error = %error, "live log");
            }
        }
    });
    Ok(ReceiverStream::new(from))
}

struct Follower {
    store: Store,
    logs: LogStore,
    team_id: String,
    run_id: String,
    attempt: i64,
    node: u32,
    offset: i64,
    only: bool,
    to: mpsc::Sender<Told>,
}

impl Follower {
    async fn run(&mut self) -> Result<()> {
        loop {
            if self.to.is_closed() {
                return Ok(());
            }
            let now = attempt(&self.store, &self.team_id, &self.run_id, Some(self.attempt), Some(self.node)).await?;
            let done = match &now.workload {
                Some(workload) => match self.piece(workload).await? {
                    Piece::More => continue,
                    Piece::Nothing => false,
                    Piece::Done => true,
                },
                None => now.over || self.attempt < now.of,
            };
            if done && now.of > self.attempt && !self.only {
                (self.attempt, self.offset) = (self.attempt + 1, 0);
                continue;
            }
            if done && (now.over || self.only) {
                return self.end().await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn piece(&mut self, workload: &WorkloadRow) -> Result<Piece> {
        let query = LogQuery { node: Some(self.node), offset: Some(self.offset), limit: Some(LINES), ..LogQuery::default() };
        let page = read(&self.logs, workload, self.attempt, &query).await?;
        let moved = self.offset != page.next_offset;
        self.offset = page.next_offset;
        let more = !page.items.is_empty() || (moved && page.next_offset > 0);
        for (offset, line) in offsets(page.items, page.next_offset) {
            let id = offset.map(|o| Place::id(self.attempt, o, self.node));
            if self.to.send(Told::Line { id, line }).await.is_err() {
                return Ok(Piece::Done);
            }
        }
        Ok(if page.complete {
            Piece::Done
        } else if more {
            Piece::More
        } else {
            Piece::Nothing
        })
    }

    async fn end(&self) -> Result<()> {
        let run = self.store.run(&self.team_id, &self.run_id).await?.ok_or_else(|| Error::not_found("run"))?;
        // Who does not listen any more needs no end.
        let _ = self.to.send(Told::End { state: run.state(), reason: run.reason }).await;
        Ok(())
    }
}

enum Piece {
    More,
    Nothing,
    Done,
}

/// The offset behind each line, counted back from the end of the piece; unknown where bytes were not text and lengths do not tell.
fn offsets(lines: Vec<LogLine>, end: i64) -> Vec<(Option<i64>, LogLine)> {
    let exact = lines.iter().all(|l| !l.text.contains('\u{FFFD}'));
    let mut behind = end;
    let mut out: Vec<_> = lines
        .into_iter()
        .rev()
        .enumerate()
        .map(|(i, line)| {
            let here = behind;
            // time, space, stream, space, text, line end
            behind -= (line.time.len() + line.stream.len() + line.text.len() + 3) as i64;
            ((exact || i == 0).then_some(here), line)
        })
        .collect();
    out.reverse();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let place = |attempt, offset, node| Some(Place { attempt, offset, node });
        assert_eq!(Place::parse("2.120"), place(Some(2), 120, Some(0)));
        assert_eq!(Place::parse("120"), place(None, 120, None));
        assert_eq!((Place::parse("x"), Place::parse("1.2.x")), (None, None));
        for node in [0, 5] {
            assert_eq!(Place::parse(&Place::id(3, 7, node)), place(Some(3), 7, Some(node)));
        }
    }

    #[test]
    fn the_place_behind_each_line() {
        let line = |text: &str| LogLine { time: "2026-01-01T00:00:00.000Z".into(), stream: "out".into(), text: text.into() };
        let length = |text: &str| 24 + 3 + text.len() as i64 + 3;
        let lines = offsets(vec![line("a"), line("bcd")], 1000);
        assert_eq!(lines[1].0, Some(1000));
        assert_eq!(lines[0].0, Some(1000 - length("bcd")));
        assert_eq!(offsets(vec![line("\u{FFFD}"), line("b")], 1000)[0].0, None);
    }
}
