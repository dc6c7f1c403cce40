//! The states of everything that runs, the same words everywhere.

use serde::{Deserialize, Serialize};

/// State of a notebook, a run, a deployment, a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Accepted; waits for quota or room.
    Queued,
    /// Granted; environment, volume, code or process are on their way.
    Starting,
    /// The process runs; a server is ready.
    Running,
    /// Asked to end; its grace runs.
    Stopping,
    /// Ended with exit code 0.
    Succeeded,
    /// Any other end; the reason is kept.
    Failed,
    /// Ended by a person or a policy; who and why is kept.
    Cancelled,
    /// Notebooks and deployments: off, can start again.
    Stopped,
}

impl State {
    /// Every state, in the order of a life.
    pub const ALL: [State; 8] = [
        State::Queued,
        State::Starting,
        State::Running,
        State::Stopping,
        State::Succeeded,
        State::Failed,
        State::Cancelled,
        State::Stopped,
    ];

    /// The word of the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Starting => "starting",
            State::Running => "running",
            State::Stopping => "stopping",
            State::Succeeded => "succeeded",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
            State::Stopped => "stopped",
        }
    }

    /// The word for people.
    pub const fn label(self) -> &'static str {
        match self {
            State::Queued => "Queued",
            State::Starting => "Starting",
            State::Running => "Running",
            State::Stopping => "Stopping",
            State::Succeeded => "Succeeded",
            State::Failed => "Failed",
            State::Cancelled => "Cancelled",
            State::Stopped => "Stopped",
        }
    }

    /// Whether nothing more will happen by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, State::Succeeded | State::Failed | State::Cancelled | State::Stopped)
    }

    /// Whether it holds resources.
    pub const fn holds(self) -> bool {
        matches!(self, State::Starting | State::Running | State::Stopping)
    }
}

impl std::str::FromStr for State {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        State::ALL.into_iter().find(|x| x.as_str() == s).ok_or_else(|| format!("no such state: {s}"))
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
