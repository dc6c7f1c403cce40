//! Which environment stands for a container image where there are no containers.

use super::{Store, Tx};
use crate::{args, error::Result};

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PipelineImageRow {
    /// The image, with or without a tag.
    pub image: String,
    /// Name of an environment that every team has; empty is the interpreter of the machine alone.
    pub environment: String,
}

impl Store {
    /// The whole table, by image.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_images(&self) -> Result<Vec<PipelineImageRow>> {
        self.all("SELECT image, environment FROM pipeline_images ORDER BY image", args![]).await
    }
}

impl Tx {
    /// Replaces the whole table.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_images_set(&mut self, rows: &[PipelineImageRow]) -> Result<()> {
        self.exec("DELETE FROM pipeline_images", args![]).await?;
        for row in rows {
            self.exec("INSERT INTO pipeline_images (image, environment) VALUES ($1, $2)", args![&row.image, &row.environment]).await?;
        }
        Ok(())
    }
}
