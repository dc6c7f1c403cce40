use super::super::{
    maker::{Maker, MakerKind},
    owner::{Condition, OwnerKind, Stop},
    podview::{Container, ContainerState, PodStatus, Running, Waiting},
};
use super::*;

const NOW: i64 = 1_795_442_600_000;
const BEGAN: &str = "2026-11-23T14:02:05Z";
const BEGAN_MS: i64 = 1_795_442_525_000;

fn owner() -> Owner {
    Owner { pod: Some("p".into()), created_at: NOW, ..Owner::for_tests("abc") }
}

fn pod(state: ContainerState) -> Pod {
    let main = Container { name: "workload".into(), state, ..Container::default() };
    let courier = Container { name: "courier".into(), state: running(), ..Container::default() };
    let status = PodStatus {
        phase: Some("Running".into()),
        pod_ip: Some("10.0.0.5".into()),
        container_statuses: vec![main],
        init_container_statuses: vec![courier],
        ..PodStatus::default()
    };
    Pod { id: "abc".into(), uid: "p".into(), node: Some("node-1".into()), created_at: NOW, status, ..Pod::default() }
}

fn running() -> ContainerState {
    ContainerState { running: Some(Running { started_at: Some(BEGAN.into()) }), ..ContainerState::default() }
}

fn waiting(reason: &str) -> ContainerState {
    ContainerState { waiting: Some(Waiting { reason: Some(reason.into()), message: None }), ..ContainerState::default() }
}

fn terminated(exit_code: i64, reason: &str, message: Option<&str>) -> ContainerState {
    let terminated = Terminated {
        exit_code,
        reason: Some(reason.into()),
        message: message.map(Into::into),
        started_at: Some(BEGAN.into()),
        finished_at: Some("2026-11-23T14:02:06Z".into()),
        signal: None,
    };
    ContainerState { terminated: Some(terminated), ..ContainerState::default() }
}

fn over(mut pod: Pod) -> Pod {
    pod.status.phase = Some("Failed".into());
    pod
}

