//! Runtimes as one may ask for them: everybody reads them, a platform admin declares them. A revision keeps what it runs, so a change counts
//! for what is deployed after it.

use super::{package, program, runtime};
use crate::{
    access::{PlatformAdmin, Principal},
    clock::rfc3339,
    cluster::Cluster,
    error::{Error, Result},
    store::{Store, events::NewEvent, keyset::Keyset, runtimes::RuntimeRow},
};
use app::api::{
    ListQuery, Page,
    changes::kinds,
    name,
    runtimes::{CUSTOM, Program, Protocol, Runtime, SHIPPED, SHIPPED_ORDER, SetRuntime},
};
use std::collections::HashMap;

/// Most formats of a runtime, and longest name of one.
const MOST_FORMATS: (usize, usize) = (50, 100);
/// Longest description, in bytes.
const LONGEST_WORDS: usize = 2000;

/// Number of deployments by name of the runtime.
type Uses = HashMap<String, i64>;

fn shipped(uses: &Uses) -> Runtime {
    let command =
        "python -m slipway_model_server --model-dir {model_path} --name {model_name} --version {model_version} --unix-socket {socket}";
    Runtime {
        name: SHIPPED.into(),
        shipped: true,
        description: "The model server that comes with Slipway: any model that mlflow.pyfunc loads.".into(),
        formats: vec![runtime::SHIPPED_FORMAT.into()],
        order: Some(SHIPPED_ORDER),
        environment: Some(runtime::ENVIRONMENT.into()),
        program: Program {
            protocols: vec![Protocol::V1, Protocol::V2],
            command: command.split(' ').map(str::to_owned).collect(),
            ready_path: super::spec::READY_PATH.into(),
            start_seconds: program::START_SECONDS,
            ..Program::default()
        },
        digest: package::digest(),
        deployments: uses.get(SHIPPED).copied().unwrap_or(0),
        revision: 0,
        changed_at: None,
    }
}

fn declared(row: RuntimeRow, uses: &Uses) -> Result<Runtime> {
    let program = row.program()?;
    Ok(Runtime {
        shipped: false,
        formats: row.formats(),
        order: row.choice_order,
        environment: row.environment,
        digest: program::digest(&program)?,
        program,
        deployments: uses.get(&row.name).copied().unwrap_or(0),
        revision: row.revision,
        changed_at: Some(rfc3339(row.changed_at)),
        name: row.name,
        description: row.description,
    })
}

async fn uses(store: &Store) -> Result<Uses> {
    Ok(store.runtimes_in_use().await?.into_iter().collect())
}

/// Runtimes by name.
///
/// # Errors
/// A page that is none.
pub async fn list(store: &Store, _: &Principal, query: &ListQuery) -> Result<Page<Runtime>> {
    let keyset = Keyset::<String>::of(query)?;
    let after = keyset.after.clone().unwrap_or_default();
    let uses = uses(store).await?;
    let rows = store.runtime_list(&after, keyset.limit()).await?;
    let mut all = rows.into_iter().map(|row| declared(row, &uses)).collect::<Result<Vec<_>>>()?;
    // What comes with Slipway has its place among the others by its name.
    if SHIPPED > after.as_str() {
        let at = all.partition_point(|r| r.name.as_str() < SHIPPED);
        all.insert(at, shipped(&uses));
        all.truncate(keyset.size + 1);
    }
    Ok(keyset.page(all, |r| r.name.clone(), |r| r))
}

/// A runtime.
///
/// # Errors
/// Not there.
pub async fn get(store: &Store, _: &Principal, name: &str) -> Result<Runtime> {
    one(store, name).await?.ok_or_else(|| Error::not_found("runtime"))
}

async fn one(store: &Store, name: &str) -> Result<Option<Runtime>> {
    let uses = uses(store).await?;
    if name == SHIPPED {
        return Ok(Some(shipped(&uses)));
    }
    store.runtime(name).await?.map(|row| declared(row, &uses)).transpose()
}

