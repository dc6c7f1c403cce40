//! Addresses that name no team, as those that clients of Kubeflow Pipelines print: the page that they lead to.

use crate::{
    access::{Principal, TeamMember},
    error::{Error, Result},
    store::{Store, teams::Thing},
};

/// They lie below this.
pub const OPEN: &str = "/open/";

/// The page of what is named as Kubeflow Pipelines' own pages name it: `runs/ID`, `pipelines/ID/version/ID`, ...
///
/// # Errors
/// Not there, or of a team that is not the asker's, which is the same.
pub async fn page(store: &Store, by: &Principal, what: &str) -> Result<String> {
    let nothing = || Error::not_found("page");
    let (thing, id, page) = match *what.split('/').collect::<Vec<_>>() {
        ["runs", id] => (Thing::PipelineRun, id, format!("pipeline-runs/{id}")),
        ["pipelines", id] => (Thing::Pipeline, id, format!("pipelines/{id}")),
        ["pipelines", id, "version", _] => (Thing::Pipeline, id, format!("pipelines/{id}?tab=versions")),
        ["experiments", id] => (Thing::Experiment, id, format!("runs?experiment={id}")),
        ["recurringrun", id] => (Thing::RecurringRun, id, format!("recurring-runs/{id}")),
        _ => return Err(nothing()),
    };
    let team = store.team_with(thing, id).await?.ok_or_else(nothing)?;
    let team = TeamMember::check(store, by, &team).await?.team;
    // An id that was found has no sign in it that an address could not have.
    Ok(format!("/teams/{}/{page}", team.name))
}
