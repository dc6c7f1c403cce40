//! What one may ask of environments.

use super::{digest::of_requirements, shipped};
use crate::{
    access::{TeamEditor, TeamMember},
    clock::rfc3339,
    error::{Error, Result},
    ids,
    logs::LogStore,
    store::{
        Store,
        environments::{EnvironmentRow, NewEnvVersion},
        events::NewEvent,
        keyset::Keyset,
    },
};
use app::api::{
    ListQuery, Page,
    environments::{Build, Environment, EnvironmentVersion, NewEnvironment},
    logs::{LogPage, LogQuery},
    name,
};

const REQUIREMENTS_MAX: usize = 64 * 1024;

/// An environment as the API answers it.
pub fn environment(row: EnvironmentRow) -> Environment {
    Environment { shipped: row.is_shipped(), name: row.name.clone(), description: row.description.clone(), latest: version(row) }
}

fn version(row: EnvironmentRow) -> EnvironmentVersion {
    EnvironmentVersion {
        version: row.version,
        build: row.build(),
        progress: row.progress,
        reason: row.reason,
        requirements: row.requirements,
        image: row.image,
        digest: row.digest,
        packages: serde_json::from_str(&row.packages).unwrap_or_default(),
        created_at: rfc3339(row.created_at),
        ready_at: row.ready_at.map(rfc3339),
    }
}

/// Versions of one, newest first.
///
/// # Errors
/// There is none of this name; a page token that is not ours.
pub async fn versions(store: &Store, by: &TeamMember, name: &str, query: &ListQuery) -> Result<Page<EnvironmentVersion>> {
    let keyset = Keyset::<i64>::of(query)?;
    let of = row(store, by, name).await?;
    let rows = store.environment_versions(&of.environment_id, keyset.after.unwrap_or(i64::MAX), keyset.limit()).await?;
    Ok(keyset.page(rows, |r| r.version, version))
}

/// Those of the team and the shipped ones.
///
/// # Errors
/// A page token that is not ours.
pub async fn list(store: &Store, by: &TeamMember, query: &ListQuery) -> Result<Page<Environment>> {
    let keyset = Keyset::<String>::of(query)?;
    let rows = store.environment_list(&by.team.id, keyset.after.as_deref().unwrap_or_default(), keyset.limit()).await?;
    Ok(keyset.page(rows, |r| r.name.clone(), environment))
}

async fn row(store: &Store, by: &TeamMember, name: &str) -> Result<EnvironmentRow> {
    store.environment(&by.team.id, name).await?.ok_or_else(|| Error::not_found("environment"))
}

/// One.
///
/// # Errors
/// There is none of this name.
pub async fn get(store: &Store, by: &TeamMember, name: &str) -> Result<Environment> {
    row(store, by, name).await.map(environment)
}

/// Makes an environment, or a new version of one; it is built in the background.
///
/// # Errors
/// A name or requirements that are wrong; the name of a shipped one.
pub async fn create(store: &Store, by: &TeamEditor, new: &NewEnvironment) -> Result<Environment> {
    name::check(&new.name).map_err(|e| Error::invalid("name", e))?;
    if shipped::of(&new.name).is_some() {
        return Err(Error::conflict(format!("\"{}\" comes with Slipway.", new.name)).hint("Choose another name."));
    }
    let (requirements, image) = (requirements(&new.requirements)?, image(new.image.as_deref())?);
    let description = new.description.trim();
    if description.chars().count() > 500 {
        return Err(Error::invalid("description", "A description has at most 500 characters."));
    }
    let mut tx = store.begin().await?;
    let there = tx.environment_own(Some(&by.team.id), &new.name).await?;
    let (id, version) = match &there {
        Some(row) => {
            let kept = if description.is_empty() { &row.description } else { description };
            tx.environment_set_latest(&row.environment_id, row.version + 1, kept).await?;
            (row.environment_id.clone(), row.version + 1)
        }
        None => {
            let id = ids::new_id(&**store.clock());
            tx.environment_insert(&id, Some(&by.team.id), &new.name, description).await?;
            (id, 1)
        }
    };
    tx.environment_version_insert(&NewEnvVersion {
        id: &ids::new_id(&**store.clock()),
        environment_id: &id,
        version,
        requirements: &requirements,
        lock_text: None,
        image,
        digest: &of_requirements(&requirements, image),
        build: Build::Queued,
        reason: None,
        packages: "[]",
    })
    .await?;
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action: if there.is_some() { "update" } else { "create" },
        kind: "environment",
        object_id: &id,
        object_name: &new.name,
        revision: version,
        before: None,
        after: Some(serde_json::json!({ "version": version, "requirements": requirements, "image": image })),
    })
    .await?;
    tx.commit().await?;
    get(store, by, &new.name).await
}