fn exit(look: Look) -> Exit {
    match look {
        Look::Ended(exit, _) => exit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_not_started_wholly_is_hidden() {
    let owner = Owner { started: false, ..owner() };
    assert_eq!(look(&owner, &[&pod(running())], None, NOW), Look::Hidden);
}

#[test]
fn a_server_that_runs_long_without_an_answer_is_asked_about() {
    let mut pod = pod(running());
    pod.status.container_statuses[0].started = Some(false);
    let owner = Owner { kind: OwnerKind::StatefulSet, ..owner() };
    assert_eq!(look(&owner, &[&pod], None, BEGAN_MS), Look::Is(Phase::Starting { doing: reasons::ANSWERS.into() }, Some(BEGAN_MS)));
    let later = look(&owner, &[&pod], None, BEGAN_MS + SLOW + 1);
    assert_eq!(later, Look::Slow { pod: "p".into(), doing: reasons::ANSWERS.into(), started_at: Some(BEGAN_MS) });
}

#[test]
fn one_that_kueue_holds_back_says_which_queue_it_waits_in() {
    let owner = Owner { pod: None, wants: 0, queue: Some("default".into()), ..owner() };
    assert_eq!(look(&owner, &[], None, NOW + DOUBTFUL), starting("Waits in the queue \"default\" of Kueue"));
    assert_eq!(look(&Owner { wants: 1, ..owner }, &[], None, NOW), starting("Making its pod"));
}

#[test]
fn a_task_runs_with_its_container() {
    assert_eq!(look(&owner(), &[&pod(running())], None, NOW), Look::Is(Phase::Running { endpoint: None }, Some(BEGAN_MS)));
    assert_eq!(look(&owner(), &[&pod(waiting("PodInitializing"))], None, NOW), starting("Starting its pod"));
}

#[test]
fn a_server_runs_once_it_answers() {
    let owner = Owner { kind: OwnerKind::StatefulSet, ..owner() };
    let mut pod = pod(running());
    assert!(matches!(look(&owner, &[&pod], None, BEGAN_MS), Look::Is(Phase::Starting { .. }, Some(BEGAN_MS))));
    pod.status.container_statuses[0].started = Some(true);
    let endpoint = Some(Endpoint::Pod { address: "10.0.0.5:7070".into(), id: "abc".into() });
    assert_eq!(look(&owner, &[&pod], None, NOW), Look::Is(Phase::Running { endpoint }, Some(BEGAN_MS)));
}

#[test]
fn what_has_another_maker_is_looked_at_by_what_that_makes() {
    let made = |kind, name: &str| Owner { kind: OwnerKind::StatefulSet, maker: Some(Maker { kind, name: name.into() }), ..owner() };
    let mut pod = pod(running());
    pod.container = Some("node".into());
    pod.status.container_statuses[0].name = "node".into();
    let run = made(MakerKind::TrainJob, "train-x");
    assert_eq!(look(&run, &[&pod], None, NOW), Look::Is(Phase::Running { endpoint: None }, Some(BEGAN_MS)));
    // Its pod was over before it claimed anything: nobody makes another one.
    let unclaimed = Owner { pod: None, ..run };
    let exit = exit(look(&unclaimed, &[&over(pod.clone())], None, NOW));
    assert!(exit.reason.is_some());
    assert!(matches!(look(&made(MakerKind::Notebook, "lab-x"), &[&pod], None, BEGAN_MS), Look::Is(Phase::Starting { .. }, Some(BEGAN_MS))));
}

#[test]
fn only_the_pod_that_claimed_it_counts() {
    let stranger = Pod { uid: "other".into(), ..pod(running()) };
    assert_eq!(look(&owner(), &[&stranger], None, NOW), Look::Missing);
    assert!(matches!(look(&owner(), &[&stranger, &pod(running())], None, NOW), Look::Is(Phase::Running { .. }, _)));
    let unclaimed = Owner { pod: None, ..owner() };
    assert!(matches!(look(&unclaimed, &[&stranger], None, NOW), Look::Is(Phase::Starting { .. }, None)));
    assert_eq!(look(&unclaimed, &[], None, NOW), starting("Making its pod"));
    assert_eq!(look(&unclaimed, &[], None, NOW + 5000), Look::NotMade);
}

#[test]
fn the_courier_is_waited_for_while_it_lives() {
    let pod = pod(terminated(3, "Error", None));
    assert_eq!(look(&owner(), &[&pod], None, NOW), Look::Is(Phase::Stopping, Some(BEGAN_MS)));
    let exit = exit(look(&owner(), &[&over(pod)], None, NOW));
    assert_eq!((exit.code, exit.signal, exit.ended_at), (Some(3), None, 1_795_442_526_000));
}

#[test]
fn the_supervisors_last_words_count_most() {
    let words = serde_json::to_string(&Exit {
        signal: Some(15),
        reason: Some("Its time was up.".into()),
        timed_out: true,
        ended_at: 7,
        ..Exit::default()
    });
    let exit = exit(look(&owner(), &[&over(pod(terminated(143, "Error", words.ok().as_deref())))], None, NOW));
    assert_eq!((exit.code, exit.signal, exit.timed_out, exit.ended_at), (None, Some(15), true, 7));
}

#[test]
fn out_of_memory_is_no_crash() {
    let of = |code, reason| exit(look(&owner(), &[&over(pod(terminated(code, reason, None)))], None, NOW));
    let greedy = of(137, "OOMKilled");
    assert_eq!((greedy.signal, greedy.out_of_memory), (Some(9), true));
    let killed = of(137, "Error");
    assert_eq!((killed.signal, killed.out_of_memory, killed.stopped), (Some(9), false, false));
    // A child of it was ended, and it did without.
    assert!(!of(0, "OOMKilled").out_of_memory);
}

#[test]
fn a_second_start_in_the_same_pod_is_the_end_of_the_first() {
    let owner = Owner { kind: OwnerKind::StatefulSet, ..owner() };
    let mut pod = pod(running());
    pod.status.container_statuses[0].restart_count = 1;
    pod.status.container_statuses[0].last_state = terminated(137, "OOMKilled", None);
    assert!(exit(look(&owner, &[&pod], None, NOW)).out_of_memory);
}

#[test]
fn what_was_asked_to_end_is_stopping_and_then_stopped() {
    let owner = Owner { stop: Some(Stop { at: NOW, grace_ms: 1000, node: None }), ..owner() };
    assert_eq!(look(&owner, &[&pod(running())], None, NOW), Look::Is(Phase::Stopping, Some(BEGAN_MS)));
    let exit = exit(look(&owner, &[&over(pod(terminated(143, "Error", None)))], None, NOW));
    assert_eq!((exit.signal, exit.stopped), (Some(15), true));
    let deleting = Pod { deleting: Some(NOW), ..pod(running()) };
    assert_eq!(look(&super::tests::owner(), &[&deleting], None, NOW), Look::Is(Phase::Stopping, Some(BEGAN_MS)));
}

#[test]
fn an_eviction_is_told() {
    let mut pod = over(pod(terminated(137, "Error", None)));
    (pod.status.reason, pod.status.message) = (Some("Evicted".into()), Some("low on memory".into()));
    let exit = exit(look(&owner(), &[&pod], None, NOW));
    assert_eq!(exit.reason.as_deref(), Some("It was evicted from node-1: low on memory"));
    assert_eq!(exit.signal, Some(9));
}

#[test]
fn what_cannot_start_is_given_up_in_time() {
    let mut pod = pod(waiting("ImagePullBackOff"));
    assert!(matches!(look(&owner(), &[&pod], None, NOW), Look::Is(Phase::Starting { .. }, None)));
    assert!(exit(look(&owner(), &[&pod], None, NOW + DOUBTFUL + 1)).reason.is_some_and(|r| r.contains("cannot be pulled")));
    pod.status.container_statuses[0].state = waiting("InvalidImageName");
    let unclaimed = Owner { pod: None, ..owner() };
    assert!(exit(look(&unclaimed, &[&pod], None, NOW)).code.is_none());
    let failed = Condition { message: Some("Job has reached the specified backoff limit".into()), ..Condition::default() };
    let given_up = Owner { failed: Some(failed), ..unclaimed };
    assert!(exit(look(&given_up, &[], None, NOW)).reason.is_some_and(|r| r.contains("backoff limit")));
}

#[test]
fn an_end_that_is_written_down_stands() {
    let written = Exit { code: Some(4), ended_at: 1, ..Exit::default() };
    let owner = Owner { exit: Some(written.clone()), deleting: true, ..owner() };
    assert_eq!(look(&owner, &[], None, NOW), Look::Is(Phase::Ended(written), None));
}

#[test]
fn a_supervisor_that_was_asked_from_outside_does_not_know_by_whom() {
    let asked = Exit { code: Some(3), reason: Some(ASKED.into()), ..Exit::default() };
    let found = explained(Some(&pod(running())), asked.clone());
    assert_eq!(found.reason.as_deref(), Some("Its pod on node-1 was deleted from outside."));
    assert_eq!(explained(None, asked.clone()), asked);
    let suspended = Owner { wants: 0, ..owner() };
    assert_eq!(settled(&suspended, found.clone()).reason.as_deref(), Some("Its Job was suspended from outside, which ends its pod."));
    for other in [Owner { queue: Some("default".into()), ..suspended.clone() }, Owner { kind: OwnerKind::StatefulSet, ..suspended }] {
        assert_eq!(settled(&other, found.clone()), found);
    }
}

#[test]
fn a_pod_that_gets_nowhere_is_asked_about() {
    let mut pod = pod(ContainerState::default());
    pod.status.init_container_statuses.clear();
    pod.status.container_statuses.clear();
    assert_eq!(look(&owner(), &[&pod], None, NOW), starting("Starting its pod"));
    assert!(matches!(look(&owner(), &[&pod], None, NOW + SLOW + 1), Look::Slow { pod, .. } if pod == "p"));
}

#[test]
fn a_node_that_is_lost_takes_its_workloads_along_once_the_cluster_gave_them_up() {
    const SINCE: Option<&str> = Some("2026-11-23T14:03:00Z");
    let mut pod = pod(running());
    // Silent alone, it may come back.
    assert!(matches!(look(&owner(), &[&pod], SINCE, NOW), Look::Is(Phase::Running { .. }, _)));
    pod.deleting = Some(NOW + 600_000);
    assert!(matches!(look(&owner(), &[&pod], None, NOW), Look::Is(Phase::Stopping, _)));
    let why = Some("node-1 has not answered since 2026-11-23T14:03:00Z, and its pod was given up.".to_owned());
    assert_eq!(exit(look(&owner(), &[&pod], SINCE, NOW)).reason, why);
    let unclaimed = Owner { pod: None, ..owner() };
    assert_eq!(exit(look(&unclaimed, &[&pod], SINCE, NOW)).reason, why);
}
