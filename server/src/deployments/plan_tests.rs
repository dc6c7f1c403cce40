use super::*;
use RevisionState::{Queued, Retired, Serving, Smoking, Starting};

const NOW: i64 = 1_000_000;

fn workload(id: &str, state: State) -> Workload {
    let running_at = (state == State::Running).then_some(NOW - 1000);
    Workload { id: id.into(), state, reason: None, running_at, in_flight: 0, end: None }
}

/// A replica by the name of its workload: `a` is the first, `b` the second.
fn replica(id: &str, state: State) -> Replica {
    let number = i64::from(id.as_bytes()[0] - b'a') + 1;
    Replica { number, crashes: 0, reason: None, retry_at: None, drains_since: None, workload: Some(workload(id, state)) }
}

fn ended(id: &str, lost: bool) -> Replica {
    let end = End { sentence: "It ended.".into(), lost, asked: false, at: NOW };
    let workload = Workload { end: Some(end), running_at: Some(NOW - 1000), ..workload(id, State::Failed) };
    Replica { workload: Some(workload), ..replica(id, State::Failed) }
}

fn revision(number: i64, state: RevisionState, replicas: Vec<Replica>) -> SeenRevision {
    SeenRevision { number, state, reason: None, drains_since: None, smoke: SmokeTest::NotYet, replicas, loose: vec![] }
}

fn seen(serving: Option<i64>, next: Option<i64>, revisions: Vec<SeenRevision>) -> Seen {
    Seen { desired: Desired::Running, serving, canary: None, next, next_share: None, wanted: 1, reason: None, revisions, now: NOW }
}

fn smoke() -> Smoke {
    Smoke { example: true, latency_seconds: 0.001, detail: "answered".into() }
}

#[test]
fn a_first_deployment_from_nothing_to_serving() {
    let p = plan(&seen(None, Some(1), vec![revision(1, Queued, vec![])]));
    assert_eq!((p.steps, p.state), (vec![Step::Start(1, 1)], State::Queued));

    let mut waits = replica("a", State::Queued);
    waits.workload.as_mut().unwrap().reason = Some("2nd in the queue".into());
    let p = plan(&seen(None, Some(1), vec![revision(1, Queued, vec![waits])]));
    assert_eq!(p.steps, vec![Step::Progress(1, Queued, Some("2nd in the queue".into()))]);
    assert_eq!((p.state, p.reason.as_deref()), (State::Queued, Some("2nd in the queue")));

    let p = plan(&seen(None, Some(1), vec![revision(1, Queued, vec![replica("a", State::Starting)])]));
    assert_eq!((p.steps, p.state), (vec![Step::Progress(1, Starting, None)], State::Starting));

    let p = plan(&seen(None, Some(1), vec![revision(1, Starting, vec![replica("a", State::Running)])]));
    assert_eq!(p.steps, vec![Step::Smoke(1, "a".into()), Step::Progress(1, Smoking, None)]);
    assert_eq!((p.state, p.serving), (State::Starting, None));

    let mut tried = revision(1, Smoking, vec![replica("a", State::Running)]);
    tried.smoke = SmokeTest::Runs;
    assert_eq!(plan(&seen(None, Some(1), vec![tried.clone()])).steps, vec![]);
    tried.smoke = SmokeTest::Passed(smoke());
    let p = plan(&seen(None, Some(1), vec![tried]));
    assert_eq!(p.steps, vec![Step::Shift(1, smoke())]);
    assert_eq!((p.state, p.serving, p.next), (State::Running, Some(1), None));

    let p = plan(&seen(Some(1), None, vec![revision(1, Serving, vec![replica("a", State::Running)])]));
    assert_eq!((p.steps, p.state, p.again_at), (vec![], State::Running, None));
}

