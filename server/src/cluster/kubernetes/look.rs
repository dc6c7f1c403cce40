//! How far a workload is, from its owner and its pods. Pure.

use super::{
    owner::Owner,
    podview::{Pod, Terminated, time},
    reasons,
    settings::pod_address,
};
use crate::cluster::{Endpoint, Exit, Phase, local::shim::ASKED};

/// How long something that may end by waiting is waited for, milliseconds.
const DOUBTFUL: i64 = 600_000;
/// How old an owner is before it is asked why it has no pod, milliseconds.
const NO_POD: i64 = 3_000;

/// How old a pod is before it is asked why it gets nowhere, milliseconds.
const SLOW: i64 = 15_000;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Its start was not complete: it counts as never started.
    Hidden,
    /// It is so far; when its container started, milliseconds since 1970.
    Is(Phase, Option<i64>),
    /// It has ended, and that has to be written down first.
    Ended(Exit, Option<i64>),
    /// Its pod is not known: whether that is an end has to be asked.
    Missing,
    /// It has no pod and should have one by now: why has to be asked.
    NotMade,
    /// Its pod gets nowhere and does not say why: that has to be asked.
    Slow {
        /// Uid of the pod.
        pod: String,
        /// What it does as far as it says.
        doing: String,
        /// When its container started, milliseconds since 1970.
        started_at: Option<i64>,
    },
}

/// Looks. `now` in milliseconds since 1970. `lost`: since when neither the node of its pod nor its courier answers, RFC 3339.
pub fn look(owner: &Owner, pods: &[&Pod], lost: Option<&str>, now: i64) -> Look {
    if !owner.started {
        return Look::Hidden;
    }
    let claimed = owner.pod.as_ref().and_then(|uid| pods.iter().find(|p| p.uid == *uid));
    let started_at = claimed.and_then(|pod| started_at(pod));
    if let Some(exit) = &owner.exit {
        return Look::Is(Phase::Ended(exit.clone()), started_at);
    }
    // The cluster has given the pod up, and nobody is there to end it or to say how it ended.
    let given_up =
        |pod: &Pod| lost.filter(|_| pod.deleting.is_some() && !pod.is_over()).map(|since| reasons::gone(pod.node.as_deref(), Some(since)));
    if owner.pod.is_some() {
        return match claimed {
            None => Look::Missing,
            Some(pod) => match given_up(pod) {
                Some(why) if pod.main().is_none_or(|m| m.state.terminated.is_none()) => Look::Ended(because(why, now), started_at),
                _ => of_claimed(owner, pod, started_at, now),
            },
        };
    }
    // Nothing has run yet, and what is being deleted never will.
    if owner.deleting {
        return Look::Is(Phase::Stopping, None);
    }
    let newest = pods.iter().max_by_key(|p| (p.created_at, &p.uid));
    if let Some(failed) = &owner.failed {
        let said = failed.message.clone().unwrap_or_else(|| "Its Job failed.".into());
        return Look::Ended(because(newest.map_or(said, |pod| reasons::over(pod)), now), None);
    }
    match newest {
        // Nobody says of its owner that it gave up, and nothing starts such a pod again.
        Some(pod) if owner.maker.is_some() && !owner.serves() && pod.is_over() => Look::Ended(because(reasons::over(pod), now), None),
        None if let Some(queue) = owner.waits_in() => starting(format!("Waits in the queue \"{queue}\" of Kueue")),
        None if now - owner.created_at > NO_POD => Look::NotMade,
        None => starting("Making its pod"),
        Some(pod) => given_up(pod).map_or_else(|| waiting(pod, now), |why| Look::Ended(because(why, now), None)),
    }
}

fn starting(doing: impl Into<String>) -> Look {
    Look::Is(Phase::Starting { doing: doing.into() }, None)
}

/// A pod whose workload has not begun.
fn waiting(pod: &Pod, now: i64) -> Look {
    let found = reasons::pending(pod);
    if found.hopeless || (found.doubtful && now - pod.created_at > DOUBTFUL) {
        return Look::Ended(because(found.doing, now), None);
    }
    if found.silent && now - pod.created_at > SLOW {
        return Look::Slow { pod: pod.uid.clone(), doing: found.doing, started_at: None };
    }
    starting(found.doing)
}

