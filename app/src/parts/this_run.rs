//! The run or the pipeline run of the address: asked once, for its crumb and for its page.

use crate::api::{Client, Problem, pipeline_runs::PipelineRun, runs::Run, transport::BoxFuture};
use futures::future::{FutureExt, Shared};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The run of the address, on its way; from context.
#[derive(Clone)]
pub struct ThisRun(Shared<BoxFuture<Result<Run, Problem>>>);

impl ThisRun {
    /// Asks, where the address is that of a run, and puts the answer into context.
    pub fn provide() {
        if let Some((team, id)) = use_location().pathname.with_untracked(|p| of_address(p, "/runs/")) {
            provide_context(Self::asked(&team, &id));
        }
    }

    /// That of the address.
    pub fn of(team: &str, id: &str) -> Self {
        use_context::<Self>().unwrap_or_else(|| Self::asked(team, id))
    }

    fn asked(team: &str, id: &str) -> Self {
        let run: BoxFuture<_> = Box::pin(Client::from_context().run(team, id));
        Self(run.shared())
    }

    /// The run.
    ///
    /// # Errors
    /// There is none, or it could not be read.
    pub async fn read(self) -> Result<Run, Problem> {
        self.0.await
    }
}

/// The pipeline run of the address, on its way; from context.
#[derive(Clone)]
pub struct ThisPipelineRun(Shared<BoxFuture<Result<PipelineRun, Problem>>>);

impl ThisPipelineRun {
    /// Asks, where the address is that of a pipeline run, and puts the answer into context.
    pub fn provide() {
        if let Some((team, id)) = use_location().pathname.with_untracked(|p| of_address(p, "/pipeline-runs/")) {
            provide_context(Self::asked(&team, &id));
        }
    }

    /// That of the address.
    pub fn of(team: &str, id: &str) -> Self {
        use_context::<Self>().unwrap_or_else(|| Self::asked(team, id))
    }

    fn asked(team: &str, id: &str) -> Self {
        let run: BoxFuture<_> = Box::pin(Client::from_context().pipeline_run(team, id));
        Self(run.shared())
    }

    /// The pipeline run.
    ///
    /// # Errors
    /// There is none, or it could not be read.
    pub async fn read(self) -> Result<PipelineRun, Problem> {
        self.0.await
    }
}

/// Team and id in `/teams/{team}{section}{id}`.
fn of_address(path: &str, section: &str) -> Option<(String, String)> {
    let (team, id) = path.strip_prefix("/teams/")?.trim_end_matches('/').split_once(section)?;
    let plain = !id.is_empty() && !["submit", "compare"].contains(&id) && id.chars().all(|c| c.is_ascii_alphanumeric());
    plain.then(|| (team.to_owned(), id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::of_address;

    #[test]
    fn addresses() {
        assert_eq!(of_address("/teams/a/runs/0c1d", "/runs/"), Some(("a".into(), "0c1d".into())));
        assert_eq!(of_address("/teams/a/pipeline-runs/0c1d", "/pipeline-runs/"), Some(("a".into(), "0c1d".into())));
        assert_eq!(of_address("/teams/a/pipeline-runs/0c1d", "/runs/"), None);
        assert_eq!(of_address("/teams/a/pipeline-runs/compare", "/pipeline-runs/"), None);
        for other in ["/teams/a/runs", "/teams/a/runs/submit", "/teams/a/models/runs", "/teams/a/runs/x%20y"] {
            assert_eq!(of_address(other, "/runs/"), None, "{other}");
        }
    }
}
