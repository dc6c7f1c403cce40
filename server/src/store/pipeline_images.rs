//! Which environment stands for a container image where there are no containers.

use super::{Store, Tx};
use crate::{args, error::Result};

/// Counts the changes of the table as a whole.
const COUNTER: &str = "pipeline_images";

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

    /// How often the table was changed. Ask before the table: one that is newer than its revision is only refused.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_images_revision(&self) -> Result<i64> {
        Ok(self.opt::<(i64,)>("SELECT value FROM counters WHERE name = $1", args![COUNTER]).await?.map_or(0, |r| r.0))
    }
}

impl Tx {
    /// Replaces the whole table where `seen` is its revision; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_images_set(&mut self, seen: i64, rows: &[PipelineImageRow]) -> Result<bool> {
        let counted = match seen {
            0 => self.exec("INSERT INTO counters (name, value) VALUES ($1, 1) ON CONFLICT (name) DO NOTHING", args![COUNTER]).await?,
            _ => self.exec("UPDATE counters SET value = value + 1 WHERE name = $1 AND value = $2", args![COUNTER, seen]).await?,
        };
        if counted == 0 {
            return Ok(false);
        }
        self.exec("DELETE FROM pipeline_images", args![]).await?;
        for row in rows {
            self.exec("INSERT INTO pipeline_images (image, environment) VALUES ($1, $2)", args![&row.image, &row.environment]).await?;
        }
        Ok(true)
    }
}
