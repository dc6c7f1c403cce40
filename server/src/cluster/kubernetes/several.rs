//! Workloads on several nodes: from what is known of each node to what is so of all of them. Pure.

use super::{
    look::blamed,
    names::{EXIT, STOP, end_of},
    owner::{Owner, Stop},
};
use crate::cluster::{Exit, Phase};
use serde_json::{Map, Value};

/// What is written down at once.
#[derive(Debug, Default, PartialEq)]
pub struct Change {
    /// Marks upon the owner.
    pub marks: Map<String, Value>,
    /// The nodes whose ends are among them.
    pub ends: Vec<(u32, Exit)>,
    /// The end of the workload, once all nodes have ended.
    pub whole: Option<Exit>,
}

/// What follows when a node has ended, or somebody asks all of them to. The first node that fails ends the others, and what is to end and was never
/// claimed has ended. `now` in milliseconds since 1970.
pub fn change(owner: &Owner, ended: Option<(u32, Exit)>, asked: Option<Stop>, now: i64) -> serde_json::Result<Change> {
    let mut change = Change::default();
    let mut ends: Vec<Option<Exit>> = owner.peers.iter().map(|p| p.end.clone()).collect();
    let fails = ended.as_ref().filter(|(_, exit)| !exit.is_success()).map(|(rank, _)| *rank);
    let blames = fails.filter(|_| owner.stop.is_none()).map(|rank| Stop { at: now, grace_ms: owner.grace_ms, node: Some(rank) });
    let stop = asked.or(owner.stop).or(blames);
    change.ends.extend(ended);
    if let Some(stop) = stop {
        let exit = Exit { stopped: stop.node.is_none(), reason: stop.node.map(blamed), ended_at: now, ..Exit::default() };
        let never = owner.ranks().filter(|r| owner.seen_as(*r).pod.is_none() && ends[*r as usize].is_none());
        let never: Vec<_> = never.filter(|r| change.ends.iter().all(|(rank, _)| rank != r)).collect();
        change.ends.extend(never.into_iter().map(|rank| (rank, exit.clone())));
    }
    for (rank, exit) in &change.ends {
        ends[*rank as usize] = Some(exit.clone());
        change.marks.insert(end_of(*rank), serde_json::to_string(exit)?.into());
    }
    if let Some(stop) = stop.filter(|_| stop != owner.stop) {
        change.marks.insert(STOP.into(), serde_json::to_string(&stop)?.into());
    }
    if let Some(all) = ends.into_iter().collect::<Option<Vec<Exit>>>() {
        let whole = Exit::of_nodes(&all, stop.and_then(|s| s.node));
        change.marks.insert(EXIT.into(), serde_json::to_string(&whole)?.into());
        change.whole = Some(whole);
    }
    Ok(change)
}

