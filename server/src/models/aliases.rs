//! Aliases: names that point at a version.

use super::{names, registered, versions};
use crate::{
    access::{TeamEditor, TeamMember},
    error::{Error, Result},
    promotions::guard,
    store::{Store, model_versions::VersionFull},
};
use serde_json::json;

/// The version that an alias points at; `latest` is the newest one.
///
/// # Errors
/// There is no such model or alias.
pub async fn get(store: &Store, member: &TeamMember, model: &str, alias: &str) -> Result<VersionFull> {
    names::alias(alias)?;
    let found = registered::get(store, member, model).await?;
    let version = if names::is_latest(alias) {
        let newest = store.version_list(&found.row.id, i64::MAX, 1).await?.pop();
        return newest.ok_or_else(|| Error::not_found("version").context(format!("Latest version not found for model {model}.")));
    } else {
        found.aliases.get(alias).copied()
    };
    let version = version.ok_or_else(|| missing(alias))?;
    versions::get(store, member, model, version).await
}

/// MLflow calls an alias that is not there an invalid parameter.
fn missing(alias: &str) -> Error {
    Error::invalid("alias", format!("Registered model alias {alias} not found."))
}

/// An alias as people write it: `@champion` is `champion`.
pub fn typed(alias: &str) -> &str {
    let alias = alias.trim();
    alias.strip_prefix('@').unwrap_or(alias)
}

/// Points an alias at a version, wherever it pointed before.
///
/// # Errors
/// There is no such model or version; the alias is not allowed.
pub async fn set(store: &Store, editor: &TeamEditor, model: &str, alias: &str, version: i64) -> Result<()> {
    names::model("name", model)?;
    names::new_alias(alias)?;
    let mut tx = store.begin().await?;
    let row = registered::lock(&mut tx, editor, model, false).await?;
    let target = tx.version(&editor.team.id, model, version).await?.ok_or_else(|| versions::not_found(model, version))?;
    guard::alias(&mut tx, &editor.team.id, model, alias, Some(version)).await?;
    let before = tx.alias_set(&row.id, alias, target.version).await?;
    let change = |v: Option<i64>| Some(json!({ "aliases": { alias: v } }));
    registered::event(&mut tx, editor, "set_alias", &row, change(before), change(Some(version))).await?;
    tx.commit().await
}

/// Removes an alias; one that is not there is fine.
///
/// # Errors
/// There is no such model.
pub async fn remove(store: &Store, editor: &TeamEditor, model: &str, alias: &str) -> Result<()> {
    names::model("name", model)?;
    names::alias(alias)?;
    let mut tx = store.begin().await?;
    let row = registered::lock(&mut tx, editor, model, false).await?;
    guard::alias(&mut tx, &editor.team.id, model, alias, None).await?;
    let Some(before) = tx.alias_remove(&row.id, alias).await? else { return Ok(()) };
    registered::event(&mut tx, editor, "remove_alias", &row, Some(json!({ "aliases": { alias: before } })), None).await?;
    tx.commit().await
}
