//! How an end reads in words.

use crate::{
    cluster::{Exit, WorkloadKind},
    store::workloads::{WorkloadEnd, WorkloadRow},
};
use app::api::{State, resources::bytes_words};

/// The end of a workload as its row keeps it. An end we asked for is `cancelled` with the reason of the asking, whatever the exit code.
/// `started_at`: when its process started, as far as the cluster says.
pub fn of(row: &WorkloadRow, exit: &Exit, started_at: Option<i64>) -> WorkloadEnd {
    let asked = row.stop_requested_at.is_some();
    // What was made to end from outside, as when its node is drained, has not done what it was to do, however politely it went.
    let (state, reason) = if exit.code == Some(0) && !exit.timed_out && (asked || exit.reason.is_none()) {
        (if asked { State::Cancelled } else { State::Succeeded }, row.stop_reason.clone().filter(|_| asked))
    } else if exit.timed_out {
        (State::Failed, Some("Its time was up.".to_owned()))
    } else if exit.out_of_memory {
        let limit = bytes_words(row.per_node().memory_bytes);
        (
            State::Failed,
            Some(exit.node.map_or_else(|| format!("Out of memory at {limit}."), |n| format!("Node {n} ran out of memory at {limit}."))),
        )
    } else if exit.stopped || row.stop_requested_at.is_some() {
        (State::Cancelled, row.stop_reason.clone())
    } else {
        (State::Failed, Some(words(exit)))
    };
    WorkloadEnd {
        state: Some(state),
        reason,
        exit_code: exit.code,
        signal: exit.signal,
        out_of_memory: exit.out_of_memory,
        timed_out: exit.timed_out,
        failed_node: exit.node.map(i64::from),
        began_at: began_at(row, exit, started_at),
        ended_at: exit.ended_at,
    }
}

/// When it began to run, for what ended before anybody saw it run; nothing where it never did. A server runs once it is ready, and that is
/// known only from seeing it so.
fn began_at(row: &WorkloadRow, exit: &Exit, started_at: Option<i64>) -> Option<i64> {
    if [WorkloadKind::Notebook, WorkloadKind::Replica].iter().any(|server| server.as_str() == row.kind) {
        return None;
    }
    // Kubernetes says 1970 of a container that was never started.
    let said = started_at.filter(|at| *at > 0);
    let told = || row.ensured_at.or(row.granted_at).filter(|_| exit.code.is_some() || exit.signal.is_some());
    // By the cluster's clock, which need not be ours: not before there was room for it, nor after its end.
    let at = said.or_else(told)?;
    Some(row.granted_at.map_or(at, |granted| at.max(granted)).min(exit.ended_at))
}

/// In a sentence; of several nodes it names the one that failed.
fn words(exit: &Exit) -> String {
    let node = exit.node.map(|n| format!("Node {n}"));
    if let Some(reason) = &exit.reason {
        return node.map_or_else(|| reason.clone(), |node| format!("{node}: {reason}"));
    }
    let subject = |verb: &str, past: &str| match &node {
        Some(node) => format!("{node} {verb}"),
        None => past.to_owned(),
    };
    match (exit.code, exit.signal) {
        (Some(code), _) => format!("{} with code {code}.", subject("exited", "Exited")),
        (None, Some(signal)) => {
            let name = signal_name(signal).map(|n| format!(" ({n})")).unwrap_or_default();
            format!("{} by signal {signal}{name}.", subject("was ended", "Ended"))
        }
        (None, None) => format!("{} for an unknown reason.", subject("ended", "Ended")),
    }
}

const fn signal_name(signal: i64) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn began(kind: WorkloadKind, exit: &Exit, started_at: Option<i64>) -> Option<i64> {
        let kind = kind.as_str().to_owned();
        let row = WorkloadRow { kind, granted_at: Some(1000), ensured_at: Some(1500), ..WorkloadRow::test("w") };
        of(&row, exit, started_at).began_at
    }

    #[test]
    fn what_was_not_seen_running_began_when_its_process_did() {
        let exit = |code| Exit { code, ended_at: 2000, ..Exit::default() };
        assert_eq!(began(WorkloadKind::Task, &exit(Some(0)), Some(1700)), Some(1700));
        assert_eq!(began(WorkloadKind::Run, &exit(Some(3)), None), Some(1500), "when the cluster was told");
        assert_eq!(began(WorkloadKind::Run, &exit(None), Some(1700)), Some(1700), "it ran, though nobody knows how it ended");
        // Never started.
        assert_eq!(began(WorkloadKind::Task, &exit(None), None), None);
        assert_eq!(began(WorkloadKind::Task, &exit(None), Some(0)), None);
        assert_eq!(began(WorkloadKind::Replica, &exit(Some(1)), Some(1700)), None, "nobody saw it ready");
        // Clocks that differ.
        assert_eq!(began(WorkloadKind::Task, &exit(Some(0)), Some(900)), Some(1000));
        assert_eq!(began(WorkloadKind::Task, &exit(Some(0)), Some(2100)), Some(2000));
        assert_eq!(began(WorkloadKind::Task, &Exit { code: Some(0), ended_at: 1200, ..Exit::default() }, None), Some(1200));
    }
}
