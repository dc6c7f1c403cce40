//! What becomes of a notebook: a person's wish beside its newest workload. Pure.
//!
//! A server that ran and ended by itself is started again, a few times with growing pauses; one that never came up is not: it would not the
//! next time either.

use crate::records::notebook::Desired;
use app::api::State;

/// Pauses before it starts again by itself, milliseconds. After the last one it stays off.
pub const PAUSES_MS: [i64; 3] = [5_000, 20_000, 60_000];
/// Who runs this long has recovered: its restarts no longer count.
pub const STABLE_MS: i64 = 600_000;

/// A notebook as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notebook {
    /// What a person wants.
    pub desired: Desired,
    /// State.
    pub state: State,
    /// Why it waits, does not start, or failed.
    pub reason: Option<String>,
    /// Restarts by itself so far.
    pub restarts: i64,
    /// When it starts again by itself, milliseconds since 1970.
    pub restart_at: Option<i64>,
    /// Whether its owner may still have it run.
    pub owner_may: bool,
}

/// Its newest workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// State.
    pub state: State,
    /// Why it waits, or how it ended.
    pub reason: Option<String>,
    /// Since when it was ready, if ever.
    pub running_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// Exit code 0.
    pub exited_well: bool,
    /// Whether it was asked to end.
    pub asked: bool,
    /// Whether its end was taken note of.
    pub settled: bool,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Stay,
    /// Write down what it is now.
    Show(Show),
    /// Ask the workload to end, for this reason.
    Stop(String),
    /// The workload has ended and its end is taken note of: write this down.
    Ended(Show),
    /// Start it again.
    Restart,
    /// Drop it, with its files or without.
    Remove {
        /// Delete the files as well.
        files: bool,
    },
}

/// What its row shall say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Show {
    /// What a person wants, from now on.
    pub desired: Desired,
    /// State.
    pub state: State,
    /// Why.
    pub reason: Option<String>,
    /// Whether the last lines of the log belong to the reason.
    pub with_log: bool,
    /// Restarts by itself so far.
    pub restarts: i64,
    /// When it starts again by itself.
    pub restart_at: Option<i64>,
}

/// What to do about a notebook. `work` is none where its workload was never written down, which cannot be.
pub fn plan(now: i64, n: &Notebook, work: Option<&Work>) -> Step {
    match work {
        Some(w) if !w.state.is_final() => live(now, n, w),
        other => ended(now, n, other),
    }
}

fn show(n: &Notebook, state: State, reason: Option<String>) -> Show {
    Show { desired: n.desired, state, reason, with_log: false, restarts: n.restarts, restart_at: None }
}

fn live(now: i64, n: &Notebook, w: &Work) -> Step {
    if n.desired == Desired::Running && !n.owner_may {
        return Step::Stop(LEFT.into());
    }
    if n.desired != Desired::Running && !w.asked {
        return Step::Stop("Stopped.".into());
    }
    let shown = if w.asked {
        let deleted = n.desired.is_deleted().then(|| "It is being deleted.".to_owned());
        show(n, State::Stopping, deleted.or_else(|| n.reason.clone()))
    } else {
        let stable = w.state == State::Running && w.running_at.is_some_and(|t| now - t >= STABLE_MS);
        Show { restarts: if stable { 0 } else { n.restarts }, ..show(n, w.state, w.reason.clone()) }
    };
    let same = (n.state, &n.reason, n.restarts, n.restart_at) == (shown.state, &shown.reason, shown.restarts, shown.restart_at);
    if same { Step::Stay } else { Step::Show(shown) }
}

const LEFT: &str = "Its owner is no longer an editor of the team.";