fn of_claimed(owner: &Owner, pod: &Pod, started_at: Option<i64>, now: i64) -> Look {
    let asked = owner.stop.is_some() || owner.deleting || pod.deleting.is_some();
    let main = pod.main();
    // Started again in the same pod, it found the record of the first start and did nothing: the first counts.
    let before = main.filter(|m| m.restart_count > 0).and_then(|m| m.last_state.terminated.as_ref());
    if let Some(before) = before {
        return Look::Ended(of_container(owner, pod, before, now), time(before.started_at.as_ref()).or(started_at));
    }
    let Some(main) = main else {
        return not_begun(pod, asked, now);
    };
    if let Some(terminated) = &main.state.terminated {
        // The courier is about to bring the end with all that is known of it.
        let courier_lives = !pod.is_over() && pod.courier().is_some_and(|c| c.state.running.is_some());
        return match courier_lives {
            true => Look::Is(Phase::Stopping, started_at),
            false => Look::Ended(of_container(owner, pod, terminated, now), started_at),
        };
    }
    if main.state.running.is_none() {
        return not_begun(pod, asked, now);
    }
    if asked {
        return Look::Is(Phase::Stopping, started_at);
    }
    if !owner.serves() {
        return Look::Is(Phase::Running { endpoint: None }, started_at);
    }
    match (&pod.status.pod_ip, main.started) {
        (Some(ip), Some(true)) => {
            let endpoint = Endpoint::Pod { address: pod_address(ip), id: owner.id.clone() };
            Look::Is(Phase::Running { endpoint: Some(endpoint) }, started_at)
        }
        _ => {
            let doing = reasons::ANSWERS.to_owned();
            match started_at.is_some_and(|at| now - at > SLOW) {
                true => Look::Slow { pod: pod.uid.clone(), doing, started_at },
                false => Look::Is(Phase::Starting { doing }, started_at),
            }
        }
    }
}

/// A pod that has claimed its workload and has not begun it.
fn not_begun(pod: &Pod, asked: bool, now: i64) -> Look {
    if pod.is_over() {
        return Look::Ended(because(reasons::over(pod), now), None);
    }
    if asked { Look::Is(Phase::Stopping, None) } else { waiting(pod, now) }
}

fn started_at(pod: &Pod) -> Option<i64> {
    let main = pod.main()?;
    let states = [&main.last_state, &main.state];
    states.into_iter().find_map(|state| {
        let running = state.running.as_ref().and_then(|r| time(r.started_at.as_ref()));
        running.or_else(|| state.terminated.as_ref().and_then(|t| time(t.started_at.as_ref())))
    })
}

fn because(reason: String, now: i64) -> Exit {
    Exit { reason: Some(reason), ended_at: now, ..Exit::default() }
}

/// How it ended, from what the kubelet says of its container and what its supervisor said last.
pub fn of_container(owner: &Owner, pod: &Pod, terminated: &Terminated, now: i64) -> Exit {
    let said = terminated.message.as_deref().and_then(|m| serde_json::from_str::<Exit>(m.trim()).ok());
    let told = said.is_some();
    let mut exit = said.unwrap_or_else(|| {
        let ended_at = time(terminated.finished_at.as_ref()).unwrap_or(now);
        match (terminated.signal, terminated.exit_code) {
            (Some(signal), _) if signal > 0 => Exit { signal: Some(signal), ended_at, ..Exit::default() },
            (_, code) if code > 128 => Exit { signal: Some(code - 128), ended_at, ..Exit::default() },
            (_, code) => Exit { code: Some(code), ended_at, ..Exit::default() },
        }
    });
    if terminated.reason.as_deref() == Some("OOMKilled") && exit.code != Some(0) && !exit.stopped {
        exit.out_of_memory = true;
        exit.reason.get_or_insert_with(|| "It needed more memory than its limit.".into());
    }
    if terminated.reason.as_deref() == Some("StartError") && !told {
        let why = terminated.message.as_deref().unwrap_or_default().trim();
        exit = because(format!("Its container cannot be started: {why}"), exit.ended_at);
    }
    if exit.code != Some(0)
        && !exit.out_of_memory
        && let Some(evicted) = reasons::of_eviction(pod)
    {
        exit.reason = Some(evicted);
    }
    settled(owner, explained(Some(pod), exit))
}

/// An end as its supervisor tells it, with what it cannot know: who asked it to end.
pub fn explained(pod: Option<&Pod>, mut exit: Exit) -> Exit {
    if exit.reason.as_deref() == Some(ASKED)
        && let Some(pod) = pod
    {
        exit.reason = Some(reasons::of_eviction(pod).unwrap_or_else(|| reasons::gone(pod.node.as_deref(), None)));
    }
    exit
}

/// An end that was asked for is not the workload's own, whoever ended it in the end; nor is that of a node which ended because another had failed.
pub fn settled(owner: &Owner, mut exit: Exit) -> Exit {
    if let Some(stop) = owner.stop
        && !exit.timed_out
        && !exit.out_of_memory
        && exit.code != Some(0)
    {
        exit.stopped = stop.node.is_none();
        exit.reason = stop.node.map(blamed);
    } else if owner.is_suspended() && exit.reason.is_some() && exit.code != Some(0) && !exit.timed_out && !exit.out_of_memory {
        exit.reason = Some("Its Job was suspended from outside, which ends its pod.".into());
    }
    exit
}

/// Why a node ends that did nothing wrong.
pub fn blamed(rank: u32) -> String {
    format!("It was ended because node {rank} had failed.")
}

#[cfg(test)]
#[path = "look_tests.rs"]
mod tests;
