//! The environments that come with Slipway: registered at a start, made ahead, there for every team.

use super::{
    digest,
    packages::asked_for,
    python::{MISSING, Python},
};
use crate::{
    error::{Error, Kind, Result},
    ids,
    store::{
        Store, Tx,
        environments::{EnvironmentRow, NewEnvVersion},
        events::NewEvent,
    },
};
use app::api::environments::Build;

/// One of them.
#[derive(Debug)]
pub struct Shipped {
    /// Name.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// What it shall hold.
    pub requirements: &'static str,
    /// Exact versions with hashes.
    pub lock: &'static str,
}

macro_rules! shipped {
    ($name:literal, $description:literal) => {
        Shipped {
            name: $name,
            description: $description,
            requirements: include_str!(concat!("../../runtimes/environments/", $name, ".in")),
            lock: include_str!(concat!("../../runtimes/environments/", $name, ".lock")),
        }
    };
}

/// All of them, in the order in which they are made.
pub static SHIPPED: [Shipped; 3] = [
    shipped!("notebook", "JupyterLab with scikit-learn, pandas, matplotlib and the MLflow client."),
    shipped!("train", "scikit-learn, pandas, matplotlib and the MLflow client, for training runs."),
    shipped!("serve", "What the model server needs to load and serve scikit-learn models."),
];

/// The one of this name.
pub fn of(name: &str) -> Option<&'static Shipped> {
    SHIPPED.iter().find(|s| s.name == name)
}

/// Whether each is known here; until then nothing could be launched.
///
/// # Errors
/// The database does not answer, or not all of them are.
pub async fn registered(store: &Store) -> Result<()> {
    if store.environments_shipped().await? >= SHIPPED.len() as i64 {
        return Ok(());
    }
    Err(Error::new(Kind::Unavailable, "The environments that come with Slipway are not registered yet.").hint("Try again in a moment."))
}

/// Adds those that are not known here at all. What they are made with is found out later ([`register`]); until then they wait, and can be
/// asked for.
///
/// # Errors
/// The database does not answer.
pub async fn announce(store: &Store) -> Result<()> {
    if store.environments_shipped().await? >= SHIPPED.len() as i64 {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    for shipped in &SHIPPED {
        if tx.environment_own(None, shipped.name).await?.is_none() {
            insert(&mut tx, store, shipped, None, &announced(shipped), None).await?;
        }
    }
    tx.commit().await
}

/// The digest of one whose interpreter is not known yet.
fn announced(shipped: &Shipped) -> String {
    ids::sha256(shipped.lock)
}

/// Brings their rows up to date where they are container images; how many are new.
///
/// # Errors
/// The database does not answer.
pub async fn register_images(store: &Store) -> Result<i64> {
    bring_up(store, None, true).await
}

/// Brings their rows up to date; how many are to be made now.
///
/// # Errors
/// The database does not answer.
pub async fn register(store: &Store, python: Option<&Python>) -> Result<i64> {
    bring_up(store, python, false).await
}

async fn bring_up(store: &Store, python: Option<&Python>, are_images: bool) -> Result<i64> {
    let mut to_make = 0;
    let mut tx = store.begin().await?;
    for shipped in &SHIPPED {
        let there = tx.environment_own(None, shipped.name).await?;
        let newer = there.as_ref().is_none_or(|e| e.lock_text.as_deref() != Some(shipped.lock));
        let digest = python.map_or_else(|| announced(shipped), |p| digest::of_lock(shipped.lock, p));
        let missing = (!are_images && python.is_none()).then_some(MISSING);
        match there {
            there if newer => insert(&mut tx, store, shipped, there.as_ref(), &digest, missing).await?,
            Some(row) if row.build() == Build::Failed && row.reason.as_deref() == Some(MISSING) && missing.is_none() => {
                tx.environment_requeue(&row.id, Build::Failed, &digest).await?;
            }
            Some(row) if !are_images && row.build() == Build::Queued && row.digest == announced(shipped) => {
                match missing {
                    Some(_) => tx.environment_progress(&row.id, Build::Failed, 0.0, missing).await?,
                    None => tx.environment_requeue(&row.id, Build::Queued, &digest).await?,
                };
            }
            _ => continue,
        }
        tx.wakes();
        to_make += 1;
    }
    if to_make > 0 {
        tx.commit().await?;
    }
    Ok(to_make)
}

async fn insert(
    tx: &mut Tx,
    store: &Store,
    shipped: &Shipped,
    there: Option<&EnvironmentRow>,
    digest: &str,
    missing: Option<&str>,
) -> Result<()> {
    let (environment_id, version) = match there {
        Some(row) => {
            tx.environment_set_latest(&row.environment_id, row.version + 1, shipped.description).await?;
            (row.environment_id.clone(), row.version + 1)
        }
        None => {
            let id = ids::new_id(&**store.clock());
            tx.environment_insert(&id, None, shipped.name, shipped.description).await?;
            (id, 1)
        }
    };
    let packages = serde_json::to_string(&asked_for(shipped.requirements, shipped.lock))?;
    tx.environment_version_insert(&NewEnvVersion {
        id: &ids::new_id(&**store.clock()),
        environment_id: &environment_id,
        version,
        requirements: shipped.requirements,
        lock_text: Some(shipped.lock),
        image: None,
        digest,
        build: if missing.is_none() { Build::Queued } else { Build::Failed },
        reason: missing,
        packages: &packages,
    })
    .await?;
    tx.event(NewEvent {
        team_id: None,
        actor: "slipway",
        action: if there.is_some() { "update" } else { "create" },
        kind: "environment",
        object_id: &environment_id,
        object_name: shipped.name,
        revision: version,
        before: None,
        after: Some(serde_json::json!({ "version": version })),
    })
    .await
    .map(drop)
}
