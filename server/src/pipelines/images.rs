//! Which environment stands for a container image: the platform admin's table.

use crate::{
    access::PlatformAdmin,
    environments::shipped,
    error::{Error, Result},
    store::{Store, events::NewEvent, pipeline_images::PipelineImageRow},
};
use app::api::pipeline_images::{PipelineImage, PipelineImages, SetPipelineImages};
use serde_json::json;
use std::collections::BTreeMap;

/// Most lines.
const MOST: usize = 1000;
/// What it is called where somebody else changed it.
const WHAT: &str = "The table of images";

/// The table.
///
/// # Errors
/// The database does not answer.
pub async fn get(store: &Store, _: &PlatformAdmin) -> Result<PipelineImages> {
    let revision = store.pipeline_images_revision().await?;
    let images = store.pipeline_images().await?.into_iter().map(|r| PipelineImage { image: r.image, environment: r.environment });
    Ok(PipelineImages { images: images.collect(), revision })
}

/// Replaces the table.
///
/// # Errors
/// An image that is none, or is there twice; an environment that does not come with Slipway; a stale revision.
pub async fn set(store: &Store, by: &PlatformAdmin, new: &SetPipelineImages) -> Result<PipelineImages> {
    if new.images.len() > MOST {
        return Err(Error::invalid("images", format!("The table has at most {MOST} lines.")));
    }
    let mut rows = BTreeMap::new();
    for line in &new.images {
        let (image, environment) = (line.image.trim(), line.environment.trim());
        if image.is_empty() || image.len() > 300 || image.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(Error::invalid("images", format!("\"{image}\" is not an image such as registry.example.org/team/image:tag.")));
        }
        if !environment.is_empty() && shipped::of(environment).is_none() {
            let names = shipped::SHIPPED.iter().map(|s| s.name).collect::<Vec<_>>().join(", ");
            return Err(Error::invalid("images", format!("No environment \"{environment}\" comes with Slipway."))
                .hint(format!("There are {names}.")));
        }
        let row = PipelineImageRow { image: image.into(), environment: environment.into() };
        if rows.insert(image.to_owned(), row).is_some() {
            return Err(Error::invalid("images", format!("\"{image}\" is there twice.")));
        }
    }
    let rows: Vec<PipelineImageRow> = rows.into_values().collect();
    let before = get(store, by).await?;
    Error::unless_stale(new.revision, before.revision, WHAT)?;
    let mut tx = store.begin().await?;
    if !tx.pipeline_images_set(before.revision, &rows).await? {
        return Err(Error::stale(WHAT));
    }
    tx.event(NewEvent {
        team_id: None,
        actor: &by.actor(),
        action: "set_images",
        kind: "pipeline",
        object_id: "images",
        object_name: "images",
        revision: before.revision + 1,
        before: Some(json!({ "images": before.images })),
        after: Some(json!({ "images": new.images })),
    })
    .await?;
    tx.commit().await?;
    get(store, by).await
}
