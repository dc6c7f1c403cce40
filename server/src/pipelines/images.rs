//! Which environment stands for a container image: the platform admin's table.

use crate::{
    access::PlatformAdmin,
    environments::shipped,
    error::{Error, Result},
    store::{Store, events::NewEvent, pipeline_images::PipelineImageRow},
};
use app::api::pipeline_images::{PipelineImage, PipelineImages};
use std::collections::BTreeMap;

/// Most lines.
const MOST: usize = 1000;

/// The table.
///
/// # Errors
/// The database does not answer.
pub async fn get(store: &Store, _: &PlatformAdmin) -> Result<PipelineImages> {
    let rows = store.pipeline_images().await?;
    Ok(PipelineImages { images: rows.into_iter().map(|r| PipelineImage { image: r.image, environment: r.environment }).collect() })
}

/// Replaces the table.
///
/// # Errors
/// An image that is none, or is there twice; an environment that does not come with Slipway.
pub async fn set(store: &Store, by: &PlatformAdmin, new: &PipelineImages) -> Result<PipelineImages> {
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
    let mut tx = store.begin().await?;
    tx.pipeline_images_set(&rows).await?;
    tx.event(NewEvent {
        team_id: None,
        actor: &by.actor(),
        action: "set_images",
        kind: "pipeline",
        object_id: "images",
        object_name: "images",
        revision: 0,
        before: None,
        after: Some(serde_json::to_value(new)?),
    })
    .await?;
    tx.commit().await?;
    get(store, by).await
}
