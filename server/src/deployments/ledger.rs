//! The ledger: what served when. It is read from the events, which nothing changes; what began to serve is noted in full there, so that it
//! can be told after the version, the run or the deployment is gone.

use super::{follow, program, service::Service, view as deployment_view};
use crate::{
    access::{TeamMember, TeamViewer},
    clock::{parse_rfc3339, rfc3339},
    error::{Error, Result},
    models::view,
    store::{Store, Tx, deployments::DeploymentRow, events::NewEvent, keyset::Keyset, ledger::LedgerRow, revisions::RevisionRow},
};
use app::api::{
    Page,
    ledger::{Ended, LedgerEntry, LedgerQuery, Served},
};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};

/// What an event says beside what served.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Turn {
    /// Percent of the traffic; of all of it, where nothing is said.
    share: Option<i64>,
    /// Percent of each revision, by number.
    shares: BTreeMap<String, i64>,
    /// Who asked for it.
    asked_by: String,
}

/// Writes down who takes how much of the traffic from now on, in the transaction that makes it so: an event for each that takes any.
///
/// # Errors
/// The database does not answer.
pub async fn turn(tx: &mut Tx, row: &DeploymentRow, actor: &str, asked_by: &str, shares: Vec<(Served, i64)>) -> Result<()> {
    let all: BTreeMap<String, i64> = shares.iter().map(|(served, percent)| (served.revision.to_string(), *percent)).collect();
    for (served, percent) in shares {
        let number = served.revision;
        let mut after = serde_json::to_value(served)?;
        after["share"] = percent.into();
        after["shares"] = serde_json::to_value(&all)?;
        after["asked_by"] = asked_by.into();
        after["before"] = row.serving.filter(|n| *n != number).into();
        tx.event(NewEvent {
            team_id: Some(&row.team_id),
            actor,
            action: "serve",
            kind: "deployment",
            object_id: &row.id,
            object_name: &row.name,
            revision: row.revision + 1,
            before: None,
            after: Some(after),
        })
        .await?;
    }
    Ok(())
}

/// What is noted of a revision that begins to serve.
///
/// # Errors
/// The database does not answer.
pub async fn note(store: &Store, revision: &RevisionRow) -> Result<Served> {
    let version = store.version(&revision.team_id, &revision.model, revision.version).await?;
    let environment = store.environment_version(&revision.environment_version_id).await?;
    let lineage = match version.as_ref().and_then(|v| v.row.run_id.as_ref()) {
        Some(run) => view::lineage_of(store, &revision.team_id, run).await?,
        None => None,
    };
    let approved_by = match version.as_ref().zip(revision.alias.as_deref()) {
        Some((v, alias)) => follow::moved(store, &revision.team_id, &v.row.model_id, alias, revision.version).await?.approved_by,
        None => Vec::new(),
    };
    let program = revision.program()?;
    let (run_id, run_name, commit, code_digest, datasets) =
        lineage.map(|l| (Some(l.run_id), Some(l.run_name), l.commit, l.code_digest, l.datasets)).unwrap_or_default();
    Ok(Served {
        revision: revision.number,
        model: revision.model.clone(),
        version: revision.version,
        digest: version.and_then(|v| v.row.digest),
        run_id,
        run_name,
        commit,
        code_digest,
        datasets,
        runtime: revision.runtime.clone(),
        runtime_digest: program.as_ref().map(program::digest).transpose()?,
        environment: deployment_view::place(revision, program.as_ref()),
        program,
        environment_digest: environment.map(|e| e.digest),
        resources: Some(revision.resources()),
        by: revision.created_by.clone(),
        rolled_back_to: revision.rolled_back_to,
        alias: revision.alias.clone(),
        approved_by,
    })
}

/// How far ahead of ours the clock of who asks may be, milliseconds.
const AHEAD: i64 = 60_000;