fn requirements(text: &str) -> Result<String> {
    let wrong = |sentence: String| Err(Error::invalid("requirements", sentence));
    if text.len() > REQUIREMENTS_MAX {
        return wrong("Requirements have at most 64 KiB.".into());
    }
    let text = text.replace("\r\n", "\n");
    let lines = || text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    if lines().next().is_none() {
        return wrong("Write at least one requirement, such as scikit-learn==1.9.1.".into());
    }
    for line in lines() {
        // Tasks of pipelines may name an index behind a requirement.
        let index =
            line.split_once(" # --").is_some_and(|(_, options)| ["index-url=", "trusted-host="].iter().any(|o| options.contains(o)));
        if line.starts_with('-') || index {
            return wrong(format!(
                "\"{line}\" is an option: write packages only. Package indexes are set for the whole server, in its environment."
            ));
        }
        let local = line.starts_with(['.', '/', '~']) || line.contains("file:") || line.chars().any(char::is_control);
        if local {
            return wrong(format!("\"{line}\" is not a released package: there is no folder to take it from."));
        }
    }
    Ok(format!("{}\n", text.trim_end()))
}

/// The name of a container image; nothing where none is given.
///
/// # Errors
/// It is not written as one.
pub fn image(text: Option<&str>) -> Result<Option<&str>> {
    let text = text.map(str::trim).filter(|t| !t.is_empty());
    match text {
        Some(t) if t.len() > 300 || t.chars().any(|c| c.is_whitespace() || c.is_control()) || t.starts_with('-') => {
            Err(Error::invalid("image", "An image is written like registry.example.org/team/image:tag."))
        }
        other => Ok(other),
    }
}

/// Builds the newest version again, where it failed.
///
/// # Errors
/// It has not failed.
pub async fn retry(store: &Store, by: &TeamEditor, name: &str) -> Result<()> {
    let row = row(store, by, name).await?;
    let mut tx = store.begin().await?;
    if !tx.environment_requeue(&row.id, Build::Failed, &row.digest).await? {
        return Err(Error::conflict("Only a build that failed can be tried again."));
    }
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action: "retry",
        kind: "environment",
        object_id: &row.environment_id,
        object_name: name,
        revision: row.version,
        before: None,
        after: None,
    })
    .await?;
    tx.commit().await
}

/// The log of the newest build. One that was never needed, because the same was there already, is empty.
///
/// # Errors
/// There is no such environment; the limit makes no sense.
pub async fn log(store: &Store, logs: &LogStore, by: &TeamMember, name: &str, query: &LogQuery) -> Result<LogPage> {
    let row = row(store, by, name).await?;
    let Some(workload) = store.workloads_of(&row.id, 1).await?.pop() else {
        let complete = matches!(row.build(), Build::Ready | Build::Failed);
        return Ok(LogPage { attempt: 1, attempts: 1, complete, ..LogPage::default() });
    };
    let mut page = logs.page(&workload.id, query).await?;
    page.complete |= workload.ended() && page.items.is_empty();
    Ok(page)
}