#[test]
fn another_version_takes_over_and_the_old_one_drains() {
    let mut new = revision(2, Smoking, vec![replica("b", State::Running)]);
    new.smoke = SmokeTest::Passed(smoke());
    let old = revision(1, Serving, vec![replica("a", State::Running)]);
    let p = plan(&seen(Some(1), Some(2), vec![old.clone(), new]));
    assert_eq!(p.steps, vec![Step::Retire(1), Step::Shift(2, smoke())], "the old replica still answers");
    assert_eq!((p.serving, p.next, p.state), (Some(2), None, State::Running));
    assert_eq!(p.again_at, Some(NOW + DRAIN_AT_LEAST));

    let new = revision(2, Serving, vec![replica("b", State::Running)]);
    for (waited, in_flight, stops) in
        [(0, 0, false), (DRAIN_AT_LEAST, 1, false), (DRAIN_AT_LEAST, 0, true), (DRAIN_AT_MOST, 7, true), (10_000, 1, false)]
    {
        let mut old = SeenRevision { state: Retired, drains_since: Some(NOW - waited), ..old.clone() };
        old.replicas[0].workload.as_mut().unwrap().in_flight = in_flight;
        let p = plan(&seen(Some(2), None, vec![old, new.clone()]));
        assert_eq!(p.steps == vec![Step::Stop("a".into(), GRACE_SECONDS)], stops, "{waited} {in_flight}");
        assert_eq!(p.again_at.is_some(), !stops);
        assert_eq!(p.state, State::Running);
    }
    let gone = SeenRevision { state: Retired, replicas: vec![ended("a", false)], ..old };
    assert_eq!(plan(&seen(Some(2), None, vec![gone, new])).steps, vec![Step::Settle("a".into()), Step::Drop(1, 1)]);
}

#[test]
fn what_fails_before_the_shift_leaves_the_serving_one_alone() {
    let old = revision(1, Serving, vec![replica("a", State::Running)]);
    let mut new = revision(2, Smoking, vec![replica("b", State::Running)]);
    new.smoke = SmokeTest::Failed("wrong shape".into(), None);
    let p = plan(&seen(Some(1), Some(2), vec![old.clone(), new]));
    assert_eq!(p.steps, vec![Step::Fail(2, "wrong shape".into(), None), Step::Stop("b".into(), 5)]);
    assert_eq!((p.serving, p.next, p.state), (Some(1), None, State::Running));
    assert_eq!(p.reason.as_deref(), Some("Revision 2 did not take over: wrong shape"));

    // said until the next try
    let mut later = seen(Some(1), None, vec![old.clone()]);
    later.reason.clone_from(&p.reason);
    assert_eq!(plan(&later).reason, p.reason);

    let new = revision(2, Starting, vec![ended("b", false)]);
    let p = plan(&seen(Some(1), Some(2), vec![old, new]));
    assert_eq!(p.steps, vec![Step::Fail(2, "It ended.".into(), None), Step::Settle("b".into()), Step::Drop(2, 2)]);
}

#[test]
fn a_model_that_does_not_load() {
    let p = plan(&seen(None, Some(1), vec![revision(1, Starting, vec![ended("a", false)])]));
    assert_eq!(p.steps, vec![Step::Fail(1, "It ended.".into(), None), Step::Settle("a".into()), Step::Drop(1, 1)]);
    assert_eq!((p.state, p.reason.as_deref(), p.next), (State::Failed, Some("It ended."), None));
    let mut rests = seen(None, None, vec![revision(1, RevisionState::Failed, vec![])]);
    rests.reason = Some("It ended.".into());
    let p = plan(&rests);
    assert_eq!((p.steps, p.state, p.reason.as_deref()), (vec![], State::Failed, Some("It ended.")));
}

#[test]
fn what_is_lost_on_its_way_is_tried_again_but_not_for_ever() {
    let mut lost = revision(1, Starting, vec![ended("a", true)]);
    let p = plan(&seen(None, Some(1), vec![lost.clone()]));
    assert!(matches!(&p.steps[..], [Step::Crashed { crashes: 1, .. }, Step::Progress(..), Step::Settle(_)]), "{p:?}");
    assert_eq!(p.next, Some(1));
    lost.replicas[0].crashes = LOST_AT_MOST;
    assert!(matches!(plan(&seen(None, Some(1), vec![lost])).steps[0], Step::Fail(..)));
}