/// Declares a runtime, or changes it; what runs already goes on as it is.
///
/// # Errors
/// A field that is wrong; what comes with Slipway; a stale revision.
pub async fn set(store: &Store, cluster: &dyn Cluster, admin: &PlatformAdmin, name: &str, asked: &SetRuntime) -> Result<Runtime> {
    name::check(name).map_err(|e| Error::invalid("name", e))?;
    reserved(name)?;
    let program = program::of_runtime(cluster, asked)?;
    let environment = environment(store, &program, asked.environment.as_deref()).await?;
    let formats = formats(&asked.formats)?;
    if asked.order.is_some_and(|n| !(1..=1000).contains(&n)) {
        return Err(Error::invalid("order", "order is 1 to 1000, the lowest first.").hint(format!("{SHIPPED} has {SHIPPED_ORDER}.")));
    }
    let description = asked.description.trim();
    if description.len() > LONGEST_WORDS || description.contains('\0') {
        return Err(Error::invalid("description", format!("A description has at most {LONGEST_WORDS} letters.")));
    }
    let before = one(store, name).await?;
    let now = before.as_ref().map_or(0, |r| r.revision);
    Error::unless_stale(Some(asked.revision), now, format!("The runtime {name}"))?;
    let row = RuntimeRow {
        name: name.to_owned(),
        description: description.to_owned(),
        formats_json: serde_json::to_string(&formats)?,
        choice_order: asked.order,
        environment,
        program_json: serde_json::to_string(&program)?,
        revision: now,
        changed_at: store.clock().now(),
    };
    let mut tx = store.begin().await?;
    if !tx.runtime_set(&row).await? {
        return Err(Error::stale(format!("The runtime {name}")));
    }
    let after = declared(RuntimeRow { revision: now + 1, ..row }, &HashMap::new())?;
    tx.event(NewEvent {
        team_id: None,
        actor: &admin.actor(),
        action: if before.is_some() { "update" } else { "create" },
        kind: kinds::RUNTIME,
        object_id: name,
        object_name: name,
        revision: now + 1,
        before: before.map(|r| noted(&r)).transpose()?,
        after: Some(noted(&after)?),
    })
    .await?;
    tx.commit().await?;
    get(store, admin, name).await
}

/// Removes a runtime that nothing serves with, or is to. What served with it can be rolled back to: a revision keeps what it runs.
///
/// # Errors
/// Not there, or in use; what comes with Slipway; a stale revision.
pub async fn remove(store: &Store, admin: &PlatformAdmin, name: &str, seen: Option<i64>) -> Result<()> {
    reserved(name)?;
    let before = get(store, admin, name).await?;
    Error::unless_stale(seen, before.revision, format!("The runtime {name}"))?;
    let mut tx = store.begin().await?;
    if !tx.runtime_remove(name, before.revision).await? {
        let now =
            one(store, name).await?.filter(|r| r.revision == before.revision).ok_or_else(|| Error::stale(format!("The runtime {name}")))?;
        let many = if now.deployments == 1 { "1 deployment serves".to_owned() } else { format!("{} deployments serve", now.deployments) };
        return Err(Error::conflict(format!("{many} with {name}, or will."))
            .hint("Deploy them with another runtime, or delete them, then remove it."));
    }
    tx.event(NewEvent {
        team_id: None,
        actor: &admin.actor(),
        action: "delete",
        kind: kinds::RUNTIME,
        object_id: name,
        object_name: name,
        revision: before.revision + 1,
        before: Some(noted(&before)?),
        after: None,
    })
    .await?;
    tx.commit().await
}

/// What an event says of it: not how many use it, which is no part of it.
fn noted(runtime: &Runtime) -> Result<serde_json::Value> {
    let mut noted = serde_json::to_value(runtime)?;
    if let Some(fields) = noted.as_object_mut() {
        fields.remove("deployments");
    }
    Ok(noted)
}

fn reserved(name: &str) -> Result<()> {
    match name {
        SHIPPED => Err(Error::conflict(format!("{SHIPPED} comes with Slipway and changes with it.")).hint("Declare one of another name.")),
        CUSTOM => Err(Error::invalid("name", "custom stands for programs without a model.").hint("Choose another name.")),
        _ => Ok(()),
    }
}

fn formats(asked: &[String]) -> Result<Vec<String>> {
    let mut formats: Vec<String> = Vec::new();
    for format in asked.iter().map(|f| f.trim()).filter(|f| !f.is_empty()) {
        let fine = format.len() <= MOST_FORMATS.1 && format.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        if !fine {
            return Err(Error::invalid("formats", format!("\"{format}\" is not a flavor of MLflow."))
                .hint("Write them as the model's page does, such as sklearn or python_function."));
        }
        if !formats.iter().any(|f| f == format) {
            formats.push(format.to_owned());
        }
    }
    match formats.len() {
        0 => Err(Error::invalid("formats", "formats is empty.").hint("Name the flavors of MLflow that it serves, such as sklearn.")),
        n if n > MOST_FORMATS.0 => Err(Error::invalid("formats", format!("A runtime has at most {} formats.", MOST_FORMATS.0))),
        _ => Ok(formats),
    }
}

/// The environment of a runtime is one that every team has.
async fn environment(store: &Store, program: &Program, asked: Option<&str>) -> Result<Option<String>> {
    let Some(name) = asked.map(str::trim).filter(|n| !n.is_empty()) else { return Ok(None) };
    if program.image.is_some() {
        return Err(Error::invalid("environment", "It runs in an image, and not in an environment.").hint("Leave one of both out."));
    }
    if store.placed_environment(None, name).await?.is_none() {
        return Err(Error::invalid("environment", format!("No environment \"{name}\" comes with Slipway."))
            .hint("Environments of a team are no other team's: leave it out, and name one when a model is deployed."));
    }
    Ok(Some(name.to_owned()))
}