fn ended(now: i64, n: &Notebook, work: Option<&Work>) -> Step {
    let settled = work.is_none_or(|w| w.settled);
    match n.desired {
        Desired::Deleted => return Step::Remove { files: false },
        Desired::DeletedWithFiles => return Step::Remove { files: true },
        Desired::Stopped if settled && n.state.is_final() => return Step::Stay,
        Desired::Stopped => {
            let kept = n.reason.clone().filter(|r| r == LEFT);
            return Step::Ended(show(n, State::Stopped, kept));
        }
        Desired::Running => {}
    }
    let off = |state, reason: Option<String>| Show { desired: Desired::Stopped, ..show(n, state, reason) };
    let Some(w) = work else { return Step::Ended(off(State::Failed, Some("Its last start was lost.".into()))) };
    if !n.owner_may {
        return Step::Ended(off(State::Stopped, Some(LEFT.into())));
    }
    if let Some(at) = n.restart_at.filter(|_| settled) {
        return if now >= at { Step::Restart } else { Step::Stay };
    }
    let why = w.reason.clone().unwrap_or_else(|| "It ended.".into());
    if w.exited_well && w.running_at.is_some() {
        return Step::Ended(off(State::Stopped, Some("It was shut down from inside.".into())));
    }
    if w.state == State::Cancelled {
        return Step::Ended(off(State::Stopped, w.reason.clone()));
    }
    let Some(since) = w.running_at else {
        let failed = off(State::Failed, Some(format!("It did not start. {why}")));
        return Step::Ended(Show { with_log: true, ..failed });
    };
    let end = w.ended_at.unwrap_or(now);
    let restarts = if end - since >= STABLE_MS { 0 } else { n.restarts };
    match usize::try_from(restarts).ok().and_then(|i| PAUSES_MS.get(i)) {
        Some(pause) => Step::Ended(Show {
            with_log: true,
            restarts: restarts + 1,
            restart_at: Some(end + pause),
            ..show(n, State::Queued, Some(format!("It ended and starts again in {} seconds. {why}", pause / 1000)))
        }),
        None => Step::Ended(Show { with_log: true, restarts, ..off(State::Failed, Some(format!("It ended again and again. {why}"))) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 10_000_000;

    fn notebook(desired: Desired, state: State) -> Notebook {
        Notebook { desired, state, reason: None, restarts: 0, restart_at: None, owner_may: true }
    }

    fn work(state: State) -> Work {
        Work { state, reason: None, running_at: None, ended_at: None, exited_well: false, asked: false, settled: false }
    }

    fn crashed() -> Work {
        Work { running_at: Some(NOW - 1000), ended_at: Some(NOW), reason: Some("Exited with code 1.".into()), ..work(State::Failed) }
    }

    #[test]
    fn it_shows_what_its_workload_does() {
        for state in [State::Queued, State::Starting, State::Running] {
            let n = notebook(Desired::Running, State::Queued);
            let w = Work { reason: Some("why".into()), ..work(state) };
            match plan(NOW, &n, Some(&w)) {
                Step::Show(s) => assert_eq!((s.state, s.reason.as_deref(), s.desired), (state, Some("why"), Desired::Running)),
                other => panic!("{state}: {other:?}"),
            }
            let shown = Notebook { state, reason: Some("why".into()), ..n };
            assert_eq!(plan(NOW, &shown, Some(&w)), Step::Stay);
        }
    }

    #[test]
    fn a_wish_to_stop_is_passed_on_once() {
        let n = notebook(Desired::Stopped, State::Stopping);
        assert!(matches!(plan(NOW, &n, Some(&work(State::Running))), Step::Stop(_)));
        let asked = Work { asked: true, ..work(State::Running) };
        assert_eq!(plan(NOW, &n, Some(&asked)), Step::Stay);
        let ended = Work { asked: true, ..work(State::Cancelled) };
        assert!(matches!(plan(NOW, &n, Some(&ended)), Step::Ended(Show { state: State::Stopped, reason: None, .. })));
        let off = notebook(Desired::Stopped, State::Stopped);
        assert_eq!(plan(NOW, &off, Some(&Work { settled: true, ..ended })), Step::Stay);
    }

    #[test]
    fn a_crash_starts_again_with_growing_pauses_and_then_stays_off() {
        let mut n = notebook(Desired::Running, State::Running);
        for (i, pause) in PAUSES_MS.iter().enumerate() {
            let Step::Ended(s) = plan(NOW, &n, Some(&crashed())) else { panic!("{i}") };
            assert_eq!((s.state, s.restart_at, s.restarts, s.with_log), (State::Queued, Some(NOW + pause), i as i64 + 1, true));
            n = Notebook { state: s.state, restarts: s.restarts, restart_at: s.restart_at, ..n };
            let settled = Work { settled: true, ..crashed() };
            assert_eq!(plan(NOW + pause - 1, &n, Some(&settled)), Step::Stay);
            assert_eq!(plan(NOW + pause, &n, Some(&settled)), Step::Restart);
            n = Notebook { state: State::Running, restart_at: None, ..n };
        }
        let Step::Ended(s) = plan(NOW, &n, Some(&crashed())) else { panic!() };
        assert_eq!((s.state, s.desired, s.restart_at), (State::Failed, Desired::Stopped, None));
        assert!(s.reason.unwrap().ends_with("Exited with code 1."));
    }

    #[test]
    fn who_ran_long_has_recovered() {
        let n = Notebook { restarts: 3, ..notebook(Desired::Running, State::Running) };
        let running = Work { running_at: Some(NOW - STABLE_MS), ..work(State::Running) };
        assert!(matches!(plan(NOW, &n, Some(&running)), Step::Show(Show { restarts: 0, .. })));
        let crashed = Work { running_at: Some(NOW - STABLE_MS), ..crashed() };
        assert!(matches!(plan(NOW, &n, Some(&crashed)), Step::Ended(Show { restarts: 1, state: State::Queued, .. })));
    }

    #[test]
    fn what_never_came_up_has_failed() {
        let n = notebook(Desired::Running, State::Starting);
        let w = Work { reason: Some("Not ready within 180 s.".into()), ..work(State::Failed) };
        let Step::Ended(s) = plan(NOW, &n, Some(&w)) else { panic!() };
        assert_eq!((s.state, s.with_log), (State::Failed, true));
        assert_eq!(s.reason.as_deref(), Some("It did not start. Not ready within 180 s."));
    }

    #[test]
    fn shut_down_from_inside_is_a_stop() {
        let n = notebook(Desired::Running, State::Running);
        let w = Work { exited_well: true, running_at: Some(NOW), ..work(State::Succeeded) };
        assert!(matches!(plan(NOW, &n, Some(&w)), Step::Ended(Show { state: State::Stopped, desired: Desired::Stopped, .. })));
    }

    #[test]
    fn deletion_waits_for_the_end() {
        for (desired, files) in [(Desired::Deleted, false), (Desired::DeletedWithFiles, true)] {
            let n = notebook(desired, State::Stopping);
            assert!(matches!(plan(NOW, &n, Some(&work(State::Running))), Step::Stop(_)));
            assert_eq!(plan(NOW, &n, Some(&Work { asked: true, ..work(State::Cancelled) })), Step::Remove { files });
            assert_eq!(plan(NOW, &n, None), Step::Remove { files });
        }
    }

    #[test]
    fn whose_owner_left_stops() {
        let n = Notebook { owner_may: false, ..notebook(Desired::Running, State::Running) };
        assert_eq!(plan(NOW, &n, Some(&work(State::Running))), Step::Stop(LEFT.into()));
        assert!(matches!(plan(NOW, &n, Some(&crashed())), Step::Ended(Show { state: State::Stopped, .. })));
        let asked = Notebook { desired: Desired::Stopped, reason: Some(LEFT.into()), ..n };
        let ended = Work { asked: true, ..work(State::Cancelled) };
        assert!(matches!(plan(NOW, &asked, Some(&ended)), Step::Ended(Show { reason: Some(r), .. }) if r == LEFT));
    }
}
