//! What to do about one version that is not made yet. Pure.

use super::build_result::BuildResult;
use app::api::{State, environments::Build};

/// What is known of a version.
#[derive(Debug, Clone)]
pub struct Seen {
    /// How far its row says it is.
    pub build: Build,
    /// How far its row says it is, 0 to 1.
    pub progress: f64,
    /// Why its row says it waits.
    pub reason: Option<String>,
    /// Whether what it shall be lies ready on this machine.
    pub is_made: bool,
    /// The workload that makes it.
    pub workload: Option<Making>,
}

/// The workload that makes a version.
#[derive(Debug, Clone)]
pub struct Making {
    /// Its state.
    pub state: State,
    /// Why it waits or failed.
    pub reason: Option<String>,
    /// How far it is by its log.
    pub progress: f64,
    /// What it left.
    pub result: Option<BuildResult>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Nothing changed.
    Nothing,
    /// It is there already: somebody made the same.
    Use,
    /// Put the making into the queue.
    Begin,
    /// Say how far it is.
    Progress {
        /// Queued or building.
        build: Build,
        /// 0 to 1.
        progress: f64,
        /// Why it waits.
        reason: Option<String>,
    },
    /// It was made.
    Ready {
        /// Name of its folder.
        digest: String,
        /// Locked requirements.
        lock: String,
    },
    /// It could not be made.
    Failed {
        /// Why, in the words of the tool.
        reason: String,
    },
}

/// Smaller progress is not worth a write.
const NOTABLE: f64 = 0.01;

/// Decides.
pub fn plan(seen: &Seen) -> Step {
    let Some(making) = &seen.workload else {
        return if seen.is_made { Step::Use } else { Step::Begin };
    };
    if making.state.is_final() {
        return match (&making.result, making.state) {
            (Some(BuildResult::Made { digest, lock }), _) => Step::Ready { digest: digest.clone(), lock: lock.clone() },
            (_, State::Cancelled) => {
                Step::Failed { reason: format!("It was stopped. {}", making.reason.as_deref().unwrap_or_default()).trim().into() }
            }
            (Some(BuildResult::Failed { words }), _) => Step::Failed { reason: words.clone() },
            (None, _) => Step::Failed { reason: making.reason.clone().unwrap_or_else(|| "The build ended without a word.".into()) },
        };
    }
    let (build, progress, reason) = match making.state {
        State::Queued => (Build::Queued, 0.0, making.reason.clone()),
        _ => (Build::Building, making.progress.max(seen.progress), making.reason.clone()),
    };
    if build == seen.build && reason == seen.reason && (progress - seen.progress).abs() < NOTABLE {
        return Step::Nothing;
    }
    Step::Progress { build, progress, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(workload: Option<Making>) -> Seen {
        Seen { build: Build::Queued, progress: 0.0, reason: None, is_made: false, workload }
    }

    fn making(state: State, progress: f64, result: Option<BuildResult>) -> Option<Making> {
        Some(Making { state, reason: None, progress, result })
    }

    #[test]
    fn what_is_there_is_used() {
        assert_eq!(plan(&seen(None)), Step::Begin);
        assert_eq!(plan(&Seen { is_made: true, ..seen(None) }), Step::Use);
    }

    #[test]
    fn progress_never_falls() {
        let building = Step::Progress { build: Build::Building, progress: 0.5, reason: None };
        assert_eq!(plan(&seen(making(State::Running, 0.5, None))), building);
        let later = Seen { build: Build::Building, progress: 0.5, ..seen(making(State::Running, 0.2, None)) };
        assert_eq!(plan(&later), Step::Nothing);
        assert_eq!(plan(&seen(making(State::Queued, 0.0, None))), Step::Nothing);
    }

    #[test]
    fn ends() {
        let made = BuildResult::Made { digest: "d".into(), lock: "l".into() };
        assert_eq!(plan(&seen(making(State::Succeeded, 1.0, Some(made)))), Step::Ready { digest: "d".into(), lock: "l".into() });
        let failed = BuildResult::Failed { words: "No solution found".into() };
        assert_eq!(plan(&seen(making(State::Failed, 0.1, Some(failed)))), Step::Failed { reason: "No solution found".into() });
        assert!(matches!(plan(&seen(making(State::Failed, 0.1, None))), Step::Failed { .. }));
    }
}
