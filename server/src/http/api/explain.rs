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
    let table = web.gateway.routes.table();
    let replicas: Vec<_> = table.get(&by.team.name, &name).into_iter().flat_map(|r| r.split.replicas()).collect();
    let out: Vec<String> = replicas.iter().filter_map(|r| r.out_for()).collect();
    if let Some(why) = out.first() {
        let who = if out.len() == replicas.len() {
            "No replica answers as it should".to_owned()
        } else {
            format!("{} of {} replicas {} ejected", out.len(), replicas.len(), if out.len() == 1 { "is" } else { "are" })
        };
        let sentence = format!("{who}: {why}.");
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
