//! The ledger of a deployment, and the way back.

use super::deployments::service;
use crate::{
    access::{TeamEditor, TeamViewer},
    deployments::ledger_file,
    error::Result,
    http::{
        extract::{At, Payload, Query},
        state::Web,
    },
};
use app::api::{
    Page, Problem,
    deployments::Deployment,
    ledger::{ExportQuery, LedgerEntry, LedgerFormat, LedgerQuery, RollBack},
    page::MAX_PAGE_SIZE,
};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures::stream;

/// What served when, newest first, or what served at a moment; told also of a deployment that was deleted
#[utoipa::path(get, path = "/api/v1/teams/{team}/deployments/{name}/ledger", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path), LedgerQuery),
    responses((status = 200, body = Page<LedgerEntry>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn ledger_list(
    State(web): State<Web>,
    by: TeamViewer,
    At([name]): At<1>,
    Query(query): Query<LedgerQuery>,
) -> Result<Json<Page<LedgerEntry>>> {
    service(&web).ledger(&by, &name, &query).await.map(Json)
}

/// The whole ledger as a file: a table (CSV), or an object a line
#[utoipa::path(get, path = "/api/v1/teams/{team}/deployments/{name}/ledger/export", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path), ExportQuery),
    responses((status = 200, content((String = "text/csv"), (String = "application/jsonl"))),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn ledger_export(
    State(web): State<Web>,
    by: TeamViewer,
    At([name]): At<1>,
    Query(ExportQuery { format }): Query<ExportQuery>,
) -> Result<Response> {
    let kind = match format {
        LedgerFormat::Csv => "text/csv; charset=utf-8",
        LedgerFormat::Jsonl => "application/jsonl",
    };
    let file = format!("{name}-ledger.{}", format.as_str());
    let service = service(&web);
    // The first page before the answer begins: what is not there is told as such.
    let first = service.entries(&by, &name, None, i64::MAX, i64::from(MAX_PAGE_SIZE)).await?;
    let rows = stream::try_unfold((service, by, name, Some(first), true), move |(service, by, name, page, begins)| async move {
        let Some(page) = page else { return Ok::<_, crate::error::Error>(None) };
        let mut text = if begins { ledger_file::head(format) } else { String::new() };
        text.extend(page.iter().map(|entry| ledger_file::row(format, entry)));
        let next = match page.last().filter(|_| page.len() == MAX_PAGE_SIZE as usize) {
            Some(last) => Some(service.entries(&by, &name, None, last.seq, i64::from(MAX_PAGE_SIZE)).await?),
            None => None,
        };
        Ok(Some((text, (service, by, name, next, false))))
    });
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\""))];
    Ok((headers, Body::from_stream(rows)).into_response())
}

/// Go back to a revision that has served, without a dropped request
#[utoipa::path(post, path = "/api/v1/teams/{team}/deployments/{name}/roll-back", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)), request_body = RollBack,
    responses((status = 200, body = Deployment), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn roll_back(
    State(web): State<Web>,
    by: TeamEditor,
    At([name]): At<1>,
    Payload(body): Payload<RollBack>,
) -> Result<Json<Deployment>> {
    service(&web).roll_back(&by, &name, &body).await.map(Json)
}
