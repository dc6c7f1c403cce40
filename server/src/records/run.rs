//! What MLflow says of a run, and how it agrees with Slipway's states.

use app::api::State;

/// Status of a run in MLflow's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// Waits, or is on its way.
    Scheduled,
    /// At work.
    Running,
    /// Ended well.
    Finished,
    /// Ended badly.
    Failed,
    /// Ended by somebody.
    Killed,
}

impl RunStatus {
    /// Every status, in MLflow's order.
    pub const ALL: [RunStatus; 5] = [RunStatus::Running, RunStatus::Scheduled, RunStatus::Finished, RunStatus::Failed, RunStatus::Killed];

    /// The word of MLflow and of the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            RunStatus::Scheduled => "SCHEDULED",
            RunStatus::Running => "RUNNING",
            RunStatus::Finished => "FINISHED",
            RunStatus::Failed => "FAILED",
            RunStatus::Killed => "KILLED",
        }
    }

    /// The status of a run that Slipway executes and that is in this state.
    pub const fn of(state: State) -> Self {
        match state {
            State::Queued | State::Starting => RunStatus::Scheduled,
            State::Running | State::Stopping => RunStatus::Running,
            State::Succeeded => RunStatus::Finished,
            State::Failed => RunStatus::Failed,
            State::Cancelled | State::Stopped => RunStatus::Killed,
        }
    }

    /// The state to show for a run that somebody else executes.
    pub const fn state(self) -> State {
        match self {
            RunStatus::Scheduled => State::Queued,
            RunStatus::Running => State::Running,
            RunStatus::Finished => State::Succeeded,
            RunStatus::Failed => State::Failed,
            RunStatus::Killed => State::Cancelled,
        }
    }

    /// Whether the run has ended.
    pub const fn is_final(self) -> bool {
        matches!(self, RunStatus::Finished | RunStatus::Failed | RunStatus::Killed)
    }
}

impl std::str::FromStr for RunStatus {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        RunStatus::ALL.into_iter().find(|x| x.as_str() == s).ok_or_else(|| format!("no such run status: {s}"))
    }
}

/// Whether a run or an experiment is there or was deleted (and can be restored).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// There.
    Active,
    /// Deleted, can be restored.
    Deleted,
}

impl Lifecycle {
    /// The word of MLflow and of the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Lifecycle::Active => "active",
            Lifecycle::Deleted => "deleted",
        }
    }
}