#[test]
fn a_crash_is_answered_with_growing_patience() {
    for (crashes, ran, waits) in [(0, 1000, 1), (1, 1000, 2), (3, 1000, 15), (90, 1000, 300), (5, STEADY, 1)] {
        let mut r = revision(1, Serving, vec![ended("a", false)]);
        r.replicas[0].crashes = crashes;
        r.replicas[0].workload.as_mut().unwrap().running_at = Some(NOW - ran);
        let p = plan(&seen(Some(1), None, vec![r]));
        let Step::Crashed { retry_at, .. } = &p.steps[0] else { panic!("{p:?}") };
        assert_eq!(*retry_at, NOW + waits * 1000);
        assert!(matches!(&p.steps[1..], [Step::Progress(1, Serving, Some(_)), Step::Settle(id)] if id == "a"), "{p:?}");
        assert_eq!(p.state, State::Starting);
        assert!(p.reason.as_deref().is_some_and(|r| r.starts_with("It ended. It is started again")), "{p:?}");
    }
    let mut waits = revision(1, Serving, vec![replica("a", State::Starting)]);
    waits.reason = Some("why".into());
    waits.replicas[0] = Replica { workload: None, retry_at: Some(NOW + 5), reason: Some("why".into()), ..waits.replicas[0].clone() };
    let p = plan(&seen(Some(1), None, vec![waits.clone()]));
    assert_eq!((p.steps, p.again_at, p.reason.as_deref()), (vec![], Some(NOW + 5), Some("why")));
    waits.replicas[0].retry_at = Some(NOW);
    assert_eq!(plan(&seen(Some(1), None, vec![waits.clone()])).steps, vec![Step::Start(1, 1)]);
    waits.replicas[0] = Replica { reason: Some("why".into()), ..replica("a", State::Running) };
    let p = plan(&seen(Some(1), None, vec![waits]));
    assert_eq!((p.steps, p.state, p.reason), (vec![Step::Progress(1, Serving, None)], State::Running, None));
}

/// Two replicas of three that run, of a revision that serves.
fn two_of_three() -> Seen {
    let replicas = vec![replica("a", State::Running), replica("b", State::Running), replica("c", State::Starting)];
    Seen { wanted: 3, ..seen(Some(1), None, vec![revision(1, Serving, replicas)]) }
}

#[test]
fn a_revision_takes_over_once_all_its_replicas_are_ready() {
    let begins = Seen { wanted: 3, ..seen(None, Some(1), vec![revision(1, Queued, vec![])]) };
    assert_eq!(plan(&begins).steps[..3], [Step::Start(1, 1), Step::Start(1, 2), Step::Start(1, 3)]);
    assert_eq!(plan(&begins).reason.as_deref(), Some("0 of 3 replicas are ready."));

    let mut s = two_of_three();
    let mut new = revision(2, Smoking, vec![replica("a", State::Running), replica("b", State::Queued), replica("c", State::Starting)]);
    new.smoke = SmokeTest::Passed(smoke());
    new.replicas[1].workload.as_mut().unwrap().reason = Some("Waits for room.".into());
    s.next = Some(2);
    s.revisions.push(new);
    let p = plan(&s);
    let why = Some("1 of 3 replicas is ready. Waits for room.".to_owned());
    assert!(p.steps.contains(&Step::Progress(2, Starting, why)), "{p:?}");
    assert_eq!((p.serving, p.next, p.state), (Some(1), Some(2), State::Running));
    for number in [1, 2] {
        s.revisions[1].replicas[number].workload.as_mut().unwrap().state = State::Running;
    }
    assert_eq!(plan(&s).steps[..2], [Step::Retire(1), Step::Shift(2, smoke())], "{:?}", plan(&s));

    // Where nothing answers, one is better than none.
    s.revisions.remove(0);
    (s.serving, s.revisions[0].replicas) = (None, vec![replica("b", State::Running), replica("a", State::Queued)]);
    let p = plan(&s);
    assert!(p.steps.contains(&Step::Shift(2, smoke())) && p.steps.contains(&Step::Start(2, 3)), "{p:?}");
}

#[test]
fn one_that_crashes_is_started_again_and_the_others_serve() {
    let mut s = two_of_three();
    s.revisions[0].replicas[1] = ended("b", false);
    let p = plan(&s);
    assert!(matches!(&p.steps[0], Step::Crashed { number: 1, replica: 2, crashes: 1, .. }), "{p:?}");
    assert!(p.steps.contains(&Step::Settle("b".into())) && !p.steps.iter().any(|s| matches!(s, Step::Start(..) | Step::Drop(..))));
    let reason = "1 of 3 replicas is ready. It ended. It is started again 1 s later.";
    assert_eq!((p.state, p.reason.as_deref()), (State::Running, Some(reason)));
}

