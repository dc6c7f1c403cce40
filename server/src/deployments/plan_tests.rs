use super::*;
use RevisionState::{Queued, Retired, Serving, Smoking, Starting};

const NOW: i64 = 1_000_000;

fn replica(id: &str, state: State) -> Replica {
    Replica { id: id.into(), state, reason: None, running_at: (state == State::Running).then_some(NOW - 1000), end: None }
}

fn ended(id: &str, lost: bool) -> Replica {
    let end = End { sentence: "It ended.".into(), lost, at: NOW };
    Replica { end: Some(end), running_at: Some(NOW - 1000), ..replica(id, State::Failed) }
}

fn revision(number: i64, state: RevisionState, replicas: Vec<Replica>) -> SeenRevision {
    SeenRevision {
        number,
        state,
        reason: None,
        crashes: 0,
        retry_at: None,
        drains_since: None,
        in_flight: 0,
        smoke: SmokeTest::NotYet,
        replicas,
    }
}

fn seen(serving: Option<i64>, next: Option<i64>, revisions: Vec<SeenRevision>) -> Seen {
    Seen { desired: Desired::Running, serving, next, reason: None, revisions, now: NOW }
}

fn smoke() -> Smoke {
    Smoke { example: true, latency_seconds: 0.001, detail: "answered".into() }
}

#[test]
fn a_first_deployment_from_nothing_to_serving() {
    let p = plan(&seen(None, Some(1), vec![revision(1, Queued, vec![])]));
    assert_eq!((p.steps, p.state), (vec![Step::Start(1)], State::Queued));

    let mut waits = replica("a", State::Queued);
    waits.reason = Some("2nd in the queue".into());
    let p = plan(&seen(None, Some(1), vec![revision(1, Queued, vec![waits])]));
    assert_eq!(p.steps, vec![Step::Progress(1, Queued, Some("2nd in the queue".into()))]);
    assert_eq!((p.state, p.reason.as_deref()), (State::Queued, Some("2nd in the queue")));

    let p = plan(&seen(None, Some(1), vec![revision(1, Queued, vec![replica("a", State::Starting)])]));
    assert_eq!((p.steps, p.state), (vec![Step::Progress(1, Starting, None)], State::Starting));

    let p = plan(&seen(None, Some(1), vec![revision(1, Starting, vec![replica("a", State::Running)])]));
    assert_eq!(p.steps, vec![Step::Smoke(1), Step::Progress(1, Smoking, None)]);
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
        let old = SeenRevision { state: Retired, drains_since: Some(NOW - waited), in_flight, ..old.clone() };
        let p = plan(&seen(Some(2), None, vec![old, new.clone()]));
        assert_eq!(p.steps == vec![Step::Stop("a".into(), GRACE_SECONDS)], stops, "{waited} {in_flight}");
        assert_eq!(p.again_at.is_some(), !stops);
        assert_eq!(p.state, State::Running);
    }
    let gone = SeenRevision { state: Retired, replicas: vec![ended("a", false)], ..old };
    assert_eq!(plan(&seen(Some(2), None, vec![gone, new])).steps, vec![Step::Settle("a".into())]);
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
    assert_eq!(p.steps, vec![Step::Fail(2, "It ended.".into(), None), Step::Settle("b".into())]);
}

#[test]
fn a_model_that_does_not_load() {
    let p = plan(&seen(None, Some(1), vec![revision(1, Starting, vec![ended("a", false)])]));
    assert_eq!(p.steps, vec![Step::Fail(1, "It ended.".into(), None), Step::Settle("a".into())]);
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
    assert!(matches!(&p.steps[..], [Step::Crashed { crashes: 1, .. }, Step::Settle(_)]), "{p:?}");
    assert_eq!(p.next, Some(1));
    lost.crashes = LOST_AT_MOST;
    assert!(matches!(plan(&seen(None, Some(1), vec![lost])).steps[0], Step::Fail(..)));
}

#[test]
fn a_crash_is_answered_with_growing_patience() {
    for (crashes, ran, waits) in [(0, 1000, 1), (1, 1000, 2), (3, 1000, 15), (90, 1000, 300), (5, STEADY, 1)] {
        let mut r = revision(1, Serving, vec![ended("a", false)]);
        r.crashes = crashes;
        r.replicas[0].running_at = Some(NOW - ran);
        let p = plan(&seen(Some(1), None, vec![r]));
        let Step::Crashed { retry_at, .. } = &p.steps[0] else { panic!("{p:?}") };
        assert_eq!(*retry_at, NOW + waits * 1000);
        assert_eq!(p.steps[1], Step::Settle("a".into()));
        assert_eq!(p.state, State::Starting);
        assert!(p.reason.as_deref().is_some_and(|r| r.starts_with("It ended. It is started again")), "{p:?}");
    }
    let mut waits = revision(1, Serving, vec![]);
    (waits.retry_at, waits.reason) = (Some(NOW + 5), Some("why".into()));
    let p = plan(&seen(Some(1), None, vec![waits.clone()]));
    assert_eq!((p.steps, p.again_at, p.reason.as_deref()), (vec![], Some(NOW + 5), Some("why")));
    waits.retry_at = Some(NOW);
    assert_eq!(plan(&seen(Some(1), None, vec![waits.clone()])).steps, vec![Step::Start(1)]);
    waits.replicas = vec![replica("b", State::Running)];
    let p = plan(&seen(Some(1), None, vec![waits]));
    assert_eq!((p.steps, p.state, p.reason), (vec![Step::Progress(1, Serving, None)], State::Running, None));
}

#[test]
fn another_deploy_before_the_first_has_taken_over() {
    let replaced = revision(1, Retired, vec![replica("a", State::Starting)]);
    let p = plan(&seen(None, Some(2), vec![replaced, revision(2, Queued, vec![])]));
    assert_eq!(p.steps, vec![Step::Start(2), Step::Stop("a".into(), 5)]);
}

#[test]
fn stopping_and_removing() {
    let live = revision(1, Serving, vec![replica("a", State::Running)]);
    let mut s = seen(Some(1), None, vec![live]);
    s.desired = Desired::Stopped;
    let p = plan(&s);
    assert_eq!(p.steps, vec![Step::Retire(1), Step::Stop("a".into(), GRACE_SECONDS)]);
    assert_eq!((p.state, p.serving), (State::Stopping, Some(1)));

    s.revisions = vec![revision(1, Retired, vec![replica("a", State::Stopping)])];
    assert_eq!((plan(&s).steps, plan(&s).state), (vec![], State::Stopping));

    s.revisions = vec![revision(1, Retired, vec![ended("a", false)])];
    assert_eq!((plan(&s).steps, plan(&s).state), (vec![Step::Settle("a".into())], State::Stopped));

    s.desired = Desired::Deleted;
    assert_eq!(plan(&s).steps, vec![Step::Settle("a".into()), Step::Remove]);
    s.revisions = vec![];
    assert_eq!(plan(&s).steps, vec![Step::Remove]);
}

#[test]
fn what_was_stopped_takes_the_traffic_again_once_it_is_ready() {
    let p = plan(&seen(Some(1), None, vec![revision(1, Retired, vec![])]));
    assert_eq!((p.steps, p.state), (vec![Step::Start(1)], State::Starting));
    let p = plan(&seen(Some(1), None, vec![revision(1, Retired, vec![replica("a", State::Starting)])]));
    assert_eq!(p.steps, vec![]);
    let p = plan(&seen(Some(1), None, vec![revision(1, Retired, vec![replica("a", State::Running)])]));
    assert_eq!((p.steps, p.state), (vec![Step::Resume(1)], State::Running));
}
