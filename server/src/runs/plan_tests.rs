use super::plan::{Attempt, Seen, Step, plan};
use app::api::State;

const NOW: i64 = 1_000_000;

fn seen(state: State, workload: Option<Attempt>) -> Seen {
    Seen {
        state,
        reason: None,
        attempt: 1,
        max_attempts: 1,
        retry_at: None,
        timeout_seconds: None,
        cancelled_by: None,
        fetches: false,
        workload,
    }
}

fn workload(state: State, reason: Option<&str>) -> Option<Attempt> {
    Some(Attempt { state: Some(state), reason: reason.map(Into::into), ..Attempt::default() })
}

fn exited(code: i64) -> Option<Attempt> {
    Some(Attempt {
        state: Some(if code == 0 { State::Succeeded } else { State::Failed }),
        reason: (code != 0).then(|| format!("Exited with code {code}.")),
        exit_code: Some(code),
        ..Attempt::default()
    })
}

fn over(state: State, reason: Option<&str>, exit_code: Option<i64>) -> Step {
    Step::Over { state, reason: reason.map(Into::into), exit_code }
}

#[test]
fn the_row_follows_the_workload() {
    let table = [
        (State::Queued, workload(State::Queued, None), Step::Nothing),
        (
            State::Queued,
            workload(State::Queued, Some("1st in the queue.")),
            Step::Follow { state: State::Queued, reason: Some("1st in the queue.".into()), running_at: None },
        ),
        (
            State::Queued,
            workload(State::Starting, Some("unpacking")),
            Step::Follow { state: State::Starting, reason: Some("unpacking".into()), running_at: None },
        ),
        (State::Starting, workload(State::Running, None), Step::Follow { state: State::Running, reason: None, running_at: None }),
        (State::Running, workload(State::Running, None), Step::Nothing),
        (State::Running, exited(0), over(State::Succeeded, None, Some(0))),
        (State::Running, exited(3), over(State::Failed, Some("Exited with code 3."), Some(3))),
        // between two looks it did everything
        (State::Queued, exited(0), over(State::Succeeded, None, Some(0))),
    ];
    for (state, attempt, expected) in table {
        assert_eq!(plan(&seen(state, attempt.clone()), NOW), expected, "{state} {attempt:?}");
    }
}

#[test]
fn a_failed_attempt_is_followed_by_another_while_there_are_any() {
    let first = Seen { max_attempts: 3, ..seen(State::Running, exited(1)) };
    assert_eq!(
        plan(&first, NOW),
        Step::Again {
            at: NOW + 5_000,
            reason: "Exited with code 1, attempt 1 of 3. The next attempt begins after 5 s.".into(),
            exit_code: Some(1)
        }
    );
    let second = Seen { attempt: 2, ..first.clone() };
    assert!(matches!(plan(&second, NOW), Step::Again { at, .. } if at == NOW + 10_000));
    let third = Seen { attempt: 3, ..first.clone() };
    assert_eq!(plan(&third, NOW), over(State::Failed, Some("Exited with code 1, attempt 3 of 3."), Some(1)));

    let waiting = Seen { workload: None, retry_at: Some(NOW + 1), ..first.clone() };
    assert_eq!(plan(&waiting, NOW), Step::Nothing);
    assert_eq!(plan(&waiting, NOW + 1), Step::Begin { attempt: 2 });
}

#[test]
fn success_needs_no_other_attempt() {
    assert_eq!(plan(&Seen { max_attempts: 3, ..seen(State::Running, exited(0)) }, NOW), over(State::Succeeded, None, Some(0)));
}

#[test]
fn what_cannot_start_is_not_tried_again() {
    let never = workload(State::Failed, Some("The command \"pyhton\" was not found, neither in the environment nor in PATH."));
    let Step::Over { state: State::Failed, reason: Some(reason), .. } =
        plan(&Seen { max_attempts: 3, ..seen(State::Starting, never) }, NOW)
    else {
        panic!("it ends");
    };
    assert!(reason.starts_with("The command \"pyhton\" was not found"), "{reason}");
}

#[test]
fn ends_are_told_in_sentences() {
    let memory = Attempt {
        state: Some(State::Failed),
        reason: Some("Out of memory at 1 GiB.".into()),
        signal: Some(9),
        out_of_memory: true,
        running_at: Some(1),
        ..Attempt::default()
    };
    let second = Seen { attempt: 2, max_attempts: 2, ..seen(State::Running, Some(memory)) };
    assert_eq!(plan(&second, NOW), over(State::Failed, Some("Out of memory at 1 GiB, attempt 2 of 2."), None));

    let late = Attempt {
        state: Some(State::Failed),
        reason: Some("Its time was up.".into()),
        timed_out: true,
        signal: Some(15),
        ..Attempt::default()
    };
    let late = Seen { timeout_seconds: Some(60), ..seen(State::Running, Some(late)) };
    assert_eq!(plan(&late, NOW), over(State::Failed, Some("Its time was up: an attempt may take 60 s."), None));

    let no_code = Seen { fetches: true, ..seen(State::Running, exited(113)) };
    assert_eq!(plan(&no_code, NOW), over(State::Failed, Some("Its code could not be fetched; the log says why."), Some(113)));
}

#[test]
fn a_cancelled_run_ends_cancelled_and_is_not_tried_again() {
    let by_ada = |workload| Seen { cancelled_by: Some("ada".into()), max_attempts: 3, ..seen(State::Running, workload) };
    let expected = |code| over(State::Cancelled, Some("Cancelled by ada."), code);
    assert_eq!(plan(&by_ada(None), NOW), expected(None));
    assert_eq!(plan(&by_ada(workload(State::Cancelled, Some("asked"))), NOW), expected(None));
    assert_eq!(plan(&by_ada(exited(143)), NOW), expected(Some(143)));
    assert_eq!(
        plan(&by_ada(workload(State::Stopping, None)), NOW),
        Step::Follow { state: State::Stopping, reason: Some("Cancelled by ada.".into()), running_at: None }
    );
    // it was done before it was asked
    assert_eq!(plan(&by_ada(exited(0)), NOW), over(State::Succeeded, None, Some(0)));
    // by a policy: its reason stays
    let policy = seen(State::Running, workload(State::Cancelled, Some("Reclaimed: idle for 2 hours.")));
    assert_eq!(plan(&policy, NOW), over(State::Cancelled, Some("Reclaimed: idle for 2 hours."), None));
}
