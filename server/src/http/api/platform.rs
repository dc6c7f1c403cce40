//! The platform itself, for its admin.

use crate::{
    access::PlatformAdmin, clock::rfc3339, error::Result, http::state::Web, platform::doctor, quota::capacity::entry, workloads::queue,
};
use app::api::{Problem, platform::Platform, resources::Resources};
use axum::{Json, extract::State};

/// Version, capacity, findings of the doctor, background tasks
#[utoipa::path(get, path = "/api/v1/platform", tag = "platform", responses((status = 200, body = Platform), (status = 403, body = Problem)))]
pub async fn get(State(web): State<Web>, _: PlatformAdmin) -> Result<Json<Platform>> {
    let total = web.cluster.capacity().await?.total;
    let rows = web.store.workloads_live().await?;
    let held = rows.iter().map(entry).filter(|e| !e.queued && !e.free).fold(Resources::NONE, |sum, e| sum.plus(e.resources));
    Ok(Json(Platform {
        version: env!("CARGO_PKG_VERSION").into(),
        cluster: web.cluster.name().into(),
        database: web.store.db().name().into(),
        started_at: rfc3339(web.started_at),
        total,
        free: queue::free(total, held),
        findings: doctor::examine(&web.config, Some(&web.store), false).await,
        tasks: web.reports.all(),
    }))
}
