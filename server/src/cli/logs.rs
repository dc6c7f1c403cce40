//! Logs on the terminal.

use super::{
    Failure,
    output::{self, Output},
    watch,
};
use app::api::{
    Problem,
    logs::{LogLine, LogPage, LogQuery},
};
use clap::Args;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(500);

/// Which part of a log, and how.
#[derive(Debug, Clone, Default, Args)]
// The verb that takes it is called log, too.
#[group(skip)]
pub struct Log {
    /// Go on until the log ends
    #[arg(long, short)]
    pub follow: bool,
    /// Attempt, from 1 [default: the last]
    #[arg(long)]
    pub attempt: Option<i64>,
    /// Only lines that contain this text
    #[arg(long)]
    pub contains: Option<String>,
    /// The time before each line
    #[arg(long)]
    pub time: bool,
}

/// Writes a log as it is, or follows it to its end over all attempts that come. `node`: of one of several nodes.
///
/// # Errors
/// What the API answers.
pub async fn show(
    output: Output,
    log: &Log,
    node: Option<u32>,
    ask: impl AsyncFn(LogQuery) -> Result<LogPage, Problem>,
) -> Result<(), Failure> {
    let mut query = LogQuery { attempt: log.attempt, node, offset: Some(0), limit: Some(5000), contains: log.contains.clone() };
    loop {
        let page = if log.follow { watch::patiently(async || ask(query.clone()).await).await? } else { ask(query.clone()).await? };
        for line in &page.items {
            write(output, log.time, line);
        }
        if page.nodes > 1 {
            if query.node.is_none() && output == Output::Table {
                eprintln!("Node {} of {}; --node shows another, counted from 0.", page.node, page.nodes);
            }
            // Stay with this node: which one is shown unasked may change with its end.
            query.node = u32::try_from(page.node).ok();
        }
        let moved = query.offset != Some(page.next_offset);
        query.offset = Some(page.next_offset);
        if log.attempt.is_none() && page.attempt > 0 {
            // Stay with the attempt that was begun, until it has ended.
            query.attempt = Some(page.attempt);
        }
        match (page.complete, log.follow) {
            (true, true) if log.attempt.is_none() && page.attempt < page.attempts => {
                (query.attempt, query.offset) = (Some(page.attempt + 1), Some(0));
            }
            (true, _) => return Ok(()),
            (false, false) if !moved => return Ok(()),
            (false, true) if !moved => tokio::time::sleep(PAUSE).await,
            _ => {}
        }
    }
}

fn write(output: Output, time: bool, line: &LogLine) {
    match (output, time) {
        (Output::Json, _) => output::line(&serde_json::to_string(line).unwrap_or_default()),
        (Output::Table, true) => output::line(&format!("{} {}", line.time, words(line))),
        (Output::Table, false) => output::line(&words(line)),
    }
}

/// What Slipway says about a workload is told apart from what the workload says.
fn words(line: &LogLine) -> String {
    if line.stream == "slipway" { format!("-- {}", line.text) } else { line.text.clone() }
}