impl Service {
    /// What served under a name, newest first; also where the deployment is no more.
    ///
    /// # Errors
    /// Nothing of this name is there or ever served; a moment or a page token that is none; a moment to come.
    pub async fn ledger(&self, by: &TeamViewer, name: &str, query: &LedgerQuery) -> Result<Page<LedgerEntry>> {
        let keyset = Keyset::<i64>::new(query.page_size, query.page_token.as_deref())?;
        let at = query.at.as_deref().map(|text| parse_rfc3339(text).ok_or_else(|| no_moment(text))).transpose()?;
        if at.is_some_and(|at| at > self.store.clock().now() + AHEAD) {
            return Err(Error::invalid("at", "What will serve then is not known: give a moment that has been."));
        }
        let entries = self.entries(by, name, at, keyset.after.unwrap_or(i64::MAX), keyset.limit()).await?;
        Ok(keyset.page(entries, |e| e.seq, |e| e))
    }

    /// Entries below a place in the sequence, as many as `limit`.
    ///
    /// # Errors
    /// Nothing of this name is there or ever served.
    pub async fn entries(&self, by: &TeamMember, name: &str, at: Option<i64>, before: i64, limit: i64) -> Result<Vec<LedgerEntry>> {
        let deployment = self.store.deployment(&by.team.id, name).await?;
        let rows = self.store.ledger(&by.team.id, name, at, before, limit).await?;
        if deployment.is_none() && rows.is_empty() && self.store.ledger(&by.team.id, name, None, i64::MAX, 1).await?.is_empty() {
            return Err(Error::not_found("deployment"));
        }
        let (id, kept) = match deployment {
            Some(row) => (row.id.clone(), self.store.revisions_served(&row.id).await?.into_iter().collect()),
            None => (String::new(), HashSet::new()),
        };
        Ok(rows.into_iter().map(|row| entry(row, &id, &kept)).collect())
    }
}

fn no_moment(text: &str) -> Error {
    Error::invalid("at", format!("\"{text}\" is not a moment."))
        .hint("Write it like 2026-05-02T14:03:00Z, or with another offset from UTC.")
}

/// An entry; `kept` are the revisions that the deployment `id`, the one of this name now, can go back to.
fn entry(row: LedgerRow, id: &str, kept: &HashSet<i64>) -> LedgerEntry {
    let read = |json: Option<&str>| json.and_then(|j| serde_json::from_str::<Served>(j).ok());
    let served = read(row.after_json.as_deref()).unwrap_or_default();
    let next = read(row.end_json.as_deref());
    let turn = |json: Option<&str>| json.and_then(|j| serde_json::from_str::<Turn>(j).ok()).unwrap_or_default();
    let (own, then) = (turn(row.after_json.as_deref()), turn(row.end_json.as_deref()));
    let newest = then.shares.keys().filter_map(|n| n.parse::<i64>().ok()).max();
    let ended = row.end_action.as_deref().map(|action| match action {
        "stop" => Ended::Stopped,
        "delete" => Ended::Deleted,
        _ if then.shares.contains_key(&served.revision.to_string()) => Ended::Shared,
        // What was there before has it all again.
        _ if newest.is_some_and(|n| n < served.revision) => Ended::RolledBack,
        _ if next.as_ref().is_some_and(|n| n.rolled_back_to.is_some()) => Ended::RolledBack,
        _ => Ended::Replaced,
    });
    let asked = [Some(then.asked_by), next.map(|n| n.by)].into_iter().flatten().find(|by| !by.is_empty());
    LedgerEntry {
        kept: row.object_id == id && kept.contains(&served.revision),
        share: own.share.unwrap_or(100),
        share_by: Some(own.asked_by).filter(|by| !by.is_empty() && *by != served.by),
        served,
        seq: row.seq,
        deployment_id: row.object_id,
        from: rfc3339(row.time),
        until: row.end_time.map(rfc3339),
        ended,
        ended_by: asked.or(row.end_actor),
    }
}
