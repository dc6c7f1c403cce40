//! A submission as the API answers it.

use crate::{
    clock::rfc3339,
    error::Result,
    store::{Store, submissions::SubmissionRow},
};
use app::api::runs::{Code, Submission};

/// How Slipway executes the run of this id; none for a run from elsewhere.
///
/// # Errors
/// The database does not answer.
pub async fn of(store: &Store, team_id: &str, run_id: &str) -> Result<Option<Submission>> {
    Ok(store.submission(team_id, run_id).await?.map(view))
}

/// Where the code of a submission comes from.
pub fn code(row: &SubmissionRow) -> Option<Code> {
    row.code.as_deref().and_then(|c| serde_json::from_str(c).ok())
}

/// From its row.
pub fn view(row: SubmissionRow) -> Submission {
    Submission {
        command: serde_json::from_str(&row.command).unwrap_or_default(),
        resources: row.resources(),
        nodes: row.nodes,
        code: code(&row),
        env: serde_json::from_str(&row.env).unwrap_or_default(),
        secrets: serde_json::from_str(&row.secrets).unwrap_or_default(),
        attempt: row.attempt.max(1),
        max_attempts: row.max_attempts,
        timeout_seconds: row.timeout_seconds,
        exit_code: row.exit_code,
        queued_at: rfc3339(row.queued_at),
        running_at: row.running_at.map(rfc3339),
        environment: row.environment,
        environment_version: row.environment_version,
        retry_of: row.retry_of,
    }
}