#[test]
fn so_many_may_be_lost_on_the_way_all_together() {
    let mut new = revision(1, Starting, vec![ended("a", true), ended("b", true), replica("c", State::Running)]);
    new.smoke = SmokeTest::Runs;
    let mut s = Seen { wanted: 3, ..seen(None, Some(1), vec![new]) };
    let crashes = |p: &Plan| p.steps.iter().filter(|s| matches!(s, Step::Crashed { .. })).count();
    assert_eq!((crashes(&plan(&s)), plan(&s).next), (2, Some(1)));
    s.revisions[0].replicas[2].crashes = 2;
    let p = plan(&s);
    assert!(p.steps.contains(&Step::Fail(1, "It ended. 3 replicas were lost before.".into(), None)), "{p:?}");
    assert!([1, 2].iter().all(|n| p.steps.contains(&Step::Drop(1, *n))) && p.steps.contains(&Step::Stop("c".into(), 5)), "{p:?}");
}

#[test]
fn more_are_started_beside_and_of_fewer_those_that_do_least_go_first() {
    let mut s = two_of_three();
    s.wanted = 5;
    assert_eq!(plan(&s).steps[..2], [Step::Start(1, 4), Step::Start(1, 5)]);
    s.wanted = 2;
    assert_eq!(plan(&s).steps, vec![Step::Drain(1, 3), Step::Stop("c".into(), 5)], "it does not answer yet");
    s.wanted = 1;
    let p = plan(&s);
    assert!(p.steps.contains(&Step::Drain(1, 2)) && !p.steps.contains(&Step::Stop("b".into(), 30)), "it may still answer: {p:?}");
    assert_eq!((p.again_at, p.reason), (Some(NOW + DRAIN_AT_LEAST), None));

    // It drains, and is taken back where it is wanted again.
    s.revisions[0].replicas =
        vec![replica("a", State::Running), Replica { drains_since: Some(NOW - 1000), ..replica("b", State::Running) }];
    assert_eq!(plan(&s).steps, vec![]);
    s.wanted = 2;
    assert_eq!(plan(&s).steps, vec![Step::Keep(1, 2)]);
    s.wanted = 1;
    s.revisions[0].replicas[1].drains_since = Some(NOW - DRAIN_AT_LEAST);
    assert_eq!(plan(&s).steps, vec![Step::Stop("b".into(), GRACE_SECONDS)]);
    s.revisions[0].replicas[1].workload.as_mut().unwrap().in_flight = 1;
    assert_eq!(plan(&s).steps, vec![]);
    // What was asked to end is no crash, and its number is free once it has.
    let asked = Some(End { sentence: "Stopped.".into(), lost: false, asked: true, at: NOW });
    s.revisions[0].replicas[1].workload.as_mut().unwrap().end = asked;
    s.wanted = 2;
    assert_eq!(plan(&s).steps[0], Step::Start(1, 3));
    assert!(plan(&s).steps.ends_with(&[Step::Settle("b".into()), Step::Drop(1, 2)]));
}

#[test]
fn what_carries_out_no_replica_is_ended() {
    let mut s = seen(Some(1), None, vec![revision(1, Serving, vec![replica("a", State::Running)])]);
    s.revisions[0].loose = vec![workload("x", State::Running), workload("y", State::Stopping), ended("z", false).workload.unwrap()];
    assert_eq!(plan(&s).steps, vec![Step::Stop("x".into(), 5), Step::Settle("z".into())]);
}

#[test]
fn another_deploy_before_the_first_has_taken_over() {
    let replaced = revision(1, Retired, vec![replica("a", State::Starting)]);
    let p = plan(&seen(None, Some(2), vec![replaced, revision(2, Queued, vec![])]));
    assert_eq!(p.steps, vec![Step::Start(2, 1), Step::Stop("a".into(), 5)]);
}

