//! MLflow's workspaces are our teams: listed and looked at here, made and changed in Slipway.

use super::{
    error::{MlflowError, Reply},
    team::workspace,
};
use crate::{
    access::{Known, Principal, Via},
    error::Result,
    http::{
        extract::{At, who},
        state::Web,
    },
    store::teams::TeamRow,
};
use axum::{
    Extension, Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// Every endpoint of this noun.
pub fn router() -> Router<Web> {
    Router::new().route("/workspaces", get(list).post(refuse)).route("/workspaces/{name}", get(one).patch(refuse).delete(refuse))
}

fn wire(team: &TeamRow) -> Value {
    json!({ "name": team.name, "description": team.display_name })
}

/// The team of a token; the teams of somebody who is signed in.
async fn list(State(web): State<Web>, principal: Option<Extension<Principal>>, known: Option<Extension<Arc<Known>>>) -> Reply<Value> {
    let Extension(principal) = principal.ok_or_else(who)?;
    let teams: Vec<Value> = match (known, &principal.via) {
        (Some(Extension(known)), _) => vec![wire(&known.team)],
        (None, Via::Session) => of_user(&web, &principal).await?,
        (None, Via::Token { .. }) => vec![],
    };
    Ok(Json(json!({ "workspaces": teams })))
}

async fn of_user(web: &Web, principal: &Principal) -> Result<Vec<Value>> {
    Ok(web.store.teams_of_user(&principal.user_id).await?.iter().map(|(team, _)| wire(team)).collect())
}

async fn one(
    State(web): State<Web>,
    principal: Option<Extension<Principal>>,
    known: Option<Extension<Arc<Known>>>,
    At([name]): At<1>,
) -> Reply<Value> {
    let Extension(principal) = principal.ok_or_else(who)?;
    let member = workspace(&web, &principal, known.as_deref(), &name).await?;
    Ok(Json(json!({ "workspace": wire(&member.team) })))
}

/// What MLflow says where workspaces come from elsewhere.
async fn refuse(principal: Option<Extension<Principal>>) -> std::result::Result<Response, MlflowError> {
    if principal.is_none() {
        return Err(who().into());
    }
    let message = "Workspaces are the teams of Slipway: they are made and changed in its dashboard, its API or its command line, not here.";
    Ok((StatusCode::FORBIDDEN, Json(json!({ "error_code": "FEATURE_DISABLED", "message": message }))).into_response())
}
