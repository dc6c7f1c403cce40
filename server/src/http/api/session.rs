//! Signing in and out.

use crate::{
    access::{Principal, first_admin, password, sign_in as room},
    error::{Error, Kind, Result},
    http::{
        authenticate,
        extract::{Anyone, Payload, SignedIn},
        state::Web,
    },
};
use app::api::{
    Problem,
    session::{ChangePassword, Me, SetUp, SignIn},
    teams::MyTeam,
};
use axum::{Json, extract::State, http::StatusCode};
use tower_sessions::Session;

async fn about(web: &Web, principal: &Principal) -> Result<Me> {
    let mut teams = web.store.teams_of_user(&principal.user_id).await?;
    if let Some(only) = principal.token_team() {
        teams.retain(|(t, _)| t.id == only);
    }
    let teams = teams.into_iter().filter_map(|(t, role)| {
        let role = crate::access::proof::role_in_force(principal, &t.id, Some(role))?;
        Some(MyTeam { name: t.name, display_name: t.display_name, role })
    });
    Ok(Me {
        id: principal.user_id.clone(),
        user: principal.user.clone(),
        display_name: principal.display_name.clone(),
        admin: principal.admin,
        teams: teams.collect(),
    })
}

/// Sign in with user and password
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = SignIn,
    responses((status = 200, body = Me), (status = 401, body = Problem)))]
pub async fn sign_in(State(web): State<Web>, session: Session, Payload(body): Payload<SignIn>) -> Result<Json<Me>> {
    let principal = room::sign_in(&web.store, &body.user, body.password).await?;
    authenticate::begin(&web, &session, &principal).await?;
    about(&web, &principal).await.map(Json)
}

/// Sign out
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses((status = 204)))]
pub async fn sign_out(session: Session) -> Result<StatusCode> {
    session.flush().await.map_err(Error::internal)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign out, for plain forms
#[utoipa::path(post, path = "/api/v1/session/end", tag = "session", responses((status = 204)))]
pub async fn end(session: Session) -> Result<StatusCode> {
    sign_out(session).await
}

/// Who is asking
#[utoipa::path(get, path = "/api/v1/me", tag = "session", responses((status = 200, body = Me), (status = 401, body = Problem)))]
pub async fn me(State(web): State<Web>, principal: Principal) -> Result<Json<Me>> {
    about(&web, &principal).await.map(Json)
}

/// Change one's password; ends every other session
#[utoipa::path(post, path = "/api/v1/me/password", tag = "session", request_body = ChangePassword,
    responses((status = 204), (status = 422, body = Problem)))]
pub async fn change_password(
    State(web): State<Web>,
    SignedIn(principal): SignedIn,
    session: Session,
    Payload(body): Payload<ChangePassword>,
) -> Result<StatusCode> {
    password::change(&web.store, &principal, body).await?;
    authenticate::begin(&web, &session, &principal).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make the first platform admin by the one-time set-up link
#[utoipa::path(post, path = "/api/v1/setup", tag = "session", request_body = SetUp,
    responses((status = 200, body = Me), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn set_up(State(web): State<Web>, Anyone(_): Anyone, session: Session, Payload(body): Payload<SetUp>) -> Result<Json<Me>> {
    first_admin::by_link(&web.store, &body.token, &body.user, &body.password).await?;
    let principal = room::sign_in(&web.store, &body.user, body.password)
        .await
        .map_err(|e| Error::new(Kind::Internal, "The admin was made, but could not be signed in.").context(e.to_string()))?;
    authenticate::begin(&web, &session, &principal).await?;
    about(&web, &principal).await.map(Json)
}
