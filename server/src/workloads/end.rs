//! How an end reads in words.

use crate::{
    cluster::Exit,
    store::workloads::{WorkloadEnd, WorkloadRow},
};
use app::api::{State, resources::bytes_words};

/// The end of a workload as its row keeps it. An end we asked for is `cancelled` with the reason of the asking, whatever the exit code.
pub fn of(row: &WorkloadRow, exit: &Exit) -> WorkloadEnd {
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
        ended_at: exit.ended_at,
    }
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
