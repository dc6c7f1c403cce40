//! A team's secrets: set, listed by name, handed to workloads; their values never come out of a door.

use crate::{
    access::{TeamMaintainer, TeamViewer},
    clock::rfc3339,
    error::{Error, Result},
    secrets::Sealer,
    store::{Store, events::NewEvent, keyset::Keyset},
};
use app::api::{
    ListQuery, Page, name,
    secrets::{Secret, SecretUse},
};
use std::collections::BTreeMap;

const LARGEST: usize = 64 << 10;

fn place(team_id: &str, name: &str) -> String {
    format!("secret:{team_id}:{name}")
}

/// Names of a team's secrets.
///
/// # Errors
/// A page token that is not ours.
pub async fn list(store: &Store, by: &TeamViewer, query: &ListQuery) -> Result<Page<Secret>> {
    let keyset = Keyset::<String>::of(query)?;
    let rows = store.secret_list(&by.team.id, keyset.after.as_deref().unwrap_or_default(), keyset.limit()).await?;
    Ok(keyset.page(
        rows,
        |r| r.name.clone(),
        |r| Secret { name: r.name, set_by: r.set_by, created_at: rfc3339(r.created_at), updated_at: rfc3339(r.updated_at) },
    ))
}

/// Sets a secret.
///
/// # Errors
/// A name that is none, a value too large.
pub async fn set(store: &Store, sealer: &Sealer, by: &TeamMaintainer, secret: &str, value: &str) -> Result<Secret> {
    name::check(secret).map_err(|e| Error::invalid("name", e))?;
    if value.is_empty() || value.len() > LARGEST {
        return Err(Error::invalid("value", "A secret has 1 byte to 64 KiB."));
    }
    let sealed = sealer.seal(&place(&by.team.id, secret), value.as_bytes())?;
    let actor = by.actor();
    let mut tx = store.begin().await?;
    let (new, created_at) = tx.secret_set(&by.team.id, secret, &sealed, &actor).await?;
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &actor,
        action: if new { "create" } else { "update" },
        kind: "secret",
        object_id: secret,
        object_name: secret,
        revision: 0,
        before: None,
        after: None,
    })
    .await?;
    let now = tx.now();
    tx.commit().await?;
    Ok(Secret { name: secret.into(), set_by: actor, created_at: rfc3339(created_at), updated_at: rfc3339(now) })
}

/// Removes a secret.
///
/// # Errors
/// Not there.
pub async fn remove(store: &Store, by: &TeamMaintainer, secret: &str) -> Result<()> {
    let mut tx = store.begin().await?;
    if !tx.secret_remove(&by.team.id, secret).await? {
        return Err(Error::not_found("secret"));
    }
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action: "delete",
        kind: "secret",
        object_id: secret,
        object_name: secret,
        revision: 0,
        before: None,
        after: None,
    })
    .await?;
    tx.commit().await
}

/// Checks, when something is submitted, that every secret it names is there and every variable is one.
///
/// # Errors
/// The first that is not, with the field `secrets`.
pub async fn check(store: &Store, team_id: &str, uses: &[SecretUse]) -> Result<()> {
    for one in uses {
        variable(&one.env)?;
        if store.secret_sealed(team_id, &one.secret).await?.is_none() {
            return Err(Error::invalid("secrets", format!("The team has no secret \"{}\".", one.secret))
                .hint("A maintainer sets it on the Team page."));
        }
    }
    Ok(())
}

/// Whether no variable is a secret and a text at once.
///
/// # Errors
/// The first that is, with the field `secrets`.
pub fn apart(env: &BTreeMap<String, String>, uses: &[SecretUse]) -> Result<()> {
    match uses.iter().find(|one| env.contains_key(&one.env)) {
        Some(both) => {
            Err(Error::invalid("secrets", format!("{} is given as a variable and as a secret.", both.env)).hint("Leave one of both out."))
        }
        None => Ok(()),
    }
}

/// Whether a text is a name for an environment variable.
///
/// # Errors
/// The sentence for it.
pub fn variable(text: &str) -> Result<()> {
    let good = !text.is_empty()
        && text.len() <= 200
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !text.as_bytes()[0].is_ascii_digit();
    if good {
        Ok(())
    } else {
        Err(Error::invalid("env", format!("\"{text}\" is not a name for an environment variable: letters, digits and _.")))
    }
}

/// The values for a workload, by environment variable.
///
/// # Errors
/// A secret that was removed since: an invalid request in words.
pub async fn open(store: &Store, sealer: &Sealer, team_id: &str, uses: &[SecretUse]) -> Result<BTreeMap<String, String>> {
    let mut out = BTreeMap::new();
    for one in uses {
        let sealed = store
            .secret_sealed(team_id, &one.secret)
            .await?
            .ok_or_else(|| Error::invalid("secrets", format!("The secret \"{}\" was removed.", one.secret)))?;
        let plain = sealer.open(&place(team_id, &one.secret), &sealed)?;
        out.insert(one.env.clone(), String::from_utf8(plain).map_err(Error::internal)?);
    }
    Ok(out)
}