#[test]
fn stopping_and_removing() {
    let live = revision(1, Serving, vec![replica("a", State::Running)]);
    let mut s = seen(Some(1), None, vec![live]);
    s.desired = Desired::Stopped;
    let p = plan(&s);
    assert_eq!(p.steps, vec![Step::Retire(1), Step::Stop("a".into(), GRACE_SECONDS)]);
    assert_eq!((p.state, p.serving), (State::Stopping, Some(1)));

    // What it has begun is finished first, within its time; what is removed is not waited for.
    let mut busy = revision(1, Retired, vec![replica("a", State::Running)]);
    busy.replicas[0].workload.as_mut().unwrap().in_flight = 1;
    busy.drains_since = Some(NOW - 1_000);
    s.revisions = vec![busy];
    let p = plan(&s);
    assert_eq!((p.steps, p.state, p.again_at), (vec![], State::Stopping, Some(NOW + 250)));
    for (desired, now, grace) in [(Desired::Stopped, NOW + GRACE_SECONDS * 1000, GRACE_SECONDS), (Desired::Deleted, NOW, 5)] {
        assert_eq!(plan(&Seen { desired, now, ..s.clone() }).steps, vec![Step::Stop("a".into(), grace)]);
    }

    s.revisions = vec![revision(1, Retired, vec![replica("a", State::Stopping)])];
    assert_eq!((plan(&s).steps, plan(&s).state), (vec![], State::Stopping));

    s.revisions = vec![revision(1, Retired, vec![ended("a", false)])];
    assert_eq!((plan(&s).steps, plan(&s).state), (vec![Step::Settle("a".into()), Step::Drop(1, 1)], State::Stopped));

    s.desired = Desired::Deleted;
    assert_eq!(plan(&s).steps, vec![Step::Settle("a".into()), Step::Drop(1, 1), Step::Remove]);
    s.revisions = vec![];
    assert_eq!(plan(&s).steps, vec![Step::Remove]);
}

#[test]
fn what_was_stopped_takes_the_traffic_again_once_it_is_ready() {
    let p = plan(&seen(Some(1), None, vec![revision(1, Retired, vec![])]));
    assert_eq!((p.steps, p.state), (vec![Step::Start(1, 1)], State::Starting));
    let p = plan(&seen(Some(1), None, vec![revision(1, Retired, vec![replica("a", State::Starting)])]));
    assert_eq!(p.steps, vec![]);
    let p = plan(&seen(Some(1), None, vec![revision(1, Retired, vec![replica("a", State::Running)])]));
    assert_eq!((p.steps, p.state), (vec![Step::Resume(1)], State::Running));
}

#[test]
fn a_canary_joins_the_one_that_serves_and_both_are_kept_up() {
    let mut new = revision(2, Smoking, vec![replica("b", State::Running)]);
    new.smoke = SmokeTest::Passed(smoke());
    let old = revision(1, Serving, vec![replica("a", State::Running)]);
    let mut s = seen(Some(1), Some(2), vec![old.clone(), new.clone()]);
    s.next_share = Some(10);
    let p = plan(&s);
    assert_eq!(p.steps, vec![Step::Join(2, 10, smoke())], "nothing is retired");
    let canary = Some(Canary { number: 2, percent: 10 });
    assert_eq!((p.serving, p.canary, p.next, p.state), (Some(1), canary, None, State::Running));

    let mut s = seen(Some(1), None, vec![old.clone(), revision(2, Serving, vec![ended("b", false)])]);
    s.canary = canary;
    let p = plan(&s);
    assert!(matches!(&p.steps[0], Step::Crashed { number: 2, replica: 2, .. }), "{p:?}");
    assert_eq!((p.state, p.canary), (State::Running, canary));

    // Another canary takes its place; one that is to have all of it retires both.
    let mut newer = SeenRevision { number: 3, ..new.clone() };
    newer.replicas = vec![replica("c", State::Running)];
    s.revisions = vec![old.clone(), revision(2, Serving, vec![replica("b", State::Running)]), newer];
    (s.next, s.next_share) = (Some(3), Some(50));
    let p = plan(&s);
    assert_eq!(p.steps[..2], [Step::Retire(2), Step::Join(3, 50, smoke())]);
    assert!(!p.steps.contains(&Step::Stop("b".into(), 5)), "it has served until now: {p:?}");
    s.next_share = None;
    let p = plan(&s);
    assert_eq!(p.steps[..3], [Step::Retire(1), Step::Retire(2), Step::Shift(3, smoke())]);
    assert_eq!((p.serving, p.canary, p.next), (Some(3), None, None));

    // One that does not pass leaves both as they are.
    s.revisions[2].smoke = SmokeTest::Failed("wrong shape".into(), None);
    let p = plan(&s);
    assert_eq!((p.serving, p.canary, p.next), (Some(1), canary, None));
    // Where nothing serves a share is all of it, and what is stopped has no canary.
    let mut alone = seen(None, Some(2), vec![new]);
    alone.next_share = Some(10);
    assert_eq!(plan(&alone).steps, vec![Step::Shift(2, smoke())]);
    s.desired = Desired::Stopped;
    assert_eq!((plan(&s).canary, plan(&s).next), (None, None));
}
