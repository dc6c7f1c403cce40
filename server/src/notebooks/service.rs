//! What one may ask of notebooks.

use super::{NotebookKeys, moves, surroundings, tickets, view};
use crate::{
    access::{TeamEditor, TeamMember, TeamViewer},
    cluster::{Cluster, WorkloadKind},
    error::{Error, Result},
    ids,
    logs::LogStore,
    quota::sizes::Sizes,
    records::notebook::Desired,
    store::{
        Store,
        keyset::Keyset,
        notebooks::{NewNotebookRow, NotebookMove, NotebookRow},
        workloads::NewWorkload,
    },
    teams::secrets,
};
use app::api::{
    ListQuery, Page, State,
    logs::{LogPage, LogQuery},
    members::Role,
    name,
    notebooks::{NewNotebook, Notebook, NotebookChange},
};
use serde_json::json;

const DEFAULT_ENVIRONMENT: &str = "notebook";

async fn row(store: &Store, by: &TeamMember, name: &str) -> Result<NotebookRow> {
    store.notebook_of(&by.team.id, name).await?.ok_or_else(|| Error::not_found("notebook"))
}

/// The notebook, to one who may change it: its owner, or a maintainer of the team.
async fn own(store: &Store, by: &TeamEditor, name: &str) -> Result<NotebookRow> {
    let row = row(store, by, name).await?;
    if row.user_id == by.principal.user_id || by.role == Role::Maintainer {
        return Ok(row);
    }
    Err(Error::forbidden(format!("This notebook is {}'s. Only {} or a maintainer of the team may do this.", row.owner, row.owner)))
}

/// Notebooks of a team by name.
///
/// # Errors
/// A page token that is not ours.
pub async fn list(store: &Store, by: &TeamViewer, query: &ListQuery) -> Result<Page<Notebook>> {
    let keyset = Keyset::<String>::of(query)?;
    let rows = store.notebook_list(&by.team.id, keyset.after.as_deref().unwrap_or_default(), keyset.limit()).await?;
    let usage = view::usage(store, &by.team.id).await?;
    let page = keyset.page(rows, |r| r.name.clone(), |r| view::notebook(r, &usage));
    Ok(Page { items: page.items.into_iter().collect::<Result<_>>()?, next_page_token: page.next_page_token })
}

/// One notebook.
///
/// # Errors
/// Not there: not found.
pub async fn get(store: &Store, by: &TeamMember, name: &str) -> Result<Notebook> {
    let row = row(store, by, name).await?;
    view::notebook(row, &view::usage(store, &by.team.id).await?)
}

/// The newest version of an environment that the team sees.
async fn newest(store: &Store, team_id: &str, name: &str) -> Result<i64> {
    match store.environment(team_id, name).await? {
        Some(environment) => Ok(environment.version),
        None => Err(Error::invalid("environment", format!("There is no environment \"{name}\" in this team."))),
    }
}

/// Launches a notebook: it is queued.
///
/// # Errors
/// A name that is wrong or taken, an environment, size, variable or secret that is none.
pub async fn launch(store: &Store, cluster: &dyn Cluster, keys: &NotebookKeys, by: &TeamEditor, new: &NewNotebook) -> Result<Notebook> {
    name::check(&new.name).map_err(|e| Error::invalid("name", e))?;
    let environment = new.environment.as_deref().filter(|e| !e.is_empty()).unwrap_or(DEFAULT_ENVIRONMENT);
    let environment_version = newest(store, &by.team.id, environment).await?;
    surroundings::check(&new.env)?;
    for one in &new.secrets {
        surroundings::check_name("secrets", &one.env)?;
    }
    secrets::check(store, &by.team.id, &new.secrets).await?;
    let resources = Sizes::in_force(store).await?.resolve(cluster.capacity().await?.total, new.size.as_deref(), &new.amount, None)?;
    let (id, workload_id) = (ids::new_id(&**store.clock()), ids::new_id(&**store.clock()));
    let server_token = keys.fresh(&workload_id)?;

    let mut tx = store.begin().await?;
    if let Some((user_id, owner)) = tx.kept_volume_owner(&by.team.id, &new.name).await? {
        if user_id != by.principal.user_id {
            return Err(Error::conflict(format!("Files of an earlier notebook {} of {owner} are kept under this name.", new.name))
                .hint("Choose another name."));
        }
        tx.kept_volume_set(&by.team.id, &new.name, None).await?;
    }
    tx.notebook_insert(&NewNotebookRow {
        id: &id,
        team_id: &by.team.id,
        name: &new.name,
        user_id: &by.principal.user_id,
        environment,
        environment_version,
        resources,
        env: &new.env,
        secrets: &new.secrets,
        workload_id: &workload_id,
        server_token: &server_token,
    })
    .await?;
    tx.workload_insert(&NewWorkload {
        id: &workload_id,
        team_id: Some(&by.team.id),
        kind: WorkloadKind::Notebook,
        owner_id: &id,
        name: &new.name,
        attempt: 1,
        generation: 1,
        resources,
        nodes: 1,
    })
    .await?;
    let row = tx.notebook_of(&by.team.id, &new.name).await?.ok_or_else(|| Error::internal("an inserted notebook is not there"))?;
    let after =
        json!({ "environment": environment, "resources": resources, "env": new.env.keys().collect::<Vec<_>>(), "secrets": new.secrets });
    moves::event(&mut tx, &row, &by.actor(), "create", row.revision, json!(null), after).await?;
    tx.commit().await?;
    view::notebook(row, &Default::default())
}

