//! What the stages of a team ask of a version.

use crate::{
    access::{TeamMaintainer, TeamViewer},
    error::Result,
    http::{
        extract::{At, Payload},
        state::Web,
    },
    promotions::policy,
};
use app::api::{
    Problem,
    promotions::{SetStagePolicy, StagePolicy},
};
use axum::{Json, extract::State};

/// Stages that versions are promoted to, and what each asks
#[utoipa::path(get, path = "/api/v1/teams/{team}/stages", tag = "promotions", params(("team" = String, Path)),
    responses((status = 200, body = Vec<StagePolicy>)))]
pub async fn policies(State(web): State<Web>, by: TeamViewer) -> Result<Json<Vec<StagePolicy>>> {
    policy::list(&web.store, &by).await.map(Json)
}

/// Replace what a stage asks; open promotions to it are looked at anew
#[utoipa::path(put, path = "/api/v1/teams/{team}/stages/{stage}", tag = "promotions",
    params(("team" = String, Path), ("stage" = String, Path)), request_body = SetStagePolicy,
    responses((status = 200, body = StagePolicy), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn set(
    State(web): State<Web>,
    by: TeamMaintainer,
    At([stage]): At<1>,
    Payload(ask): Payload<SetStagePolicy>,
) -> Result<Json<StagePolicy>> {
    policy::set(&web.store, &by, &stage, &ask).await.map(Json)
}
