//! What the tasks of a pipeline take over of what was made before.

use super::upload;
use crate::{
    access::TeamEditor,
    error::{Error, Result},
    store::Store,
};
use serde_json::json;

/// Clears the cache of a pipeline: what its runs make from now on is made anew once, and then taken over again. Nothing is deleted.
///
/// # Errors
/// Not there.
pub async fn clear(store: &Store, by: &TeamEditor, pipeline: &str) -> Result<()> {
    let row = upload::row(store, by, pipeline).await?;
    let mut tx = store.begin().await?;
    let Some((revision, epoch)) = tx.pipeline_cache_clear(&by.team.id, &row.id).await? else {
        return Err(Error::not_found("pipeline"));
    };
    let told = |epoch: i64| Some(json!({ "cache_epoch": epoch }));
    upload::event(&mut tx, by, "clear_cache", (&row.id, &row.name), revision, (told(epoch - 1), told(epoch))).await?;
    tx.commit().await
}
