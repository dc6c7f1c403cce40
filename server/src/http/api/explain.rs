//! Why something is as it is.

use crate::{
    access::TeamViewer,
    error::Result,
    http::{extract::At, state::Web},
    pipelines,
    workloads::explain::Explainer,
};
use app::api::{
    Problem,
    explain::{Evidence, Explanation, TaskExplanation},
};
use axum::{Json, extract::State};

fn explainer(web: &Web) -> Explainer<'_> {
    Explainer { store: &web.store, cluster: &*web.cluster, logs: &web.logs }
}

/// Why a notebook is as it is: a sentence, and what it rests on
#[utoipa::path(get, path = "/api/v1/teams/{team}/notebooks/{name}/explain", tag = "notebooks",
    params(("team" = String, Path), ("name" = String, Path)), responses((status = 200, body = Explanation), (status = 404, body = Problem)))]
pub async fn notebook(State(web): State<Web>, by: TeamViewer, At([name]): At<1>) -> Result<Json<Explanation>> {
    explainer(&web).notebook(&by, &name).await.map(Json)
}

/// Why a run is as it is: a sentence, and what it rests on
#[utoipa::path(get, path = "/api/v1/teams/{team}/runs/{id}/explain", tag = "runs",
    params(("team" = String, Path), ("id" = String, Path)), responses((status = 200, body = Explanation), (status = 404, body = Problem)))]
pub async fn run(State(web): State<Web>, by: TeamViewer, At([id]): At<1>) -> Result<Json<Explanation>> {
    explainer(&web).run(&by, &id).await.map(Json)
}

/// Why a deployment is as it is: a sentence, and what it rests on
#[utoipa::path(get, path = "/api/v1/teams/{team}/deployments/{name}/explain", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)), responses((status = 200, body = Explanation), (status = 404, body = Problem)))]
pub async fn deployment(State(web): State<Web>, by: TeamViewer, At([name]): At<1>) -> Result<Json<Explanation>> {
    let mut explanation = explainer(&web).deployment(&by, &name).await?;
    if let Some(sentence) = web.gateway.routes.table().get(&by.team.name, &name).and_then(|route| route.ejected()) {
        // What serves is what somebody asks about who does not wait for another revision.
        if explanation.state == app::api::State::Running {
            sentence.clone_into(&mut explanation.sentence);
        }
        explanation.evidence.push(Evidence { at: None, source: "gateway".into(), text: sentence });
    }
    Ok(Json(explanation))
}

/// Why a task of a pipeline run is as it is: a sentence, and what it rests on
#[utoipa::path(get, path = "/api/v1/teams/{team}/pipeline-runs/{id}/tasks/{task}/explain", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path), ("task" = String, Path)),
    responses((status = 200, body = TaskExplanation), (status = 404, body = Problem)))]
pub async fn task(State(web): State<Web>, by: TeamViewer, At([id, task]): At<2>) -> Result<Json<TaskExplanation>> {
    pipelines::explain::task(&explainer(&web), &web.pipelines, &by, &id, &task).await.map(Json)
}