/// How far all are, from how far each is. Each with when its container started, milliseconds since 1970.
pub fn joined(owner: &Owner, nodes: &[(Phase, Option<i64>)]) -> (Phase, Option<i64>) {
    let started_at = nodes.iter().map(|(_, at)| *at).collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max());
    if owner.stop.is_some() || owner.deleting {
        return (Phase::Stopping, started_at);
    }
    let starting = |(rank, (phase, _)): (usize, &(Phase, Option<i64>))| match phase {
        Phase::Starting { doing } => Some((owner.peers.get(rank).is_some_and(|p| p.pod.is_some()), rank, doing.clone())),
        _ => None,
    };
    // Those that have claimed wait for those that have not.
    if let Some((_, rank, doing)) = nodes.iter().enumerate().filter_map(starting).min() {
        return (Phase::Starting { doing: format!("Node {rank}: {doing}") }, None);
    }
    let some_run = nodes.iter().any(|(phase, _)| matches!(phase, Phase::Running { .. }));
    (if some_run { Phase::Running { endpoint: None } } else { Phase::Stopping }, started_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::kubernetes::owner::Peer;

    fn owner(pods: [Option<&str>; 2]) -> Owner {
        let peer = |pod: Option<&str>| Peer { pod: pod.map(Into::into), ..Peer::default() };
        Owner { peers: pods.map(peer).into(), grace_ms: 30_000, ..Owner::for_tests("abc") }
    }

    fn code(code: i64) -> Exit {
        Exit { code: Some(code), ended_at: 5, ..Exit::default() }
    }

    #[test]
    fn the_first_failure_ends_the_others() {
        let mut owner = owner([Some("a"), Some("b")]);
        let first = change(&owner, Some((1, code(3))), None, 9).unwrap();
        assert_eq!((first.ends.len(), first.whole), (1, None));
        assert_eq!(first.marks[STOP], "{\"at\":9,\"grace_ms\":30000,\"node\":1}");
        owner.peers[1].end = Some(code(3));
        owner.stop = Some(Stop { at: 9, grace_ms: 30_000, node: Some(1) });
        let killed = Exit { signal: Some(15), ended_at: 7, ..Exit::default() };
        let last = change(&owner, Some((0, killed)), None, 10).unwrap();
        assert_eq!(last.whole, Some(Exit { node: Some(1), ended_at: 7, ..code(3) }));
        assert!(!last.marks.contains_key(STOP) && last.marks.contains_key(EXIT));
    }

    #[test]
    fn all_have_to_do_what_they_were_to_do() {
        let mut owner = owner([Some("a"), Some("b")]);
        assert_eq!(change(&owner, Some((0, code(0))), None, 9).unwrap().whole, None);
        owner.peers[0].end = Some(code(0));
        let whole = change(&owner, Some((1, code(0))), None, 9).unwrap().whole.unwrap();
        assert_eq!((whole.code, whole.node), (Some(0), None));
    }

    #[test]
    fn what_no_pod_has_claimed_ends_where_it_is_to_end() {
        let stop = Stop { at: 9, grace_ms: 0, node: None };
        let asked = change(&owner([None, None]), None, Some(stop), 9).unwrap();
        assert_eq!(asked.ends.len(), 2);
        assert!(asked.whole.is_some_and(|e| e.stopped && e.node.is_none()));
        let asked = change(&owner([Some("a"), None]), None, Some(stop), 9).unwrap();
        assert_eq!((asked.ends.len(), asked.ends[0].0, asked.whole), (1, 1, None));
        let hopeless = Exit { reason: Some("No such image.".into()), ..Exit::default() };
        let failed = change(&owner([None, None]), Some((0, hopeless)), None, 9).unwrap().whole.unwrap();
        assert_eq!((failed.node, failed.reason.as_deref(), failed.stopped), (Some(0), Some("No such image."), false));
    }

    #[test]
    fn it_runs_once_all_run() {
        let (run, starts) = (Phase::Running { endpoint: None }, |doing: &str| Phase::Starting { doing: doing.into() });
        let half = owner([Some("a"), None]);
        let nodes = [(starts("Fetching what it needs"), None), (starts("Waits for a node"), None)];
        assert_eq!(joined(&half, &nodes), (starts("Node 1: Waits for a node"), None));
        let both = owner([Some("a"), Some("b")]);
        assert_eq!(joined(&both, &[(run.clone(), Some(3)), (starts("x"), None)]), (starts("Node 1: x"), None));
        assert_eq!(joined(&both, &[(run.clone(), Some(3)), (run.clone(), Some(4))]), (run.clone(), Some(4)));
        assert_eq!(joined(&both, &[(run.clone(), Some(3)), (Phase::Ended(code(0)), Some(4))]), (run.clone(), Some(4)));
        let asked = Owner { stop: Some(Stop { at: 1, grace_ms: 1, node: None }), ..both };
        assert_eq!(joined(&asked, &[(run.clone(), Some(3)), (run, Some(4))]), (Phase::Stopping, Some(4)));
    }
}
