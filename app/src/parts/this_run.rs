//! What the address is about, where that is a run, a pipeline, a pipeline run or a recurring run: asked once, for its crumb and for its page.

use crate::api::{
    Client, Problem, client::Reply, pipeline_runs::PipelineRun, pipelines::Pipeline, recurring_runs::RecurringRun, runs::Run,
    transport::BoxFuture,
};
use futures::future::{FutureExt, Shared};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// What has an id in its address, and a name.
pub trait Addressed: Clone + Send + Sync + 'static {
    /// What stands before its id in the address, after the team.
    const SECTION: &'static str;

    /// Asks for it.
    fn ask(client: &Client, team: &str, id: &str) -> Reply<Self>;

    /// Its name for people.
    fn title(self) -> String;
}

impl Addressed for Run {
    const SECTION: &'static str = "/runs/";

    fn ask(client: &Client, team: &str, id: &str) -> Reply<Self> {
        client.run(team, id)
    }

    fn title(self) -> String {
        self.summary.name
    }
}

impl Addressed for PipelineRun {
    const SECTION: &'static str = "/pipeline-runs/";

    fn ask(client: &Client, team: &str, id: &str) -> Reply<Self> {
        client.pipeline_run(team, id)
    }

    fn title(self) -> String {
        self.name
    }
}

impl Addressed for Pipeline {
    const SECTION: &'static str = "/pipelines/";

    fn ask(client: &Client, team: &str, id: &str) -> Reply<Self> {
        client.pipeline(team, id)
    }

    fn title(self) -> String {
        self.display_name
    }
}

impl Addressed for RecurringRun {
    const SECTION: &'static str = "/recurring-runs/";

    fn ask(client: &Client, team: &str, id: &str) -> Reply<Self> {
        client.recurring_run(team, id)
    }

    fn title(self) -> String {
        self.name
    }
}

/// It, on its way; from context.
#[derive(Clone)]
pub struct This<T: Addressed> {
    /// The address of its page.
    href: String,
    answer: Shared<BoxFuture<Result<T, Problem>>>,
}

/// The run of the address.
pub type ThisRun = This<Run>;
/// The pipeline run of the address.
pub type ThisPipelineRun = This<PipelineRun>;
/// The pipeline of the address, where its id stands there; its name says enough.
pub type ThisPipeline = This<Pipeline>;
/// The recurring run of the address.
pub type ThisRecurringRun = This<RecurringRun>;

impl<T: Addressed> This<T> {
    /// Asks, where the address is that of one, and puts the answer into context.
    fn provide() {
        if let Some((team, id)) = use_location().pathname.with_untracked(|p| of_address(p, T::SECTION)) {
            provide_context(Self::asked(&team, &id));
        }
    }

    /// That of the address.
    pub fn of(team: &str, id: &str) -> Self {
        use_context::<Self>().unwrap_or_else(|| Self::asked(team, id))
    }

    fn asked(team: &str, id: &str) -> Self {
        let answer: BoxFuture<_> = Box::pin(T::ask(&Client::from_context(), team, id));
        Self { href: format!("/teams/{team}{}{id}", T::SECTION), answer: answer.shared() }
    }

    /// It.
    ///
    /// # Errors
    /// There is none, or it could not be read.
    pub async fn read(self) -> Result<T, Problem> {
        self.answer.await
    }
}

/// Asks for what the address is about, and puts the answer into context.
pub fn provide_this() {
    ThisRun::provide();
    ThisPipelineRun::provide();
    if use_location().pathname.with_untracked(|p| of_address(p, Pipeline::SECTION).is_some_and(|(_, id)| is_id(&id))) {
        ThisPipeline::provide();
    }
    ThisRecurringRun::provide();
}

/// The address of the page of what the address is about, and its name, which may not be readable.
pub fn this_named() -> Option<(String, BoxFuture<Option<String>>)> {
    fn named<T: Addressed>() -> Option<(String, BoxFuture<Option<String>>)> {
        let this = use_context::<This<T>>()?;
        Some((this.href.clone(), Box::pin(async move { this.read().await.ok().map(T::title) })))
    }
    named::<Run>().or_else(named::<Pipeline>).or_else(named::<PipelineRun>).or_else(named::<RecurringRun>)
}

/// Whether it looks like an id: objects that have a unique name may be addressed by either.
fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Team and id in `/teams/{team}{section}{id}`, also where a page of its own follows, such as `/edit`.
fn of_address(path: &str, section: &str) -> Option<(String, String)> {
    let (team, rest) = path.strip_prefix("/teams/")?.trim_end_matches('/').split_once(section)?;
    let id = rest.split('/').next().unwrap_or(rest);
    let plain = !id.is_empty() && !["submit", "compare"].contains(&id) && id.chars().all(|c| c.is_ascii_alphanumeric());
    (plain && !team.contains('/')).then(|| (team.to_owned(), id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{is_id, of_address};

    #[test]
    fn ids_and_names() {
        assert!(is_id("0190c0ffee0190c0ffee0190c0ffee01"));
        for name in ["nightly", "", "0190c0ffee0190c0ffee0190c0ffee0x", "0190c0ffee"] {
            assert!(!is_id(name), "{name}");
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(of_address("/teams/a/runs/0c1d", "/runs/"), Some(("a".into(), "0c1d".into())));
        assert_eq!(of_address("/teams/a/pipeline-runs/0c1d", "/pipeline-runs/"), Some(("a".into(), "0c1d".into())));
        assert_eq!(of_address("/teams/a/recurring-runs/0c1d/edit", "/recurring-runs/"), Some(("a".into(), "0c1d".into())));
        assert_eq!(of_address("/teams/a/pipeline-runs/0c1d", "/runs/"), None);
        assert_eq!(of_address("/teams/a/pipeline-runs/compare", "/pipeline-runs/"), None);
        for other in ["/teams/a/runs", "/teams/a/runs/submit", "/teams/a/models/runs", "/teams/a/models/runs/3", "/teams/a/runs/x%20y"] {
            assert_eq!(of_address(other, "/runs/"), None, "{other}");
        }
    }
}