/// Changes environment and size, from the next start on.
///
/// # Errors
/// A stale revision: conflict; an environment or size that is none.
pub async fn update(store: &Store, cluster: &dyn Cluster, by: &TeamEditor, name: &str, change: &NotebookChange) -> Result<Notebook> {
    let seen = own(store, by, name).await?;
    let environment = change.environment.as_deref().filter(|e| !e.is_empty()).unwrap_or(&seen.environment);
    newest(store, &by.team.id, environment).await?;
    let total = cluster.capacity().await?.total;
    let resources = Sizes::in_force(store).await?.resolve(total, change.size.as_deref(), &change.amount, Some(seen.resources()))?;
    let mut tx = store.begin().await?;
    if !tx.notebook_update(&seen.id, environment, resources, change.revision).await? {
        return Err(seen.moved());
    }
    let before = json!({ "environment": seen.environment, "resources": seen.resources() });
    let after = json!({ "environment": environment, "resources": resources });
    moves::event(&mut tx, &seen, &by.actor(), "update", change.revision + 1, before, after).await?;
    tx.commit().await?;
    get(store, by, name).await
}

/// Starts a notebook that is off. One that is on its way already stays so.
///
/// # Errors
/// It is stopping, or being deleted: conflict.
pub async fn start(store: &Store, keys: &NotebookKeys, by: &TeamEditor, name: &str) -> Result<()> {
    let seen = own(store, by, name).await?;
    match (seen.desired(), seen.state()) {
        (Desired::Running, State::Queued | State::Starting | State::Running) => return Ok(()),
        (desired, _) if desired.is_deleted() => return Err(Error::conflict(format!("The notebook {name} is being deleted."))),
        (_, state) if !state.is_final() => {
            return Err(Error::conflict(format!("The notebook {name} is still stopping.")).hint("Start it in a moment."));
        }
        _ => {}
    }
    let workload_id = ids::new_id(&**store.clock());
    let server_token = keys.fresh(&workload_id)?;
    let mut tx = store.begin().await?;
    let to = NotebookMove {
        desired: Desired::Running,
        state: State::Queued,
        reason: None,
        workload_id: &workload_id,
        server_token: &server_token,
        restarts: 0,
        restart_at: None,
        revisions: 1,
    };
    moves::queue(&mut tx, &seen, &to, &by.actor(), "start").await?;
    tx.commit().await
}

/// Stops a notebook; its files stay. One that is off, or stopping, stays so.
///
/// # Errors
/// It was changed meanwhile: conflict.
pub async fn stop(store: &Store, by: &TeamEditor, name: &str) -> Result<()> {
    let seen = own(store, by, name).await?;
    if seen.desired() != Desired::Running {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    moves::stop(&mut tx, &seen, Desired::Stopped, None, &by.actor(), "stop").await?;
    tx.commit().await
}

/// Deletes a notebook, with its files or without: it stops, then goes. Nobody has it open from now on.
///
/// # Errors
/// It was changed meanwhile: conflict.
pub async fn delete(store: &Store, by: &TeamEditor, name: &str, files: bool) -> Result<()> {
    let seen = own(store, by, name).await?;
    let desired = if files || seen.desired() == Desired::DeletedWithFiles { Desired::DeletedWithFiles } else { Desired::Deleted };
    if seen.desired() == desired {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    tx.notebook_close(&seen.id).await?;
    let action = if files { "delete_with_files" } else { "delete" };
    moves::stop(&mut tx, &seen, desired, Some("It is being deleted."), &by.actor(), action).await?;
    tx.commit().await
}

/// A ticket for its owner's browser; its secret.
///
/// # Errors
/// Somebody else's notebook: forbidden.
pub async fn open(store: &Store, by: &TeamEditor, name: &str, portal_session: Option<&str>) -> Result<String> {
    let seen = row(store, by, name).await?;
    if seen.user_id != by.principal.user_id {
        return Err(Error::forbidden(format!("This notebook is {}'s: only they can open it.", seen.owner)));
    }
    if seen.desired().is_deleted() {
        return Err(Error::conflict(format!("The notebook {name} is being deleted.")));
    }
    tickets::issue(store, &seen.id, &seen.user_id, portal_session).await
}

/// A piece of the log of its last start.
///
/// # Errors
/// Not there: not found.
pub async fn log(store: &Store, logs: &LogStore, by: &TeamViewer, name: &str, query: &LogQuery) -> Result<LogPage> {
    let row = row(store, by, name).await?;
    logs.page(&row.workload_id, query).await
}
