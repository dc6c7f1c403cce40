//! How many replicas there are to be, and how each does.

use super::{
    routes::Routes,
    service::{Service, TRIES, busy},
};
use crate::{
    access::{TeamEditor, TeamMember, TeamViewer},
    clock::rfc3339,
    error::{Error, Result},
    quota::capacity,
    store::replicas::ReplicaNowRow,
};
use app::api::{
    Page, State,
    deployments::Deployment,
    replicas::{MOST_REPLICAS, Replica, Scale},
    resources::Resources,
};
use serde_json::json;

impl Service {
    /// Whether so many replicas may be asked for. A single one waits in the queue like everything; more are only taken where the team's quota
    /// has room for them.
    ///
    /// # Errors
    /// Too few or too many.
    pub(super) async fn check_replicas(&self, by: &TeamMember, replicas: i64, each: Resources) -> Result<()> {
        if !(1..=MOST_REPLICAS).contains(&replicas) {
            return Err(Error::invalid("replicas", format!("replicas is 1 to {MOST_REPLICAS}."))
                .hint("Stop the deployment where none is to answer."));
        }
        let total = self.cluster.capacity().await?.total;
        let quota = capacity::limits(&self.store).await?.get(&by.team.id).copied().unwrap_or_default().within(total);
        if replicas > 1 && !each.times(replicas).fits(quota) {
            let (all, quota) = (each.times(replicas).words(), quota.words());
            return Err(Error::invalid("replicas", format!("{replicas} replicas hold {all}, and the team may hold {quota}."))
                .hint("Ask for fewer, or for a smaller size; an admin sets the quota."));
        }
        Ok(())
    }

    /// Sets how many replicas there are to be, of whatever serves and of what is to take over. No revision is made: more are started beside those
    /// there are, and where there are to be fewer, some finish what they have begun and go.
    ///
    /// # Errors
    /// Not there, or being removed; too few or too many; a stale revision.
    pub async fn scale(&self, by: &TeamEditor, name: &str, ask: &Scale) -> Result<Deployment> {
        for _ in 0..TRIES {
            let row = self.seen(by, name, ask.revision).await?;
            self.check_replicas(by, ask.replicas, self.last(&row).await?.resources()).await?;
            if row.replicas == ask.replicas {
                return self.get(by, name).await;
            }
            let mut tx = self.store.begin().await?;
            if tx.deployment_scale(&row.id, row.revision, ask.replicas).await? {
                let replicas = |n: i64| json!({ "replicas": n });
                return self.keep(tx, by, &row, "scale", replicas(row.replicas), replicas(ask.replicas)).await;
            }
        }
        Err(busy())
    }

    /// Its replicas, the newest revision first.
    ///
    /// # Errors
    /// Not there.
    pub async fn replicas(&self, routes: &Routes, by: &TeamViewer, name: &str) -> Result<Page<Replica>> {
        let row = self.row(by, name).await?;
        let rows = self.store.replicas_of(&row.id).await?;
        Ok(Page { items: rows.into_iter().map(|r| replica(routes, r)).collect(), next_page_token: None })
    }
}

fn replica(routes: &Routes, row: ReplicaNowRow) -> Replica {
    let known = row.workload_id.as_deref().and_then(|id| routes.replica_of(id));
    let state = if row.drains_since.is_some() { State::Stopping } else { row.state() };
    let ready = state == State::Running;
    let out = known.as_ref().filter(|_| ready).and_then(|r| r.out_for());
    let ejected = out.map(|why| format!("It is ejected: {why}."));
    Replica {
        revision: row.revision,
        number: row.number,
        state,
        // What ended the one before is no news of one that answers.
        reason: ejected.clone().or(row.waits).or(row.reason.filter(|_| !ready)),
        ejected: ejected.is_some(),
        waiting: known.map_or(0, |r| i64::try_from(r.in_flight()).unwrap_or(i64::MAX)),
        crashes: row.crashes,
        attempt: row.attempt,
        since: row.running_at.filter(|_| ready).map(rfc3339),
    }
}
