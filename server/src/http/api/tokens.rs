//! Tokens.

use crate::{
    access::{TeamMember, tokens as room},
    clock::rfc3339,
    error::Result,
    http::{
        extract::{At, Payload, Person, Query},
        state::Web,
    },
    store::tokens::TokenRow,
};
use app::api::{
    ListQuery, Page, Problem,
    members::Role,
    tokens::{CreatedToken, NewToken, Scope, Token},
};
use axum::{Json, extract::State, http::StatusCode};

fn token(row: TokenRow) -> Token {
    Token {
        id: row.id,
        name: row.name,
        prefix: row.prefix,
        team: row.team_name,
        role: row.role.parse().unwrap_or(Role::Viewer),
        scope: row.scope.map(|_| Scope::Predict),
        created_at: rfc3339(row.created_at),
        expires_at: row.expires_at.map(rfc3339),
        last_used_at: row.last_used_at.map(rfc3339),
    }
}

/// One's own tokens, without their secrets
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", params(ListQuery), responses((status = 200, body = Page<Token>)))]
pub async fn list(State(web): State<Web>, Person(principal): Person, Query(query): Query<ListQuery>) -> Result<Json<Page<Token>>> {
    let page = room::list(&web.store, &principal, &query).await?;
    Ok(Json(Page { items: page.items.into_iter().map(token).collect(), next_page_token: page.next_page_token }))
}

/// Make a token; its secret is answered this once
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = NewToken,
    responses((status = 201, body = CreatedToken), (status = 422, body = Problem)))]
pub async fn create(
    State(web): State<Web>,
    Person(principal): Person,
    Payload(new): Payload<NewToken>,
) -> Result<(StatusCode, Json<CreatedToken>)> {
    let member = TeamMember::check(&web.store, &principal, &new.team).await?;
    let created = room::create(&web.store, &member, &new).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// Revoke one of one's own tokens
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn revoke(State(web): State<Web>, Person(principal): Person, At([id]): At<1>) -> Result<StatusCode> {
    room::revoke(&web.store, &principal, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
